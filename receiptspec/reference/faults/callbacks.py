"""Faults of what callbacks say: whose app, which group, who has read what of whom."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import calls_back

__all__ = ["ALL"]

_SHOULD: dict[str, Any] = {"level": "SHOULD"}
Item = dict[str, Any]


def _read(body: Item) -> list[Item]:
    """Return what a callback says of messages that somebody has just read."""
    return [i for i in body.get("GroupMsgReceiptList") or () if i["ReadReceiptMembers"]]


def _counted_before(body: Item) -> None:
    for item in _read(body):
        item["ReadNum"] -= len(item["ReadReceiptMembers"])
        item["UnreadNum"] += len(item["ReadReceiptMembers"])


def _still_unread(body: Item) -> None:
    for item in _read(body):
        item["UnreadNum"] += len(item["ReadReceiptMembers"])


def _sender_for_reader(call: Call, _query: dict[str, str], body: Item) -> None:
    for item in _read(body):
        sender = call.site.store.groups[body["GroupId"]].messages[item["MsgSeq"]].sender
        item["ReadReceiptMembers"] = [{"Member_Account": sender}]


def _letters(body: Item) -> list[Item]:
    found: list[Item] = body.get("C2CMsgInfo") or []
    return found


def _people_swapped(body: Item) -> None:
    for item in _letters(body):
        item.update(From_Account=item["To_Account"], To_Account=item["From_Account"])


def _reader_for_peer(body: Item) -> None:
    if "Operator_Account" in body:
        body.update(Operator_Account=body["Peer_Account"], Peer_Account=body["Operator_Account"])


ALL: list[Fault] = [
    calls_back(
        "callback-of-another-app",
        "TC-WHK-13",
        lambda q: q.update(SdkAppid="1400000000"),
        "SdkAppid 1400000000",
        on_query=True,
    ),
    calls_back(
        "callback-type-constant",
        "TC-WHK-14",
        lambda b: b.update(Type="ChatRoom") if "Type" in b else None,
        "Type ChatRoom, whatever the group",
        **_SHOULD,
    ),
    calls_back(
        "callback-counts-before-the-read",
        "TC-WHK-15",
        _counted_before,
        "the counts from before the read",
        **_SHOULD,
    ),
    calls_back(
        "callback-leaves-unread",
        "TC-WHK-15",
        _still_unread,
        "ReadNum one more, UnreadNum as before",
        **_SHOULD,
    ),
    Fault(
        name="callback-names-the-sender",
        requirement="TC-WHK-16",
        callback=_sender_for_reader,
        cls="webhook",
        shows="the sender in ReadReceiptMembers",
        **_SHOULD,
    ),
    calls_back(
        "callback-swaps-sender-and-receiver",
        "TC-WHK-17",
        _people_swapped,
        "From_Account and To_Account swapped",
        **_SHOULD,
    ),
    calls_back(
        "callback-swaps-reader-and-peer",
        "TC-WHK-17",
        _reader_for_peer,
        "Operator_Account and Peer_Account swapped",
        **_SHOULD,
    ),
    calls_back(
        "callback-of-another-message",
        "TC-WHK-17",
        lambda b: [item.update(MsgKey="1_1_1") for item in _letters(b)],
        "MsgKey of no message",
        **_SHOULD,
    ),
    calls_back(
        "callback-leaves-nothing",
        "TC-WHK-18",
        lambda b: b.update(UnreadMsgNum=0) if "UnreadMsgNum" in b else None,
        "UnreadMsgNum 0, whatever is left",
        **_SHOULD,
    ),
]
