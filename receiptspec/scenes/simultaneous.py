"""Writes of several people, or to several, that are made at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Conversation, Message
from receiptspec.scenes.direct import keeps_history, until_listed, unwritten
from receiptspec.scenes.groups import Asked
from receiptspec.scenes.membership import Told, told_members
from receiptspec.scenes.together import refused_together
from receiptspec.scenes.unread import SECOND, marking
from receiptspec.stage import Stage

__all__ = ["Added", "Letters", "Marked", "added", "letters", "marked"]

_EACH = 2  # letters of each writer


@dataclass(frozen=True, slots=True)
class Counted:
    """How many letters of each writer are unread, and the answer that tells it."""

    answer: Answer
    numbers: Mapping[Any, int]


@dataclass(frozen=True, slots=True)
class Letters:
    """Letters of two people to a third that were sent at the same time, while accounts were made.

    `sent` are those that were accepted, each with its number, `history` and `unread` show them.
    `refused` are sends, and `refused_imports` imports of one account, that were refused then and
    not alone.
    """

    conversations: tuple[Conversation, ...]
    sent: tuple[tuple[Message, int], ...]
    history: Asked
    unread: Counted
    refused: tuple[Answer, ...]
    refused_imports: tuple[Answer, ...]

    def of(self, conversation: Conversation) -> tuple[Message, ...]:
        """Return the letters of one conversation."""
        return tuple(message for message, _ in self.sent if message.conversation == conversation)


@dataclass(frozen=True, slots=True)
class Marked:
    """What is unread of two writers whose letters were marked at the same time.

    As many letters as `meanwhile` says, each of the first, came at that time.
    """

    writers: tuple[Any, ...]
    meanwhile: int
    unread: Counted
    refused: tuple[Answer, ...]


def letters(stage: Stage) -> Letters:
    """Let two write to a third at the same time, while an account is made by two calls."""
    keeps_history(stage)
    near = unwritten(stage, 10, 2)
    far = replace(near, owner=(c := unwritten(stage, 11, 2).owner), members=(c, near.members[1]))
    sends, told = [], []
    for conversation in (near, far):
        for turn in range(_EACH):
            number = stage.number("letters at once", turn, conversation.owner)
            told.append((conversation, number % 2**32))
            sends.append(
                stage.driver.send_message(
                    conversation, conversation.owner, receipt=True, number=number
                )
            )
    imports = stage.driver.make_users([f"rs{stage.namespace}{stage.anew}-twice"]) * 2
    calls = [*sends, *imports]
    answers = stage.at_once(calls, len(calls))
    posted, made = answers[: len(sends)], answers[len(sends) :]
    sent = tuple(
        (stage.noted(conversation, answer, conversation.owner), number)
        for (conversation, number), answer in zip(told, posted, strict=True)
        if answer.accepted
    )
    messages = tuple(message for message, _ in sent if message.conversation == near)
    history = until_listed(stage, near, messages)
    wanted = {p.owner: sum(m.conversation == p for m, _ in sent) for p in (near, far)}
    unread = _counted(stage, near.members[1], wanted)
    refused = refused_together(stage, sends, posted)
    return Letters(
        (near, far), sent, history, unread, refused, refused_together(stage, imports, made)
    )


def marked(stage: Stage) -> Marked:
    """Let the receiver mark both conversations at the same time, a second after the letters."""
    scene = stage.scene(letters)
    near, far = scene.conversations
    if scene.refused or not (scene.of(near) and scene.of(far)):
        raise NotExercised("no letters of both came at the same time")
    reader = near.members[1]
    stage.let_pass(stage.told(scene.sent[-1][0]), SECOND)
    calls = [marking(stage, conversation, reader) for conversation in scene.conversations]
    number = stage.number("a letter meanwhile")
    send = stage.driver.send_message(near, near.owner, receipt=True, number=number)
    *answers, sent = stage.at_once([*calls, send])
    refused = refused_together(stage, calls, answers)
    if not all(answer.accepted for answer in answers):
        return Marked((), 0, scene.unread, refused)
    unread = _counted(stage, reader, {near.owner: int(sent.accepted), far.owner: 0}, most=True)
    return Marked((near.owner, far.owner), int(sent.accepted), unread, refused)


def _counted(stage: Stage, user: Any, wanted: Mapping[Any, int], *, most: bool = False) -> Counted:
    """Count what a user has not read of peers until it is so many, or no more than that."""
    call = stage.driver.count_unread(user, [*wanted])

    def count() -> Counted:
        answer = stage.call(call)
        return Counted(answer, stage.driver.unread_counts(answer) if answer.accepted else {})

    def fits(found: Counted) -> bool:
        numbers = found.numbers
        return all(
            peer in numbers and (numbers[peer] == number or (most and numbers[peer] < number))
            for peer, number in wanted.items()
        )

    return stage.until(count, fits)


@dataclass(frozen=True, slots=True)
class Added:
    """The answers to additions to one group at the same time, each with whom it named.

    `told` is who is there afterwards, `refused` what was refused then and not alone.
    """

    answers: tuple[tuple[Any, Answer], ...]
    told: Told | None
    refused: tuple[Answer, ...]


def added(stage: Stage) -> Added:
    """Let two people be added to a group at the same time, by a call for each."""
    if not stage.driver.over_http:
        raise NotExercised("every member would be a program of its own")
    people = stage.users(7)[5:]
    group = stage.group(2)
    calls = [stage.driver.add_members(group, [user]) for user in people]
    stage.let_show()
    answers = stage.at_once(calls)
    whole = replace(group, members=(*group.members, *people))
    fine = all(answer.accepted and not stage.driver.kept_out(answer) for answer in answers)
    told = told_members(stage, whole, whole.members) if fine else None
    pairs = tuple(zip(people, answers, strict=True))
    return Added(pairs, told, refused_together(stage, calls, answers))
