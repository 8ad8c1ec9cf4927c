"""How far members have read, which is not which messages they have read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Conversation, Message
from receiptspec.scenes.calls import places
from receiptspec.scenes.counting import batch
from receiptspec.scenes.groups import Asked, asked, named_twice, tells
from receiptspec.scenes.people import crowded
from receiptspec.stage import Stage

__all__ = [
    "Moved",
    "begun",
    "behind",
    "below",
    "far_back",
    "moved",
    "of_many",
    "of_pair",
    "of_receiver",
    "of_roles",
]


@dataclass(frozen=True, slots=True)
class Moved:
    """A member whose read position was moved forward, then back.

    `start`, `forward`, `back` are the position that was told at first and after each move. `still`
    is what the same three answers told of another member, who did nothing.
    """

    group: Conversation
    start: tuple[Answer, Any]
    first: int
    wanted: int
    moving: Answer
    forward: tuple[Answer, Any]
    back: tuple[Answer, Any]
    before: Asked
    after: Asked
    still: tuple[Any, Any, Any] = (None, None, None)


def moved(stage: Stage) -> Moved:
    """Move a member's read position to the second of two messages, to the first, to none."""
    group = stage.group(3)
    messages = (stage.say(group), stage.say(group))
    member = group.members[1]
    before = asked(stage, stage.ask(group, messages))
    low, high = places(stage, *messages)
    stage.let_show()
    start = _told(stage, group, member)
    moving = _move(stage, group, member, high)
    forward = stage.until(lambda: _told(stage, group, member), lambda told: told[1] == high)
    for place in (low, 0):
        _move(stage, group, member, place)
    back = stage.until(lambda: _told(stage, group, member), lambda told: told[1] == high)
    settled = stage.settle(
        group,
        messages,
        lambda found: (
            any(r.read for r in found.values()) and not any(map(named_twice, found.values()))
        ),
    )
    other = group.members[2]
    told = tuple(stage.driver.read_position(step[0], other) for step in (start, forward, back))
    after = asked(stage, settled)
    return Moved(group, start, low, high, moving, forward, back, before, after, told)


def of_roles(stage: Stage) -> tuple[tuple[str, Answer, int, Any], ...]:
    """Move the read positions of owner, manager and member forward, then back after some changes.

    The changes: a message is sent and recalled, and another member leaves. Somebody who is added
    with that position is moved back as well. Each entry is who it was, the answer that tells the
    positions, the one that was wanted and the one that is told.
    """
    group = stage.group(4, promoted=True)
    *movers, leaver = group.members
    messages = [stage.say(group) for _ in range(2)]
    low, high = places(stage, *messages)
    moved_ = [user for user in movers if _move(stage, group, user, high).accepted]
    stage.call(stage.driver.recall(stage.say(group, sender=movers[-1])))
    stage.must(stage.driver.remove_member(group, leaver))
    newcomer = stage.users(5)[4]
    if _begins(stage, group, newcomer, high):
        moved_.append(newcomer)
    for user in moved_:
        _move(stage, group, user, low)
    call = stage.driver.ask_read_positions(group)
    if call is None:
        raise NotExercised("this vendor tells no read positions")
    answer = stage.until(
        lambda: stage.must(call),
        lambda found: all((stage.driver.read_position(found, u) or 0) >= high for u in moved_),
    )
    who = ("the owner", "a manager", "a member", "a member who began there")
    names = dict(zip((*movers, newcomer), who, strict=True))
    return tuple(
        (names[user], answer, high, stage.driver.read_position(answer, user)) for user in moved_
    )


def of_pair(stage: Stage) -> tuple[tuple[str, Answer, Any, Any], ...]:
    """Move the read position of one of two people, who writes to a third as well.

    Each entry is who it is, the answer that tells where the other, or the one in the other
    conversation, is since, what was told before and what is told.
    """
    third, *_, one, other = stage.users(5)
    aside = stage.pair(one, third)
    pair, message = stage.scene(_letter)
    (place,) = places(stage, message)
    stage.let_show()
    _, first = _told(stage, pair, other)
    _, before = _told(stage, aside, one)
    _move(stage, pair, one, place)
    answer, since = _told(stage, pair, other)
    beside, after = _told(stage, aside, one)
    after = after if after == place else before  # some other position has another reason
    return (
        ("the other of two people", answer, first, since),
        ("who was moved in another conversation", beside, before, after),
    )


def _letter(stage: Stage) -> tuple[Conversation, Message]:
    """Write to somebody."""
    *_, one, other = stage.users(5)
    pair = stage.pair(one, other)
    if stage.driver.ask_read_positions(pair) is None:
        raise NotExercised("this vendor tells no read positions")
    return pair, stage.say(pair)


@dataclass(frozen=True, slots=True)
class OfReceiver:
    """A letter whose receiver's read position was moved to it, and what was answered about it.

    `told` are the answer that tells the position when the conversation was opened again, the one
    that was wanted and the one that is told, where that move was accepted.
    """

    message: Message
    asked: Asked
    told: tuple[Answer, int, Any] | None


