import pytest
from report_samples import of_every_outcome, report, result

from receiptspec.report import verdicts


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        *(("pass", 0), ("warning", 0), ("known_deviation", 0), ("fail", 1), ("error", 3)),
        *(("not_exercised", 5), ("inconclusive", 6)),
    ],
)
def test_the_verdict_about_a_target_is_the_exit_code_of_a_run_of_it(outcome, code):
    verdict = verdicts.of_target(report(result(outcome)), "t")
    assert (verdict.code, verdict.conforms) == (code, code == 0)


def test_each_target_has_its_own_verdict():
    bad, good = verdicts.of_run(of_every_outcome())
    assert (bad.target, bad.code) == ("t", 3)
    assert (good.target, good.words) == ("sound", "conforms")
    assert (bad.exercised, bad.testable) == (5, 9)


def test_a_stale_deviation_condemns_only_its_target():
    made = report(result(), result(target="u"), stale=["u: deviation X is stale"])
    assert [verdict.code for verdict in verdicts.of_run(made)] == [0, 1]


def test_a_run_cut_short_conforms_to_nothing_but_what_it_found_counts():
    made = report(result(), result("fail", target="u"), complete=False, code=2)
    assert [verdict.words for verdict in verdicts.of_run(made)] == [
        "interrupted",
        "does not conform",
    ]


def test_a_strict_run_does_not_forgive_warnings():
    made = report(result("warning", level="SHOULD"), strict=True)
    assert verdicts.of_target(made, "t").code == 1
    made = report(result("warning", level="SHOULD"))
    assert verdicts.of_target(made, "t").words == "conforms, with 1 warning"


def test_the_target_of_which_least_was_exercised_decides_what_is_said_of_all():
    idle = [result("not_exercised", f"N{i}", target="u") for i in range(3)]
    tried = result("warning", level="SHOULD", target="u")
    rest = [result(requirement=f"P{i}") for i in range(9)]
    words, conform = verdicts.of_all(report(*rest, tried, *idle))
    assert not conform
    assert words == (
        "nothing broken, but too little of 1 of 2 targets was exercised to say that all conform, "
        "with 1 warning"
    )
    assert verdicts.of_all(report(*rest, tried)) == ("conforms, with 1 warning", True)


def test_the_worst_comes_first():
    rows = [result("warning", "A", level="SHOULD"), result("fail", "B"), result("fail", "C")]
    rows[1]["level"] = "MAY"
    found = verdicts.worst_first(report(*rows), *verdicts.BROKEN)
    assert [row["requirement"] for row in found] == ["C", "B", "A"]
