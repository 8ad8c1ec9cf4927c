"""Reads that are reported on behalf of members of a group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Call, Message
from receiptspec.scenes.groups import Asked, asked, newborn
from receiptspec.stage import Stage

__all__ = ["Reported", "full_batch", "ghost", "large_group", "outsider", "plain", "sender"]


@dataclass(frozen=True, slots=True)
class Reported:
    """The answer to a reported read, and the counts before and after it."""

    answer: Answer
    messages: tuple[Message, ...]
    before: Asked
    after: Asked
    extra: Mapping[str, Any] = field(default_factory=dict)


def report(stage: Stage, user: Any, messages: tuple[Message, ...]) -> Answer:
    """Report a read by the vendor's call, not by a hook, and return the answer, whatever it is."""
    return stage.call(reading_call(stage, user, messages))


def reading_call(stage: Stage, user: Any, messages: tuple[Message, ...]) -> Call:
    """Return the call that reports a read; `NotExercised` where there is none."""
    conversation = messages[0].conversation
    call = stage.driver.mark_read(conversation, user, [message.id for message in messages])
    if call is None or not stage.can(call.operation):
        raise NotExercised("this target has no call that reports a read on behalf of a member")
    return call


def _around(
    stage: Stage, user: Any, messages: tuple[Message, ...], *, marker: bool = True
) -> Reported:
    """Report a read between two questions; a member's read of another message marks the second."""
    group = messages[0].conversation
    mark = stage.say(group)
    everything = (*messages, mark)
    reading_call(stage, user, messages)
    before = newborn(stage, group, *everything)
    answer = report(stage, user, messages)
    if marker:
        stage.reads(group.members[1], [mark])
    start = before.receipts.get(mark.id)

    def arrived(receipts: dict[Any, Any]) -> bool:
        now = receipts.get(mark.id)
        return not start or not now or (now.read or 0) > (start.read or 0)

    after = asked(stage, stage.settle(group, everything, arrived))
    return Reported(answer, messages, before, after)


def member(stage: Stage) -> Reported:
    """A member reads two of three messages in one call."""
    group = stage.group(4)
    a, b, c = (stage.say(group) for _ in range(3))
    reading_call(stage, group.members[1], (a,))
    before = newborn(stage, group, a, b, c)
    before.receipt(a)
    answer = report(stage, group.members[1], (a, b))
    first, second = before.receipts.get(a.id), before.receipts.get(b.id)

    def arrived(receipts: dict[Any, Any]) -> bool:
        pairs = ((first, receipts.get(a.id)), (second, receipts.get(b.id)))
        return all(x and y and (y.read or 0) > (x.read or 0) for x, y in pairs)

    after = asked(stage, stage.settle(group, (a, b, c), arrived))
    return Reported(answer, (a, b, c), before, after)


def outsider(stage: Stage) -> Reported:
    """Somebody who is not in the group reads."""
    group = stage.group(3)
    return _around(stage, stage.users(5)[4], (stage.say(group),))


def ghost(stage: Stage) -> Reported:
    """An account that does not exist reads."""
    group = stage.group(3)
    return _around(stage, "rs-no-such-user", (stage.say(group),))


def sender(stage: Stage) -> Reported:
    """The sender reads an own message."""
    group = stage.group(3)
    return _around(stage, group.owner, (stage.say(group),))


def plain(stage: Stage) -> Reported:
    """A member reads a message that did not ask for a receipt."""
    group = stage.group(3)
    return _around(stage, group.members[1], (stage.say(group, receipt=False),))


def full_batch(stage: Stage, size: int) -> Reported:
    """A member reads `size` messages in one call."""
    group = stage.group(2)
    reader = group.members[1]
    messages = tuple(stage.say(group) for _ in range(size))
    reading_call(stage, reader, messages[:1])
    before = newborn(stage, group, *messages)
    answer = report(stage, reader, messages)

    def arrived(receipts: dict[Any, Any]) -> bool:
        return all(receipts.get(m.id) and (receipts[m.id].read or 0) >= 1 for m in messages)

    waits = answer.accepted and size <= 50
    last = stage.settle(group, messages, arrived) if waits else stage.ask(group, messages)
    return Reported(answer, messages, before, asked(stage, last))


def large_group(stage: Stage, members: int) -> tuple[Answer, Asked | None]:
    """Ask for a receipt in a group of so many members; there is nothing to ask for if refused."""
    group = stage.group(members)
    call = stage.driver.send_message(
        group, group.owner, receipt=True, number=stage.number("large", members)
    )
    answer = stage.call(call)
    made = stage.driver.sent_message(answer) if answer.accepted else None
    return answer, asked(stage, stage.ask(group, [made])) if made is not None else None


def position(stage: Stage) -> tuple[Answer, Any, Any]:
    """Return the read position of a member before and after a message receipt."""
    group = stage.group(2)
    member = group.members[1]
    message = stage.say(group)
    first = stage.must(stage.driver.ask_members(group))
    report(stage, member, (message,))
    second = stage.must(stage.driver.ask_members(group))
    places = [stage.driver.read_position(answer, member) for answer in (first, second)]
    return second, places[0], places[1]
