"""Faults of servers that take one call for another that is like it in part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call, Shrug
from receiptspec.reference.faults.families import READ

__all__ = ["ALL"]

_SHOULD: dict[str, Any] = {"level": "SHOULD"}


def _named(call: Call) -> list[int]:
    found = call.body.get("MsgSeqList") if isinstance(call.body, dict) else None
    numbers = [item.get("MsgSeq") for item in found or () if isinstance(item, dict)]
    return [number for number in numbers if isinstance(number, int)]


def _known_by(key: Callable[[Sequence[int]], object]) -> Callable[[Call], None]:
    """Answer OK to a read and do nothing, where the reader has made one with the same key."""

    def request(call: Call) -> None:
        numbers = _named(call)
        if not numbers:
            return
        known = call.memory("keys of reads")
        mark = (call.body.get("GroupId"), call.body.get("From_Account"), key(numbers))
        if known.setdefault(mark, numbers) != numbers:
            raise Shrug

    return request


def _all_between(call: Call) -> None:
    numbers = _named(call)
    if len(numbers) == 2:
        between = range(min(numbers), max(numbers) + 1)
        call.body["MsgSeqList"] = [{"MsgSeq": number} for number in between]


def _dropped(name: str, key: Callable[[Sequence[int]], object], shows: str) -> Fault:
    return Fault(
        name=name,
        requirement="TC-GRR-06",
        request=_known_by(key),
        operation=READ,
        cls="idempotency",
        shows=shows,
        **_SHOULD,
    )


ALL: list[Fault] = [
    _dropped(
        "reads-known-by-their-first",
        lambda numbers: numbers[0],
        "a receipt is dropped that begins with the same message as an earlier one",
    ),
    _dropped(
        "reads-known-by-their-newest",
        max,
        "a receipt is dropped whose newest message is that of an earlier one",
    ),
    _dropped(
        "reads-known-by-length-and-last",
        lambda numbers: (len(numbers), numbers[-1]),
        "a receipt is dropped that is as long as an earlier one and ends alike",
    ),
    _dropped(
        "reads-known-by-length-and-first",
        lambda numbers: (len(numbers), numbers[0]),
        "a receipt is dropped that is as long as an earlier one and begins alike",
    ),
    Fault(
        name="two-are-read-with-all-between",
        requirement="TC-GRR-06",
        request=_all_between,
        operation=READ,
        cls="batching",
        shows="a receipt for two messages reads those between as well",
        **_SHOULD,
    ),
]
