"""Groups with ids of one's own: odd ones that work like others, and some that are much alike."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Call, Conversation, Kind, Message, Receipt
from receiptspec.scenes.groups import (
    Asked,
    Several,
    asked,
    good,
    newborn,
    settled,
    several,
    tries_to_read,
    until_shown,
)
from receiptspec.scenes.membership import Told, told_members
from receiptspec.scenes.setup import own_id
from receiptspec.stage import Stage
from receiptspec.targets import is_loopback

__all__ = [
    "Alike",
    "Apart",
    "Marked",
    "Numbered",
    "alike",
    "apart",
    "foreseen",
    "marked",
    "numbered",
    "read_apart",
    "used",
]

_LONG = 44  # characters of a long id


def used(stage: Stage) -> tuple[Answer, ...]:
    """Do to a group with an id of one's own what is done to others."""
    own, driver = stage.scene(own_id), stage.driver
    found, id_ = own.found, driver.made_group(own.made)
    if id_ != own.name or found is None or not found.receipts:
        raise NotExercised("no message has a receipt in a group with an id of one's own")
    owner, member, *_, newcomer = stage.users(6)
    group = Conversation(Kind.GROUP, id_, driver.group_type, owner, (owner, member))
    message = next(iter(found.receipts))
    calls: list[Call | None] = [
        driver.ask_members(group),
        driver.add_members(group, [newcomer]),
        driver.list_members(group, message, read=False, cursor=None, count=10),
        driver.mark_read(group, member, [message]) if driver.over_http else None,
        driver.look_at_group(group),
    ]
    return tuple(stage.patiently(call) for call in calls if call is not None)


# What an id may hold, and what servers take for something else.
_MARKS = "!\"'\\/?#&%41_+$*,:;<>{}|@=(^`)[~]."


@dataclass(frozen=True, slots=True)
class Marked:
    """A group with an id full of marks: its making, what is answered of it, and of others.

    `mistaken` are the answers, each with an id like it that no group has, that tell its message.
    """

    name: str
    made: Answer
    used: tuple[Answer, ...]
    mistaken: tuple[tuple[str, Answer], ...]


def marked(stage: Stage) -> Marked:
    """Make a group with an id full of marks, use it, and ask for its message by ids like it.

    Raises `NotExercised` where such an id is refused: the documents tell no marks apart.
    """
    name = f"rs{stage.namespace}{stage.anew}{_MARKS}"
    driver, type_ = stage.driver, stage.driver.group_type
    owner, member, *_, newcomer = stage.users(6)
    made = stage.must(driver.make_group(type_, "marks", owner, [member], name))
    if driver.made_group(made) != name:
        return Marked(name, made, (), ())
    group = Conversation(Kind.GROUP, name, type_, owner, (owner, member))
    number = stage.number("marks")
    sent = stage.patiently(driver.send_message(group, owner, receipt=True, number=number))
    message = driver.sent_message(sent) if sent.accepted else None
    if message is None:
        return Marked(name, made, (sent,), ())
    calls: list[Call | None] = [
        driver.ask_receipts(group, [message]),
        driver.list_members(group, message, read=False, cursor=None, count=10),
        driver.mark_read(group, member, [message]) if driver.over_http else None,
        driver.ask_members(group),
        driver.add_members(group, [newcomer]),
        driver.look_at_group(group),
    ]
    answers = [stage.patiently(call) for call in calls if call is not None]
    mistaken = []
    for other in _like(name) if driver.over_http else ():  # a message of an SDK has its group
        answer = stage.ask(Conversation(Kind.GROUP, other, type_, owner, group.members), [message])
        found = stage.receipts(answer).get(message) if answer.accepted else None
        if found is not None and found.known:
            mistaken.append((other, answer))
    return Marked(name, made, (sent, *answers), tuple(mistaken))


