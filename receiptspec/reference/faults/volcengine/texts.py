"""Faults of who breaks at what stands in a text, or in a number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call, Reply
from receiptspec.reference.faults.volcengine.families import (
    place_of,
)

__all__ = ["ALL"]

Item = dict[str, Any]
_SEND, _MAKE = "SendMessage", "CreateConversation"
_REMOVE = "BatchDeleteConversationParticipant"


def _crash(_: Call, sent: Reply) -> None:
    sent.status, sent.body = 500, b"Internal Server Error"


def _core(call: Call) -> Item:
    core = call.body.get("ConversationCoreInfo") if isinstance(call.body, dict) else None
    return core if isinstance(core, dict) else {}


def _breaks(name: str, operation: str, test: Callable[[Call], object], shows: str) -> Fault:
    return Fault(
        name=f"ve-{name}-break",
        vendor="volcengine",
        operation=operation,
        requirement="SEC-02",
        reply=_crash,
        when=lambda call: isinstance(call.body, dict) and bool(test(call)),
        cls="transport",
        shows=f"HTTP 500 for {shows}",
    )


ALL: list[Fault] = [
    _breaks(
        "quoted-names",
        _MAKE,
        lambda c: "'" in str(_core(c).get("Notice")),
        "a Notice with an apostrophe",
    ),
    _breaks(
        "empty-names",
        _MAKE,
        lambda c: _core(c).get("AvatarUrl") == "",
        "an AvatarUrl in which nothing stands",
    ),
    _breaks(
        "empty-client-ids",
        _SEND,
        lambda c: c.body.get("ClientMsgId") == "",
        "a ClientMsgId in which nothing stands",
    ),
    _breaks(
        "percent-client-ids",
        _SEND,
        lambda c: "%" in str(c.body.get("ClientMsgId")),
        "a ClientMsgId with a percent sign",
    ),
    _breaks(
        "huge-times",
        _SEND,
        lambda c: b"1e400" in c.incoming.body,
        "a number beyond every double",
    ),
    _breaks(
        "removed-strangers",
        _REMOVE,
        lambda c: place_of(c) and 2305843009213693959 in (c.body.get("ParticipantUserIds") or ()),
        "the removal of who is no member",
    ),
]
