"""The history of two people, read back at once and page by page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Call, Conversation, Message
from receiptspec.scenes.direct import (
    keeps_history,
    letters,
    seen_by,
    until_listed,
    until_read,
    unwritten,
)
from receiptspec.scenes.groups import Asked, asked
from receiptspec.stage import Stage

_LARGE = 7000  # characters that any revision of the documents lets a message have


@dataclass(frozen=True, slots=True)
class History:
    """The same messages, read in one go, in pages, and from the other side."""

    messages: tuple[Message, ...]
    whole: Answer
    keys: tuple[Any, ...]
    walked: tuple[Any, ...]
    walk: tuple[Answer, ...]
    complete: bool
    other_side: Asked


def history(stage: Stage) -> History:
    """Send five messages and read them back: at once, two by two, and as the receiver."""
    conversation = unwritten(stage, 2, 4)
    messages = tuple(stage.say(conversation) for _ in range(5))
    whole = until_listed(stage, conversation, messages)
    return _walked(stage, messages, whole, seen_by(stage, conversation, conversation.members[1]))


def acknowledged(stage: Stage) -> tuple[tuple[Message, ...], Answer | None, Asked]:
    """Let B acknowledge all messages of `history` in one call, the newest first, and look."""
    scene = stage.scene(history)
    conversation = scene.messages[0].conversation
    answer = stage.tries_to_read(conversation.members[1], scene.messages[::-1])
    return scene.messages, answer, until_read(stage, conversation, scene.messages)


def history_of_letters(stage: Stage) -> History:
    """Read back, two by two, what `letters` has sent."""
    scene = stage.scene(letters)
    messages = (*scene.messages, scene.back)
    return _walked(stage, messages, scene.whole, scene.after_by_receiver)


def _walked(
    stage: Stage, messages: tuple[Message, ...], whole: Asked, other_side: Asked
) -> History:
    way = walk_back(stage, messages[0].conversation, 2, 12)
    return History(
        messages,
        whole.answer,
        tuple(whole.receipts),
        way.keys,
        tuple(page.answer for page in way.pages),
        way.complete,
        other_side,
    )


@dataclass(frozen=True, slots=True)
class Walk:
    """The pages of a history, of a size, up to the one that says that nothing follows."""

    pages: tuple[Asked, ...]
    complete: bool
    size: int

    @property
    def keys(self) -> tuple[Any, ...]:
        """What was listed, page by page."""
        return tuple(key for page in self.pages for key in page.receipts)


def walk_back(
    stage: Stage, conversation: Conversation, size: int, most: int, viewer: Any = None
) -> Walk:
    """Read the history of two people back, `size` at a time, in `most` pages.

    Its owner reads, unless there is another `viewer`.
    """
    viewer = conversation.owner if viewer is None else viewer
    return _walk(stage, stage.driver.look(conversation, viewer, size=size), size, most)


def _walk(stage: Stage, look: Call, size: int, most: int) -> Walk:
    call: Call | None = look
    pages: list[Asked] = []
    complete = False
    while call is not None and len(pages) < most:
        answer = stage.call(call)
        pages.append(asked(stage, answer))
        complete = stage.driver.looked_through(answer)
        call = None if complete or not answer.accepted else stage.driver.look_on(call, answer)
    return Walk(tuple(pages), complete, size)


_APART = 4  # seconds between messages, so that it does not matter on which side a bound falls


@dataclass(frozen=True, slots=True)
class Period:
    """A look at part of a history: what is of that part, if one page holds it, and what is not."""

    seen: Asked
    inside: tuple[Any, ...]
    outside: tuple[Any, ...]


def periods(stage: Stage) -> tuple[Period, ...]:
    """Send two messages to people who have written before, and look at the old and the new alone.

    At the new ones page by page as well, of which each shows nothing old.

    Raises `NotExercised` where the history does not say that seconds passed between them.
    """
    scene, driver = stage.scene(history), stage.driver
    old, conversation = scene.messages, scene.messages[0].conversation
    stage.let_pass(stage.told(old[-1]), _APART)
    new = (stage.say(conversation), stage.say(conversation))
    whole = until_listed(stage, conversation, (*old, *new))
    times = {key: driver.shown_time(item) for key, item in _items(stage, whole).items()}
    before, after = ([times.get(message.id) for message in part] for part in (old, new))
    known, later = ([found for found in part if found is not None] for part in (before, after))
    told = len(known) == len(old) and len(later) == len(new)
    if not told or min(later) - max(known) < _APART - 1:
        raise NotExercised("the history does not tell the times of messages that lie apart")
    looks = driver.look(conversation, conversation.owner)
    ids, fresh = (tuple(message.id for message in part) for part in (old, new))
    parts = (
        (min(known) - 60, min(later) - 1, ids, fresh),
        (max(known) + 1, max(later) + 60, fresh, ids),
    )

    def look(since: int, until: int, inside: tuple[Any, ...]) -> Asked:
        call = driver.within(looks, since, until)
        return stage.until(
            lambda: asked(stage, stage.call(call)),
            lambda now: not _is_whole(stage, now) or {*inside} <= now.receipts.keys(),
        )

    found = []
    for since, until, inside, outside in parts:
        seen = look(since, until, inside)
        found.append(Period(seen, inside if _is_whole(stage, seen) else (), outside))
    one = driver.look(conversation, conversation.owner, size=1)
    walk = _walk(stage, driver.within(one, max(known) + 1, max(later) + 60), 1, 4)
    found += [Period(page, (), ids) for page in walk.pages if page.answer.accepted]
    return tuple(found)


def _is_whole(stage: Stage, seen: Asked) -> bool:
    return seen.answer.accepted and stage.driver.looked_through(seen.answer)


def _items(stage: Stage, seen: Asked) -> Mapping[Any, Mapping[str, Any]]:
    return stage.driver.direct_history(seen.answer) if seen.answer.accepted else {}


@dataclass(frozen=True, slots=True)
class Pages:
    """Six messages, some acknowledged, read in one go and page by page, in ways that have names."""

    acknowledged: tuple[Message, ...]
    others: tuple[Message, ...]
    whole: Asked
    walks: Mapping[str, Walk]

    @property
    def shown(self) -> tuple[Message, ...]:
        """What the whole shows as read, of what was acknowledged."""
        found = [(m, self.whole.receipts.get(m.id)) for m in self.acknowledged]
        return tuple(m for m, receipt in found if receipt is not None and receipt.peer_read)

    @property
    def unshown(self) -> tuple[Message, ...]:
        """What the whole shows as unread, of what nobody has acknowledged."""
        found = [(m, self.whole.receipts.get(m.id)) for m in self.others]
        return tuple(m for m, receipt in found if receipt is not None and not receipt.peer_read)


def pages(stage: Stage) -> Pages:
    """Let B acknowledge three of six messages of A; read them back one by one, in twos, in sixes.

    Each of these sizes divides their number. B reads them back in twos as well.
    """
    keeps_history(stage)
    conversation = unwritten(stage, 8, 3)
    messages = tuple(stage.say(conversation) for _ in range(6))
    until_listed(stage, conversation, messages)
    acknowledged = (messages[0], messages[3], messages[4])
    stage.reads(conversation.members[1], acknowledged)
    whole = until_read(stage, conversation, acknowledged)
    if not whole.answer.accepted:
        raise NotExercised(f"the history is not to be had: {whole.answer.describe()}")
    others = tuple(message for message in messages if message not in acknowledged)
    most = 2 * len(messages) + 2
    walks = {f"pages of {size}": walk_back(stage, conversation, size, most) for size in (1, 2, 6)}
    walks["the receiver's pages"] = walk_back(stage, conversation, 2, most, conversation.members[1])
    return Pages(acknowledged, others, whole, walks)


def in_turns(stage: Stage) -> Pages:
    """Let two write six messages in turns, some of them plain; each reads them back in twos.

    B acknowledges two messages of A, and A one of B.
    """
    keeps_history(stage)
    conversation = unwritten(stage, 5, 3)
    a, b = people = conversation.members
    messages = tuple(
        stage.say(conversation, sender=people[turn % 2], receipt=turn not in (2, 5))
        for turn in range(6)
    )
    until_listed(stage, conversation, messages)
    acknowledged = (messages[0], messages[4], messages[1])
    stage.reads(b, acknowledged[:2])
    stage.reads(a, acknowledged[2:])
    whole = until_read(stage, conversation, acknowledged)
    if not whole.answer.accepted:
        raise NotExercised(f"the history is not to be had: {whole.answer.describe()}")
    walks = {
        f"{who}'s pages of what both wrote": walk_back(stage, conversation, 2, 14, viewer)
        for who, viewer in (("one", a), ("the other", b))
    }
    others = tuple(message for message in messages if message not in acknowledged)
    return Pages(acknowledged, others, whole, walks)


def large_letter(stage: Stage) -> tuple[tuple[Message, ...], Walk]:
    """Send a short message and one that fills more than half of an answer; read them back."""
    keeps_history(stage)
    conversation = unwritten(stage, 4, 6)
    older = stage.say(conversation)
    number = stage.number("large letter")
    call = stage.driver.send_message(conversation, conversation.owner, receipt=True, number=number)
    newer = stage.post(conversation, stage.driver.with_texts(call, "large ".ljust(_LARGE, ".")))
    until_listed(stage, conversation, (older, newer))
    return (older, newer), walk_back(stage, conversation, 20, 4)


def long_letters(stage: Stage) -> tuple[tuple[Message, ...], Walk]:
    """Send twelve messages of 1.5 kB, more than one answer holds; read them back."""
    keeps_history(stage)
    conversation, sent = unwritten(stage, 0, 2), []
    for turn in range(12):
        number = stage.number("long letter", turn)
        call = stage.driver.send_message(
            conversation, conversation.owner, receipt=True, number=number
        )
        text = f"letter {turn} ".ljust(1500, ".")
        sent.append(stage.post(conversation, stage.driver.with_texts(call, text)))
    until_listed(stage, conversation, tuple(sent))
    return tuple(sent), walk_back(stage, conversation, 20, 2 * len(sent))
