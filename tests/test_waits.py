"""What never comes is waited for less long; what has come once never is."""

from functools import partial

import pytest

from receiptspec.waits import ENOUGH, SHARE, Waits


def shows(_found, wanted=1):
    return bool(wanted)


def another(_found):
    return False


def test_what_never_came_is_waited_for_less_long_after_some_tries():
    waits = Waits()
    shares = []
    for _ in range(ENOUGH + 1):
        shares.append(waits.share(shows))
        waits.note(shows, came=False)
    assert shares == [1.0] * ENOUGH + [SHARE]
    assert waits.share(another) == 1.0


@pytest.mark.parametrize("first", [True, False])
def test_what_came_once_is_waited_for_in_full(first):
    waits = Waits()
    ends = [False] * (ENOUGH + 2)
    ends.insert(0 if first else len(ends), True)
    for came in ends:
        waits.note(shows, came=came)
    assert waits.share(shows) == 1.0


def test_waits_are_told_apart_by_code_not_by_what_it_closes_over():
    def made(number):
        return lambda found: found == number

    waits = Waits()
    for number in range(ENOUGH):
        waits.note(made(number), came=False)
    assert waits.share(made(99)) == SHARE


def test_what_has_no_code_of_its_own_is_told_apart_as_it_is():
    waits, one = Waits(), partial(shows, wanted=2)
    for _ in range(ENOUGH):
        waits.note(one, came=False)
    assert (waits.share(one), waits.share(partial(shows, wanted=2))) == (SHARE, 1.0)
