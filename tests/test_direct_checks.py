"""Peers are told of by a number, or as those of whom none is to be had."""

import pytest

from receiptspec.checks import direct as checks
from receiptspec.errors import NotExercised
from receiptspec.exchange import Exchange, Request
from receiptspec.neutral import Answer, Verdict
from receiptspec.scenes import unread as scenes

EXCHANGE = Exchange(1, Request("POST", "http://h", "/", (), b"", "x"), None, 0.0)
ANSWER = Answer("get_c2c_unread_msg_num", Verdict.ACCEPTED, EXCHANGE)


@pytest.mark.parametrize(
    ("counts", "failed", "missing"),
    [
        ({"a": 1, "b": 0}, (), 0),
        ({"a": 1}, ("b",), 0),
        ({}, ("a", "b"), 0),
        ({"a": 1}, ("c",), 1),
        ({}, (), 2),
    ],
)
def test_a_peer_named_as_failed_counts_as_told(counts, failed, missing):
    assert len(checks.told(ANSWER, counts, failed, ("a", "b"))) == missing


@pytest.mark.parametrize("ahead", [0, 20, -20, 10**6])
def test_a_second_between_two_messages_is_the_targets(ahead):
    older = 1_700_000_000 + ahead
    assert older < scenes._between(older, older + 2) < older + 2


@pytest.mark.parametrize("times", [(1, 1), (1, 2), (5, 1), (None, 3), (3, None), (1000, 3100)])
def test_where_no_second_lies_between_nothing_is_judged(times):
    with pytest.raises(NotExercised):
        scenes._between(*times)
