"""Lists of messages that hold more than what is asked of them, and pages of another size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Message
from receiptspec.scenes.groups import Asked, asked, newborn, settled
from receiptspec.scenes.paging import page_of
from receiptspec.stage import Stage

__all__ = ["Lists", "Read", "odd_lists", "smaller_page"]


@dataclass(frozen=True, slots=True)
class Read:
    """A read of a list, and its messages before and after; `fresh` it is to turn, the rest not."""

    answer: Answer
    messages: tuple[Message, ...]
    fresh: frozenset[Any]
    before: Asked
    after: Asked


@dataclass(frozen=True, slots=True)
class Lists:
    """Pulls and reads of lists, by what is odd of each; `first` and `last` are in all pulls."""

    first: Message
    last: Message
    reads: Mapping[str, Read]
    pulls: Mapping[str, Asked]


def odd_lists(stage: Stage) -> Lists:
    """Read and pull lists with a plain message, an own, one that was read, and one twice."""
    group = stage.group(3)
    _, a, b = group.members
    first, last = stage.say(group), stage.say(group)
    plain, own = stage.say(group, receipt=False), stage.say(group, sender=a)
    before = newborn(stage, group, first, last)
    stage.reads(a, [first])
    both = (first, last)
    start = settled(stage, before, both, {first.id: 1, last.id: 0})
    reads: dict[str, Read] = {}
    for label, user, named, fresh in (
        ("behind one that was read, a plain and an own message", a, (first, plain, own), [last]),
        ("beside one that is named twice", b, (first, first), [first, last]),
    ):
        answer = _names(stage, user, (*named, last))
        turned = frozenset(message.id for message in fresh)
        wanted = {message.id: int(message.id in turned) for message in both}
        after = settled(stage, start, both, wanted) if answer.accepted else start
        reads[label] = Read(answer, both, turned, start, after)
        start = after
    pulls = {
        label: asked(stage, stage.ask(group, named))
        for label, named in (
            ("a pull with a plain message between", (first, plain, last)),
            ("a pull that names a message twice", (first, first, last)),
        )
    }
    return Lists(first, last, reads, pulls)


def _names(stage: Stage, user: Any, messages: Sequence[Message]) -> Answer:
    conversation = messages[0].conversation
    call = stage.driver.mark_read(conversation, user, [message.id for message in messages])
    if call is None:
        raise NotExercised("this vendor has no call that reads")
    return stage.call(call)


def smaller_page(stage: Stage) -> Answer:
    """Ask for a page of two members, then for one member of the next."""
    group = stage.group(6)
    message = stage.say(group)
    newborn(stage, group, message).receipt(message)
    first = page_of(stage, message, read=False, count=2)
    page = stage.driver.page(first) if first.accepted else None
    if page is None or page.last or not page.cursor:
        raise NotExercised("no page follows the first")
    return page_of(stage, message, read=False, cursor=page.cursor, count=1)
