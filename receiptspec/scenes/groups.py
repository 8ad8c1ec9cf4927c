"""Groups and the counts of their messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from receiptspec.errors import Inconclusive, NotExercised
from receiptspec.neutral import Answer, Conversation, Kind, Message, Receipt
from receiptspec.stage import Stage

MEMBERS = 4
_ANSWERED_AT_ONCE = 24  # a list that is not longer is answered in full
_READ_AT_ONCE = 24  # no vendor's call takes fewer reads
CROWD, READING = 130, 27  # members of a large group, and how many of them read
_FAIR = 24  # members of a group of a usual size
LATER = 3.0  # seconds after which what was told ought to be true still
_LONG = 70  # messages of one list: more than a page of anything
# Reads by one member beside those of each: more than members, and an odd number of them, so that
# whoever takes a read back at every other is found out.
_AGAIN = 3


@dataclass(frozen=True, slots=True)
class Asked:
    """An answer of the receipt operation, read."""

    answer: Answer
    receipts: Mapping[Any, Receipt]

    def receipt(self, message: Message) -> Receipt:
        """Return the receipt of a message; raises `NotExercised` where there is none to judge."""
        found = self.receipts.get(message.id)
        if found is None or not found.known:
            raise NotExercised(
                f"no receipt of message {message.id} to judge: {self.answer.describe()}"
            )
        return found


@dataclass(frozen=True, slots=True)
class Ready:
    """A group with messages that ask for receipts, the last one being plain, freshly asked."""

    group: Conversation
    messages: tuple[Message, ...]
    plain: Message | None
    fresh: Asked


@dataclass(frozen=True, slots=True)
class Reading:
    """The numbers of messages A, B, C while members read: see `reading`."""

    group: Conversation
    messages: tuple[Message, ...]
    fresh: Asked
    one: Asked
    repeats: int
    marked: Asked
    everybody: Asked


@dataclass(frozen=True, slots=True)
class Changed:
    """A group before and after something happened to it."""

    group: Conversation
    message: Message
    before: Asked
    after: Asked
    extra: Mapping[str, Any] = field(default_factory=dict)


def asked(stage: Stage, answer: Answer) -> Asked:
    """Read an answer of the receipt operation."""
    return Asked(answer, stage.receipts(answer) if answer.accepted else {})


def _ask(stage: Stage, group: Conversation, *messages: Message | int) -> Asked:
    return asked(stage, stage.ask(group, messages))


def newborn(stage: Stage, group: Conversation, *messages: Message) -> Asked:
    """Ask for messages that were just sent, until they have receipts: they may be late.

    Where they were waited for in vain once, they are waited for no more.
    """
    hopeless = stage.scene(_hopeless)
    wanted = [message.id for message in messages if message.wants_receipt]

    def done(receipts: dict[Any, Receipt]) -> bool:
        known = [id_ for id_ in wanted if id_ in receipts and receipts[id_].known]
        return bool(hopeless) or len(known) == len(wanted)

    found = asked(stage, stage.settle(group, messages, done))
    if not found.answer.accepted or not done(dict(found.receipts)):
        hopeless.append(True)
    return found


def _hopeless(_: Stage) -> list[bool]:
    return []


def settled(
    stage: Stage, fresh: Asked, messages: tuple[Message, ...], reads: Mapping[Any, int]
) -> Asked:
    """Ask until each message shows the given number of reads more than when it was fresh."""

    def arrived(key: Any, number: int, receipts: Mapping[Any, Receipt]) -> bool:
        before, now = fresh.receipts.get(key), receipts.get(key)
        if before is None or now is None:
            return False
        more = (now.read or 0) - (before.read or 0) >= number
        return more and (before.unread or 0) - (now.unread or 0) >= number

    def done(receipts: dict[Any, Receipt]) -> bool:
        return all(arrived(key, number, receipts) for key, number in reads.items())

    return asked(stage, stage.settle(messages[0].conversation, messages, done))


def ready(stage: Stage) -> Ready:
    """Make a group of four, send three messages that ask for receipts and a plain one; ask.

    On a target that may not be written to, its fixture takes the group's place.
    """
    fixture = stage.target.fixture
    if fixture is not None and not stage.target.writes:
        owner = fixture.members[0] if fixture.members else None
        type_ = fixture.type or stage.driver.group_type
        group = Conversation(Kind.GROUP, fixture.id, type_, owner, fixture.members)
        messages = tuple(Message(group, seq, owner, True) for seq in fixture.messages)
        plain = fixture.plain_messages[:1]
        fresh = _ask(stage, group, *messages[:3])
        if stage.driver.is_gone(fresh.answer):
            raise Inconclusive(
                f"the group {fixture.id} of fixtures is not there: {fresh.answer.describe()}; "
                "check fixtures"
            )
        return Ready(
            group, messages, Message(group, plain[0], owner, False) if plain else None, fresh
        )
    group = stage.group(MEMBERS)
    messages = tuple(stage.say(group) for _ in range(3))
    plain_message = stage.say(group, receipt=False) if stage.driver.receipts_are_wished else None
    fresh = newborn(stage, group, *messages)
    stage.needs(fresh.answer)
    return Ready(group, messages, plain_message, fresh)


def good(stage: Stage) -> Ready:
    """Return the ready scene, provided that its question was answered.

    Refusals prove nothing where the unbroken call is refused as well: `NotExercised`.
    """
    scene = stage.scene(ready)
    if not scene.fresh.answer.accepted:
        raise NotExercised(f"the unbroken call is {scene.fresh.answer.describe()}")
    return scene


def missing_first(stage: Stage) -> tuple[int, Message, Asked]:
    """Ask for a message that does not exist and for one with a receipt, in this order."""
    scene = good(stage)
    beyond = stage.driver.absent([message.id for message in scene.messages])
    return beyond, scene.messages[0], _ask(stage, scene.group, beyond, scene.messages[0])


def mixed(stage: Stage) -> Asked:
    """Ask for a message with a receipt and for one without, in one call."""
    scene = good(stage)
    if scene.plain is None:
        raise NotExercised("no plain message is known")
    return _ask(stage, scene.group, scene.messages[0], scene.plain)


def plain_only(stage: Stage) -> Asked:
    """Ask for a message that did not ask for receipts."""
    scene = good(stage)
    if scene.plain is None:
        raise NotExercised("no plain message is known")
    return _ask(stage, scene.group, scene.plain)


def plain_message(stage: Stage) -> Message:
    """Return a message that did not ask for receipts."""
    plain = good(stage).plain
    if plain is None:
        raise NotExercised("no plain message is known")
    return plain


def no_message(stage: Stage) -> Message:
    """Return a message that does not exist, far beyond the newest."""
    scene = good(stage)
    beyond = stage.driver.absent([message.id for message in scene.messages])
    return Message(scene.group, beyond, scene.group.owner, True)


def unknown(stage: Stage) -> tuple[int, Asked]:
    """Ask for a message that does not exist, far beyond the newest."""
    scene = good(stage)
    beyond = stage.driver.absent([message.id for message in scene.messages])
    return beyond, _ask(stage, scene.group, beyond)


def wrapped(stage: Stage) -> tuple[tuple[int, Asked], ...]:
    """Ask for ids that become one that exists when only their lowest bits are kept."""
    scene = good(stage)
    id_ = scene.messages[0].id
    if not isinstance(id_, int):
        return ()
    others = (id_ + 2**32, id_ + 2**64, -id_)
    return tuple((other, _ask(stage, scene.group, other)) for other in others)


def wrapped_conversations(stage: Stage) -> tuple[tuple[int, Asked], ...]:
    """Ask for a message in conversations whose ids become its own in fewer bits or without sign."""
    scene = good(stage)
    id_ = scene.group.id
    if not isinstance(id_, int):
        return ()
    others = (id_ + 2**64, id_ ^ 2**60, -id_)
    return tuple(
        (other, _ask(stage, replace(scene.group, id=other), scene.messages[0])) for other in others
    )


def asked_twice(stage: Stage) -> tuple[Asked, Asked]:
    """Ask the same twice while nothing happens."""
    scene = good(stage)
    return _ask(stage, scene.group, *scene.messages), _ask(stage, scene.group, *scene.messages)


def reordered(stage: Stage) -> Asked:
    """Ask for the messages of the ready scene in another order."""
    scene = good(stage)
    return _ask(stage, scene.group, *reversed(scene.messages))


def split(stage: Stage) -> tuple[Asked, ...]:
    """Ask for each message of the ready scene alone."""
    scene = good(stage)
    return tuple(_ask(stage, scene.group, message) for message in scene.messages)


def reading(stage: Stage) -> Reading:
    """Let members read A, B, C in four steps and ask after each.

    B is the oldest message, C the newest. One member reads A, then again, so often that with all
    others that would be more readers than members. Another reads B, which marks that the
    repetitions have arrived. In the end all others have read A, and all but the first have read C.
    """
    group = stage.group(MEMBERS)
    b, a, c = (stage.say(group) for _ in range(3))
    every = (a, b, c)
    fresh = newborn(stage, group, *every)
    fresh.receipt(a)
    first, second, *rest = group.members[1:]
    stage.reads(first, [a])
    one = settled(stage, fresh, every, {a.id: 1})
    repeats = sum(tries_to_read(stage, first, a) for _ in range(_AGAIN))
    stage.reads(second, [b])
    marked = settled(stage, fresh, every, {a.id: 1, b.id: 1})
    stage.reads(second, [a, c])
    for member in rest:
        stage.reads(member, [a, c])
    everybody = settled(
        stage, fresh, every, {a.id: len(group.members) - 1, c.id: len(group.members) - 2}
    )
    return Reading(group, every, fresh, one, repeats, marked, everybody)


def later(stage: Stage) -> Asked:
    """Ask once more for the messages of `reading`, some seconds after all have read."""
    scene = stage.scene(reading)
    stage.let_pass(scene.everybody.answer, LATER)
    return _ask(stage, scene.group, *scene.messages)


def later_unread(stage: Stage) -> Asked:
    """Ask once more for messages that nobody has read, some seconds after they were sent."""
    scene = good(stage)
    if not stage.target.writes:
        raise NotExercised("who owns the messages of the fixture may read them meanwhile")
    stage.let_pass(scene.fresh.answer, LATER)
    return _ask(stage, scene.group, *scene.messages)


def tries_to_read(stage: Stage, user: Any, *messages: Message) -> bool:
    """Read, perhaps once more; a target may refuse that, the documents are silent."""
    try:
        stage.reads(user, messages)
    except NotExercised:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Permuted:
    """Two messages that the same members read in different order: `steps` after one and after both.

    At the first step a different member has read each, at the second the same two.
    """

    messages: tuple[Message, Message]
    fresh: Asked
    steps: tuple[Asked, ...]


def permuted(stage: Stage) -> Permuted:
    """Let two members read two messages crosswise, and ask after each round."""
    group = stage.group(MEMBERS)
    one, other = stage.say(group), stage.say(group)
    both = (one, other)
    fresh = newborn(stage, group, *both)
    fresh.receipt(one)
    first, second = group.members[1:3]
    steps = []
    for round_, (reader, next_) in enumerate(((first, second), (second, first)), 1):
        stage.reads(reader, [one])
        stage.reads(next_, [other])
        steps.append(settled(stage, fresh, both, {one.id: round_, other.id: round_}))
    return Permuted(both, fresh, tuple(steps))


@dataclass(frozen=True, slots=True)
class Batch:
    """Many messages in as few calls as the target takes, before and after one member has read.

    `before` and `after` hold an answer for each part of the list. The member has read the newest of
    the messages alone, in two calls; `after` is empty where nobody can read.
    """

    messages: tuple[Message, ...]
    read: tuple[Message, ...]
    before: tuple[Asked, ...]
    after: tuple[Asked, ...]


def batch(stage: Stage) -> Batch:
    """Send many messages with receipts to one group, ask for all at once, read some, ask again.

    No document says how long a list may be: one that is refused or cut short is asked for in parts.
    """
    group = stage.group(3)
    messages = _as_many_as(stage, group, _LONG)
    part = _taken_at_once(stage, group, messages)
    parts = [messages[at : at + part] for at in range(0, len(messages), part)]
    before = [newborn(stage, group, *some) for some in parts]
    read = messages[-2 * _READ_AT_ONCE :]
    told = any(asked_.receipts for asked_ in before)
    reader, newer = group.members[1], read[-_READ_AT_ONCE:]
    if not told or not tries_to_read(stage, reader, *newer):
        return Batch(messages, (), tuple(before), ())
    older = read[: -len(newer)]
    read = read if older and tries_to_read(stage, reader, *older) else newer
    after = []
    for some, fresh in zip(parts, before, strict=True):
        reads = {message.id: 1 for message in some if message in read}
        after.append(settled(stage, fresh, some, reads))
    return Batch(messages, read, tuple(before), tuple(after))


def _as_many_as(stage: Stage, group: Conversation, size: int) -> tuple[Message, ...]:
    """Send messages to a group until one is refused: there may be too many in one second."""
    messages = [stage.say(group)]
    while len(messages) < size:
        try:
            messages.append(stage.say(group))
        except NotExercised:
            if len(messages) < _ANSWERED_AT_ONCE:
                raise
            break
    return tuple(messages)


def _taken_at_once(stage: Stage, group: Conversation, messages: tuple[Message, ...]) -> int:
    """Return how many of the messages one call may name: all, if all of them are answered."""

    def done(found: Mapping[Any, Receipt]) -> bool:
        known = [m for m in messages if m.id in found and found[m.id].known]
        return bool(stage.scene(_hopeless)) or len(known) == len(messages)

    whole = stage.settle(group, messages, done)
    if whole.accepted and len(stage.receipts(whole)) >= len(messages):
        return len(messages)
    size = min(_ANSWERED_AT_ONCE if whole.accepted else len(messages) // 2, len(messages))
    while size > 1 and not _ask(stage, group, *messages[:size]).answer.accepted:
        size //= 2
    return max(size, 1)


@dataclass(frozen=True, slots=True)
class Watched:
    """A message, who read it, and what was answered before and after, others beside it."""

    message: Message
    readers: tuple[Any, ...]
    before: Asked
    after: Asked
    others: tuple[Message, ...] = ()


def crowded(stage: Stage) -> Watched:
    """Let some of the many members of a group read a message."""
    if not stage.driver.over_http:
        raise NotExercised("every member of a crowd would be a program of its own")
    group = stage.group(CROWD)
    half = READING // 2
    readers = (*group.members[1 : 1 + READING - half], *group.members[-half:])
    return watched(stage, stage.say(group), readers)


def of_member(stage: Stage) -> tuple[Message, Asked]:
    """Let a member who is not the owner send a message, and ask for it."""
    group = stage.group(MEMBERS)
    message = stage.say(group, sender=group.members[1])
    return message, newborn(stage, group, message)


def by_member(stage: Stage) -> Watched:
    """Let the owner of a group read what another member has sent."""
    message, _ = stage.scene(of_member)
    return watched(stage, message, message.conversation.members[:1])


def of_outsider(stage: Stage) -> Watched:
    """Let somebody who is no member send, and the owner and a member read.

    The documents of some vendors say that a sender need not be a member; others refuse.
    """
    if not stage.driver.over_http:
        raise NotExercised("who sends would have to be in the group")
    outsider = stage.users(MEMBERS + 1)[MEMBERS]
    group = stage.group(3)
    call = stage.driver.send_message(
        group, outsider, receipt=True, number=stage.number("outsider", group.id)
    )
    answer = stage.call(call)
    if not answer.accepted:
        raise NotExercised(f"a sender who is no member is {answer.describe()}")
    message = Message(group, stage.named(answer), outsider, True)
    return watched(stage, message, group.members[:2])


def added_again(stage: Stage) -> Watched:
    """Let a member read a message, and add that member again, who has never left."""
    group = stage.group(3)
    message = stage.say(group)
    reader = group.members[1]
    seen = watched(stage, message, (reader,))
    stage.call(stage.driver.add_members(group, [reader]))  # refused or not, nothing changes
    after = settled(stage, seen.before, (message,), {message.id: 1})
    return Watched(message, (reader,), seen.before, after)


@dataclass(frozen=True, slots=True)
class Several:
    """Messages of one group, who read which, and what was answered before and after.

    `answers` are those to the reads, where calls made them; `members` are all, the owner first.
    """

    messages: tuple[Message, ...]
    readers: Mapping[Any, tuple[Any, ...]]
    before: Asked
    after: Asked
    answers: tuple[Answer, ...]
    members: tuple[Any, ...]


def several(
    stage: Stage,
    messages: tuple[Message, ...],
    reads: Sequence[tuple[Any, tuple[Message, ...]]],
    members: tuple[Any, ...],
) -> Several:
    """Let people read messages, some at a time, and ask for all before and after.

    A read that is refused is kept and has not happened.
    """
    group = messages[0].conversation
    before = newborn(stage, group, *messages)
    readers: dict[Any, tuple[Any, ...]] = {message.id: () for message in messages}
    answers = []
    for user, some in reads:
        answer = stage.tries_to_read(user, some)
        answers += [answer] if answer is not None else []
        for message in some if answer is None or answer.accepted else ():
            readers[message.id] += (user,)
    wanted = {id_: len(users) for id_, users in readers.items()}
    after = settled(stage, before, messages, wanted)
    return Several(messages, readers, before, after, tuple(answers), members)


def many_senders(stage: Stage) -> Several:
    """Let owner, administrator and member send, and read what the others have sent.

    Who has sent the newest message reads the others.
    """
    group = stage.group(4, promoted=True)
    owner, admin, member, other = group.members
    of_owner, of_admin, of_member = (stage.say(group, sender=u) for u in (owner, admin, member))
    reads = [
        (member, (of_owner, of_admin)),
        (admin, (of_owner,)),
        (owner, (of_admin,)),
        (other, (of_member,)),
    ]
    return several(stage, (of_owner, of_admin, of_member), reads, group.members)


def returning(stage: Stage) -> Several:
    """Let somebody who has left and come back read and send, and somebody who came later read.

    All messages are sent when both are there.
    """
    founders = stage.group(3)
    driver, back = stage.driver, founders.members[1]
    newcomer = stage.users(5)[4]
    stage.must(driver.remove_member(founders, back))
    stage.lets_in(driver.add_members(founders, [newcomer, back]))
    group = replace(founders, members=(*founders.members, newcomer))
    of_owner, of_back = stage.say(group), stage.say(group, sender=back)
    reads = [(back, (of_owner,)), (newcomer, (of_owner, of_back))]
    return several(stage, (of_owner, of_back), reads, group.members)


def adorned(stage: Stage) -> Several:
    """Send messages with more than a text; a member reads them all.

    What is refused is left out: which of them a target takes is another requirement's matter.
    """
    group = stage.group(3)
    number = stage.number("adorned", group.id)
    plain = stage.driver.send_message(group, group.owner, receipt=True, number=number)
    messages = []
    for call in stage.driver.adorned(plain, group.members[1:2]):
        answer = stage.call(call)
        if answer.accepted:
            messages.append(Message(group, stage.named(answer), group.owner, True))
    if not messages:
        raise NotExercised("no message but a plain text was taken")
    made = tuple(messages)
    return several(stage, made, [(group.members[1], made)], group.members)


def fair(stage: Stage) -> Several:
    """Let half of a group of a usual size read a message, from front and end of its members."""
    group = stage.group(_FAIR)
    message = stage.say(group)
    half = (*group.members[1 : _FAIR // 4], *group.members[-_FAIR // 4 :])
    return several(stage, (message,), [(user, (message,)) for user in half], group.members)


Look = tuple[Asked, tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Outlived:
    """What was told of a message while people left and came, and who had to be a reader then.

    `gone` are those who left, or came after the message: whether they are listed is open.
    """

    message: Message
    looks: tuple[Look, ...]


def outlived(stage: Stage) -> Outlived:
    """Let two of a group read; then one who has not leaves, another comes, and a reader leaves.

    One of the founders has left before the message was sent. Each look is an answer, who is there,
    who of them has read, and about whom nothing is said.
    """
    founders = stage.group(5)
    owner, early, idle, one, two = founders.members
    driver = stage.driver
    stage.must(driver.remove_member(founders, early))
    message = stage.say(founders)
    before = newborn(stage, founders, message)
    before.receipt(message)
    for reader in (one, two):
        stage.reads(reader, [message])
    read = settled(stage, before, (message,), {message.id: 2})
    looks: list[Look] = [(read, (owner, idle, one, two), (one, two), ())]

    def look(readers: tuple[Any, ...], others: tuple[Any, ...], gone: tuple[Any, ...]) -> None:
        def shown(found: dict[Any, Receipt]) -> bool:
            now = found.get(message.id)
            return now is not None and set(readers) <= set(now.readers or ())

        seen = asked(stage, stage.settle(founders, [message], shown))
        looks.append((seen, (owner, *others), readers, gone))

    stage.must(driver.remove_member(founders, idle))
    look((one, two), (one, two), (idle,))
    stage.lets_in(driver.add_members(founders, [early]))
    look((one, two), (one, two), (idle, early))
    stage.must(driver.remove_member(founders, two))
    look((one,), (one,), (idle, early, two))
    return Outlived(message, tuple(looks))


def alone(stage: Stage) -> tuple[Message, Asked]:
    """Send a message to a group of which nobody else is a member."""
    group = stage.group(1)
    message = stage.say(group)
    return message, newborn(stage, group, message)


def reborn(stage: Stage) -> Changed:
    """Dismiss a group whose message was read and make one of the same id; ask for its first.

    Whether an id may be used again is open: where it may not, there is nothing to judge.
    """
    if not stage.driver.over_http:
        raise NotExercised("late notifications of the one group would be taken for the other's")
    name = f"rs{stage.namespace}-Again"
    group = stage.group(3, id_=name)
    if group.id != name:
        raise NotExercised("nobody chooses the id of a group")
    first = watched(stage, stage.say(group), group.members[1:2])
    stage.must(stage.driver.dismiss(group))
    again = stage.group(3, id_=name)
    message = stage.say(again)

    def fresh(receipts: dict[Any, Receipt]) -> bool:
        now = receipts.get(message.id)
        return now is not None and now.known and not now.read

    after = asked(stage, stage.settle(again, [message], fresh))
    return Changed(again, message, first.after, after)


def interrupted(stage: Stage) -> Asked:
    """Ask for messages that were read differently, one that does not exist between them."""
    scene = stage.scene(reading)
    first, *others = scene.messages
    beyond = stage.driver.absent([message.id for message in scene.messages])
    return _ask(stage, scene.group, first, beyond, *others)


def watched(
    stage: Stage, message: Message, readers: tuple[Any, ...], others: tuple[Message, ...] = ()
) -> Watched:
    """Let some people read a message, and ask for it and for `others` before and after."""
    before = newborn(stage, message.conversation, message, *others)
    before.receipt(message)
    for reader in readers:
        stage.reads(reader, [message])
    after = settled(stage, before, (message, *others), {message.id: len(readers)})
    return Watched(message, readers, before, after, others)


def separate(stage: Stage) -> tuple[Changed, Changed]:
    """Read a message in one of two groups whose messages have the same ids."""
    groups = [stage.group(3), stage.group(4)]
    messages = [stage.say(group) for group in groups]
    before = [newborn(stage, g, m) for g, m in zip(groups, messages, strict=True)]
    for scene, message in zip(before, messages, strict=True):
        scene.receipt(message)
    stage.reads(groups[0].members[1], [messages[0]])
    after = [
        settled(stage, before[0], (messages[0],), {messages[0].id: 1}),
        _ask(stage, groups[1], messages[1]),
    ]
    changed = [Changed(*it) for it in zip(groups, messages, before, after, strict=True)]
    return changed[0], changed[1]
