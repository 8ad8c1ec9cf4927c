"""One person who reads in several conversations, and a message that is read more than once."""

from __future__ import annotations

from dataclasses import replace

from receiptspec.errors import NotExercised
from receiptspec.neutral import Conversation, Message
from receiptspec.scenes.afterwards import looked, state
from receiptspec.scenes.groups import naming, newborn
from receiptspec.scenes.meanwhile import Glance, left_by_sender, moves
from receiptspec.scenes.people import large
from receiptspec.stage import Stage

__all__ = [
    "among_writes",
    "at_once",
    "by_most",
    "of_one_reader",
    "read_again",
    "returned_sender",
    "thinned",
]

_CROWD, _REMOVED = 8, 18


def of_one_reader(stage: Stage) -> tuple[Glance, ...]:
    """Let somebody read what two others and a group have sent, in turns; ask for all each time.

    All have the same words. Between two people one message is read three times, and one never; in
    the group one is never read either. Somebody is in another group of the same owner who is not in
    this one.
    """
    naming(stage)
    group = stage.group(2)
    stage.group(3)
    reader = group.members[1]
    near, far = (stage.pair(other, reader) for other in stage.users(10)[8:])
    letter, unread = (_same_words(stage, near, turn) for turn in range(2))
    other = _same_words(stage, far)
    word, last = (_same_words(stage, group, turn) for turn in range(2))
    newborn(stage, near, letter, unread).receipt(letter)
    newborn(stage, far, other).receipt(other)
    in_near = [state(letter, near.members), state(unread, near.members)]
    in_far = [state(other, far.members)]
    in_group = [state(word, group.members), state(last, group.members)]
    newborn(stage, group, word, last)
    stage.reads(reader, [other])
    in_far = [state(other, far.members, (reader,))]
    found = [*looked(stage, in_far), *looked(stage, in_near), *looked(stage, in_group)]
    stage.reads(reader, [letter])
    in_near[0] = state(letter, near.members, (reader,))
    found += [*looked(stage, in_near), *looked(stage, in_far)]
    stage.reads(reader, [word])
    for _ in range(2):
        stage.reads(reader, [letter])
    in_group[0] = state(word, group.members, (reader,))
    found += [*looked(stage, in_group), *looked(stage, in_near[:1]), *looked(stage, in_far)]
    return tuple(found)


def _same_words(stage: Stage, conversation: Conversation, turn: int = 0) -> Message:
    number = stage.number("the same words", conversation.id, turn)
    call = stage.driver.send_message(conversation, conversation.owner, receipt=True, number=number)
    return stage.post(conversation, stage.driver.with_texts(call, "the same words"))


def read_again(stage: Stage) -> tuple[Glance, ...]:
    """Let a member read a message of a group thrice, another in between; ask after each again."""
    naming(stage)
    group = stage.group(4)
    message = stage.say(group)
    newborn(stage, group, message).receipt(message)
    one, other = group.members[1:3]
    for reader in (one, other):
        stage.reads(reader, [message])
    states = [state(message, group.members, (one, other))]
    found = [*looked(stage, states)]
    for _ in range(2):
        stage.reads(one, [message])
        found += looked(stage, states)
    return tuple(found)


def at_once(stage: Stage) -> tuple[Glance, ...]:
    """Let all members of a group read a message at the same time."""
    naming(stage)
    group = stage.group(_CROWD)
    message = stage.say(group)
    newborn(stage, group, message).receipt(message)
    readers = group.members[1:-1]
    stage.read_at_once(readers, message)
    return looked(stage, [state(message, group.members, readers)])


def among_writes(stage: Stage) -> tuple[Glance, ...]:
    """Let members read a message, one of them twice, while others leave, come and write; ask."""
    naming(stage)
    driver, group = stage.driver, stage.group(_CROWD)
    owner, one, other, third, *idle, first, second = group.members
    newcomer = stage.users(_CROWD + 1)[_CROWD]
    message = stage.say(group)
    number = stage.number("among writes", group.id)
    calls = [
        driver.remove_member(group, first),
        driver.add_members(group, [newcomer]),
        driver.send_message(group, owner, receipt=True, number=number),
        driver.remove_member(group, second),
    ]
    readers = (one, other, third)
    answers = stage.read_at_once((*readers, one), message, calls)
    if not all(answer.accepted for answer in answers):
        raise NotExercised("not all that was to go on meanwhile was accepted")
    stage.let_show()
    stayed = (owner, *readers, *idle)
    beside = Message(group, stage.named(answers[2]), owner, True)
    later = stage.say(replace(group, members=(*stayed, newcomer)))
    moving = (first, second, newcomer)
    states = [
        state(message, stayed, readers, loose=moving),
        state(beside, stayed, loose=moving),
        state(later, (*stayed, newcomer)),
    ]
    return looked(stage, states)


def by_most(stage: Stage) -> tuple[Glance, ...]:
    """Let nearly all members of a larger group read a message that two have read, and ask."""
    naming(stage)
    scene = stage.scene(large)
    message = scene.messages[0]
    known = scene.readers[message.id]
    more = [user for user in scene.members[1:-3] if user not in known]
    for user in more:
        stage.reads(user, [message])
    return looked(stage, [state(message, scene.members, (*known, *more))])


def thinned(stage: Stage) -> tuple[Glance, ...]:
    """Remove many members of a larger group by one call, and ask for a message sent after that."""
    stage.scene(by_most)
    group = stage.scene(large).messages[0].conversation
    removed = group.members[-_REMOVED - 1 : -1]
    answer = stage.must(stage.driver.remove_member(group, *removed))
    stage.let_show()
    left = replace(group, members=tuple(user for user in group.members if user not in removed))
    message = stage.say(left)
    return looked(stage, [state(message, left.members, (), stage.driver.kept_out(answer))])


def returned_sender(stage: Stage) -> tuple[Glance, ...]:
    """Add the sender of an old message, who has left, to the group again, and ask for it."""
    old, group = stage.scene(left_by_sender), stage.scene(moves).group
    sender = old.message.sender
    stage.lets_in(stage.driver.add_members(group, [sender]))
    message = replace(old.message, conversation=group)
    return looked(stage, [state(message, old.there, old.readers, loose=old.loose)])
