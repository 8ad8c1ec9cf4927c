"""Messages and conversations that could be taken for one another."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Call, Conversation, Message, Receipt
from receiptspec.scenes.counting import Reading, batch, reading
from receiptspec.scenes.groups import (
    Asked,
    Ready,
    ask,
    asked,
    good,
    newborn,
    own,
    settled,
    tries_to_read,
)
from receiptspec.scenes.kinds import inhabited
from receiptspec.scenes.pairs import read
from receiptspec.scenes.standing import Repeated, stands, steadily
from receiptspec.scenes.unread import SECOND
from receiptspec.stage import Stage

__all__ = [
    "Twin",
    "estranged",
    "foreign",
    "foreign_beside",
    "nameless",
    "of_group_beside",
    "of_pair_beside",
    "read_twin",
    "repeated",
    "sent_again",
    "sent_alike",
    "sent_twice",
    "strangers",
    "strangers_elsewhere",
    "twins",
    "viewed",
]

_RECENT = 60.0  # seconds
_WIDE = 16  # ids that are one as doubles, of which the outer ones are not next to that of a message


@dataclass(frozen=True, slots=True)
class Twin:
    """A question about an id that is next to one that exists, which these have read.

    `lists` are both of what exists, where nothing exists under the other id.
    """

    exists: Message
    conversation: Any
    id: Any
    asked: Asked
    readers: frozenset[Any] = frozenset()
    lists: tuple[frozenset[Any], frozenset[Any]] | None = None

    def takes_for(self, receipt: Receipt) -> bool:
        """Whether an item is that of the message that exists.

        There may be a message of the other id, and it may have been read as well.
        """
        group = self.exists.conversation
        if self.conversation != group.id:
            shown = {*(receipt.readers or ()), *(receipt.non_readers or ())}
            return receipt.conversation == group.id or not shown.isdisjoint(group.members)
        own = receipt.message == self.exists.id
        if self.lists is not None and self.lists == _lists(receipt):
            return True
        return own or bool(self.readers and self.readers == {*(receipt.readers or ())})


def _lists(receipt: Receipt) -> tuple[frozenset[Any], frozenset[Any]]:
    return frozenset(receipt.readers or ()), frozenset(receipt.non_readers or ())


def _ask(
    stage: Stage, conversation: Any, message: Message, id_: Any, readers: Sequence[Any] = ()
) -> Twin:
    group = message.conversation
    place = Conversation(group.kind, conversation, group.type, group.owner, group.members)
    answer = stage.call(stage.driver.ask_receipts(place, [id_]))
    return Twin(message, conversation, id_, asked(stage, answer), frozenset(readers))


def twins(stage: Stage) -> tuple[Twin, ...]:
    """Ask about ids, of a message and of its conversation, that become the same as doubles."""
    scene = good(stage)
    known = [m for m in (*scene.messages, scene.plain) if m]
    found = _twins(stage, scene.messages[0], known)
    return found if stage.target.writes else (*found, *_beside_listed(stage, scene))


def _beside_listed(stage: Stage, scene: Ready) -> tuple[Twin, ...]:
    """Ask for ids on both sides of one of a fixture that has lists, if no message has them.

    Messages may stand side by side there, and the same people may have read them.
    """
    told = scene.fresh.receipts
    messages = [m for m in scene.messages if m.id in told and any(_lists(told[m.id]))]
    if not messages:
        return ()
    message = max(messages, key=lambda m: min(map(len, _lists(told[m.id]))))
    taken = {other.id for other in (*scene.messages, scene.plain) if other is not None}
    near = [id_ for id_ in _around(message.id)[:2] if float(id_) == float(message.id)]
    found = []
    for id_ in near:
        beside = ask(stage, scene.group, id_, message)
        if id_ in taken or not _is_told_as(beside, id_, message):
            continue
        try:
            shown = stage.call(stage.driver.look_at_messages(scene.group, [message.id, id_]))
        except NotExercised:
            break
        known = stage.driver.group_history(shown) if shown.accepted else {}
        if message.id in known and id_ not in known:
            lists = _lists(beside.receipts[message.id])
            found.append(Twin(message, scene.group.id, id_, beside, lists=lists))
    return tuple(found) or _of_double(stage, scene, messages, message.id)


def _of_double(
    stage: Stage, scene: Ready, messages: Sequence[Message], id_: int
) -> tuple[Twin, ...]:
    """Ask for the first and the last ids that are one as doubles with that of some messages.

    They may all be messages that the same people have read, but hardly where the ids next to them,
    which are another double, are none.
    """
    low = high = id_
    while float(low - 1) == float(id_):
        low -= 1
    while float(high + 1) == float(id_):
        high += 1
    inside, outside = (low, low + 1, high - 1, high), (low - 2, low - 1, high + 1, high + 2)
    taken = {other.id for other in (*scene.messages, scene.plain) if other is not None}
    if high - low < _WIDE or not taken.isdisjoint((*inside, *outside)):
        return ()
    same = [message for message in messages if float(message.id) == float(id_)]
    beside = ask(stage, scene.group, *inside, *same)
    alike = [m for m in same if all(_is_told_as(beside, other, m) for other in inside)]
    if not alike:
        return ()
    far = ask(stage, scene.group, *outside)
    unknown = far.answer.refused and stage.contract.kind(far.answer.code) == "missing"
    told = [far.receipts[other] for other in outside if other in far.receipts]
    if not (unknown or far.answer.accepted) or any(any(_lists(receipt)) for receipt in told):
        return ()
    lists = _lists(beside.receipts[alike[0].id])
    return (Twin(alike[0], scene.group.id, low, beside, lists=lists),)


def _is_told_as(asked_: Asked, id_: Any, message: Message) -> bool:
    """Whether an answer has the same lists, and somebody in them, under both ids."""
    one, two = asked_.receipts.get(id_), asked_.receipts.get(message.id)
    same = one is not None and two is not None and _lists(one) == _lists(two)
    return same and one is not None and any(_lists(one))


def read_twin(stage: Stage) -> tuple[Twin, ...]:
    """Do the same with a message that somebody has read."""
    scene = stage.scene(reading)
    message, told = scene.messages[1], scene.marked.receipts
    readers = told[message.id].readers if message.id in told else None
    return _twins(stage, message, scene.messages, readers or ())


def _twins(
    stage: Stage, message: Message, known: Sequence[Message], readers: Sequence[Any] = ()
) -> tuple[Twin, ...]:
    """Ask about the nearest ids that no message of the conversation, and no conversation, has.

    Raises `NotExercised` where the ids are so small that doubles tell them apart.
    """
    group, taken = message.conversation.id, {other.id for other in known}
    near = [id_ for id_ in _around(message.id) if float(id_) == float(message.id)]
    free = [id_ for id_ in near if id_ not in taken]
    beside = [id_ for id_ in _around(group)[:2] if float(id_) == float(group)]
    other = [id_ for id_ in beside if not stage.was_given(id_)]
    if not free and not other:
        raise NotExercised("no id here is as large as those that collide as doubles")
    return (
        *(_ask(stage, group, message, id_, readers) for id_ in free[:1]),
        *(_ask(stage, id_, message, message.id) for id_ in other[:1]),
    )


def _around(id_: int) -> list[int]:
    """Return neighbours of an id, nearest first: a target may count its messages one by one."""
    return [id_ + step for far in range(1, 17) for step in (far, -far)]


def foreign(stage: Stage) -> Twin:
    """Ask in one conversation about a message of another."""
    message = good(stage).messages[0]
    other = stage.group(2)
    stage.say(other)
    return _ask(stage, other.id, message, message.id)


@dataclass(frozen=True, slots=True)
class Beside:
    """A question about known messages of a conversation, strangers before and behind them."""

    conversation: Conversation
    known: tuple[Any, ...]
    strangers: tuple[Any, ...]
    asked: Asked
    people: frozenset[Any]
    readers: frozenset[Any] = frozenset()

    def claims(self, receipt: Receipt) -> bool:
        """Whether an item gives a stranger's people, or its readers, to the conversation.

        The conversation may have a message of that id too, such as a notice of the server's, but
        none that has been read.
        """
        shown = {*(receipt.readers or ()), *(receipt.non_readers or ())}
        lent = bool(self.readers) and self.readers == {*(receipt.readers or ())}
        return receipt.message in self.strangers and (shown == self.people or lent)


def foreign_beside(stage: Stage) -> tuple[Beside, ...]:
    """Ask for messages of a conversation between two of another, then with one of them behind.

    Where a message is named by its number in its conversation, there are no foreign ones.
    """
    scene = good(stage)
    known = tuple(message.id for message in scene.messages[:2])
    other = stage.group(2)
    people = frozenset(other.members[1:])
    first, last = stage.say(other).id, stage.say(other).id
    if not {first, last}.isdisjoint({message.id for message in scene.messages}):
        raise NotExercised("messages of two groups have the same ids")
    lists = ([first, *known, last], [*known, first])
    return tuple(
        Beside(scene.group, known, (first, last), asked(stage, stage.ask(scene.group, ids)), people)
        for ids in lists
    )


def of_pair_beside(stage: Stage) -> Beside:
    """Ask in a group for a message of two people, which one of them has read, and for a known one.

    Where a message is named by its number in its conversation, there are no foreign ones.
    """
    scene, pair = good(stage), stage.scene(read)
    letter, people = pair.messages[0].id, frozenset(pair.conversation.members[1:])
    if letter in {message.id for message in scene.messages}:
        raise NotExercised("a message of two people has the id of one of a group")
    known = scene.messages[0].id
    answer = stage.ask(scene.group, [letter, known])
    return Beside(scene.group, (known,), (letter,), asked(stage, answer), people, people)


def of_group_beside(stage: Stage) -> Beside:
    """Ask in the conversation of two people for a message of a group, and for a known one."""
    scene, pair = good(stage), stage.scene(read)
    message, people = scene.messages[0].id, frozenset(scene.group.members[1:])
    known = tuple(letter.id for letter in pair.messages[:2])
    if message in known:
        raise NotExercised("a message of a group has the id of one of two people")
    asked_ = asked(stage, stage.ask(pair.conversation, [known[0], message, known[1]]))
    return Beside(pair.conversation, known, (message,), asked_, people)


def viewed(stage: Stage, extra: str) -> tuple[Asked, tuple[Asked, ...]]:
    """Ask the same as nobody in particular, then with a viewer that the documents don't know."""
    try:
        scene: Ready | Reading = stage.scene(reading)  # where there is something to hide
    except NotExercised:
        scene = good(stage)
    call = stage.driver.ask_receipts(scene.group, [message.id for message in scene.messages])

    def look(messages: Sequence[Message] = ()) -> Repeated:
        plain = asked(stage, stage.call(call))
        views = []
        for user in (*scene.group.members[:2], stage.driver.nobody()):
            label, body = f"{extra}={user}", {**call.body, extra: user}
            answer = stage.call(Call(call.operation, body, label=label))
            views.append((label, asked(stage, answer)))
        again = ask(stage, scene.group, *messages) if messages else plain
        return Repeated(plain, tuple(views), again)

    if stands(stage):
        found = steadily(stage, scene.messages, lambda: look(scene.messages))
    else:
        found = look()
    return found.before, tuple(view for _, view in found.between)


