"""Two people: messages that one sends and the other reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Call, Conversation, Kind, Message, Receipt
from receiptspec.scenes.groups import LATER, Asked, asked
from receiptspec.stage import Stage

__all__ = ["Letters", "Mismatch", "letters", "mismatch", "mismatch_behind", "pair", "replied"]

_PAGES = 8  # of a history, after the first


def pair(stage: Stage, first: int = 0, second: int = 1) -> Conversation:
    """Return the conversation of two users of the pool; the first is the sender."""
    users = stage.users(max(first, second) + 1)
    a, b = users[first], users[second]
    return Conversation(Kind.DIRECT, None, "direct", a, (a, b))


def seen_by(stage: Stage, conversation: Conversation, viewer: Any) -> Asked:
    """Ask for the messages of two people as one of them sees them, page by page.

    The answer is that of the first page: there are others where an answer would be too large.
    """
    call = stage.driver.look(conversation, viewer)
    first = answer = stage.call(call)
    receipts = dict(asked(stage, first).receipts)
    for _ in range(_PAGES):
        following = stage.driver.look_on(call, answer) if answer.accepted else None
        if following is None or stage.driver.looked_through(answer):
            break
        answer = stage.call(following)
        receipts = {**asked(stage, answer).receipts, **receipts}
    return Asked(first, receipts)


@dataclass(frozen=True, slots=True)
class Letters:
    """Three messages of A to B: before, after B read the middle one, and after the others."""

    conversation: Conversation
    messages: tuple[Message, ...]
    before: Asked
    read: Answer | None
    after: Asked
    after_by_receiver: Asked
    again: Answer | None
    batch: Answer | None
    whole: Asked
    back: Message
    back_after: Receipt | None


def letters(stage: Stage) -> Letters:
    """A sends three messages that ask for receipts, B one; B reads A's middle one, then the others.

    `messages` begins with the one that was read first; the second is older, the third newer.
    """
    conversation = pair(stage, 2, 3)
    b = conversation.members[1]
    older, middle, newer = (stage.say(conversation) for _ in range(3))
    messages = (middle, older, newer)
    back = stage.say(conversation, sender=b)
    before = _until_listed(stage, conversation, (*messages, back))
    if not before.answer.accepted:
        raise NotExercised(f"the history is not to be had: {before.answer.describe()}")
    read = stage.tries_to_read(b, messages[:1])
    after = until_read(stage, conversation, messages[:1])
    shown = [after.receipts.get(message.id) for message in messages[:1]]
    if all(receipt is not None and receipt.peer_read for receipt in shown):
        after_by_receiver = until_read(stage, conversation, messages[:1], viewer=b)
    else:
        after_by_receiver = seen_by(stage, conversation, b)
    again = _read_again(stage, b, messages[:1])
    batch = stage.tries_to_read(b, messages[1:])
    whole = until_read(stage, conversation, messages)
    return Letters(
        conversation,
        messages,
        before,
        read,
        after,
        after_by_receiver,
        again,
        batch,
        whole,
        back,
        whole.receipts.get(back.id),
    )


def later(stage: Stage) -> Asked:
    """Look once more at the messages of `letters`, some seconds after all were acknowledged."""
    scene = stage.scene(letters)
    stage.let_pass(scene.whole.answer, LATER)
    return seen_by(stage, scene.conversation, scene.conversation.owner)


def acknowledged(stage: Stage) -> tuple[tuple[Message, ...], Answer | None, Asked]:
    """Let B acknowledge all messages of `history` in one call, the newest first, and look."""
    scene = stage.scene(history)
    conversation = scene.messages[0].conversation
    answer = stage.tries_to_read(conversation.members[1], scene.messages[::-1])
    return scene.messages, answer, until_read(stage, conversation, scene.messages)


def replied(stage: Stage) -> tuple[Message, Asked]:
    """Let A read what B has sent in `letters`, and look as B."""
    scene = stage.scene(letters)
    a, b = scene.conversation.members
    stage.reads(a, [scene.back])
    return scene.back, until_read(stage, scene.conversation, (scene.back,), viewer=b)


def shows_reads(scene: Letters) -> bool:
    """Whether a receipt that was sent here shows at all; that it does is an inference."""
    looks = [scene.after.receipts, scene.whole.receipts]
    found = [receipts.get(message.id) for receipts in looks for message in scene.messages]
    return any(receipt is not None and receipt.peer_read for receipt in found)


def _read_again(stage: Stage, user: Any, messages: tuple[Message, ...]) -> Answer | None:
    call = stage.driver.mark_read(messages[0].conversation, user, [m.id for m in messages])
    return stage.call(call) if call is not None else None


def _until_listed(stage: Stage, conversation: Conversation, messages: tuple[Message, ...]) -> Asked:
    return stage.until(
        lambda: seen_by(stage, conversation, conversation.owner),
        lambda found: not found.answer.accepted or all(m.id in found.receipts for m in messages),
    )


def until_read(
    stage: Stage, conversation: Conversation, messages: tuple[Message, ...], viewer: Any = None
) -> Asked:
    def read(found: Asked) -> bool:
        receipts = [found.receipts.get(message.id) for message in messages]
        return not found.answer.accepted or all(r is not None and r.peer_read for r in receipts)

    viewer = conversation.owner if viewer is None else viewer
    return stage.until(lambda: seen_by(stage, conversation, viewer), read)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A receipt that does not fit its message, and the message afterwards."""

    what: str
    message: Message
    answer: Answer
    after: Asked


