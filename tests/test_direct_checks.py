"""Peers are told of by a number, or as those of whom none is to be had."""

import json
from dataclasses import replace

import pytest

from receiptspec import strictjson
from receiptspec.checks import direct as checks
from receiptspec.errors import NotExercised
from receiptspec.exchange import Exchange, Request
from receiptspec.neutral import Answer, Strayed, Verdict
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


@pytest.mark.parametrize(
    ("people", "wrong"), [(("a", "b"), 0), (("b", "a"), 0), (None, 0), (("a", "c"), 1)]
)
def test_a_history_of_two_people_is_from_one_to_the_other(people, wrong):
    assert len(checks.between(ANSWER, people, ("a", "b"))) == wrong


@pytest.mark.parametrize(("number", "wrong"), [(0, 0), (2, 0), (3, 1)])
def test_no_more_messages_are_there_than_were_asked_for(number, wrong):
    assert len(checks.at_most(ANSWER, number, 2)) == wrong


@pytest.mark.parametrize(("kept", "wrong"), [([], 0), (["b", None], 0), (["b", "a"], 1)])
def test_a_text_that_is_not_to_be_kept_is_missed_nowhere(kept, wrong):
    assert len(checks.not_kept(ANSWER, "a", kept)) == wrong


@pytest.mark.parametrize(
    ("listed", "wrong"),
    [(None, 0), ([], 0), ([{"n": 1}, {"n": 2}, "x"], 0), ([{"n": 1}, {"n": 2}, {"n": 1}], 1)],
)
def test_no_message_is_listed_twice(listed, wrong):
    document = strictjson.read(json.dumps({"list": listed}).encode())
    answer = replace(ANSWER, document=document)
    assert len(checks.none_twice(answer, "list", "n")) == wrong


def test_what_strayed_is_named_with_what_was_sent():
    (finding,) = checks.as_sent(ANSWER, [Strayed("From_Account", "a", "b")], "MsgList[]")
    assert (finding.expected, finding.actual) == ("'a'", "'b'")


@pytest.mark.parametrize("ahead", [0, 20, -20, 10**6])
def test_a_second_between_two_messages_is_the_targets(ahead):
    older = 1_700_000_000 + ahead
    assert older < scenes._between(older, older + 2) < older + 2


@pytest.mark.parametrize("times", [(1, 1), (1, 2), (5, 1), (None, 3), (3, None), (1000, 3100)])
def test_where_no_second_lies_between_nothing_is_judged(times):
    with pytest.raises(NotExercised):
        scenes._between(*times)