def strangers(stage: Stage) -> Answer:
    """Send in the name of somebody who is no member what a member might have sent.

    It is a new message: what becomes of one that was sent before is another matter.
    """
    group = stage.group(2)
    first, second = (
        stage.driver.send_message(group, group.owner, receipt=True, number=number)
        for number in (stage.number("member"), stage.number("stranger"))
    )
    stage.must(first)
    return stage.patiently(stage.driver.without_member(second, stage.driver.nobody()))


def estranged(stage: Stage) -> tuple[tuple[str, Answer], ...]:
    """Send in the name of who was a member and has left, and of a third in a pair."""
    group, (one, other, third) = stage.group(3), stage.users(3)
    left = group.members[1]
    driver = stage.driver
    turns = count()
    stage.must(driver.remove_member(group, left))
    pair = stage.pair(one, other)
    foreign = driver.send_message(pair, one, receipt=True, number=stage.number("third"))

    def send() -> Answer:
        number = stage.number("left", next(turns))
        return stage.call(driver.send_message(group, left, receipt=True, number=number))

    refused = stage.until(send, stage.is_final)
    return (
        *_of_another_kind(stage, group),
        ("a sender who has left", refused),
        ("a third in a pair", stage.patiently(driver.without_member(foreign, third))),
    )


def _of_another_kind(stage: Stage, group: Conversation) -> tuple[tuple[str, Answer], ...]:
    """Send more than a text in the name of who is no member, where the owner may send it."""
    driver, number = stage.driver, stage.number("of another kind")
    plain = driver.send_message(group, group.owner, receipt=True, number=number)
    call = driver.adorned(plain, group.members)[0]
    if not stage.call(call).accepted:
        return ()
    other = driver.without_member(driver.with_name(call, f"rs-{number}-other"), driver.nobody())
    return (("a sender of more than a text who is no member", stage.patiently(other)),)


