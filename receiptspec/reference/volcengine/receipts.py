"""GetMessagesReadReceipt, and the two actions of the read index, which is something else."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.calls import Call
from receiptspec.reference.volcengine.fields import INVALID, Fields
from receiptspec.reference.volcengine.site import Site
from receiptspec.reference.volcengine.state import LIVE, SINGLE, Conversation, Message

__all__ = [
    "get_messages_read_receipt",
    "get_participant_read_index",
    "modify_participant_read_index",
    "read_messages",
]


def get_messages_read_receipt(site: Site, call: Call, fields: Fields) -> dict[str, Any]:
    """Say who has read messages and who has not; unknown messages are left out."""
    ids = fields.longs("MessageIds")
    conversation = site.conversation(fields)
    if conversation.type == LIVE:
        info = "live groups have no receipts"
        call.refuse("ConversationShortId", "live", "LiveConversationNotSupport", info)
    most = call.knob("ve_most_ids")
    if most is not None and len(ids) > most:
        call.refuse("MessageIds", "too-many", INVALID, "MessageIds: too many")
    items = []
    for number in _arranged(call, ids):
        message = site.state.message(call, conversation, number)
        if message is None:
            if call.knob("ve_unknown") == "refused":
                call.refuse("MessageIds", "unknown", "MessageNotFound", "no such message")
            continue
        if message.recalled and call.knob("ve_recalled") == "refused":
            call.refuse("MessageIds", "recalled", "MessageNotFound", "the message was recalled")
        if not message.recalled or call.knob("ve_recalled") != "omitted":
            items.append(_item(site, call, conversation, number, message))
    return {"ReadReceipt": items}


def _arranged(call: Call, ids: list[int]) -> list[int]:
    found = list(dict.fromkeys(ids)) if call.knob("ve_duplicates") == "once" else list(ids)
    order = call.knob("ve_order")
    if order == "sorted":
        return sorted(found)
    return found[::-1] if order == "reversed" else found


def _item(
    site: Site, call: Call, conversation: Conversation, number: int, message: Message
) -> dict[str, Any]:
    late = call.knob("ve_late_fields")
    flagged, read, unread = (
        site.state.split(call, conversation, message, late.get(name, 0.0))[list_]
        for name, list_ in (("ReceiverIsRead", 0), ("ReadUserIds", 0), ("UnReadUserIds", 1))
    )
    item = {
        "MessageId": number,
        "ConversationShortId": conversation.id,
        "ReceiverIsRead": _flag(call, conversation, message, flagged),
        "ReadUserIds": read,
        "UnReadUserIds": unread,
    }
    if call.knob("ve_list_order") == "reversed":
        item |= {"ReadUserIds": read[::-1], "UnReadUserIds": unread[::-1]}
    if call.knob("asking_reads"):
        for user in unread:
            site.state.read(call, conversation, message, user)
    return item


def _flag(call: Call, conversation: Conversation, message: Message, read: list[int]) -> bool:
    """Tell whether the other party has read; in groups that means nothing and is false."""
    others = [user for user in read if user != message.sender]
    if conversation.type == SINGLE or call.knob("ve_group_flag") == "any":
        return bool(others)
    return bool(call.knob("ve_group_flag") == "true")


def modify_participant_read_index(site: Site, call: Call, fields: Fields) -> dict[str, Any]:
    """Move a participant's read index forward; receipts stay as they are."""
    user = fields.long("ParticipantUserId", low=1)
    index = fields.long("ReadIndex")
    conversation = site.conversation(fields)
    participant = conversation.participants.get(user)
    if participant is None:
        info = "the user is not in the conversation"
        call.refuse("ParticipantUserId", "stranger", "ParticipantNotInConversation", info)
        return {}
    if index <= participant.read_index:
        call.refuse("ReadIndex", "backwards", INVALID, "ReadIndex: only forward")
    participant.read_index = index
    if call.knob("ve_index_reads"):
        for message in conversation.messages.values():
            if message.index <= index:
                site.state.read(call, conversation, message, user)
    return {}


def get_participant_read_index(site: Site, _call: Call, fields: Fields) -> dict[str, Any]:
    """List the read indexes; who has none is not listed, which means 0."""
    people = site.conversation(fields).participants.values()
    return {
        "ReadIndexes": [
            {"ParticipantUserId": one.user, "ReadIndex": one.read_index}
            for one in people
            if one.read_index
        ]
    }


def read_messages(
    site: Site, call: Call, conversation: Conversation, ids: list[int], user: int
) -> int:
    """Let a user read messages; return how many waited for that user."""
    most = call.knob("ve_pair_reads_at_once")
    if most is not None and conversation.type == SINGLE:
        ids = ids[-most:]
    found = (conversation.messages.get(number) for number in ids)
    done = [site.state.read(call, conversation, m, user) for m in found if m is not None]
    return sum(done)
