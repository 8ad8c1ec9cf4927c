"""Faults of callbacks about letters and groups, and of what answers to them change."""

from __future__ import annotations

import hashlib
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.correspondence import noting_unread, received
from receiptspec.reference.faults.families import bends, calls_back, edits, group_type, succeeded
from receiptspec.reference.tencent import documents

__all__ = ["ALL"]

_C2C, _MARK = "c2c_msg_read_receipt", "admin_set_msg_read"
_SHOULD: dict[str, Any] = {"level": "SHOULD"}
Body = dict[str, Any]


def _between_two(body: Body) -> bool:
    return str(body.get("CallbackCommand")).startswith("C2C.")


def _without_caller(query: dict[str, Any]) -> None:
    if _between_two(query):
        query.pop("ClientIP")


def _old_name(body: Body) -> None:
    if _between_two(body):
        body["CallbackCommand"] += "V1"


def _lost_comma(body: Body) -> bytes | None:
    return documents.write(body).replace(b",", b" ", 1) if _between_two(body) else None


def _seconds(body: Body) -> None:
    if "C2CMsgInfo" in body:
        body["EventTime"] = int(body["EventTime"]) // 1000


def _signed_without_token(query: dict[str, Any]) -> None:
    if _between_two(query):
        query["Sign"] = hashlib.sha256(query["RequestTime"].encode()).hexdigest()


def _without_group(body: Body) -> None:
    if any(item["ReadReceiptMembers"] for item in body.get("GroupMsgReceiptList", ())):
        del body["GroupId"], body["Type"]


def _disagreed(call: Call, answer: dict[str, Any]) -> bool:
    return succeeded(answer) and bool(call.notes.get("disagreed"))


def _fails_too(call: Call, answer: dict[str, Any]) -> None:
    if _disagreed(call, answer):
        answer.clear()
        answer.update(ActionStatus="FAIL", ErrorCode=10002, ErrorInfo="the callback failed")


def _receipt_lost_too(call: Call, answer: dict[str, Any]) -> None:
    if _disagreed(call, answer):
        group = call.site.store.groups[call.body["GroupId"]]
        group.messages[answer["MsgSeq"]].receipt = False


def _flag_taken_back(call: Call, answer: dict[str, Any]) -> None:
    if _disagreed(call, answer):
        named = {item["MsgKey"] for item in call.body["C2CMsgInfo"]}
        for message in received(call, call.body["Operator_Account"], call.body["Peer_Account"]):
            message.peer_read = message.peer_read and message.key not in named


def _marking_taken_back(call: Call, answer: dict[str, Any]) -> None:
    if _disagreed(call, answer):
        for message in call.notes.get("unread", ()):
            message.counted = True


_UNDONE: dict[str, Any] = {"knobs": {"hook_answer_counts": True}, "cls": "webhook"}

ALL: list[Fault] = [
    calls_back(
        "callback-between-two-without-caller",
        "TC-WHK-01",
        _without_caller,
        "no ClientIP where a callback is about two people",
        on_query=True,
    ),
    calls_back(
        "callback-between-two-of-another-app",
        "TC-WHK-13",
        lambda q: q.update(SdkAppid="1400000000") if _between_two(q) else None,
        "SdkAppid 1400000000 where a callback is about two people",
        on_query=True,
    ),
    calls_back(
        "callback-between-two-named-otherwise",
        "TC-WHK-02",
        _old_name,
        "another command in the body where a callback is about two people",
    ),
    calls_back(
        "callback-between-two-lacks-a-comma",
        "TC-WHK-12",
        _lost_comma,
        "no valid JSON where a callback is about two people",
        **_SHOULD,
    ),
    calls_back(
        "callback-of-receipt-in-seconds",
        "TC-WHK-07",
        _seconds,
        "EventTime in seconds where a callback is about a one-to-one receipt",
        **_SHOULD,
    ),
    calls_back(
        "callback-between-two-signed-without-token",
        "TC-WHK-11",
        _signed_without_token,
        "Sign is that of RequestTime alone where a callback is about two people",
        on_query=True,
        **_SHOULD,
    ),
    calls_back(
        "callback-after-a-read-without-group",
        "TC-WHK-05",
        _without_group,
        "no GroupId and no Type after a read",
    ),
    bends(
        "callbacks-about-public-groups-only",
        "TC-WHK-03",
        {"hook_on_send": False},
        operation="send_group_msg",
        when=group_type("Private", "ChatRoom"),
        cls="webhook",
        shows="no callback about messages in groups of other types",
        **_SHOULD,
    ),
    edits(
        "sending-fails-with-its-callback",
        "TC-WHK-08",
        _fails_too,
        operation="send_group_msg",
        shows="10002 for a message whose callback is answered with an error",
        **_UNDONE,
    ),
    edits(
        "receipt-lost-with-its-callback",
        "TC-WHK-08",
        _receipt_lost_too,
        operation="send_group_msg",
        shows="no receipt of a message whose callback is answered with an error",
        **_UNDONE,
    ),
    edits(
        "direct-receipt-lost-with-its-callback",
        "TC-WHK-08",
        _flag_taken_back,
        operation=_C2C,
        shows="IsPeerRead is 0 again where the callback is answered with an error",
        **_UNDONE,
    ),
    edits(
        "marking-lost-with-its-callback",
        "TC-WHK-08",
        _marking_taken_back,
        request=noting_unread,
        operation=_MARK,
        shows="the conversation is unread again where the callback is answered with an error",
        **_UNDONE,
    ),
    edits(
        "marking-fails-with-its-callback",
        "TC-WHK-08",
        _fails_too,
        operation=_MARK,
        shows="an error where the callback of a marking is answered with one",
        **_UNDONE,
    ),
]