def strangers_elsewhere(stage: Stage, type_: str) -> Answer:
    """Send in the name of who is no member in a group of another type, where members have sent."""
    message, _ = stage.scene(inhabited, type_)
    group, number = message.conversation, stage.number("stranger elsewhere", message.id)
    call = stage.driver.send_message(group, group.owner, receipt=True, number=number)
    return stage.patiently(stage.driver.without_member(call, stage.driver.nobody()))


def nameless(stage: Stage) -> Answer:
    """Send in the name of user 0, of whom no group knows."""
    group = stage.group(2)
    number = stage.number("nameless")
    call = stage.driver.send_message(group, group.owner, receipt=True, number=number)
    return stage.call(stage.driver.without_member(call, 0))


def sent_alike(stage: Stage) -> tuple[Answer, ...]:
    """Send messages whose ids by their sender, short and long, differ in the last letter.

    Others differ in a 0 before their digits, in a mark, and in letters that are no ASCII.
    """
    group, number = stage.group(2), stage.number("alike")
    call = stage.driver.send_message(group, group.owner, receipt=True, number=number)
    stems = [f"rs-{stage.namespace}-" + "x" * size for size in (36, 70)]
    names = [stem + end for stem in stems for end in "ab"]
    names += [f"{number}1", f"0{number}1", f"{number}-1", f"{number}中", f"{number}文"]
    found = [stage.driver.with_name(call, name) for name in names]
    return tuple(answer for each in found if (answer := stage.call(each)).accepted)


