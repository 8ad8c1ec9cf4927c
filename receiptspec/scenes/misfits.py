"""Receipts of two people that do not fit the message that they name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Conversation, Message
from receiptspec.scenes.direct import keeps_history, pair, seen_by, until_listed, until_read
from receiptspec.scenes.groups import Asked
from receiptspec.stage import Stage


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A receipt that does not fit its message, and the message afterwards."""

    what: str
    message: Message
    answer: Answer
    after: Asked


def mismatch(stage: Stage, what: str) -> Mismatch:
    """Return what became of a receipt that is wrong in one thing.

    ``roles``: the sender of the message acknowledges it. ``from``, ``to``: an item whose sender or
    receiver is a third user. ``key``: a key that was never given out. ``malformed``: text that is
    no key. ``foreign``: the key of another conversation.
    """
    found = stage.scene(misfits)
    if what not in found:
        raise NotExercised(f"no call is known that names a message with wrong {what}")
    return found[what]


def misfits(stage: Stage) -> Mapping[str, Mismatch]:
    """Send every receipt that does not fit, each for a message of its own, then look at them all.

    An invented key and text that is no key stand beside the same message.
    """
    conversation, driver = pair(stage, 0, 4), stage.driver
    a, b = conversation.members
    third = next(user for user in stage.users(6) if user not in (a, b))
    kinds = ("roles", *driver.misfits)
    messages = {what: stage.say(conversation) for what in kinds if what != "malformed"}
    messages |= {"malformed": messages["key"]} if "malformed" in kinds else {}
    calls = {}
    for what in kinds:
        call = driver.mark_read(conversation, a if what == "roles" else b, [messages[what].id])
        if call is None:
            raise NotExercised("the vendor has no call by which the receiver reads")
        calls[what] = call if what == "roles" else driver.misfit(call, what, third)
    answers = {what: stage.call(call) for what, call in calls.items()}
    after = _settled_look(stage, conversation, *messages.values())
    found = {what: Mismatch(what, messages[what], answers[what], after) for what in kinds}
    if "key" in kinds:
        found["foreign"] = _foreign(stage, conversation)
    return found


def _foreign(stage: Stage, conversation: Conversation) -> Mismatch:
    """Acknowledge in one conversation the key of a message of another."""
    a, b = conversation.members
    message = stage.say(pair(stage, 0, 5))
    call = stage.driver.mark_read(conversation, b, [message.id])
    assert call is not None  # noqa: S101
    answer = stage.call(call)
    return Mismatch("foreign", message, answer, seen_by(stage, message.conversation, a))


def mismatch_alone(stage: Stage, what: str) -> Mismatch:
    """Send one receipt that does not fit.

    ``order of people``: an item whose sender and receiver are exchanged.
    """
    conversation = pair(stage, 0, 4)
    reader = conversation.members[1]
    message = stage.say(conversation)
    call = stage.driver.mark_read(conversation, reader, [message.id])
    if call is None:
        raise NotExercised("the vendor has no call by which the receiver reads")
    answer = stage.call(stage.driver.misfit(call, what, conversation.owner))
    return Mismatch(what, message, answer, _settled_look(stage, conversation, message))


def mismatch_behind(stage: Stage, what: str) -> Mismatch:
    """Send a receipt whose first item fits and whose second is wrong in ``from`` or ``to``."""
    conversation = pair(stage, *{"from": (0, 2), "to": (1, 2)}[what])
    a, b = conversation.members
    fitting, message = stage.say(conversation), stage.say(conversation)
    calls = [stage.driver.mark_read(conversation, b, [m.id]) for m in (fitting, message)]
    if calls[0] is None or calls[1] is None:
        raise NotExercised("the vendor has no call by which the receiver reads")
    third = next(user for user in stage.users(6) if user not in (a, b))
    together = stage.driver.joined([calls[0], stage.driver.misfit(calls[1], what, third)])
    if together is None:
        raise NotExercised("the vendor has no call that names several messages")
    answer = stage.call(together)
    return Mismatch(what, message, answer, _settled_look(stage, conversation, message))


