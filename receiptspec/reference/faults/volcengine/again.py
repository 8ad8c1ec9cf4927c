"""Faults of sending again and at once, of what is foreign, and of positions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from receiptspec.reference.behaviour import PASS, Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.volcengine.families import (
    ASK,
    asked,
    bends,
    edits,
    judges,
    place_of,
    receipts,
    without,
)
from receiptspec.reference.faults.volcengine.writing import elsewhere, field
from receiptspec.reference.volcengine.state import Message

__all__ = ["ALL"]

_SEND, _ADD, _MOVE = "SendMessage", "BatchAddConversationParticipant", "ModifyParticipantReadIndex"
_READ, _UNREAD = "ReadUserIds", "UnReadUserIds"
Item = dict[str, Any]


# --- sending again, and at once --------------------------------------------------------------


def _sent(call: Call) -> Message | None:
    """Return the message that a call sends once more."""
    place, key = place_of(call), (field(call, "Sender"), field(call, "ClientMsgId"))
    return place.by_client_id.get(key) if place is not None and key[1] else None


def _counted(call: Call) -> None:
    """Forget a ClientMsgId once it has been used twice."""
    message, place = _sent(call), place_of(call)
    if message is None or place is None:
        return
    times = call.memory("times")
    times[message.id] = times.get(message.id, 1) + 1
    if times[message.id] > 2:
        del place.by_client_id[message.sender, message.client_id]


def _noted(call: Call) -> None:
    message = _sent(call)
    if message is not None:
        call.memory("again")[message.id] = True


def _noting(call: Call) -> None:
    if call.operation == _SEND:
        _noted(call)


def _left_out(call: Call, answer: Item) -> None:
    if call.operation == ASK:
        without(answer, call.memory("again"))


def _unread(call: Call) -> None:
    message = _sent(call)
    if message is not None:
        message.readers.clear()


def _first_unnamed(call: Call, answer: Item) -> None:
    if "Result" in answer and not field(call, "ClientMsgId"):
        key = (field(call, "ConversationShortId"), field(call, "Sender"))
        made = answer["Result"]["MessageId"]
        answer["Result"]["MessageId"] = call.memory("unnamed").setdefault(key, made)


def _cut_long(call: Call) -> None:
    if isinstance(field(call, "ClientMsgId"), str):
        call.body["ClientMsgId"] = call.body["ClientMsgId"][:64]


def _named_as(name: str, change: Callable[[str, Call], str], shows: str) -> Fault:
    """Take a ClientMsgId for another one."""

    def request(call: Call) -> None:
        given = field(call, "ClientMsgId")
        if isinstance(given, str):
            call.body["ClientMsgId"] = change(given, call)

    return Fault(
        name=f"ve-client-ids-{name}",
        vendor="volcengine",
        operation=_SEND,
        requirement="VE-GMRR-93a",
        level="SHOULD",
        cls="idempotency",
        request=request,
        shows=shows,
    )


def _same_at_once(call: Call, answer: Item) -> None:
    """Take the id of what another connection has just sent to the same conversation."""
    if "Result" in answer:
        place, made = field(call, "ConversationShortId"), answer["Result"]["MessageId"]
        other = call.meanwhile(f"sends {place}", made, within=0.5)
        answer["Result"]["MessageId"] = other if other is not None else made


def _lost_at_once(call: Call, answer: Item) -> None:
    """Take away again who was added by another connection just now."""
    place = place_of(call)
    if "Result" in answer and place is not None:
        users = [info.get("ParticipantUserId") for info in field(call, "ParticipantInfos")]
        for user in call.meanwhile(f"adds {place.id}", users, within=0.5) or ():
            place.participants.pop(user, None)


def _zero(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    nobody = field(call, "Sender") == 0
    return PASS if (place, reason) == ("Sender", "stranger") and nobody else None


_AGAIN = [
    Fault(
        name="ve-client-ids-kept-once",
        vendor="volcengine",
        operation=_SEND,
        requirement="VE-GMRR-93a",
        level="SHOULD",
        cls="idempotency",
        request=_counted,
        shows="a third sending under a ClientMsgId is another message",
    ),
    bends(
        "extras-make-new",
        "VE-GMRR-93a",
        {"ve_client_ids": False},
        operation=_SEND,
        when=lambda call: field(call, "Ext") is not None,
        cls="idempotency",
        shows="a message with Ext is another one each time",
    ),
    edits(
        "unnamed-are-one",
        "VE-GMRR-93a",
        _first_unnamed,
        operation=_SEND,
        cls="idempotency",
        shows="messages without a ClientMsgId are one",
    ),
    Fault(
        name="ve-client-ids-of-64",
        vendor="volcengine",
        operation=_SEND,
        requirement="VE-GMRR-93a",
        level="SHOULD",
        cls="precision",
        request=_cut_long,
        shows="ClientMsgIds are told apart by 64 letters",
    ),
    _named_as(
        "as-numbers",
        lambda text, _: str(int(text)) if text.isdecimal() else text,
        "ClientMsgIds of digits are told apart as numbers",
    ),
    _named_as(
        "in-ascii",
        lambda text, _: text.encode("ascii", "replace").decode(),
        "letters of a ClientMsgId that are no ASCII are one",
    ),
    _named_as(
        "without-marks",
        lambda text, _: re.sub("[^0-9A-Za-z]", "", text) if text.isascii() else text,
        "marks in a ClientMsgId do not count",
    ),
    _named_as(
        "with-texts",
        lambda text, call: f"{text}{field(call, 'Content')}" if text else text,
        "a ClientMsgId with another Content is another message",
    ),
    edits(
        "ids-at-once",
        "VE-GMRR-93a",
        _same_at_once,
        operation=_SEND,
        cls="isolation",
        shows="messages that are sent at the same time get the same id",
    ),
    edits(
        "repeated-gone",
        30,
        _left_out,
        operation="",
        request=_noting,
        cls="idempotency",
        shows="a message that was sent again has no item",
        also=("VE-GMRR-42",),
    ),
    Fault(
        name="ve-repeated-unread",
        vendor="volcengine",
        operation=_SEND,
        requirement="VE-GMRR-42",
        level="SHOULD",
        cls="idempotency",
        request=_unread,
        shows="a message that is sent again is unread again",
    ),
    edits(
        "added-at-once-lost",
        37,
        _lost_at_once,
        operation=_ADD,
        cls="isolation",
        shows="of two who are added at the same time one is a member",
        also=("VE-GMRR-40",),
    ),
    judges("nobody-sends", 93, _zero, operation=_SEND, shows="user 0 sends anywhere"),
]


# --- beside what is foreign, and positions ---------------------------------------------------


def _all_left_out(call: Call, answer: Item) -> None:
    if any(elsewhere(call)):
        without(answer, asked(call))


def _foreign_members(call: Call, answer: Item) -> None:
    for place, _ in elsewhere(call):
        for item in receipts(answer):
            item[_UNREAD] = list(place.participants)


def _outsider_sees_nothing(call: Call, answer: Item) -> None:
    place, viewer = place_of(call), field(call, "Operator")
    if place is not None and viewer is not None and viewer not in place.participants:
        for item in receipts(answer):
            item.update({"ReceiverIsRead": False, _READ: [], _UNREAD: []})


def _far_back(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    """Let an index go back by more than thirty messages."""
    here, index, user = place_of(call), field(call, "ReadIndex"), field(call, "ParticipantUserId")
    if (place, reason) != ("ReadIndex", "backwards") or here is None:
        return None
    now = here.participants[user].read_index
    between = [m for m in here.messages.values() if index < m.index <= now]
    return PASS if len(between) > 30 else None


def _begun(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    here, user = place_of(call), field(call, "ParticipantUserId")
    known = here is not None and call.memory("begun").get((here.id, user))
    return PASS if (place, reason) == ("ReadIndex", "backwards") and known else None


def _noting_begun(call: Call) -> None:
    place, infos = place_of(call), field(call, "ParticipantInfos")
    for info in infos if place is not None and isinstance(infos, list) else ():
        if isinstance(info, dict) and place is not None and info.get("ReadIndex"):
            call.memory("begun")[place.id, info.get("ParticipantUserId")] = True


_BESIDE = [
    edits(
        "foreign-empties",
        30,
        _all_left_out,
        cls="batching",
        shows="beside a message of another conversation none has an item",
        also=("VE-GMRR-37",),
    ),
    edits(
        "foreign-members",
        37,
        _foreign_members,
        cls="isolation",
        shows="beside a message of another conversation its members have not read",
        also=("VE-GMRR-40", "VE-GMRR-39"),
    ),
    edits(
        "outsider-sees-nothing",
        44,
        _outsider_sees_nothing,
        cls="roles",
        shows="empty lists for an Operator who is no member",
    ),
    judges(
        "index-far-back",
        94,
        _far_back,
        operation=_MOVE,
        cls="lifecycle",
        shows="a read index goes back by more than thirty messages",
    ),
    judges(
        "first-index-back",
        94,
        _begun,
        request=_noting_begun,
        operation="",
        cls="lifecycle",
        shows="the read index that a member began with goes back",
    ),
]

ALL: list[Fault] = [*_AGAIN, *_BESIDE]
