"""Faults of numbers and lists that are neither very small nor as large as may be."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import (
    ASK,
    READ,
    edits,
    group_of,
    items,
    refused_if,
    succeeded,
)

__all__ = ["ALL"]

_ADD, _REMOVE, _SEND, _UNREAD = (
    "add_group_member",
    "delete_group_member",
    "send_group_msg",
    "get_c2c_unread_msg_num",
)
_SHOULD: dict[str, Any] = {"level": "SHOULD"}


def _two_removed(call: Call) -> None:
    if isinstance(call.body, dict) and isinstance(call.body.get("MemberToDel_Account"), list):
        call.body["MemberToDel_Account"] = call.body["MemberToDel_Account"][:2]


def _many(call: Call) -> bool:
    members = call.body.get("MemberList") if isinstance(call.body, dict) else None
    return isinstance(members, list) and 150 < len(members) <= 300


def _numbers_turned(_call: Call, answer: dict[str, Any]) -> None:
    """Give the numbers of three to nine peers in the wrong order."""
    told = answer.get("C2CUnreadMsgNumList") or ()
    if 3 <= len(told) <= 9:
        numbers = [item["C2CUnreadMsgNum"] for item in told][::-1]
        for item, number in zip(told, numbers, strict=True):
            item["C2CUnreadMsgNum"] = number


def _gone(call: Call, _answer: dict[str, Any]) -> None:
    group = group_of(call)
    if group is not None and call.operation == _REMOVE:
        for user in call.body.get("MemberToDel_Account") or ():
            call.memory("gone")[group.id, user] = True


def _no_wish_of_returners(call: Call) -> None:
    group = group_of(call) if call.operation == _SEND else None
    if group is not None and (group.id, call.body.get("From_Account")) in call.memory("gone"):
        call.body.pop("NeedReadReceipt", None)


def _thrice(call: Call, answer: dict[str, Any]) -> None:
    """Count a message that one call names several times so often."""
    group = group_of(call)
    if not succeeded(answer) or group is None:
        return
    counts = call.memory("named")
    if call.operation == READ:
        for item in call.body["MsgSeqList"]:
            place = (group.id, item["MsgSeq"])
            counts[place] = counts.get(place, 0) + 1
        for item in {item["MsgSeq"]: item for item in call.body["MsgSeqList"]}.values():
            counts[group.id, item["MsgSeq"]] -= 1
    elif call.operation == ASK:
        for item in answer["GroupMsgReceiptList"]:
            if item["Code"] == 0:
                item["ReadNum"] += counts.get((group.id, item["MsgSeq"]), 0)


def _remembered(call: Call, answer: dict[str, Any]) -> None:
    """Let the members of a dismissed group be in the one that is made with its id."""
    if not succeeded(answer):
        return
    if call.operation == "destroy_group":
        call.memory("old")[call.body["GroupId"]] = call.notes.get("members", ())
    elif call.operation == "create_group":
        group = call.site.store.groups[answer["GroupId"]]
        for user in call.memory("old").get(group.id, ()):
            if user not in group.members:
                group.join(user, group.created)


def _before_its_end(call: Call) -> None:
    group = group_of(call) if call.operation == "destroy_group" else None
    if group is not None:
        call.notes["members"] = tuple(group.members)


ALL: list[Fault] = [
    edits(
        "named-thrice-counts-thrice",
        "TC-GMR-11",
        _thrice,
        cls="idempotency",
        shows="a message that one call names three times has three readers",
        **_SHOULD,
    ),
    edits(
        "old-members-are-back",
        "TC-GRP-12",
        _remembered,
        request=_before_its_end,
        cls="lifecycle",
        shows="a group with the id of a dismissed one has its members too",
    ),
    edits(
        "returners-send-without-receipt",
        "TC-GMR-04",
        _gone,
        request=_no_wish_of_returners,
        cls="lifecycle",
        shows="what a member sends who has left and come back has no receipt",
    ),
    items(
        "five-are-four",
        "TC-GMR-08",
        lambda item: item.update(ReadNum=4) if item["ReadNum"] == 5 else None,
        operation=ASK,
        cls="counting",
        shows="ReadNum 5 is shown as 4",
        **_SHOULD,
    ),
    edits(
        "two-leave-at-most",
        "TC-GRP-12",
        lambda _call, _answer: None,
        request=_two_removed,
        operation=_REMOVE,
        cls="batching",
        shows="of many to be removed two are",
    ),
    refused_if(
        "more-than-150-refused",
        "TC-GRP-08",
        10005,
        _many,
        operation=_ADD,
        shows="151 to 300 members in one call are refused",
        **_SHOULD,
    ),
    edits(
        "few-peers-mixed-up",
        "TC-SMR-14",
        _numbers_turned,
        operation=_UNREAD,
        cls="batching",
        shows="the numbers of three to nine peers stand beside the wrong ones",
        **_SHOULD,
    ),
]
