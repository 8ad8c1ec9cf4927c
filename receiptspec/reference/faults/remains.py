"""Faults of servers on which whoever had a name or a number before leaves something behind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call, Refusal
from receiptspec.reference.faults.families import ASK, DETAIL, edits, group_of

__all__ = ["ALL"]

_SEND = "send_group_msg"


def _room_for_ever(operation: str) -> Callable[[Call], None]:
    """Refuse a call about a group, or a wish in it, whose id was that of an AVChatRoom at first."""

    def request(call: Call) -> None:
        body = call.body if isinstance(call.body, dict) else {}
        name = body.get("GroupId")
        if not isinstance(name, str):
            return
        if call.operation == "create_group":
            call.memory("first types").setdefault(name, body.get("Type"))
        wished = operation != _SEND or body.get("NeedReadReceipt") == 1
        was_room = call.memory("first types").get(name) == "AVChatRoom"
        if call.operation == operation and wished and was_room:
            raise Refusal(10007, "this group type has no receipts")

    return request


def _of_members_alone(call: Call, answer: dict[str, Any]) -> None:
    group = group_of(call)
    if group is not None and "RspMsgList" in answer:
        shown = answer["RspMsgList"]
        answer["RspMsgList"] = [item for item in shown if item["From_Account"] in group.members]


def _leavers_kept_silent(call: Call) -> None:
    """Refuse what is sent in the name of somebody who was removed from the group."""
    body = call.body if isinstance(call.body, dict) else {}
    removed, name = call.memory("removed"), body.get("GroupId")
    if call.operation == "delete_group_member":
        removed.update({(name, user): True for user in body.get("MemberToDel_Account") or ()})
    group = group_of(call)
    sender = body.get("From_Account")
    out = group is not None and sender not in group.members and (name, sender) in removed
    if call.operation == _SEND and out:
        raise Refusal(10007, "no member any more")


def _recalled_ahead(call: Call, answer: dict[str, Any]) -> None:
    """Keep what is recalled before it is there, and mark it when it is."""
    ahead, group = call.memory("ahead"), group_of(call)
    name = group.id if group is not None else ""
    newest = group.newest if group is not None else 0
    for item in answer.get("RecallRetList", ()):
        if item["MsgSeq"] > newest:
            ahead[name, item["MsgSeq"]] = True
    for item in answer.get("RspMsgList", ()):
        if (name, item["MsgSeq"]) in ahead:
            item.update(IsPlaceMsg=2, MsgBody=[])


ALL: list[Fault] = [
    edits(
        "recalls-ahead-of-messages",
        "TC-GRP-14",
        _recalled_ahead,
        cls="lifecycle",
        shows="a message is marked whose number was recalled before it was sent",
        level="SHOULD",
    ),
    edits(
        "history-of-members-alone",
        "TC-GRP-13",
        _of_members_alone,
        operation="group_msg_get_simple",
        cls="lifecycle",
        shows="the history of a group lacks what was sent by who is no member",
        level="SHOULD",
    ),
    Fault(
        name="leavers-cannot-send",
        requirement="TC-SND-17",
        request=_leavers_kept_silent,
        cls="lifecycle",
        shows="nothing is sent in the name of who has left the group",
        level="SHOULD",
    ),
    Fault(
        name="once-a-room-always-a-room",
        requirement="TC-GMR-27",
        request=_room_for_ever(ASK),
        cls="lifecycle",
        shows="a public group has no receipts whose id a dismissed AVChatRoom had",
    ),
    Fault(
        name="once-a-room-no-lists",
        requirement="TC-GMD-32",
        request=_room_for_ever(DETAIL),
        cls="lifecycle",
        shows="a public group has no lists whose id a dismissed AVChatRoom had",
    ),
    Fault(
        name="once-a-room-no-wishes",
        requirement="TC-GMR-27",
        request=_room_for_ever(_SEND),
        cls="lifecycle",
        shows="no message asks for a receipt in a public group whose id an AVChatRoom had",
        also=("TC-GMD-32",),
    ),
]
