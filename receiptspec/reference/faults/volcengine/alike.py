"""Faults of what is alike without being the same: joined ids, equal words, other conversations."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.volcengine.families import (
    ASK,
    asked,
    edits,
    kind_of,
    place_of,
    receipts,
    tolerated,
)
from receiptspec.reference.faults.volcengine.writing import field
from receiptspec.reference.volcengine.state import LIVE, Conversation

__all__ = ["ALL"]

_READ, _UNREAD, _FLAG = "ReadUserIds", "UnReadUserIds", "ReceiverIsRead"
_MOST = 100
_ISOLATION: dict[str, Any] = {"cls": "isolation"}
Item = dict[str, Any]


def _without_zero(_call: Call, answer: Item) -> None:
    for item in receipts(answer):
        for name in (_READ, _UNREAD):
            item[name] = [user for user in item[name] if user]


def _joined(place: Conversation) -> str:
    return "".join(map(str, sorted(place.participants)))


def _by_joined_ids(call: Call, answer: Item) -> None:
    """Answer with an older pair whose ids, the lower one first, make the same text."""
    made, known = answer.get("Result") or {}, call.site.state.conversations
    own = known.get(made.get("ConversationShortId"))
    for place in known.values() if own is not None and own.type == 1 else ():
        if place.type == 1 and _joined(place) == _joined(own):
            made |= {"ConversationShortId": place.id, "Exist": made["Exist"] or place is not own}
            return


def _from_anywhere(call: Call, answer: Item) -> None:
    """Show messages of other conversations with their readers among the members of this one."""
    place, known = place_of(call), call.site.state.conversations
    if place is None or "Result" not in answer:
        return
    for number in asked(call):
        found = [c.messages[number] for c in known.values() if number in c.messages]
        if found and number not in place.messages:
            (message,) = found
            people = [user for user in place.participants if user != message.sender]
            item = {
                "MessageId": number,
                "ConversationShortId": place.id,
                _FLAG: False,
                _READ: [user for user in people if user in message.readers],
                _UNREAD: [user for user in people if user not in message.readers],
            }
            receipts(answer).append(item)


def _read_by_words(call: Call, answer: Item) -> None:
    """Let a read count for all messages of the conversation with the same words."""
    place = place_of(call)
    if place is None:
        return
    for item in receipts(answer):
        content = place.messages[item["MessageId"]].content
        alike = [other for other in place.messages.values() if other.content == content]
        more = [user for user in item[_UNREAD] if any(user in m.readers for m in alike)]
        item[_READ] += more
        item[_UNREAD] = [user for user in item[_UNREAD] if user not in more]
        item[_FLAG] = item[_FLAG] or bool(more)


def _moved_everywhere(call: Call, answer: Item) -> None:
    user, index = field(call, "ParticipantUserId"), field(call, "ReadIndex")
    for place in call.site.state.conversations.values() if "Result" in answer else ():
        if user in place.participants:
            place.participants[user].read_index = index


def _first_hundred(call: Call) -> None:
    if len(asked(call)) > _MOST:
        call.body["MessageIds"] = asked(call)[:_MOST]


ALL: list[Fault] = [
    edits(
        "user-zero-left-out",
        37,
        _without_zero,
        cls="roles",
        shows="user 0 is in no list",
        also=("VE-GMRR-40",),
    ),
    edits(
        "pairs-by-joined-ids",
        92,
        _by_joined_ids,
        operation="CreateConversation",
        **_ISOLATION,
        shows="two pairs whose ids make the same text are one",
    ),
    edits(
        "messages-from-anywhere",
        25,
        _from_anywhere,
        **_ISOLATION,
        shows="messages of other conversations are shown as messages of the one that is named",
    ),
    edits(
        "read-of-same-words",
        36,
        _read_by_words,
        **_ISOLATION,
        shows="a read counts for all messages of a conversation with the same words",
        also=("VE-GMRR-34", "VE-GMRR-37"),
    ),
    tolerated(
        "strangers-send-live",
        93,
        ("Sender", "stranger"),
        operation="SendMessage",
        when=lambda call: kind_of(call) == LIVE,
        cls="leniency",
        shows="who is no member sends to a live group",
    ),
    edits(
        "position-everywhere",
        95,
        _moved_everywhere,
        operation="ModifyParticipantReadIndex",
        **_ISOLATION,
        shows="a read index moves in all conversations of its user",
    ),
    Fault(
        name="ve-first-hundred",
        vendor="volcengine",
        operation=ASK,
        requirement="VE-GMRR-30",
        level="SHOULD",
        request=_first_hundred,
        cls="batching",
        shows="what stands behind the first hundred ids is left out",
    ),
]
