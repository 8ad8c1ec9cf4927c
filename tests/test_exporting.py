import copy
import json
from dataclasses import replace

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from receiptspec import contract, dialect, openapi
from receiptspec.commands.exporting import export
from receiptspec.errors import ConfigurationError

VENDORS = [name for name in contract.vendors() if contract.load(name).server is None]


@pytest.fixture(params=VENDORS)
def vendor(request):
    return contract.load(request.param)


def operations(document):
    for path, entry in document["paths"].items():
        for method, operation in entry.items():
            yield path, method, operation


def validator(document, pointer):
    resource = DRAFT202012.create_resource(document)
    registry = Registry().with_resource("doc:", resource)
    return dialect.StrictValidator({"$ref": f"doc:#{pointer}"}, registry=registry)


def test_every_vendor_is_valid_openapi(vendor):
    document = openapi.document(vendor)
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_every_operation_is_there_with_its_schemas(vendor):
    document = openapi.document(vendor)
    found = {operation["operationId"]: operation for _, _, operation in operations(document)}
    assert set(found) == set(vendor.operations)
    tags = {tag["name"] for tag in document["tags"]}
    for name, operation in found.items():
        assert set(operation["tags"]) <= tags
        assert "200" in operation["responses"]
        assert {f"{name}.request", f"{name}.answer"} <= set(document["components"]["schemas"])


def test_every_requirement_is_there(vendor):
    document = openapi.document(vendor)
    rows = [row["id"] for row in document["x-requirements"]]
    for _, _, operation in operations(document):
        rows += [row["id"] for row in operation["x-requirements"]]
    assert sorted(rows) == sorted(row.id for row in vendor.requirements)


def test_every_code_is_there(vendor):
    document = openapi.document(vendor)
    assert {entry["code"] for entry in document["x-error-codes"]} == set(vendor.codes)
    for _, _, operation in operations(document):
        named = {entry["code"] for entry in operation["x-error-codes"]}
        assert named == vendor.operations[operation["operationId"]].codes
        for code in named:
            assert f"`{code}`" in operation["description"]


def test_every_example_is_valid(vendor):
    document = openapi.document(vendor)
    seen = 0
    for _, _, operation in operations(document):
        name = operation["operationId"]
        contents = [("request", operation.get("requestBody", {}).get("content", {}))]
        contents += [("answer", operation["responses"]["200"]["content"])]
        for kind, content in contents:
            for media in content.values():
                judge = validator(document, f"/components/schemas/{name}.{kind}")
                for example in media.get("examples", {}).values():
                    assert list(judge.iter_errors(example["value"])) == [], (name, kind)
                    seen += 1
        for parameter in operation["parameters"]:
            if "example" in parameter:
                Draft202012Validator(parameter["schema"]).validate(parameter["example"])
    assert seen >= len(vendor.operations)


def test_nothing_points_at_files_or_machines(vendor):
    text = json.dumps(openapi.document(vendor))
    assert '"$id"' not in text
    assert "file:" not in text
    assert all(ref.startswith("#/components/") for ref in refs(json.loads(text)))


