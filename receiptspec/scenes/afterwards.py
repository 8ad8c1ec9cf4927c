"""Reads and questions after something has happened that is no matter of the receipts."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from receiptspec.errors import Inconclusive, NotExercised
from receiptspec.neutral import Call, Conversation, Kind, Message, Receipt
from receiptspec.scenes.calls import places
from receiptspec.scenes.counting import batch, reading
from receiptspec.scenes.groups import (
    Asked,
    asked,
    first_and_last,
    good,
    named_twice,
    naming,
    newborn,
)
from receiptspec.scenes.meanwhile import Glance
from receiptspec.stage import Stage

__all__ = [
    "State",
    "looked",
    "of_far_users",
    "of_least_user",
    "own_reads",
    "read_after_changes",
    "refused",
    "sliced",
    "state",
    "stepwise",
    "turned",
]

_SLICES = (10, 16, 20, 32, 50, 64)
_STEPWISE = 24  # members of a group of a usual size


@dataclass(frozen=True, slots=True)
class State:
    """Who has to be shown as a reader of a message and who not; the rest is as in `Glance`."""

    message: Message
    there: tuple[Any, ...]
    readers: tuple[Any, ...]
    open: tuple[Any, ...] = ()
    loose: tuple[Any, ...] = ()

    def shown(self, found: dict[Any, Receipt]) -> bool:
        """Whether an answer shows it."""
        now, known = found.get(self.message.id), {self.there[0], *self.open}
        read, left = {*self.readers}, {*self.there[1:], *self.loose} - {*self.readers}
        is_pair, loose = self.message.conversation.kind is Kind.DIRECT, {*self.loose}
        return (
            now is not None
            and (not is_pair or now.peer_read in (None, bool(self.readers)))
            and read - loose <= {*(now.readers or ())} - known <= read
            and left - loose <= {*(now.non_readers or ())} - known <= left
            and not named_twice(now)
        )


def state(
    message: Message,
    members: Sequence[Any],
    readers: Sequence[Any] = (),
    open_: Sequence[Any] = (),
    loose: Sequence[Any] = (),
) -> State:
    """Return the state of a message by the members of its conversation and those who have read."""
    left_out = (message.sender, *open_, *loose)
    there = (message.sender, *(user for user in members if user not in left_out))
    return State(message, there, tuple(readers), tuple(open_), tuple(loose))


def looked(stage: Stage, states: Sequence[State], ids: Sequence[Any] = ()) -> tuple[Glance, ...]:
    """Ask for messages, or for a list of ids with them in it, until all is shown as it is.

    Where a message is named more than once, its first and its last item are looked at.
    """
    place = states[0].message.conversation
    wanted = ids or [state.message.id for state in states]
    answer = stage.until(
        lambda: stage.ask(place, wanted),
        lambda found: (
            stage.is_final(found)
            or (found.accepted and all(s.shown(stage.receipts(found)) for s in states))
        ),
    )
    return tuple(
        Glance(look, s.message, s.there, s.readers, s.open, s.loose)
        for look in first_and_last(stage, answer)
        for s in states
    )


def _moved(stage: Stage, group: Conversation, user: Any, place: Any) -> None:
    call = stage.driver.move_read_position(group, user, place)
    if call is not None:
        stage.call(call)


def read_after_changes(stage: Stage) -> tuple[Glance, ...]:
    """Let members read old messages after each change of a group; ask for all in the end.

    Somebody leaves, somebody joins, messages are recalled, read positions are moved, one comes and
    goes twice.
    """
    naming(stage)
    group, driver = stage.group(6), stage.driver
    owner, one, two, three, sender, leaver = group.members
    newcomer = stage.users(7)[6]
    first, second, third = (stage.say(group) for _ in range(3))
    fourth = stage.say(group, sender=sender)
    messages = (first, second, third, fourth)
    newborn(stage, group, *messages).receipt(first)
    done: dict[Any, tuple[Any, ...]] = {message.id: () for message in messages}

    def read(user: Any, *some: Message) -> None:
        stage.reads(user, some)
        for message in some:
            done[message.id] += (user,)

    read(one, first)
    stage.must(driver.remove_member(group, leaver))
    read(two, first, second)
    stage.lets_in(driver.add_members(group, [newcomer]))
    read(three, first)
    for _ in range(2):
        stage.must(driver.recall(stage.say(group)))
    read(one, third, fourth)
    with suppress(NotExercised):
        low, high = places(stage, first, fourth)
        _moved(stage, group, one, low)
        for user in (two, owner):
            _moved(stage, group, user, high)
    read(two, third)
    read(three, second)
    stayed = (owner, one, two, three, sender)
    states = []
    for message in messages:
        readers = done[message.id]
        moved = (user for user in (two, owner) if user not in readers)
        states.append(state(message, stayed, readers, (*moved,), (leaver, newcomer)))
    found = looked(stage, states)
    stage.lets_in(driver.add_members(group, [leaver]))
    stage.must(driver.remove_member(group, leaver))
    stage.lets_in(driver.add_members(group, [leaver]))
    whole = replace(group, members=(*stayed, newcomer, leaver))
    fifth = stage.say(whole)
    newborn(stage, whole, fifth)
    stage.reads(leaver, [fifth])
    return found + looked(stage, [state(fifth, whole.members, (leaver,))])


def own_reads(stage: Stage) -> tuple[Glance, ...]:
    """Let senders read their own messages in a group and between two people; ask for them.

    In the group a member reads after that, the same message too, which marks that it has arrived.
    """
    naming(stage)
    group, pair = stage.group(3), stage.pair(*stage.users(7)[5:])
    message, other, letter = stage.say(group), stage.say(group), stage.say(pair)
    newborn(stage, group, message, other).receipt(message)
    newborn(stage, pair, letter).receipt(letter)
    try:
        stage.tries_to_read(group.owner, [message])
        stage.tries_to_read(pair.owner, [letter])
    except Inconclusive as error:
        raise NotExercised(f"senders cannot read their own messages: {error}") from None
    reader = group.members[1]
    stage.reads(reader, [message, other])
    states = [state(seen, group.members, (reader,)) for seen in (message, other)]
    return (*looked(stage, states), *looked(stage, [state(letter, pair.members)]))


def turned(stage: Stage) -> tuple[Glance, ...]:
    """Ask for messages that were read differently in other orders and beside other ids.

    One is named twice, and there is one that does not exist, one of another group and one that was
    recalled between them.
    """
    naming(stage)
    scene = stage.scene(reading)
    group, (a, b, c) = scene.group, scene.messages
    first, second, *rest = group.members[1:]
    states = (
        state(a, group.members, (first, second, *rest)),
        state(b, group.members, (second,)),
        state(c, group.members, (second, *rest)),
    )
    lists: list[tuple[Any, ...]] = [
        (c.id, a.id, b.id),
        (b.id, c.id, b.id, a.id),
        (a.id, a.id, c.id, b.id),
        (c.id, stage.driver.absent([a.id, b.id, c.id]), b.id, a.id),
    ]
    foreign = good(stage).messages[0].id
    if foreign not in (a.id, b.id, c.id):
        lists.append((b.id, foreign, c.id, a.id))
    found = [glance for ids in lists for glance in looked(stage, states, ids)]
    with suppress(NotExercised):
        taken = stage.say(group)
        stage.must(stage.driver.recall(taken))
        found += looked(stage, states, (c.id, taken.id, a.id, b.id))
    return tuple(found)


def sliced(stage: Stage) -> tuple[Asked, ...]:
    """Ask for many messages in lists of lengths that are round, in one number system or another."""
    scene = stage.scene(batch)
    group, longest = scene.messages[0].conversation, len(scene.before[0].receipts)
    known = scene.messages[:longest]
    slices = [known[:size] for size in _SLICES if size <= len(known)]
    return tuple(asked(stage, stage.ask(group, some)) for some in slices)


def stepwise(stage: Stage) -> tuple[Glance, ...]:
    """Let half of a group of a usual size read a message one after the other; ask after each."""
    naming(stage)
    group = stage.group(_STEPWISE)
    message = stage.say(group)
    newborn(stage, group, message).receipt(message)
    found: list[Glance] = []
    readers: tuple[Any, ...] = ()
    for user in group.members[1 : _STEPWISE // 2 + 1]:
        stage.reads(user, [message])
        readers += (user,)
        found += looked(stage, [state(message, group.members, readers)])
    return tuple(found)


def refused(stage: Stage) -> tuple[Glance, ...]:
    """Have calls refused that would change a group and a pair; ask for what was read in both.

    Where one of them is accepted, what has become of its conversation is open.
    """
    naming(stage)
    driver, users = stage.driver, stage.users(7)
    group, pair = stage.group(4), stage.pair(users[6], users[2])
    one, other, idle = group.members[1:]
    read, unread = stage.say(group), stage.say(group)
    letter, unopened = stage.say(pair), stage.say(pair)
    newborn(stage, group, read, unread).receipt(read)
    newborn(stage, pair, letter, unopened).receipt(letter)
    for user in (one, other):
        stage.reads(user, [read])
    stage.reads(pair.members[1], [letter])
    in_group = (state(read, group.members, (one, other)), state(unread, group.members))
    in_pair = (state(letter, pair.members, pair.members[1:]), state(unopened, pair.members))
    looked(stage, in_group)
    looked(stage, in_pair)
    stranger = driver.nobody()
    number = stage.number("refused", group.id)
    sending = driver.send_message(group, group.owner, receipt=True, number=number)
    calls = [
        driver.without_member(sending, stranger),
        driver.recall(replace(read, id=driver.absent([read.id, unread.id]))),
        _without_a_list(driver.ask_receipts(group, [read.id])),
        _without_a_list(driver.add_members(group, [idle])),
        _without_a_list(driver.remove_member(group, idle)),
    ]
    moving = driver.move_read_position(group, stranger, 1)
    calls += [moving] if moving is not None else []
    if read.id not in (letter.id, unopened.id):
        calls.append(driver.recall(replace(read, conversation=pair, sender=pair.owner)))
    found: tuple[Glance, ...] = ()
    if not _taken(stage, calls):
        found += looked(stage, in_group)
    if not _taken(stage, [driver.add_members(pair, [users[4]]), driver.dismiss(pair)]):
        later = stage.say(pair)
        newborn(stage, pair, later)
        found += looked(stage, (*in_pair, state(later, pair.members)))
    return found


def _taken(stage: Stage, calls: Sequence[Call]) -> bool:
    """Make all calls; whether any of them is accepted."""
    return any(answer.accepted for answer in [stage.call(call) for call in calls])


def _without_a_list(call: Call) -> Call:
    """Return a call whose body lacks the lists that it needs."""
    body = {key: value for key, value in call.body.items() if not isinstance(value, list)}
    return Call(call.operation, body, label=f"{call.operation} without its list")


def of_far_users(stage: Stage) -> tuple[Glance, ...]:
    """Let users with a small and with a very large id be in a group, and in the end read."""
    naming(stage)
    far = stage.driver.far_users(stage.namespace)
    if not far:
        raise NotExercised("ids of users are no numbers")
    group = stage.group(2)
    stage.lets_in(stage.driver.add_members(group, far))
    group = replace(group, members=(*group.members, *far))
    message = stage.say(group)
    newborn(stage, group, message).receipt(message)
    fresh = looked(stage, [state(message, group.members)])
    for user in far:
        stage.reads(user, [message])
    return fresh + looked(stage, [state(message, group.members, far)])


def of_least_user(stage: Stage) -> tuple[Glance, ...]:
    """Write to the user with the lowest number, who has written as well; ask for both messages.

    Raises `NotExercised` where that user has no conversations, or cannot write in them.
    """
    naming(stage)
    driver, (owner,) = stage.driver, stage.users(1)
    least = driver.least_user()
    opening = driver.make_pair(owner, least) if least is not None else None
    if opening is None or not stage.call(opening).accepted:
        raise NotExercised("nobody has a conversation with the user of the lowest number")
    pair = stage.pair(owner, least)
    number = stage.number("least", pair.id)
    answer = stage.call(driver.send_message(pair, least, receipt=True, number=number))
    if not answer.accepted:
        raise NotExercised(f"the user of the lowest number is no member: {answer.describe()}")
    own = stage.noted(pair, answer, least)
    letter = stage.say(pair)
    newborn(stage, pair, letter, own).receipt(letter)
    return looked(stage, [state(letter, pair.members), state(own, pair.members)])
