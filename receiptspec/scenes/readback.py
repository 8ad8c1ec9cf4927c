"""What was sent, beside what is read back of it."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Conversation, Message
from receiptspec.scenes import counting, direct, history, lifecycle, people, unread
from receiptspec.scenes.calls import sandbox
from receiptspec.scenes.groups import until_shown
from receiptspec.stage import Stage

__all__ = [
    "Back",
    "Kept",
    "beside_recalled",
    "full",
    "imported",
    "imported_too_many",
    "listings",
    "looked_back",
    "of_groups",
    "of_leaver",
    "of_pairs",
    "older",
    "texts_in",
]


_MOST = 20  # messages of a group that are looked at in one call


@dataclass(frozen=True, slots=True)
class Kept:
    """The answer to a message, the answer of a history, and what that shows of the message.

    `sent` is ``None`` for what nobody sent here.
    """

    conversation: Conversation
    sent: Answer | None
    answer: Answer
    item: Mapping[str, Any]


def of_groups(stage: Stage) -> tuple[Kept, ...]:
    """Read back what several have sent to one group, and messages with more than a text."""
    messages = [*stage.scene(people.many_senders).messages]
    with contextlib.suppress(NotExercised):  # no message but a plain text may be taken
        messages += stage.scene(people.adorned).messages
    found: list[Kept] = []
    for group in dict.fromkeys(message.conversation for message in messages):
        own = [message for message in messages if message.conversation == group]
        answer = until_shown(stage, group, [message.id for message in own])
        shown = stage.driver.group_history(answer) if answer.accepted else {}
        found += [
            Kept(group, stage.told(message), answer, shown[message.id])
            for message in own
            if message.id in shown
        ]
    return tuple(found)


def listings(stage: Stage) -> tuple[tuple[tuple[Any, ...], Answer], ...]:
    """Look at groups to which several have sent, the same text among others; return what was sent.

    Only so many of the newest as one look shows.
    """
    sent = [stage.scene(people.many_senders).messages]
    with contextlib.suppress(NotExercised):  # no message with options may be taken
        sent.append(stage.scene(people.optional).messages)
    found = []
    for messages in sent:
        ids = tuple(sorted(message.id for message in messages)[-_MOST:])
        found.append((ids, until_shown(stage, messages[0].conversation, ids)))
    return tuple(found)


def of_pairs(stage: Stage) -> tuple[Kept, ...]:
    """Return all that both sides read back of what two wrote in turns, and of what few send so."""
    turns = stage.scene(history.in_turns)
    messages: list[Message] = [*turns.acknowledged, *turns.others]
    pages = [page for walk in turns.walks.values() for page in walk.pages]
    looks = [(messages[0].conversation, page.answer) for page in pages]
    with contextlib.suppress(NotExercised):
        unsigned = stage.scene(direct.unsigned)
        messages.append(unsigned.message)
        views = (unsigned.by_sender.answer, unsigned.by_receiver.answer)
        looks += [(unsigned.message.conversation, answer) for answer in views]
    with contextlib.suppress(NotExercised):  # not every option may be taken
        full = stage.scene(direct.with_everything)
        messages.append(full.message)
        views = (full.by_sender.answer, full.by_receiver.answer)
        looks += [(full.message.conversation, answer) for answer in views]
    with contextlib.suppress(NotExercised):
        odd = stage.scene(direct.unusual)
        messages += [message for message, _, _ in odd.receipts]
        looks.append((odd.receipts[0][0].conversation, odd.seen.answer))
    with contextlib.suppress(NotExercised):
        letters = stage.scene(unread.mailbox).letters
        if letters:
            messages += letters
            place = letters[0].conversation
            looks.append((place, direct.until_listed(stage, place, letters).answer))
    known = {message.id: stage.told(message) for message in messages}
    return tuple(
        Kept(conversation, known.get(id_), answer, item)
        for conversation, answer in looks
        if answer.accepted
        for id_, item in stage.driver.direct_history(answer).items()
    )


@dataclass(frozen=True, slots=True)
class Back:
    """What was answered to a call for at most `size` messages, back from the last of `wanted`."""

    wanted: tuple[Any, ...]
    size: int
    answer: Answer


def looked_back(stage: Stage) -> tuple[Back, ...]:
    """Ask for two messages back from the last, for as many back from the one before, and for one.

    Each call differs from the one before it in one field.
    """
    older, middle, newer = messages = stage.scene(people.many_senders).messages
    group = messages[0].conversation
    until_shown(stage, group, [message.id for message in messages])
    looks = (((middle.id, newer.id), 2), ((older.id, middle.id), 2), ((middle.id,), 1))
    return tuple(
        Back(wanted, size, stage.call(stage.driver.look_back(group, wanted[-1], size)))
        for wanted, size in looks
    )


def older(stage: Stage) -> tuple[tuple[Any, ...], Answer]:
    """Look back from an old one of many messages; return those to be shown, and the answer."""
    messages = stage.scene(counting.batch).messages
    group, ids = messages[0].conversation, (messages[2].id,)
    call = stage.driver.look_back(group, ids[0], 2)
    answer = stage.until(
        lambda: stage.call(call),
        lambda shown: not shown.accepted or set(ids) <= set(stage.driver.group_history(shown)),
    )
    return ids, answer


def full(stage: Stage) -> tuple[tuple[Any, ...], Answer]:
    """Look back from the newest of many messages, at as many as one answer holds.

    Returns those that are in this range, and the answer.
    """
    messages = stage.scene(counting.batch).messages
    group, newest = messages[0].conversation, messages[-1].id
    ids = tuple(message.id for message in messages if newest - _MOST < message.id)
    call = stage.driver.look_back(group, newest, _MOST)
    answer = stage.until(
        lambda: stage.call(call),
        lambda shown: not shown.accepted or set(ids) <= set(stage.driver.group_history(shown)),
    )
    return ids, answer


def of_leaver(stage: Stage) -> tuple[tuple[Any, ...], Answer]:
    """Look for what somebody has sent who has left; return what is to be shown, and the answer."""
    messages = stage.scene(people.survivors).messages
    ids = tuple(message.id for message in messages)
    return ids, until_shown(stage, messages[0].conversation, ids)


def beside_recalled(stage: Stage) -> tuple[Kept, ...]:
    """Read back the messages of a group of which some were recalled."""
    messages = stage.scene(lifecycle.spared).extra["others"]
    group = messages[0].conversation
    answer = until_shown(stage, group, [message.id for message in messages])
    shown = stage.driver.group_history(answer) if answer.accepted else {}
    return tuple(
        Kept(group, stage.told(message), answer, shown[message.id])
        for message in messages
        if message.id in shown
    )


@dataclass(frozen=True, slots=True)
class Imported:
    """As many old messages as one call takes: the call, its answer, the history around it."""

    sent: Mapping[str, Any]
    answer: Answer
    before: Answer
    history: Answer | None
    ids: tuple[Any, ...]


def imported(stage: Stage, most: int) -> Imported:
    """Import as many messages as one call takes, and look until all are there."""
    group = stage.scene(sandbox).conversation
    stage.let_age(group, most + 2.2)
    stage.let_show()
    before = stage.call(stage.driver.look_at_group(group))
    call = stage.driver.import_messages(group, most)
    answer = stage.call(call)
    ids = tuple(stage.driver.imported(answer)) if answer.accepted else ()
    shown = until_shown(stage, group, ids) if ids else None
    return Imported(call.body, answer, before, shown, ids)


def texts_in(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the texts of all messages that a call imports."""
    parts = [part for item in body["MsgList"] for part in item["MsgBody"]]
    return tuple(part["MsgContent"]["Text"] for part in parts)


