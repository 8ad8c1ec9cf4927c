"""Both lists of messages that were sent, read and outlived in one way or another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Conversation, Kind, Message
from receiptspec.scenes import counting, lifecycle, people
from receiptspec.scenes.groups import (
    NOWHERE,
    Asked,
    Several,
    Watched,
    asked,
    has_data,
    newborn,
    settled,
    several,
    tries_to_read,
)
from receiptspec.scenes.names import numbered
from receiptspec.scenes.paging import Walk, page_of, walk
from receiptspec.stage import Stage

__all__ = [
    "PLAYS",
    "Crossed",
    "Told",
    "crossed",
    "elsewhere",
    "interrupted",
    "lengths",
    "of_play",
    "singly",
    "unowned",
]

_COUNT = 100
_NAMES = "for members whose names are much alike"


@dataclass(frozen=True, slots=True)
class Told:
    """Both lists of a message, and the counts told after them.

    `readers` have read it and `others` have not; whether anybody of `open` is listed is open.
    `again` says that somebody has read it more than once, which may count.
    """

    message: Message
    readers: tuple[Any, ...]
    others: tuple[Any, ...]
    open: tuple[Any, ...]
    read: Walk
    unread: Walk
    counts: Asked
    again: bool = False

    @property
    def whole(self) -> bool:
        """Whether both lists were told to their ends."""
        return all(w.last_answer.accepted and w.ended for w in (self.read, self.unread))


def _needs_lists(stage: Stage) -> None:
    """Raise `NotExercised` where nobody, or only the sender, is told who has read."""
    if not stage.driver.over_http:
        raise NotExercised("who asks would have to be the sender")
    if stage.driver.list_members(NOWHERE, 0, read=True, cursor=None, count=1) is None:
        raise NotExercised("this vendor lists no members")


#: A message, who has read it, who is there, the sender and owner first, and who may be or not.
_Known = tuple[Message, tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]


def _of_several(scene: Several) -> Iterator[_Known]:
    for message in scene.messages:
        if has_data(scene.after.receipts, message):
            yield message, scene.readers[message.id], scene.members, ()


def _of_watched(scene: Watched) -> Iterator[_Known]:
    yield scene.message, scene.readers, scene.message.conversation.members, ()


def _many_senders(stage: Stage) -> Iterator[_Known]:
    return _of_several(stage.scene(people.many_senders))


def _returning(stage: Stage) -> Iterator[_Known]:
    return _of_several(stage.scene(people.returning))


def _adorned(stage: Stage) -> Iterator[_Known]:
    return _of_several(stage.scene(people.adorned))


def _by_member(stage: Stage) -> Iterator[_Known]:
    return _of_watched(stage.scene(people.by_member))


def _of_outsider(stage: Stage) -> Iterator[_Known]:
    return _of_watched(stage.scene(people.of_outsider))


def _of_administrator(stage: Stage) -> Iterator[_Known]:
    return _of_watched(stage.scene(people.of_administrator))


def _reading(stage: Stage) -> Iterator[_Known]:
    """Yield the three messages of `reading`: the oldest, a middle and the newest."""
    scene = stage.scene(counting.reading)
    a, b, c = scene.messages
    _, first, second, *rest = members = scene.group.members
    for message, readers in ((b, (second,)), (a, (first, second, *rest)), (c, (second, *rest))):
        yield message, readers, members, ()


def _spared(stage: Stage) -> Iterator[_Known]:
    scene = stage.scene(lifecycle.spared)
    older, newer = scene.extra["others"]
    yield older, (), scene.group.members, ()
    yield newer, scene.extra["readers"], scene.group.members, ()


def _outlived(stage: Stage) -> Iterator[_Known]:
    """Yield what a reader has read before who left, and another before whom somebody left."""
    scene = stage.scene(people.outlived)
    _, there, readers, gone = scene.looks[-1]
    yield scene.message, readers, there, gone


def _joined(stage: Stage) -> Iterator[_Known]:
    """Yield a message after which two have come: one alone may hide behind the sender.

    Then they try to read it, and it is yielded again: whether that makes readers of them is open.
    """
    group, newcomers = stage.group(3), stage.users(6)[4:]
    message = stage.say(group)
    newborn(stage, group, message).receipt(message)
    stage.lets_in(stage.driver.add_members(group, newcomers))
    yield message, (), group.members, newcomers
    for user in newcomers:
        tries_to_read(stage, user, message)
    stage.let_show()
    yield message, (), group.members, newcomers


def _rejoined(stage: Stage) -> Iterator[_Known]:
    """Yield messages from before and after two left and came back, one of them a newcomer.

    A third has come meanwhile, and nobody was told. The two have read the second message, and
    nobody anything else; whether they are its readers still is open.
    """
    group, (late, quiet) = stage.group(3), stage.users(6)[4:]
    driver, (_, back, _) = stage.driver, group.members
    stage.lets_in(driver.add_members(group, [late]))
    old, read = (stage.say(replace(group, members=(*group.members, late))) for _ in range(2))
    before = newborn(stage, read.conversation, old, read)
    readers = [user for user in (back, late) if tries_to_read(stage, user, read)]
    settled(stage, before, (read,), {read.id: len(readers)})
    stage.must(driver.remove_member(group, back, late))
    stage.adds(driver.quietly(driver.add_members(group, [quiet])))
    stage.lets_in(driver.add_members(group, [back, late]))
    whole = replace(group, members=(*group.members, late, quiet))
    new = stage.say(whole)
    newborn(stage, whole, new).receipt(new)
    yield new, (), whole.members, ()
    for message in (old, read):
        yield replace(message, conversation=whole), (), whole.members, (back, late, quiet)


def _alike(stage: Stage) -> Iterator[_Known]:
    """Yield a message in a group whose members' names are much alike; some of them have read."""
    scene = stage.scene(numbered)
    scene.before.receipt(scene.message)
    yield scene.message, scene.readers, scene.message.conversation.members, ()


