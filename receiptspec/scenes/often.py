"""What has shown to everybody, looked at again and again: whoever answers has to know of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Call, Conversation, Message
from receiptspec.scenes.direct import pair
from receiptspec.scenes.groups import Asked, asked, newborn, settled, tries_to_read, until_shown
from receiptspec.scenes.membership import Told, told_members
from receiptspec.scenes.unread import SECOND, Count, marking, of_peer, unread, until_unread
from receiptspec.stage import Stage

__all__ = ["OfConversation", "OfPeople", "of_group", "of_letters", "of_pair"]

_LOOKS = 10
_ONLY_LOOKS = 16  # where there is nothing to ask for but receipts


@dataclass(frozen=True, slots=True)
class OfConversation:
    """A message that one member has read, newer ones, and all answers about it and the members.

    `reader` is ``None`` where nobody could read, `shown` whether the read has shown at all.
    `members` are first all, and when one had been removed those who stayed; `few` is what was
    answered when one of them was asked for.
    """

    messages: tuple[Message, ...]
    reader: Any
    shown: bool
    fresh: Asked
    asked: tuple[Asked, ...]
    histories: tuple[Answer, ...] = ()
    members: tuple[Told, ...] = ()
    few: Answer | None = None


def of_group(stage: Stage) -> OfConversation:
    """Read a message of a new group, send another, remove a member; look at all when it has shown.

    All was looked at before, the members a few at a time and then all of them.
    """
    _over_http(stage)
    group, driver = stage.group(4), stage.driver
    first = stage.say(group)
    fresh = newborn(stage, group, first)
    if not fresh.answer.accepted:  # one of several may be asked that does not know the group
        fresh = newborn(stage, group, first)
    fresh.receipt(first)
    reader, gone = group.members[1], group.members[3]
    looks: dict[str, Call] = {}
    begun: dict[str, Answer] = {}
    for name, make in (
        ("histories", partial(driver.look_at_group, group)),
        ("few", partial(driver.few_members, group)),
    ):
        with suppress(NotExercised):
            looks[name] = make()
            begun[name] = stage.call(looks[name])
    told = []
    if looks.pop("few", None) is not None:
        told.append(told_members(stage, group, group.members))
    stage.must(driver.remove_member(group, gone))
    stayed = replace(group, members=tuple(m for m in group.members if m != gone))
    second = stage.say(stayed)
    read = tries_to_read(stage, reader, first)
    shown = read and _has_read(settled(stage, fresh, (first,), {first.id: 1}), fresh, first)
    if "histories" in looks:
        until_shown(stage, group, [first.id, second.id])
    if told:
        told_members(stage, stayed, stayed.members)
        looks["members"] = driver.ask_members(stayed)
    stage.let_show()
    found: dict[str, list[Answer]] = {name: [] for name in looks}
    answers = []
    for _ in range(_LOOKS if looks else _ONLY_LOOKS):
        answers.append(asked(stage, stage.ask(stayed, [first])))
        for name, call in looks.items():
            found[name].append(stage.call(call))
    return OfConversation(
        (first, second),
        reader if read else None,
        shown,
        fresh,
        tuple(answers),
        tuple(found.get("histories", ())),
        (*told, *(_told(stage, stayed, answer) for answer in found.get("members", ()))),
        begun.get("few"),
    )


def of_pair(stage: Stage) -> OfConversation:
    """Read a message of two people, and ask for it again and again when the read has shown."""
    _over_http(stage)
    if stage.driver.make_pair(*stage.users(2)) is None:
        raise NotExercised("two people have no conversation like any other")
    conversation = stage.pair(*stage.users(6)[4:])
    first = stage.say(conversation)
    fresh = newborn(stage, conversation, first)
    fresh.receipt(first)
    reader = conversation.members[1]
    read = tries_to_read(stage, reader, first)
    shown = read and _has_read(settled(stage, fresh, (first,), {first.id: 1}), fresh, first)
    stage.let_show()
    answers = tuple(asked(stage, stage.ask(conversation, [first])) for _ in range(_ONLY_LOOKS))
    return OfConversation((first,), reader if read else None, shown, fresh, answers)


@dataclass(frozen=True, slots=True)
class OfPeople:
    """Two letters of which one was acknowledged, and how many the receiver has not read.

    `shown` says whether the receipt has shown at all, `marked` whether marking was accepted and
    has shown.
    """

    acknowledged: Message
    other: Message
    shown: bool
    marked: bool
    histories: tuple[Asked, ...]
    counts: tuple[Count, ...]


def of_letters(stage: Stage) -> OfPeople:
    """Acknowledge one of two letters and mark all as read; look when that has shown."""
    _over_http(stage)
    if not stage.driver.keeps_history:
        raise NotExercised("there is no history of two people")
    conversation = pair(stage, 8, 4)
    a, b = conversation.members
    first, second = stage.say(conversation), stage.say(conversation)
    view = stage.driver.look(conversation, a)
    look: Callable[[], Asked] = lambda: asked(stage, stage.call(view))  # noqa: E731
    stage.until(look, lambda seen: {first.id, second.id} <= seen.receipts.keys())
    stage.until(lambda: unread(stage, b, a), bool)
    stage.reads(b, [first])
    seen = stage.until(look, lambda seen: _is_read(seen, first))
    stage.let_pass(stage.told(second), SECOND)
    accepted = stage.call(marking(stage, conversation, b)).accepted
    after = until_unread(stage, b, a, 0)
    stage.let_show()
    looks = [(look(), of_peer(stage, b, a)) for _ in range(_LOOKS)]
    return OfPeople(
        first,
        second,
        _is_read(seen, first),
        accepted and after.number == 0,
        tuple(history for history, _ in looks),
        tuple(count for _, count in looks),
    )


def _over_http(stage: Stage) -> None:
    if not stage.driver.over_http:
        raise NotExercised("an SDK answers from what it has itself")


def _told(stage: Stage, group: Conversation, answer: Answer) -> Told:
    return Told(answer, group.members, stage.driver.members(answer))


def _is_read(seen: Asked, message: Message) -> bool:
    receipt = seen.receipts.get(message.id)
    return receipt is not None and bool(receipt.peer_read)


def _has_read(after: Asked, fresh: Asked, message: Message) -> bool:
    before, now = fresh.receipt(message), after.receipts.get(message.id)
    return now is not None and now.known and (now.read or 0) - (before.read or 0) == 1
