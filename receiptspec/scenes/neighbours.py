"""What the operations beside the receipts tell of messages and members, and whom they obey."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Call, Conversation, Message
from receiptspec.scenes.afterwards import looked, state
from receiptspec.scenes.counting import batch
from receiptspec.scenes.groups import naming, newborn
from receiptspec.scenes.meanwhile import Glance
from receiptspec.scenes.people import crowded
from receiptspec.stage import Stage

__all__ = [
    "Described",
    "Dismissed",
    "Gathered",
    "Look",
    "Shown",
    "described",
    "dismissed_by_others",
    "far_apart",
    "gathered",
    "shown",
    "unnamed",
    "unnamed_read",
]

_APART = 7  # messages of a long conversation between those that are looked at


@dataclass(frozen=True, slots=True)
class Look:
    """The answer to a question about some messages, which are all that it may show."""

    answer: Answer
    place: Any
    wanted: tuple[Any, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Described:
    """Who was said to be a member, who is one, and who among those asked for is none.

    Those who `failed` were said not to have been added; they may be members nevertheless.
    """

    answer: Answer
    told: tuple[Any, ...]
    there: tuple[Any, ...]
    gone: tuple[Any, ...]
    failed: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """Messages by place, with the calls that sent them, and what was answered about them.

    Those of a place are by their ids, which another place may have too, the oldest first.
    `refused` is a look that a message of another conversation was in, where it was refused.
    """

    group: Conversation
    pair: Conversation
    sent: Mapping[Any, Mapping[Any, Call]]
    looks: tuple[Look, ...]
    refused: Answer | None
    members: Described | None


@dataclass(frozen=True, slots=True)
class Dismissed:
    """Somebody dismissed what may not be, which of a row's codes are for that, and the answer."""

    who: str
    codes: str
    answer: Answer


@dataclass(frozen=True, slots=True)
class Gathered:
    """A group, and those of it who are said not to have been added.

    `refused` is the answer to a call that says more of them, by somebody else, if that is not taken
    and one that says less is.
    """

    group: Conversation
    failed: tuple[Any, ...]
    refused: Answer | None


def gathered(stage: Stage) -> Gathered:
    """Have two people with all that may be said of them added to a group, by somebody else."""
    driver, users, group = stage.driver, stage.users(3), stage.group(1)
    call = driver.add_members(group, users[1:])
    answer = stage.patiently(driver.adorned_members(call))
    refused = None if answer.accepted else answer
    answer = stage.must(call) if refused else answer
    group = replace(group, members=tuple(users))
    return Gathered(group, tuple(driver.kept_out(answer)), refused)


def unnamed(stage: Stage) -> tuple[Message, ...]:
    """Send two messages that say the same and another, all without ids of their sender."""
    driver, group = stage.driver, stage.scene(gathered).group
    numbers = [stage.number("unnamed", turn) for turn in (0, 0, 1)]
    calls = [driver.send_message(group, group.owner, receipt=True, number=n) for n in numbers]
    return tuple(stage.post(group, driver.without_name(call)) for call in calls)


def unnamed_read(stage: Stage) -> tuple[Glance, ...]:
    """Let a member read one of the messages without ids of their sender, and ask for all."""
    naming(stage)
    group, messages = stage.scene(gathered).group, stage.scene(unnamed)
    newborn(stage, group, *messages).receipt(messages[0])
    reader = group.members[1]
    stage.reads(reader, messages[:1])
    readers = {messages[0].id: (reader,)}
    states = {m.id: state(m, group.members, readers.get(m.id, ())) for m in messages}
    return looked(stage, [*states.values()])


