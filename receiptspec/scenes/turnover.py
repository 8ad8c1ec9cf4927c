"""A group whose members have written and read before they leave, and others come in their place."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Call, Conversation, Message
from receiptspec.scenes.afterwards import State, looked, state
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
    alike = stage.driver.look_alikes(stage.namespace)
    if not alike:
        raise NotExercised("ids of users are no numbers")
    house = _House(stage, _People(*stage.users(5), *alike))
    house.begin()
    house.move_positions()
    house.turn_away()
    house.see_off()
    again = house.unsettled()
    house.welcome_others()
    house.rename()
    house.remove_with_strangers()
    return Turnover(
        tuple(house.glances),
        tuple(house.refused),
        house.welcome,
        tuple(answer for answer in house.named if answer.accepted),
        again,
        tuple(house.reached),
    )


@dataclass(frozen=True, slots=True)
class _People:
    """Who takes part: `whole` has an id of which `head`, `tail` and `inner` are parts.

    The id of `twin` is nearly that of `whole`.
    """

    owner: Any
    reader: Any
    writer: Any
    stays: Any
    newcomer: Any
    whole: Any
    head: Any
    tail: Any
    inner: Any
    twin: Any

    @property
    def constant(self) -> tuple[Any, ...]:
        """Those who are members from first to last."""
        return (self.owner, self.stays, self.whole)

    @property
    def leaving(self) -> tuple[Any, ...]:
        return (self.reader, self.writer)


class _House:
    """The group as it changes, and what is known of its messages and of everybody's reads.

    `outside` are those of whom nothing is said, as a call of theirs that ought to have been refused
    was accepted.
    """

    def __init__(self, stage: Stage, people: _People) -> None:
        self.stage, self.driver, self.people = stage, stage.driver, people
        members = (people.owner, *people.leaving, people.stays, people.whole)
        self.group = stage.group(0, people=members)
        self._turns = count()
        self._opening = self._send(people.owner)
        self.glances: list[Glance] = []
        self.refused: list[tuple[str, Answer]] = []
        self.welcome: Answer | None = None
        self.named: list[Answer] = []
        self.reached: list[Reached] = []
        self.outside: list[Any] = []

    def _send(self, sender: Any) -> Call:
        number = self.stage.number("turnover", self.group.id, next(self._turns))
        call = self.driver.send_message(self.group, self.people.owner, receipt=True, number=number)
        return replace(self.driver.without_member(call, sender), label="")

    def begin(self) -> None:
        """Let two messages be written, and a member who stays and one who leaves read the first."""
        stage, people = self.stage, self.people
        self.first = stage.post(self.group, self._opening)
        self.second = stage.say(self.group, sender=people.writer)
        newborn(stage, self.group, self.first, self.second).receipt(self.first)
        readers = (people.reader, people.whole)
        self.read = [user for user in readers if tries_to_read(stage, user, self.first)]
        again = self.read and tries_to_read(stage, people.reader, self.second)
        self.read_second = [people.reader] if again else []
        self._ends = _places(stage, self.first, self.second)
        stage.let_show()

    def move_positions(self) -> None:
        """Move the positions of a member and of the owner, and try to move the member's back."""
        stage, people, (low, high) = self.stage, self.people, self._ends
        self._at_first = _told(stage, self.group)
        self._moved = _moves(stage, self.group, people.stays, high)
        self._wanted = {people.stays: high} if self._moved else {}
        if _moves(stage, self.group, people.owner, low):
            self._wanted[people.owner] = low
        self._begun = _reached(stage, self.group, self._wanted)
        if tries_to_read(stage, people.stays, self.first):
            self.read.append(people.stays)
        _moves(stage, self.group, people.stays, -1)

    def turn_away(self) -> None:
        """Let those write who are no members, and one of them move a position."""
        people, driver = self.people, self.driver
        self._early = self._send(people.head)
        odd = driver.with_texts(driver.without_name(self._send(people.twin)), _LONG_TEXT)
        tried = (
            ("a sender whose id is part of a member's", self._send(people.inner)),
            ("a sender whose id is nearly a member's", odd),
            ("a sender who is not yet a member", self._early),
        )
        self.refused += [(who, self.stage.patiently(call)) for who, call in tried]
        self._moves_outside(people.inner)

    def _moves_outside(self, user: Any) -> None:
        if _moves(self.stage, self.group, user, self._ends[1]):
            self.outside.append(user)

    def see_off(self) -> None:
        """Let the reader and the writer leave, and try to write and to read all the same."""
        stage, people = self.stage, self.people
        stage.must(self.driver.remove_member(self.group, *people.leaving))
        for user, what in ((people.reader, "read"), (people.writer, "written")):
            self.refused.append((f"a sender who has {what} and left", self._kept_out(user)))
        self._moves_outside(people.reader)
        self.third = stage.say(self.group)
        self._look(people.constant)

    def _kept_out(self, user: Any) -> Answer:
        stage = self.stage
        return stage.until(lambda: stage.call(self._send(user)), stage.is_final)

    def _look(self, there: Sequence[Any], come: Sequence[Any] = (), *more: State) -> None:
        """Look at the first three messages, and at `more`."""
        unsure = [self.people.stays] if self._moved else []
        open_ = (*self.outside, *(user for user in unsure if user not in self.read))
        loose = [user for user in (*self.people.leaving, *come) if user not in open_]
        late = [user for user in come if user not in open_]
        states = [
            state(self.first, there, self.read, open_, loose),
            state(self.second, there, self.read_second, (*self.outside, *unsure), loose),
            state(self.third, there, (), self.outside, late),
            *more,
        ]
        self.glances += looked(self.stage, states)

    def unsettled(self) -> tuple[Any, Answer]:
        """Let a member leave another group, and the first message be sent again: nothing changes.

        Return what the message is named, and what was answered to sending it again.
        """
        stage, driver, people = self.stage, self.driver, self.people
        elsewhere = stage.group(0, people=people.constant)
        stage.must(driver.remove_member(elsewhere, people.stays))
        stage.must(driver.dismiss(elsewhere))
        again = stage.call(self._opening)
        told = _reached(stage, self.group, self._wanted)
        position = driver.read_position
        self.reached += [
            Reached(
                "a member",
                told,
                at,
                position(told, user),
                exact=user != people.owner and position(self._at_first, user) != at,
            )
            for user, at in self._wanted.items()
            if position(self._begun, user) == at
        ]
        before, since = (position(answer, people.whole) for answer in (self._at_first, told))
        quiet = Reached("a member who did nothing", told, before, since, places=self._ends)
        self.reached.append(quiet)
        return self.first.id, again

    def welcome_others(self) -> None:
        """Let others come; one of them has been refused before."""
        stage, people = self.stage, self.people
        self._come = (people.head, people.tail, people.newcomer)
        stage.lets_in(self.driver.add_members(self.group, self._come))
        self.group = replace(self.group, members=(*people.constant, *self._come))
        if self.refused[2][1].refused:  # some know of a new member only a while after being asked
            self.welcome = stage.until(
                lambda: stage.call(self._early), lambda answer: answer.accepted
            )

    def rename(self) -> None:
        """Send under ids that make one text with the ids of their senders; look at all again."""
        stage, driver, people = self.stage, self.driver, self.people
        ends = str(people.whole)[len(str(people.head)) :]
        number = stage.number("turnover", self.group.id, "names")
        self.named = [
            stage.call(driver.with_name(self._send(user), name))
            for user, name in (
                (people.whole, f"-{number}"),
                (people.head, f"{ends}-{number}"),
            )
        ]
        last = stage.say(self.group)
        more = []
        if self.welcome is not None and self.welcome.accepted:
            welcomed = Message(self.group, stage.named(self.welcome), people.head, True)
            more.append(state(welcomed, self.group.members, (), self.outside))
        has_read = [people.whole] if tries_to_read(stage, people.whole, last) else []
        more.append(state(last, self.group.members, has_read, self.outside))
        self._look(people.constant, self._come, *more)

    def remove_with_strangers(self) -> None:
        """Remove newcomers beside nobody, and twice; then move several positions at once."""
        stage, driver, people = self.stage, self.driver, self.people
        pairs = ((people.tail, driver.nobody()), (people.newcomer, people.newcomer))
        doubtful = []
        for user, beside in pairs:
            answer = stage.call(driver.remove_member(self.group, user, beside))
            if not answer.accepted or user in driver.kept_out(answer):
                doubtful.append(user)
        last = stage.say(self.group)
        there = (*people.constant, people.head)
        self.glances += looked(stage, [state(last, there, (), (*self.outside, *doubtful))])
        movers = (people.whole, people.head, people.owner)
        self.reached += _at_once(stage, self.group, movers, people.stays, self._ends)


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
