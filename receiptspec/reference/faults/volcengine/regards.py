"""Faults of lists taken for what is in them, and of what is there, or is not, before a call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call, Reply
from receiptspec.reference.faults.volcengine.families import (
    ASK,
    asked,
    done,
    edits,
    failures,
    place_of,
    results,
)

__all__ = ["ALL"]

_ADD, _LOOK = "BatchAddConversationParticipant", "GetMessages"
_LONE: dict[str, Any] = {"vendor": "volcengine", "operation": ASK, "cls": "leniency"}
Item = dict[str, Any]


def _unwrapping(name: str, *, inside: bool = False) -> Callable[[Call], None]:
    """Take a list of one for what is in it."""

    def request(call: Call) -> None:
        value = call.body.get(name) if isinstance(call.body, dict) else None
        inner = value[0] if isinstance(value, list) and len(value) == 1 else None
        if isinstance(inner, list) if inside else type(inner) is int:
            call.body[name] = inner

    return request


def _noting_members(call: Call) -> None:
    place = place_of(call)
    call.notes["there"] = [*place.participants] if place is not None else []


def _failed(call: Call, answer: Item) -> None:
    """Tell who was a member before as failed."""
    if done(answer):
        users = [info["ParticipantUserId"] for info in call.body["ParticipantInfos"]]
        answer["Result"]["FailedUserIds"] = [u for u in users if u in call.notes["there"]]


def _all_asked(call: Call) -> None:
    """Ask for all messages of the conversation instead."""
    place = place_of(call)
    if place is not None and any(id_ in place.messages for id_ in asked(call)):
        call.body["MessageIds"] = [*place.messages]


def _crash_in_empty(call: Call, sent: Reply) -> None:
    place = place_of(call)
    if place is not None and not place.messages and asked(call):
        sent.status, sent.body = 500, b"Internal Server Error"


def _number_of_another(error: Item) -> None:
    if error["Code"] == "InvalidAccessKey":
        error["CodeN"] = 100010


ALL: list[Fault] = [
    Fault(
        name="ve-conversation-in-list",
        requirement="VE-GMRR-11",
        request=_unwrapping("ConversationShortId"),
        shows="[id] is taken for ConversationShortId",
        **_LONE,
    ),
    Fault(
        name="ve-app-id-in-list",
        requirement="VE-GMRR-09",
        request=_unwrapping("AppId"),
        shows="[AppId] is taken for AppId",
        **_LONE,
    ),
    Fault(
        name="ve-message-ids-in-list",
        requirement="VE-GMRR-12",
        request=_unwrapping("MessageIds", inside=True),
        shows="[MessageIds] is taken for MessageIds",
        **_LONE,
    ),
    results(
        "pair-exist-omitted",
        92,
        lambda a: a["Result"].pop("Exist") if a["Result"].get("Exist") else None,
        operation="CreateConversation",
        shows="Exist is left out where it is true",
    ),
    edits(
        "members-failed",
        104,
        _failed,
        operation=_ADD,
        request=_noting_members,
        cls="idempotency",
        shows="FailedUserIds names who was a member already",
    ),
    Fault(
        name="ve-all-shown",
        vendor="volcengine",
        operation=_LOOK,
        requirement="VE-GMRR-103",
        level="SHOULD",
        request=_all_asked,
        cls="batching",
        shows="GetMessages shows the whole conversation",
    ),
    Fault(
        name="ve-crash-without-messages",
        vendor="volcengine",
        operation=ASK,
        requirement="SEC-02",
        reply=_crash_in_empty,
        cls="transport",
        shows="HTTP 500 for a conversation in which nothing was sent",
    ),
    failures(
        "number-of-unknown-key",
        63,
        _number_of_another,
        operation="",
        shows="CodeN 100010 beside InvalidAccessKey",
    ),
]