def shown(stage: Stage) -> Shown:
    """Let three people write to each other; look at it before and after one leaves, one joins.

    The messages are looked at together, beside one of another conversation, and in another
    order when one was recalled. Members, one of whom is added again, are asked for in the end,
    and just so before anybody comes or goes.
    """
    driver, users = stage.driver, stage.users(7)
    with suppress(NotExercised):
        stage.scene(unnamed_read)
    scene = stage.scene(gathered)
    group = scene.group
    _, member, leaver = group.members
    there, gone = (*group.members[:2], users[3]), (leaver, driver.nobody())
    with suppress(NotExercised):
        stage.call(driver.ask_members(replace(group, members=(*there, *gone))))
    sent: dict[Any, Call] = {}
    first, second, third = (_said(stage, group, sender, sent) for sender in group.members)
    with suppress(NotExercised):
        sent |= _odd(stage, group)
    letters: dict[Any, Call] = {}
    letter = _said(stage, stage.pair(users[5], users[6]), users[5], letters)
    looks = [
        _looked(stage, group, tuple(sent), "together"),
        _looked(stage, letter.conversation, (letter.id,), "between two people"),
    ]
    stage.call(driver.look_at_messages(group, [driver.absent([*sent])]))
    refused = None
    if letter.id not in sent:
        why = "beside one of another conversation"
        look = _looked(stage, group, (second.id,), why, letter.id)
        if look.answer.accepted:
            looks.append(look)
        else:
            refused = look.answer
    with suppress(NotExercised):
        stage.reads(member, [third])
    stage.must(driver.recall(first))
    stage.must(driver.remove_member(group, leaver))
    late = driver.kept_out(stage.must(driver.add_members(group, [users[3]])))
    late += driver.kept_out(stage.call(driver.add_members(group, [member])))
    looks.append(_looked(stage, group, (third.id, second.id), "read, its sender gone"))
    members = None
    with suppress(NotExercised):
        members = _described(stage, group, there, gone, (*scene.failed, *late))
    placed = {group.id: sent, letter.conversation.id: letters}
    return Shown(group, letter.conversation, placed, tuple(looks), refused, members)


def _said(stage: Stage, place: Conversation, sender: Any, sent: dict[Any, Call]) -> Message:
    """Send a message with a name of its own, and keep the call by its id."""
    number = stage.number("shown", place.id, sender)
    call = stage.driver.send_message(place, sender, receipt=True, number=number)
    call = replace(stage.driver.with_name(call, f"Rs-{number}-shown"), label="")
    message = stage.post(place, call, sender=sender)
    sent[message.id] = call
    return message


def _odd(stage: Stage, group: Conversation) -> dict[Any, Call]:
    """Send what is hard to write down, if the target takes it; how it is shown is open."""
    number = stage.number("odd", group.id)
    plain = stage.driver.send_message(group, group.owner, receipt=True, number=number)
    call = stage.driver.with_odd_content(plain)
    answer = stage.call(call)
    if not answer.accepted:
        return {}
    body = {key: value for key, value in call.body.items() if key != "Content"}
    return {stage.named(answer): replace(call, body=body)}


def _looked(
    stage: Stage, place: Conversation, ids: tuple[Any, ...], why: str, *foreign: Any
) -> Look:
    """Look at messages until all are shown, whatever becomes of foreign ones."""
    driver, call = stage.driver, stage.driver.look_at_messages(place, (*ids, *foreign))
    answer = stage.until(
        lambda: stage.call(call),
        lambda found: (
            stage.is_final(found)
            or set(ids) <= {driver.shown_id(item) for item in driver.shown_messages(found)}
        ),
    )
    return Look(answer, place.id, ids, why)


def far_apart(stage: Stage) -> Look:
    """Look at some of many messages of one conversation, from the oldest to the newest."""
    messages = stage.scene(batch).messages
    ids = tuple(message.id for message in (*messages[::_APART], messages[-1]))
    return _looked(stage, messages[0].conversation, tuple(dict.fromkeys(ids)), "among many")


def _described(
    stage: Stage,
    group: Conversation,
    there: tuple[Any, ...],
    gone: tuple[Any, ...] = (),
    failed: tuple[Any, ...] = (),
) -> Described:
    """Ask for members and for others until just the members are described."""
    driver = stage.driver
    call = driver.ask_members(replace(group, members=(*there, *gone)))
    answer = stage.until(
        lambda: stage.call(call),
        lambda found: stage.is_final(found) or set(driver.members(found)[0]) == set(there),
    )
    return Described(answer, driver.members(answer)[0], there, gone, failed)


def described(stage: Stage) -> Described:
    """Ask for all members of a large group at once."""
    group = stage.scene(crowded).message.conversation
    return _described(stage, group, group.members)


def dismissed_by_others(stage: Stage) -> tuple[Dismissed, ...]:
    """Let a member and a stranger dismiss a group, and one of two people their conversation."""
    driver, scene = stage.driver, stage.scene(shown)
    group, pair = scene.group, scene.pair
    own = driver.dismiss(group).body
    tries = [
        ("a member who dismisses a group", "of_owner", replace(group, owner=group.members[1])),
        ("a stranger who dismisses a group", "of_owner", replace(group, owner=driver.nobody())),
        ("one of two people who dismisses their conversation", "of_pair", pair),
    ]
    return tuple(
        Dismissed(who, codes, stage.call(call))
        for who, codes, place in tries
        if (call := driver.dismiss(place)).body != own
    )
