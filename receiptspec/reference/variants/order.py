"""The freedom of order: what comes in a list comes in another order at each call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from receiptspec.reference.behaviour import Variant
from receiptspec.reference.calls import Call

__all__ = ["ALL"]

_UNORDERED = frozenset(
    {
        "GroupMsgReceiptList",
        "ReadList",
        "UnreadList",
        "MemberList",
        "C2CUnreadMsgNumList",
        "ReadReceipt",
        "ReadUserIds",
        "UnReadUserIds",
    }
)


def _lists(value: Any) -> Iterator[list[Any]]:
    """Yield every list of an answer whose order no document promises."""
    children = value.values() if isinstance(value, dict) else value
    for child in children if isinstance(value, dict | list) else ():
        yield from _lists(child)
    if isinstance(value, dict):
        yield from (v for k, v in value.items() if k in _UNORDERED and isinstance(v, list))


def _turned(call: Call, answer: dict[str, Any]) -> None:
    """Begin every list elsewhere than at the last call, at every other from the end."""
    for found in _lists(answer):
        start = call.serial % len(found) if found else 0
        found[:] = (found[start:] + found[:start])[:: -1 if call.serial % 2 else 1]


ALL: list[Variant] = [
    Variant(
        name=name,
        vendor=vendor,
        requirement=row,
        answer=_turned,
        shows="items, members and users in another order at each call",
    )
    for name, vendor, row in (
        ("any-order", "tencent", "TC-GMR-05"),
        ("ve-any-order", "volcengine", "VE-GMRR-17"),
    )
]
