"""How far a target's clock is ahead of ours, told from what its answers show."""

import pytest

from receiptspec.clocks import Clock, moment

NOON = "Sat, 01 Jan 2000 12:00:00 GMT"
NOW = 1_700_000_000.0


def clock(*shown, sent=()):
    made = Clock()
    for stamp, now in shown:
        made.shows(NOW + stamp, NOW + now)
    for stamp, now in sent:
        made.says(NOW + stamp, NOW + now)
    return made


@pytest.mark.parametrize("ahead", [-3960, -6, 6, 3600])
def test_a_date_that_goes_on_tells_the_clock(ahead):
    made = clock((ahead, 0.3), (ahead + 1, 1.9), (ahead + 9, 9.7))
    assert made.goes
    assert made.ahead in (ahead, ahead - 1)


def test_a_date_is_believed_until_it_is_seen_to_stand_still():
    made = clock((-3960, 0), (-3960, 1.4))
    assert (made.ahead, made.goes) == (-3961.0, False)
    made.shows(NOW - 3960, NOW + 2)
    assert made.ahead == 0


def test_the_time_of_a_message_counts_where_the_date_stands_still():
    assert clock((-3960, 0), (-3960, 2), sent=[(602, 2)]).ahead == 600
    assert clock((600, 0), (602, 2), sent=[(2, 2)]).ahead == 600


def test_a_repeated_message_has_an_old_time():
    assert clock((-9, 0), (-9, 2), sent=[(2, 2), (2, 300)]).ahead == 0


def test_a_few_seconds_are_no_difference():
    assert clock((4, 0), (6, 2)).ahead == 0


def test_what_times_messages_is_a_clock_of_its_own_and_told_as_it_is():
    assert clock((150, 0), (152, 2)).stamped is None
    made = clock((150, 0), (152, 2), sent=[(-4.8, 0), (-2.3, 2), (-2.9, 2)])
    assert (made.ahead, made.stamped) == (150, pytest.approx(-4.3))


def test_a_clock_is_in_doubt_until_a_message_tells_it():
    day, drift = 86_400, 600
    assert clock().doubt == day
    assert clock((0, 0)).doubt == clock((9, 0), (11, 2)).doubt == drift
    assert clock((9, 0), (9, 2)).doubt == day
    assert clock((9, 0), (9, 2), sent=[(2, 2)]).doubt == 0


def test_a_slow_answer_does_not_stop_the_clock():
    made = clock((3600, 0))
    made.shows(NOW + 3602, NOW + 5, taken=3.0)
    assert made.goes


@pytest.mark.parametrize("stamp", [None, "", "soon", "Sat, 99 Jan 2000 12:00:00 GMT"])
def test_what_is_no_date_tells_nothing(stamp):
    assert moment(stamp) is None
    assert moment(NOON) == 946_728_000
