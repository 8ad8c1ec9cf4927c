import json
import re
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

from receiptspec import resources
from receiptspec.commands import reporting, running
from receiptspec.findings import Outcome
from receiptspec.report import FORMATS
from receiptspec.results import EXIT

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
TARGETS = (ROOT / "docs" / "targets.md").read_text(encoding="utf-8")
SCHEMA = json.loads(resources.path("schemas/targets.schema.json").read_text(encoding="utf-8"))


def yaml_blocks(text):
    return [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]


def test_every_key_of_a_target_is_explained():
    keys = SCHEMA["$defs"]["target"]["properties"]
    assert [key for key in keys if f"`{key}" not in TARGETS] == []


def test_every_option_of_a_run_is_documented():
    options = [
        option for param in running.run.params for option in param.opts if option != "--help"
    ]
    assert options
    text = README + TARGETS
    assert [option for option in options if option not in text] == []


def test_every_option_of_report_and_compare_is_documented():
    reports = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")
    params = [*reporting.report.params, *reporting.compare.params]
    options = {option for param in params for option in param.opts if option.startswith("--")}
    assert len(options) >= 8
    assert [option for option in sorted(options) if option not in reports] == []


def test_every_file_of_a_report_is_documented():
    reports = (ROOT / "docs" / "reports.md").read_text(encoding="utf-8")
    assert [name for name in [*FORMATS, "run.jsonl"] if f"| `{name}` |" not in reports] == []


def test_every_outcome_and_exit_status_is_explained():
    words = [str(outcome).replace("_", " ") for outcome in Outcome]
    assert [word for word in words if f"| {word} |" not in README] == []
    assert [code for code in EXIT.values() if f"| {code} |" not in README] == []


def test_the_targets_of_the_documentation_are_valid():
    blocks = [*yaml_blocks(README), *(b for b in yaml_blocks(TARGETS) if isinstance(b, dict))]
    whole = [block for block in blocks if "deviations" not in block]
    assert len(whole) >= 3
    for block in whole:
        assert list(Draft202012Validator(SCHEMA).iter_errors(block)) == []


def test_the_first_target_of_a_user_takes_ten_lines():
    block = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)[1]
    assert len(block.strip().splitlines()) <= 10


def test_the_readme_names_faults_that_exist():
    from receiptspec.reference.faults import FAULTS

    named = re.findall(r"--fault ([a-z0-9-]+)", README)
    assert named
    assert set(named) <= set(FAULTS)


def test_links_between_documents_lead_somewhere():
    for file in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", file.read_text(encoding="utf-8")):
            assert (file.parent / link).exists(), f"{file.name}: {link}"
