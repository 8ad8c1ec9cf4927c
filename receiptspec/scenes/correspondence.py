"""Letters that were answered, counted, marked or grew old before they are acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Conversation, Kind, Message
from receiptspec.scenes.direct import (
    from_administrator,
    keeps_history,
    letters,
    pair,
    seen_by,
    until_read,
)
from receiptspec.scenes.groups import Asked, asked, newborn, own, settled
from receiptspec.scenes.history import Walk, long_letters, pages, walk_back
from receiptspec.scenes.reads import report
from receiptspec.scenes.unread import (
    SECOND,
    Count,
    aged,
    marking,
    of_all,
    of_peer,
    until_unread,
)
from receiptspec.stage import Stage

__all__ = [
    "Aged",
    "Five",
    "Growth",
    "Lasting",
    "Looked",
    "Replied",
    "aged_letters",
    "from_administrator_again",
    "known_again",
    "letters_beside_group",
    "looked_through",
    "marked_five_times",
    "replied",
    "shows_reads",
]

_LETTERS = 21  # of a history that is longer than any page of it
_MARKER, _WRITERS = 9, (0, 1, 2, 3, 5)  # by number


def alone(stage: Stage) -> tuple[Message, Asked]:
    """Let B acknowledge the one message that there is between two, and look."""
    keeps_history(stage)
    conversation = pair(stage, 7, 0)
    message = stage.say(conversation)
    stage.tries_to_read(conversation.members[1], [message])
    return message, until_read(stage, conversation, (message,))


def shows_reads(stage: Stage, *, brief: bool) -> bool:
    """Whether a receipt that was sent here shows in any conversation; that it does is an inference.

    Unless `brief`, those of a longer one are looked at as well where no other shows any.
    """
    scene = stage.scene(letters)
    looks = (scene.after, scene.after_by_receiver, scene.whole)
    if any(_turned(look, scene.messages) for look in looks):
        return True
    if not stage.driver.keeps_history:
        return False
    message, seen = stage.scene(alone)
    return _turned(seen, (message,)) or (not brief and bool(stage.scene(pages).shown))


def _turned(seen: Asked, messages: Sequence[Message]) -> bool:
    found = [seen.receipts.get(message.id) for message in messages]
    return any(receipt is not None and receipt.peer_read for receipt in found)


@dataclass(frozen=True, slots=True)
class Replied:
    """Two letters whose receiver replies, looks, is imported again, marks and acknowledges them.

    `unread` are the counts of the receiver by what came before each; `answered` is seen once the
    first letter was acknowledged after the reply, `imported` after its reader was made once more,
    `marked` once the second was acknowledged after the conversation was marked.
    """

    letters: tuple[Message, Message]
    unread: Mapping[str, Count]
    answered: Asked
    imported: Asked
    marked: Asked


def replied(stage: Stage) -> Replied:
    """Let B reply to two letters of A, look, acknowledge one, mark both and acknowledge the other.

    Before B marks them, its account is made again, with a profile too.
    """
    keeps_history(stage)
    conversation = pair(stage, 9, 4)
    a, b = conversation.members
    first, second = stage.say(conversation), stage.say(conversation)
    unread = {"": until_unread(stage, b, a, 2)}

    def still() -> Count:
        return until_unread(stage, b, a, unread[""].number or 0)

    stage.say(conversation, sender=b)
    unread["a reply"] = still()
    seen_by(stage, conversation, b)
    unread["a look at the history"] = still()
    stage.tries_to_read(b, [first])
    answered = until_read(stage, conversation, (first,))
    _made_again(stage, b)
    unread["importing an account again"] = still()
    imported = seen_by(stage, conversation, a)
    stage.let_pass(stage.told(second), SECOND)
    stage.must(marking(stage, conversation, b))
    until_unread(stage, b, a, 0)
    stage.tries_to_read(b, [second])
    marked = until_read(stage, conversation, (first, second))
    return Replied((first, second), unread, answered, imported, marked)


def _made_again(stage: Stage, user: Any) -> None:
    """Make an account again in every way that the target takes."""
    stage.make_users([user])
    for call in stage.driver.make_again(user):
        with suppress(NotExercised):
            stage.call(call)


@dataclass(frozen=True, slots=True)
class Aged:
    """A long history: its oldest letter, several and one twice in a call, acknowledged; all of it.

    `unread` is what its receiver had not read before that. `read` is all that was acknowledged by a
    call that was accepted, `seen` shows it.
    """

    messages: tuple[Message, ...]
    unread: Count
    several: tuple[Message, ...]
    of_several: Answer | None
    of_twice: Answer | None
    read: tuple[Message, ...]
    seen: Asked
    walk: Walk


def aged_letters(stage: Stage) -> Aged:
    """Let B acknowledge the oldest of 21 letters, then eleven in a call, then one twice in a call.

    Then A walks through the history.
    """
    sent, _ = stage.scene(long_letters)
    conversation = sent[0].conversation
    reader = conversation.members[1]
    messages = (*sent, *(stage.say(conversation) for _ in range(_LETTERS - len(sent))))
    unread = until_at_least(stage, conversation, len(messages))
    oldest, several, twice = messages[:1], messages[1:12], messages[12:14]
    stage.reads(reader, oldest)
    of_several = stage.tries_to_read(reader, several)
    of_twice = stage.tries_to_read(reader, (twice[0], *twice))
    read = list(oldest)
    for part, answer in ((several, of_several), (twice, of_twice)):
        read += part if answer is None or answer.accepted else ()
    seen = until_read(stage, conversation, tuple(read))
    walk = walk_back(stage, conversation, 20, 2 * len(messages))
    return Aged(messages, unread, several, of_several, of_twice, tuple(read), seen, walk)


def until_at_least(stage: Stage, conversation: Conversation, number: int) -> Count:
    """Count what the receiver of a conversation has not read until it is so many, or more."""
    a, b = conversation.members
    return stage.until(lambda: of_peer(stage, b, a), lambda found: (found.number or 0) >= number)


@dataclass(frozen=True, slots=True)
class Looked:
    """What was unread before and after its receiver has paged through it, and once it is marked."""

    before: Count
    after: Count
    marked: Count


def looked_through(stage: Stage) -> Looked:
    """Let B page through what is `aged`, of which more than a page is unread, and then mark it."""
    scene = stage.scene(aged_letters)
    conversation = scene.messages[0].conversation
    a, b = conversation.members
    before = of_peer(stage, b, a)
    walk_back(stage, conversation, 20, 2, b)
    after = of_peer(stage, b, a)
    stage.let_pass(stage.told(scene.messages[-1]), SECOND)
    stage.must(marking(stage, conversation, b))
    return Looked(before, after, until_unread(stage, b, a, 0))


@dataclass(frozen=True, slots=True)
class Five:
    """What five have written to one user, before and after all of it was marked as read.

    `had` is what was unread of them, `left` what is unread still of each who has anything.
    """

    had: int
    total_before: Count
    left: Mapping[Any, int]
    answer: Answer
    total_after: Count


def marked_five_times(stage: Stage) -> Five:
    """Let one user mark the conversations with five others, one after the other."""
    places = [aged(stage, writer, _MARKER)[0] for writer in _WRITERS]
    reader = places[0].members[1]
    writers = [place.owner for place in places]
    call = stage.driver.count_unread(reader, writers)

    def counts(fits: Callable[[int], bool]) -> tuple[Mapping[Any, int], Answer]:
        def done(answer: Answer) -> bool:
            found = stage.driver.unread_counts(answer)
            return all(fits(found.get(writer, 0)) for writer in writers)

        answer = stage.until(lambda: stage.call(call), done)
        return stage.driver.unread_counts(answer), answer

    before, _ = counts(bool)
    had, total_before = sum(before.values()), of_all(stage, reader)
    for place in places:
        stage.must(marking(stage, place, reader))
    left, answer = counts(lambda number: number == 0)
    rest = (total_before.number or 0) - had
    total_after = stage.until(lambda: of_all(stage, reader), lambda found: found.number == rest)
    return Five(had, total_before, left, answer, total_after)


@dataclass(frozen=True, slots=True)
class Growth:
    """Unread counts of one peer and of all, before and after one more `letter` of the peer."""

    letter: Message
    before: Count
    total_before: Count
    after: Count
    total_after: Count


def from_administrator_again(stage: Stage) -> Growth:
    """Count what a user has not read of the administrator before and after one letter of it."""
    conversation = stage.scene(from_administrator).message.conversation
    peer, reader = conversation.members
    before, total_before = of_peer(stage, reader, peer), of_all(stage, reader)
    number = stage.number("counted of the administrator")
    call = stage.driver.send_message(conversation, peer, receipt=True, number=number)
    letter = stage.post(conversation, stage.driver.without_sender(call))
    after = until_unread(stage, reader, peer, (before.number or 0) + 1)
    total = (total_before.number or 0) + 1
    total_after = stage.until(lambda: of_all(stage, reader), lambda found: found.number == total)
    return Growth(letter, before, total_before, after, total_after)


def letters_beside_group(stage: Stage) -> tuple[Count, Count]:
    """Count what a member has not read of the owner of a group, as two people.

    Before and after the member has sent the receipt of what the owner has sent to the group.
    """
    group = own(stage)
    owner, member = group.members[:2]
    conversation = Conversation(Kind.DIRECT, None, "direct", owner, (owner, member))
    stage.say(conversation)
    before = stage.until(lambda: of_peer(stage, member, owner), lambda found: bool(found.number))
    answer = report(stage, member, (stage.say(group),))
    if not answer.accepted:
        raise NotExercised(f"the receipt is {answer.describe()}")
    return before, of_peer(stage, member, owner)


@dataclass(frozen=True, slots=True)
class Lasting:
    """A message that a member has read, before and after the account of the member is made again.

    `members` are those of the group then, with the answer that lists them.
    """

    message: Message
    before: Asked
    after: Asked
    reader: Any
    members: tuple[Any, ...]
    listing: Answer


def known_again(stage: Stage) -> Lasting:
    """Let a member read a message, then make its account again, and look at message and group."""
    group = own(stage)
    member = group.members[1]
    message = stage.say(group)
    fresh = newborn(stage, group, message)
    stage.reads(member, [message])
    before = settled(stage, fresh, (message,), {message.id: 1})
    _made_again(stage, member)
    after = asked(stage, stage.ask(group, [message]))
    listing = stage.must(stage.driver.ask_members(group))
    return Lasting(message, before, after, member, stage.driver.members(listing)[0], listing)
