"""What became of a group and of a letter that nothing names but calls that have to be refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Call, Message
from receiptspec.scenes import calls
from receiptspec.scenes.direct import pair
from receiptspec.scenes.groups import newborn
from receiptspec.stage import Stage

__all__ = ["Sight", "Watched", "changed", "look", "watched"]

_OF_GROUP = ("members", "messages", "receipts", "read positions")


@dataclass(frozen=True, slots=True)
class Sight:
    """One thing that an answer shows, as it may be compared with what another shows of it."""

    value: Any
    answer: Answer


@dataclass(frozen=True, slots=True)
class Watched:
    """Calls to be refused, with the message and, where there are such, the letter they are about.

    `sights` is what was seen of both last, empty where nobody has looked or all may have changed.
    """

    calls: tuple[Call, ...]
    message: Message
    letter: Message | None
    sights: dict[str, Sight] = field(default_factory=dict)


def watched(stage: Stage, operations: tuple[str, ...]) -> Watched:
    """Return calls like those that are `guarded`, all about a group and a letter of their own."""
    message, driver = stage.say(stage.group(3)), stage.driver
    group = message.conversation
    newborn(stage, group, message)
    own = [
        driver.send_message(group, group.owner, receipt=True, number=stage.number("watched")),
        driver.recall(message),
        driver.remove_member(group, group.members[1]),
        driver.add_members(group, [stage.users(4)[3]]),
        driver.dismiss(group),
    ]
    reading = driver.mark_read(group, group.members[2], [message.id])
    own += [reading] if reading is not None else []
    letter = None
    with suppress(NotExercised):
        letter = _letter(stage)
        own += _about(stage, letter)
    mine = {call.operation: call for call in own}
    found = {}
    for call in stage.scene(calls.guarded, operations):
        found[call.operation] = mine.get(call.operation, call)
    stage.rest(stage.target.consistency if stage.may_lag else 0.0)
    return Watched(tuple(found.values()), message, letter)


def _letter(stage: Stage) -> Message:
    if stage.driver.make_pair(*stage.users(2)) is not None:
        raise NotExercised("two people have a conversation like any other")
    return stage.say(pair(stage, 10, 9))


def _about(stage: Stage, letter: Message) -> list[Call]:
    """Return calls that send another letter, and that read one."""
    driver, conversation = stage.driver, letter.conversation
    sender, reader = conversation.members
    number = stage.number("watched letter")
    found = [driver.send_message(conversation, sender, receipt=True, number=number)]
    reading = driver.mark_read(conversation, reader, [letter.id])
    marking = driver.mark_conversation(conversation, reader)
    return [*found, *(call for call in (reading, marking) if call is not None)]


def look(stage: Stage, scene: Watched) -> dict[str, Sight]:
    """Look at all that can be seen of the group and the letter."""
    driver, group, letter = stage.driver, scene.message.conversation, scene.letter
    ids = [scene.message.id]
    looks: list[tuple[str, Callable[[], Call | None], Callable[[Answer], Any]]] = [
        ("members", lambda: driver.ask_members(group), lambda a: frozenset(driver.members(a)[0])),
        ("messages", lambda: driver.look_at_group(group), lambda a: _messages(stage, a)),
        (
            "receipts",
            lambda: driver.ask_receipts(group, ids),
            lambda a: {(r.message, r.read, r.unread) for r in driver.receipts(a)},
        ),
        (
            "read positions",
            lambda: driver.ask_read_positions(group),
            lambda a: [driver.read_position(a, member) for member in group.members],
        ),
    ]
    if letter is not None:
        pair_, (sender, reader) = letter.conversation, letter.conversation.members
        looks += [
            (
                "letters",
                lambda: driver.look(pair_, sender),
                lambda a: {(r.message, r.peer_read) for r in driver.receipts(a)},
            ),
            (
                "unread letters",
                lambda: driver.count_unread(reader, [sender]),
                lambda a: driver.unread_counts(a).get(sender),
            ),
        ]
    found: dict[str, Sight] = {}
    for what, call, read in looks:
        with suppress(NotExercised):
            seen = _seen(stage, what, call(), read)
            found |= {what: seen} if seen is not None else {}
    return found


def _seen(
    stage: Stage, what: str, call: Call | None, read: Callable[[Answer], Any]
) -> Sight | None:
    if call is None or not stage.can(call.operation):
        return None
    answer = stage.call(call)
    if answer.accepted:
        return Sight(read(answer), answer)
    gone = what in _OF_GROUP and stage.contract.kind(answer.code) == "missing"
    return Sight("gone", answer) if answer.refused and gone else None


def _messages(stage: Stage, answer: Answer) -> Mapping[Any, bool]:
    found = stage.driver.group_history(answer)
    return {id_: bool(stage.driver.is_recalled(item)) for id_, item in found.items()}


def changed(stage: Stage, scene: Watched) -> dict[str, tuple[str, str]]:
    """Return what looks otherwise than at the last look, and does so twice: before and after."""
    before, now = dict(scene.sights), look(stage, scene)
    found = _otherwise(before, now)
    if found:
        again = look(stage, scene)
        found = [what for what in _otherwise(before, again) if what in found]
        now = again
    scene.sights.clear()
    scene.sights.update(now)
    return {what: (_told(before[what]), _told(now[what])) for what in found}


def _told(sight: Sight) -> str:
    """Say what was seen: what there is, or with which code it is gone."""
    return sight.answer.describe() if sight.answer.refused else str(sight.value)


def _otherwise(before: Mapping[str, Sight], now: Mapping[str, Sight]) -> list[str]:
    return [what for what in before if what in now and before[what].value != now[what].value]
