"""Faults of callbacks that nothing called for, and of what those count that are due."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import edits, succeeded

__all__ = ["ALL"]

_C2C, _MARK, _LETTER = "c2c_msg_read_receipt", "admin_set_msg_read", "sendmsg"
_SHOULD: dict[str, Any] = {"level": "SHOULD"}
_REPORT = "C2C.CallbackAfterMsgReport"


def _both_report(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer):
        people = call.body["Peer_Account"], call.body["Report_Account"]
        call.site.hooks.conversation_read(call, *people, int(outside.now()), 0)


def _receipts_report(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer):
        people = call.body["Operator_Account"], call.body["Peer_Account"]
        call.site.hooks.conversation_read(call, *people, int(outside.now()), 0)


def _marks_acknowledge(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer):
        user, peer = call.body["Report_Account"], call.body["Peer_Account"]
        keys = [m.key for m in call.site.store.between(user, peer) if m.receiver == user]
        call.site.hooks.direct_receipts(call, user, peer, keys)


def _letters_in_groups(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer) and call.body.get("IsNeedReadReceipt") == 1:
        item = {"MsgSeq": 1, "ReadNum": 0, "UnreadNum": 1, "ReadReceiptMembers": []}
        body = {"GroupId": call.body["To_Account"], "Type": "C2C", "GroupMsgReceiptList": [item]}
        call.site.hooks._send(call, "Group.CallbackAfterReadReceipt", body)


def _of_reports(change: Callable[[Call, dict[str, Any]], None]) -> Any:
    def twist(call: Call, query: dict[str, str], body: dict[str, Any]) -> None:
        if query.get("CallbackCommand") == _REPORT:
            change(call, body)

    return twist


def _first_time(call: Call, body: dict[str, Any]) -> None:
    body["LastReadTime"] = call.memory("read time").setdefault("first", body["LastReadTime"])


def _conversations(call: Call, body: dict[str, Any]) -> None:
    user, store = body["Report_Account"], call.site.store
    peers = [next(iter(pair - {user}), user) for pair in store.directs if user in pair]
    body["UnreadMsgNum"] = sum(store.unread(user, peer) > 0 for peer in peers)


def _others_alone(call: Call, body: dict[str, Any]) -> None:
    people = body["Report_Account"], body["Peer_Account"]
    body["UnreadMsgNum"] -= call.site.store.unread(*people)


def _key_of_nothing(_call: Call, _query: dict[str, str], body: dict[str, Any]) -> None:
    items = body.get("C2CMsgInfo")
    if items:
        items.append({**items[0], "MsgKey": "1_2_3"})


ALL: list[Fault] = [
    *(
        edits(name, row, edit, operation=operation, cls="webhook", shows=shows, **_SHOULD)
        for name, row, edit, operation, shows in (
            (
                "marking-reports-both-sides",
                "TC-WHK-09",
                _both_report,
                _MARK,
                "marking a conversation fires the callback of its other side too",
            ),
            (
                "receipts-report-conversations",
                "TC-WHK-09",
                _receipts_report,
                _C2C,
                "a message receipt fires the callback of a conversation that was marked",
            ),
            (
                "marking-tells-of-receipts",
                "TC-WHK-17",
                _marks_acknowledge,
                _MARK,
                "marking a conversation fires the callback of message receipts",
            ),
            (
                "letters-call-as-groups",
                "TC-WHK-03",
                _letters_in_groups,
                _LETTER,
                "a one-to-one message fires the callback of groups, with its receiver as the group",
            ),
        )
    ),
    *(
        Fault(name=name, requirement=row, callback=twist, cls="webhook", shows=shows, **_SHOULD)
        for name, row, twist, shows in (
            (
                "callback-keeps-its-read-time",
                "TC-WHK-09",
                _of_reports(_first_time),
                "LastReadTime is that of the first callback",
            ),
            (
                "callback-names-a-message-more",
                "TC-WHK-17",
                _key_of_nothing,
                "C2CMsgInfo names a message that was not sent as well",
            ),
            (
                "callback-counts-conversations",
                "TC-WHK-18",
                _of_reports(_conversations),
                "UnreadMsgNum is in how many conversations something is unread",
            ),
            (
                "callback-counts-others-alone",
                "TC-WHK-18",
                _of_reports(_others_alone),
                "UnreadMsgNum leaves out what is still unread of the marked conversation",
            ),
        )
    ),
]
