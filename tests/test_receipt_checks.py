"""What is said of numbers that are not there any more."""

from dataclasses import replace

import pytest

from receiptspec import strictjson
from receiptspec.checks import receipts
from receiptspec.exchange import Exchange, Request
from receiptspec.neutral import Answer, Receipt, Verdict

EXCHANGE = Exchange(1, Request("POST", "http://h", "/", (), b"", "x"), None, 0.0)
ANSWER = Answer("x", Verdict.ACCEPTED, EXCHANGE)
BEFORE = Receipt(7, True, 0, 1, 2)


@pytest.mark.parametrize("number", [0, 1, None])
def test_numbers_of_an_item_without_data_mean_nothing(number):
    after = Receipt(7, False, 10062, number, number)
    found = receipts.changed(ANSWER, BEFORE, after, "read", 0, "a wait")
    assert [finding.message for finding in found] == [
        "message 7 has no data any more (Code 10062) after a wait"
    ]
    assert len(receipts.same(ANSWER, {7: BEFORE}, {7: after}, [7], "a wait")) == 1


@pytest.mark.parametrize(
    ("code", "codes", "fine"),
    [(10004, None, True), ("none", None, False), (10004, [10062], False), (10062, [10062], True)],
)
def test_a_refusal_says_that_there_is_no_receipt(code, codes, fine):
    exchange = Exchange(1, Request("POST", "http://127.0.0.1", "/", (), b""), None, 0.0)
    answer = Answer("ask", Verdict.REFUSED, exchange, code=code)
    assert (receipts.no_receipt(answer, {}, "m", codes, "a plain message") == []) is fine


def test_numbers_that_never_were_are_not_missed():
    before, after = Receipt(7, False, 10062, 0, 0), Receipt(7, False, 10062, 0, 0)
    assert not receipts.changed(ANSWER, before, after, "read", 1, "a read")


def test_numbers_that_moved_are_told_one_by_one():
    after = Receipt(7, True, 0, 2, 1)
    assert not receipts.changed(ANSWER, BEFORE, after, "read", 1, "a read")
    assert len(receipts.same(ANSWER, {7: BEFORE}, {7: after}, [7], "a wait")) == 2


def test_what_is_told_may_come_in_any_order():
    one = Receipt(7, True, read=2, unread=1, readers=(1, 2), non_readers=(3,), path="$[0]")
    two = replace(one, readers=(2, 1), path="$[5]")
    other = replace(one, readers=(1, 3))
    alone = Receipt(8, False, code=10062)
    assert receipts.told_otherwise(ANSWER, {7: one, 8: alone}, {8: alone, 7: two}, "it") == []
    for after in ({7: other}, {7: replace(one, unread=2)}, {7: replace(one, known=False)}, {}):
        (finding,) = receipts.told_otherwise(ANSWER, {7: one}, after, "it")
        assert "Receipt(" not in finding.message
    (finding,) = receipts.told_otherwise(ANSWER, {7: one}, {7: one, 8: alone}, "it")
    assert (finding.expected, finding.actual) == ("no item", "Code 10062")


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ('"1709040620191911125"', "its MessageId is text"),
        ("1709040620191911125.0", "its MessageId is not written as an integer"),
        ("1.70904062019191117e18", "its MessageId is not written as an integer"),
        ('"1709040620191911126"', "gets no item"),
        ("1.7e18", "gets no item"),
        ("1e999999999999999999999", "gets no item"),
        ("NaN", "gets no item"),
    ],
)
def test_an_item_whose_id_is_of_another_type_is_there(value, says):
    body = f'{{"RequestId": "1709040620191911125", "Items": [{{"MessageId": {value}}}]}}'
    answer = replace(ANSWER, document=strictjson.read(body.encode()))
    (found,) = receipts.each_answered(answer, {}, [1709040620191911125])
    assert says in found.message
    assert found.path == ("$" if "no item" in says else "$.Items[0].MessageId")


FAR = 2**60 + 12_345


@pytest.mark.parametrize(
    ("readers", "members", "sure", "blamed"),
    [
        ([int(float(FAR))], [FAR, FAR + 10**9], False, True),
        ([FAR % 2**53], [FAR + 2**50, FAR, 7], False, False),
        ([(FAR + 2**50) % 2**53], [FAR + 2**50, FAR], False, True),
        ([int(float(FAR))], [FAR], False, False),
        ([int(float(FAR)), FAR], [FAR, 1, 2], False, False),
        ([2**53 + 2], [2**53 + 1, 2**53 + 9], False, False),
        ([int(float(FAR))], [5, FAR], True, True),
        ([int(float(FAR)), FAR], [5, FAR], True, False),
    ],
)
def test_a_user_is_rounded_where_one_is_missing_and_no_other_has_that_id(
    readers, members, sure, blamed
):
    receipt = Receipt(7, True, readers=tuple(readers), non_readers=())
    found = receipts.users_rounded(ANSWER, receipt, members, sure=sure)
    assert bool(found) is blamed


@pytest.mark.parametrize(
    ("asked", "told", "again"),
    [([7, 8], [7, 8], []), ([7, 8], [7, 8, 7], [7]), ([7, 7], [7, 7], []), ([7], [8, 8], [])],
)
def test_a_message_that_was_named_once_has_one_item(asked, told, again):
    found = receipts.repeated(ANSWER, [replace(BEFORE, message=id_) for id_ in told], asked)
    assert [finding.message for finding in found] == [
        f"message {id_} was asked for once and has 2 items" for id_ in again
    ]
