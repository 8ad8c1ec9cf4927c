"""Conversations and their participants: creating, joining, leaving, destroying."""

from __future__ import annotations

from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.calls import Call
from receiptspec.reference.volcengine.fields import INT64, Fields
from receiptspec.reference.volcengine.site import Site
from receiptspec.reference.volcengine.state import GROUP, LIVE, SINGLE, Conversation, Participant

__all__ = [
    "batch_add_conversation_participant",
    "batch_delete_conversation_participant",
    "batch_get_conversation_participant",
    "create_conversation",
    "destroy_conversation",
]

_TEXTS = ("Name", "AvatarUrl", "Description", "Notice")


def create_conversation(site: Site, call: Call, fields: Fields) -> dict[str, Any]:
    """Create a conversation; the same pair, or the same IdempotentId, gets the same again."""
    core = fields.part("ConversationCoreInfo")
    kind = core.choice("ConversationType", (SINGLE, GROUP, LIVE))
    about = {name: core.text(name) for name in _TEXTS} | {"Ext": core.ext()}
    owner = fields.long("OwnerUserId")
    other = fields.long("OtherUserId", required=False, default=-1)
    inbox = fields.long("InboxType", required=False)
    idempotent = fields.text("IdempotentId")
    site.enter(fields)
    if kind == SINGLE and other < 0:
        code = "CreateSingleConversationNeedOtherParticipantId"
        call.refuse("OtherUserId", "missing", code, "OtherUserId: needed for one-to-one")
    mark = _mark(call, kind, owner, other, inbox, idempotent)
    known = site.state.conversations.get(site.state.marks.get(mark, 0)) if mark else None
    if known is not None:
        return _created(site, known, exist=True)
    number = site.state.new_id(call)
    conversation = Conversation(number, kind, owner, about, int(outside.now()), inbox)
    if kind == SINGLE or call.knob("ve_owner_joins"):
        conversation.join(owner, role=0 if kind == SINGLE else 1)
    if kind == SINGLE:
        conversation.join(max(other, 0))
    site.state.conversations[number] = conversation
    if mark:
        site.state.marks[mark] = number
    return _created(site, conversation, exist=False)


def _mark(
    call: Call, kind: int, owner: int, other: int, inbox: int, idempotent: str
) -> tuple[Any, ...]:
    """Return what makes a repetition the same conversation, or nothing."""
    if idempotent:
        return ("id", kind, inbox, idempotent)
    if kind == SINGLE and call.knob("ve_pair_reused"):
        return ("pair", inbox, *sorted((owner, other)))
    return ()


def _created(site: Site, conversation: Conversation, *, exist: bool) -> dict[str, Any]:
    about = {
        "AppId": site.app,
        "ConversationShortId": conversation.id,
        "ConversationId": str(conversation.id),
        "ConversationType": conversation.type,
        "InboxType": conversation.inbox,
        **conversation.core,
        "CreateTime": conversation.created,
        "ModifyTime": conversation.created,
        "CreatorUserId": conversation.owner,
        "OwnerUserId": conversation.owner,
        "MemberCount": len(conversation.participants),
        "Status": 0,
    }
    return {
        "ConversationInfo": about,
        "ConversationId": str(conversation.id),
        "ConversationShortId": conversation.id,
        "Exist": exist,
    }


def batch_add_conversation_participant(site: Site, call: Call, fields: Fields) -> dict[str, Any]:
    """Add participants; who is one already is described anew."""
    fields.long("Operator", required=False)
    wanted: dict[int, dict[str, Any]] = {}
    for info in fields.parts("ParticipantInfos"):
        wanted[info.long("ParticipantUserId", low=1)] = {
            "level": info.long("Level", required=False),
            "nick": info.text("NickName"),
            "role": info.choice("Role", (0, 1, 2), default=0),
            "ext": info.ext(),
            "read_index": info.long("ReadIndex", required=False),
        }
    conversation = _changeable(site, call, fields)
    new = [user for user in wanted if user not in conversation.participants]
    limit = call.knob("ve_members_limit")
    if conversation.type == GROUP and len(conversation.participants) + len(new) > limit:
        code = "ConversationParticipantsMoreThanLimit"
        call.refuse("ParticipantInfos", "too-many", code, "the group would be too large")
    for user, about in wanted.items():
        if call.knob("ve_added_again_is_new"):
            conversation.forget(user)
        if call.knob("ve_joiners_start_here") and user in new:
            about["read_index"] = about["read_index"] or conversation.index()
        conversation.join(user, **about)
    return {"FailedUserIds": []}


def batch_delete_conversation_participant(site: Site, call: Call, fields: Fields) -> dict[str, Any]:
    """Remove participants; who was none is listed as failed."""
    fields.long("Operator", required=False)
    users = fields.longs("ParticipantUserIds", low=0)
    conversation = _changeable(site, call, fields)
    failed = [user for user in users if conversation.participants.pop(user, None) is None]
    return {"FailedUserIds": failed}


def _changeable(site: Site, call: Call, fields: Fields) -> Conversation:
    conversation = site.conversation(fields)
    if conversation.type == SINGLE:
        info = "one-to-one conversations have two participants"
        call.refuse("ConversationShortId", "single", "SingleConversationNotSupport", info)
    return conversation


def batch_get_conversation_participant(site: Site, _call: Call, fields: Fields) -> dict[str, Any]:
    """Describe participants; who is none is left out."""
    users = fields.longs("ParticipantUserIds", low=-INT64 - 1)
    conversation = site.conversation(fields)
    people = (conversation.participants.get(user) for user in users)
    return {"Participants": [_described(conversation, one) for one in people if one is not None]}


def _described(conversation: Conversation, one: Participant) -> dict[str, Any]:
    return {
        "ConversationShortId": conversation.id,
        "ParticipantUserId": one.user,
        "Operator": conversation.owner,
        "Role": one.role,
        "Level": one.level,
        "NickName": one.nick,
        "Ext": one.ext,
        "CreateTime": one.joined,
        "BlockTime": 0,
        "Status": 0,
    }


def destroy_conversation(site: Site, call: Call, fields: Fields) -> dict[str, Any]:
    """End a conversation; only its owner may, where one is named."""
    owner = fields.long("OwnerUserId", required=False, default=-1)
    conversation = _changeable(site, call, fields)
    if owner >= 0 and owner != conversation.owner:
        info = "only the owner destroys a conversation"
        call.refuse("OwnerUserId", "stranger", "OnlyOwnerCanOperator", info)
    if not call.knob("ve_destroyed_kept"):
        del site.state.conversations[conversation.id]
    return {}
