"""Faults of what comes in another order, among many, or once more."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import ASK, READ, edits, succeeded

__all__ = ["ALL"]

_THERE = 2  # the Result for a member who is added again
_SHOULD: dict[str, Any] = {"level": "SHOULD"}


def _rising_only(call: Call) -> None:
    """Pass over every item whose number is below one before it."""
    found = call.body.get("MsgSeqList")
    if isinstance(found, list) and all(
        isinstance(item, dict) and type(item.get("MsgSeq")) is int for item in found
    ):
        numbers = [item["MsgSeq"] for item in found]
        call.body["MsgSeqList"] = [
            item for at, item in enumerate(found) if item["MsgSeq"] >= max(numbers[: at + 1])
        ]


def _forgotten_when_added(call: Call, answer: dict[str, Any]) -> None:
    """Forget what somebody has read who is added and there already."""
    for item in answer.get("MemberList", ()):
        if item["Result"] == _THERE:
            for message in call.site.store.groups[call.body["GroupId"]].messages.values():
                message.readers.pop(item["Member_Account"], None)


def _next_loses_receipt(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer):
        messages = call.site.store.groups[call.body["GroupId"]].messages
        for item in call.body["MsgSeqList"]:
            if item["MsgSeq"] + 1 in messages:
                messages[item["MsgSeq"] + 1].receipt = False


def _all_unread_again(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer):
        for message in call.site.store.groups[call.body["GroupId"]].messages.values():
            message.readers.clear()


def _unread_beyond_thirty(_call: Call, answer: dict[str, Any]) -> None:
    for item in answer.get("GroupMsgReceiptList", [])[30:]:
        if item["Code"] == 0:
            item.update(ReadNum=0, UnreadNum=item["ReadNum"] + item["UnreadNum"])


def _owner_left_out(call: Call, answer: dict[str, Any]) -> None:
    """Take the owner for the sender of what somebody sends who is no member."""
    if succeeded(answer):
        group = call.site.store.groups[call.body["GroupId"]]
        message = group.messages.get(answer["MsgSeq"])
        if message is not None and message.sender not in group.members:
            message.audience.pop(group.owner, None)


ALL: list[Fault] = [
    edits(
        "owner-taken-for-outsider",
        "TC-GMR-08",
        _owner_left_out,
        operation="send_group_msg",
        cls="roles",
        shows="the owner never counts for what somebody outside the group sends",
        also=("TC-GMR-09",),
        **_SHOULD,
    ),
    edits(
        "unread-beyond-thirty",
        "TC-GMR-08",
        _unread_beyond_thirty,
        operation=ASK,
        cls="batching",
        shows="ReadNum 0 from the thirty-first item on",
        also=("TC-GMR-09",),
        **_SHOULD,
    ),
    edits(
        "recall-takes-the-next-receipt",
        "TC-GMR-04",
        _next_loses_receipt,
        operation="group_msg_recall",
        cls="lifecycle",
        shows="Code 10062 for the message after a recalled one",
        also=("TC-GMR-12",),
    ),
    edits(
        "recall-unreads-the-others",
        "TC-GMR-12",
        _all_unread_again,
        operation="group_msg_recall",
        cls="lifecycle",
        shows="a recall makes all messages of the group unread",
        **_SHOULD,
    ),
    edits(
        "added-again-forgets-reads",
        "TC-GMR-08",
        _forgotten_when_added,
        operation="add_group_member",
        cls="idempotency",
        shows="adding a member again makes all unread for that member",
        also=("TC-GMR-09",),
        **_SHOULD,
    ),
    Fault(
        name="falling-reads-skipped",
        requirement="TC-GRR-06",
        request=_rising_only,
        operation=READ,
        cls="batching",
        shows="a read batch stops counting where its numbers fall",
        **_SHOULD,
    ),
]
