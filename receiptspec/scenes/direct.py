"""Two people: messages that one sends and the other reads."""

from __future__ import annotations

from collections.abc import Mapping
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
    after = _until_read(stage, conversation, messages[:1])
    shown = [after.receipts.get(message.id) for message in messages[:1]]
    if all(receipt is not None and receipt.peer_read for receipt in shown):
        after_by_receiver = _until_read(stage, conversation, messages[:1], viewer=b)
    else:
        after_by_receiver = seen_by(stage, conversation, b)
    again = _read_again(stage, b, messages[:1])
    batch = stage.tries_to_read(b, messages[1:])
    whole = _until_read(stage, conversation, messages)
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
    return scene.messages, answer, _until_read(stage, conversation, scene.messages)


def replied(stage: Stage) -> tuple[Message, Asked]:
    """Let A read what B has sent in `letters`, and look as B."""
    scene = stage.scene(letters)
    a, b = scene.conversation.members
    stage.reads(a, [scene.back])
    return scene.back, _until_read(stage, scene.conversation, (scene.back,), viewer=b)


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


def _until_read(
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


def conversation_read(stage: Stage, first: int = 3, third: int = 4, reader: int = 5) -> Counters:
    """B marks the conversation with A as read; C's message to B and B's to A stay unread.

    A, C and B are users by number.
    """
    conversation, other = pair(stage, first, reader), pair(stage, third, reader)
    a, b = conversation.members
    c = other.owner
    message = stage.say(conversation)
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
    answer: Answer
    all_wanted: int
    all_got: int | None
    all_answer: Answer


def mailbox(stage: Stage) -> Mailbox:
    """Two people write to a third, twice and once; ask by peer, in both orders, and for all."""
    *_, reader = stage.users(7)
    letters_ = (pair(stage, 0, 6), pair(stage, 1, 6))
    wanted = {letters_[0].owner: 2, letters_[1].owner: 1}
    start, whole = _unread_of(stage, reader, tuple(wanted))
    for conversation in letters_:
        for _ in range(wanted[conversation.owner]):
            stage.say(conversation)
    for _ in stage.patience():
        for peers in (tuple(wanted), tuple(wanted)[::-1]):
            found, everything = _unread_of(stage, reader, peers)
            got = {peer: _more(found[1].get(peer), start[1].get(peer)) for peer in wanted}
            if got != wanted:
                break
        all_got = _more(everything[1], whole[1])
        if got == wanted and all_got == sum(wanted.values()):
            break
    return Mailbox(wanted, got, found[0], sum(wanted.values()), all_got, everything[0])


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
    """A sends two messages two seconds apart; B marks as read what is older than the second."""
    conversation = pair(stage, 1, 5)
    a, b = conversation.members
    base = unread(stage, b, a) or 0
    stage.say(conversation)
    between = stage.driver.now() + 1
    stage.wait_until(between + 1.2)
    stage.say(conversation)
    before = stage.until(lambda: unread(stage, b, a), lambda count: count == base + 2)
    marking = stage.driver.mark_conversation(conversation, b, until=int(between))
    if marking is None:
        raise NotExercised("the vendor has no call that marks a conversation as read")
    answer = stage.call(marking)
    evidence = stage.until(
        lambda: stage.call(stage.driver.count_unread(b, [a])),
        lambda found: stage.driver.unread_counts(found).get(a) == 1,
    )
    return Split(before, stage.driver.unread_counts(evidence).get(a), answer, evidence)


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
    conversation = messages[0].conversation
    answers: list[Answer] = []
    walked: list[Any] = []
    call: Call | None = stage.driver.look(conversation, conversation.owner, size=2)
    complete = False
    while call is not None and len(answers) < 12:
        answer = stage.call(call)
        answers.append(answer)
        walked += [receipt.message for receipt in stage.driver.receipts(answer)]
        complete = stage.driver.looked_through(answer)
        call = None if complete or not answer.accepted else stage.driver.look_on(call, answer)
    return History(
        messages,
        whole.answer,
        tuple(whole.receipts),
        tuple(walked),
        tuple(answers),
        complete,
        other_side,
    )