#: What may have befallen a message whose lists are asked for.
PLAYS: Mapping[str, Callable[[Stage], Iterator[_Known]]] = {
    "among several messages of a group": _reading,
    "sent by owner, administrator or member": _many_senders,
    "after people left, came back and came later": _returning,
    "with more than a text, or of the administrator": _adorned,
    "sent by a member": _by_member,
    "sent by somebody outside": _of_outsider,
    "sent by the administrator": _of_administrator,
    "beside one that was recalled": _spared,
    "when people have left and come": _outlived,
    "when two have come": _joined,
    "around the leave of two who are back": _rejoined,
    _NAMES: _alike,
}


def of_play(stage: Stage, name: str) -> tuple[Told, ...]:
    """List who has, and who has not, read each message of a play that has data."""
    _needs_lists(stage)
    tolds = [_told(stage, *known, _COUNT) for known in PLAYS[name](stage)]
    if PLAYS[name] is not _reading:
        return tuple(tolds)
    again = stage.scene(counting.reading).messages[0].id
    return tuple(replace(told, again=told.message.id == again) for told in tolds)


def singly(stage: Stage) -> tuple[Walk, Told]:
    """List one by one who has not read, of members whose names are much alike."""
    (told,) = stage.scene(of_play, _NAMES)
    return walk(stage, told.message, read=False, count=1), told


def elsewhere(stage: Stage, type_: str) -> tuple[Several, tuple[Told, ...]]:
    """List page by page who has read two messages in a group of a type, one of them back again.

    The first is read by who had left and came back, the second by two others as well.
    """
    _needs_lists(stage)
    group = stage.group(6, type_=type_)
    driver, (_, back, one, two, *_) = stage.driver, group.members
    stage.must(driver.remove_member(group, back))
    stage.lets_in(driver.add_members(group, [back]))
    both = (stage.say(group), stage.say(group))
    reads = [(back, both), (one, both[1:]), (two, both[1:])]
    scene = several(stage, both, reads, group.members)
    return scene, tuple(_told(stage, *known, 1) for known in _of_several(scene))


def _told(
    stage: Stage,
    message: Message,
    readers: tuple[Any, ...],
    there: tuple[Any, ...],
    gone: tuple[Any, ...],
    count: int,
) -> Told:
    """Ask for both lists and the counts until they show who has read and agree."""
    open_ = (message.sender, message.conversation.owner, *gone)
    others = tuple(user for user in there if user not in readers and user not in open_)
    wanted = tuple(user for user in readers if user not in gone)

    def look() -> Told:
        read, unread = (walk(stage, message, read=read, count=count) for read in (True, False))
        counts = asked(stage, stage.ask(message.conversation, [message]))
        return Told(message, wanted, others, open_, read, unread, counts)

    def fits(found: Told) -> bool:
        if not found.whole:
            return any(stage.is_final(w.last_answer) for w in (found.read, found.unread))
        listed, unlisted = set(found.read.members), set(found.unread.members)
        now = found.counts.receipts.get(message.id)
        return (
            set(wanted) <= listed
            and not unlisted & set(wanted)
            and set(others) <= unlisted
            and now is not None
            and now.read in lengths(found.read.members, message)
            and now.unread in lengths(found.unread.members, message, unread=True)
        )

    return stage.until(look, fits)


