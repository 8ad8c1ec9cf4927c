"""A group whose members have written and read before they leave, and others come in their place."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Call, Conversation, Message
from receiptspec.scenes.afterwards import looked, state
from receiptspec.scenes.calls import places
from receiptspec.scenes.groups import naming, newborn, tries_to_read
from receiptspec.scenes.meanwhile import Glance
from receiptspec.stage import Stage

__all__ = ["Reached", "Turnover", "turnover"]

_LONG_TEXT = "long " * 120
_BEYOND = 2**53 + 1


@dataclass(frozen=True, slots=True)
class Reached:
    """Who was moved, or left alone, the answer that tells it, where that ought to be, and is.

    Where it is `exact` it may not be further on either. Who was left alone may be moved on by what
    happens, not to `places` to which others were moved.
    """

    who: str
    answer: Answer
    wanted: int
    told: Any
    exact: bool = False
    places: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Turnover:
    """What was answered about such a group, and to those in it and outside.

    `refused` are the answers to people who are no members, `welcome` is that to one who has been
    refused before and is a member since, ``None`` for who was not refused. `named` are those to
    messages under different ids of their senders; `again` is what sending the first message again
    ought to name, and the answer to that.
    """

    glances: tuple[Glance, ...]
    refused: tuple[tuple[str, Answer], ...]
    welcome: Answer | None
    named: tuple[Answer, ...]
    again: tuple[Any, Answer]
    reached: tuple[Reached, ...]


def turnover(stage: Stage) -> Turnover:
    """Let a reader and a writer leave a group, and others come whose ids are parts of a reader's.

    Who is no member tries to write and to move a read position, before joining or after leaving. A
    member's position is moved; that member reads an older message, and leaves another group, which
    is dismissed.
    """
    naming(stage)
    driver = stage.driver
    alike = driver.look_alikes(stage.namespace)
    if not alike:
        raise NotExercised("ids of users are no numbers")
    whole, head, tail, inner, twin = alike
    owner, reader, writer, stays, newcomer = stage.users(5)
    group = stage.group(0, people=(owner, reader, writer, stays, whole))
    turns = count()

    def send(sender: Any) -> Call:
        number = stage.number("turnover", group.id, next(turns))
        call = driver.send_message(group, owner, receipt=True, number=number)
        return replace(driver.without_member(call, sender), label="")

    opening = send(owner)
    first = stage.post(group, opening)
    second = stage.say(group, sender=writer)
    newborn(stage, group, first, second).receipt(first)
    read = [user for user in (reader, whole) if tries_to_read(stage, user, first)]
    read_second = [reader] if read and tries_to_read(stage, reader, second) else []
    low, high = _places(stage, first, second)
    stage.let_show()
    at_first = _told(stage, group)
    moved = _moves(stage, group, stays, high)
    wanted = {stays: high} if moved else {}
    wanted |= {owner: low} if _moves(stage, group, owner, low) else {}
    begun = _reached(stage, group, wanted)
    read += [stays] if tries_to_read(stage, stays, first) else []
    _moves(stage, group, stays, -1)

    early = send(head)
    odd = driver.with_texts(driver.without_name(send(twin)), _LONG_TEXT)
    refused = [
        ("a sender whose id is part of a member's", stage.patiently(send(inner))),
        ("a sender whose id is nearly a member's", stage.patiently(odd)),
        ("a sender who is not yet a member", stage.patiently(early)),
    ]
    outside = [inner] if _moves(stage, group, inner, high) else []
    left = (reader, writer)
    stage.must(driver.remove_member(group, *left))
    for user, what in ((reader, "read"), (writer, "written")):
        refused.append((f"a sender who has {what} and left", _until_refused(stage, send, user)))
    outside += [reader] if _moves(stage, group, reader, high) else []
    third = stage.say(group)
    unsure = [stays] if moved else []

    def looks(there: Sequence[Any], come: Sequence[Any] = (), *more: Any) -> tuple[Glance, ...]:
        open_ = (*outside, *(user for user in unsure if user not in read))
        loose = [user for user in (*left, *come) if user not in open_]
        late = [user for user in come if user not in open_]
        states = [
            state(first, there, read, open_, loose),
            state(second, there, read_second, (*outside, *unsure), loose),
            state(third, there, (), outside, late),
            *more,
        ]
        return looked(stage, states)

    there = (owner, stays, whole)
    glances = [*looks(there)]
    elsewhere = stage.group(0, people=there)
    stage.must(driver.remove_member(elsewhere, stays))
    stage.must(driver.dismiss(elsewhere))
    again = stage.call(opening)
    told = _reached(stage, group, wanted)
    reached = [
        Reached(
            "a member",
            told,
            at,
            driver.read_position(told, user),
            exact=user != owner and driver.read_position(at_first, user) != at,
        )
        for user, at in wanted.items()
        if driver.read_position(begun, user) == at
    ]
    before, since = (driver.read_position(answer, whole) for answer in (at_first, told))
    reached.append(Reached("a member who did nothing", told, before, since, places=(low, high)))

    come = (head, tail, newcomer)
    stage.lets_in(driver.add_members(group, come))
    whole_group = replace(group, members=(*there, *come))
    welcome = None
    if refused[2][1].refused:  # some know of a new member only a while after they were asked
        welcome = stage.until(lambda: stage.call(early), lambda answer: answer.accepted)
    ends = str(whole)[len(str(head)) :]
    number = stage.number("turnover", group.id, "names")
    named = [
        stage.call(driver.with_name(send(user), name))
        for user, name in ((whole, f"-{number}"), (head, f"{ends}-{number}"))
    ]
    fifth = stage.say(whole_group)
    more = []
    if welcome is not None and welcome.accepted:
        fourth = Message(whole_group, stage.named(welcome), head, True)
        more.append(state(fourth, whole_group.members, (), outside))
    has_read = [whole] if tries_to_read(stage, whole, fifth) else []
    more.append(state(fifth, whole_group.members, has_read, outside))
    glances += looks(there, come, *more)

    gone: list[Any] = []
    for user, beside in ((tail, driver.nobody()), (newcomer, newcomer)):
        answer = stage.call(driver.remove_member(whole_group, user, beside))
        gone += [user] if answer.accepted and user not in driver.kept_out(answer) else []
    doubtful = [user for user in (tail, newcomer) if user not in gone]
    sixth = stage.say(whole_group)
    glances += looked(stage, [state(sixth, (*there, head), (), (*outside, *doubtful))])
    reached += _at_once(stage, group, (whole, head, owner), stays, (low, high))
    return Turnover(
        tuple(glances),
        tuple(refused),
        welcome,
        tuple(answer for answer in named if answer.accepted),
        (first.id, again),
        tuple(reached),
    )


def _until_refused(stage: Stage, send: Any, user: Any) -> Answer:
    return stage.until(lambda: stage.call(send(user)), stage.is_final)


def _places(stage: Stage, *messages: Message) -> tuple[int, int]:
    """Return where two messages are, nowhere where that is not told."""
    try:
        low, high = places(stage, *messages)
    except NotExercised:
        return 0, 0
    return low, high


def _moves(stage: Stage, group: Conversation, user: Any, position: int) -> bool:
    """Move a read position, if that can be; whether it is accepted."""
    call = stage.driver.move_read_position(group, user, position)
    return call is not None and stage.call(call).accepted


def _told(stage: Stage, group: Conversation) -> Answer:
    call = stage.driver.ask_read_positions(group)
    if call is None:
        raise NotExercised("this vendor tells no read positions")
    return stage.must(call)


def _reached(stage: Stage, group: Conversation, wanted: dict[Any, int]) -> Answer:
    """Ask for the read positions until some members are as far as they ought to be."""
    position = stage.driver.read_position
    return stage.until(
        lambda: _told(stage, group),
        lambda answer: all((position(answer, user) or 0) >= at for user, at in wanted.items()),
    )


def _at_once(
    stage: Stage, group: Conversation, users: Collection[Any], far: Any, ends: tuple[int, int]
) -> list[Reached]:
    """Move the read positions of several at the same time, the first one's twice, and one's far."""
    first, *others = users
    moves = [(first, ends[1]), (first, ends[0]), *((user, ends[1]) for user in others)]
    moves.append((far, _BEYOND))
    calls = [stage.driver.move_read_position(group, *move) for move in moves]
    answers = stage.at_once([call for call in calls if call is not None])
    wanted: dict[Any, int] = {}
    for (user, at), answer in zip(moves, answers, strict=True):
        if answer.accepted:
            wanted[user] = max(at, wanted.get(user, 0))
    told = _reached(stage, group, {u: at for u, at in wanted.items() if u != far})
    position = stage.driver.read_position
    found = [
        Reached("one of several who were moved at once", told, at, position(told, user))
        for user, at in wanted.items()
        if user != far
    ]
    beyond = position(told, far)
    if far in wanted and isinstance(beyond, int) and float(beyond) == float(_BEYOND):
        found.append(Reached("who was moved beyond 2^53", told, _BEYOND, beyond, exact=True))
    return found
