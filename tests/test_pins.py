import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from commandline import module
from jsonschema import Draft202012Validator

from receiptspec import contract, resources, targetfile
from receiptspec.contract import Contract
from receiptspec.errors import ConfigurationError, ContractError
from receiptspec.results import Ledger, exit_code
from receiptspec.targets import Target

ROOT = Path(__file__).parent.parent
NEW, OLD = "2027-02", "2026-11"
ROW = "TC-GMR-17"


def newer():
    """Today's contract with a release to come, which brings one row."""
    today = contract.load("tencent")
    rows = tuple(replace(r, since=NEW) if r.id == ROW else r for r in today.requirements)
    return replace(today, release=NEW, earlier=(today.release,), requirements=rows)


def entry(requirement, outcome):
    return {
        "target": "t",
        "requirement": requirement,
        "level": "MUST",
        "check": "c",
        "outcome": outcome,
        "reason": "",
        "findings": [],
        "observations": [],
        "exchanges": [],
        "requests": 1,
        "duration_s": 0.0,
    }


def judged(pin, **outcomes):
    ledger = Ledger({"tencent": newer()}, [Target("t", "tencent", pin=pin)])
    for requirement, outcome in outcomes.items():
        ledger.add(entry(requirement.replace("_", "-"), outcome))
    return ledger.results()


def test_today_there_is_one_release_and_nothing_is_newer():
    today = contract.load("tencent")
    assert today.releases == (OLD,)
    assert not any(Contract.is_new(row, OLD) for row in today.requirements)


def test_releases_are_the_earlier_ones_those_of_rows_and_the_present_one():
    assert newer().releases == (OLD, NEW)


@pytest.mark.parametrize(("pin", "new"), [("", []), (OLD, [ROW]), (NEW, [])])
def test_rows_newer_than_the_pin_are_new(pin, new):
    rows = judged(pin, TC_GMR_17="fail")
    assert [row["requirement"] for row in rows if row.get("new")] == new
    assert next(row["outcome"] for row in rows if row["requirement"] == ROW) == "fail"
    assert exit_code(rows) == (0 if new else 1)


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ({"TC_GMR_17": "fail", "TC_GMR_01": "pass"}, 0),
        ({"TC_GMR_17": "fail", "TC_GMR_01": "fail"}, 1),
        ({"TC_GMR_17": "inconclusive", "TC_GMR_01": "pass"}, 0),
        ({"TC_GMR_17": "error", "TC_GMR_01": "pass"}, 3),
        ({"TC_GMR_17": "not_exercised"}, 5),
    ],
)
def test_a_new_row_fails_nobody(outcomes, code):
    assert exit_code(judged(OLD, **outcomes)) == code


def test_a_new_warning_passes_a_strict_run():
    assert exit_code(judged(OLD, TC_GMR_17="warning"), strict=True) == 0


@pytest.mark.parametrize("pin", ["tencent@2025-01", "volcengine@2026-11"])
def test_an_unknown_pin_is_one_clear_line(tmp_path, pin):
    file = tmp_path / "targets.yaml"
    file.write_text(f"t:\n  vendor: tencent\n  contract: {pin}\n  embedded: true\n")
    with pytest.raises(ConfigurationError) as caught:
        targetfile.load(file, "t")
    said = str(caught.value)
    assert said.startswith(f"{file}:3: t.contract: no contract {pin!r}")
    assert f"known: tencent@{OLD}" in said


def test_a_malformed_pin_says_how_it_is_written(tmp_path):
    file = tmp_path / "targets.yaml"
    file.write_text('t:\n  vendor: tencent\n  contract: "2026-11"\n  embedded: true\n')
    with pytest.raises(ConfigurationError, match=r":3: .*tencent@2026-11"):
        targetfile.load(file, "t")


# --- a contract to come, in a copy of everything ------------------------------------------


@pytest.fixture(scope="module")
def future(tmp_path_factory):
    """A copy whose contract has a release to come with one new row, and targets that break it."""
    base = tmp_path_factory.mktemp("future")
    for name in ("receiptspec", "schemas", "suites"):
        shutil.copytree(ROOT / name, base / name, ignore=shutil.ignore_patterns("__pycache__"))
    file = base / "schemas" / "tencent" / "contract.yaml"
    text = file.read_text(encoding="utf-8")
    text = text.replace(f'release: "{OLD}"', f'release: "{NEW}"\nearlier: ["{OLD}"]')
    text = text.replace(f"  - id: {ROW}\n", f'  - id: {ROW}\n    since: "{NEW}"\n')
    file.write_text(text, encoding="utf-8")
    faults = "embedded: {faults: [group-id-not-needed]}"
    (base / "targets.yaml").write_text(
        f"kept: {{vendor: tencent, contract: tencent@{OLD}, {faults}}}\n"
        f"moved: {{vendor: tencent, contract: tencent@{NEW}, {faults}}}\n"
        f"free: {{vendor: tencent, {faults}}}\n"
    )
    return base


def run(base, target):
    options = ["--target", target, "--requirement", ROW, "--profile", "smoke", "--report", target]
    environment = {"PYTHONPATH": str(base)}
    done = module("receiptspec", "run", *options, cwd=base, env=environment)
    report = json.loads((base / target / "report.json").read_text(encoding="utf-8"))
    schema = json.loads(resources.path("schemas/report.schema.json").read_text(encoding="utf-8"))
    assert list(Draft202012Validator(schema).iter_errors(report)) == []
    return done, report


def test_a_run_reports_a_new_failure_and_fails_when_the_pin_moves(future):
    done, report = run(future, "kept")
    (row,) = report["results"]
    assert (done.returncode, row["outcome"], row["new"], row["since"]) == (0, "fail", True, NEW)
    assert report["targets"][0]["pin"] == f"tencent@{OLD}"
    assert f"contract {NEW} pinned at {OLD}" in done.stdout
    assert f"new in {NEW}, fails nobody yet" in done.stdout
    for target in ("moved", "free"):
        done, report = run(future, target)
        (row,) = report["results"]
        assert (done.returncode, row["outcome"], "new" in row) == (1, "fail", False)


def test_a_row_from_after_the_release_is_a_mistake_of_the_data(future, monkeypatch):
    monkeypatch.setattr(resources, "path", lambda name: future / name)
    file = future / "schemas" / "tencent" / "contract.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(f'since: "{NEW}"', 'since: "2027-03"'), encoding="utf-8")
    with pytest.raises(ContractError, match="after the release"):
        contract.load.__wrapped__("tencent")
