"""Faults of what callbacks say: whose app, which group, who has read what of whom."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import bends, calls_back

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


def _read_from_nowhere(_call: Call, query: dict[str, str], body: Item) -> None:
    if _read(body):
        query["OptPlatform"] = "Unknown"


def _letters(body: Item) -> list[Item]:
    found: list[Item] = body.get("C2CMsgInfo") or []
    return found


def _people_swapped(body: Item) -> None:
    for item in _letters(body):
        item.update(From_Account=item["To_Account"], To_Account=item["From_Account"])


def _reader_for_peer(body: Item) -> None:
    if "Operator_Account" in body:
        body.update(Operator_Account=body["Peer_Account"], Peer_Account=body["Operator_Account"])


def _counts_of_the_first(body: Item) -> None:
    first, *others = _read(body) or [{}]
    for item in others:
        item.update(ReadNum=first["ReadNum"], UnreadNum=first["UnreadNum"])


def _digits_as_numbers(body: Item) -> None:
    for member in [m for item in _read(body) for m in item["ReadReceiptMembers"]]:
        if member["Member_Account"].isdigit():
            member["Member_Account"] = int(member["Member_Account"])


def _zero_left_out(body: Item) -> None:
    for item in _read(body):
        if not item["UnreadNum"]:
            del item["UnreadNum"]


def _readers_left_out(body: Item) -> None:
    for item in body.get("GroupMsgReceiptList") or ():
        del item["ReadReceiptMembers"]


def _to_many(call: Call) -> bool:
    name = call.body.get("GroupId")
    group = call.site.store.groups.get(name) if isinstance(name, str) else None
    return group is not None and len(group.members) > 20


def _with_more(call: Call) -> bool:
    body = call.body.get("MsgBody")
    return isinstance(body, list) and len(body) > 1


ALL: list[Fault] = [
    bends(
        "callback-silent-about-many-members",
        "TC-WHK-03",
        {"hook_on_send": False},
        when=_to_many,
        operation="send_group_msg",
        cls="webhook",
        shows="no callback about messages to more than twenty members",
        **_SHOULD,
    ),
    bends(
        "callback-silent-about-several-parts",
        "TC-WHK-03",
        {"hook_on_send": False},
        when=_with_more,
        operation="send_group_msg",
        cls="webhook",
        shows="no callback about messages of several parts",
        **_SHOULD,
    ),
    bends(
        "callback-is-put",
        "TC-WHK-01",
        {"hook_method": "PUT"},
        cls="webhook",
        shows="callbacks are a PUT",
        also=("TC-WHK-12",),
    ),
    calls_back(
        "callback-digits-as-number",
        "TC-WHK-05",
        _digits_as_numbers,
        "a reader whose id has digits alone is named by a number",
        also=("TC-WHK-16",),
    ),
    calls_back(
        "callback-without-zero",
        "TC-WHK-05",
        _zero_left_out,
        "UnreadNum is missing where it would be 0",
    ),
    calls_back(
        "callback-shares-counts",
        "TC-WHK-15",
        _counts_of_the_first,
        "of several messages read in one call all have the counts of the first",
        **_SHOULD,
    ),
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
        "callback-without-readers",
        "TC-WHK-05",
        _readers_left_out,
        "no ReadReceiptMembers",
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
    Fault(
        name="callback-of-a-read-from-nowhere",
        requirement="TC-WHK-10",
        callback=_read_from_nowhere,
        cls="webhook",
        shows="OptPlatform Unknown where a member has read",
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
        "callback-of-receipt-without-id",
        "TC-WHK-17",
        lambda b: [item.pop("MsgId") for item in _letters(b)],
        "no MsgId",
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
