"""The counts of messages while members read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from receiptspec.errors import MaybeDone, NotExercised
from receiptspec.neutral import Conversation, Message, Receipt
from receiptspec.scenes.groups import (
    LATER,
    MEMBERS,
    Asked,
    Changed,
    ask,
    has_come,
    newborn,
    reads_again,
    settled,
    tries_to_read,
)
from receiptspec.stage import Stage

_ANSWERED_AT_ONCE = 24  # a list that is not longer is answered in full
_READ_AT_ONCE = 24  # no vendor's call takes fewer reads
_DOZEN = 12  # members who read one by one
_LONG = 70  # messages of one list: more than a page of anything
# Reads by one member beside those of each: more than members, and an odd number of them, so that
# whoever takes a read back at every other is found out.
_AGAIN = 3


@dataclass(frozen=True, slots=True)
class Reading:
    """The numbers of messages A, B, C while members read: see `reading`."""

    group: Conversation
    messages: tuple[Message, ...]
    fresh: Asked
    one: Asked
    repeats: int
    marked: Asked
    everybody: Asked


def reading(stage: Stage) -> Reading:
    """Let members read A, B, C in four steps and ask after each.

    B is the oldest message, C the newest. One member reads A, then again, so often that with all
    others that would be more readers than members. Another reads B, which marks that the
    repetitions have arrived. In the end all others have read A, and all but the first have read C.
    """
    group = stage.group(MEMBERS)
    b, a, c = (stage.say(group) for _ in range(3))
    every = (a, b, c)
    fresh = newborn(stage, group, *every)
    fresh.receipt(a)
    first, second, *rest = group.members[1:]
    stage.reads(first, [a])
    one = settled(stage, fresh, every, {a.id: 1})
    repeats = sum(reads_again(stage, first, a) for _ in range(_AGAIN))
    stage.reads(second, [b])
    marked = settled(stage, fresh, every, {a.id: 1, b.id: 1})
    stage.reads(second, [a, c])
    for member in rest:
        stage.reads(member, [a, c])
    everybody = settled(
        stage, fresh, every, {a.id: len(group.members) - 1, c.id: len(group.members) - 2}
    )
    return Reading(group, every, fresh, one, repeats, marked, everybody)


def later(stage: Stage) -> Asked:
    """Ask once more for the messages of `reading`, some seconds after all have read."""
    scene = stage.scene(reading)
    stage.let_pass(scene.everybody.answer, LATER)
    return ask(stage, scene.group, *scene.messages)


def interrupted(stage: Stage) -> Asked:
    """Ask for messages that were read differently, one that does not exist between them."""
    scene = stage.scene(reading)
    first, *others = scene.messages
    beyond = stage.driver.absent([message.id for message in scene.messages])
    return ask(stage, scene.group, first, beyond, *others)


@dataclass(frozen=True, slots=True)
class Permuted:
    """Two messages that the same members read in different order: `steps` after one and after both.

    At the first step a different member has read each, at the second the same two.
    """

    messages: tuple[Message, Message]
    fresh: Asked
    steps: tuple[Asked, ...]


def permuted(stage: Stage) -> Permuted:
    """Let two members read two messages crosswise, and ask after each round."""
    group = stage.group(MEMBERS)
    one, other = stage.say(group), stage.say(group)
    both = (one, other)
    fresh = newborn(stage, group, *both)
    fresh.receipt(one)
    first, second = group.members[1:3]
    steps = []
    for round_, (reader, next_) in enumerate(((first, second), (second, first)), 1):
        stage.reads(reader, [one])
        stage.reads(next_, [other])
        steps.append(settled(stage, fresh, both, {one.id: round_, other.id: round_}))
    return Permuted(both, fresh, tuple(steps))


def insistent(stage: Stage) -> tuple[Message, tuple[tuple[Asked, str], ...]]:
    """Let one of two members read a message again and again, in one call and after coming back.

    So often that if each counted there would be more readers than members.
    """
    if not stage.driver.over_http:
        raise NotExercised("no call of an SDK names a message twice")
    group = stage.group(2)
    message, reader = stage.say(group), group.members[1]
    newborn(stage, group, message).receipt(message)
    call = stage.driver.mark_read(group, reader, [message.id] * _AGAIN)
    if call is None or not stage.can(call.operation):
        raise NotExercised("this target has no call that reports a read on behalf of a member")
    found = []
    if stage.call(call).accepted:
        found.append((ask(stage, group, message), "one of them read it thrice in one call"))
    for _ in range(_AGAIN):
        stage.must(stage.driver.remove_member(group, reader))
        stage.lets_in(stage.driver.add_members(group, [reader]))
        reads_again(stage, reader, message)
    found.append((ask(stage, group, message), "one of them read it, left and came back thrice"))
    return message, tuple(found)


def turn_about(stage: Stage) -> tuple[Message, Message, Asked]:
    """Let two members read a message in turns, and then among others; ask for both messages.

    All others of the group are these two: whoever counts one more reader counts too many.
    """
    if not stage.driver.over_http:
        raise NotExercised("an SDK sends no receipt twice")
    group = stage.group(3)
    first, second = stage.say(group), stage.say(group)
    newborn(stage, group, first, second).receipt(first)
    readers = group.members[1:]
    for some in ((first,), (first, second), (second, first)):
        for reader in readers:
            tries_to_read(stage, reader, *some)
    return first, second, ask(stage, group, first, second)


def turned_later(stage: Stage) -> tuple[Message, Asked]:
    """Let both members of `turn_about` read the second message once more some seconds later."""
    _, message, before = stage.scene(turn_about)
    stage.let_pass(before.answer, LATER)
    group = message.conversation
    for reader in group.members[1:]:
        reads_again(stage, reader, message)
    return message, ask(stage, group, message)


def one_by_one(stage: Stage) -> tuple[Message, Asked, tuple[Asked, ...]]:
    """Let all others of a group read a message, one after the other, and ask after each."""
    if not stage.driver.over_http:
        raise NotExercised("every member would be a program of its own")
    group = stage.group(_DOZEN)
    message = stage.say(group)
    fresh = newborn(stage, group, message)
    fresh.receipt(message)
    steps = []
    for number, reader in enumerate(group.members[1:], 1):
        stage.reads(reader, [message])
        steps.append(settled(stage, fresh, (message,), {message.id: number}))
    return message, fresh, tuple(steps)


@dataclass(frozen=True, slots=True)
class Batch:
    """Many messages in as few calls as the target takes, before and after one member has read.

    `before` and `after` hold an answer for each part of the list. The member has read the newest of
    the messages alone, in two calls; `after` is empty where nobody can read. `alone` holds what
    was told once another member had read the `ends`, the first and the last message, nothing where
    that cannot be.
    """

    messages: tuple[Message, ...]
    read: tuple[Message, ...]
    before: tuple[Asked, ...]
    after: tuple[Asked, ...]
    alone: tuple[Asked, ...]

    @property
    def ends(self) -> tuple[Message, Message]:
        """The first and the last of the messages, both of which differ from their neighbours."""
        return self.messages[0], self.messages[-1]


def batch(stage: Stage) -> Batch:
    """Send many messages with receipts to one group, ask for all at once, read some, ask again.

    No document says how long a list may be: one that is refused or cut short is asked for in parts.
    """
    group = stage.group(4)
    messages = _as_many_as(stage, group, _LONG)
    part = _taken_at_once(stage, group, messages)
    parts = [messages[at : at + part] for at in range(0, len(messages), part)]
    before = [newborn(stage, group, *some) for some in parts]
    try:
        return _read_by_two(stage, messages, parts, before)
    except MaybeDone:
        return Batch(messages, (), tuple(before), (), ())


def _read_by_two(
    stage: Stage,
    messages: tuple[Message, ...],
    parts: Sequence[tuple[Message, ...]],
    before: Sequence[Asked],
) -> Batch:
    group = messages[0].conversation
    read = messages[-2 * _READ_AT_ONCE :]
    told = any(asked_.receipts for asked_ in before)
    reader, newer = group.members[1], read[-_READ_AT_ONCE:]
    if not told or not tries_to_read(stage, reader, *newer):
        return Batch(messages, (), tuple(before), (), ())
    older = read[: -len(newer)]
    read = read if older and tries_to_read(stage, reader, *older) else newer
    after = []
    for some, fresh in zip(parts, before, strict=True):
        reads = {message.id: 1 for message in some if message in read}
        after.append(settled(stage, fresh, some, reads))
    found = Batch(messages, read, tuple(before), tuple(after), ())
    if messages[0] in read or not tries_to_read(stage, group.members[2], *found.ends):
        return found
    reads = {message.id: 1 for message in found.ends}
    alone = [settled(stage, fresh, some, reads) for some, fresh in zip(parts, after, strict=True)]
    return replace(found, alone=tuple(alone))


def _as_many_as(stage: Stage, group: Conversation, size: int) -> tuple[Message, ...]:
    """Send messages to a group until one is refused: there may be too many in one second."""
    messages = [stage.say(group)]
    while len(messages) < size:
        try:
            messages.append(stage.say(group))
        except NotExercised:
            if len(messages) < _ANSWERED_AT_ONCE:
                raise
            break
    return tuple(messages)


def _taken_at_once(stage: Stage, group: Conversation, messages: tuple[Message, ...]) -> int:
    """Return how many of the messages one call may name: all, if all of them are answered."""

    def done(found: Mapping[Any, Receipt]) -> bool:
        known = [m for m in messages if m.id in found and found[m.id].known]
        in_vain = not stage.scene(has_come).get((group.type, "known"), True)
        return in_vain or len(known) == len(messages)

    whole = stage.settle(group, messages, done)
    told = len(stage.receipts(whole)) if whole.accepted else 0
    if told >= len(messages):
        return len(messages)
    size = min(_ANSWERED_AT_ONCE if whole.accepted else len(messages) // 2, len(messages))
    while size > 1 and not ask(stage, group, *messages[:size]).answer.accepted:
        size //= 2
    return max(size, 1)


def separate(stage: Stage) -> tuple[Changed, Changed]:
    """Read a message in one of two groups whose messages have the same ids."""
    groups = [stage.group(3), stage.group(4)]
    messages = [stage.say(group) for group in groups]
    before = [newborn(stage, g, m) for g, m in zip(groups, messages, strict=True)]
    for scene, message in zip(before, messages, strict=True):
        scene.receipt(message)
    stage.reads(groups[0].members[1], [messages[0]])
    after = [
        settled(stage, before[0], (messages[0],), {messages[0].id: 1}),
        ask(stage, groups[1], messages[1]),
    ]
    changed = [Changed(*it) for it in zip(groups, messages, before, after, strict=True)]
    return changed[0], changed[1]


@dataclass(frozen=True, slots=True)
class Step:
    """A message that so many have read, `why` it is asked for, and what was answered."""

    message: Message
    before: Receipt
    after: Asked
    read: int
    why: str


def hasty(stage: Stage) -> tuple[Step, ...]:
    """Let people read at once after another write: elsewhere, of a recall, of a dismissal.

    The first two messages, which one of them reads, may have the same id in two groups.
    """
    if not stage.driver.over_http:
        raise NotExercised("an SDK reads one after the other")
    driver, one, other = stage.driver, stage.group(3), stage.group(3)
    here = stage.say(one)
    first, second, third = there = tuple(stage.say(other) for _ in range(3))
    user, another = one.members[1:]
    fresh_here, fresh = newborn(stage, one, here), newborn(stage, other, *there)

    def step(message: Message, before: Asked, number: int, why: str) -> Step:
        after = settled(stage, before, (message,), {message.id: number})
        return Step(message, before.receipt(message), after, number, why)

    stage.reads(user, [here])
    stage.reads(user, [first])
    steps = [
        step(here, fresh_here, 1, "a member has read it"),
        step(first, fresh, 1, "a member has read it at once after a message of another group"),
    ]
    with suppress(NotExercised):  # messages need not be recalled here
        stage.reads(user, [second])
        stage.must(driver.recall(second))
        stage.reads(another, [third])
        why = "a member has read it at once after another message was recalled"
        steps.append(step(third, fresh, 1, why))
    stage.reads(another, [here])
    stage.must(driver.dismiss(one))
    stage.reads(another, [first])
    why = "another member has read it at once after another group was dismissed"
    return (*steps, step(first, fresh, 2, why))
