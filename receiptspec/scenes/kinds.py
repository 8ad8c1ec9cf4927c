"""Groups of every type: which have receipts, and which have none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Call, Conversation, Message
from receiptspec.scenes.groups import Asked, Several, asked, naming, newborn, ready, several
from receiptspec.stage import Stage

__all__ = [
    "Elsewhere",
    "Inside",
    "answers_to",
    "inhabited",
    "listed_in",
    "other_type",
    "peopled",
    "read_in",
    "read_of_other_type",
    "transformed",
]


def other_type(stage: Stage, type_: str) -> Elsewhere:
    """Make a group of another type, send a message that asks for receipts, ask all about it.

    Where that message is refused, a plain one takes its place.
    """
    if type_ == stage.driver.group_type:
        usual = stage.scene(ready)
        return Elsewhere(usual.fresh, listed_in(stage, usual.group, usual.messages[0].id))
    alone = stage.contract.operations[stage.driver.ask].group_types.get(type_) is False
    group = stage.group(1 if alone else 3, type_=type_)
    message = None
    for receipt in (True, False) if alone else (True,):
        number = stage.number(type_, 2 if receipt else 1)
        call = stage.driver.send_message(group, group.owner, receipt=receipt, number=number)
        sent = stage.call(call)
        message = stage.driver.sent_message(sent) if sent.accepted else None
        if message is not None:
            break
    if message is None and not alone:
        raise NotExercised(f"no message that asks for a receipt in {type_}: {sent.describe()}")
    message = message or 1
    if alone:
        answer = stage.patiently(stage.driver.ask_receipts(group, [message]))
        asked_ = asked(stage, answer)
    else:
        asked_ = newborn(stage, group, Message(group, message, group.owner, True))
    return Elsewhere(asked_, listed_in(stage, group, message, patient=True))


def inhabited(stage: Stage, type_: str) -> tuple[Message, Message]:
    """Send two messages in a group of a type that has members."""
    group = stage.group(3, type_=type_)
    return stage.say(group), stage.say(group)


def peopled(stage: Stage, type_: str) -> Asked:
    """Ask for two messages at once in a group of a type without receipts that has members."""
    naming(stage)
    messages = stage.scene(inhabited, type_)
    return asked(stage, stage.ask(messages[0].conversation, messages))


@dataclass(frozen=True, slots=True)
class Inside:
    """A group of some type: two messages that one member has read, and a plain one.

    `lists` are who has read the first message, and who has not, where the vendor lists them;
    `gone` is what is answered when the group is dismissed.
    """

    several: Several
    plain: tuple[Message, Asked] | None
    lists: tuple[Answer, ...]
    gone: Asked | None


def read_in(stage: Stage, type_: str) -> Inside:
    """Let a member read messages in a group of a type that has receipts, then dismiss it."""
    group = stage.group(3, type_=type_)
    both, driver = (stage.say(group), stage.say(group)), stage.driver
    plain = stage.say(group, receipt=False) if driver.receipts_are_wished else None
    found = several(stage, both, [(group.members[1], both)], group.members)
    asked_ = asked(stage, stage.ask(group, [plain])) if plain is not None else None
    lists = []
    for read in (True, False):
        call = driver.list_members(group, both[0].id, read=read, cursor=None, count=10)
        if call is not None:
            lists.append(_with(stage, call, group.members[1], listed=read))
    gone = None
    if driver.over_http and stage.call(driver.dismiss(group)).accepted:
        gone = asked(stage, stage.ask(group, both))
    return Inside(
        found,
        (plain, asked_) if plain is not None and asked_ is not None else None,
        tuple(lists),
        gone,
    )


def _with(stage: Stage, call: Call, reader: Any, *, listed: bool) -> Answer:
    """Ask for a page until somebody is listed there, or is no more."""
    return stage.until(
        lambda: stage.call(call),
        lambda answer: (
            not answer.accepted or (reader in stage.driver.page(answer).members) is listed
        ),
    )


def read_of_other_type(stage: Stage, type_: str) -> tuple[Answer | None, bool]:
    """Let a newcomer read a message in a group of another type.

    Returns the answer to the read, and whether it counted. Where messages of that type have no
    receipts, or nobody can join, there is nothing that a read could count in: ``(None, False)``.
    """
    scene = stage.scene(other_type, type_)
    if not any(receipt.known for receipt in scene.asked.receipts.values()):
        return None, False
    group = stage.group(1, type_=type_)
    newcomer = stage.users(2)[1]
    if not stage.call(stage.driver.add_members(group, [newcomer])).accepted:
        return None, False
    message = stage.say(group)
    before = newborn(stage, group, message)
    call = stage.driver.mark_read(group, newcomer, [message.id])
    if call is None:
        return None, False
    answer = stage.call(call)
    after = asked(stage, stage.ask(group, [message]))
    counts = [asked.receipts[message.id].read for asked in (before, after)]
    return answer, counts[0] != counts[1]


def transformed(stage: Stage, type_: str) -> Elsewhere:
    """Make a group of a type without receipts, and when it is dismissed a usual one of its id.

    The answers are about a message of the usual one; where that is refused, its refusal is it.
    Whether an id may be used again is open: where it may not, there is nothing to judge.
    """
    name = f"rs{stage.namespace}{stage.anew}-Turned"
    before = stage.group(1, type_=type_, id_=name)
    if before.id != name:
        raise NotExercised("nobody chooses the id of a group")
    stage.ask(before, [1])
    listed_in(stage, before, 1)
    stage.must(stage.driver.dismiss(before))
    group = stage.group(2, id_=name)
    stage.let_show()
    number = stage.number("transformed", name)
    call = stage.driver.send_message(group, group.owner, receipt=True, number=number)
    sent = stage.patiently(call)
    if not sent.accepted:
        return Elsewhere(Asked(sent, {}), {})
    message = stage.noted(group, sent, group.owner)
    return Elsewhere(newborn(stage, group, message), listed_in(stage, group, message.id))


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What is answered about a message: by the receipt operation, and by others by name."""

    asked: Asked
    others: Mapping[str, Answer]

    def answer(self, operation: str) -> Answer:
        """Return the answer of one operation; the receipt operation's where there is no other."""
        return self.others.get(operation, self.asked.answer)


def listed_in(
    stage: Stage, group: Conversation, message: Any, *, patient: bool = False
) -> dict[str, Answer]:
    """Ask who has not read a message, where the vendor tells; see `answers_to`."""
    call = stage.driver.list_members(group, message, read=False, cursor=None, count=10)
    return answers_to(stage, call, patient=patient)


def answers_to(stage: Stage, *calls: Call | None, patient: bool = False) -> dict[str, Answer]:
    """Make calls; return the answers of those that are there, by operation.

    If `patient`, make them again while what they name may just not show yet.
    """
    answers = {}
    for call in calls:
        if call is not None:
            try:
                sent = stage.patiently(call) if patient else stage.call(call)
                answers[call.operation] = sent
            except NotExercised:  # the target does not have it
                continue
    return answers
