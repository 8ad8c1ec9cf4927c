"""Two people whose conversation has receipts like a group's."""

from __future__ import annotations

from dataclasses import dataclass

from receiptspec.neutral import Answer, Conversation, Message
from receiptspec.scenes.groups import Asked, asked
from receiptspec.stage import Stage

__all__ = ["Pair", "fresh", "joined", "made_twice", "read"]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two messages of one of two people, and what was answered about them.

    `after` is what is answered when the other has read the first; ``None`` before that.
    """

    conversation: Conversation
    messages: tuple[Message, Message]
    before: Asked
    after: Asked | None = None


def fresh(stage: Stage) -> Pair:
    """Send two messages to one other person and ask about them."""
    conversation = stage.pair(*stage.users(2))
    messages = (stage.say(conversation), stage.say(conversation))
    return Pair(conversation, messages, asked(stage, stage.ask(conversation, messages)))


def read(stage: Stage) -> Pair:
    """Let the other person read the first message, ask until that shows."""
    pair = stage.scene(fresh)
    first = pair.messages[0]
    pair.before.receipt(first)
    stage.reads(pair.conversation.members[1], [first])
    answer = stage.settle(
        pair.conversation,
        pair.messages,
        lambda found: first.id in found and found[first.id].peer_read is True,
    )
    return Pair(pair.conversation, pair.messages, pair.before, asked(stage, answer))


def made_twice(stage: Stage) -> tuple[Answer, Answer]:
    """Open the conversation of the same two people twice."""
    one, other = stage.users(3)[1:]
    call = stage.driver.make_pair(one, other)
    assert call is not None  # noqa: S101
    return stage.must(call), stage.call(call)


def joined(stage: Stage) -> Answer:
    """Try to add a third person."""
    pair = stage.scene(fresh)
    return stage.call(stage.driver.add_members(pair.conversation, [stage.users(3)[2]]))
