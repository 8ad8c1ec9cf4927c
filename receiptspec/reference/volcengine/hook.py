"""Lets a user read messages as a client would: the target's ``hooks.read`` (docs/targets.md)."""

from __future__ import annotations

import re
from typing import Any

from receiptspec.reference.calls import Call, Refusal
from receiptspec.reference.volcengine.receipts import read_messages
from receiptspec.reference.volcengine.site import Site

__all__ = ["read"]


def read(site: Site, call: Call, wish: dict[str, Any]) -> int:
    """Perform a read and return how many messages it reached; ids may be integers or digits.

    Raises `Refusal` (code 0) for a wish that names nothing that exists.
    """
    conversation, user = wish.get("conversation"), _number(wish.get("user"))
    messages = wish.get("messages")
    if not isinstance(conversation, dict) or user is None:
        raise Refusal(0, "conversation and user are needed")
    if not isinstance(messages, list):
        raise Refusal(0, "messages: a list is needed")
    found = site.state.conversations.get(_number(conversation.get("id")) or 0)
    if found is None:
        raise Refusal(0, "there is no such conversation")
    ids = [number for number in map(_number, messages) if number is not None]
    return read_messages(site, call, found, ids, user)


def _number(value: Any) -> int | None:
    if type(value) is int:
        return value
    if isinstance(value, str) and re.fullmatch("[0-9]{1,20}", value):
        return int(value)
    return None
