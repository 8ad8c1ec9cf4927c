"""What never comes is waited for less long; what has come once never is."""

from functools import partial

import pytest

from receiptspec.waits import ENOUGH, SHARE, Waited, Waits


def shows(_found, wanted=1):
    return bool(wanted)


def another(_found):
    return False


def test_what_never_came_is_waited_for_less_long_after_some_tries():
    waits = Waits()
    shares = []
    for _ in range(ENOUGH + 1):
        shares.append(waits.share(shows))
        waits.ended(shows, came=False)
    assert shares == [1.0] * ENOUGH + [SHARE]
    assert waits.share(another) == 1.0


@pytest.mark.parametrize("first", [True, False])
def test_what_came_once_is_waited_for_in_full(first):
    waits = Waits()
    ends = [False] * (ENOUGH + 2)
    ends.insert(0 if first else len(ends), True)
    for came in ends:
        waits.ended(shows, came=came)
    assert waits.share(shows) == 1.0


def test_waits_are_told_apart_by_code_not_by_what_it_closes_over():
    def made(number):
        return lambda found: found == number

    waits = Waits()
    for number in range(ENOUGH):
        waits.ended(made(number), came=False)
    assert waits.share(made(99)) == SHARE


def test_what_has_no_code_of_its_own_is_told_apart_as_it_is():
    waits, one = Waits(), partial(shows, wanted=2)
    for _ in range(ENOUGH):
        waits.ended(one, came=False)
    assert (waits.share(one), waits.share(partial(shows, wanted=2))) == (SHARE, 1.0)


def prompt():
    waits = Waits()
    assert waits.calm == 1.0
    waits.looked_again(confirmed=True)
    return waits


def test_where_a_calm_look_confirms_and_nothing_comes_late_one_vain_wait_is_enough():
    waits = prompt()
    assert (waits.calm, waits.share(shows)) == (SHARE, 1.0)
    waits.ended(shows, came=False)
    waits.ended(another, came=True)
    assert (waits.share(shows), waits.share(another)) == (SHARE, SHARE)


@pytest.mark.parametrize(
    "lags",
    [
        lambda waits: waits.ended(another, came=True, late=True),
        lambda waits: waits.looked_again(confirmed=False),
    ],
)
def test_one_sign_of_a_view_that_lags_gives_every_look_its_window_again(lags):
    waits = prompt()
    waits.ended(shows, came=False)
    lags(waits)
    waits.looked_again(confirmed=True)
    assert (waits.calm, waits.share(shows)) == (1.0, 1.0)


def test_what_was_waited_is_told():
    waits = Waits()
    assert waits.told == Waited()
    waits.spend(0.5)
    waits.ended(shows, came=True, late=True, after=0.3)
    waits.ended(another, came=True, after=0.1)
    waits.ended(another, came=False, after=9.0)
    waits.spend(0.25)
    assert waits.told == Waited(spent=0.75, slowest=0.3)
    waits.looked_again(confirmed=True)
    assert not waits.told.lagged
    waits.looked_again(confirmed=False)
    assert waits.told.lagged


def test_workers_waited_together_and_the_slowest_tells_how_late():
    both = Waited(1.0, 0.5) + Waited(2.0, 0.25, lagged=True)
    assert both == Waited(3.0, 0.5, lagged=True)