def mismatch(stage: Stage, what: str) -> Mismatch:
    """Return what became of a receipt that is wrong in one thing.

    ``roles``: the sender of the message acknowledges it. ``from``, ``to``: an item whose sender or
    receiver is a third user. ``key``: a key that was never given out. ``malformed``: text that is
    no key. ``foreign``: the key of another conversation.
    """
    found = stage.scene(misfits)
    if what not in found:
        raise NotExercised(f"no call is known that names a message with wrong {what}")
    return found[what]


def misfits(stage: Stage) -> Mapping[str, Mismatch]:
    """Send every receipt that does not fit, each for a message of its own, then look at them all.

    An invented key and text that is no key stand beside the same message.
    """
    conversation, driver = pair(stage, 0, 4), stage.driver
    a, b = conversation.members
    third = next(user for user in stage.users(6) if user not in (a, b))
    kinds = ("roles", *driver.misfits)
    messages = {what: stage.say(conversation) for what in kinds if what != "malformed"}
    messages |= {"malformed": messages["key"]} if "malformed" in kinds else {}
    calls = {}
    for what in kinds:
        call = driver.mark_read(conversation, a if what == "roles" else b, [messages[what].id])
        if call is None:
            raise NotExercised("the vendor has no call by which the receiver reads")
        calls[what] = call if what == "roles" else driver.misfit(call, what, third)
    answers = {what: stage.call(call) for what, call in calls.items()}
    after = _settled_look(stage, conversation, *messages.values())
    found = {what: Mismatch(what, messages[what], answers[what], after) for what in kinds}
    if "key" in kinds:
        found["foreign"] = _foreign(stage, conversation)
    return found


def _foreign(stage: Stage, conversation: Conversation) -> Mismatch:
    """Acknowledge in one conversation the key of a message of another."""
    a, b = conversation.members
    message = stage.say(pair(stage, 0, 5))
    call = stage.driver.mark_read(conversation, b, [message.id])
    assert call is not None  # noqa: S101
    answer = stage.call(call)
    return Mismatch("foreign", message, answer, seen_by(stage, message.conversation, a))


