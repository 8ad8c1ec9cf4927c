"""Who is notified of what while messages are read."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from receiptspec.checks.events import NUMBERS
from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Conversation, Message, Receipt
from receiptspec.scenes.agreement import sent_by_server
from receiptspec.scenes.direct import pair
from receiptspec.scenes.groups import Asked, asked, newborn
from receiptspec.stage import Stage

__all__ = [
    "Answered",
    "Arrived",
    "Beyond",
    "Owed",
    "Skipped",
    "Told",
    "answered",
    "arrivals",
    "arrived_so_far",
    "batch",
    "beyond",
    "direct",
    "everybody",
    "foreign",
    "group",
    "interleaved",
    "letters",
    "mixed",
    "mixed_people",
    "of_type",
    "plain",
    "skipped",
    "unlisted",
]

_BATCH = 30  # messages that one call may name
_QUIET = 0.3  # seconds in which a notification too many would come
_BESIDE = 3  # messages to somebody else, of which one has the number of one that is read
_AGAIN = 3  # pulls that say what the one before them said
_TOLD = 8  # users who send and are told
_PATIENCE = 3.0  # seconds at least in which a notification may come


@dataclass(frozen=True, slots=True)
class Told:
    """Messages, who read which in what order, and what everybody was notified of.

    `notices` maps a user to the notifications since before the first read, `steps` says for each
    read whether it was notified in time, `pulled` is what the sender pulled in the end.
    """

    messages: tuple[Message, ...]
    reads: tuple[tuple[Any, tuple[Message, ...]], ...]
    steps: tuple[bool, ...]
    notices: Mapping[Any, tuple[Answer, ...]]
    receipts: Mapping[Any, tuple[tuple[Answer, Receipt], ...]]
    pulled: Asked
    last_read: Answer | None

    @property
    def sender(self) -> Any:
        """Who sent the messages."""
        return self.messages[0].sender

    def evidence(self) -> Answer:
        """Return the answer that shows best what happened: a notification, else the pull."""
        heard = self.notices[self.sender]
        return heard[-1] if heard else self.pulled.answer


class _Ear:
    """Hears everybody in a conversation from now on.

    What comes late of reads that an earlier scene asked for is no matter of this one.
    """

    def __init__(self, stage: Stage, conversation: Conversation, *others: Any) -> None:
        self._stage = stage
        self._old = stage.dealings.all_read()
        self._sender = conversation.owner
        self.users = (*conversation.members, *others)
        stage.listens(*self.users)
        self._await_quiet()
        self._before = {user: len(stage.heard(user)) for user in self.users}

    def _await_quiet(self) -> None:
        """Let notifications of earlier reads come, so that they are not taken for later ones."""
        deadline = time.monotonic() + _PATIENCE
        heard = -1
        while heard < self._heard() and time.monotonic() < deadline:
            heard = self._heard()
            self._stage.await_notice(partial(self._more_than, heard), _QUIET)

    def _more_than(self, heard: int) -> bool:
        return self._heard() > heard

    def _heard(self) -> int:
        return sum(len(self._stage.heard(user)) for user in self.users)

    def notices(self, user: Any) -> tuple[Answer, ...]:
        return self._stage.heard(user)[self._before[user] :]

    def receipts(self, user: Any) -> tuple[tuple[Answer, Receipt], ...]:
        driver = self._stage.driver
        told = ((n, r) for n in self.notices(user) for r in driver.receipts(n))
        return tuple((n, r) for n, r in told if not self._is_late(user, r))

    def _is_late(self, user: Any, receipt: Receipt) -> bool:
        if not isinstance(receipt.message, str) or receipt.message not in self._old:
            return False
        message = self._stage.dealings.message(receipt.message)
        return message is None or user in (message.sender, self._sender)


def _play(
    stage: Stage,
    conversation: Conversation,
    messages: Sequence[Message],
    reads: Sequence[tuple[Any, tuple[Message, ...]]],
    *others: Any,
    quickly: bool = False,
) -> Told:
    """Let the reads happen one after the other, each once the one before it was notified.

    `quickly` they do not wait for that; then all are waited for in the end.
    """
    ear = _Ear(stage, conversation, *others)
    sender = messages[0].sender
    window = max(stage.target.consistency, _PATIENCE)
    steps: list[bool] = []
    wanted: Counter[Any] = Counter()
    answer = None

    def told(number: Mapping[Any, int]) -> bool:
        heard = [receipt for _, receipt in ear.receipts(sender)]
        return all(_told_of(heard, name) >= least for name, least in number.items())

    def wait(number: Mapping[Any, int]) -> None:
        steps.append(stage.await_notice(partial(told, number), window if all(steps) else 0.1))

    due: list[Mapping[Any, int]] = []
    for user, read in reads:
        answer = stage.tries_to_read(user, read)
        if answer is not None and not answer.accepted and read[0].wants_receipt:
            raise NotExercised(f"sending receipts is {answer.describe()}")
        wanted.update(message.id for message in read if message.wants_receipt)
        due.append(dict(wanted))
        if not quickly:
            wait(due[-1])
    for number in due[len(steps) :]:
        wait(number)
    time.sleep(_QUIET)
    last = {receipt.message: receipt for _, receipt in ear.receipts(sender)}

    def agrees(found: dict[Any, Receipt]) -> bool:
        shown = [(found[name], last[name]) for name in wanted if name in found and name in last]
        return all(
            getattr(pulled, number) in (None, getattr(told, number))
            for pulled, told in shown
            for number in NUMBERS
        )

    asking = [message for message in messages if message.wants_receipt]
    pulled = asked(stage, stage.settle(conversation, asking, agrees))
    return Told(
        tuple(messages),
        tuple(reads),
        tuple(steps),
        {user: ear.notices(user) for user in ear.users},
        {user: ear.receipts(user) for user in ear.users},
        pulled,
        answer,
    )


def _told_of(heard: Sequence[Receipt], name: Any) -> int:
    """Return how many reads of a message were notified: one each time, or as many as it counts.

    That its numbers are right is another question.
    """
    about = [receipt for receipt in heard if receipt.message == name]
    return max([len(about), *(receipt.read or 0 for receipt in about)])


def group(stage: Stage) -> Told:
    """Two of three others read one of two messages, the third reads both; an outsider listens."""
    conversation = stage.group(4)
    _Ear(stage, conversation)
    first, second = stage.say(conversation), stage.say(conversation)
    _, a, b, c = conversation.members
    outsider = stage.users(6)[5]
    reads = ((a, (first,)), (b, (first,)), (c, (first, second)))
    return _play(stage, conversation, (first, second), reads, outsider)


def direct(stage: Stage) -> Told:
    """The receiver reads the second of two messages; a third user listens."""
    conversation = pair(stage, 6, 7)
    stage.listens(*conversation.members)
    first, second = stage.say(conversation), stage.say(conversation)
    reads = ((conversation.members[1], (second,)),)
    return _play(stage, conversation, (first, second), reads, stage.users(5)[4])


def plain(stage: Stage) -> Told:
    """Members read a message that did not ask for a receipt, then one that did."""
    conversation = stage.group(3)
    _, a, b = conversation.members
    ear_first = _Ear(stage, conversation)
    silent, asking = stage.say(conversation, receipt=False), stage.say(conversation)
    reads = ((a, (silent,)), (b, (asking,)))
    told = _play(stage, conversation, (silent, asking), reads)
    users = {user: ear_first.notices(user) for user in ear_first.users}
    receipts = {user: ear_first.receipts(user) for user in ear_first.users}
    return Told(told.messages, told.reads, told.steps, users, receipts, told.pulled, told.last_read)


def batch(stage: Stage) -> Told:
    """One member reads as many messages in one call as it may name."""
    conversation = stage.group(2)
    _Ear(stage, conversation)
    messages = tuple(stage.say(conversation) for _ in range(_BATCH))
    return _play(stage, conversation, messages, ((conversation.members[1], messages),))


def interleaved(stage: Stage) -> Told:
    """Two groups get messages in turn; in the older one all read two messages, quickly.

    There another member has sent one as well, and one asked for no receipt. The receipts of the two
    were pulled before; the newer group was written to last, and what was sent there pulled.
    """
    older, newer = stage.group(3), stage.group(3)
    _, a, b = older.members
    _Ear(stage, older)
    first = stage.say(older)
    stage.say(newer)
    stage.say(older, sender=a)
    stage.say(older, receipt=False)
    second = stage.say(older)
    stage.ask(older, (first, second))
    stage.ask(newer, (stage.say(newer),))
    reads = tuple((user, (message,)) for message in (second, first) for user in (b, a))
    return _play(stage, older, (first, second), reads, quickly=True)


def letters(stage: Stage) -> Told:
    """Two people write to each other; one message is read alone, then three in one call, quickly.

    Their receipts were pulled before; since then their sender has written to somebody else.
    """
    conversation = pair(stage, 4, 7)
    stage.listens(*conversation.members)
    other = conversation.members[1]
    first = stage.say(conversation)
    stage.say(conversation, sender=other)
    second = stage.say(conversation)
    stage.say(conversation, receipt=False)
    third, fourth, fifth = (stage.say(conversation) for _ in range(3))
    stage.ask(conversation, (first, second, third, fourth, fifth))
    elsewhere = pair(stage, 4, 6)
    stage.ask(elsewhere, (stage.say(elsewhere),))
    reads = ((other, (second,)), (other, (third, first, fourth)))
    return _play(stage, conversation, (first, second, third, fourth, fifth), reads, quickly=True)


@dataclass(frozen=True, slots=True)
class Owed:
    """A message that is read, as its pull says, and whether its sender was notified in time."""

    message: Message
    pulled: Answer
    told: bool


def of_type(stage: Stage, type_: str) -> tuple[Owed, ...]:
    """The owner of a group of some type and a member send one message each; a third reads both.

    What is not counted there is owed to nobody: whether a type has receipts is a setting.
    """
    conversation = stage.group(3, type_=type_)
    _, member, reader = conversation.members
    ear = _Ear(stage, conversation)
    messages = (stage.say(conversation), stage.say(conversation, sender=member))
    answer = stage.tries_to_read(reader, messages)
    if answer is not None and not answer.accepted:
        raise NotExercised(f"sending receipts is {answer.describe()}")
    return tuple(filter(None, (_owed(stage, ear, message) for message in messages)))


def _owed(stage: Stage, ear: _Ear, message: Message) -> Owed | None:
    def counted(receipts: Mapping[Any, Receipt]) -> bool:
        return message.id in receipts and bool(receipts[message.id].read)

    def told() -> bool:
        return any(receipt.message == message.id for _, receipt in ear.receipts(message.sender))

    pulled = asked(stage, stage.settle(message.conversation, [message], counted))
    if not counted(pulled.receipts):
        return None
    window = max(stage.target.consistency, _PATIENCE)
    return Owed(message, pulled.answer, stage.await_notice(told, window))


@dataclass(frozen=True, slots=True)
class Answered:
    """One-to-one messages before and after a reply was read, and after all were read at once.

    `beside` were sent to somebody else before that.
    """

    messages: tuple[Message, ...]
    replied: Asked
    batch: Answer
    whole: Asked
    plain: Message
    of_plain: Asked
    beside: tuple[Message, ...]
    of_beside: Asked


def answered(stage: Stage, size: int) -> Answered:
    """B replies to A, A reads the reply, A sends on, also to C; B reads `size` in one call."""
    conversation = pair(stage, 5, 4)
    a, b = conversation.members
    plain = stage.say(conversation, receipt=False)
    first = stage.say(conversation)
    reply = stage.say(conversation, sender=b)
    stage.reads(a, [reply])
    replied = asked(stage, stage.ask(conversation, [first]))
    messages = (first, *(stage.say(conversation) for _ in range(size - 1)))
    elsewhere = pair(stage, 5, 6)
    beside = tuple(stage.say(elsewhere) for _ in range(_BESIDE))
    call = stage.driver.mark_read(conversation, b, [message.id for message in messages])
    if call is None:
        raise NotExercised("this vendor has no call that reads")
    batch = stage.call(call)

    def all_read(receipts: dict[Any, Receipt]) -> bool:
        found = [receipts.get(message.id) for message in messages]
        return all(receipt is not None and receipt.peer_read for receipt in found)

    whole = asked(stage, stage.settle(conversation, messages, all_read))
    of_plain = asked(stage, stage.ask(conversation, [plain]))
    of_beside = asked(stage, stage.ask(elsewhere, beside))
    return Answered(messages, replied, batch, whole, plain, of_plain, beside, of_beside)


@dataclass(frozen=True, slots=True)
class Beyond:
    """What was pulled of the messages of `answered` and `skipped` some time after all of that.

    `again` and `group_again` are several pulls of those that were read. The plain one has been read
    since as well, and a third person has tried to read what was sent to somebody else.
    """

    again: tuple[Asked, ...]
    group_again: tuple[Asked, ...]
    of_plain: Asked
    of_beside: Asked
    answers: tuple[Answer | None, ...]


def beyond(stage: Stage, size: int) -> Beyond:
    """Read what asks for no receipt, and what was written to somebody else; pull all again."""
    scene, counted = stage.scene(answered, size), stage.scene(skipped).messages
    third = scene.plain.conversation.members[1]
    answers = [stage.tries_to_read(third, (m,)) for m in (scene.plain, scene.beside[0])]
    stage.let_show()

    def pulled(messages: Sequence[Message]) -> Asked:
        return asked(stage, stage.ask(messages[0].conversation, messages))

    return Beyond(
        tuple(pulled(scene.messages) for _ in range(_AGAIN)),
        tuple(pulled(counted) for _ in range(_AGAIN)),
        pulled((scene.plain,)),
        pulled(scene.beside),
        tuple(answers),
    )


@dataclass(frozen=True, slots=True)
class Skipped:
    """Three messages of which the first and the last were read in one call."""

    messages: tuple[Message, ...]
    before: Asked
    answer: Answer
    after: Asked


def skipped(stage: Stage) -> Skipped:
    """A member reads the first and the last of three messages in one call."""
    conversation = stage.group(3)
    messages = tuple(stage.say(conversation) for _ in range(3))
    before = newborn(stage, conversation, *messages)
    named = [messages[0].id, messages[2].id]
    call = stage.driver.mark_read(conversation, conversation.members[1], named)
    if call is None:
        raise NotExercised("this vendor has no call that reads")
    answer = stage.call(call)

    def arrived(receipts: dict[Any, Receipt]) -> bool:
        found = [receipts.get(name) for name in named]
        return all(receipt is not None and receipt.read for receipt in found)

    after = asked(stage, stage.settle(conversation, messages, arrived))
    return Skipped(messages, before, answer, after)


def everybody(stage: Stage) -> tuple[tuple[Any, Answer, Receipt], ...]:
    """Return what all users were notified of so far, in the order in which each was told."""
    found = []
    for user in stage.users(_TOLD):
        for notice in stage.heard(user):
            found += [(user, notice, receipt) for receipt in stage.driver.receipts(notice)]
    return tuple(found)


def arrived_so_far(stage: Stage) -> tuple[tuple[Answer, Any, Message], ...]:
    """Return what receivers were told of messages of the whole run: the wish of each."""
    found = []
    for user in stage.users(_TOLD):
        for notice in stage.heard(user, stage.driver.arrival):
            name, wish = stage.driver.arrived(notice)
            message = stage.dealings.message(name) if isinstance(name, str) else None
            if message is not None and message.sender != user:
                found.append((notice, wish, message))
    return tuple(found)


def foreign(stage: Stage) -> tuple[tuple[Answer, Any, Message], ...]:
    """Send past the SDKs, with a wish for receipts and without, to a group and to one person."""
    places = (stage.group(3), pair(stage, 6, 5))
    found = []
    for place in places:
        for wish in (True, False):
            message, _, notice = sent_by_server(stage, place, receipt=wish)
            found.append((notice, stage.driver.arrived(notice)[1], message))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Arrived:
    """What receivers were told of messages: one answer and one wish for each, where any came."""

    messages: tuple[Message, ...]
    told: tuple[tuple[Any, Answer, Any, Message], ...]


def arrivals(stage: Stage) -> Arrived:
    """Send messages with and without a wish for receipts, to a group and to one person."""
    event = stage.driver.arrival
    group_, two = stage.group(3), pair(stage, 5, 6)
    stage.listens(*group_.members, *two.members)
    sent = [stage.say(place, receipt=wish) for place in (group_, two) for wish in (True, False)]
    receivers = {user for m in sent for user in m.conversation.members if user != m.sender}

    def told() -> list[tuple[Any, Answer, Any, Message]]:
        found = []
        for user in sorted(receivers):
            for answer in stage.heard(user, event):
                name, wish = stage.driver.arrived(answer)
                found += [(user, answer, wish, m) for m in sent if m.id == name]
        return found

    stage.await_notice(lambda: len(told()) >= 6)
    return Arrived(tuple(sent), tuple(told()))


def mixed(stage: Stage, operation: str) -> Answer:
    """Name messages of two groups in one call."""
    return _together(stage, operation, [stage.group(3), stage.group(3)])


def mixed_people(stage: Stage, operation: str) -> Answer:
    """Name messages to two people in one call, or as their reader messages of two people."""
    asks = operation == stage.driver.ask
    places = ((7, 5), (7, 6)) if asks else ((5, 7), (6, 7))
    return _together(stage, operation, [pair(stage, *place) for place in places])


def _together(stage: Stage, operation: str, conversations: Sequence[Conversation]) -> Answer:
    """Ask for, or read, one message of each conversation in one call."""
    driver = stage.driver
    calls = []
    for message in [stage.say(conversation) for conversation in conversations]:
        one = driver.ask_receipts(message.conversation, [message.id])
        if operation != driver.ask:
            reader = message.conversation.members[1]
            read = driver.mark_read(message.conversation, reader, [message.id])
            if read is None:
                raise NotExercised("this vendor has no call that reads")
            one = read
        calls.append(one)
    together = driver.joined(calls)
    if together is None:
        raise NotExercised("a call of this vendor names one conversation only")
    return stage.call(together)


def unlisted(stage: Stage) -> Answer:
    """Ask for the receipts of no message at all."""
    conversation = stage.group(2)
    return stage.call(stage.driver.ask_receipts(conversation, []))
