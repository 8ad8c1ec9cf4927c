"""What the target calls while messages are sent and read."""

from __future__ import annotations

from dataclasses import dataclass

from receiptspec.errors import NotExercised
from receiptspec.neutral import Message
from receiptspec.scenes.direct import pair
from receiptspec.scenes.groups import Asked, asked, good
from receiptspec.stage import Stage
from receiptspec.webhooks import Callback

__all__ = ["Told", "answered_badly", "conversation_read", "direct_read", "group_read", "sent"]

_PATIENCE = 3.0
GROUP = "Group.CallbackAfterReadReceipt"
REPORT = "C2C.CallbackAfterMsgReport"
DIRECT = "C2C.CallbackAfterMsgReadReceipt"


@dataclass(frozen=True, slots=True)
class Told:
    """A message, the callback about it if one came, and the counts asked for afterwards."""

    message: Message
    callback: Callback | None
    counts: Asked | None = None


def _names(callback: Callback, message: Message) -> bool:
    items = callback.get("GroupMsgReceiptList")
    listed = [item.get("MsgSeq") for item in items or () if isinstance(item, dict)]
    return callback.get("GroupId") == message.conversation.id and message.id in listed


def sent(stage: Stage) -> Told:
    """Send a message that asks for a receipt and wait for the callback about it."""
    listener = stage.listener()
    message = stage.say(good(stage).group)
    callback = listener.wait_for(lambda c: c.command == GROUP and _names(c, message), _PATIENCE)
    return Told(message, callback, asked(stage, stage.ask(message.conversation, [message])))


def group_read(stage: Stage) -> Told:
    """Read a group message on behalf of a member and wait for a callback that counts it."""
    told = stage.scene(sent)
    message = told.message

    def counts(callback: Callback) -> bool:
        items = callback.get("GroupMsgReceiptList") or ()
        return _names(callback, message) and any(
            isinstance(item, dict) and item.get("MsgSeq") == message.id and item.get("ReadNum")
            for item in items
        )

    stage.reads(message.conversation.members[1], [message])
    callback = stage.listener().wait_for(counts, 1.0)
    return Told(message, callback, asked(stage, stage.ask(message.conversation, [message])))


def direct_read(stage: Stage) -> Told:
    """Read a one-to-one message and wait for a callback about it."""
    listener = stage.listener()
    conversation = pair(stage, 4, 5)
    message = stage.say(conversation)
    stage.reads(conversation.members[1], [message])
    return Told(message, listener.wait_for(lambda c: c.command == DIRECT, 1.0))


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