@dataclass(frozen=True, slots=True)
class Crowded:
    """The texts of too many messages, the answer to their import, those that it says are there.

    Before the history was looked at, `message` was sent with the text `text`, and one of its random
    number was imported with the text `imported`.
    """

    sent: tuple[str, ...]
    answer: Answer
    ids: tuple[Any, ...]
    message: Message
    text: str
    imported: str
    history: Answer


def imported_too_many(stage: Stage, most: int) -> Crowded:
    """Import one message more than a call takes, then one with the number of one that was sent."""
    driver, group = stage.driver, stage.scene(sandbox).conversation
    stage.let_age(group, most + 3.2)
    many = driver.import_messages(group, most + 1)
    answer = stage.call(many)
    ids = tuple(driver.imported(answer)) if answer.accepted else ()
    number, text = stage.number("imported beside", group.id), "a text that stays"
    call = driver.send_message(group, group.owner, receipt=False, number=number)
    message = stage.post(group, driver.with_texts(call, text), receipt=False)
    stage.let_show()
    one = driver.import_messages(group, 1, number)
    stage.call(one)
    stage.let_show()
    (imported_,) = texts_in(one.body)
    history_ = until_shown(stage, group, {*ids, message.id})
    return Crowded(texts_in(many.body), answer, ids, message, text, imported_, history_)
