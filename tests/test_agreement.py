"""What a client SDK and its server say of one message."""

import json

import pytest

from receiptspec import contract
from receiptspec.checks import agreement
from receiptspec.drivers import driver_for
from receiptspec.errors import NotExercised
from receiptspec.exchange import Exchange, Request, Response, Secret
from receiptspec.neutral import Answer, Conversation, Kind, Receipt, Verdict
from receiptspec.scenes import agreement as scenes
from receiptspec.stage import Stage
from receiptspec.targets import Target

AUTH = {"sdkappid": 1400000001, "identifier": "administrator", "key": Secret("a-key-of-tests")}
ORIGIN = "http://127.0.0.1:1"
GROUP = Conversation(Kind.GROUP, "@TGS#1", "Public", "ann", ("ann", "bob"))
PAIR = Conversation(Kind.DIRECT, None, "direct", "ann", ("ann", "bob"))


def answer(operation="getMessageReadReceipts", body=b"{}", user="ann"):
    request = Request("RPC", "harness:", f"/{user}", (), b"{}", operation)
    exchange = Exchange(1, request, Response(200, (), body, 0.0), 0.0)
    return Answer(operation, Verdict.ACCEPTED, exchange)


def compared(mine, theirs):
    one = Receipt("m", known=True, **mine, path="$.r[0]", read_key="readCount")
    other = Receipt(7, known=True, **theirs)
    return agreement.same_numbers(answer(), one, answer(), other, "now")


def test_the_same_numbers_are_no_finding():
    assert compared({"read": 1, "unread": 2}, {"read": 1, "unread": 2}) == []
    assert compared({"peer_read": False}, {"peer_read": False}) == []


def test_what_the_server_does_not_say_is_not_compared():
    assert compared({"read": 1, "unread": 2}, {}) == []


def test_each_other_number_is_a_finding_of_its_own():
    found = compared({"read": 1, "unread": 2}, {"read": 2, "unread": 4})
    assert [(f.path, f.expected, f.actual) for f in found] == [
        ("$.r[0].readCount", "2", "1"),
        ("$.r[0].unread", "4", "2"),
    ]
    assert len({f.signature for f in found}) == 2
    assert all(len(f.exchanges) == 2 for f in found)
    (found,) = compared({"peer_read": None}, {"peer_read": True})
    assert found.signature == "not-the-servers:isPeerRead"


def test_whether_the_sender_has_not_read_is_open():
    assert compared({"read": 1, "unread": 3}, {"read": 1, "unread": 2}) == []
    assert compared({"read": 1, "unread": 2}, {"read": 1, "unread": 3}) == []


def test_lists_are_compared_without_their_order():
    assert agreement.same_members(answer(), ["b", "a"], answer(), ["a", "b"], "readers") == []
    (found,) = agreement.same_members(answer(), [], answer(), ["b", "a"], "readers")
    assert (found.expected, found.actual) == ("a, b", "nobody")
    assert agreement.same_members(answer(), ["a", "a"], answer(), ["a"], "readers")


@pytest.fixture
def driver():
    target = Target("t", "tencent-sdk", url=ORIGIN, auth=AUTH)
    return driver_for(target, contract.load("tencent-sdk"), ORIGIN)


def arrival(driver, **message):
    line = {"jsonrpc": "2.0", "method": "onRecvNewMessage", "params": {"message": message}}
    request = Request("RPC", "harness:", "/bob", (), b"", "onRecvNewMessage")
    body = json.dumps(line).encode()
    return driver.read("onRecvNewMessage", Exchange(1, request, Response(200, (), body, 0.0), 0.0))


def test_a_message_that_arrives_is_kept_with_the_servers_name(driver):
    about = {"msgID": "m-1", "groupID": "@TGS#1", "seq": 7, "needReadReceipt": True}
    assert driver.meet(GROUP, arrival(driver, **about, sender="ann")) == "m-1"
    assert driver.server_name(GROUP, "m-1") == 7
    (named,) = driver.ask_receipts(GROUP, ["m-1"]).body["messages"]
    assert (named["sender"], named["groupID"]) == ("ann", "@TGS#1")
    letter = {"msgID": "m-2", "userID": "bob", "sender": "ann", "key": "1_2_3"}
    assert driver.meet(PAIR, arrival(driver, **letter, needReadReceipt=True)) == "m-2"
    assert driver.server_name(PAIR, "m-2") == "1_2_3"


def test_messages_of_other_conversations_are_not_taken(driver):
    elsewhere = {"msgID": "m-1", "groupID": "@TGS#2", "seq": 7, "needReadReceipt": True}
    stranger = {"msgID": "m-2", "userID": "bob", "sender": "eve", "needReadReceipt": True}
    assert driver.meet(GROUP, arrival(driver, **elsewhere)) is None
    assert driver.meet(PAIR, arrival(driver, **stranger)) is None
    assert driver.meet(PAIR, arrival(driver)) is None


@pytest.mark.parametrize("name", [None, "seven", 1.5, True])
def test_a_harness_that_tells_no_number_is_not_asked_for_one(driver, name):
    about = {"msgID": "m-1", "groupID": "@TGS#1", "seq": name, "needReadReceipt": True}
    driver.meet(GROUP, arrival(driver, **about, sender="ann"))
    assert driver.server_name(GROUP, "m-1") is None
    assert driver.server_name(GROUP, "m-9") is None


def test_a_server_has_nothing_to_agree_with():
    target = Target("t", "tencent", url=ORIGIN, auth=AUTH)
    stage = Stage(target, origin=ORIGIN)
    with pytest.raises(NotExercised, match="only for client SDKs"):
        scenes.lists(stage)
    stage.close()
