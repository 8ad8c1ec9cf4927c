"""Faults of pairs that are used and opened again, and of what neighbours let through."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import PASS, Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.volcengine.families import (
    ASK,
    edits,
    judges,
    place_of,
    placed,
    without,
)

__all__ = ["ALL"]

_FLAG, _READ = "ReceiverIsRead", "ReadUserIds"
_SEND, _MAKE = "SendMessage", "CreateConversation"
Item = dict[str, Any]


def _read_ones_gone(call: Call, answer: Item) -> None:
    without(answer, [item["MessageId"] for _, item in placed(call, answer, 1) if item[_READ]])


def _flag_until_reply(call: Call, answer: Item) -> None:
    for place, item in placed(call, answer, 1):
        message = place.messages[item["MessageId"]]
        replies = [m for m in place.messages.values() if m.sender != message.sender]
        if any(m.index > message.index for m in replies):
            item[_FLAG] = False


def _noting_openings(call: Call) -> None:
    if call.operation == _MAKE:
        people = (call.body.get("OwnerUserId"), call.body.get("OtherUserId"))
        call.memory("opener")[frozenset(map(str, people))] = people[0]


def _flag_of_opener(call: Call, answer: Item) -> None:
    """Take whoever opened the conversation last for the sender of every message."""
    for place, item in placed(call, answer, 1) if call.operation == ASK else ():
        opener = call.memory("opener").get(frozenset(map(str, place.participants)))
        if opener not in (None, place.owner):
            item[_FLAG] = opener in item[_READ]


def _pairs_by_or(call: Call, answer: Item) -> None:
    """Find the conversation of two people by the exclusive or of their ids."""
    one, other = call.body.get("OwnerUserId"), call.body.get("OtherUserId")
    if "Result" in answer and type(one) is int and type(other) is int and other:
        made = answer["Result"]["ConversationShortId"]
        first = call.memory("pairs").setdefault(one ^ other, made)
        answer["Result"]["ConversationShortId"] = first


def _new_when_used(call: Call, answer: Item) -> None:
    made = (answer.get("Result") or {}).get("ConversationShortId")
    place = call.site.state.conversations.get(made)
    if place is not None and place.messages and answer["Result"].get("Exist"):
        answer["Result"]["Exist"] = False


def _names_cut(call: Call) -> None:
    if isinstance(call.body.get("ClientMsgId"), str):
        call.body["ClientMsgId"] = call.body["ClientMsgId"][:32].lower()


def _managers_go_back(call: Call, where: str, reason: str, _code: int | str) -> str | None:
    place, user = place_of(call), call.body.get("ParticipantUserId")
    one = place.participants.get(user) if place is not None else None
    manager = one is not None and one.role == 2
    return PASS if (where, reason) == ("ReadIndex", "backwards") and manager else None


ALL: list[Fault] = [
    edits(
        "read-messages-gone-in-pairs",
        30,
        _read_ones_gone,
        cls="lifecycle",
        shows="between two people a message has no item once it was read",
    ),
    edits(
        "flag-until-the-reply",
        34,
        _flag_until_reply,
        cls="roles",
        shows="ReceiverIsRead is false again when the other has answered",
        also=("VE-GMRR-41",),
    ),
    edits(
        "flag-of-who-opened-last",
        34,
        _flag_of_opener,
        operation="",
        request=_noting_openings,
        cls="roles",
        shows="opening the conversation from the other side turns ReceiverIsRead",
        also=("VE-GMRR-41",),
    ),
    edits(
        "pairs-by-exclusive-or",
        92,
        _pairs_by_or,
        operation=_MAKE,
        cls="isolation",
        shows="pairs whose ids have the same exclusive or share a conversation",
    ),
    edits(
        "used-pairs-are-new",
        92,
        _new_when_used,
        operation=_MAKE,
        cls="lifecycle",
        shows="Exist is false for a conversation in which something was written",
    ),
    Fault(
        name="ve-client-ids-cut",
        vendor="volcengine",
        operation=_SEND,
        requirement="VE-GMRR-93a",
        level="SHOULD",
        request=_names_cut,
        cls="precision",
        shows="ClientMsgIds are told apart by 32 letters, in no case",
    ),
    judges(
        "managers-go-back",
        94,
        _managers_go_back,
        operation="ModifyParticipantReadIndex",
        cls="roles",
        shows="the read index of a manager moves back",
    ),
]
