"""Faults of servers on which whoever had a name or a number before leaves something behind."""

from __future__ import annotations

from collections.abc import Callable

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call, Refusal
from receiptspec.reference.faults.families import ASK, DETAIL

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


ALL: list[Fault] = [
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
