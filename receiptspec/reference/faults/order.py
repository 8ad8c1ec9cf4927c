"""Faults of what comes in another order, among many, or once more."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import READ

__all__ = ["ALL"]

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


ALL: list[Fault] = [
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
