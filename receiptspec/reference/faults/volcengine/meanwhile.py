"""Faults of groups of some sizes, of some messages, and of what goes on beside a receipt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import PASS, Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.volcengine.families import (
    ASK,
    asked,
    edits,
    judges,
    place_of,
    placed,
    receipts,
    unread_again,
    without,
)
from receiptspec.reference.volcengine.state import Conversation, Message

__all__ = ["ALL"]

_READ, _UNREAD = "ReadUserIds", "UnReadUserIds"
_SEND, _LOOK, _DESTROY = "SendMessage", "GetMessages", "DestroyConversation"
_ADD, _REMOVE = "BatchAddConversationParticipant", "BatchDeleteConversationParticipant"
_MEMBERS = "BatchGetConversationParticipant"
_KEPT, _MANY, _LARGE, _LONG = 2.0, 40, 20, 1000
_MEDIA = (10004, 10005, 10006)
Item = dict[str, Any]


def _unread_where(test: Callable[[Conversation, Message], bool]) -> Callable[[Call, Item], None]:
    """Show messages of groups as unread where a test says so."""

    def change(call: Call, answer: Item) -> None:
        for place, item in placed(call, answer, 2):
            if test(place, place.messages[item["MessageId"]]):
                unread_again(item)

    return change


def _without_where(test: Callable[[Conversation, Message], bool]) -> Callable[[Call, Item], None]:
    """Leave messages of groups out where a test says so."""

    def change(call: Call, answer: Item) -> None:
        gone = [
            item["MessageId"]
            for place, item in placed(call, answer, 2)
            if test(place, place.messages[item["MessageId"]])
        ]
        without(answer, gone)

    return change


def _nobody_of_two(call: Call, answer: Item) -> None:
    for place, item in placed(call, answer, 2):
        if len(place.participants) == 2:
            item.update({_READ: [], _UNREAD: []})


def _one_item_where_large(call: Call, answer: Item) -> None:
    place = place_of(call)
    if place is not None and len(place.participants) > _LARGE:
        without(answer, [item["MessageId"] for item in receipts(answer)[1:]])


def _noting_mentions(call: Call, answer: Item) -> None:
    users = call.body.get("MentionedUsers") if isinstance(call.body, dict) else None
    if call.operation == _SEND and "Result" in answer and isinstance(users, list) and users:
        call.memory("mentioned")[answer["Result"]["MessageId"]] = set(users)


def _mentioned_alone_read(call: Call, answer: Item) -> None:
    _noting_mentions(call, answer)
    for _, item in placed(call, answer, 2) if call.operation == ASK else ():
        mentioned = call.memory("mentioned").get(item["MessageId"])
        others = [u for u in item[_READ] if mentioned is not None and u not in mentioned]
        if others:
            unread_again(item, *others)


def _mentioned_senders(call: Call, answer: Item) -> None:
    _noting_mentions(call, answer)
    for place, item in placed(call, answer, 2) if call.operation == ASK else ():
        sender = place.messages[item["MessageId"]].sender
        if sender in call.memory("mentioned").get(item["MessageId"], ()):
            item[_UNREAD].append(sender)


def _where_live(test: Callable[[Call], bool]) -> Any:
    def refuses(call: Call, where: str, reason: str, _code: int | str) -> str | None:
        live = (where, reason) == ("ConversationShortId", "live")
        return PASS if live and test(call) else None

    return refuses


def _several_there(call: Call) -> bool:
    place = place_of(call)
    return place is not None and len(place.participants) > 1


def _own_reads_forgotten(call: Call) -> None:
    place = place_of(call)
    for message in place.messages.values() if place is not None and place.type == 2 else ():
        message.readers.pop(call.body.get("Sender"), None)


def _looked_at_unread(call: Call) -> None:
    place = place_of(call)
    for message in place.messages.values() if place is not None else ():
        if message.id in asked(call):
            message.readers.clear()


def _again_unread(call: Call) -> None:
    place = place_of(call)
    key = (call.body.get("Sender"), call.body.get("ClientMsgId"))
    if place is not None and key in place.by_client_id:
        place.by_client_id[key].readers.clear()


def _asked_for_alone(call: Call, answer: Item) -> None:
    """List nobody but the members that were last asked for."""
    known, place = call.memory("members"), place_of(call)
    if place is not None and call.operation in (_ADD, _REMOVE):
        known.pop(place.id, None)
    elif place is not None and call.operation == _MEMBERS:
        known[place.id] = call.body["ParticipantUserIds"]
    for where, item in placed(call, answer, 2) if call.operation == ASK else ():
        for name in (_READ, _UNREAD):
            item[name] = [user for user in item[name] if user in known.get(where.id, [user])]


def _elsewhere_forgotten(call: Call) -> None:
    """Forget in other groups the reads of who leaves, or loses, this one."""
    here = place_of(call)
    if here is None:
        return
    users = call.body.get("ParticipantUserIds", here.participants)
    for place in call.site.state.conversations.values():
        for message in place.messages.values() if place is not here and place.type == 2 else ():
            for user in users:
                message.readers.pop(user, None)


def _first_removed(call: Call) -> None:
    if isinstance(call.body.get("ParticipantUserIds"), list):
        call.body["ParticipantUserIds"] = call.body["ParticipantUserIds"][:1]


def _known_alone_added(call: Call) -> None:
    """Add nobody new by a call that names somebody who is there."""
    place, infos = place_of(call), call.body.get("ParticipantInfos")
    if place is not None and isinstance(infos, list):
        there = [info for info in infos if info.get("ParticipantUserId") in place.participants]
        call.body["ParticipantInfos"] = there or infos


def _refusal_unreads(call: Call, answer: Item) -> None:
    place = place_of(call)
    if place is not None and place.type == 2 and "Error" in answer["ResponseMetadata"]:
        for message in place.messages.values():
            message.readers.clear()


def _before_recalled(place: Conversation, message: Message) -> bool:
    *_, before, newest = [None, *place.messages.values()]
    return message is before and newest is not None and newest.recalled


def _of_member_and_old(place: Conversation, message: Message) -> bool:
    old = any(outside.ticks() - at > _KEPT for at in message.readers.values())
    return old and message.sender != place.owner


def _members_by_number(call: Call, answer: Item) -> None:
    """Keep the list of members until there are more or fewer of them."""
    for place, item in placed(call, answer, 2):
        kept = call.memory("listed").get(place.id, ())
        if len(kept) != len(place.participants):
            kept = call.memory("listed")[place.id] = [*place.participants]
        sender = place.messages[item["MessageId"]].sender
        item[_UNREAD] = [user for user in kept if user != sender and user not in item[_READ]]


_BOTH = ("VE-GMRR-36", "VE-GMRR-37", "VE-GMRR-40", "VE-GMRR-42")
_RARE: dict[str, Any] = {"cls": "rare-trigger", "also": _BOTH}


def _requests(
    name: str, row: int, operation: str, request: Callable[[Call], None], **more: Any
) -> Fault:
    return Fault(
        name=f"ve-{name}",
        vendor="volcengine",
        operation=operation,
        requirement=f"VE-GMRR-{row}",
        request=request,
        **more,
    )


_SIZES_AND_KINDS = [
    edits("groups-of-two-empty", 37, _nobody_of_two, **_RARE, shows="no lists in groups of two"),
    edits(
        "groups-of-two-unread",
        36,
        _unread_where(lambda place, _: len(place.participants) == 2),
        **_RARE,
        shows="nobody reads in a group of two",
    ),
    edits(
        "groups-of-forty-unread",
        36,
        _unread_where(lambda place, _: len(place.participants) > _MANY),
        cls="limits",
        also=_BOTH,
        shows="nobody reads in a group of more than forty",
    ),
    edits(
        "large-groups-one-item",
        30,
        _one_item_where_large,
        cls="batching",
        shows="one item where a group has more than twenty members",
    ),
    edits(
        "media-unread",
        36,
        _unread_where(lambda _, message: message.type in _MEDIA),
        **_RARE,
        shows="videos, files and audios are never read",
    ),
    edits(
        "media-without-items",
        30,
        _without_where(lambda _, message: message.type in _MEDIA),
        cls="counting",
        shows="videos, files and audios have no item",
    ),
    edits(
        "mentioned-alone-read",
        36,
        _mentioned_alone_read,
        operation="",
        **_RARE,
        shows="a message that mentions somebody is read by nobody else",
    ),
    edits(
        "mentioned-senders-listed",
        39,
        _mentioned_senders,
        operation="",
        cls="rare-trigger",
        shows="a sender who mentions himself is in UnReadUserIds",
    ),
    edits(
        "long-texts-without-items",
        30,
        _without_where(lambda _, message: len(message.content) > _LONG),
        cls="limits",
        shows="messages of more than a thousand characters have no item",
    ),
    judges(
        "several-in-live-groups",
        33,
        _where_live(lambda call: len(asked(call)) > 1),
        shows="two messages of a live group are answered",
    ),
    judges(
        "live-groups-with-members",
        33,
        _where_live(_several_there),
        shows="live groups with members are answered",
    ),
]

_BESIDE = [
    _requests(
        "sending-unreads",
        36,
        _SEND,
        _own_reads_forgotten,
        **_RARE,
        shows="who sends has read nothing in the group any more",
    ),
    _requests(
        "looking-unreads", 36, _LOOK, _looked_at_unread, **_RARE, shows="GetMessages takes reads"
    ),
    _requests(
        "sending-again-unreads",
        36,
        _SEND,
        _again_unread,
        cls="idempotency",
        also=_BOTH,
        shows="nobody has read a message any more that is sent again",
    ),
    edits(
        "members-asked-for-alone-listed",
        40,
        _asked_for_alone,
        operation="",
        cls="isolation",
        also=_BOTH,
        shows="after some members were asked for the lists name no others",
    ),
    _requests(
        "dismissing-unreads-elsewhere",
        36,
        _DESTROY,
        _elsewhere_forgotten,
        cls="isolation",
        also=_BOTH,
        shows="who loses one group has read nothing in any other",
    ),
    _requests(
        "leaving-unreads-elsewhere",
        36,
        _REMOVE,
        _elsewhere_forgotten,
        cls="isolation",
        also=_BOTH,
        shows="who leaves one group has read nothing in any other",
    ),
    _requests(
        "first-alone-removed",
        37,
        _REMOVE,
        _first_removed,
        cls="batching",
        also=(*_BOTH, "VE-GMRR-93"),
        shows="of several members one call removes the first",
    ),
    _requests(
        "known-alone-added",
        37,
        _ADD,
        _known_alone_added,
        cls="batching",
        also=_BOTH,
        shows="a call that names a member adds nobody",
    ),
    edits(
        "refused-sending-unreads",
        36,
        _refusal_unreads,
        operation=_SEND,
        **_RARE,
        shows="nobody has read any more when somebody is refused to send",
    ),
    edits(
        "senders-gone-unread",
        36,
        _unread_where(lambda place, message: message.sender not in place.participants),
        **_RARE,
        shows="what somebody has sent who left is read by nobody",
    ),
    edits(
        "none-before-recalled",
        30,
        _without_where(_before_recalled),
        cls="rare-trigger",
        shows="no item for the newest message but one when the newest is recalled",
    ),
    edits(
        "messages-of-members-forget-reads",
        42,
        _unread_where(_of_member_and_old),
        cls="timing",
        waits=True,
        shows="a read of another's than the owner's message is forgotten after two seconds",
    ),
    edits(
        "members-kept-by-number",
        37,
        _members_by_number,
        cls="timing",
        also=_BOTH,
        shows="as many members as before are taken for the same",
    ),
]

ALL: list[Fault] = [*_SIZES_AND_KINDS, *_BESIDE]
