"""Faults of conversations of two people in which much is sent, read and asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import SHRUG, Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.volcengine.families import (
    asked,
    bends,
    edits,
    judges,
    kind_of,
    place_of,
    placed,
    receipts,
    unread_again,
    without,
)
from receiptspec.reference.volcengine.state import Conversation, Message

__all__ = ["ALL"]

_READ, _UNREAD, _FLAG = "ReadUserIds", "UnReadUserIds", "ReceiverIsRead"
_SEND, _MAKE = "SendMessage", "CreateConversation"
_KEPT, _MOST, _TEXT = 2.0, 10, 10001
Item = dict[str, Any]


def _unread_where(test: Callable[[Conversation, Message], bool]) -> Callable[[Call, Item], None]:
    """Show messages of two people as unread where a test says so."""

    def change(call: Call, answer: Item) -> None:
        for place, item in placed(call, answer, 1):
            if test(place, place.messages[item["MessageId"]]):
                unread_again(item)

    return change


def _alone_unread(call: Call, answer: Item) -> None:
    for _, item in placed(call, answer, 1) if len(asked(call)) == 1 else ():
        unread_again(item)


def _alone_without(call: Call, answer: Item) -> None:
    if kind_of(call) == 1 and len(asked(call)) == 1:
        without(answer, asked(call))


def _read_after_newer(place: Conversation, message: Message) -> bool:
    newer = [other for other in place.messages.values() if other.index > message.index]
    return any(
        other.readers.get(user, at) < at for other in newer for user, at in message.readers.items()
    )


def _is_first(place: Conversation, message: Message) -> bool:
    return message.index == min(other.index for other in place.messages.values())


def _is_old(_: Conversation, message: Message) -> bool:
    return any(outside.ticks() - at > _KEPT for at in message.readers.values())


def _texts_alone(call: Call, answer: Item) -> None:
    others = [
        item["MessageId"]
        for place, item in placed(call, answer, 1)
        if place.messages[item["MessageId"]].type != _TEXT
    ]
    without(answer, others)


def _newest_ten(call: Call, answer: Item) -> None:
    place = place_of(call)
    if place is not None and place.type == 1:
        without(answer, [*place.messages][:-_MOST])


def _one_pair_a_sender(call: Call) -> None:
    """Forget the reads of all other pairs in which the sender has written."""
    here = place_of(call)
    for place in call.site.state.conversations.values() if kind_of(call) == 1 else ():
        for message in place.messages.values() if place is not here and place.type == 1 else ():
            if message.sender == call.body.get("Sender"):
                message.readers.clear()


def _inherits(call: Call, answer: Item) -> None:
    """Give a new message the readers of the recalled one before it."""
    place = place_of(call)
    if "Result" in answer and place is not None and place.type == 1:
        *_, before, new = [None, *place.messages.values()]
        if before is not None and new is not None and before.recalled:
            new.readers |= before.readers


def _shifted_at_recalled(call: Call, answer: Item) -> None:
    """Give each message from a recalled one on what belongs to the next."""
    found = receipts(answer)
    places = [place for place, _ in placed(call, answer, 1)]
    kept = [
        {name: item[name] for name in (_READ, _UNREAD, _FLAG)}
        for place, item in zip(places, found, strict=False)
        if not place.messages[item["MessageId"]].recalled
    ]
    for item, lists in zip(found, kept, strict=False):
        item.update(lists)


def _letters_in_groups(call: Call, answer: Item) -> None:
    """Answer in a group for messages of two people as well."""
    if kind_of(call) != 2 or not receipts(answer):
        return
    for place in call.site.state.conversations.values():
        for id_ in asked(call) if place.type == 1 else ():
            if id_ in place.messages:
                read, unread = call.site.state.split(call, place, place.messages[id_])
                named = {**receipts(answer)[0], "MessageId": id_}
                receipts(answer).append({**named, _READ: read, _UNREAD: unread})


def _is_named(call: Call) -> bool:
    core = call.body.get("ConversationCoreInfo") if isinstance(call.body, dict) else None
    return isinstance(core, dict) and core.get("ConversationType") == 1 and bool(core.get("Name"))


def _other_adds(call: Call, where: str, reason: str, _code: int | str) -> str | None:
    place = place_of(call)
    by_other = place is not None and call.body.get("Operator") != place.owner
    return SHRUG if (where, reason) == ("ConversationShortId", "single") and by_other else None


def _both_move(call: Call, answer: Item) -> None:
    place = place_of(call)
    if "Result" in answer and place is not None and place.type == 1:
        furthest = max(one.read_index for one in place.participants.values())
        for one in place.participants.values():
            one.read_index = furthest


_LISTS = ("VE-GMRR-36", "VE-GMRR-37", "VE-GMRR-41", "VE-GMRR-42")
_COUNTED: dict[str, Any] = {"cls": "rare-trigger", "also": _LISTS}

ALL: list[Fault] = [
    edits(
        "pairs-asked-alone-unread",
        34,
        _alone_unread,
        **_COUNTED,
        shows="between two people a message that is asked for alone is unread",
    ),
    edits(
        "pairs-asked-alone-empty",
        30,
        _alone_without,
        cls="batching",
        shows="between two people a message that is asked for alone has no item",
    ),
    bends(
        "pairs-read-the-last-alone",
        34,
        {"ve_pair_reads_at_once": 1},
        operation="hook.read",
        also=_LISTS,
        shows="of several messages that one of two people reads at once the last is read",
    ),
    edits(
        "pairs-read-no-older-one",
        34,
        _unread_where(_read_after_newer),
        **_COUNTED,
        shows="between two people a message that was read after a newer one is unread",
    ),
    edits(
        "pairs-first-message-unread",
        34,
        _unread_where(_is_first),
        **_COUNTED,
        shows="the first message of two people is never read",
    ),
    edits(
        "pairs-of-larger-owner-unread",
        34,
        _unread_where(lambda place, _: place.owner == max(place.participants)),
        **_COUNTED,
        shows="nothing is read where the larger of two ids has opened the conversation",
    ),
    edits(
        "pairs-read-texts-alone",
        34,
        _unread_where(lambda _, message: message.type != _TEXT),
        **_COUNTED,
        shows="between two people messages that are no text are never read",
    ),
    edits(
        "pairs-show-texts-alone",
        30,
        _texts_alone,
        cls="batching",
        shows="between two people messages that are no text have no item",
    ),
    edits(
        "pairs-end-at-ten",
        30,
        _newest_ten,
        cls="limits",
        shows="between two people the newest ten messages have items",
    ),
    Fault(
        name="ve-one-pair-a-sender",
        vendor="volcengine",
        operation=_SEND,
        requirement="VE-GMRR-34",
        request=_one_pair_a_sender,
        cls="isolation",
        shows="who writes to one person loses what others have read",
        also=_LISTS,
    ),
    edits(
        "pairs-inherit-of-recalled",
        34,
        _inherits,
        operation=_SEND,
        **_COUNTED,
        shows="between two people a message after a recalled one that was read is read",
    ),
    edits(
        "pairs-shift-at-recalled",
        34,
        _shifted_at_recalled,
        **{**_COUNTED, "cls": "batching"},
        shows="between two people a recalled message has the flag of the next, and so on",
    ),
    edits(
        "letters-in-groups",
        25,
        _letters_in_groups,
        cls="isolation",
        shows="a message of two people is answered for in a group",
    ),
    edits(
        "pairs-forget-reads",
        42,
        _unread_where(_is_old),
        cls="timing",
        waits=True,
        shows="between two people a read is forgotten after two seconds",
    ),
    bends(
        "named-pairs-are-new",
        92,
        {"ve_pair_reused": False},
        operation=_MAKE,
        when=_is_named,
        cls="idempotency",
        shows="two people have another conversation under a Name",
    ),
    judges(
        "other-of-two-adds",
        96,
        _other_adds,
        operation="BatchAddConversationParticipant",
        cls="roles",
        shows="the one who has not opened a conversation of two may add a third",
    ),
    edits(
        "indexes-of-two-move-together",
        95,
        _both_move,
        operation="ModifyParticipantReadIndex",
        cls="isolation",
        shows="between two people both read indexes move",
    ),
]
