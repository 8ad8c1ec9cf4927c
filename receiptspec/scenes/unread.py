"""How many messages of others somebody has not read, as the target counts them."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Call, Conversation, Message
from receiptspec.scenes.direct import pair, seen_by, until_listed
from receiptspec.scenes.groups import Asked
from receiptspec.stage import Stage

SECOND = 1.1  # seconds after which a time in whole seconds is a later one


@dataclass(frozen=True, slots=True)
class Count:
    """An unread count, ``None`` where it is not to be had, and the answer that tells it."""

    number: int | None
    answer: Answer


def of_peer(stage: Stage, user: Any, peer: Any) -> Count:
    """Count what a user has not read of a peer."""
    answer = stage.call(stage.driver.count_unread(user, [peer]))
    return Count(stage.driver.unread_counts(answer).get(peer), answer)


def of_all(stage: Stage, user: Any) -> Count:
    """Count what a user has not read of everybody."""
    answer = stage.call(stage.driver.count_unread(user, None))
    return Count(stage.driver.unread_of_all(answer), answer)


def until_unread(stage: Stage, user: Any, peer: Any, number: int) -> Count:
    """Count what a user has not read of a peer until it is so many."""
    return stage.until(lambda: of_peer(stage, user, peer), lambda found: found.number == number)


def marking(
    stage: Stage, conversation: Conversation, user: Any, *, until: int | None = None
) -> Call:
    """Return the call that marks a conversation as read, up to a time in seconds.

    Raises `NotExercised` where the vendor has none.
    """
    call = stage.driver.mark_conversation(conversation, user, until=until)
    if call is None:
        raise NotExercised("the vendor has no call that marks a conversation as read")
    return call


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


#: What is `written` that has to be a second old for a scene: sender, receiver, how much.
_AHEAD = (
    *((3, 5, 1), (5, 2, 3), (4, 5, 1), (1, 5, 1), (8, 9, 1), (8, 7, 1), (7, 6, 1)),
    *((0, 9, 1), (1, 9, 1), (2, 9, 1), (3, 9, 1), (5, 9, 1)),
)


def ahead(stage: Stage) -> None:
    """Write what has to be a second old for later scenes, so that one wait does for all."""
    for one in _AHEAD:
        stage.scene(written, *one)


def written(
    stage: Stage, first: int, second: int, count: int = 1
) -> tuple[Conversation, tuple[Message, ...]]:
    """Send messages from one user to another, both by number."""
    conversation = pair(stage, first, second)
    return conversation, tuple(stage.say(conversation) for _ in range(count))


def aged(
    stage: Stage, first: int, second: int, count: int = 1, *, seconds: float = SECOND
) -> tuple[Conversation, tuple[Message, ...]]:
    """Return what was `written`, once it is so many seconds old."""
    conversation, messages = stage.scene(written, first, second, count)
    stage.let_pass(stage.told(messages[-1]), seconds)
    return conversation, messages


def conversation_read(
    stage: Stage, first: int = 3, third: int = 4, reader: int = 5, count: int = 1
) -> Counters:
    """B marks the conversation with A as read; C's message to B and B's to A stay unread.

    A, C and B are users by number; A has sent `count` messages.
    """
    conversation, messages = aged(stage, first, reader, count)
    other = pair(stage, third, reader)
    a, b = conversation.members
    c = other.owner
    message = messages[0]
    stage.say(other)
    stage.say(conversation, sender=b)
    receipts_before = until_listed(stage, conversation, (message,))
    pairs = ((b, a), (a, b), (b, c))
    before, peer, others = (stage.until(partial(unread, stage, *two), _shows) for two in pairs)
    call = marking(stage, conversation, b)
    answer = stage.call(call)
    after = until_unread(stage, b, a, 0)
    return Counters(
        before,
        after.number,
        peer,
        unread(stage, a, b),
        others,
        unread(stage, b, c),
        answer,
        after.answer,
        stage.call(call),
        receipts_before,
        seen_by(stage, conversation, a),
        message,
    )


def unread(stage: Stage, user: Any, peer: Any) -> int | None:
    """Return how many messages of `peer` `user` has not read, as the target counts them."""
    count = of_peer(stage, user, peer)
    return count.number if count.answer.accepted else None


def _shows(number: int | None) -> bool:
    return number is None or number > 0


@dataclass(frozen=True, slots=True)
class Mailbox:
    """What became unread for somebody to whom two have written, and the answers that say so.

    `letters` are what the first of them has written.
    """

    letters: tuple[Message, ...]
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

    Some of the messages ask for no receipt, and some are no text. The two stand at different places
    of the list. The third has written to somebody else.
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
        return Mailbox(
            (), wanted, dict.fromkeys(wanted), start, failed, answer, every, None, answer
        )
    stage.say(pair(stage, 6, 2), receipt=False)
    letters = tuple(_said(stage, pairs[0], turn) for turn in range(12))
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
    return Mailbox(letters, wanted, got, found[1], failed, found[0], every, all_got, everything[0])


def _said(stage: Stage, conversation: Conversation, turn: int) -> Message:
    """Send one of several messages, each of other elements; a plain one where that is refused."""
    receipt = turn % 2 == 0
    number = stage.number("in a mailbox", turn)
    call = stage.driver.send_message(
        conversation, conversation.owner, receipt=receipt, number=number
    )
    others = stage.driver.in_other_elements(call)
    if turn < len(others):
        with contextlib.suppress(NotExercised):
            return stage.post(conversation, others[turn], receipt=receipt)
    return stage.say(conversation, receipt=receipt)


def among_some(stage: Stage) -> tuple[Mapping[Any, int], tuple[Answer, ...]]:
    """Ask for some of the peers of `mailbox`, and for them beside an account that is unknown.

    Returns what each of the two who wrote was told to have when all were asked for.
    """
    one, two = stage.scene(mailbox).wanted
    *others, reader = (*stage.users(11)[:6], *stage.users(11)[7:], stage.users(11)[6])
    rest = [user for user in others if user not in (one, two)]
    whole = stage.driver.unread_counts(stage.must(stage.driver.count_unread(reader, others)))
    told = {peer: whole[peer] for peer in (one, two) if peer in whole}
    calls = [
        stage.driver.count_unread(reader, peers)
        for peers in (
            (rest[0], one, rest[1], two, rest[2]),
            (rest[0], stage.driver.nobody(), one, two),
        )
    ]

    def same(answer: Answer) -> bool:
        if not answer.accepted:
            return True
        counts, failed = stage.driver.unread_counts(answer), stage.driver.unread_unknown(answer)
        return all(told[peer] == counts.get(peer) for peer in told if peer not in failed)

    return told, tuple(stage.until(partial(stage.call, call), same) for call in calls)


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
    """The unread counts of receiver and sender before and after a message receipt.

    The receiver's are told by peer and of all.
    """

    before: int | None
    after: int | None
    evidence: Answer
    peer_before: int | None
    peer_after: int | None
    peer_evidence: Answer
    total_before: int | None
    total_after: int | None
    total_evidence: Answer


def receipt_keeps_unread(stage: Stage, totals: bool) -> Kept:
    """B acknowledges one message of A twice; the conversation stays as unread as it was, for both.

    If `totals`, what is unread of all is asked for too.
    """
    conversation = pair(stage, 0, 5)
    a, b = conversation.members
    stage.say(conversation, sender=b)
    message = stage.say(conversation)
    before = stage.until(lambda: unread(stage, b, a), bool)
    peer_before = unread(stage, a, b)
    total_before = of_all(stage, b) if totals else None
    stage.reads(b, [message])
    stage.tries_to_read(b, [message])
    kept = of_peer(stage, b, a)
    other = of_peer(stage, a, b)
    total = of_all(stage, b) if totals else None
    return Kept(
        before,
        kept.number,
        kept.answer,
        peer_before,
        other.number,
        other.answer,
        total_before.number if total_before is not None else None,
        total.number if total is not None else None,
        total.answer if total is not None else other.answer,
    )


@dataclass(frozen=True, slots=True)
class Both:
    """The unread counts of a conversation and of another one, and the answer that tells both."""

    own: int | None
    other: int | None
    answer: Answer


@dataclass(frozen=True, slots=True)
class Split:
    """What was unread of one message and `newer` ones after a time between them was given.

    And of another conversation, before and after; `seen` shows the messages to their sender.

    `sender_before` and `sender_after` are what their sender has not read of the reader, `older` how
    many were marked, `total` is what is unread of all, before and after. `then` is what both have
    left after what marks nothing more, in words: before it and after it.
    """

    after: int | None
    marking: Answer
    evidence: Answer
    messages: tuple[Message, ...]
    seen: Asked
    newer: int
    other_before: Count
    other_after: Count
    sender_before: Count
    sender_after: Count
    older: int
    total_before: int | None
    total_after: Count
    then: Mapping[str, tuple[Both, Both]]


EARLIER = "marking it up to an earlier time"
_LONG_AGO = (1, 1_000_000_000)  # seconds of the epoch
_BEFORE = (3600, 90_000)  # seconds
EMPTY = "marking conversations in which nothing was received"


def read_until(stage: Stage) -> Split:
    """A sends a message, and two more two seconds later; B marks as read what is older than those.

    The time between them is the target's, as its answers tell it. Somebody else has written to B
    before the first, and B to A. Then B marks up to earlier times, and conversations with somebody
    to whom alone B has written and with somebody to whom B has not.
    """
    other, _ = stage.scene(written, 4, 5, 1)
    conversation, (message,) = aged(stage, 1, 5, seconds=2.1)
    a, b = conversation.members
    until_unread(stage, b, a, 1)
    later = (stage.say(conversation), stage.say(conversation))
    stage.say(conversation, sender=b)
    older, newer = stage.told(message), stage.told(later[0])
    between = _between(stage.driver.sent_at(older), stage.driver.sent_at(newer))
    had = until_unread(stage, b, a, 1 + len(later)).number or 0
    other_before = stage.until(
        lambda: of_peer(stage, b, other.owner), lambda found: bool(found.number)
    )
    sender_before = stage.until(lambda: of_peer(stage, a, b), lambda found: bool(found.number))
    total_before = of_all(stage, b).number
    answer = stage.call(marking(stage, conversation, b, until=between))
    after = until_unread(stage, b, a, len(later))
    left = (total_before or 0) - had + len(later)
    total_after = stage.until(lambda: of_all(stage, b), lambda found: found.number == left)
    sender_after = of_peer(stage, a, b)
    other_after = of_peer(stage, b, other.owner)
    messages = (message, *later)
    seen = until_listed(stage, conversation, messages)
    writers = (a, other.owner)
    unanswered, _ = stage.scene(written, 5, 9, 1)
    calls = {
        EARLIER: [
            marking(stage, conversation, b, until=until)
            for until in (*(between - seconds for seconds in _BEFORE), *_LONG_AGO)
        ],
        EMPTY: [marking(stage, empty, b) for empty in (unanswered, pair(stage, 5, 10))],
    }
    then, now = {}, _of_both(stage, b, writers)
    for why, more in calls.items():
        for call in more:
            stage.call(call)
        before, now = now, _of_both(stage, b, writers)
        then[why] = before, now
    return Split(
        after.number,
        answer,
        after.answer,
        messages,
        seen,
        len(later),
        other_before,
        other_after,
        sender_before,
        sender_after,
        had - len(later),
        total_before,
        total_after,
        then,
    )


def _of_both(stage: Stage, user: Any, writers: tuple[Any, Any]) -> Both:
    answer = stage.call(stage.driver.count_unread(user, writers))
    counts = stage.driver.unread_counts(answer) if answer.accepted else {}
    return Both(counts.get(writers[0]), counts.get(writers[1]), answer)


def _between(older: int | None, newer: int | None) -> int:
    """Return a second between two; raises `NotExercised` where there is none."""
    if older is None or newer is None or not older + 1 < newer < older + 600:
        raise NotExercised(f"sent at {older} and at {newer}: no second lies between these")
    return older + 1


@dataclass(frozen=True, slots=True)
class Optioned:
    """Messages with options, by what they say of the unread count, and what became of that.

    `counted` are those that raise it; `before` is what was unread when one was. `seen` shows all.
    """

    counted: tuple[Message, ...]
    uncounted: tuple[Message, ...]
    before: int
    after: Count
    seen: Asked


def optioned(stage: Stage) -> Optioned:
    """Send messages that are not to be counted, then some with options that have no part in that.

    What is refused is left out.
    """
    conversation = pair(stage, 6, 3)
    a, b = conversation.members
    stage.say(conversation)
    before = stage.until(lambda: of_peer(stage, b, a), lambda found: bool(found.number))
    if not before.number:
        raise NotExercised("one message does not show as unread")
    number = stage.number("optioned")
    call = stage.driver.send_message(conversation, a, receipt=True, number=number)
    kinds: dict[bool, list[Message]] = {False: [], True: []}
    for counts, one in stage.driver.optioned(call):
        with contextlib.suppress(NotExercised):
            kinds[counts].append(stage.post(conversation, one))
    counted, uncounted = tuple(kinds[True]), tuple(kinds[False])
    after = until_unread(stage, b, a, before.number + len(counted))
    seen = until_listed(stage, conversation, uncounted)
    return Optioned(counted, uncounted, before.number, after, seen)
