import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pace import wait_for
from report_samples import HOSTILE, SCHEMA, exchange, finding, report, result

from receiptspec.errors import ConfigurationError
from receiptspec.report import FORMATS, files, jsonlines
from receiptspec.targets import Deviation

ROOT = Path(__file__).parent.parent
TODAY = date(2026, 11, 21)
NAMES = ("TC-GMR-01", "TC-GMR-02", "TC-GMR-03")
AHEAD = report(*(result("not_exercised", name) for name in NAMES), code=2, complete=False)
ADDED = ("operation", "text", "source", "impact", "rerun")


def came(*arguments, **changes):
    """A result as the plugin hands it over, without what its row says."""
    made = result(*arguments, **changes)
    return {key: value for key, value in made.items() if key not in ADDED}


def written(tmp_path, *entries, deviations=(), end=None):
    file = tmp_path / "run.jsonl"
    with jsonlines.Writer(file) as writer:
        writer.header(AHEAD, {"t": list(deviations)}, TODAY)
        for number, entry in enumerate(entries, start=1):
            writer.result(entry, requests=number * 10)
            assert file.read_text().count("\n") == number + 1
        if end is not None:
            writer.end(end)
    return file


def outcomes(found):
    return {row["requirement"]: row["outcome"] for row in found["results"]}


def test_a_finished_run_reads_as_its_report(tmp_path):
    whole = report(*(result("pass", name) for name in NAMES))
    file = written(tmp_path, *(came("pass", name) for name in reversed(NAMES)), end=whole)
    assert jsonlines.read(file.read_text()) == whole


def test_every_line_is_readable_as_soon_as_it_is_written(tmp_path):
    file = written(tmp_path, came("pass", "TC-GMR-01"), came("fail", "TC-GMR-02"))
    found = jsonlines.read(file.read_text())
    assert list(Draft202012Validator(SCHEMA).iter_errors(found)) == []
    assert outcomes(found) == dict(zip(NAMES, ["pass", "fail", "not_exercised"], strict=True))
    assert found["results"][2]["reason"] == "the run ended before this"
    assert found["results"][1]["text"] == "Every question is answered."
    assert (found["run"]["complete"], found["run"]["exit_code"]) == (False, 2)
    assert found["run"]["requests"] == 20
    assert found["summary"]["exercised"] == 2


def test_a_run_that_was_interrupted_reads_as_one_that_was_killed(tmp_path):
    end = report(result("pass", "TC-GMR-01"), complete=False, code=2)
    found = jsonlines.read(written(tmp_path, came("pass", "TC-GMR-01"), end=end).read_text())
    assert {row["reason"] for row in found["results"][1:]} == {"the run ended before this"}


def test_a_line_cut_in_its_middle_costs_only_that_line(tmp_path):
    file = written(tmp_path, came("pass", "TC-GMR-01"), came("fail", "TC-GMR-02"))
    found = jsonlines.read(file.read_text()[:-40])
    assert outcomes(found)["TC-GMR-01"] == "pass"
    assert outcomes(found)["TC-GMR-02"] == "not_exercised"


def test_a_second_result_of_a_requirement_only_raises(tmp_path):
    first = came("fail", "TC-GMR-01")
    second = came(
        "fail",
        "TC-GMR-01",
        findings=[finding("another", "other", exchanges=[1])],
        exchanges=[exchange(1, started=5.0)],
    )
    found = jsonlines.read(written(tmp_path, first, second, came("pass", NAMES[0])).read_text())
    row = found["results"][0]
    assert row["outcome"] == "fail"
    assert [item["exchanges"] for item in row["findings"]] == [[1], [2]]
    assert [item["started"] for item in row["exchanges"]] == [exchange()["started"], 5.0]


def test_accepted_deviations_are_applied(tmp_path):
    accepted = Deviation("TC-GMR-02", "s", "old gateway", "im-team", date(2999, 1, 1))
    expired = Deviation("TC-GMR-03", "s", "old gateway", "im-team", date(2001, 1, 1))
    entries = [came("fail", "TC-GMR-02"), came("fail", "TC-GMR-03")]
    file = written(tmp_path, *entries, deviations=[accepted, expired])
    found = jsonlines.read(file.read_text())
    assert outcomes(found)["TC-GMR-02"] == "known_deviation"
    assert outcomes(found)["TC-GMR-03"] == "fail"
    assert "old gateway (im-team, until 2999-01-01)" in found["results"][1]["reason"]


def test_hostile_strings_come_back_as_they_were(tmp_path):
    file = written(tmp_path, came("fail", "TC-GMR-01", reason=HOSTILE))
    assert len(file.read_text().split("\n")) == 3
    assert jsonlines.read(file.read_text())["results"][0]["reason"] == HOSTILE


@pytest.mark.parametrize(
    ("text", "line"),
    [("", ":1"), ("{}\n", ":1"), ('{"kind":"header","format":2}\n', ":1"), ("x\ny\n", ":1")],
)
def test_what_is_no_run_is_named(tmp_path, text, line):
    with pytest.raises(ConfigurationError, match=r"is no run\.jsonl") as caught:
        jsonlines.read(text, file=tmp_path / "a.jsonl")
    assert str(caught.value).startswith(f"{tmp_path / 'a.jsonl'}{line}")


def test_a_broken_line_in_the_middle_is_named(tmp_path):
    file = written(tmp_path, came("pass", "TC-GMR-01"))
    lines = file.read_text().split("\n")
    with pytest.raises(ConfigurationError, match=":2"):
        jsonlines.read("\n".join([lines[0], "{broken", *lines[1:]]), file=file)
    with pytest.raises(ConfigurationError, match="KeyError"):
        jsonlines.read("\n".join([lines[0], '{"kind":"result"}', ""]), file=file)


def test_a_killed_run_leaves_a_readable_partial_report_and_none_of_an_earlier_run(tmp_path):
    (tmp_path / "out").mkdir()
    for name in FORMATS:
        (tmp_path / "out" / name).write_text("of an earlier run")
    (tmp_path / "targets.yaml").write_text("t: {vendor: tencent, embedded: true}\n")
    command = [sys.executable, "-m", "receiptspec", "run", "--target", "t", "--report", "out"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [*command, "--seed", "1"], cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL
    )
    file = tmp_path / "out" / "run.jsonl"
    wait_for(lambda: file.exists() and file.read_text().count("\n") > 20)
    process.kill()
    process.wait()
    found = jsonlines.read(file.read_text(), file=file)
    assert list(Draft202012Validator(SCHEMA).iter_errors(found)) == []
    counts = found["summary"]["outcomes"]
    assert counts["pass"] + counts["observed"] >= 15
    assert counts["not_exercised"] > 0
    assert found["run"]["complete"] is False
    shown = [file.name for file in (tmp_path / "out").iterdir() if file.name[0] != "."]
    assert shown == ["run.jsonl"]
    assert files.load([tmp_path / "out"])["results"] == found["results"]
    assert json.loads(file.read_text().split("\n", 1)[0])["kind"] == "header"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_does_not_end_the_run():
    with jsonlines.Writer(Path("/dev/full")) as lines:
        lines.result({"requirement": "TC-GMR-17"}, requests=1)
        lines.result({"requirement": "TC-GMR-18"}, requests=2)
