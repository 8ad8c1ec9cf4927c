import io
import json

import pytest
from jsonschema import Draft202012Validator
from report_samples import HOSTILE, OUTCOMES, finding, hostile, report, result

from receiptspec import resources
from receiptspec.errors import BudgetSpent, ConfigurationError
from receiptspec.report import comparison, terminal

SCHEMA = json.loads(resources.path("schemas/comparison.schema.json").read_text(encoding="utf-8"))
KEPT = ("pass", "observed")
NO_LONGER = ("fail", "warning", "not_exercised", "inconclusive", "error")


def compare(before, after, *allowed):
    found = comparison.compare(before, after, allowed=allowed)
    assert list(Draft202012Validator(SCHEMA).iter_errors(found)) == []
    return found


def kinds(found):
    return [(change["kind"], change["requirement"]) for change in found["changes"]]


@pytest.mark.parametrize("was", OUTCOMES)
@pytest.mark.parametrize("now", OUTCOMES)
def test_only_what_kept_a_promise_and_now_does_not_is_worse(was, now):
    found = compare(report(result(was)), report(result(now)))
    worse = was in KEPT and now in NO_LONGER
    worse = worse or (was, now) in (
        ("warning", "fail"),
        ("known_deviation", "fail"),
        ("known_deviation", "warning"),
    )
    assert found["exit_code"] == int(worse)
    assert (("worse", "TC-GMR-01") in kinds(found)) is worse
    if was == now or (was in KEPT and now in KEPT):
        assert found["changes"] == []
    elif not worse and now in KEPT:
        assert kinds(found) == [("better", "TC-GMR-01")]


def test_what_a_spent_budget_left_out_is_not_worse():
    before = report(result("pass", "A"), result("pass", "B"))
    spent = result("not_exercised", "B", reason=str(BudgetSpent("150 requests is used up")))
    found = compare(before, report(result("pass", "A"), spent))
    assert (kinds(found), found["exit_code"]) == ([("changed", "B")], 0)
    broken = report(result("pass", "A"), {**spent, "outcome": "fail"})
    assert kinds(compare(before, broken)) == [("worse", "B")]


def test_what_is_not_in_the_second_report_is_worse():
    before = report(result("pass", "A"), result("pass", "B"))
    found = compare(before, report(result("pass", "A")))
    (change,) = found["changes"]
    assert (change["kind"], change["after"]) == ("worse", None)
    assert change["reason"] == "not in the second report"
    assert found["exit_code"] == 1


def test_what_was_never_judged_and_is_broken_is_told_apart():
    found = compare(report(result("not_exercised")), report(result("fail")))
    assert (kinds(found), found["exit_code"]) == ([("revealed", "TC-GMR-01")], 0)
    found = compare(report(result("pass", "A")), report(result("pass", "A"), result("fail", "B")))
    assert kinds(found) == [("revealed", "B")]


def test_what_is_broken_in_another_way_is_shown():
    other = result("fail", findings=[finding("other", "other")])
    found = compare(report(result("fail")), report(other))
    assert (kinds(found), found["exit_code"]) == ([("different", "TC-GMR-01")], 0)


def test_what_is_allowed_does_not_count():
    before = report(result("pass", "A"), result("pass", "B"))
    after = report(result("fail", "A"), result("fail", "B"))
    found = compare(before, after, "A")
    assert [change["allowed"] for change in found["changes"]] == [True, False]
    assert found["exit_code"] == 1
    assert compare(before, after, "A", "B")["exit_code"] == 0
    with pytest.raises(ConfigurationError, match="'C'"):
        compare(before, after, "C")


def test_the_gravest_comes_first():
    before = report(result("fail", "A"), result("pass", "B"), result("not_exercised", "C"))
    after = report(result("pass", "A"), result("fail", "B"), result("fail", "C"))
    assert kinds(compare(before, after)) == [("worse", "B"), ("revealed", "C"), ("better", "A")]


def test_reports_of_one_target_each_are_compared_whatever_its_name():
    found = compare(report(result(target="direct")), report(result("fail", target="gateway")))
    assert found["pairs"] == [{"before": "direct", "after": "gateway"}]
    assert found["changes"][0]["target"] == "gateway"


def test_reports_of_several_targets_are_compared_by_name():
    before = report(result(target="a"), result(target="b"), result(target="c"))
    after = report(result(target="b"), result("fail", target="a"), result(target="d"))
    found = compare(before, after)
    assert [pair["before"] for pair in found["pairs"]] == ["a", "b"]
    assert (found["missing_targets"], found["added_targets"]) == (["c"], ["d"])
    assert [change["target"] for change in found["changes"]] == ["a"]
    same = report(result(target="a"), result(target="b"))
    assert compare(before, same)["exit_code"] == 1
    assert compare(before, same, "c")["exit_code"] == 0


def test_what_cannot_be_compared_is_refused():
    one = report(result(target="a"), result(target="b"))
    with pytest.raises(ConfigurationError, match="a, b and c"):
        compare(one, report(result(target="c")))
    other = report(result(target="a"))
    other["targets"][0]["vendor"] = "volcengine"
    with pytest.raises(ConfigurationError, match="different contracts"):
        compare(report(result(target="a")), other)


@pytest.mark.parametrize("others", [(), (result("pass", "B", target="two"),)])
def test_what_is_missing_in_the_second_report_is_run_again_as_the_rest_of_it(others):
    after = report(*others, targets=["two"])
    after["results"] = list(others)
    (change,) = [
        change
        for change in compare(report(result(target="one")), after)["changes"]
        if change["kind"] == "worse"
    ]
    again = "receiptspec run --target two --requirement TC-GMR-01 --seed 7"
    assert change["rerun"] == (again if others else "")


def test_observations_that_differ_are_listed_by_key():
    def seen(**values):
        items = [{"key": key, "value": value} for key, value in values.items()]
        return report(result("observed", level="MAY", observations=items))

    found = compare(seen(a="1", b="2", c="3"), seen(a="1", b="9", d="4"))
    assert [(o["key"], o["before"], o["after"]) for o in found["observations"]] == [
        ("b", "2", "9"),
        ("d", None, "4"),
        ("c", "3", None),
    ]
    assert found["exit_code"] == 0
    silent = report(result("not_exercised", level="MAY"))
    assert compare(seen(a="1"), silent)["observations"] == []


def test_the_terminal_shows_what_got_worse_and_the_conclusion():
    before = report(result("pass", "A"), result("fail", "B"))
    after = report(result("fail", "A"), result("pass", "B"))
    text = io.StringIO()
    terminal.show_comparison(compare(before, after), file=text)
    said = text.getvalue()
    for words in ("got worse: 1", "A MUST on t: pass → fail", "ReadNum is 4", "newly passing: 1"):
        assert words in said
    assert "got worse · 1 worse, 0 allowed" in said


def test_hostile_strings_do_not_steer_the_terminal():
    text = io.StringIO()
    clean = report(result("pass", target=HOSTILE, observations=[{"key": "k", "value": "v"}]))
    terminal.show_comparison(compare(clean, hostile()), file=text)
    terminal.show(hostile(), file=text)
    assert "\x1b" not in text.getvalue()
    text.getvalue().encode("utf-8")


def test_what_is_newer_than_the_pin_is_not_worse():
    found = compare(report(result()), report(result("fail", new=True, since="2026-12")))
    assert (kinds(found), found["exit_code"]) == ([("changed", "TC-GMR-01")], 0)