def refs(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from refs(value)
    elif isinstance(node, list):
        for value in node:
            yield from refs(value)


def test_our_keywords_are_kept_and_told():
    document = openapi.document(contract.load("tencent"))
    key = document["components"]["schemas"]["sendmsg.response"]["properties"]["MsgKey"]
    assert key.get("x-maxBytes", 50) >= 1
    limited = [one for one in schemas(document) if type(one.get("x-maxBytes")) is int]
    assert limited
    for one in limited:
        assert f"At most {one['x-maxBytes']} bytes in UTF-8." in one["description"]
        assert one["maxLength"] <= one["x-maxBytes"]
    assert any("x-refused" in one for one in schemas(document))
    assert any("x-live" in one for one in schemas(document))


def schemas(node):
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from schemas(value)
    elif isinstance(node, list):
        for value in node:
            yield from schemas(value)


@pytest.mark.parametrize(
    ("change", "valid"),
    [
        ({}, True),
        ({"MsgSeq": "1"}, False),
        ({"ActionStatus": "FAIL"}, False),
        ({"ErrorCode": 10004}, False),
        ({"ErrorCode": "0"}, False),
        ({"ActionStatus": "FAIL", "ErrorCode": 10004, "ErrorInfo": "no"}, True),
        ({"ActionStatus": "FAIL", "ErrorCode": 10004}, False),
        ({"ActionStatus": "ok"}, False),
    ],
)
def test_an_answer_is_a_success_or_a_refusal(change, valid):
    document = openapi.document(contract.load("tencent"))
    body = {"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": "", "MsgSeq": 1, **change}
    judge = validator(document, "/components/schemas/get_group_msg_receipt_detail.answer")
    assert judge.is_valid(body) is valid


def actions():
    """Tencent's contract as if its operations were told apart by the query."""
    base = contract.load("tencent")
    changed = {
        name: replace(one, path=f"/?Action={name}&Version=2020-12-01")
        for name, one in base.operations.items()
    }
    codes = {key: replace(one, status=(400,)) for key, one in base.codes.items()}
    calling = copy.deepcopy(dict(base.calling))
    calling["parameters"].append({"name": "Version", "in": "query", "about": "of the API"})
    return replace(base, operations=changed, codes=codes, calling=calling)


def test_operations_at_one_path_stand_at_fragments():
    document = openapi.document(actions())
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
    assert "/#sendmsg" in document["paths"]
    assert len(document["paths"]) == len(contract.load("tencent").operations)
    parameters = document["paths"]["/#sendmsg"]["post"]["parameters"]
    named = {one["name"]: one for one in parameters}
    assert len(named) == len(parameters)
    assert named["Action"]["schema"]["const"] == "sendmsg"
    assert named["Action"]["required"]
    assert named["Version"]["schema"]["const"] == "2020-12-01"


def test_codes_with_a_status_stand_at_it():
    document = openapi.document(actions())
    answers = document["paths"]["/#sendmsg"]["post"]["responses"]
    assert "90001" in answers["400"]["description"]
    assert answers["200"]["description"] == "Accepted."


def test_a_call_without_a_body_has_its_fields_in_the_query():
    base = contract.load("tencent")
    asked = replace(base.operations["get_c2c_unread_msg_num"], method="GET")
    document = openapi.document(replace(base, operations={asked.name: asked}, requirements=()))
    entry = document["paths"][asked.path]["get"]
    assert "requestBody" not in entry
    assert "To_Account" in {one["name"] for one in entry["parameters"]}
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_a_contract_without_common_facts_can_be_written():
    bare = replace(contract.load("tencent"), calling={}, envelope=None)
    document = openapi.document(bare)
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
    assert "servers" not in document


def run(*arguments):
    return CliRunner().invoke(export, arguments)


def test_the_command_writes_json_and_yaml(tmp_path):
    printed = run("openapi", "--server", "http://127.0.0.1:1")
    assert printed.exit_code == 0, printed.output
    document = json.loads(printed.output)
    assert document["servers"] == [{"url": "http://127.0.0.1:1"}]
    for name, read in (("a.json", json.loads), ("a.yaml", yaml.safe_load)):
        file = tmp_path / name
        written = run("openapi", "--output", str(file), "--server", "http://127.0.0.1:1")
        assert (written.exit_code, written.output) == (0, "")
        assert read(file.read_text(encoding="utf-8")) == document


def test_mistakes_are_named(tmp_path):
    nobody = run("openapi", "--vendor", "nobody")
    assert isinstance(nobody.exception, ConfigurationError)
    assert "known: tencent" in str(nobody.exception)
    address = run("openapi", "--server", "nonsense")
    assert "--server 'nonsense' is no address" in str(address.exception)
    nowhere = run("openapi", "--output", str(tmp_path / "no" / "a.json"))
    assert isinstance(nowhere.exception, ConfigurationError)
