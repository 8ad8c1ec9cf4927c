import json
import shutil

import pytest

from receiptspec import contract, jsonschemas, resources, traceability, yamltext
from receiptspec.checks.answers import PASSIVE
from receiptspec.errors import ContractError
from receiptspec.findings import Level

VENDORS = contract.vendors()
ROWS = [row for vendor in VENDORS for row in contract.load(vendor).requirements]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_every_row_is_tested_or_excluded(row):
    assert traceability.state(row) in ("tested", "excluded")


def test_every_check_of_the_suites_has_a_row():
    assert set(traceability.checks()) == {row.check for row in ROWS if row.check}


def test_every_passive_check_has_a_row():
    assert {row.check for row in ROWS} >= PASSIVE


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_code_that_is_named_is_described(vendor):
    described = contract.load(vendor)
    named = {code for row in described.requirements for code in row.given.get("codes", ())}
    for operation in described.operations.values():
        text = json.loads(operation.request.read_text(encoding="utf-8"))
        named |= set(refused_with(text))
    assert named - described.codes.keys() == set()


def refused_with(node):
    if isinstance(node, dict):
        for entry in node.get("x-refused", {}).values():
            yield from entry["codes"]
        for value in node.values():
            yield from refused_with(value)
    elif isinstance(node, list):
        for value in node:
            yield from refused_with(value)


@pytest.mark.parametrize("vendor", VENDORS)
def test_what_a_requirement_is_about_is_a_field_of_answers(vendor):
    described = contract.load(vendor)
    texts = [operation.response.read_text("utf-8") for operation in described.operations.values()]
    fields = {name for text in texts for name in properties(json.loads(text))}
    about = {name for row in described.requirements for name in row.about}
    assert about - fields == set()
    assert about


def properties(node):
    if isinstance(node, dict):
        yield from node.get("properties", {})
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from properties(value)


@pytest.mark.parametrize("vendor", VENDORS)
def test_every_requirement_that_a_schema_names_is_a_row(vendor):
    described = contract.load(vendor)
    files = [described.envelope] + [o.response for o in described.operations.values()]
    named = {name for file in files for name in jsonschemas.load(file).requirements}
    assert named - {row.id for row in described.requirements} == set()
    assert named


@pytest.mark.parametrize(
    "file", sorted(resources.path("schemas").glob("*/*.json")), ids=lambda file: file.stem
)
def test_every_example_is_valid(file):
    schema = jsonschemas.load(file)
    examples = json.loads(file.read_text(encoding="utf-8")).get("examples", [])
    assert [jsonschemas.violations(schema, example) for example in examples] == [[]] * len(examples)


def test_documented_samples_are_among_the_examples():
    files = resources.path("schemas/tencent").glob("*.json")
    texts = "".join(file.read_text(encoding="utf-8") for file in files)
    for sample in ("@TGS#2TTV7VSII", "1467329515_5675354_1708676941", "dramon1", "public123"):
        assert sample in texts


def test_a_requirement_tells_its_source():
    row = contract.load("tencent").requirement("TC-GMR-09")
    assert "https://www.tencentcloud.com/" in row.source
    with pytest.raises(KeyError):
        contract.load("tencent").requirement("TC-NO-1")


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("  - id: TC-GEN-02\n", "  - id: TC-GEN-01\n", "TC-GEN-01 stands here twice"),
        ("    operation: sendmsg\n", "    operation: sendmsh\n", "unknown operation 'sendmsh'"),
        ("source: {doc: U1, section: expiry}", "source: {doc: U9}", "names no document"),
        ("    level: MUST\n", "    level: MUSS\n", "requirements.0"),
        ("    check: status-is-200\n", "", "requirements.0"),
    ],
)
def test_broken_contract_data_is_named_with_file_and_line(
    tmp_path, monkeypatch, before, after, says
):
    copy = tmp_path / "schemas"
    shutil.copytree(resources.path("schemas"), copy)
    file = copy / "tencent" / "contract.yaml"
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), encoding="utf-8")
    monkeypatch.setattr(resources, "path", lambda name: tmp_path / name)
    with pytest.raises(ContractError, match=r"contract\.yaml:\d+") as caught:
        contract.load.__wrapped__("tencent")
    assert says in str(caught.value)


def test_every_judged_check_has_an_impact_and_every_impact_a_check():
    judged = [row for row in ROWS if row.check and row.level is not Level.MAY]
    assert [row.id for row in judged if not traceability.impact(row)] == []
    listed = yamltext.load(resources.path("suites/impacts.yaml")).data
    named = [check for one in listed for check in one["checks"]]
    assert len(named) == len(set(named))
    assert set(named) <= {row.check for row in judged}
