"""Lists of messages that stand in a target that may not be written to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Protocol, TypeVar

from receiptspec.errors import NotExercised
from receiptspec.neutral import Message, Receipt
from receiptspec.scenes.groups import Asked, ask, good
from receiptspec.scenes.lists import lengths
from receiptspec.scenes.paging import Half, Walk, walk, walks_in_turn
from receiptspec.stage import Stage

__all__ = [
    "Looked",
    "Repeated",
    "Standing",
    "chosen_of",
    "counting",
    "flipped",
    "paced",
    "repeated",
    "standing",
    "stands",
    "steadily",
]

_MANY = 100
_ASKED = 20  # messages whose counts choose those that are looked at
_FEW = (2, 3)  # members of a page between the smallest and the largest
_TRIES = 3
_PAUSES = (0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.5, 0.0)  # seconds


@dataclass(frozen=True, slots=True)
class Standing:
    """Both lists of messages of a fixture, listed while their counts stood still.

    `readers` of each are those of its largest pages. `sizes` are walks over who has not read the
    first, in pages of several sizes; `turn` are walks that were made at a time, each with the one
    that was made alone. The `sender` is known where the lists of every message name all members
    but the same one.
    """

    halves: tuple[Half, ...]
    sizes: dict[int, Walk]
    turn: tuple[tuple[Walk, Walk], ...]
    before: Asked
    after: Asked
    sender: Any

    def agrees(self) -> bool:
        """Whether nothing of what was listed contradicts another part of it."""
        pairs = [(half.again, half.once_more) for half in self.halves] + list(self.turn)
        pairs += [(half.read, half.again) for half in self.halves]
        pairs += [(one, two) for one in self.sizes.values() for two in self.sizes.values()]
        walks = [walk for pair in pairs for walk in pair]
        return (
            all(found.ended for found in walks)
            and all(Counter(one.members) == Counter(two.members) for one, two in pairs)
            and all(fits(half) for half in self.halves)
            and (self.sender is None or len({uncounted(half) for half in self.halves}) == 1)
        )


class Looked(Protocol):
    """What was looked at between two questions for the counts."""

    @property
    def before(self) -> Asked:
        """The answer to the first of them."""

    @property
    def after(self) -> Asked:
        """The answer to the last of them."""

    def agrees(self) -> bool:
        """Whether nothing of what was looked at contradicts another part of it."""


L = TypeVar("L", bound=Looked)


@dataclass(frozen=True, slots=True)
class Repeated:
    """Answers about the same messages, each with what was asked for between two such answers."""

    before: Asked
    between: tuple[tuple[str, Asked], ...]
    after: Asked

    def agrees(self) -> bool:
        """Whether every answer that tells of a message tells the same numbers and people."""
        first = _told(self.before)
        return all(
            told == first.get(id_, told)
            for _, found in self.between
            for id_, told in _told(found).items()
        )


def repeated(stage: Stage) -> tuple[Repeated | None, tuple[Asked, ...]]:
    """Ask for the messages of the fixture again and again, in another order and one by one.

    ``None`` where somebody reads them meanwhile; returns all answers beside.
    """
    scene = good(stage)
    all_: list[Asked] = []

    def put(*messages: Message) -> Asked:
        all_.append(ask(stage, scene.group, *messages))
        return all_[-1]

    def look() -> Repeated:
        before = put(*scene.messages)
        between = [("being asked for", put(*scene.messages))]
        between.append(("being asked for in another order", put(*reversed(scene.messages))))
        between += [("being asked for alone", put(message)) for message in scene.messages]
        return Repeated(before, tuple(between), put(*scene.messages))

    try:
        return steadily(stage, scene.messages, look), tuple(all_)
    except NotExercised:
        return None, tuple(all_)


def paced(stage: Stage) -> tuple[Asked, ...]:
    """Ask for the messages of the fixture at once after each other, and twice after a pause."""
    scene, found = good(stage), []
    for pause in _PAUSES:
        stage.rest(pause)
        found.append(ask(stage, scene.group, *scene.messages))
    return tuple(found)


def counting(answers: Sequence[Asked]) -> tuple[Asked, Asked, Any] | None:
    """Return two answers, and a message whose readers rise by the same at each of `answers`.

    Nobody reads at that pace whether there is a pause between two answers or not.
    """
    one, two, *rest = answers
    for id_, receipt in one.receipts.items():
        told = [found.receipts.get(id_) for found in (one, two, *rest)]
        numbers = [now.read for now in told if now is not None and now.read is not None]
        steps = {after - before for before, after in pairwise(numbers)}
        if receipt.known and len(numbers) == len(told) and len(steps) == 1 and min(steps) > 0:
            return one, two, id_
    return None


def flipped(answers: Sequence[Asked], window: float) -> tuple[Asked, Asked, Any, str] | None:
    """Return an answer with a number that another had replaced, and the first that goes back.

    Longer before than `window`, that is, in which views may differ. With them comes whose number
    it is: the message and the field, ``read`` or ``unread``.
    """
    seen: dict[tuple[Any, str], dict[int, Asked]] = {}
    for found in answers:
        for id_, receipt in found.receipts.items():
            for field, number in (("read", receipt.read), ("unread", receipt.unread)):
                if not receipt.known or number is None:
                    continue
                firsts = seen.setdefault((id_, field), {})
                first = firsts.setdefault(number, found)
                for other in firsts.values():
                    came = _when(other)
                    if _when(first) < came and _when(found) - came > window:
                        return other, found, id_, field
    return None


def _when(found: Asked) -> float:
    return found.answer.exchange.started


def fits(half: Half) -> bool:
    """Whether both lists of a message have nobody in common and are as long as counted."""
    now = half.counts.receipts.get(half.message.id)
    read, unread = half.read.members, half.unread.members
    return (
        now is not None
        and not {*read} & {*unread}
        and now.read in lengths(read, half.message)
        and now.unread in lengths(unread, half.message, unread=True)
    )


def uncounted(half: Half) -> int:
    """Return how many more are counted than listed."""
    return _total(half.counts.receipt(half.message)) - len(half.read.members + half.unread.members)


def stands(stage: Stage) -> bool:
    """Whether the target may not be written to and has messages to look at."""
    return stage.target.fixture is not None and not stage.target.writes


def standing(stage: Stage, fully: bool) -> Standing:
    """List who has and who has not read four messages of the fixture, or two in fewer ways.

    Somebody may read them meanwhile: what was listed says something only of counts that stood
    still. Raises `NotExercised` where they never do.
    """
    scene = good(stage)
    first = ask(stage, scene.group, *scene.messages[:_ASKED])
    known = [m for m in scene.messages[:_ASKED] if _known(first.receipts.get(m.id))]
    if not known:
        raise NotExercised(f"no message with counts is known: {first.answer.describe()}")
    chosen = chosen_of(known, first.receipts)[: 4 if fully else 2]
    return steadily(stage, chosen, lambda: _look(stage, chosen, briefly=not fully))


def steadily(stage: Stage, messages: Sequence[Message], look: Callable[[], L]) -> L:
    """Look until nothing disagrees; return what disagrees where the counts of messages stood still.

    Raises `NotExercised` where they never do.
    """
    for _ in range(_TRIES):
        looks: list[L] = []

        def noted(looks: list[L] = looks) -> L:
            looks.append(look())
            return looks[-1]

        last = stage.until(noted, lambda found: _stood(found) and found.agrees())
        if _stood(last) and last.agrees():
            return last
        stage.rest(stage.target.consistency)
        now = ask(stage, messages[0].conversation, *messages)
        if _told(looks[0].before) == _told(last.after) == _told(now):
            return last
    raise NotExercised("somebody reads the messages of the fixture meanwhile")


def _look(stage: Stage, messages: tuple[Message, ...], *, briefly: bool) -> Standing:
    group, (first, *_) = messages[0].conversation, messages
    before = ask(stage, group, *messages)
    size = max(len(group.members), *(_total(before.receipt(message)) for message in messages))
    small = 2 if briefly else max(1, size // 10)

    def listed(message: Message, *, read: bool, count: int = _MANY) -> Walk:
        return walk(stage, message, read=read, count=count, size=size)

    whole = {
        (message.id, read): listed(message, read=read)
        for message in messages
        for read in (True, False)
    }
    paged = {(first.id, read): listed(first, read=read, count=small) for read in (True, False)}
    longest = max(len(whole[first.id, read].members) for read in (True, False))
    between = [count for count in _FEW if small < count < longest and not briefly]
    middle = {
        (count, read): listed(first, read=read, count=count)
        for count in between
        for read in (True, False)
    }
    again = {message.id: listed(message, read=True) for message in messages}
    turn: tuple[tuple[Walk, Walk], ...] = ()
    if not briefly:
        lists = [(first, True), (first, False), *((other, True) for other in messages[1:2])]
        made = walks_in_turn(stage, lists, count=small, size=size)
        turn = tuple((found, whole[found.message.id, found.read]) for found in made)
    after = ask(stage, group, *messages)
    sender = _sender(whole.values(), group.members)
    halves = []
    for message in messages:
        pages = {**whole, **paged}
        halves.append(
            Half(
                replace(message, sender=sender) if sender is not None else message,
                tuple(whole[message.id, True].members),
                pages[message.id, True],
                pages[message.id, False],
                whole[message.id, True],
                again[message.id],
                after,
            )
        )
    halves += [
        replace(halves[0], read=middle[count, True], unread=middle[count, False])
        for count in between
    ]
    sizes = {small: paged[first.id, False], _MANY: whole[first.id, False]}
    sizes |= {count: middle[count, False] for count in between}
    return Standing(tuple(halves), sizes, turn, before, after, sender)


def chosen_of(messages: Sequence[Message], told: Mapping[Any, Receipt]) -> tuple[Message, ...]:
    """Return messages in the order in which they are worth a look.

    First one that some have read, then one each that all and none have, then the others.
    """
    ranked = sorted(messages, key=lambda m: -_smaller(told[m.id]))
    by_all = [message for message in ranked if not told[message.id].unread][:1]
    by_none = [message for message in ranked if not told[message.id].read][:1]
    return tuple(dict.fromkeys((*ranked[:1], *by_all, *by_none, *ranked)))


def _sender(walks: Collection[Walk], members: Sequence[Any]) -> Any:
    """Return the one member who is in no list of any message, if all others are in one of each."""
    listed: dict[Any, set[Any]] = {}
    for found in walks:
        listed.setdefault(found.message.id, set()).update(found.members)
    left = {member for member in members if not any(member in all_ for all_ in listed.values())}
    others = {*members} - left
    return left.pop() if len(left) == 1 and all(a == others for a in listed.values()) else None


def _stood(found: Looked) -> bool:
    return _told(found.before) == _told(found.after)


def _known(receipt: Receipt | None) -> bool:
    return receipt is not None and receipt.read is not None and receipt.unread is not None


def _total(receipt: Receipt) -> int:
    return (receipt.read or 0) + (receipt.unread or 0)


def _smaller(receipt: Receipt) -> int:
    return min(receipt.read or 0, receipt.unread or 0)


def _told(found: Asked) -> dict[Any, tuple[Any, ...]]:
    """Return the numbers and the people of each message."""
    return {
        id_: (now.read, now.unread, frozenset(now.readers or ()), frozenset(now.non_readers or ()))
        for id_, now in found.receipts.items()
    }
