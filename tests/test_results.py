from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiptspec import contract
from receiptspec.errors import OnlyOfClients, StaleFixture
from receiptspec.exchange import Redactor
from receiptspec.findings import Finding, Observation, Outcome, Result
from receiptspec.results import Ledger, exit_code, merge, serialise, summary
from receiptspec.targets import Deviation, Target


def entry(outcome="fail", requirement="TC-GMR-01", signatures=("s",), **changes):
    return {
        "target": "t",
        "requirement": requirement,
        "level": "MUST",
        "check": "receipts-are-answered",
        "outcome": str(outcome),
        "reason": "because",
        "findings": [
            {
                "message": s,
                "path": "$",
                "expected": "1",
                "actual": "2",
                "signature": s,
                "advisory": False,
                "exchanges": [],
            }
            for s in (signatures if outcome in ("fail", "warning") else ())
        ],
        "observations": [],
        "exchanges": [],
        "requests": 1,
        "duration_s": 0.1,
        **changes,
    }


def deviation(signature="s", requirement="TC-GMR-01", expires=date(2027, 1, 1)):
    return Deviation(requirement, signature, "old", "team", expires)


def ledger(*entries, deviations=()):
    target = Target("t", "tencent", deviations=tuple(deviations))
    made = Ledger({"tencent": contract.load("tencent")}, [target], today=date(2026, 11, 21))
    for item in entries:
        made.add(item)
    return made


def outcome(made, requirement="TC-GMR-01"):
    (row,) = made.results([requirement])
    return row["outcome"]


@given(st.lists(st.sampled_from(["pass", "fail", "not_exercised", "inconclusive"]), min_size=1))
def test_the_order_of_workers_does_not_matter(outcomes):
    there = outcome(ledger(*(entry(one) for one in outcomes)))
    back = outcome(ledger(*(entry(one) for one in reversed(outcomes))))
    assert there == back


def test_every_row_of_the_contract_has_a_result():
    rows = ledger().results()
    assert len(rows) == len(contract.load("tencent").requirements)
    assert {row["outcome"] for row in rows} == {"not_exercised", "excluded"}


def test_what_an_interrupted_run_did_not_come_to_was_part_of_it():
    reasons = {row["reason"] for row in ledger(entry("pass")).results(cut=True)}
    assert "the run ended before this" in reasons
    assert "not part of this run" not in reasons


def test_a_deviation_turns_its_own_failure_into_a_known_one():
    made = ledger(entry(), deviations=[deviation()])
    assert outcome(made) == Outcome.KNOWN_DEVIATION
    assert made.stale(made.results()) == []


def test_a_deviation_never_hides_another_failure_of_the_same_requirement():
    made = ledger(entry(signatures=("s", "other")), deviations=[deviation()])
    assert outcome(made) == Outcome.FAIL


def test_an_expired_deviation_hides_nothing_and_says_so():
    made = ledger(entry(), deviations=[deviation(expires=date(2026, 11, 20))])
    assert outcome(made) == Outcome.FAIL
    (line,) = made.stale(made.results())
    assert "expired on 2026-11-20" in line


def test_a_deviation_that_no_longer_happens_is_stale():
    made = ledger(entry("pass"), deviations=[deviation()])
    (line,) = made.stale(made.results())
    assert "stale" in line


def test_of_two_tests_that_could_not_be_the_reason_is_what_the_target_refused():
    told = {**entry("not_exercised"), "reason": "sendmsg did not work: refused"}
    other = {**entry("not_exercised"), "reason": "there is no client before a server here"}
    for first, second in ((told, other), (other, told)):
        assert merge(first, second)["reason"] == told["reason"]
    passed = {**entry("pass"), "reason": ""}
    assert merge(told, passed)["reason"] == ""


def test_a_deviation_that_was_not_exercised_is_left_alone():
    made = ledger(deviations=[deviation()])
    assert made.stale(made.results()) == []


@pytest.mark.parametrize(
    ("outcomes", "strict", "code"),
    [
        (["pass"], False, 0),
        (["pass", "warning"], False, 0),
        (["pass", "warning"], True, 1),
        (["pass", "fail"], False, 1),
        (["fail", "inconclusive"], False, 1),
        (["pass", "inconclusive"], False, 6),
        (["fail", "error"], False, 3),
        (["not_exercised", "excluded"], False, 5),
        ([], False, 5),
    ],
)
def test_exit_codes_say_what_happened(outcomes, strict, code):
    assert exit_code([{"outcome": one} for one in outcomes], strict=strict) == code


def test_a_stale_deviation_fails_the_run():
    assert exit_code([{"outcome": "pass"}], stale=["x"]) == 1


def test_the_summary_counts_every_outcome():
    counted = summary(ledger(entry()).results())
    assert counted["outcomes"]["fail"] == 1
    assert sum(counted["outcomes"].values()) == len(contract.load("tencent").requirements)
    assert counted["exercised"] == 1


def test_an_outage_exercises_nothing():
    rows = [{"outcome": "inconclusive", "level": "MUST"}, {"outcome": "error", "level": "MUST"}]
    counted = summary(rows)
    assert (counted["exercised"], counted["testable"]) == (0, 2)


def test_no_part_of_a_result_shows_a_secret():
    secret = "the-secret-of-the-target"
    finding = Finding(secret, f'$["{secret}"]', secret, secret, secret)
    seen = (Observation(secret, secret),)
    row = contract.load("tencent").requirement("TC-GMR-01")
    result = Result("t", row.id, row.level, "c", Outcome.FAIL, secret, (finding,), seen)
    assert secret not in str(serialise(result, Redactor([secret]), [secret]))


@pytest.mark.parametrize("turn", [1, -1])
def test_the_reason_that_tells_most_is_kept(turn):
    reasons = [OnlyOfClients.SAYS, "no writes: true", str(StaleFixture("message 17"))]
    for two in (reasons[:2], reasons[1:]):
        made = ledger(*(entry("not_exercised", reason=reason) for reason in two[::turn]))
        (row,) = made.results(["TC-GMR-01"])
        assert row["reason"] == two[1]
