"""Two people whose conversation has receipts like a group's."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Call, Conversation, Message, Receipt
from receiptspec.scenes.groups import Asked, Watched, asked, newborn, tells, watched
from receiptspec.stage import Stage

__all__ = [
    "Pair",
    "fresh",
    "joined",
    "joined_by_members",
    "joined_by_other",
    "made_at_once",
    "made_first",
    "made_twice",
    "opened_again",
    "others_made",
    "read",
    "read_on",
    "reopened",
    "returned",
    "spared",
]


@dataclass(frozen=True, slots=True)
class Pair:
    """Three messages of one of two people, and what was answered about them.

    `messages` begins with the one in the middle; the second is older, the third newer. `after` is
    what is answered when the other has read the one in the middle; ``None`` before that.
    """

    conversation: Conversation
    messages: tuple[Message, ...]
    before: Asked
    after: Asked | None = None


def fresh(stage: Stage) -> Pair:
    """Send three messages to one other person and ask about them."""
    conversation = stage.pair(*stage.users(2))
    older, middle, newer = (stage.say(conversation) for _ in range(3))
    messages = (middle, older, newer)
    return Pair(conversation, messages, newborn(stage, conversation, *messages))


def _until_read(
    stage: Stage, pair: Pair, messages: tuple[Message, ...], read: tuple[Message, ...]
) -> Pair:
    """Ask for messages of a pair until those that were read show it, by flag and by lists."""

    def shows(found: dict[Any, Receipt], message: Message) -> bool:
        receipt = found.get(message.id)
        receivers = {*pair.conversation.members} - {message.sender}
        return receipt is not None and all(tells(receipt, one, read=True) for one in receivers)

    answer = stage.settle(
        pair.conversation, messages, lambda found: all(shows(found, m) for m in read)
    )
    return Pair(pair.conversation, messages, pair.before, asked(stage, answer))


def read(stage: Stage) -> Pair:
    """Let the other person read the message in the middle, ask until that shows."""
    pair = stage.scene(fresh)
    first = pair.messages[0]
    pair.before.receipt(first)
    stage.reads(pair.conversation.members[1], [first])
    return _until_read(stage, pair, pair.messages, (first,))


def read_on(stage: Stage) -> Pair:
    """Let the other person read the newest message as well, ask until both show."""
    pair = stage.scene(read)
    middle, _, newest = pair.messages
    stage.reads(pair.conversation.members[1], [newest])
    return _until_read(stage, pair, pair.messages, (middle, newest))


def spared(stage: Stage) -> Pair:
    """Recall the oldest message, which nobody has read, and ask for the others.

    Where the conversation can be opened again that comes first: it asks for the oldest as well.
    """
    pair = stage.scene(read_on)
    with suppress(NotExercised):
        stage.scene(reopened)
    middle, oldest, newest = pair.messages
    stage.must(stage.driver.recall(oldest))
    left = (middle, newest)
    return _until_read(stage, pair, left, left)


def opened_again(stage: Stage) -> tuple[Answer, ...]:
    """Open the conversation again, in the end from the other side, when both have sent and read.

    Between that it is opened under a name, which may be refused.
    """
    stage.scene(returned)
    one, other = stage.scene(read_on).conversation.members
    opening, called, turned = (
        stage.driver.make_pair(one, other),
        stage.driver.make_pair(one, other, "the two of us"),
        stage.driver.make_pair(other, one),
    )
    if opening is None or called is None or turned is None:
        return ()
    answers = (_opened(stage, opening), stage.call(called), _opened(stage, turned))
    return tuple(answer for answer in answers if answer.accepted)


def reopened(stage: Stage) -> Pair:
    """Ask for all messages when the conversation was opened again."""
    pair = stage.scene(read_on)
    back = stage.scene(returned)
    stage.scene(opened_again)
    messages = (*pair.messages, back.message, *back.others)
    middle, _, newest = pair.messages
    return _until_read(stage, pair, messages, (middle, newest, back.message))


def returned(stage: Stage) -> Watched:
    """Let the one who opened the conversation read what the other has sent, an own message beside.

    The own message was sent before, and nobody reads it.
    """
    conversation = stage.scene(fresh).conversation
    owner, other = conversation.members
    own = stage.say(conversation)
    return watched(stage, stage.say(conversation, sender=other), (owner,), (own,))


def made_twice(stage: Stage) -> tuple[Answer, tuple[Answer, ...]]:
    """Open the conversation of the same two people again, also from the other side."""
    one, other = stage.users(3)[1:]
    call, back = stage.driver.make_pair(one, other), stage.driver.make_pair(other, one)
    assert call is not None  # noqa: S101
    assert back is not None  # noqa: S101
    return stage.must(call), (_opened(stage, call), _opened(stage, back))


def _opened(stage: Stage, call: Call) -> Answer:
    """Open a conversation that is there, again until that is told: it may show late."""
    return stage.until(
        lambda: stage.call(call),
        lambda answer: not answer.accepted or stage.driver.was_there(answer) is True,
    )


def others_made(stage: Stage) -> tuple[tuple[frozenset[Any], Answer], ...]:
    """Open the conversations of several pairs that could be taken for one another."""
    users = stage.users(6)
    calls = {
        frozenset((users[a], users[b])): stage.driver.make_pair(users[a], users[b])
        for a, b in ((0, 1), (0, 3), (2, 1), (4, 5), (5, 0), (4, 1))
    }
    joint = stage.driver.joint_pairs(stage.namespace)
    calls |= {frozenset(pair): stage.driver.make_pair(*pair) for pair in joint}
    return tuple((pair, stage.must(call)) for pair, call in calls.items() if call is not None)


def made_at_once(stage: Stage) -> tuple[Answer, ...]:
    """Open the conversation of two people several times at the same time, from both sides.

    They have had none before.
    """
    one, other = stage.users(14)[12:]
    call, back = stage.driver.make_pair(one, other), stage.driver.make_pair(other, one)
    assert call is not None  # noqa: S101
    assert back is not None  # noqa: S101
    return tuple(stage.at_once([call, back, call, back]))


def made_first(stage: Stage) -> tuple[Answer, ...]:
    """Make two groups by the same call, and a conversation with somebody who has had none."""
    owner, *_ = stage.users(1)
    driver = stage.driver
    newcomer = driver.user(f"{stage.namespace}{stage.anew}-first", 0)
    calls = [driver.make_group(driver.group_type, f"rs{stage.namespace}", owner, ())] * 2
    opening = driver.make_pair(owner, newcomer)
    calls += [opening] if opening is not None and not driver.make_users([newcomer]) else []
    return tuple(stage.call(call) for call in calls)


def joined(stage: Stage) -> Answer:
    """Try to add a third person."""
    pair = stage.scene(fresh)
    return stage.call(stage.driver.add_members(pair.conversation, [stage.users(3)[2]]))


def joined_by_members(stage: Stage) -> Answer:
    """Try to add one of the two."""
    pair = stage.scene(fresh).conversation
    return stage.call(stage.driver.add_members(pair, pair.members[1:]))


def joined_by_other(stage: Stage) -> Answer:
    """Let the one who has not opened the conversation try to add a third person."""
    pair = stage.scene(fresh).conversation
    seen_by_other = replace(pair, owner=pair.members[1])
    return stage.call(stage.driver.add_members(seen_by_other, [stage.users(3)[2]]))
