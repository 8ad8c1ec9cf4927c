"""Different calls with the same address: what is in it need not tell them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Call, Message
from receiptspec.scenes.groups import Asked, asked, has_data, newborn, settled
from receiptspec.scenes.reads import reading_call
from receiptspec.stage import Stage

__all__ = ["Told", "told"]


@dataclass(frozen=True, slots=True)
class Told:
    """Two messages, and what was answered where each call had the address of the one before.

    `sent` are the ids that sending gave; the rest is empty where they are one. `asked` and `pages`
    are about each message alone, `after` is what was told when both reads were accepted.
    """

    sent: tuple[tuple[Answer, Any], ...]
    messages: tuple[Message, ...] = ()
    asked: tuple[Asked, ...] = ()
    pages: tuple[Answer, ...] = ()
    fresh: Asked | None = None
    after: Asked | None = None


def told(stage: Stage) -> Told:
    """Send, ask for, list and read two messages, always the second with the address of the first.

    Raises `NotExercised` where addresses have no number of their own.
    """
    driver = stage.driver

    def numbered(call: Call) -> Call:
        found = driver.under_number(call, stage.number("the same address", call.operation))
        if found is None:
            raise NotExercised("no call has a number in its address")
        return found

    numbered(driver.probes()[0])
    group = stage.group(3)

    def send(turn: int) -> Answer:
        number = stage.number("one of two", group.id, turn)
        call = driver.send_message(group, group.owner, receipt=True, number=number)
        return stage.must(numbered(call))

    answers = send(0), send(1)
    sent = tuple((answer, stage.named(answer)) for answer in answers)
    one = stage.noted(group, answers[0], group.owner)
    other = stage.noted(group, answers[1], group.owner)
    both = (one, other)
    if one.id == other.id:
        return Told(sent)
    fresh = newborn(stage, group, *both)

    def ask(message: Message) -> Asked:
        call = numbered(driver.ask_receipts(group, [message.id]))
        return stage.until(
            lambda: asked(stage, stage.call(call)),
            lambda found: (
                stage.is_final(found.answer)
                or (found.answer.accepted and has_data(found.receipts, message))
            ),
        )

    def page(message: Message) -> Answer | None:
        call = driver.list_members(group, message.id, read=False, cursor=None, count=5)
        return stage.patiently(numbered(call)) if call is not None else None

    asked_ = (ask(one), ask(other))
    pages = tuple(answer for answer in (page(one), page(other)) if answer is not None)
    reader = group.members[1]
    try:
        calls = [numbered(reading_call(stage, reader, (message,))) for message in both]
    except NotExercised:
        return Told(sent, both, asked_, pages)
    reads = [stage.patiently(call) for call in calls]
    if not all(answer.accepted for answer in reads):
        return Told(sent, both, asked_, pages)
    after = settled(stage, fresh, both, {message.id: 1 for message in both})
    return Told(sent, both, asked_, pages, fresh, after)