def among_fitting(stage: Stage, what: str) -> Mismatch:
    """Send a receipt with three items, of which the one between is of another conversation.

    It is right there: its sender, or its receiver if `what` is ``to``, is a third user.
    """
    conversation = pair(stage, 0, 4)
    elsewhere = pair(stage, *{"from": (1, 4), "to": (0, 1)}[what])
    fitting, other = [stage.say(conversation) for _ in range(2)], stage.say(elsewhere)
    calls = [
        stage.driver.mark_read(m.conversation, m.conversation.members[1], [m.id])
        for m in (fitting[0], other, fitting[1])
    ]
    together = stage.driver.joined([call for call in calls if call is not None])
    if together is None:
        raise NotExercised("the vendor has no call that names several messages")
    stage.let_show()
    answer = stage.call(together)
    stage.let_show()
    return Mismatch(what, other, answer, seen_by(stage, elsewhere, elsewhere.owner))


@dataclass(frozen=True, slots=True)
class Respelt:
    """A message, the answers to receipts that spell its key in other ways, and how it looks then.

    `other` is one of a third user to the reader, whose key came as one of the sender's in `answer`.
    """

    message: Message
    answers: tuple[Answer, ...]
    after: Asked
    other: Message
    answer: Answer
    other_after: Asked


def respelt(stage: Stage) -> Respelt:
    """Send receipts for keys that were never given out, each of which is near to one that was."""
    keeps_history(stage)
    conversation, elsewhere = pair(stage, 0, 4), pair(stage, 5, 4)
    reader = conversation.members[1]
    message, other = stage.say(conversation), stage.say(elsewhere)
    calls = [stage.driver.mark_read(conversation, reader, [m.id]) for m in (message, other)]
    if calls[0] is None or calls[1] is None:
        raise NotExercised("the vendor has no call by which the receiver reads")
    until_listed(stage, elsewhere, (other,))
    answers = tuple(stage.call(call) for call in stage.driver.respelt(calls[0]))
    answer = stage.call(calls[1])
    after = _settled_look(stage, conversation, message)
    return Respelt(
        message, answers, after, other, answer, seen_by(stage, elsewhere, elsewhere.owner)
    )


@dataclass(frozen=True, slots=True)
class Beside:
    """Receipts that stand in a call beside an odd one: the call's answer by what is odd.

    `seen` shows the messages of all that were accepted.
    """

    calls: Mapping[str, tuple[Message, Answer]]
    seen: Asked

    @property
    def accepted(self) -> tuple[Message, ...]:
        """The messages that fit, of calls that were accepted."""
        return tuple(message for message, answer in self.calls.values() if answer.accepted)


def beside_odd(stage: Stage) -> Beside:
    """Send a receipt behind one of a message that was read, of a plain one, and of none at all."""
    keeps_history(stage)
    conversation, driver = pair(stage, 8, 0), stage.driver
    reader = conversation.members[1]
    known, *fitting = (stage.say(conversation) for _ in range(4))
    plain = stage.say(conversation, receipt=False)
    stage.reads(reader, [known])
    until_read(stage, conversation, (known,))
    odd = {"a message that was read": known, "a message that asked for none": plain}
    odd["a key that was never given out"] = known
    answers = {}
    for (what, one), good in zip(odd.items(), fitting, strict=True):
        first, second = (driver.mark_read(conversation, reader, [m.id]) for m in (one, good))
        if first is None or second is None:
            raise NotExercised("the vendor has no call by which the receiver reads")
        if "key" in what:
            first = driver.misfit(first, "key", None)
        together = driver.joined([first, second])
        if together is None:
            raise NotExercised("the vendor has no call that names several messages")
        answers[what] = (good, stage.call(together))
    made = Beside(answers, Asked(answers["a message that was read"][1], {}))
    return replace(made, seen=until_read(stage, conversation, made.accepted))


def _settled_look(stage: Stage, conversation: Conversation, *messages: Message) -> Asked:
    """Look once more than the first time the messages are listed: an effect may be late."""
    until_listed(stage, conversation, messages)
    return seen_by(stage, conversation, conversation.owner)
