"""Faults of 64-bit numbers (rows 88 and 89) and of the neighbour actions (rows 92 to 96)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from receiptspec.reference.behaviour import PASS, SHRUG, Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.volcengine.families import (
    asked,
    bends,
    bytes_of,
    edits,
    items,
    judges,
    miscoded,
    place_of,
    receipts,
    results,
    tolerated,
)

__all__ = ["ALL"]

_ID, _PLACE = "MessageId", "ConversationShortId"
_LISTS = ("ReadUserIds", "UnReadUserIds")
_FINE: dict[str, Any] = {"cls": "precision"}


def _double(number: int) -> int:
    return int(float(number))


def _printed(number: int) -> int:
    """Return what JavaScript prints for a number."""
    return int(Decimal(repr(float(number))))


def _rounded(how: Any, *keys: str) -> Any:
    return lambda item: item.update({key: how(item[key]) for key in keys})


def _users(item: dict[str, Any]) -> None:
    item.update({key: [_double(user) for user in item[key]] for key in _LISTS})


def _last_rounded(_call: Call, answer: dict[str, Any]) -> None:
    """Round the id of every item but the first."""
    for item in receipts(answer)[1:]:
        item[_ID] = _double(item[_ID])


def _truncated(number: int) -> int:
    """Return the number as 32 signed bits."""
    return (number + 2**31) % 2**32 - 2**31


def _seen_as_doubles(call: Call, answer: dict[str, Any]) -> None:
    """Show messages under ids that are theirs as doubles."""
    shown = (answer.get("Result") or {}).get("Messages")
    place = place_of(call)
    if call.operation != "GetMessages" or shown is None or place is None:
        return
    for id_ in asked(call):
        message = call.site.state.message(call, place, id_)
        if message is not None and id_ not in place.messages:
            shown.append({"MessageId": id_, "IndexInConversation": message.index})


_EXACT = [
    items("ids-as-doubles", 88, _rounded(_double, _ID, _PLACE), **_FINE, shows="rounded ids"),
    items(
        "ids-as-printed", 88, _rounded(_printed, _ID, _PLACE), **_FINE, shows="...000 at the end"
    ),
    items("message-id-as-double", 88, _rounded(_double, _ID), **_FINE, shows="a rounded MessageId"),
    items("conversation-id-as-double", 88, _rounded(_double, _PLACE), **_FINE, shows="rounded"),
    items("users-as-doubles", 88, _users, **_FINE, shows="rounded user ids"),
    items("ids-of-32-bits", 24, _rounded(_truncated, _ID), **_FINE, shows="the lower 32 bits"),
    edits("later-ids-as-doubles", 88, _last_rounded, cls="rare-trigger", shows="but for the first"),
    bytes_of(
        "ids-with-exponent",
        24,
        lambda body: re.sub(rb"\b([0-9])([0-9]{18})\b", rb"\1.\2e18", body),
        cls="precision",
        shows="1.709040620191372977e18",
    ),
    bends("ids-collide", 89, {"ve_lookup": "double"}, **_FINE, shows="doubles are looked up"),
    edits(
        "ids-collide-everywhere",
        89,
        _seen_as_doubles,
        operation="",
        knobs={"ve_lookup": "double"},
        **_FINE,
        shows="doubles are looked up, by GetMessages as well",
    ),
    bends("neighbours-collide", 89, {"ve_lookup": "near"}, **_FINE, shows="id+1 finds id"),
]


def _single(_call: Call, place: str, reason: str, _code: int | str) -> str | None:
    return SHRUG if (place, reason) == (_PLACE, "single") else None


def _backwards(_call: Call, place: str, reason: str, _code: int | str) -> str | None:
    return PASS if (place, reason) == ("ReadIndex", "backwards") else None


_MODIFY, _CREATE, _SEND = "ModifyParticipantReadIndex", "CreateConversation", "SendMessage"
_ADD = "BatchAddConversationParticipant"

_NEIGHBOURS = [
    bends(
        "pair-created-anew",
        92,
        {"ve_pair_reused": False},
        operation=_CREATE,
        cls="idempotency",
        shows="a second conversation of the same pair",
    ),
    results(
        "pair-exist-false",
        92,
        lambda a: a["Result"].update(Exist=False),
        operation=_CREATE,
        shows="Exist is always false",
    ),
    tolerated("strangers-send", 93, ("Sender", "stranger"), operation=_SEND, shows="anyone sends"),
    miscoded(
        "stranger-code",
        93,
        "InvalidParam",
        ("Sender", "stranger"),
        operation=_SEND,
        shows="InvalidParam for a sender who is no member",
    ),
    bends(
        "client-id-ignored",
        "VE-GMRR-93a",
        {"ve_client_ids": False},
        operation=_SEND,
        cls="idempotency",
        shows="a second message with the same ClientMsgId",
    ),
    judges(
        "read-index-backwards",
        94,
        _backwards,
        operation=_MODIFY,
        cls="lifecycle",
        shows="ReadIndex goes back",
    ),
    tolerated(
        "one-to-one-grows",
        96,
        (_PLACE, "single"),
        operation=_ADD,
        shows="a third participant in one-to-one",
    ),
    judges("one-to-one-ignores", 96, _single, operation=_ADD, shows="success without effect"),
    miscoded(
        "one-to-one-code",
        96,
        "InvalidParam",
        (_PLACE, "single"),
        operation=_ADD,
        shows="InvalidParam",
    ),
]

ALL: list[Fault] = [*_EXACT, *_NEIGHBOURS]
