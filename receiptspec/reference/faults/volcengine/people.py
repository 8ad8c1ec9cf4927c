"""Faults of managers, of who has left or come back, of ids beyond 64 bits and long bodies."""

from __future__ import annotations

from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import PASS, Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.volcengine.families import (
    asked,
    bends,
    edits,
    judges,
    kind_of,
    miscoded,
    noting_leavers,
    place_of,
    placed,
    refused_if,
    tolerated,
)

__all__ = ["ALL"]

_READ, _UNREAD = "ReadUserIds", "UnReadUserIds"
_SEND, _MAKE = "SendMessage", "CreateConversation"
_ADD, _REMOVE = "BatchAddConversationParticipant", "BatchDeleteConversationParticipant"
_AUTH: dict[str, Any] = {"cls": "authentication"}
_MANAGER, _HOLDS, _KEPT = 2, 8192, 2.0
Item = dict[str, Any]


def _managers_unread(call: Call, answer: Item) -> None:
    for place, item in placed(call, answer, 2):
        managers = [
            user
            for user in item[_READ]
            if user in place.participants and place.participants[user].role == _MANAGER
        ]
        item[_READ] = [user for user in item[_READ] if user not in managers]
        item[_UNREAD] += managers


def _leavers_unlisted(call: Call, answer: Item) -> None:
    for place, item in placed(call, answer, 2):
        for name in (_READ, _UNREAD):
            item[name] = [u for u in item[name] if (place.id, u) not in call.memory("left")]


def _leavers_send(call: Call, where: str, reason: str, _code: int | str) -> str | None:
    place = place_of(call)
    left = place is not None and (place.id, call.body.get("Sender")) in call.memory("left")
    return PASS if (where, reason) == ("Sender", "stranger") and left else None


def _thirds_send(call: Call, where: str, reason: str, _code: int | str) -> str | None:
    return PASS if (where, reason) == ("Sender", "stranger") and kind_of(call) == 1 else None


def _low_bits(call: Call) -> None:
    if isinstance(call.body, dict) and isinstance(call.body.get("MessageIds"), list):
        call.body["MessageIds"] = [
            id_ & (2**64 - 1) if type(id_) is int and id_ > 2**63 else id_ for id_ in asked(call)
        ]


def _faded(call: Call) -> None:
    """Forget reads a while after they were made."""
    then, place = outside.ticks() - _KEPT, place_of(call)
    for message in place.messages.values() if place is not None else ():
        message.readers = {user: at for user, at in message.readers.items() if at > then}


def _made_meanwhile(call: Call) -> bool:
    """Whether another connection made a conversation just now."""
    return call.operation == _MAKE and call.meanwhile("made", within=0.3) is not None


ALL: list[Fault] = [
    edits(
        "managers-do-not-count",
        36,
        _managers_unread,
        cls="roles",
        shows="managers of a group stay in UnReadUserIds",
        also=("VE-GMRR-37",),
    ),
    edits(
        "comers-back-left-out",
        37,
        _leavers_unlisted,
        operation="",
        request=noting_leavers,
        cls="lifecycle",
        shows="who has left once is in no list again",
        also=("VE-GMRR-36", "VE-GMRR-40"),
    ),
    bends(
        "every-other-read-takes-back",
        42,
        {"reads_toggle": True},
        operation="",
        cls="idempotency",
        shows="reading twice is not having read",
        also=("VE-GMRR-36", "VE-GMRR-37", "VE-GMRR-34", "VE-GMRR-41"),
    ),
    Fault(
        name="ve-reads-fade",
        vendor="volcengine",
        operation="GetMessagesReadReceipt",
        requirement="VE-GMRR-42",
        level="SHOULD",
        request=_faded,
        cls="timing",
        shows="a read is forgotten after two seconds",
        waits=True,
    ),
    Fault(
        name="ve-ids-keep-64-bits",
        vendor="volcengine",
        operation="GetMessagesReadReceipt",
        requirement="VE-GMRR-24",
        request=_low_bits,
        cls="precision",
        shows="an id beyond 2^64 is answered with the one that its last 64 bits are",
    ),
    judges(
        "leavers-may-send",
        93,
        _leavers_send,
        operation="",
        request=noting_leavers,
        cls="lifecycle",
        shows="who has left may still send",
    ),
    judges(
        "thirds-may-send-to-pairs",
        93,
        _thirds_send,
        operation=_SEND,
        cls="isolation",
        shows="anybody sends to a conversation of two",
    ),
    bends(
        "pairs-made-at-once-are-two",
        92,
        {"ve_pair_reused": False},
        operation=_MAKE,
        when=_made_meanwhile,
        cls="idempotency",
        shows="two who open their conversation at the same time have two",
    ),
    tolerated(
        "long-bodies-unverified",
        80,
        ("X-Content-Sha256", "wrong"),
        ("Signature", "wrong"),
        operation="",
        when=lambda call: len(call.incoming.body) > _HOLDS,
        **_AUTH,
        shows="bodies above 8 KB are not verified",
    ),
    miscoded(
        "forged-sending-code",
        "VE-GMRR-71a",
        "NoAuth",
        ("Signature", "wrong"),
        operation=_SEND,
        shows="NoAuth for a wrong signature, in one action",
    ),
    refused_if(
        "digest-header-refused",
        82,
        "SignatureDoesNotMatch",
        lambda call: call.incoming.header("Content-MD5") is not None,
        **_AUTH,
        shows="a signed Content-MD5 does not pass",
    ),
]
