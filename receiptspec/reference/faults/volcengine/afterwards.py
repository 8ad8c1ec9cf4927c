"""Faults that other calls bring about: what a change, or a refusal, does to what was read."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.volcengine.families import (
    ASK,
    asked,
    edits,
    place_of,
    placed,
    receipts,
    unread_again,
)

__all__ = ["ALL"]

_READ, _UNREAD = "ReadUserIds", "UnReadUserIds"
_ADD, _REMOVE = "BatchAddConversationParticipant", "BatchDeleteConversationParticipant"
_MOVE, _RECALL, _DESTROY = "ModifyParticipantReadIndex", "RecallMessage", "DestroyConversation"
_ROUND = (10, 16, 20, 32, 50, 64)
_DOUBLE, _LARGE = 2**53, 2**62
Item = dict[str, Any]


def _failed(answer: Item) -> bool:
    return "Error" in answer["ResponseMetadata"]


def _later_reads_lost(operation: str) -> Callable[[Call, Item], None]:
    """Let nobody become a reader of messages that are older than a call."""

    def change(call: Call, answer: Item) -> None:
        place = place_of(call)
        if place is None or place.type != 2:
            return
        kept = call.memory("kept")
        if call.operation == operation and not _failed(answer):
            for message in place.messages.values():
                kept.setdefault(message.id, set(message.readers))
        for item in receipts(answer) if call.operation == ASK else ():
            known = kept.get(item["MessageId"])
            late = [user for user in item[_READ] if known is not None and user not in known]
            if late:
                unread_again(item, *late)

    return change


def _others_read(call: Call, answer: Item) -> None:
    place = place_of(call)
    for message in place.messages.values() if place and not _failed(answer) else ():
        for user in message.audience:
            if user != call.body["ParticipantUserId"]:
                message.readers.setdefault(user, outside.ticks())


def _newer_unread(call: Call, answer: Item) -> None:
    place = place_of(call)
    for message in place.messages.values() if place and not _failed(answer) else ():
        if message.index > call.body["ReadIndex"]:
            message.readers.pop(call.body["ParticipantUserId"], None)


def _unread_when_refused(kind: int) -> Callable[[Call, Item], None]:
    def change(call: Call, answer: Item) -> None:
        place = place_of(call)
        if place is not None and place.type == kind and _failed(answer):
            for message in place.messages.values():
                message.readers.clear()

    return change


def _joined_when_refused(call: Call, answer: Item) -> None:
    place = place_of(call)
    if place is not None and place.type == 1 and _failed(answer):
        for info in call.body.get("ParticipantInfos") or ():
            if isinstance(info, dict):
                place.join(info["ParticipantUserId"])


def _owned(call: Call, answer: Item, kind: int) -> list[Any]:
    """Return the conversations of a type that who has just destroyed one owns."""
    owner, known = call.body.get("OwnerUserId"), call.site.state.conversations.values()
    return [c for c in known if (c.type, c.owner) == (kind, owner) and not _failed(answer)]


def _destroyed_with(call: Call, answer: Item) -> None:
    for place in _owned(call, answer, 2):
        call.site.state.conversations.pop(place.id)


def _unread_with(call: Call, answer: Item) -> None:
    for place in _owned(call, answer, 1):
        for message in place.messages.values():
            message.readers.clear()


def _kept_of_repeats(call: Call, answer: Item) -> None:
    """Answer a question that names a message twice as it was answered first."""
    kept, ids = call.memory("repeats"), asked(call)
    if len({*map(str, ids)}) < len(ids) and receipts(answer):
        key = (call.body["ConversationShortId"], *ids)
        answer["Result"] = copy.deepcopy(kept.setdefault(key, copy.deepcopy(answer["Result"])))


def _unread_who_left_twice(call: Call, answer: Item) -> None:
    place, left = place_of(call), call.memory("left often")
    if place is None:
        return
    for user in call.body.get("ParticipantUserIds") or () if call.operation == _REMOVE else ():
        left[place.id, user] = left.get((place.id, user), 0) + 1
    for _, item in placed(call, answer, 2) if call.operation == ASK else ():
        often = [user for user in item[_READ] if left.get((place.id, user), 0) > 1]
        if often:
            unread_again(item, *often)


_ANY: dict[str, Any] = {"operation": ""}
_COUNTING: dict[str, Any] = {"cls": "counting"}

ALL: list[Fault] = [
    edits(
        "reads-after-leave-lost",
        36,
        _later_reads_lost(_REMOVE),
        **_ANY,
        **_COUNTING,
        shows="what was sent before somebody left gets no more readers",
    ),
    edits(
        "reads-after-join-lost",
        36,
        _later_reads_lost(_ADD),
        **_ANY,
        **_COUNTING,
        shows="what was sent before somebody joined gets no more readers",
    ),
    edits(
        "reads-after-recall-lost",
        36,
        _later_reads_lost(_RECALL),
        **_ANY,
        **_COUNTING,
        shows="what was sent before a recall gets no more readers",
    ),
    edits(
        "reads-after-move-lost",
        36,
        _later_reads_lost(_MOVE),
        **_ANY,
        **_COUNTING,
        shows="what was sent before a read index moved gets no more readers",
    ),
    edits(
        "index-reads-others",
        37,
        _others_read,
        operation=_MOVE,
        **_COUNTING,
        shows="all others have read when one member's read index moves",
    ),
    edits(
        "index-unreads-newer",
        36,
        _newer_unread,
        operation=_MOVE,
        **_COUNTING,
        shows="whose read index moves has read nothing behind it",
    ),
    edits(
        "refused-join-adds",
        37,
        _joined_when_refused,
        operation=_ADD,
        **_COUNTING,
        shows="a third whose adding to a pair is refused gets its messages",
    ),
    edits(
        "refused-join-unreads",
        34,
        _unread_when_refused(1),
        operation=_ADD,
        **_COUNTING,
        shows="nobody has read in a pair to which a third was to be added",
    ),
    edits(
        "refused-destroy-unreads",
        34,
        _unread_when_refused(1),
        operation=_DESTROY,
        **_COUNTING,
        shows="nobody has read in a pair that was to be destroyed",
    ),
    edits(
        "refused-question-unreads",
        36,
        _unread_when_refused(2),
        **_COUNTING,
        shows="nobody has read where a question was refused",
    ),
    edits(
        "refused-move-unreads",
        36,
        _unread_when_refused(2),
        operation=_MOVE,
        **_COUNTING,
        shows="nobody has read where the move of a read index was refused",
    ),
    edits(
        "twice-gone-never-reads",
        36,
        _unread_who_left_twice,
        **_ANY,
        **_COUNTING,
        shows="who has left twice and come back never reads",
    ),
    edits(
        "destroyed-with-others",
        1,
        _destroyed_with,
        operation=_DESTROY,
        **_COUNTING,
        shows="all groups of an owner are destroyed with one",
    ),
    edits(
        "destroy-unreads-pairs",
        34,
        _unread_with,
        operation=_DESTROY,
        **_COUNTING,
        shows="nobody has read in the pairs of an owner who destroys a group",
    ),
    edits(
        "repeats-kept",
        36,
        _kept_of_repeats,
        **_COUNTING,
        shows="a question with repeated ids is always answered as at first",
    ),
]
