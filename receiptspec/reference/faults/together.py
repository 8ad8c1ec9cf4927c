"""Faults of servers that are busy with a call when another comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import READ, group_of, refused_if
from receiptspec.reference.store import Message
from receiptspec.reference.tencent.site import now

__all__ = ["ALL"]

_SEND, _C2C = "send_group_msg", "c2c_msg_read_receipt"
_SHOULD: dict[str, Any] = {"level": "SHOULD"}
_BUSY = 0.05  # seconds


def _overlaps(*fields: str) -> Callable[[Call], bool]:
    """Return a test whether another call with the same fields came just now."""

    def test(call: Call) -> bool:
        body = call.body if isinstance(call.body, dict) else {}
        name = [call.operation, *(body.get(field) for field in fields)]
        return bool(call.meanwhile(repr(name), within=_BUSY))

    return test


_same_group = _overlaps("GroupId")


def _wish_lost(call: Call) -> None:
    if _same_group(call):
        call.body.pop("NeedReadReceipt", None)


def _ghost_sent(call: Call) -> None:
    group = group_of(call)
    if group is not None and _same_group(call):
        ghost = Message(0, group.owner or "", call.serial, now(), [], False, {})
        call.site.store.post(call, group, ghost)


ALL: list[Fault] = [
    Fault(
        name="wishes-lost-at-once",
        requirement="TC-GMR-04",
        request=_wish_lost,
        operation=_SEND,
        cls="timing",
        shows="of messages that come at once one asks for a receipt",
    ),
    Fault(
        name="sends-at-once-leave-gaps",
        requirement="TC-SND-11b",
        request=_ghost_sent,
        operation=_SEND,
        cls="timing",
        shows="a message that comes while another is stored takes two numbers",
        **_SHOULD,
    ),
    refused_if(
        "sends-at-once-refused",
        "TC-GEN-08",
        10004,
        _same_group,
        operation=_SEND,
        cls="timing",
        shows="a message that comes while another is stored is refused",
    ),
    refused_if(
        "reads-at-once-refused",
        "TC-GRR-01",
        10004,
        _same_group,
        operation=READ,
        cls="timing",
        shows="a receipt that comes while another of the group is stored is refused",
    ),
    refused_if(
        "letters-read-at-once-refused",
        "TC-C2C-01",
        90010,
        _overlaps("Operator_Account"),
        operation=_C2C,
        cls="timing",
        shows="a receipt that comes while another of its sender is stored is refused",
    ),
]
