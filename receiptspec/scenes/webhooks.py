"""What the target calls while messages are sent and read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Message, Receipt
from receiptspec.scenes.direct import pair
from receiptspec.scenes.groups import Asked, asked, good
from receiptspec.stage import Stage
from receiptspec.webhooks import Callback

__all__ = [
    "Left",
    "Told",
    "answered_badly",
    "conversation_read",
    "direct_read",
    "group_read",
    "sent",
    "unread_left",
]

_PATIENCE = 3.0
GROUP = "Group.CallbackAfterReadReceipt"
REPORT = "C2C.CallbackAfterMsgReport"
DIRECT = "C2C.CallbackAfterMsgReadReceipt"


@dataclass(frozen=True, slots=True)
class Told:
    """A message, the callback about it if one came, and the counts asked for afterwards.

    `callbacks` are all that came about what was done; `looks` what was told of the message since
    then, none of it where that does not show.
    """

    message: Message
    callback: Callback | None
    counts: Asked | None = None
    callbacks: tuple[Callback, ...] = ()
    looks: tuple[Receipt, ...] = ()


def _names(callback: Callback, message: Message) -> bool:
    items = callback.get("GroupMsgReceiptList")
    if not isinstance(items, list):
        return False
    listed = [item.get("MsgSeq") for item in items if isinstance(item, dict)]
    return callback.get("GroupId") == message.conversation.id and message.id in listed


def sent(stage: Stage) -> Told:
    """Send a message that asks for a receipt and wait for the callback about it."""
    listener = stage.listener()
    message = stage.say(good(stage).group)
    callback = listener.wait_for(lambda c: c.command == GROUP and _names(c, message), _PATIENCE)
    return Told(message, callback, asked(stage, stage.ask(message.conversation, [message])))


def sent_in(stage: Stage, type_: str) -> Told:
    """Send a message that asks for a receipt to a group of another type; wait for the callback."""
    listener = stage.listener()
    message = stage.say(stage.group(2, type_=type_))
    callback = listener.wait_for(lambda c: c.command == GROUP and _names(c, message), _PATIENCE)
    return Told(message, callback)


def tells_of_read(callback: Callback, message: Message) -> bool:
    """Whether a callback counts a read of a message, or names somebody who has read it."""
    items = callback.get("GroupMsgReceiptList")
    return _names(callback, message) and any(
        isinstance(item, dict)
        and item.get("MsgSeq") == message.id
        and bool(item.get("ReadNum") or item.get("ReadReceiptMembers"))
        for item in items
    )


def group_read(stage: Stage) -> Told:
    """Read a group message on behalf of a member and wait for a callback that tells of it.

    What is asked meanwhile, until the read shows, is kept: a callback may count as any of it.
    """
    told = stage.scene(sent)
    message, listener = told.message, stage.listener()
    before = told.counts.receipts.get(message.id) if told.counts else None
    looks: list[Receipt] = []

    def shows(receipts: dict[Any, Receipt]) -> bool:
        now = receipts.get(message.id)
        looks.extend([now] if now is not None else [])
        was = (before.read, before.unread) if before is not None else (None, None)
        return now is not None and (now.read or 0) > (was[0] or 0) and now.unread != was[1]

    stage.reads(message.conversation.members[1], [message])
    counts = asked(stage, stage.settle(message.conversation, [message], shows))
    listener.wait_for(lambda c: tells_of_read(c, message), 1.0)
    found = tuple(c for c in listener.seen if c.command == GROUP and tells_of_read(c, message))
    settled = counts.answer.accepted and shows(dict(counts.receipts))
    return Told(message, found[0] if found else None, counts, found, tuple(looks) * settled)


def _of(callback: Callback, *people: Any) -> bool:
    """Whether a callback of a one-to-one receipt is about two people, whoever is whom."""
    said = [callback.get("Operator_Account"), callback.get("Peer_Account")]
    return callback.command == DIRECT and any(user in said for user in people)


def direct_read(stage: Stage) -> Told:
    """Read a one-to-one message and wait for a callback about it.

    Nobody else reports reads of these two, so that whatever is told of them is of this message.
    """
    listener = stage.listener()
    conversation = pair(stage, 6, 7)
    message = stage.say(conversation)
    stage.reads(conversation.members[1], [message])
    people = conversation.members
    callback = listener.wait_for(lambda c: _of(c, *people), 1.0)
    found = tuple(c for c in listener.seen if _of(c, *people))
    return Told(message, callback, None, found)


@dataclass(frozen=True, slots=True)
class Left:
    """Callbacks after a conversation was marked as read, and how many unread others leave.

    `totals` are what was told of all conversations from then on, none of them where the target
    never told that anything was unread.
    """

    message: Message
    callbacks: tuple[Callback, ...]
    totals: tuple[int, ...]
    evidence: Answer


def unread_left(stage: Stage) -> Left:
    """Mark one of two conversations as read whose messages nobody has read, and count the rest."""
    if stage.scene(conversation_read).callback is None:
        raise NotExercised("no callback about a conversation that was read came")
    listener = stage.listener()
    conversation, other = pair(stage, 7, 6), pair(stage, 5, 6)
    reader, peer = conversation.members[1], conversation.owner
    message = stage.say(conversation)
    stage.say(other)
    before = _total_until(stage, reader, lambda total: total > 1)[-1]
    call = stage.driver.mark_conversation(conversation, reader)
    if call is None:
        raise NotExercised("the vendor has no call that marks a conversation as read")
    stage.must(call)

    def fits(callback: Callback) -> bool:
        about = (callback.get("Report_Account"), callback.get("Peer_Account"))
        return callback.command == REPORT and about == (reader, peer)

    after = _total_until(stage, reader, lambda total: total < (before[0] or 0))
    listener.wait_for(fits, _PATIENCE)
    after += _total_until(stage, reader, lambda _: True)
    totals = tuple(total for total, _ in after if total is not None)
    known = (before[0] or 0) > 1 and totals and totals[-1] < (before[0] or 0)
    found = tuple(callback for callback in listener.seen if fits(callback))
    return Left(message, found, totals if known else (), after[-1][1])


def _total_until(
    stage: Stage, user: Any, done: Callable[[int], bool]
) -> list[tuple[int | None, Answer]]:
    """Ask how much a user has not read in all conversations until it fits; return every answer."""
    found = []
    for _ in stage.patience():
        answer = stage.call(stage.driver.count_unread(user, None))
        total = answer.get("AllC2CUnreadMsgNum") if answer.accepted else None
        total = total if isinstance(total, int) and not isinstance(total, bool) else None
        found.append((total, answer))
        if total is None or done(total):
            break
    return found


def conversation_read(stage: Stage) -> Told:
    """Mark a conversation as read and wait for the callback about it."""
    listener = stage.listener()
    conversation = pair(stage, 2, 5)
    reader = conversation.members[1]
    message = stage.say(conversation)
    call = stage.driver.mark_conversation(conversation, reader)
    if call is None:
        raise NotExercised("the vendor has no call that marks a conversation as read")
    stage.must(call)
    callback = listener.wait_for(
        lambda c: c.command == REPORT and c.get("Peer_Account") == conversation.owner, _PATIENCE
    )
    return Told(message, callback)


def answered_badly(stage: Stage) -> tuple[Message, Asked, Asked]:
    """Send and read while the listener answers with errors."""
    listener = stage.listener()
    group = good(stage).group
    refusal = b'{"ActionStatus":"FAIL","ErrorInfo":"no","ErrorCode":1}'
    with listener.answering(500, refusal):
        message = stage.say(group)
        listener.wait_for(lambda c: _names(c, message), 1.0)
    with listener.answering(200, refusal):
        before = asked(stage, stage.ask(group, [message]))
        first = before.receipt(message)
        stage.reads(group.members[1], [message])
        answer = stage.settle(
            group,
            [message],
            lambda found: message.id in found and found[message.id].read != first.read,
        )
    return message, before, asked(stage, answer)
