"""Faults of who reads the Content-Type of a body, which says nothing of what it is."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call, Reply
from receiptspec.reference.faults.families import ASK, refused_if

__all__ = ["ALL"]

_WIRE: dict[str, Any] = {"operation": ASK, "cls": "transport"}


def _only_json(call: Call, reply: Reply) -> None:
    if "json" not in (call.incoming.header("Content-Type") or "json"):
        reply.status, reply.body = 415, b"Unsupported Media Type"
        reply.header("Content-Type", "text/plain")


ALL: list[Fault] = [
    refused_if(
        "untyped-bodies-refused",
        "TC-GEN-36",
        60002,
        shows="refuses a body without a Content-Type",
        test=lambda c: c.incoming.header("Content-Type") is None,
        level="SHOULD",
        **_WIRE,
    ),
    refused_if(
        "forms-are-no-json",
        "TC-GEN-36",
        60003,
        shows="finds no JSON in a body that has the Content-Type of a form",
        test=lambda c: "form" in (c.incoming.header("Content-Type") or ""),
        level="SHOULD",
        **_WIRE,
    ),
    Fault(
        name="text-is-unsupported",
        requirement="TC-GEN-36",
        operation=ASK,
        reply=_only_json,
        cls="transport",
        level="SHOULD",
        shows="415 for another Content-Type than JSON",
    ),
]