def mismatch_behind(stage: Stage, what: str) -> Mismatch:
    """Send a receipt whose first item fits and whose second is wrong in ``from`` or ``to``."""
    conversation = pair(stage, *{"from": (0, 2), "to": (1, 2)}[what])
    a, b = conversation.members
    fitting, message = stage.say(conversation), stage.say(conversation)
    calls = [stage.driver.mark_read(conversation, b, [m.id]) for m in (fitting, message)]
    if calls[0] is None or calls[1] is None:
        raise NotExercised("the vendor has no call by which the receiver reads")
    third = next(user for user in stage.users(6) if user not in (a, b))
    together = stage.driver.joined([calls[0], stage.driver.misfit(calls[1], what, third)])
    if together is None:
        raise NotExercised("the vendor has no call that names several messages")
    answer = stage.call(together)
    return Mismatch(what, message, answer, _settled_look(stage, conversation, message))


def _settled_look(stage: Stage, conversation: Conversation, *messages: Message) -> Asked:
    """Look once more than the first time the messages are listed: an effect may be late."""
    _until_listed(stage, conversation, messages)
    return seen_by(stage, conversation, conversation.owner)


@dataclass(frozen=True, slots=True)
class Counters:
    """Unread counts of users in conversations, ``None`` where they are not to be had."""

    before: int | None
    after: int | None
    peer_before: int | None
    peer_after: int | None
    other_before: int | None
    other_after: int | None
    answer: Answer
    evidence: Answer
    again: Answer
    receipts_before: Asked
    receipts_after: Asked
    message: Message


def conversation_read(
    stage: Stage, first: int = 3, third: int = 4, reader: int = 5, count: int = 1
) -> Counters:
    """B marks the conversation with A as read; C's message to B and B's to A stay unread.

    A, C and B are users by number; A has sent `count` messages.
    """
    conversation, other = pair(stage, first, reader), pair(stage, third, reader)
    a, b = conversation.members
    c = other.owner
    message, *_ = [stage.say(conversation) for _ in range(count)]
    stage.say(other)
    stage.say(conversation, sender=b)
    receipts_before = _until_listed(stage, conversation, (message,))
    before, peer, others = (unread(stage, b, a), unread(stage, a, b), unread(stage, b, c))
    marking = stage.driver.mark_conversation(conversation, b)
    if marking is None:
        raise NotExercised("the vendor has no call that marks a conversation as read")
    answer = stage.call(marking)
    evidence = stage.until(
        lambda: stage.call(stage.driver.count_unread(b, [a])),
        lambda found: stage.driver.unread_counts(found).get(a) == 0,
    )
    return Counters(
        before,
        stage.driver.unread_counts(evidence).get(a),
        peer,
        unread(stage, a, b),
        others,
        unread(stage, b, c),
        answer,
        evidence,
        stage.call(marking),
        receipts_before,
        seen_by(stage, conversation, a),
        message,
    )


def unread(stage: Stage, user: Any, peer: Any) -> int | None:
    """Return how many messages of `peer` `user` has not read, as the target counts them."""
    answer = stage.call(stage.driver.count_unread(user, [peer]))
    return stage.driver.unread_counts(answer).get(peer) if answer.accepted else None


@dataclass(frozen=True, slots=True)
class Mailbox:
    """What became unread for somebody to whom two have written, and the answers that say so."""

    wanted: Mapping[Any, int]
    got: Mapping[Any, int | None]
    told: Mapping[Any, int]
    failed: Collection[Any]
    answer: Answer
    all_wanted: int
    all_got: int | None
    all_answer: Answer