def sent_twice(stage: Stage) -> tuple[Answer, Answer]:
    """Send the very same message twice."""
    group = stage.group(2)
    number = stage.number("the same")
    call = stage.driver.send_message(group, group.owner, receipt=True, number=number)
    return stage.must(call), stage.call(call)


@dataclass(frozen=True, slots=True)
class Again:
    """A message that was read and sent again: the answers to that, and who has read it."""

    message: Message
    sent: tuple[tuple[Any, Answer], ...]
    readers: tuple[Any, ...]
    after: Asked


def sent_again(stage: Stage) -> Again:
    """Send a message, have it read, send it twice more, another one in between; ask for it.

    The same id of its sender comes with another text, and with more than a text, too. Those with
    more than a text are sent twice as well. `sent` holds what each sending again ought to name, and
    its answer.
    """
    number, driver = stage.number("again"), stage.driver
    here = own(stage)
    probe = driver.send_message(here, here.owner, receipt=True, number=number)
    driver.with_name(probe, "rs")  # not there: nothing needs to be sent
    group = stage.group(3)
    call = driver.send_message(group, group.owner, receipt=True, number=number)
    message = stage.post(group, call)
    fresh = newborn(stage, group, message)
    fresh.receipt(message)
    reader = group.members[1]
    readers = (reader,) if tries_to_read(stage, reader, message) else ()
    settled(stage, fresh, (message,), {message.id: len(readers)})
    sent = [(message.id, stage.call(call))]
    stage.say(group)
    sent.append((message.id, stage.call(call)))
    sent.append((message.id, stage.call(driver.with_texts(call, "another text"))))
    adorned = driver.adorned(call, group.members)
    same = [driver.with_name_of(other, call) for other in adorned[:1]]
    sent += [(message.id, stage.call(each)) for each in same]
    for rich in adorned:
        first = stage.call(rich)
        if first.accepted:
            sent.append((stage.named(first), stage.call(rich)))
    after = settled(stage, fresh, (message,), {message.id: len(readers)})
    return Again(message, tuple(sent), readers, after)


def _of_batch(stage: Stage) -> list[tuple[Any, Answer]]:
    """Send the first of many messages once more, unless that is long ago."""
    oldest = stage.scene(batch).messages[0]
    told = stage.told(oldest)
    if time.time() - told.exchange.started > _RECENT:
        return []
    return [(oldest.id, stage.call(Call(told.operation, told.request_body)))]


def repeated(stage: Stage) -> tuple[tuple[Any, Answer], ...]:
    """Send messages once more when four others have followed, in a group and to one person.

    Owner and another have sent them, under ids of two forms; one has come and one has gone since,
    and a second has passed. Then one is sent twice at once. The entries are as those of
    `Again.sent`.
    """
    driver, group = stage.driver, stage.group(3)
    pair = stage.pair(*stage.users(4)[2:])
    sent: list[tuple[Any, Call]] = []
    for place in (group, pair):
        for sender in place.members[:2]:
            number = stage.number("repeated", place.id, sender)
            call = driver.send_message(place, sender, receipt=True, number=number)
            named = driver.with_name(call, str(UUID(int=number << 97 | number)))
            sent += [(stage.named(stage.must(each)), each) for each in (call, named)]
    for place in (group, pair):
        for sender in (*place.members[:2], *place.members[:2]):
            stage.say(place, sender=sender)
    stage.lets_in(driver.add_members(group, [stage.users(4)[3]]))
    stage.must(driver.remove_member(group, group.members[2]))
    stage.rest(SECOND)
    found = [(id_, stage.call(call)) for id_, call in sent]
    found += _of_batch(stage)
    number = stage.number("at once", group.id)
    call = driver.send_message(group, group.owner, receipt=True, number=number)
    both = [answer for answer in stage.at_once([call] * 4) if answer.accepted]
    return (*found, *((driver.sent_message(both[0]), answer) for answer in both[1:]))
