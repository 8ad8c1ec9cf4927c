"""Reads that are reported on behalf of members of a group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from receiptspec.errors import CallRefused, NotExercised
from receiptspec.neutral import Answer, Call, Message
from receiptspec.scenes.counting import batch
from receiptspec.scenes.groups import Asked, asked, newborn, own, settled
from receiptspec.stage import Stage

__all__ = [
    "NOBODY",
    "Overlapping",
    "Reported",
    "full_batch",
    "ghost",
    "large_group",
    "outsider",
    "overlapping",
    "plain",
    "sender",
]

NOBODY = "rs-no-such-user"

# What one member reads call by call, by places among messages. The second call ends as the first
# does and the third begins so, all are equally long, and none names what lies between.
_OVERLAPPING = ((0, 6), (2, 6), (0, 4))


@dataclass(frozen=True, slots=True)
class Reported:
    """The answer to a reported read, and the counts before and after it."""

    answer: Answer
    messages: tuple[Message, ...]
    before: Asked
    after: Asked


def report(stage: Stage, user: Any, messages: tuple[Message, ...]) -> Answer:
    """Report a read by the vendor's call, not by a hook, and return the answer, whatever it is.

    Again, while what is read may just not show yet.
    """
    return stage.patiently(reading_call(stage, user, messages))


def reading_call(stage: Stage, user: Any, messages: tuple[Message, ...]) -> Call:
    """Return the call that reports a read; `NotExercised` where there is none."""
    conversation = messages[0].conversation
    call = stage.driver.mark_read(conversation, user, [message.id for message in messages])
    if call is None or not stage.can(call.operation):
        raise NotExercised("this target has no call that reports a read on behalf of a member")
    return call


def bystanders(stage: Stage) -> Mapping[str, Reported]:
    """A member reads two of three messages; others are read by those whose reads do not count.

    The member's read comes last and marks that the others have arrived. Returned by name:
    ``member``, ``outsider``, ``ghost`` (no account), ``plain`` (a member reads a message that
    asked for nothing).
    """
    group = stage.group(4)
    member = group.members[1]
    three = tuple(stage.say(group) for _ in range(3))
    reading_call(stage, member, three[:1])
    readers = {"outsider": stage.users(5)[4]}
    if stage.driver.over_http:  # an SDK has to log in as somebody
        readers["ghost"] = NOBODY
    messages = {name: stage.say(group) for name in readers}
    everything = (*three, *messages.values())
    plain = stage.say(group, receipt=False)
    before = newborn(stage, group, *everything)
    before.receipt(three[0])
    stage.let_show()
    answers = {name: report(stage, readers[name], (messages[name],)) for name in readers}
    of_plain = stage.call(reading_call(stage, member, (plain,)))
    named = (three[1], three[0])  # the newer one first: no order is asked for
    answer = report(stage, member, named)
    after = settled(stage, before, everything, {message.id: 1 for message in named})
    found = {name: Reported(answers[name], (messages[name],), before, after) for name in readers}
    found["member"] = Reported(answer, (*named, three[2]), before, after)
    found["plain"] = Reported(of_plain, (plain,), before, asked(stage, stage.ask(group, [plain])))
    return found


def member(stage: Stage) -> Reported:
    """A member reads two of three messages in one call."""
    return stage.scene(bystanders)["member"]


def outsider(stage: Stage) -> Reported:
    """Somebody who is not in the group reads."""
    return stage.scene(bystanders)["outsider"]


def admitted(stage: Stage) -> Reported:
    """Add the one who has tried to read as an outsider, who then reads a later message."""
    refused = stage.scene(bystanders)["outsider"].messages[0].conversation
    newcomer = stage.users(5)[4]
    stage.lets_in(stage.driver.add_members(refused, [newcomer]))
    group = replace(refused, members=(*refused.members, newcomer))
    message = stage.say(group)
    before = newborn(stage, group, message)
    answer = stage.until(
        lambda: report(stage, newcomer, (message,)), lambda answer: answer.accepted
    )
    after = settled(stage, before, (message,), {message.id: 1}) if answer.accepted else before
    return Reported(answer, (message,), before, after)


def ghost(stage: Stage) -> Reported:
    """An account that does not exist reads."""
    found = stage.scene(bystanders)
    if "ghost" not in found:
        raise NotExercised("an SDK cannot be logged in to no account")
    return found["ghost"]


def sender(stage: Stage) -> Reported:
    """The sender reads an own message, and then a member, which marks that it has arrived."""
    group = own(stage)
    message = stage.say(group)
    reading_call(stage, group.owner, (message,))
    before = newborn(stage, group, message)
    start = before.receipt(message).read or 0
    answer = report(stage, group.owner, (message,))
    stage.reads(group.members[1], [message])

    def arrived(receipts: dict[Any, Any]) -> bool:
        now = receipts.get(message.id)
        return now is not None and (now.read or 0) > start

    after = stage.settle(group, [message], arrived)
    return Reported(answer, (message,), before, asked(stage, after))


def plain(stage: Stage) -> Reported:
    """A member reads a message that did not ask for a receipt."""
    return stage.scene(bystanders)["plain"]


def named_twice(stage: Stage) -> Reported:
    """A member reads two messages in one call that names the first of them twice."""
    group = stage.group(2)
    reader = group.members[1]
    first, last = messages = (stage.say(group), stage.say(group))
    before = newborn(stage, group, *messages)
    call = reading_call(stage, reader, (first, first, last))
    answer = stage.patiently(call)
    reads = {message.id: 1 for message in messages}
    after = settled(stage, before, messages, reads) if answer.accepted else before
    return Reported(answer, messages, before, after)


def full_batch(stage: Stage, size: int) -> Reported:
    """A member reads `size` messages in one call, in an order that the seed decides."""
    group = stage.group(2)
    reader = group.members[1]
    messages = tuple(stage.say(group) for _ in range(size))
    reading_call(stage, reader, messages[:1])
    before = newborn(stage, group, *messages)
    stage.let_show()
    shuffled = sorted(messages, key=lambda message: stage.number("order", message.id))
    answer = report(stage, reader, tuple(shuffled))

    def arrived(receipts: dict[Any, Any]) -> bool:
        return all(receipts.get(m.id) and (receipts[m.id].read or 0) >= 1 for m in messages)

    waits = answer.accepted and size <= 50
    last = stage.settle(group, messages, arrived) if waits else stage.ask(group, messages)
    return Reported(answer, messages, before, asked(stage, last))


@dataclass(frozen=True, slots=True)
class Overlapping:
    """Messages of which calls have named some `once`, some `again` and `others` never."""

    once: tuple[Message, ...]
    again: tuple[Message, ...]
    others: tuple[Message, ...]
    before: Asked
    after: Asked


def overlapping(stage: Stage) -> Overlapping:
    """Let one member read some of many messages in calls that are alike in part.

    Calls that are refused name nothing.
    """
    messages = stage.scene(batch).messages[: _OVERLAPPING[0][-1] + 1]
    group = messages[0].conversation
    reader = group.members[-1]
    reading_call(stage, reader, messages[:1])
    before = newborn(stage, group, *messages)
    before.receipt(messages[0])
    named: dict[int, int] = {}
    for places in _OVERLAPPING:
        if report(stage, reader, tuple(messages[place] for place in places)).accepted:
            named |= {place: named.get(place, 0) + 1 for place in places}
    after = settled(stage, before, messages, {messages[place].id: 1 for place in named})

    def of(*times: int) -> tuple[Message, ...]:
        return tuple(m for place, m in enumerate(messages) if named.get(place, 0) in times)

    return Overlapping(of(1), of(2), of(0), before, after)


def large_group(stage: Stage, members: int) -> tuple[Answer, Asked | None]:
    """Ask for a receipt in a group of so many members; there is nothing to ask for if refused."""
    group = stage.group(members)
    call = stage.driver.send_message(
        group, group.owner, receipt=True, number=stage.number("large", members)
    )
    answer = stage.call(call)
    made = stage.driver.sent_message(answer) if answer.accepted else None
    return answer, asked(stage, stage.ask(group, [made])) if made is not None else None


def full_group(stage: Stage, members: int) -> tuple[Message | None, dict[str, Answer]]:
    """Do what is done with receipts in a group of so many members.

    Returns the message, ``None`` where sending it was what was refused, and the answers by what
    was done: sent, asked, then reported by a member and listed, where there are calls for it.
    """
    group = stage.group(members)
    try:
        message = stage.say(group)
    except CallRefused as error:
        return None, {"sending a message": error.answer}
    done = {"asking for a receipt": newborn(stage, group, message).answer}
    reading = stage.driver.mark_read(group, group.members[-1], [message.id])
    if reading is not None and stage.can(reading.operation):
        done["reporting a read"] = stage.patiently(reading)
    listing = stage.driver.list_members(group, message.id, read=False, cursor=None, count=members)
    if listing is not None and stage.can(listing.operation):
        done["listing who has not read"] = stage.patiently(listing)
    return message, done


def position(
    stage: Stage, size: int = 1, *answered: bool
) -> tuple[Answer, dict[Any, tuple[Any, Any]]]:
    """Return the read positions of members before and after one reads messages in one call.

    If `answered`, the reader has sent a message after them.
    The reader's comes first. Who has none before or after is left out.
    """
    group = own(stage)
    owner, member, *others = group.members
    messages = tuple(stage.say(group) for _ in range(size))
    if any(answered):
        stage.say(group, receipt=False, sender=member)
    stage.let_show()
    first = stage.must(stage.driver.ask_members(group))
    report(stage, member, messages)
    second = stage.must(stage.driver.ask_members(group))
    places = {
        user: (stage.driver.read_position(first, user), stage.driver.read_position(second, user))
        for user in (member, owner, *others)
    }
    return second, {user: both for user, both in places.items() if None not in both}