def mailbox(stage: Stage) -> Mailbox:
    """Two people write to a third, twelve times and once; ask by peer, among ten, and for all.

    Some of the messages ask for no receipt. The two stand at different places of the list.
    """
    *others, reader = (*stage.users(11)[:6], *stage.users(11)[7:], stage.users(11)[6])
    pairs = (pair(stage, 0, 6), pair(stage, 1, 6))
    one, two = (conversation.owner for conversation in pairs)
    rest = tuple(user for user in others if user not in (one, two))
    orders = ((one, *rest, two), (*rest[:3], two, *rest[3:5], one, *rest[5:]))
    wanted = {one: 12, two: 1}
    every = sum(wanted.values())
    start, whole, answer = _first_unread(stage, reader, pairs, orders[0])
    if answer is not None:
        failed = stage.driver.unread_unknown(answer)
        return Mailbox(wanted, dict.fromkeys(wanted), start, failed, answer, every, None, answer)
    for turn in range(12):
        stage.say(pairs[0], receipt=turn % 2 == 0)
    stage.say(pairs[1], receipt=False)
    for _ in stage.patience():
        for peers in orders:
            found, everything = _unread_of(stage, reader, peers)
            got = {peer: _more(found[1].get(peer), start.get(peer)) for peer in wanted}
            if got != wanted:
                break
        all_got = _more(everything[1], whole)
        if got == wanted and all_got == every:
            break
    failed = stage.driver.unread_unknown(found[0])
    return Mailbox(wanted, got, found[1], failed, found[0], every, all_got, everything[0])


def _first_unread(
    stage: Stage, reader: Any, pairs: Sequence[Conversation], peers: tuple[Any, ...]
) -> tuple[Mapping[Any, int], int | None, Answer | None]:
    """Return the unread counts to begin with; who has none yet writes once, to have one.

    Where that does not show, the answer that ought to show it is returned too.
    """
    first, whole = _unread_of(stage, reader, peers)
    silent = [conversation for conversation in pairs if conversation.owner not in first[1]]
    if not silent:
        return first[1], whole[1], None
    for conversation in silent:
        stage.say(conversation)
    for _ in stage.patience():
        now, everything = _unread_of(stage, reader, peers)
        written = (everything[1] or 0) - (whole[1] or 0) >= len(silent)
        if written and all(now[1].get(conversation.owner) for conversation in silent):
            return now[1], everything[1], None
    return now[1], None, now[0]


def _unread_of(
    stage: Stage, reader: Any, peers: tuple[Any, ...]
) -> tuple[tuple[Answer, Mapping[Any, int]], tuple[Answer, int | None]]:
    """Return the unread counts by peer and of all, each with its answer. See `must` for errors."""
    by_peer = stage.must(stage.driver.count_unread(reader, peers))
    of_all = stage.must(stage.driver.count_unread(reader, None))
    return (by_peer, stage.driver.unread_counts(by_peer)), (
        of_all,
        stage.driver.unread_of_all(of_all),
    )


def _more(after: int | None, before: int | None) -> int | None:
    return after - before if after is not None and before is not None else None


@dataclass(frozen=True, slots=True)
class Kept:
    """The unread counts of receiver and sender before and after a message receipt."""

    before: int | None
    after: int | None
    evidence: Answer
    peer_before: int | None
    peer_after: int | None
    peer_evidence: Answer


def receipt_keeps_unread(stage: Stage) -> Kept:
    """B acknowledges one message of A; the conversation stays as unread as it was, for both."""
    conversation = pair(stage, 0, 5)
    a, b = conversation.members
    stage.say(conversation, sender=b)
    message = stage.say(conversation)
    before = stage.until(lambda: unread(stage, b, a), bool)
    peer_before = unread(stage, a, b)
    stage.reads(b, [message])
    evidence = stage.call(stage.driver.count_unread(b, [a]))
    other = stage.call(stage.driver.count_unread(a, [b]))
    return Kept(
        before,
        stage.driver.unread_counts(evidence).get(a),
        evidence,
        peer_before,
        stage.driver.unread_counts(other).get(b),
        other,
    )


@dataclass(frozen=True, slots=True)
class Split:
    """Two messages, a time between them, and what was unread before and after it was given."""

    before: int | None
    after: int | None
    marking: Answer
    evidence: Answer


