"""A message that was read, and all that goes on around it and is no matter of its receipt."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Call, Conversation, Kind, Message, Receipt
from receiptspec.scenes.groups import Asked, asked, named_twice, naming, newborn, settled
from receiptspec.stage import Stage

__all__ = ["Glance", "Moves", "Quiet", "glances", "moves", "plain", "quiet"]


@dataclass(frozen=True, slots=True)
class Glance:
    """What was answered about a message, who was there, its sender first, and who had read it.

    Nothing is said of those who are `open`. Those who are `loose` have left or come since: they may
    be listed or not, as what they are. The readers among them are `readers` as well.
    """

    asked: Asked
    message: Message
    there: tuple[Any, ...]
    readers: tuple[Any, ...]
    open: tuple[Any, ...] = ()
    loose: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Quiet:
    """A group of seven, and a member's message that another member has read.

    `named_twice` is what was answered about it when it was named twice in one question, and
    `letter` what was answered about a letter of the group's owner, where there are such.
    """

    group: Conversation
    message: Message
    reader: Any
    glance: Glance
    named_twice: Glance | None = None
    letter: Glance | None = None


@dataclass(frozen=True, slots=True)
class Moves:
    """What was answered when two had gone and two had come, and to one who sent being gone."""

    group: Conversation
    glances: tuple[Glance, ...]
    gone: Answer


def quiet(stage: Stage) -> Quiet:
    """Let a member read what another has sent; then make calls that change nothing about it.

    The reader sends and takes back, the message is looked at and sent once more, some members are
    asked for, and a group of the same people is left by the reader and dismissed. What the owner
    has written to somebody, who has read it, is asked for after that as well.
    """
    naming(stage)
    group, driver = stage.group(7), stage.driver
    owner, sender, reader, idle, *_ = group.members
    number = stage.number("quiet", group.id)
    call = driver.send_message(group, sender, receipt=True, number=number)
    message = stage.post(group, call, sender=sender)
    before = newborn(stage, group, message)
    before.receipt(message)
    twice = stage.ask(group, [message, message]).accepted
    stage.reads(reader, [message])
    settled(stage, before, (message,), {message.id: 1})
    letter = _letter(stage, owner)
    _tried(stage, lambda: driver.recall(stage.say(group, sender=reader)), lambda: call)
    elsewhere = stage.group(4)
    _tried(
        stage,
        lambda: driver.remove_member(elsewhere, reader),
        lambda: driver.dismiss(elsewhere),
        lambda: driver.look_at_messages(group, [message.id]),
        lambda: driver.ask_members(replace(group, members=(owner, idle))),
    )
    there = (sender, *(member for member in group.members if member != sender))
    return Quiet(
        group,
        message,
        reader,
        _glance(stage, message, there, (reader,)),
        _glance(stage, message, there, (reader,), times=2) if twice else None,
        _glance(stage, letter, *_both(letter)) if letter else None,
    )


def _letter(stage: Stage, owner: Any) -> Message | None:
    """Let somebody read what the owner of a group has written, where that is like a group."""
    if stage.driver.make_pair(*stage.users(2)) is None:
        return None
    other = stage.users(9)[8]
    letter = stage.say(stage.pair(owner, other))
    stage.reads(other, [letter])
    _glance(stage, letter, *_both(letter))
    return letter


def _both(letter: Message) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    people = letter.conversation.members
    return people, people[1:]


def moves(stage: Stage) -> Moves:
    """Remove two members by one call, and add two by one that names a member as well.

    One who has gone tries to send, and the owner sends. Ask for the old message and the new one.
    """
    scene, driver = stage.scene(quiet), stage.driver
    owner, sender, reader, idle, *two_, one, two = scene.group.members
    new = stage.users(9)[7:]
    stage.must(driver.remove_member(scene.group, one, two))
    stage.lets_in(driver.add_members(scene.group, [idle, *new]))
    turns = count()

    def send() -> Answer:
        number = stage.number("gone", scene.group.id, next(turns))
        return stage.call(driver.send_message(scene.group, two, receipt=True, number=number))

    gone = stage.until(send, lambda answer: not answer.accepted)
    changing = (idle, one, two, *new)
    old = _glance(stage, scene.message, (sender, owner, reader, *two_), (reader,), changing)
    group = replace(scene.group, members=(owner, sender, reader, idle, *two_, *new))
    message = stage.say(group)
    fresh = _glance(stage, message, group.members, ())
    return Moves(group, (old, fresh), gone)


def left_by_sender(stage: Stage) -> Glance:
    """Let the sender of the old message leave, and ask for it."""
    scene, after = stage.scene(quiet), stage.scene(moves)
    old = after.glances[0]
    stage.must(stage.driver.remove_member(after.group, scene.message.sender))
    return _glance(stage, scene.message, old.there, old.readers, old.loose)


def glances(stage: Stage) -> tuple[Glance, ...]:
    """Return all that was answered, as far as it goes."""
    twice = stage.scene(quiet).named_twice
    return (*stage.scene(plain), *((twice,) if twice is not None else ()))


def plain(stage: Stage) -> tuple[Glance, ...]:
    """Return what was answered to questions that name no message twice, as far as it goes."""
    scene = stage.scene(quiet)
    found = [scene.glance, *((scene.letter,) if scene.letter is not None else ())]
    with suppress(NotExercised):
        found += stage.scene(moves).glances
        found.append(stage.scene(left_by_sender))
    return tuple(found)


def _tried(stage: Stage, *others: Callable[[], Call]) -> None:
    """Make calls that a target need not offer, whatever they are answered."""
    for other in others:
        with suppress(NotExercised):
            stage.call(other())


def _glance(
    stage: Stage,
    message: Message,
    there: tuple[Any, ...],
    readers: tuple[Any, ...],
    loose: tuple[Any, ...] = (),
    times: int = 1,
) -> Glance:
    """Ask for a message, so many times in one, until it shows who has read it and who has not."""
    left = {member for member in there[1:] if member not in readers}
    flags = (None, bool(readers))
    of_two = message.conversation.kind is Kind.DIRECT

    def shown(found: dict[Any, Receipt]) -> bool:
        now, known = found.get(message.id), {there[0], *loose}
        return (
            now is not None
            and set(now.readers or ()) - known == set(readers)
            and set(now.non_readers or ()) - known == left
            and (now.peer_read in flags or not of_two)
            and not named_twice(now)
        )

    answer = stage.settle(message.conversation, [message] * times, shown)
    return Glance(asked(stage, answer), message, there, readers, loose=loose)
