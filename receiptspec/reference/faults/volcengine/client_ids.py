"""Faults of the ids that senders give their messages, and of the ids of two people."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.volcengine.families import (
    done,
    edits,
    place_of,
)
from receiptspec.reference.faults.volcengine.writing import field

__all__ = ["ALL"]

Item = dict[str, Any]
_SEND, _DESTROY = "SendMessage", "DestroyConversation"
_TWENTY, _GROUP = 20, 2


def _joined_names(call: Call, answer: Item) -> None:
    """Take messages for one whose senders and ids make the same text."""
    place, name = place_of(call), field(call, "ClientMsgId")
    if place is not None and name and done(answer):
        key = (place.id, f"{call.body['Sender']}{name}")
        known = call.memory("joined").setdefault(key, answer["Result"]["MessageId"])
        answer["Result"]["MessageId"] = known


def _names_forgotten(call: Call, answer: Item) -> None:
    for place in call.site.state.conversations.values() if done(answer) else ():
        place.by_client_id.clear()


def _names_of_newest(call: Call) -> None:
    """Forget the ClientMsgIds of all messages of a group but the newest."""
    place = place_of(call)
    if place is not None and place.type == _GROUP:
        newest = list(place.messages)[-_TWENTY:]
        known = place.by_client_id.items()
        place.by_client_id = {key: one for key, one in known if one.id in newest}


def _names_of_type(call: Call) -> None:
    """Keep ClientMsgIds apart by MsgType."""
    name, kind = field(call, "ClientMsgId"), field(call, "MsgType")
    if name:
        call.body["ClientMsgId"] = f"{name} of {kind}"


def _pairs_of_low_bits(call: Call, answer: Item) -> None:
    """Find the conversation of two people by the last 48 bits of their ids."""
    one, other = field(call, "OwnerUserId"), field(call, "OtherUserId")
    kind = (field(call, "ConversationCoreInfo") or {}).get("ConversationType")
    if kind == 1 and done(answer) and type(one) is int and type(other) is int:
        key = tuple(sorted((one % 2**48, other % 2**48)))
        made = answer["Result"]["ConversationShortId"]
        known = call.memory("low pairs").setdefault(key, made)
        answer["Result"].update(ConversationShortId=known, ConversationId=str(known))


ALL: list[Fault] = [
    edits(
        "ids-joined-to-senders",
        "VE-GMRR-93a",
        _joined_names,
        operation=_SEND,
        cls="idempotency",
        shows="messages are one whose senders and ClientMsgIds make one text",
    ),
    edits(
        "destroying-forgets-ids",
        "VE-GMRR-93a",
        _names_forgotten,
        operation=_DESTROY,
        cls="idempotency",
        shows="destroying a group forgets all ClientMsgIds",
    ),
    Fault(
        name="ve-ids-of-twenty",
        vendor="volcengine",
        operation=_SEND,
        requirement="VE-GMRR-93a",
        level="SHOULD",
        cls="idempotency",
        request=_names_of_newest,
        shows="the ClientMsgIds of the last twenty messages of a group are known",
    ),
    Fault(
        name="ve-ids-of-type",
        vendor="volcengine",
        operation=_SEND,
        requirement="VE-GMRR-93a",
        level="SHOULD",
        cls="idempotency",
        request=_names_of_type,
        shows="a ClientMsgId is known for messages of its MsgType",
    ),
    edits(
        "pairs-of-48-bits",
        92,
        _pairs_of_low_bits,
        operation="CreateConversation",
        cls="precision",
        shows="two pairs are one whose ids have the same 48 bits",
    ),
]