def read_until(stage: Stage) -> Split:
    """A sends two messages two seconds apart; B marks as read what is older than the second.

    The time between them is the target's, as its answers tell it.
    """
    conversation = pair(stage, 1, 5)
    a, b = conversation.members
    base = unread(stage, b, a) or 0
    older = stage.told(stage.say(conversation))
    stage.rest(2.1)
    newer = stage.told(stage.say(conversation))
    between = _between(stage.driver.sent_at(older), stage.driver.sent_at(newer))
    before = stage.until(lambda: unread(stage, b, a), lambda count: count == base + 2)
    marking = stage.driver.mark_conversation(conversation, b, until=between)
    if marking is None:
        raise NotExercised("the vendor has no call that marks a conversation as read")
    answer = stage.call(marking)
    evidence = stage.until(
        lambda: stage.call(stage.driver.count_unread(b, [a])),
        lambda found: stage.driver.unread_counts(found).get(a) == 1,
    )
    return Split(before, stage.driver.unread_counts(evidence).get(a), answer, evidence)


def _between(older: int | None, newer: int | None) -> int:
    """Return a second between two; raises `NotExercised` where there is none."""
    if older is None or newer is None or not older + 1 < newer < older + 600:
        raise NotExercised(f"sent at {older} and at {newer}: no second lies between these")
    return older + 1


@dataclass(frozen=True, slots=True)
class History:
    """The same messages, read in one go, in pages, and from the other side."""

    messages: tuple[Message, ...]
    whole: Answer
    keys: tuple[Any, ...]
    walked: tuple[Any, ...]
    walk: tuple[Answer, ...]
    complete: bool
    other_side: Asked


def history(stage: Stage) -> History:
    """Send five messages and read them back: at once, two by two, and as the receiver."""
    conversation = pair(stage, 2, 4)
    messages = tuple(stage.say(conversation) for _ in range(5))
    whole = _until_listed(stage, conversation, messages)
    return _walked(stage, messages, whole, seen_by(stage, conversation, conversation.members[1]))


def history_of_letters(stage: Stage) -> History:
    """Read back, two by two, what `letters` has sent."""
    scene = stage.scene(letters)
    messages = (*scene.messages, scene.back)
    return _walked(stage, messages, scene.whole, scene.after_by_receiver)


def _walked(
    stage: Stage, messages: tuple[Message, ...], whole: Asked, other_side: Asked
) -> History:
    way = _walk(stage, messages[0].conversation, 2, 12)
    return History(
        messages,
        whole.answer,
        tuple(whole.receipts),
        way.keys,
        tuple(page.answer for page in way.pages),
        way.complete,
        other_side,
    )


@dataclass(frozen=True, slots=True)
class Walk:
    """The pages of a history, up to the one that says that nothing follows."""

    pages: tuple[Asked, ...]
    complete: bool

    @property
    def keys(self) -> tuple[Any, ...]:
        """What was listed, page by page."""
        return tuple(key for page in self.pages for key in page.receipts)


def _walk(stage: Stage, conversation: Conversation, size: int, most: int) -> Walk:
    """Read the history of two people back as its owner, `size` at a time, in `most` pages."""
    call: Call | None = stage.driver.look(conversation, conversation.owner, size=size)
    pages: list[Asked] = []
    complete = False
    while call is not None and len(pages) < most:
        answer = stage.call(call)
        pages.append(asked(stage, answer))
        complete = stage.driver.looked_through(answer)
        call = None if complete or not answer.accepted else stage.driver.look_on(call, answer)
    return Walk(tuple(pages), complete)


@dataclass(frozen=True, slots=True)
class Pages:
    """Six messages, some acknowledged, read in one go and in pages of several sizes."""

    acknowledged: tuple[Message, ...]
    others: tuple[Message, ...]
    whole: Asked
    walks: Mapping[int, Walk]

    @property
    def shown(self) -> tuple[Message, ...]:
        """What the whole shows as read, of what was acknowledged."""
        found = [(m, self.whole.receipts.get(m.id)) for m in self.acknowledged]
        return tuple(m for m, receipt in found if receipt is not None and receipt.peer_read)

    @property
    def unshown(self) -> tuple[Message, ...]:
        """What the whole shows as unread, of what nobody has acknowledged."""
        found = [(m, self.whole.receipts.get(m.id)) for m in self.others]
        return tuple(m for m, receipt in found if receipt is not None and not receipt.peer_read)


