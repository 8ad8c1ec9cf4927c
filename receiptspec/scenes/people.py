"""Groups of one and of many, several senders, and people who leave, come and come back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Call, Conversation, Message, Receipt
from receiptspec.scenes.groups import (
    LATER,
    MEMBERS,
    NOWHERE,
    Asked,
    Changed,
    Several,
    Watched,
    ask,
    asked,
    naming,
    newborn,
    settled,
    several,
    watched,
)
from receiptspec.stage import Stage

CROWD, READING = 160, 130  # members of a large group, and how many of them read
_FAIR, _LARGE = 24, 45  # members of groups of usual sizes


def crowded(stage: Stage) -> Watched:
    """Let some of the many members of a group read a message."""
    if not stage.driver.over_http:
        raise NotExercised("every member of a crowd would be a program of its own")
    group = stage.group(CROWD)
    half = READING // 2
    readers = (*group.members[1 : 1 + READING - half], *group.members[-half:])
    return watched(stage, stage.say(group), readers)


def of_member(stage: Stage) -> tuple[Message, Asked]:
    """Let a member who is not the owner send a message, and ask for it."""
    group = stage.group(MEMBERS)
    message = stage.say(group, sender=group.members[1])
    return message, newborn(stage, group, message)


def by_member(stage: Stage) -> Watched:
    """Let the owner of a group read what another member has sent."""
    message, _ = stage.scene(of_member)
    return watched(stage, message, message.conversation.members[:1])


def of_outsider(stage: Stage) -> Watched:
    """Let somebody who is no member send, and the owner and a member read.

    The documents of some vendors say that a sender need not be a member; others refuse.
    """
    if not stage.driver.over_http:
        raise NotExercised("who sends would have to be in the group")
    outsider = stage.users(MEMBERS + 1)[MEMBERS]
    group = stage.group(3)
    call = stage.driver.send_message(
        group, outsider, receipt=True, number=stage.number("outsider", group.id)
    )
    answer = stage.call(call)
    if not answer.accepted:
        raise NotExercised(f"a sender who is no member is {answer.describe()}")
    message = Message(group, stage.named(answer), outsider, True)
    return watched(stage, message, group.members[:2])


def of_administrator(stage: Stage) -> Watched:
    """Let all members of a group read what the administrator has sent, who is none of them."""
    if not stage.driver.over_http:
        raise NotExercised("who sends would have to be in the group")
    driver, group = stage.driver, stage.group(3)
    number = stage.number("administrator", group.id)
    sent = driver.send_message(group, group.owner, receipt=True, number=number)
    answer = stage.call(driver.without_sender(sent))
    if not answer.accepted:
        raise NotExercised(f"a message of the administrator is {answer.describe()}")
    sender = driver.from_administrator(group.owner).owner
    message = Message(group, stage.named(answer), sender, True)
    return watched(stage, message, group.members)


def added_again(stage: Stage) -> Watched:
    """Let a member read a message, and add that member again, who has never left."""
    group = stage.group(3)
    message = stage.say(group)
    reader = group.members[1]
    seen = watched(stage, message, (reader,))
    stage.call(stage.driver.add_members(group, [reader]))  # refused or not, nothing changes
    after = settled(stage, seen.before, (message,), {message.id: 1})
    return Watched(message, (reader,), seen.before, after)


def many_senders(stage: Stage) -> Several:
    """Let owner, administrator and member send, and read what the others have sent.

    Who has sent the newest message reads the others.
    """
    group = stage.group(4, promoted=True)
    owner, admin, member, other = group.members
    of_owner, of_admin, of_member = (stage.say(group, sender=u) for u in (owner, admin, member))
    reads = [
        (member, (of_owner, of_admin)),
        (admin, (of_owner,)),
        (owner, (of_admin,)),
        (other, (of_member,)),
    ]
    return several(stage, (of_owner, of_admin, of_member), reads, group.members)


def returning(stage: Stage) -> Several:
    """Let somebody who has left and come back read and send, and somebody who came later read.

    All messages are sent when both are there.
    """
    founders = stage.group(3)
    driver, back = stage.driver, founders.members[1]
    newcomer = stage.users(5)[4]
    stage.must(driver.remove_member(founders, back))
    stage.lets_in(driver.add_members(founders, [newcomer, back]))
    group = replace(founders, members=(*founders.members, newcomer))
    of_owner, of_back = stage.say(group), stage.say(group, sender=back)
    reads = [(back, (of_owner,)), (newcomer, (of_owner, of_back))]
    return several(stage, (of_owner, of_back), reads, group.members)


def adorned(stage: Stage) -> Several:
    """Send messages with more than a text; a member reads them all."""
    group = stage.group(3)
    made = of_kinds(stage, group)
    if not made:
        raise NotExercised("no message but a plain text was taken")
    return several(stage, made, [(group.members[1], made)], group.members)


def of_kinds(stage: Stage, conversation: Conversation, *after: Message) -> tuple[Message, ...]:
    """Let the owner of a conversation send messages with more than a text.

    The messages before them make them new, where the same two people have one conversation ever.
    What is refused is left out: which of them a target takes is another requirement's matter.
    """
    owner = conversation.owner
    number = stage.number("adorned", conversation.id, *(message.id for message in after))
    plain = stage.driver.send_message(conversation, owner, receipt=True, number=number)
    return _taken(stage, conversation, stage.driver.adorned(plain, conversation.members))


def _taken(stage: Stage, conversation: Conversation, calls: Sequence[Call]) -> tuple[Message, ...]:
    answers = [answer for call in calls if (answer := stage.call(call)).accepted]
    return tuple(stage.noted(conversation, answer, conversation.owner) for answer in answers)


def optional(stage: Stage) -> Several:
    """Send messages that ask for receipts beside other options; two members read them all.

    One of the two is mentioned in some. What is refused is left out.
    """
    driver = stage.driver
    if not driver.beside_wish(driver.send_message(NOWHERE, "", receipt=True, number=1), ("", "")):
        raise NotExercised("there are no options beside the wish for a receipt")
    group = stage.group(3)
    number = stage.number("options", group.id)
    plain = driver.send_message(group, group.owner, receipt=True, number=number)
    made = _taken(stage, group, driver.beside_wish(plain, group.members))
    if not made:
        raise NotExercised("no message with options was taken")
    return several(stage, made, [(user, made) for user in group.members[1:]], group.members)


def survivors(stage: Stage) -> Several:
    """Let a member read what somebody has sent who has left the group since."""
    if not stage.driver.over_http:
        raise NotExercised("who asks would have to be the sender")
    founders = stage.group(4)
    owner, gone, reader, other = founders.members
    message = stage.say(founders, sender=gone)
    newborn(stage, founders, message)
    stage.must(stage.driver.remove_member(founders, gone))
    stage.let_show()
    group = replace(founders, members=(owner, reader, other))
    message = replace(message, conversation=group)
    return several(stage, (message,), [(reader, (message,))], group.members)


def reborn_read(stage: Stage) -> Several:
    """Let a member read the message of a group that has the id of a dismissed one."""
    scene = stage.scene(reborn)
    members = scene.group.members
    return several(stage, (scene.message,), [(members[1], (scene.message,))], members)


def fair(stage: Stage) -> Several:
    """Let half of a group of a usual size read a message, from front and end of its members."""
    group = stage.group(_FAIR)
    message = stage.say(group)
    half = (*group.members[1 : _FAIR // 4], *group.members[-_FAIR // 4 :])
    return several(stage, (message,), [(user, (message,)) for user in half], group.members)


def two(stage: Stage) -> Several:
    """Let one of two members read one of two messages of the other."""
    group = stage.group(2)
    read, other = stage.say(group), stage.say(group)
    return several(stage, (read, other), [(group.members[1], (read,))], group.members)


def large(stage: Stage) -> Several:
    """Let some of a larger group read two messages."""
    if not stage.driver.over_http:
        raise NotExercised("every member would be a program of its own")
    naming(stage)
    group = stage.group(_LARGE)
    one, other = stage.say(group), stage.say(group)
    reads = [(group.members[1], (one, other)), (group.members[-1], (one,))]
    return several(stage, (one, other), reads, group.members)


def later_by_member(stage: Stage) -> Asked:
    """Ask once more for the message of `by_member`, some seconds after it was read."""
    scene = stage.scene(by_member)
    stage.let_pass(scene.after.answer, LATER)
    return ask(stage, scene.message.conversation, scene.message)


Look = tuple[Asked, tuple[Any, ...], tuple[Any, ...], tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Outlived:
    """What was told of a message while people left and came, and who had to be a reader then.

    `gone` are those who left, or came after the message: whether they are listed is open.
    """

    message: Message
    looks: tuple[Look, ...]


def outlived(stage: Stage) -> Outlived:
    """Let two of a group read; then one who has not leaves, another comes, and a reader leaves.

    One of the founders has left before the message was sent. Each look is an answer, who is there,
    who has read, and who has left or come since: they may be listed or not, as what they are.
    """
    founders = stage.group(5)
    owner, early, idle, one, two = founders.members
    driver = stage.driver
    stage.must(driver.remove_member(founders, early))
    message = stage.say(founders)
    before = newborn(stage, founders, message)
    before.receipt(message)
    for reader in (one, two):
        stage.reads(reader, [message])
    read = settled(stage, before, (message,), {message.id: 2})
    looks: list[Look] = [(read, (owner, idle, one, two), (one, two), ())]

    def look(readers: tuple[Any, ...], gone: tuple[Any, ...]) -> None:
        def shown(found: dict[Any, Receipt]) -> bool:
            now = found.get(message.id)
            named = now.readers if now is not None else ()
            return named is None or set(readers) <= set(named)

        seen = asked(stage, stage.settle(founders, [message], shown))
        looks.append((seen, (owner, *readers), (one, two), gone))

    stage.must(driver.remove_member(founders, idle))
    look((one, two), (idle,))
    stage.lets_in(driver.add_members(founders, [early]))
    look((one, two), (idle, early))
    stage.must(driver.remove_member(founders, two))
    look((one,), (idle, early, two))
    return Outlived(message, tuple(looks))


def alone(stage: Stage) -> tuple[Message, Asked]:
    """Send a message to a group of which nobody else is a member."""
    group = stage.group(1)
    message = stage.say(group)
    return message, newborn(stage, group, message)


def of_former(stage: Stage) -> tuple[Any, Asked]:
    """Ask a group for a message of a dismissed one that had its id, under a number that is free."""
    scene = stage.scene(reborn)
    former = [name for name in scene.before.receipts if name != scene.message.id]
    if not former:
        raise NotExercised("the numbers of messages begin anew")
    stage.let_show()
    return former[0], asked(stage, stage.ask(scene.group, former[:1]))


def thinned(stage: Stage) -> tuple[Message, Asked, tuple[Any, ...]]:
    """Remove two members, then send a message; return it, what is told of it, and who is gone."""
    group = stage.group(4)
    gone = group.members[1:3]
    stage.must(stage.driver.remove_member(group, *gone))
    stage.let_show()
    left = replace(group, members=tuple(m for m in group.members if m not in gone))
    message = stage.say(left)
    return message, newborn(stage, left, message), gone


def reborn(stage: Stage) -> Changed:
    """Dismiss a group whose message was read and make a smaller one of its id; ask for its first.

    Whether an id may be used again is open: where it may not, there is nothing to judge.
    """
    if not stage.driver.over_http:
        raise NotExercised("late notifications of the one group would be taken for the other's")
    name = f"rs{stage.namespace}{stage.anew}-Again"
    group = stage.group(3, id_=name)
    if group.id != name:
        raise NotExercised("nobody chooses the id of a group")
    first = watched(stage, stage.say(group), group.members[1:2])
    stage.must(stage.driver.dismiss(group))
    again = stage.group(2, id_=name)
    message = stage.say(again)

    def fresh(receipts: dict[Any, Receipt]) -> bool:
        now = receipts.get(message.id)
        return now is not None and now.known and not now.read

    after = asked(stage, stage.settle(again, [message], fresh))
    return Changed(again, message, first.after, after)
