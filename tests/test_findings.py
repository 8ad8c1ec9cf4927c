import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiptspec.findings import Finding, Level, Outcome, combine, outcome_of

BROKEN = Finding("m", "$", "1", "2", "s")
ADVICE = Finding("m", "$", "1", "2", "s", advisory=True)


@given(st.lists(st.sampled_from(Outcome), min_size=1))
def test_combining_only_ever_raises(outcomes):
    result = combine(outcomes)
    assert result in outcomes
    assert all(result.rank >= outcome.rank for outcome in outcomes)


def test_nothing_at_all_is_not_exercised():
    assert combine([]) is Outcome.NOT_EXERCISED


@pytest.mark.parametrize(
    ("level", "findings", "outcome"),
    [
        (Level.MUST, [], Outcome.PASS),
        (Level.MUST, [BROKEN], Outcome.FAIL),
        (Level.MUST, [ADVICE], Outcome.WARNING),
        (Level.MUST, [ADVICE, BROKEN], Outcome.FAIL),
        (Level.SHOULD, [BROKEN], Outcome.WARNING),
        (Level.MAY, [BROKEN], Outcome.OBSERVED),
    ],
)
def test_what_a_finding_means_depends_on_the_level(level, findings, outcome):
    assert outcome_of(level, findings) is outcome


def test_an_inconclusive_test_is_never_called_a_failure():
    assert combine([Outcome.FAIL, Outcome.INCONCLUSIVE]) is Outcome.INCONCLUSIVE
    assert combine([Outcome.INCONCLUSIVE, Outcome.ERROR]) is Outcome.ERROR
