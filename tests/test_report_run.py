"""What one run with `--report` leaves, by the command line and by plain pytest."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from commandline import command, module
from jsonschema import Draft202012Validator
from report_samples import SCHEMA

from receiptspec import results
from receiptspec.report import FORMATS, files

ROOT = Path(__file__).parent.parent
TARGETS = """
sound: {vendor: tencent, embedded: true}
lossy: {vendor: tencent, embedded: {faults: [group-id-not-needed]}}
crashing: {vendor: tencent, embedded: {faults: [drop-on-refusal]}}
"""
CHOSEN = ["--requirement=TC-GMR-17", "--requirement=TC-GMR-18", "--requirement=TC-GMR-05"]


def go(folder, tool, *arguments, cwd=None):
    (folder / "targets.yaml").write_text(TARGETS)
    options = [*CHOSEN, "--seed=1", "--profile=smoke"]
    if tool == "receiptspec":
        return command(*arguments, *options, cwd=cwd or folder)
    return module(tool, *arguments, *options, cwd=cwd or folder)


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ran")
    done = go(folder, "receiptspec", "run", "--all", "-n", "2", "--report", "out")
    assert done.returncode == 1
    assert "reports: out/report.html" in done.stdout
    return folder / "out"


def test_one_run_of_all_targets_leaves_every_format(ran):
    assert {file.name for file in ran.iterdir()} == {*FORMATS, "run.jsonl"}
    found = json.loads((ran / "report.json").read_text())
    assert list(Draft202012Validator(SCHEMA).iter_errors(found)) == []
    assert [target["name"] for target in found["targets"]] == ["sound", "lossy", "crashing"]
    for name, render in FORMATS.items():
        assert (ran / name).read_text(encoding="utf-8") == render(found), name


def test_the_lines_of_the_run_amount_to_its_report(ran):
    assert files.load([ran / "run.jsonl"]) == files.load([ran / "report.json"])


def test_every_request_has_its_place_in_the_timeline(ran):
    found = json.loads((ran / "report.json").read_text())
    times = [entry for row in found["results"] for entry in row["timeline"]]
    assert len(times) == found["run"]["requests"] > 0
    assert "get_group_msg_receipt" in {entry[2] for entry in times}


def test_a_call_that_breaks_the_server_is_an_outage_to_clients_whatever_was_tested(ran):
    found = json.loads((ran / "report.json").read_text())
    by_target = {
        row["target"]: row["impact"]
        for row in found["results"]
        if row["requirement"] == "TC-GMR-17"
    }
    assert "goes unnoticed" in by_target["lossy"]
    assert by_target["crashing"] == results.UNANSWERED


def test_the_junit_xml_of_pytest_itself_names_requirements(tmp_path):
    options = [f"--targets={tmp_path / 'targets.yaml'}", "--target=lossy", "-p", "no:cacheprovider"]
    file = tmp_path / "own.xml"
    done = go(tmp_path, "pytest", *options, f"--junitxml={file}", cwd=ROOT)
    assert done.returncode == 1
    found = {}
    for case in ET.parse(file).iter("testcase"):  # noqa: S314
        about = {item.get("name"): item.get("value") for item in case.iter("property")}
        found[about["requirement"]] = about
    assert set(found) == {option.partition("=")[2] for option in CHOSEN}
    broken = found["TC-GMR-17"]
    assert (broken["level"], broken["target"], broken["outcome"]) == ("MUST", "lossy", "fail")
    assert broken["operation"] == "get_group_msg_receipt"


def test_a_report_folder_that_cannot_be_one_is_a_mistake_of_the_user(tmp_path):
    (tmp_path / "file").write_text("mine")
    options = [f"--targets={tmp_path / 'targets.yaml'}", "--target=sound", "-p", "no:cacheprovider"]
    done = go(tmp_path, "pytest", *options, f"--report={tmp_path / 'file' / 'out'}", cwd=ROOT)
    assert done.returncode == 4
    assert "cannot be written" in done.stdout + done.stderr
