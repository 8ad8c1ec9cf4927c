import json

import pytest
from report_samples import hostile, report, result

from receiptspec.report import badge


def shown(made):
    found = json.loads(badge.render(made))
    assert set(found) == {"schemaVersion", "label", "message", "color"}
    assert (found["schemaVersion"], found["label"]) == (1, "read receipts")
    return found["message"], found["color"]


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        ("pass", ("conforms, 1 of 1 exercised", "brightgreen")),
        ("warning", ("conforms, 1 of 1 exercised", "yellow")),
        ("fail", ("does not conform", "red")),
        ("error", ("the suite itself failed", "red")),
        ("inconclusive", ("inconclusive", "lightgrey")),
        ("not_exercised", ("nothing was exercised", "lightgrey")),
    ],
)
def test_a_badge_says_the_verdict(outcome, says):
    assert shown(report(result(outcome))) == says


def test_several_targets_are_counted():
    made = report(result(), result("fail", target="u"))
    assert shown(made) == ("1 of 2 conform", "red")
    assert shown(report(result(), result(target="u"))) == ("2 of 2 conform", "brightgreen")


def test_a_partial_run_is_never_green():
    assert shown(report(complete=False, code=2)) == ("interrupted", "lightgrey")


def test_no_string_of_the_target_gets_into_a_badge():
    assert shown(hostile()) == ("does not conform", "red")