def lengths(listed: Sequence[Any], message: Message, *, unread: bool = False) -> set[int]:
    """Return how many a list may count: its sender may be counted there, or not."""
    others = [member for member in listed if member != message.sender]
    return {len(listed), len(others)} | ({len(others) + 1} if unread else set())


@dataclass(frozen=True, slots=True)
class Crossed:
    """A list that was asked for beside others, and what was listed before."""

    before: tuple[Any, ...]
    page: tuple[Any, ...]
    what: str
    told: Told
    answer: Answer


def crossed(stage: Stage) -> tuple[Crossed, ...]:
    """Ask for both lists of several messages of a group at once, on several connections."""
    tolds = stage.scene(of_play, next(iter(PLAYS)))
    wanted, calls = [], []
    for told in (told for told in tolds if told.whole):
        for found in (told.read, told.unread):
            call = stage.driver.list_members(
                told.message.conversation,
                told.message.id,
                read=found.read,
                cursor=None,
                count=_COUNT,
            )
            if call is not None and len(found.pages) == 1:
                calls.append(call)
                wanted.append((told, found))
    crossed_ = []
    for (told, found), answer in zip(wanted, stage.at_once(calls), strict=True):
        page = stage.driver.page(answer) if answer.accepted else None
        if page is not None and page.last:
            what = f"{'readers' if found.read else 'others'} of message {told.message.id}"
            crossed_.append(Crossed(tuple(found.members), tuple(page.members), what, told, answer))
    return tuple(crossed_)


def interrupted(stage: Stage) -> tuple[Any, ...]:
    """Let somebody of the first page of who has not read do so; return who is then passed over.

    What becomes of a walk during which the list changes is open.
    """
    _needs_lists(stage)
    group = stage.group(6)
    message = stage.say(group)
    others = group.members[1:]
    answer = page_of(stage, message, read=False, count=2)
    first = stage.driver.page(answer) if answer.accepted else None
    if first is None or first.last is not False or not first.members:
        raise NotExercised("nothing follows the first page")
    stage.reads(first.members[0], [message])
    listed: list[Any] = [*first.members]
    page = first
    for _ in others:
        answer = page_of(stage, message, read=False, cursor=page.cursor, count=2)
        if not answer.accepted:
            raise NotExercised(f"the next page is {answer.describe()}")
        page = stage.driver.page(answer)
        listed += page.members
        if page.last is not False:
            break
    return tuple(user for user in others if user not in listed)


@dataclass(frozen=True, slots=True)
class Unowned:
    """A message in a group that nobody owns, of which the administrator who calls is a member.

    `members` are those whom the group lists, `unread` is who has not read it when it was new,
    `read` the answer to the administrator's receipt. The sender stands for an owner.
    """

    message: Message
    administrator: Any
    members: tuple[Any, ...]
    before: Asked
    unread: Walk
    read: Answer
    after: Asked


def unowned(stage: Stage) -> Unowned:
    """Make a group without an owner; its last member sends, and the administrator reads it."""
    driver, (first, sender) = stage.driver, stage.users(2)
    administrator, type_ = driver.from_administrator(first).owner, driver.group_type
    members = (first, administrator, sender)
    call = driver.without_owner(driver.make_group(type_, f"rs{stage.namespace}", first, members))
    made = driver.made_group(stage.must(call))
    group = Conversation(Kind.GROUP, made, type_, sender, members)
    there = stage.until(
        lambda: stage.call(driver.ask_members(group)),
        lambda answer: stage.is_final(answer) or len(driver.members(answer)[0]) == len(members),
    )
    message = stage.say(group)
    before = newborn(stage, group, message)
    before.receipt(message)
    report = driver.mark_read(group, administrator, [message.id])
    if made is None or report is None:
        raise NotExercised("nobody can read")
    unread = stage.until(
        lambda: walk(stage, message, read=False, count=10),
        lambda found: stage.is_final(found.last_answer) or set(members[:2]) <= set(found.members),
    )
    read = stage.patiently(report)
    after = settled(stage, before, (message,), {message.id: int(read.accepted)})
    found = tuple(driver.members(there)[0])
    return Unowned(message, administrator, found, before, unread, read, after)
