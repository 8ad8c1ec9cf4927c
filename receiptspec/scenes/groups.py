"""Groups and the counts of their messages."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from receiptspec.errors import Inconclusive, MaybeDone, NotExercised, StaleFixture
from receiptspec.neutral import Answer, Conversation, Kind, Message, Receipt
from receiptspec.stage import Stage
from receiptspec.targets import Fixture

MEMBERS = 4
ASKED, FEW = 20, 3  # messages of a fixture, and how many are asked for at once everywhere
LATER = 3.0  # seconds after which what was told ought to be true still


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
    """A group with messages that ask for receipts, the last one being plain, freshly asked.

    Those of a fixture that have no receipt any more are no `messages`: why they are `lost` is said.
    """

    group: Conversation
    messages: tuple[Message, ...]
    plain: Message | None
    fresh: Asked
    lost: str = ""

    def must_be_whole(self) -> None:
        """Raise `StaleFixture` where messages of a fixture have no receipt any more."""
        if self.lost:
            raise StaleFixture(self.lost)


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


def ask(stage: Stage, group: Conversation, *messages: Message | int) -> Asked:
    """Ask for the receipts of messages, or of ids, of a group."""
    return asked(stage, stage.ask(group, messages))


#: A group for calls of which only the operation is of interest, or whether there are such.
NOWHERE = Conversation(Kind.GROUP, "", "", "", ("", ""))


def until_shown(stage: Stage, group: Conversation, ids: Collection[Any]) -> Answer:
    """Look at the history of a group until messages are in it; return the last answer."""
    call = stage.driver.look_at_group(group)
    return stage.until(
        lambda: stage.call(call),
        lambda shown: not shown.accepted or set(ids) <= set(stage.driver.group_history(shown)),
    )


def first_and_last(stage: Stage, answer: Answer) -> tuple[Asked, ...]:
    """Return what an answer says by its first item of each message, and by its last if others."""
    steps = [asked(stage, answer)]
    items = stage.driver.receipts(answer) if answer.accepted else []
    last = {item.message: item for item in items}
    return (*steps, Asked(answer, last)) if len(last) < len(items) else tuple(steps)


def has_data(receipts: Mapping[Any, Receipt], message: Message) -> bool:
    """Whether an answer tells the numbers of a message."""
    return message.id in receipts and receipts[message.id].known


def newborn(stage: Stage, group: Conversation, *messages: Message) -> Asked:
    """Ask for messages that were just sent, until all who are there are counted: that may be late.

    What was waited for in vain in one type of group is waited for there no more, unless it has come
    before.
    """
    came = stage.scene(has_come)
    wanted = [message for message in messages if message.wants_receipt]
    unsure = stage.may_lag and (group.type, "sender") not in came
    if unsure:
        stage.let_show()

    def known(receipts: Mapping[Any, Receipt]) -> bool:
        told = [m for m in wanted if stage.driver.tells(group.owner, m)]
        return all(has_data(receipts, message) for message in told)

    def counted(receipts: Mapping[Any, Receipt]) -> bool:
        told = [m for m in wanted if has_data(receipts, m)]
        return all(is_counted(stage, m, receipts[m.id]) for m in told)

    def done(receipts: dict[Any, Receipt]) -> bool:
        if not known(receipts):
            return not came.get((group.type, "known"), True)
        return counted(receipts) or not came.get((group.type, "counted"), True)

    found = asked(stage, stage.settle(group, messages, done))
    if found.answer.accepted and messages:
        is_known = known(found.receipts)
        came[group.type, "known"] = is_known or came.get((group.type, "known"), False)
        if is_known:
            before = came.get((group.type, "counted"), False)
            came[group.type, "counted"] = counted(found.receipts) or before
    own = [m for m in wanted if m.sender in group.members]
    if unsure and own:
        told = [found.receipts[m.id] for m in own if has_data(found.receipts, m)]
        came[group.type, "sender"] = any(_total(receipt) >= len(group.members) for receipt in told)
    return found


def is_counted(stage: Stage, message: Message, receipt: Receipt) -> bool:
    """Whether a receipt counts all who were there, the sender where senders are counted."""
    group, came = message.conversation, stage.scene(has_come)
    is_own = message.sender in group.members and not came.get((group.type, "sender"), False)
    return receipt.unread is None or _total(receipt) >= len(group.members) - is_own


def _total(receipt: Receipt) -> int:
    return (receipt.read or 0) + (receipt.unread or 0)


def has_come(_: Stage) -> dict[tuple[str, str], bool]:
    """Return what tells, for types of groups, whether what was waited for there has ever come.

    Beside it stands whether senders are counted there, once there was the time to see it.
    """
    return {}


def named_twice(receipt: Receipt) -> frozenset[Any]:
    """Return who is in both lists of a receipt; one list may show a read before the other."""
    return frozenset(receipt.readers or ()) & frozenset(receipt.non_readers or ())


def tells(receipt: Receipt, receiver: Any, *, read: bool) -> bool:
    """Whether flag and lists say of the receiver of a letter, as far as they are there, the same.

    That is whether it was read.
    """
    lists = ((receipt.readers, read), (receipt.non_readers, not read))
    return receipt.peer_read is read and all(
        users is None or (receiver in users) is wanted for users, wanted in lists
    )


def settled(
    stage: Stage, fresh: Asked, messages: tuple[Message, ...], reads: Mapping[Any, int]
) -> Asked:
    """Ask until each message shows the given number of reads more than when it was fresh.

    One that the owner of the group need not be told of may be missing.
    """
    group = messages[0].conversation
    is_pair = group.kind is Kind.DIRECT
    untold = {m.id for m in messages if not stage.driver.tells(group.owner, m)}

    def arrived(key: Any, number: int, receipts: Mapping[Any, Receipt]) -> bool:
        before, now = fresh.receipts.get(key), receipts.get(key)
        if key in untold and (before is None or not before.known):
            return True
        if before is None or now is None:
            return False
        if is_pair and number and now.peer_read is False:
            return False
        more = (now.read or 0) - (before.read or 0) >= number
        if now.readers is not None and now.non_readers is not None:
            return more and not named_twice(now)
        return more and (before.unread or 0) - (now.unread or 0) >= number

    def done(receipts: dict[Any, Receipt]) -> bool:
        return all(arrived(key, number, receipts) for key, number in reads.items())

    return asked(stage, stage.settle(group, messages, done))


def ready(stage: Stage) -> Ready:
    """Make a group of four, send three messages that ask for receipts and a plain one; ask.

    On a target that may not be written to, its fixture takes the group's place.
    """
    if stage.target.fixture is not None and not stage.target.writes:
        return _standing(stage, stage.target.fixture)
    group = stage.group(MEMBERS)
    messages = tuple(stage.say(group) for _ in range(3))
    plain_message = stage.say(group, receipt=False) if stage.driver.receipts_are_wished else None
    fresh = newborn(stage, group, *messages)
    stage.needs(fresh.answer)
    stage.let_show()
    return Ready(group, messages, plain_message, fresh)


def _standing(stage: Stage, fixture: Fixture) -> Ready:
    """Ask for the messages of a fixture; some may be recalled by now, or too old.

    Raises `Inconclusive` where there is nothing to ask for.
    """
    owner = fixture.members[0] if fixture.members else None
    type_ = fixture.type or stage.driver.group_type
    group = Conversation(Kind.GROUP, fixture.id, type_, owner, fixture.members)
    messages = tuple(Message(group, id_, owner, True) for id_ in fixture.messages[:ASKED])
    plain = [Message(group, id_, owner, False) for id_ in fixture.plain_messages[:1]]
    fresh, kind = ask(stage, group, *messages), stage.contract.kind
    if fresh.answer.refused and kind(fresh.answer.code) == "parameter":  # perhaps too many at once
        messages = messages[:FEW]
        fresh = ask(stage, group, *messages)
    answer = fresh.answer
    if answer.refused and (stage.driver.is_gone(answer) or kind(answer.code) == "limit"):
        why = "is not there" if stage.driver.is_gone(answer) else "has no receipts"
        raise Inconclusive(
            f"the group {fixture.id} of fixtures {why}: {answer.describe()}; check fixtures"
        )
    lost = {id_: now.code for id_, now in fresh.receipts.items() if _is_missing(stage, now)}
    if answer.refused and kind(answer.code) == "missing":  # one may do that to the whole
        alone = {m.id: fresh if len(messages) == 1 else ask(stage, group, m) for m in messages}
        lost = {
            id_: one.answer.code
            for id_, one in alone.items()
            if one.answer.refused and kind(one.answer.code) == "missing"
        }
        for one in alone.values():
            lost |= {k: now.code for k, now in one.receipts.items() if _is_missing(stage, now)}
    left = tuple(message for message in messages if message.id not in lost)
    if not left:
        raise Inconclusive(f"{StaleFixture.SAYS}none of messages has a receipt ({_codes(lost)})")
    if lost:
        fresh = ask(stage, group, *left)
    return Ready(group, left, plain[0] if plain else None, fresh, _of_lost(lost))


def _is_missing(stage: Stage, receipt: Receipt) -> bool:
    return not receipt.known and stage.contract.kind(receipt.code) == "missing"


def _codes(lost: Mapping[Any, Any]) -> str:
    return ", ".join(sorted({str(code) for code in lost.values()}))


def _of_lost(lost: Mapping[Any, Any]) -> str:
    """Say which messages of a fixture have no receipt, empty for none."""
    if not lost:
        return ""
    named = ", ".join(map(str, lost))
    what = f"message {named} has" if len(lost) == 1 else f"messages {named} have"
    return f"{what} no receipt ({_codes(lost)})"


def good(stage: Stage) -> Ready:
    """Return the ready scene, provided that its question was answered.

    Refusals prove nothing where the unbroken call is refused as well: `NotExercised`.
    """
    scene = stage.scene(ready)
    if not scene.fresh.answer.accepted:
        raise NotExercised(f"the unbroken call is {scene.fresh.answer.describe()}")
    return scene


def own(stage: Stage) -> Conversation:
    """Return the group of the ready scene to write to, which a fixture is not."""
    group = good(stage).group
    if not stage.target.writes:
        raise NotExercised("needs to write to a group; the target may not be written to")
    return group


def a_member(conversation: Conversation) -> Any:
    """Return a member beside the owner; `NotExercised` where a fixture names none."""
    if len(conversation.members) < 2:
        raise NotExercised("members of fixtures names nobody beside the owner of the group")
    return conversation.members[1]


def naming(stage: Stage) -> None:
    """Raise `NotExercised` where receipts are numbers that name nobody."""
    if any(receipt.readers is None for receipt in good(stage).fresh.receipts.values()):
        raise NotExercised("receipts name nobody")


def tries_to_read(stage: Stage, user: Any, *messages: Message) -> bool:
    """Read what a target may refuse to have read, or to have read so; say whether it did.

    Raises `MaybeDone` where nobody knows.
    """
    try:
        stage.reads(user, messages)
    except MaybeDone:
        raise
    except NotExercised:
        return False
    return True


def reads_again(stage: Stage, user: Any, *messages: Message) -> bool:
    """Read what the user has read; a target may refuse that, the documents are silent."""
    try:
        return tries_to_read(stage, user, *messages)
    except MaybeDone:
        return True


@dataclass(frozen=True, slots=True)
class Watched:
    """A message, who read it, and what was answered before and after, others beside it."""

    message: Message
    readers: tuple[Any, ...]
    before: Asked
    after: Asked
    others: tuple[Message, ...] = ()


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
