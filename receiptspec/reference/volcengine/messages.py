"""Messages: sending, looking up, recalling."""

from __future__ import annotations

from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.calls import Call, Shrug
from receiptspec.reference.volcengine.fields import INT64, Fields
from receiptspec.reference.volcengine.site import Site
from receiptspec.reference.volcengine.state import Conversation, Message

__all__ = ["get_messages", "recall_message", "send_message"]

_TYPES = (10001, 10003, 10004, 10005, 10006, 10012)
_VISIBLE, _RECALLED = 0, 1


def send_message(site: Site, call: Call, fields: Fields) -> dict[str, Any]:
    """Send a message as a participant; a repeated ClientMsgId is the same message."""
    sender = fields.long("Sender")
    kind = fields.choice("MsgType", _TYPES)
    content = fields.text("Content", required=True)
    for name in ("MentionedUsers", "VisibleUsers", "InvisibleUsers"):
        fields.longs(name, required=False, empty=True)
    client_id = fields.text("ClientMsgId")
    created = fields.long("CreateTime", required=False) or int(outside.now() * 1_000)
    ext = fields.ext()
    conversation = site.conversation(fields)
    if sender not in conversation.participants:
        info = "the sender is not in the conversation"
        call.refuse("Sender", "stranger", "ParticipantNotInConversation", info)
    mark = client_id.lower() if call.knob("ve_client_ids_any_case") else client_id
    earlier = conversation.by_client_id.get((sender, mark))
    if client_id and earlier is not None and call.knob("ve_client_ids"):
        return {"MessageId": earlier.id}
    number = site.state.new_message(call, conversation)
    audience = _audience(fields, conversation, sender)
    message = Message(
        number, conversation.index(), sender, kind, content, created, client_id, ext, audience
    )
    conversation.messages[number] = message
    conversation.by_client_id[sender, mark] = message
    return {"MessageId": number}


def _audience(fields: Fields, conversation: Conversation, sender: int) -> dict[int, int]:
    """Return those that a new message waits for, with their join order."""
    visible = fields.longs("VisibleUsers", required=False, empty=True)
    invisible = fields.longs("InvisibleUsers", required=False, empty=True)
    return {
        one.user: one.order
        for one in conversation.participants.values()
        if one.user != sender and one.user not in invisible and (not visible or one.user in visible)
    }


def get_messages(site: Site, _call: Call, fields: Fields) -> dict[str, Any]:
    """Show messages; unknown ones are left out."""
    ids = fields.longs("MessageIds")
    conversation = site.conversation(fields)
    found = (conversation.messages.get(number) for number in ids)
    return {"Messages": [_shown(site, conversation, m) for m in found if m is not None]}


def _shown(site: Site, conversation: Conversation, message: Message) -> dict[str, Any]:
    return {
        "AppId": site.app,
        "ConversationShortId": conversation.id,
        "ConversationType": conversation.type,
        "MessageId": message.id,
        "IndexInConversation": message.index,
        "ClientMsgId": message.client_id,
        "Sender": message.sender,
        "MsgType": message.type,
        "Content": message.content,
        "CreateTime": message.created,
        "Status": _RECALLED if message.recalled else _VISIBLE,
        "Ext": message.ext,
    }


def recall_message(site: Site, call: Call, fields: Fields) -> dict[str, Any]:
    """Recall a message."""
    number = fields.long("MessageId", low=-INT64 - 1)
    user = fields.long("ParticipantUserId", required=False, default=-1)
    conversation = site.conversation(fields)
    if user >= 0 and user not in conversation.participants:
        info = "the user is not in the conversation"
        call.refuse("ParticipantUserId", "stranger", "ParticipantNotInConversation", info)
    message = conversation.messages.get(number)
    if message is None:
        call.refuse("MessageId", "unknown", "MessageNotFound", "the message does not exist")
        raise Shrug
    message.recalled = True
    return {}