def _like(name: str) -> tuple[str, ...]:
    """Return ids that are an id once it is decoded, escaped, trimmed, or taken for a pattern."""
    found = (
        name.replace("%41", "A"),
        name.replace("&", "&amp;"),
        name.removesuffix("."),
        name.replace("!", "_"),
        name.replace("!", "%"),
        name.replace("<", "&lt;"),
    )
    return tuple(other for other in found if other != name)


@dataclass(frozen=True, slots=True)
class Numbered:
    """A group whose id is a number with zeros before it, as that of a user is; names much alike.

    It may have more members than groups with receipts.
    Some have read its message: `reads` are the answers to that. `made` is the answer that the group
    was made with the id `name`, ``None`` where no such id is taken.
    """

    name: str
    made: Answer | None
    message: Message
    before: Asked
    after: Asked
    readers: tuple[Any, ...]
    reads: tuple[Answer, ...]


def numbered(stage: Stage) -> Numbered:
    """Make a group of users whose names are much alike, and let some of them read a message."""
    reading, others = names_alike(stage)
    (owner,) = stage.users(1)
    stage.make_users((*reading, *others))
    people = (owner, *reading, *others)
    for user in _ANYBODYS if is_loopback(stage.driver.origin) else ():
        with suppress(NotExercised):
            stage.make_users([user])
            people, reading = (*people, user), (*reading, user)
    name, driver, type_ = reading[1], stage.driver, stage.driver.group_type
    call = driver.make_group(type_, "numbered", owner, people[1:], name)
    made: Answer | None = stage.call(driver.roomy(call))
    id_ = driver.made_group(made) if made is not None and made.accepted else None
    if id_ is None:
        made, group = None, stage.group(0, people=people)
    else:
        group = Conversation(Kind.GROUP, id_, type_, owner, people)
    message = stage.say(group)
    before = newborn(stage, group, message)
    found = [(user, stage.tries_to_read(user, [message])) for user in reading]
    readers = tuple(user for user, answer in found if answer is None or answer.accepted)
    after = settled(stage, before, (message,), {message.id: len(readers)})
    reads = tuple(answer for _, answer in found if answer is not None)
    return Numbered(name, made, message, before, after, readers, reads)


_ANYBODYS = ("constructor", "__proto__", "0")  # what no run has for itself


def names_alike(stage: Stage) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return names of users of whom some read, and others that are much like theirs.

    Some of the latter are sorted otherwise where capitals are letters like others, or are one
    number. What no run has for itself, words that are something in a programming language, is for
    targets on this machine.
    """
    name = f"rs{stage.namespace}{stage.anew}"
    digits = f"77{stage.number('names alike', stage.namespace):010d}"
    readers = (name, f"00{digits}")
    others = (f"{name}-", f"{name}_", f"-{name}", f"_{name}", digits, f"{name}-B", f"{name}-a")
    return readers, (*others, f"{digits}e0")


def foreseen(stage: Stage) -> tuple[Answer, ...]:
    """Ask about a group with an id of one's own that nobody has made, make it, and ask again."""
    driver, (owner, member) = stage.driver, stage.users(2)
    name = f"rs{stage.namespace}{stage.anew}-Foreseen"
    group = Conversation(Kind.GROUP, name, driver.group_type, owner, (owner, member))
    number = stage.number("foreseen", name)
    call = driver.send_message(group, owner, receipt=True, number=number)
    likely = good(stage).messages[0].id
    looks = [call, driver.ask_members(group), driver.look_at_group(group)]
    for early in (*looks, driver.ask_receipts(group, [likely])):
        if stage.call(early).accepted:
            raise NotExercised("a group that nobody has made is there")
    if stage.group(2, id_=name).id != name:
        raise NotExercised("the group got another id")
    sent, *found = (stage.patiently(look) for look in looks)
    made = driver.sent_message(sent) if sent.accepted else None
    if made is not None:
        found.append(stage.patiently(driver.ask_receipts(group, [made])))
    return (sent, *found)


