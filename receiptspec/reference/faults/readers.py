"""Faults of questions for who has read, where those for who has not are answered well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call, Shrug
from receiptspec.reference.faults.families import ASK, DETAIL
from receiptspec.reference.store import Message

__all__ = ["ALL"]

_SHOULD: dict[str, Any] = {"level": "SHOULD"}


def _of_readers(call: Call) -> bool:
    return isinstance(call.body.get("Filter"), int) and call.body["Filter"] == 0


def _default(field: str, value: Any) -> Callable[[Call], None]:
    def request(call: Call) -> None:
        if _of_readers(call):
            call.body.setdefault(field, value)

    return request


def _any_count(call: Call) -> None:
    if _of_readers(call) and isinstance(call.body.get("Count"), str | list | dict):
        call.body["Count"] = 5


def _named(call: Call) -> tuple[bool, Message | None]:
    """Return whether there is the group that a call names, and the message if there is one."""
    name, seq = call.body.get("GroupId"), call.body.get("MsgSeq")
    group = call.site.store.groups.get(name) if isinstance(name, str) else None
    return group is not None, group.messages.get(seq) if group and isinstance(seq, int) else None


def _any_group(call: Call) -> None:
    if _of_readers(call) and not _named(call)[0]:
        raise Shrug


def _any_message(call: Call) -> None:
    there, message = _named(call)
    if _of_readers(call) and there and message is None and "MsgSeq" in call.body:
        raise Shrug


def _imported(call: Call) -> None:
    _, message = _named(call)
    if message is not None and message.imported:
        raise Shrug


def _declined(call: Call) -> None:
    """Show lists, which are empty, of messages that said that they want no receipt."""
    sent = call.memory("declined")
    if call.operation == "send_group_msg" and call.body.get("NeedReadReceipt") == 0:
        sent[call.body.get("GroupId"), call.body.get("Random")] = True
    elif call.operation == DETAIL:
        _, message = _named(call)
        if message is not None and (call.body["GroupId"], message.random) in sent:
            raise Shrug


def _later_of_any_type(call: Call) -> None:
    """Look at the type of the first item alone, and leave out others that are none."""
    items = call.body.get("MsgSeqList")
    if isinstance(items, list) and len(items) > 1:
        first, *others = items
        fine = [i for i in others if isinstance(i, dict) and type(i.get("MsgSeq", 0)) is int]
        call.body["MsgSeqList"] = [first, *fine]


def _fault(
    name: str, requirement: str, request: Callable[[Call], None], shows: str, **more: Any
) -> Fault:
    return Fault(
        name=name,
        requirement=requirement,
        request=request,
        shows=shows,
        **{"operation": DETAIL, "cls": "leniency", **more},
    )


ALL: list[Fault] = [
    _fault(
        "readers-without-cursor",
        "TC-GMD-18",
        _default("Cursor", ""),
        "Filter 0 needs no Cursor",
    ),
    _fault(
        "readers-without-count",
        "TC-GMD-19",
        _default("Count", 100),
        "Filter 0 needs no Count",
    ),
    _fault(
        "declined-messages-have-lists",
        "TC-GMD-27",
        _declined,
        "a message with NeedReadReceipt 0 has empty lists",
        operation="",
        **_SHOULD,
    ),
    _fault(
        "imported-messages-have-lists",
        "TC-GMD-27",
        _imported,
        "an imported message has empty lists",
        **_SHOULD,
    ),
    _fault(
        "readers-of-any-message",
        "TC-GMD-28",
        _any_message,
        "Filter 0 is accepted for a message that does not exist",
        **_SHOULD,
    ),
    _fault(
        "readers-of-any-group",
        "TC-GMD-29",
        _any_group,
        "Filter 0 is accepted for a group that does not exist",
    ),
    _fault(
        "readers-by-any-count",
        "TC-GMD-33",
        _any_count,
        "with Filter 0 Count may be of any type",
        **_SHOULD,
    ),
    _fault(
        "later-items-of-any-type",
        "TC-GMR-26",
        _later_of_any_type,
        "behind the first item of MsgSeqList those of a wrong type are passed over",
        **{"operation": ASK, **_SHOULD},
    ),
]
