"""What becomes of messages whose callbacks are answered with errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Call, Message, Receipt, Verdict
from receiptspec.scenes import webhooks
from receiptspec.scenes.direct import seen_by, until_read
from receiptspec.scenes.groups import Asked, asked, is_counted, own
from receiptspec.scenes.unread import aged, until_unread
from receiptspec.scenes.webhooks import COMMANDS, DIRECT, REPORT
from receiptspec.stage import Stage

__all__ = ["Badly", "answered_badly", "letter_answered_badly"]


@dataclass(frozen=True, slots=True)
class Badly:
    """What became of a message whose callbacks were answered with errors.

    `refused` is the refusal of a call that works where callbacks are answered well. `lost` says
    that the message has no receipt, which those have whose callbacks are answered well.
    """

    message: Message | None = None
    before: Asked | None = None
    after: Asked | None = None
    refused: Answer | None = None
    lost: bool = False


_REFUSAL = b'{"ActionStatus":"FAIL","ErrorInfo":"no","ErrorCode":1}'


def answered_badly(stage: Stage, sending: int, reading: int, waits: bool) -> Badly:
    """Send and read in a group while the listener answers with errors, of these HTTP statuses.

    If `waits`, a callback about the read is waited for, where one came before, and looked after.
    """
    listener, driver = stage.listener(), stage.driver
    group = own(stage)
    owner, member, *_ = group.members

    def sending_of(turn: str) -> Call:
        number = stage.number("answered", turn, sending)
        return driver.send_message(group, owner, receipt=True, number=number)

    def told_of(message: Message) -> Message:
        listener.wait_for(lambda c: webhooks.names(c, message), 1.0)
        return message

    for turn in ("badly", "badly again"):  # once may be passing trouble
        with listener.answering(sending, _REFUSAL, COMMANDS):
            answer = stage.at_once([sending_of(turn)])[0]  # sent again it may be taken for sent
            if answer.accepted:
                message = told_of(Message(group, stage.named(answer), owner, wants_receipt=True))
                break
        _works(stage.call(sending_of(f"well after {turn}")))
    else:
        if answer.verdict is Verdict.THROTTLED:
            raise NotExercised(f"{answer.operation} is {answer.describe()}")
        return Badly(refused=answer)

    def known(found: dict[Any, Receipt]) -> bool:
        return message.id in found and found[message.id].known

    def counted(found: dict[Any, Receipt]) -> bool:
        if not known(found):
            return False
        return is_counted(stage, message, found[message.id])

    before = asked(stage, stage.settle(group, [message], counted))
    if not known(dict(before.receipts)):
        like = stage.scene(webhooks.sent)
        if like.counts is None or not before.answer.accepted:
            raise NotExercised(f"no receipt to judge: {before.answer.describe()}")
        like.counts.receipt(like.message)
        return Badly(message, before, lost=True)
    first = before.receipt(message)

    def turned(found: dict[Any, Receipt]) -> bool:
        now = found.get(message.id)
        return now is not None and now.read != first.read and now.unread != first.unread

    with listener.answering(reading, _REFUSAL, COMMANDS):
        read = stage.tries_to_read(member, [message])
        if read is None or read.accepted:
            after = stage.settle(group, [message], turned)
            if waits and stage.scene(webhooks.group_read).callbacks:
                listener.wait_for(lambda c: webhooks.tells_of_read(c, message), 1.0)
    if read is not None and not read.accepted:
        _works(stage.tries_to_read(member, [message]))
        return Badly(message, before, refused=read)
    if waits:
        after = stage.settle(group, [message], turned)
    return Badly(message, before, asked(stage, after))


def _works(answer: Answer | None) -> None:
    """Raise `NotExercised` unless a call works where callbacks are answered well."""
    if answer is not None and not answer.accepted:
        raise NotExercised(f"{answer.operation} is {answer.describe()}, however it is answered")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message between two that was read, and its conversation marked, under bad answers."""

    message: Message
    read: Answer | None
    seen: Asked
    marking: Answer | None
    unread: int | None
    evidence: Answer


def letter_answered_badly(stage: Stage, status: int) -> Letter:
    """Acknowledge a message and mark its conversation while the listener answers with errors."""
    listener, driver = stage.listener(), stage.driver
    told = {DIRECT: bool(stage.scene(webhooks.direct_read).callbacks)}
    told[REPORT] = stage.scene(webhooks.conversation_read).callback is not None
    conversation, (message,) = aged(stage, 8, 9 if status >= 500 else 7)
    a, b = conversation.members
    listed = seen_by(stage, conversation, a)
    already = len(listener.seen)

    def came(command: str) -> None:
        if told[command]:
            listener.wait_for(lambda c: c.command == command, 1.0, since=already)

    if not listed.answer.accepted:
        raise NotExercised(f"the history is not to be had: {listed.answer.describe()}")
    with listener.answering(status, _REFUSAL, COMMANDS):
        read = stage.tries_to_read(b, [message])
        came(DIRECT)
        until_read(stage, conversation, (message,))
        call = driver.mark_conversation(conversation, b)
        marked = stage.call(call) if call is not None else None
        came(REPORT)
    left = until_unread(stage, b, a, 0)
    seen = until_read(stage, conversation, (message,))
    return Letter(message, read, seen, marked, left.number, left.answer)
