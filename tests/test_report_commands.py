import json
from datetime import date
from functools import partial

import pytest
from commandline import ended
from report_samples import of_every_outcome, report, result

from receiptspec.commands import running
from receiptspec.report import FORMATS, jsonlines


@pytest.fixture
def say(capsys):
    return partial(ended, capsys)


@pytest.fixture
def saved(tmp_path):
    def save(name, made):
        file = tmp_path / name
        file.write_text(json.dumps(made), encoding="utf-8")
        return file

    return save


OPTIONS = {
    "--html": "report.html",
    "--junit": "junit.xml",
    "--markdown": "summary.md",
    "--sarif": "report.sarif",
    "--har": "traffic.har",
    "--badge": "badge.json",
    "--json": "report.json",
}


def test_every_format_is_made_later(say, saved, tmp_path):
    made = of_every_outcome()
    arguments = [word for option in OPTIONS for word in (option, tmp_path / option[2:])]
    assert say("report", saved("a.json", made), *arguments) == (0, "", "")
    assert set(OPTIONS.values()) == set(FORMATS)
    for option, name in OPTIONS.items():
        assert (tmp_path / option[2:]).read_text(encoding="utf-8") == FORMATS[name](made), name


def test_without_a_format_the_report_is_shown(say, saved):
    code, out, err = say("report", saved("a.json", report(result("fail"))))
    assert (code, err) == (0, "")
    assert "FAIL TC-GMR-01 MUST on t" in out
    assert "does not conform" in out


def test_shards_are_merged_and_a_partial_one_counts(say, saved, tmp_path):
    ahead = report(result("not_exercised", "B"), code=2, complete=False)
    with jsonlines.Writer(tmp_path / "b.jsonl") as writer:
        writer.header(ahead, {"t": []}, date(2026, 11, 21))
        writer.result(result("fail", "B"), requests=3)
    one = saved("a.json", report(result("pass", "A")))
    whole = tmp_path / "whole.json"
    assert say("report", one, tmp_path / "b.jsonl", "--json", whole)[0] == 0
    found = json.loads(whole.read_text())
    assert [row["outcome"] for row in found["results"]] == ["pass", "fail"]
    assert found["run"]["complete"] is False


def test_mistakes_end_in_one_line(say, saved, tmp_path):
    fine = saved("a.json", report())
    for arguments in (
        ("report", tmp_path / "none.json"),
        ("report", fine, "--html", tmp_path / "none" / "a.html"),
        ("report",),
        ("compare", fine),
        ("compare", fine, tmp_path / "none.json"),
        ("compare", fine, fine, "--allow", "NO-1"),
        ("run", "--all", "--target", "reference"),
    ):
        code, out, err = say(*arguments)
        assert (code, out) == (4, ""), arguments
        assert err.startswith("receiptspec: ")
        assert err.count("\n") == 1


def test_compare_says_by_its_status_whether_anything_got_worse(say, saved, tmp_path):
    good, bad = saved("a.json", report()), saved("b.json", report(result("fail")))
    assert say("compare", good, good)[0] == 0
    code, out, _ = say("compare", good, bad, "--json", tmp_path / "c.json")
    assert code == 1
    assert "TC-GMR-01 MUST on t: pass → fail" in out
    assert json.loads((tmp_path / "c.json").read_text())["exit_code"] == 1
    assert say("compare", good, bad, "--allow", "TC-GMR-01")[0] == 0
    assert say("compare", bad, good)[0] == 0


def test_all_targets_of_a_file_are_judged_in_one_run(say, tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(running.session, "judge", lambda asks, *_: asked.extend(asks) or 0)
    file = tmp_path / "targets.yaml"
    file.write_text("a: {vendor: tencent, embedded: true}\nb: {vendor: tencent, embedded: true}\n")
    assert say("run", "--targets", file, "--all")[0] == 0
    assert [asked[n + 1] for n, word in enumerate(asked) if word == "--target"] == ["a", "b"]
