"""Lets a user read messages as a client would: the target's ``hooks.read`` (docs/targets.md)."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.calls import Call, Refusal
from receiptspec.reference.tencent.direct import read_direct
from receiptspec.reference.tencent.receipts import read_group
from receiptspec.reference.tencent.site import Site

__all__ = ["read"]

_PLATFORM = "Web"


def read(site: Site, call: Call, wish: dict[str, Any]) -> int:
    """Perform a read and return how many messages it reached.

    Raises `Refusal` (code 0) for a wish that names nothing that exists.
    """
    conversation, user = wish.get("conversation"), wish.get("user")
    messages = wish.get("messages")
    if not (isinstance(conversation, dict) and isinstance(user, str)):
        raise Refusal(0, "conversation and user are needed")
    if not isinstance(messages, list):
        raise Refusal(0, "messages: a list is needed")
    if conversation.get("type") == "direct":
        keys = [str(key) for key in messages]
        return read_direct(site, call, user, str(conversation.get("peer")), keys, _PLATFORM)
    group = site.store.groups.get(str(conversation.get("id")))
    if group is None:
        raise Refusal(0, "there is no such group")
    seqs = [seq for seq in messages if type(seq) is int]
    return read_group(site, call, group, seqs, user, _PLATFORM)
