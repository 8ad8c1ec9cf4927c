"""Walks over the members who have, or have not, read a message."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Message, Page, Receipt
from receiptspec.scenes.counting import reading
from receiptspec.scenes.groups import Asked, asked, good, reads_again
from receiptspec.scenes.people import crowded, fair, returning, thinned
from receiptspec.scenes.reads import outsider
from receiptspec.stage import Stage

__all__ = [
    "Half",
    "Turned",
    "Walk",
    "across",
    "all_read",
    "fresh",
    "grown",
    "half_read",
    "in_turn",
    "left",
    "listed",
    "of_crowd",
    "page_of",
    "page_twice",
    "shortened",
    "turned",
    "turned_again",
    "uneven",
    "walk",
    "walks_in_turn",
    "when_back",
]

_TOO_FAR = 3


@dataclass(frozen=True, slots=True)
class Walk:
    """The pages of one list, in the order of the walk.

    It stops at the end, at a bound, or when some pages in a row bring nobody new: more of them
    where each is empty and has a cursor of its own, as who was looked through need not be listed.
    """

    message: Message
    read: bool
    count: int
    answers: tuple[Answer, ...]
    pages: tuple[Page, ...]
    bound: int

    @property
    def members(self) -> list[Any]:
        """Everybody that was listed, as often as listed."""
        return [member for page in self.pages for member in page.members]

    @property
    def ended(self) -> bool:
        """Whether a page said that it was the last."""
        return bool(self.pages) and self.pages[-1].last is True

    @property
    def size(self) -> int:
        """How many there are at most to be listed, as far as known."""
        return self.bound - _TOO_FAR

    @property
    def last_answer(self) -> Answer:
        """The answer that ended the walk."""
        return self.answers[-1]

    def must_be_whole(self) -> None:
        """Raise `NotExercised` where a page was refused: nothing can be said of the list."""
        if not self.last_answer.accepted:
            raise NotExercised(f"the list was not to be had: {self.last_answer.describe()}")


def page_of(
    stage: Stage, message: Message, *, read: bool, cursor: Any = None, count: int = 100
) -> Answer:
    """Ask for one page."""
    call = stage.driver.list_members(
        message.conversation, message.id, read=read, cursor=cursor, count=count
    )
    if call is None:
        raise NotExercised("this vendor lists no members")
    return stage.call(call)


def after_removal(stage: Stage) -> tuple[Answer, tuple[Any, ...]]:
    """List who has not read a message of a group from which some were removed before."""
    message, _, gone = stage.scene(thinned)
    answer = page_of(stage, message, read=False)
    stage.needs(answer)
    if not answer.accepted:
        raise NotExercised(f"the list is {answer.describe()}")
    return answer, gone


def walk(stage: Stage, message: Message, *, read: bool, count: int, size: int = 0) -> Walk:
    """Follow the cursors from the first page to the last, a few pages too far at most.

    A page may hold fewer members than were asked for, so there may be as many pages as members,
    or as `size` says where not all members are known.
    """
    walks = list(_steps(stage, message, read=read, count=count, size=size))
    return walks[-1]


def _steps(
    stage: Stage, message: Message, *, read: bool, count: int, size: int = 0
) -> Iterator[Walk]:
    """Yield a walk after each of its pages."""
    most = max(size, len(message.conversation.members))
    bound = most + _TOO_FAR
    answers: list[Answer] = []
    pages: list[Page] = []
    listed_: set[Any] = set()
    cursors: set[str] = set()
    cursor: Any = None
    idle = 0
    for _ in range(bound):
        answer = page_of(stage, message, read=read, cursor=cursor, count=count)
        answers.append(answer)
        page = stage.driver.page(answer) if answer.accepted else None
        pages += [page] if page is not None else []
        yield Walk(message, read, count, tuple(answers), tuple(pages), bound)
        if page is None or page.last is not False or not isinstance(page.cursor, str):
            break
        idle = 0 if {*map(repr, page.members)} - listed_ else idle + 1
        goes_on = not page.members and page.cursor not in cursors
        if idle > (max(_TOO_FAR, -(-most // count)) if goes_on else _TOO_FAR):
            break
        listed_.update(map(repr, page.members))
        cursor = page.cursor
        cursors.add(page.cursor)


def in_turn(stage: Stage) -> tuple[Walk, ...]:
    """Walk over both lists of a message and over one of another at a time, page by page in turn.

    All others have read the second message of the group of `half_read`.
    """
    half = stage.scene(half_read)
    group = half.message.conversation
    other = stage.say(group)
    for reader in group.members[1:]:
        stage.reads(reader, [other])
    listed(stage, other, group.members[1:], read=True, count=100)
    return walks_in_turn(stage, ((half.message, True), (half.message, False), (other, True)), 2)


def walks_in_turn(
    stage: Stage, lists: Sequence[tuple[Message, bool]], count: int, size: int = 0
) -> tuple[Walk, ...]:
    """Walk over several lists, a page of each in turn."""
    rounds = zip_longest(
        *(_steps(stage, m, read=read, count=count, size=size) for m, read in lists)
    )
    last: dict[int, Walk] = {}
    for walks in rounds:
        last |= {index: found for index, found in enumerate(walks) if found is not None}
    return tuple(last[index] for index in range(len(lists)))


def across(stage: Stage) -> tuple[Walk, ...]:
    """Walk over two new messages of two groups at a time, one by one, page by page in turn.

    Where messages are numbered group by group, both have the same number.
    """
    one, other = good(stage).messages[0], stage.scene(half_read).message
    return walks_in_turn(stage, ((one, False), (other, False)), 1)


def fresh(stage: Stage, counts: tuple[int, ...]) -> dict[int, Walk]:
    """Walk over those who have not read a new message, with pages of several sizes."""
    message = good(stage).messages[0]
    if not stage.target.writes:
        raise NotExercised("needs a new message; the target may not be written to")
    others = message.conversation.members[1:]
    first = stage.until(
        lambda: walk(stage, message, read=False, count=counts[0]),
        lambda found: (
            stage.is_final(found.last_answer)
            or (found.last_answer.accepted and not found.ended)
            or {*map(repr, others)} <= {*map(repr, found.members)}
        ),
    )
    rest = {count: walk(stage, message, read=False, count=count) for count in counts[1:]}
    return {counts[0]: first, **rest}


def shortened(stage: Stage) -> tuple[tuple[Answer, ...], int] | None:
    """Ask for two of those who have not read, then for one after them, and for one from the start.

    Return the last two answers and their size, ``None`` where there is no second page.
    """
    message = stage.scene(fair).messages[0]
    cursor = _cursor(stage, message, read=False, count=2)
    if cursor is None:
        return None
    places = (cursor, None)
    return tuple(page_of(stage, message, read=False, cursor=c, count=1) for c in places), 1


def uneven(stage: Stage) -> Walk:
    """List who has not read the message of `half_read`: one of them, then three at a time."""
    if not stage.driver.over_http:
        raise NotExercised("an SDK may page in its own way")
    message = stage.scene(half_read).message
    bound = len(message.conversation.members)
    answers: list[Answer] = []
    pages: list[Page] = []
    cursor: Any = None
    while len(answers) < bound:
        count = 3 if answers else 1
        answers.append(page_of(stage, message, read=False, cursor=cursor, count=count))
        if not answers[-1].accepted:
            break
        pages.append(stage.driver.page(answers[-1]))
        cursor = pages[-1].cursor
        if pages[-1].last is not False or not isinstance(cursor, str):
            break
    return Walk(message, False, 3, tuple(answers), tuple(pages), bound)


def _cursor(stage: Stage, message: Message, *, read: bool, count: int) -> str | None:
    """Return what the first page of a list says to ask on with, ``None`` where no page follows."""
    answer = page_of(stage, message, read=read, count=count)
    page = stage.driver.page(answer) if answer.accepted else None
    if page is None or page.last is not False or not isinstance(page.cursor, str):
        return None
    return page.cursor


def fresh_readers(stage: Stage) -> Walk:
    """Walk over those who have read a new message: nobody."""
    message = good(stage).messages[0]
    if not stage.target.writes:
        raise NotExercised("needs a new message; the target may not be written to")
    return stage.until(
        lambda: walk(stage, message, read=True, count=100), lambda found: _told(stage, found)
    )


def _told(stage: Stage, found: Walk) -> bool:
    """Whether a list was told, or refused in a way that waiting does not change."""
    return found.last_answer.accepted or stage.is_final(found.last_answer)


def page_twice(stage: Stage, message: Message) -> tuple[Answer, Answer]:
    """Ask twice for the page behind the first member of a list that has several."""
    for read in (False, True):
        cursor = _cursor(stage, message, read=read, count=1)
        if cursor is not None:
            one = page_of(stage, message, read=read, cursor=cursor)
            return one, page_of(stage, message, read=read, cursor=cursor)
    raise NotExercised("nothing follows the first page")


def crowd(stage: Stage, size: int) -> Message:
    """Send a message with receipts to a group of `size`, so many that a page cannot hold all."""
    return stage.say(stage.group(size))


@dataclass(frozen=True, slots=True)
class Half:
    """A group of which some have read a message: both lists, in pages of two, and the counts."""

    message: Message
    readers: tuple[Any, ...]
    read: Walk
    unread: Walk
    again: Walk
    once_more: Walk
    counts: Asked


def half_read(stage: Stage) -> Half:
    """Let three of six others read a message, and list both kinds.

    The lists are asked until they show the readers or the consistency window is over.
    """
    return _half(stage, 7, 3, 2)


def all_read(stage: Stage) -> Half:
    """List who has and has not read the message of `reading` that all others have read."""
    scene = stage.scene(reading)
    message, (_, *others) = scene.messages[0], scene.group.members
    read = listed(stage, message, others, read=True, count=2)
    unread = listed(stage, message, others, read=False, count=2)
    again = walk(stage, message, read=True, count=100)
    return Half(message, tuple(others), read, unread, again, again, scene.everybody)


@dataclass(frozen=True, slots=True)
class Turned:
    """The lists of a message before and after one member has read it."""

    message: Message
    reader: Any
    before: tuple[Walk, Walk]
    after: tuple[Walk, Walk]


def turned(stage: Stage) -> Turned:
    """List who has and has not read, let one member of a later page read, list again."""
    size, count = (6, 2) if stage.driver.over_http else (3, 100)  # else each is a program
    message = stage.say(stage.group(size))
    _, *others = message.conversation.members

    def lists() -> tuple[Walk, Walk]:
        return (
            walk(stage, message, read=True, count=count),
            walk(stage, message, read=False, count=count),
        )

    def moved(found: tuple[Walk, Walk]) -> bool:
        read, unread = found
        shown = reader in read.members and reader not in unread.members
        return stage.is_final(read.last_answer) or (read.last_answer.accepted and shown)

    before = stage.until(lists, lambda found: _told(stage, found[0]) and _told(stage, found[1]))
    later = [member for page in before[1].pages[1:] for member in page.members if member in others]
    reader = [*later, others[0]][0]
    stage.reads(reader, [message])
    return Turned(message, reader, before, stage.until(lists, moved))


def turned_again(stage: Stage) -> Walk:
    """Let the reader of `turned` read once more, then list who has read."""
    scene = stage.scene(turned)
    reads_again(stage, scene.reader, scene.message)
    return walk(stage, scene.message, read=True, count=100)


def left(stage: Stage) -> tuple[Walk, tuple[Any, ...]]:
    """Let two of four others read, and one leave who has not and stands before them.

    Returns who is listed as having read then, and who has.
    """
    group = stage.group(5)
    message = stage.say(group)
    _, leaver, *rest = group.members
    readers = (rest[0], rest[2])
    for reader in readers:
        stage.reads(reader, [message])
    listed(stage, message, readers, read=True, count=100)
    stage.must(stage.driver.remove_member(group, leaver))
    return listed(stage, message, readers, read=True, count=100), readers


def when_back(stage: Stage) -> Walk:
    """List who has read the message of `returning`."""
    scene = stage.scene(returning)
    message = scene.messages[0]
    return listed(stage, message, scene.readers[message.id], read=True, count=100)


def of_crowd(stage: Stage, count: int) -> tuple[Walk, Walk]:
    """List who of the crowd of `crowded` has read and who has not, `count` at a time."""
    scene = stage.scene(crowded)
    return (
        listed(stage, scene.message, scene.readers, read=True, count=count),
        listed(stage, scene.message, scene.readers, read=False, count=count),
    )


def after_outsider(stage: Stage) -> Walk:
    """List who has read a message that somebody who is no member has tried to read."""
    return walk(stage, stage.scene(outsider).messages[0], read=True, count=100)


def grown(stage: Stage, size: int, count: int) -> Half:
    """Do the same in a group of another size, half of which has read, with other pages."""
    return _half(stage, size, size // 2, count)


def _half(stage: Stage, size: int, reading: int, count: int) -> Half:
    group = stage.group(size)
    message = stage.say(group)
    readers = group.members[1 : 1 + reading]
    for reader in readers:
        stage.reads(reader, [message])
    read = listed(stage, message, readers, read=True, count=count)
    unread = listed(stage, message, readers, read=False, count=count)
    again = walk(stage, message, read=True, count=max(count, 100))

    def counted(found: dict[Any, Receipt]) -> bool:
        now = found.get(message.id)
        if now is None or now.read is None or now.unread is None:
            return False
        return now.read >= reading and now.unread <= size - reading

    counts = asked(stage, stage.settle(group, [message], counted))
    once_more = walk(stage, message, read=True, count=max(count, 100))
    return Half(message, readers, read, unread, again, once_more, counts)


def listed(
    stage: Stage, message: Message, readers: Sequence[Any], *, read: bool, count: int
) -> Walk:
    """Walk until `readers` are in the list of those who have read, or in the other no more."""

    def there(found: Walk) -> bool:
        listed_ = [reader in found.members for reader in readers]
        shown = all(listed_) if read else not any(listed_)
        return stage.is_final(found.last_answer) or (found.last_answer.accepted and shown)

    return stage.until(lambda: walk(stage, message, read=read, count=count), there)
