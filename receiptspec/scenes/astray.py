"""Reads that name what nobody can read, alone or beside messages that a member reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Message
from receiptspec.scenes.groups import Asked, ask, newborn, settled
from receiptspec.scenes.lifecycle import deserted
from receiptspec.scenes.reads import Reported, named_twice, reading_call
from receiptspec.stage import Stage

__all__ = ["Missed", "amid", "missed"]

_WORD = 2**32


def amid(stage: Stage) -> tuple[Mapping[str, Answer], Reported | None]:
    """A member reads messages between an own, one read before, a recalled and a plain one.

    Where one call may not name them all, each comes in a call with one message behind it. Returns
    the answers, and what became of the messages in those that were accepted.
    """
    if not stage.driver.over_http:
        raise NotExercised("what an SDK reads beside such messages is another test's matter")
    twice = stage.scene(named_twice)
    _, read = twice.messages
    group = read.conversation
    reader, taken = group.members[1], stage.say(group)
    others = {
        "an own": stage.say(group, sender=reader),
        "a read": read,
        "a recalled": taken,
        "a plain": stage.say(group, receipt=False),
    }
    fresh = tuple(stage.say(group) for _ in others)
    calls = {
        f"{what} message and another": reading_call(stage, reader, (other, message))
        for (what, other), message in zip(others.items(), fresh, strict=True)
    }
    before = newborn(stage, group, *fresh)
    if not twice.answer.accepted:
        stage.must(reading_call(stage, reader, (read,)))
    stage.must(stage.driver.recall(taken))
    stage.let_show()
    together = stage.driver.joined([*calls.values()])
    if together is None:
        raise NotExercised("one call reads one message")
    answers = {"all of them": stage.patiently(together)}
    judged = list(fresh)
    if not answers["all of them"].accepted:
        alone = {what: stage.patiently(call) for what, call in calls.items()}
        answers |= alone
        pairs = zip(alone.values(), fresh, strict=True)
        judged = [message for answer, message in pairs if answer.accepted]
    if not judged:
        return answers, None
    messages = tuple(judged)
    after = settled(stage, before, messages, {message.id: 1 for message in messages})
    return answers, Reported(after.answer, messages, before, after)


@dataclass(frozen=True, slots=True)
class Missed:
    """Reads that hit nothing: by somebody who had left, and of numbers that no message has.

    The newest message is asked for `before` them, after the leaver's (`left`), and after all
    (`after`), together with the `next` one, which is sent then.
    """

    message: Message
    next: Message
    of_leaver: Answer
    answers: Mapping[str, Answer]
    before: Asked
    left: Asked
    after: Asked


def missed(stage: Stage) -> Missed:
    """Let somebody who has left read the newest message, and a member numbers around it."""
    if not stage.driver.over_http:
        raise NotExercised("messages of an SDK have no numbers")
    founders = stage.scene(deserted).group
    *members, gone = founders.members
    stage.let_show()
    group, reader = replace(founders, members=tuple(members)), members[1]
    message = stage.say(group)
    before = newborn(stage, group, message)
    before.receipt(message)
    of_leaver = stage.call(reading_call(stage, gone, (message,)))
    stage.let_show()
    left = ask(stage, group, message)
    numbers: dict[str, Any] = {
        "number 0": 0,
        "number -1": -1,
        "a number 2^32 above": message.id + _WORD,
        "the next number": message.id + 1,
    }
    answers = {
        label: stage.call(reading_call(stage, reader, (replace(message, id=number),)))
        for label, number in numbers.items()
    }
    stage.let_show()
    following = stage.say(group)
    after = newborn(stage, group, message, following)
    return Missed(message, following, of_leaver, answers, before, left, after)
