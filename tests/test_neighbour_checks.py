"""What is said of messages and members by other operations, one wrong thing at a time."""

import pytest

from receiptspec.checks import neighbours
from receiptspec.exchange import Exchange, Request
from receiptspec.neutral import Answer, Verdict

EXCHANGE = Exchange(1, Request("POST", "http://h", "/", (), b"", "x"), None, 0.0)
ANSWER = Answer("x", Verdict.ACCEPTED, EXCHANGE)


@pytest.mark.parametrize(("shown", "fine"), [([1, 2, 9], True), ([1], False), ([1, 2, 2], False)])
def test_each_message_is_shown_once(shown, fine):
    assert (neighbours.shown_once(ANSWER, shown, [1, 2], "together") == []) is fine


@pytest.mark.parametrize(("shown", "fine"), [([1, 2], True), ([1], True), ([1, 3, 2], False)])
def test_nothing_else_is_shown(shown, fine):
    assert (neighbours.unasked(ANSWER, shown, [1, 2], "together") == []) is fine


def test_what_is_shown_is_what_was_sent():
    found = neighbours.as_sent(ANSWER, 1, {"Sender": (7, 7), "Content": ("a", "b")}, "alone")
    assert [finding.message for finding in found] == [
        "message 1, asked for alone, is shown with another Content than it was sent with"
    ]
    assert not neighbours.as_sent(ANSWER, 1, {"Sender": (7, 7)}, "alone")


@pytest.mark.parametrize(
    ("places", "fine"),
    [([(1, 4), (2, 9)], True), ([(1, 4), (2, 4)], False), ([(1, 4), (2, 3)], False), ([], True)],
)
def test_places_rise_with_age(places, fine):
    assert (neighbours.rising(ANSWER, places, "together") == []) is fine


def test_a_message_stays_where_it_is():
    assert not neighbours.kept_place(ANSWER, 1, 4, 4, "alone")
    assert neighbours.kept_place(ANSWER, 1, 4, 5, "alone")
    assert neighbours.foreign(ANSWER, 1)


@pytest.mark.parametrize(
    ("told", "failed", "fine"),
    [
        ([1, 2], [], True),
        ([1], [], False),
        ([1], [2], True),
        ([1, 2], [2], False),
        ([1, 2, 3], [], False),
    ],
)
def test_just_the_members_are_described(told, failed, fine):
    assert (neighbours.described(ANSWER, told, [1, 2], [3], failed) == []) is fine