def pages(stage: Stage) -> Pages:
    """Let B acknowledge three of six messages of A; read them back one by one, in twos, in sixes.

    Each of these sizes divides their number.
    """
    _keeps(stage)
    conversation = pair(stage, 1, 3)
    messages = tuple(stage.say(conversation) for _ in range(6))
    _until_listed(stage, conversation, messages)
    acknowledged = (messages[0], messages[3], messages[4])
    stage.reads(conversation.members[1], acknowledged)
    whole = until_read(stage, conversation, acknowledged)
    if not whole.answer.accepted:
        raise NotExercised(f"the history is not to be had: {whole.answer.describe()}")
    others = tuple(message for message in messages if message not in acknowledged)
    most = 2 * len(messages) + 2
    walks = {size: _walk(stage, conversation, size, most) for size in (1, 2, 6)}
    return Pages(acknowledged, others, whole, walks)


def long_letters(stage: Stage) -> tuple[tuple[Message, ...], Walk]:
    """Send twelve messages of 1.5 kB, more than one answer holds; read them back."""
    _keeps(stage)
    conversation, sent = pair(stage, 0, 3), []
    for turn in range(12):
        number = stage.number("long letter", turn)
        call = stage.driver.send_message(
            conversation, conversation.owner, receipt=True, number=number
        )
        text = f"letter {turn} ".ljust(1500, ".")
        sent.append(stage.post(conversation, stage.driver.with_texts(call, text)))
    _until_listed(stage, conversation, tuple(sent))
    return tuple(sent), _walk(stage, conversation, 20, 2 * len(sent))


def _keeps(stage: Stage) -> None:
    if not stage.driver.keeps_history:
        raise NotExercised("there is no history to page through")


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was sent in an unusual way and acknowledged, as both sides see it."""

    message: Message
    by_sender: Asked
    by_receiver: Asked


def from_administrator(stage: Stage) -> Sent:
    """Send a message that names no sender, let its receiver acknowledge it, and look."""
    _keeps(stage)
    conversation = stage.driver.from_administrator(stage.users(3)[2])
    number = stage.number("from the administrator")
    call = stage.driver.send_message(conversation, conversation.owner, receipt=True, number=number)
    return _sent(stage, conversation, stage.driver.without_sender(call))


def with_everything(stage: Stage) -> Sent:
    """Send a message with every option, let its receiver acknowledge it, and look."""
    _keeps(stage)
    conversation = pair(stage, 3, 1)
    number = stage.number("every option")
    call = stage.driver.send_message(conversation, conversation.owner, receipt=True, number=number)
    return _sent(stage, conversation, stage.driver.with_everything(call))


def _sent(stage: Stage, conversation: Conversation, call: Call) -> Sent:
    message = stage.post(conversation, call)
    reader = conversation.members[1]
    answer = stage.tries_to_read(reader, [message])
    if answer is not None and not answer.accepted:
        raise NotExercised(f"its receipt is {answer.describe()}")
    by_sender = until_read(stage, conversation, (message,))
    return Sent(message, by_sender, until_read(stage, conversation, (message,), viewer=reader))


def at_once(stage: Stage) -> tuple[tuple[Message, ...], Asked]:
    """Let B acknowledge each of four messages by a call of its own, all at the same time.

    Returns those whose receipt was accepted, and what the history shows of them.
    """
    _keeps(stage)
    if stage.target.read_hook is not None:
        raise NotExercised("a read hook reads one after the other")
    conversation = pair(stage, 3, 0)
    reader = conversation.members[1]
    messages = tuple(stage.say(conversation) for _ in range(4))
    _until_listed(stage, conversation, messages)
    calls = [stage.driver.mark_read(conversation, reader, [message.id]) for message in messages]
    answers = stage.at_once([call for call in calls if call is not None])
    pairs = zip(messages, answers, strict=True)
    accepted = tuple(message for message, answer in pairs if answer.accepted)
    return accepted, until_read(stage, conversation, accepted)