@dataclass(frozen=True, slots=True)
class Alike:
    """A message each in groups whose ids are alike: asked for before and after a read in the last.

    `left` is what is answered in the others when the last group is dismissed. Before that somebody
    has read the first message, of which `read` tells; ``None`` where nobody could.
    """

    messages: tuple[Message, ...]
    before: tuple[Asked, ...]
    after: tuple[Asked, ...]
    left: tuple[Answer, ...]
    read: Asked | None


@dataclass(frozen=True, slots=True)
class Apart:
    """A message of one group when that of the same number was recalled in another.

    Somebody has joined the other: `members` are those of the one, `history` is what it shows.
    """

    message: Message
    before: Asked
    after: Asked
    history: Answer
    members: Told


def apart(stage: Stage) -> Apart:
    """Recall in one of two groups and add a member to it; look at the other, the newer one.

    Their ids are long and differ in case, where one may choose them so.
    """
    driver = stage.driver
    name = f"rs{stage.namespace}{stage.anew}-Apart".ljust(_LONG, "o")
    groups = []
    for id_ in (name, name.swapcase()):
        try:
            group = stage.group(2, id_=id_)
        except NotExercised:  # such ids may be refused, or be one
            group = stage.group(2)
        groups.append(group)
    here, there = groups
    taken, message = stage.say(here), stage.say(there)
    if here.id == there.id or taken.id != message.id:
        raise NotExercised("the messages of two groups have numbers of their own")
    before = newborn(stage, there, message)
    before.receipt(message)
    newcomer = stage.users(6)[5]
    stage.adds(driver.add_members(here, [newcomer]))
    stage.must(driver.recall(taken))

    def same(found: dict[int, Receipt]) -> bool:
        now, was = found.get(message.id), before.receipts[message.id]
        return now is not None and (now.known, now.unread) == (was.known, was.unread)

    after = asked(stage, stage.settle(there, [message], same))
    history = until_shown(stage, there, [message.id])
    return Apart(message, before, after, history, told_members(stage, there, there.members))


def read_apart(stage: Stage) -> Several:
    """Read the message of `apart`, in a group whose id is long."""
    message = stage.scene(apart).message
    members = message.conversation.members
    return several(stage, (message,), [(members[1], (message,))], members)


def alike(stage: Stage) -> Alike:
    """Read in one of three groups: an id, the same in other letters, and what it begins with."""
    id_ = f"rs{stage.namespace}{stage.anew}-Alike"
    messages = []
    for name in (f"{id_}1", id_.swapcase(), id_):
        try:
            group = stage.group(2, id_=name)
        except NotExercised:  # perhaps such ids are one; at least the last one has to be new
            if name != id_:
                continue
            raise
        if group.id == name:
            messages.append(stage.say(group))
    if len(messages) < 2 or messages[-1].conversation.id != id_:
        raise NotExercised("no two groups with ids of one's own that are alike")
    before = tuple(newborn(stage, message.conversation, message) for message in messages)
    last = messages[-1]
    if not tries_to_read(stage, last.conversation.members[1], last):
        raise NotExercised("the message could not be read")
    settled(stage, before[-1], (last,), {last.id: 1})
    after = tuple(asked(stage, stage.ask(m.conversation, [m])) for m in messages)
    first, read = messages[0], None
    if tries_to_read(stage, first.conversation.members[1], first):
        read = settled(stage, before[0], (first,), {first.id: 1})
    ended = stage.call(stage.driver.dismiss(last.conversation)).accepted

    def kept(found: dict[int, Receipt]) -> bool:
        was, now = read.receipts.get(first.id) if read else None, found.get(first.id)
        return was is None or (now is not None and (now.read, now.unread) == (was.read, was.unread))

    left = []
    for message in messages[:-1] if ended else ():
        done = kept if message is first else lambda _: True
        left.append(stage.settle(message.conversation, [message], done))
    return Alike(tuple(messages), before, after, tuple(left), read)
