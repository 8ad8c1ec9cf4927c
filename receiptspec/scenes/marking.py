"""A conversation of many messages that both sides mark as read, and what comes after it."""

from __future__ import annotations

from dataclasses import dataclass

from receiptspec.errors import NotExercised
from receiptspec.neutral import Message
from receiptspec.scenes.correspondence import from_administrator_again
from receiptspec.scenes.direct import pair, seen_by, until_read
from receiptspec.scenes.groups import Asked
from receiptspec.scenes.unread import SECOND, Count, mailbox, marking, of_all, of_peer, until_unread
from receiptspec.stage import Stage

__all__ = ["Emptied", "OfAdministrator", "administrators", "emptied", "to_administrator"]


@dataclass(frozen=True, slots=True)
class Emptied:
    """What was unread of one peer and of all before and after a conversation was marked.

    `total_again` is what is unread of all after it was marked once more, `other_side` what its
    other side has left after marking it too, `on` what is unread after one more message. `unread`
    are messages that nobody has acknowledged, `read` is one that was.
    """

    before: int | None
    after: Count
    total_before: int | None
    total_after: Count
    total_again: Count
    other_side: Count
    on: Count
    unread: tuple[Message, ...]
    read: Message
    first: Asked
    last: Asked

    @property
    def total_wanted(self) -> int | None:
        """What is left of all when what this peer had sent is not."""
        if self.before is None or self.total_before is None:
            return None
        return self.total_before - self.before


def emptied(stage: Stage) -> Emptied:
    """Mark a conversation of the `mailbox` as read, once up to a time long ago and then wholly.

    Its receiver has written too and has acknowledged one message. Then the other side marks it, and
    one more message is sent, a second later.
    """
    box = stage.scene(mailbox)
    conversation = pair(stage, 0, 6)
    a, b = conversation.members
    read, left = stage.say(conversation), stage.say(conversation)
    back = stage.say(conversation, sender=b)
    stage.tries_to_read(b, [read])
    first = until_read(stage, conversation, (read,))
    wanted = box.wanted[a] + 2

    def counts() -> tuple[Count, Count]:
        return of_peer(stage, b, a), of_all(stage, b)

    before, total = stage.until(counts, lambda found: (found[0].number or 0) >= wanted)
    stage.call(marking(stage, conversation, b, until=stage.driver.earliest() - 3600))
    stage.let_pass(stage.told(back), SECOND)
    stage.must(marking(stage, conversation, b))
    rest = (total.number or 0) - (before.number or 0)
    after, total_after = stage.until(
        counts, lambda found: found[0].number == 0 and found[1].number == rest
    )
    stage.call(marking(stage, conversation, b))
    total_again = of_all(stage, b)
    stage.must(marking(stage, conversation, a))
    other_side = until_unread(stage, a, b, 0)
    stage.rest(SECOND)
    stage.say(conversation)
    on = until_unread(stage, b, a, 1)
    last = seen_by(stage, conversation, a)
    return Emptied(
        before.number,
        after,
        total.number,
        total_after,
        total_again,
        other_side,
        on,
        (*box.letters, left, back),
        read,
        first,
        last,
    )


@dataclass(frozen=True, slots=True)
class OfAdministrator:
    """What is left unread of the administrator once it was marked, and an unread letter of it."""

    left: Count
    letter: Message
    seen: Asked


def administrators(stage: Stage) -> OfAdministrator:
    """Mark as read what the administrator has written, count what is left of it, and look."""
    letter = stage.scene(from_administrator_again).letter
    peer, reader = letter.conversation.members
    stage.let_pass(stage.told(letter), SECOND)
    stage.must(marking(stage, letter.conversation, reader))
    left = until_unread(stage, reader, peer, 0)
    return OfAdministrator(left, letter, seen_by(stage, letter.conversation, peer))


def to_administrator(stage: Stage) -> Count:
    """Let the administrator mark what a user has written to it, and count what is left."""
    conversation = stage.driver.from_administrator(stage.users(3)[2])
    reader, writer = conversation.members
    message = stage.say(conversation, sender=writer)
    before = stage.until(lambda: of_peer(stage, reader, writer), lambda found: bool(found.number))
    if not before.number:
        raise NotExercised("what the administrator got does not show as unread")
    stage.let_pass(stage.told(message), SECOND)
    stage.must(marking(stage, conversation, reader))
    return until_unread(stage, reader, writer, 0)
