"""Several members at once, over several connections."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Call, Message
from receiptspec.scenes.counting import Reading, reading
from receiptspec.scenes.groups import Asked, Ready, asked, good, newborn, settled
from receiptspec.scenes.membership import Told, told_members
from receiptspec.scenes.paging import Walk, listed
from receiptspec.scenes.people import two
from receiptspec.scenes.reads import reading_call
from receiptspec.scenes.together import refused_together
from receiptspec.stage import Stage

__all__ = [
    "Clash",
    "Rush",
    "Sends",
    "added",
    "clash",
    "joined",
    "made",
    "questions",
    "rush",
    "sends",
]

_MEMBERS = 9
_SENT = 8


@dataclass(frozen=True, slots=True)
class Rush:
    """Two messages that eight members read at the same time, while pages were asked for.

    `answers` are the last ones: a member whose read was not accepted has read once more.
    """

    messages: tuple[Message, ...]
    before: Asked
    answers: tuple[Answer, ...]
    meanwhile: tuple[tuple[Answer, tuple[Any, ...]], ...]
    after: Asked
    readers: Walk
    refused: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class Sends:
    """What was accepted of eight messages sent at once, each with its number.

    `asked` is what was answered about them, `refused` what was refused then and not alone.
    """

    sent: tuple[tuple[Answer, Any], ...]
    asked: Asked
    refused: tuple[Answer, ...]

    @property
    def ids(self) -> tuple[Any, ...]:
        """The numbers that the answers name, each once."""
        return tuple(dict.fromkeys(id_ for _, id_ in self.sent if id_ is not None))

    @property
    def whole(self) -> bool:
        """Whether all were sent, each under a number of its own."""
        return len(self.ids) == _SENT


def rush(stage: Stage) -> Rush:
    """Let eight members read two messages at once, with a page of readers asked in between."""
    if stage.target.read_hook is not None:
        raise NotExercised("a read hook reads one after the other")
    group = stage.group(_MEMBERS)
    messages = (stage.say(group), stage.say(group))
    before = newborn(stage, group, *messages)
    before.receipt(messages[0])
    calls: list[Call] = []
    for member in group.members[1:]:
        calls.append(reading_call(stage, member, messages))
        page = stage.driver.list_members(group, messages[0].id, read=True, cursor=None, count=100)
        if page is not None:
            calls.append(page)
    answers = stage.at_once(calls)
    asking = stage.driver.ask_receipts(group, []).operation
    reads = [a for a, call in zip(answers, calls, strict=True) if _reads(stage, call)]
    pages = [
        (a, stage.driver.page(a).members)
        for a, call in zip(answers, calls, strict=True)
        if not _reads(stage, call) and a.accepted and call.operation != asking
    ]

    reads = [
        (not answer.accepted and stage.tries_to_read(member, messages)) or answer
        for member, answer in zip(group.members[1:], reads, strict=True)
    ]
    readers = accepted_readers(messages[0], reads)
    after = settled(stage, before, messages, {m.id: len(readers) for m in messages})
    found = listed(stage, messages[0], readers, read=True, count=3)
    made = [call for call in calls if _reads(stage, call)]
    refused = refused_together(stage, made, reads) if stage.driver.over_http else ()
    return Rush(messages, before, tuple(reads), tuple(pages), after, found, refused)


def questions(stage: Stage) -> tuple[tuple[Reading | Ready, tuple[Any, ...], Asked], ...]:
    """Ask about two groups in turns over several connections; return what was accepted of each.

    All messages of a group are asked for, or one of them: which stands beside the answer. Between
    them messages are looked at, where that can be.
    """
    one, other = good(stage), stage.scene(reading)
    asked_: list[tuple[Ready | Reading, tuple[Any, ...]]] = []
    calls: list[Call] = []
    for turn in range(12):
        scene = (one, other)[turn % 2]
        ids = tuple(message.id for message in scene.messages)
        choices = (ids, *((id_,) for id_ in ids))
        ids = choices[turn // 2 % len(choices)]
        asked_.append((scene, ids))
        calls.append(stage.driver.ask_receipts(scene.group, ids))
        if turn % 3 == 0:
            with suppress(NotExercised):
                calls.append(stage.driver.look_at_messages(scene.group, ids))
    found = [a for a in stage.at_once(calls) if a.operation == stage.driver.ask]
    answers = zip(asked_, found, strict=True)
    return tuple((*of, asked(stage, answer)) for of, answer in answers if answer.accepted)


def sends(stage: Stage) -> Sends:
    """Send eight messages that ask for receipts to one group at once, and ask for all."""
    group = stage.group(2)
    calls = [
        stage.driver.send_message(
            group, group.owner, receipt=True, number=stage.number("at once", turn)
        )
        for turn in range(_SENT)
    ]
    answers = stage.at_once(calls)
    sent = tuple((answer, stage.driver.sent_message(answer)) for answer in answers)
    sent = tuple((answer, id_) for answer, id_ in sent if answer.accepted)
    ids = dict.fromkeys(id_ for _, id_ in sent if id_ is not None)
    fresh = newborn(stage, group, *(Message(group, id_, group.owner, True) for id_ in ids))
    return Sends(sent, fresh, refused_together(stage, calls, answers))


def joined(stage: Stage) -> tuple[Message, Asked]:
    """Let two people join a group by two calls at once, then ask for a message sent to it."""
    group = stage.group(2)
    both = stage.users(4)[2:]
    for answer in stage.at_once([stage.driver.add_members(group, [user]) for user in both]):
        if not answer.accepted or stage.driver.kept_out(answer):
            raise NotExercised(f"they could not both be added: {answer.describe()}")
    whole = replace(group, members=(*group.members, *both))
    message = stage.say(whole)
    return message, newborn(stage, whole, message)


@dataclass(frozen=True, slots=True)
class Clash:
    """Messages that one member has read at once, while they were asked for.

    `again` is one that the same member has read by several calls at once, `readers` its list.
    """

    apart: tuple[Message, ...]
    again: Message
    before: Asked
    after: Asked
    readers: Walk | None


def clash(stage: Stage) -> Clash:
    """Let one of two read two messages at once, while they are asked for, and one three times."""
    if stage.target.read_hook is not None:
        raise NotExercised("a read hook reads one after the other")
    group = stage.scene(two).messages[0].conversation
    reader = group.members[1]
    *both, again = messages = tuple(stage.say(group) for _ in range(3))
    *reads, repeated = (reading_call(stage, reader, (message,)) for message in messages)
    before = newborn(stage, group, *messages)
    before.receipt(again)
    look = stage.driver.ask_receipts(group, [message.id for message in both])
    _, *answers = stage.at_once([look, *reads])
    done = [m for m, answer in zip(both, answers, strict=True) if answer.accepted]
    apart = tuple(done)
    if any(answer.accepted for answer in stage.at_once([repeated] * 3)):
        done.append(again)
    after = settled(stage, before, messages, {message.id: 1 for message in done})
    found = None
    with suppress(NotExercised):
        readers = (reader,) if again in done else ()
        found = listed(stage, again, readers, read=True, count=10)
    return Clash(apart, again, before, after, found)


def added(stage: Stage) -> tuple[Told, tuple[Any, ...]]:
    """Add somebody to a group by two calls at once; return its members, and what was said."""
    group, newcomer = stage.scene(joined)[0].conversation, stage.users(6)[5]
    call = stage.driver.add_members(group, [newcomer])
    answers = [answer for answer in stage.at_once([call] * 2) if answer.accepted]
    said = tuple(stage.driver.added(answer).get(newcomer) for answer in answers)
    if not answers or any(stage.driver.kept_out(answer) for answer in answers):
        raise NotExercised("nobody could be added by several calls at once")
    return told_members(stage, group, (*group.members, newcomer)), said


def made(stage: Stage) -> tuple[Answer, ...]:
    """Make a group with one id by two calls at once."""
    name = f"rs{stage.namespace}{stage.anew}-At_Once"
    owner, member = stage.users(2)
    call = stage.driver.make_group(stage.driver.group_type, "at once", owner, [member], name)
    return tuple(stage.at_once([call] * 2))


def _reads(stage: Stage, call: Call) -> bool:
    return stage.contract.calls[call.operation].writes


def accepted_readers(message: Message, answers: Sequence[Answer]) -> Sequence[Any]:
    """Return the members whose read was accepted, given the answer to each but the owner."""
    members = message.conversation.members[1:]
    return [m for m, answer in zip(members, answers, strict=True) if answer.accepted]


def others(message: Message, answers: Sequence[Answer]) -> Sequence[Any]:
    """Return the members whose read was not accepted, and may have been noted or not."""
    accepted = accepted_readers(message, answers)
    return [m for m in message.conversation.members[1:] if m not in accepted]