def of_receiver(stage: Stage) -> OfReceiver:
    """Move the read position of the receiver of a letter to it; ask for the letter.

    That is after `of_pair`, and then the conversation is opened again.
    """
    stage.scene(of_pair)
    pair, message = stage.scene(_letter)
    receiver = pair.members[1]
    (place,) = places(stage, message)
    accepted = _move(stage, pair, receiver, place).accepted
    stage.let_show()
    seen = stage.until(
        lambda: asked(stage, stage.ask(pair, [message])),
        lambda found: _is_settled(found, message, receiver),
    )
    opening = stage.driver.make_pair(*pair.members)
    if opening is not None:
        stage.call(opening)
    answer, told = stage.until(
        lambda: _told(stage, pair, receiver), lambda found: (found[1] or 0) >= place
    )
    return OfReceiver(message, seen, (answer, place, told) if accepted else None)


def _is_settled(seen: Asked, message: Message, receiver: Any) -> bool:
    """Whether flag and lists say the same; either may be later than the other."""
    receipt = seen.receipts.get(message.id)
    if receipt is None or receipt.readers is None or receipt.peer_read is None:
        return True
    return tells(receipt, receiver, read=receipt.peer_read)


def behind(stage: Stage) -> tuple[str, Answer, int, Any]:
    """Move a member to the first message while another one is at the second.

    The rest is as in the entries of `of_roles`.
    """
    scene = stage.scene(moved)
    group, low = scene.group, scene.first
    member, started = group.members[2], scene.still[2]
    if scene.forward[1] != scene.wanted or not isinstance(started, int) or started >= low:
        raise NotExercised("no member is behind another")
    _move(stage, group, member, low)
    answer, told = stage.until(lambda: _told(stage, group, member), lambda found: found[1] == low)
    return "who is behind another member", answer, low, told


def begun(stage: Stage) -> tuple[tuple[str, Answer, int, Any], ...]:
    """Add two people by one call, each with a read position of their own.

    The rest is as in the entries of `of_roles`.
    """
    scene = stage.scene(moved)
    group, places_ = scene.group, (scene.first, scene.wanted)
    if scene.forward[1] != scene.wanted:
        raise NotExercised("the position of a member could not be moved")
    newcomers = stage.users(7)[5:]
    stage.must(stage.driver.begun(stage.driver.add_members(group, newcomers), *places_))
    call = stage.driver.ask_read_positions(group)
    if call is None:
        raise NotExercised("this vendor tells no read positions")

    def told(answer: Answer) -> tuple[Any, ...]:
        return tuple(stage.driver.read_position(answer, user) for user in newcomers)

    answer = stage.until(
        lambda: stage.must(call),
        lambda found: all((p or 0) >= w for p, w in zip(told(found), places_, strict=True)),
    )
    who = "who was added with one"
    return tuple((who, answer, w, p) for w, p in zip(places_, told(answer), strict=True))


def of_many(stage: Stage) -> tuple[Answer, int, Any]:
    """Move the read position of the last of many members; the rest is as in `far_back`."""
    message = stage.scene(crowded).message
    group = message.conversation
    member = group.members[-1]
    (place,) = places(stage, message)
    if not _move(stage, group, member, place).accepted:
        raise NotExercised("the position of the last of many members could not be moved")
    answer, told = stage.until(
        lambda: _told(stage, group, member), lambda found: (found[1] or 0) >= place
    )
    return answer, place, told


def below(place: int) -> tuple[int, ...]:
    """Return positions before one that come behind it as texts, or in their last 32 bits."""
    found = (10 ** (len(str(place)) - 1) - 1, place - 2**32 + 1)
    return tuple(sorted(position for position in found if 0 < position < place))


def far_back(stage: Stage) -> tuple[Answer, int, Any]:
    """Move the read position of a member to the last of many messages, then to the first.

    It moves over positions `below` that, and back to them as well, where they are accepted. The
    rest is as in the entries of `of_roles`.
    """
    messages = stage.scene(batch).messages
    group = messages[0].conversation
    member = group.members[-1]
    low, high = sorted(places(stage, messages[0], messages[-1]))
    taken = [step for step in below(high) if low and _move(stage, group, member, step).accepted]
    if not low or not _arrives(stage, group, member, high, taken):
        raise NotExercised("the position of a member could not be moved to the last of many")
    for step in (*taken, low):
        _move(stage, group, member, step)
    answer, told = stage.until(
        lambda: _told(stage, group, member), lambda found: (found[1] or 0) >= high
    )
    return answer, high, told


def _arrives(
    stage: Stage, group: Conversation, member: Any, place: int, taken: Sequence[int]
) -> bool:
    """Move a member on, who may have been moved before; whether that is to be judged.

    A refusal is, if that move was one forward, and another member can be moved there.
    """
    if _move(stage, group, member, place).accepted:
        return True
    other = group.members[-2]
    return bool(taken) and _move(stage, group, other, place).accepted


def _begins(stage: Stage, group: Conversation, user: Any, position: int) -> bool:
    """Add somebody who has read so far; whether the target takes that over."""
    call = stage.driver.begun(stage.driver.add_members(group, [user]), position)
    if not stage.call(call).accepted:
        return False
    told = stage.until(lambda: _told(stage, group, user)[1], lambda found: found == position)
    return bool(told == position)


def _move(stage: Stage, group: Conversation, member: Any, position: int) -> Answer:
    call = stage.driver.move_read_position(group, member, position)
    if call is None:
        raise NotExercised("this vendor moves no read positions")
    return stage.call(call)


def _told(stage: Stage, group: Conversation, member: Any) -> tuple[Answer, Any]:
    call = stage.driver.ask_read_positions(group)
    if call is None:
        raise NotExercised("this vendor tells no read positions")
    answer = stage.must(call)
    return answer, stage.driver.read_position(answer, member)
