"""Faults of what is asked seldom: the other side, crowds, other actions."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.volcengine.families import (
    edits,
    place_of,
    placed,
    tolerated,
    unread_again,
)

__all__ = ["ALL"]

_FLAG, _READ, _UNREAD = "ReceiverIsRead", "ReadUserIds", "UnReadUserIds"
_WRONG = ("Signature", "wrong")
_AUTH: dict[str, Any] = {"cls": "authentication"}
Item = dict[str, Any]


def _flag_of_other_user(call: Call, answer: Item) -> None:
    """Take the one who did not open a conversation of two for the receiver of every message."""
    for place, item in placed(call, answer, 1):
        if place.messages[item["MessageId"]].sender != place.owner:
            item[_FLAG] = False


def _owner_for_sender(call: Call, answer: Item) -> None:
    """Take the owner for the sender of every message of a group."""
    for place, item in placed(call, answer, 2):
        sender = place.messages[item["MessageId"]].sender
        if sender != place.owner:
            for name in (_READ, _UNREAD):
                item[name] = [user for user in item[name] if user != place.owner]
            item[_UNREAD].append(sender)


def _pair_without_place(call: Call, answer: Item) -> None:
    """Give conversations of two no id of their own."""
    for _, item in placed(call, answer, 1):
        item["ConversationShortId"] = 0


def _earlier_of_two(call: Call, answer: Item) -> None:
    """Let a read in a conversation of two count for all earlier messages of that sender."""
    for place, item in placed(call, answer, 1):
        message = place.messages[item["MessageId"]]
        later = [
            other
            for other in place.messages.values()
            if other.sender == message.sender and other.index > message.index and other.readers
        ]
        if later:
            item.update({_FLAG: True, _READ: [*item[_READ], *item[_UNREAD]], _UNREAD: []})


def _own_as_well(call: Call, answer: Item) -> None:
    """Take what a reader has sent before as read by the other of the two."""
    for place, item in placed(call, answer, 1):
        message = place.messages[item["MessageId"]]
        if any(message.sender in other.readers for other in place.messages.values()):
            item.update({_FLAG: True, _READ: [*item[_READ], *item[_UNREAD]], _UNREAD: []})


def _joining_resets(call: Call, answer: Item) -> None:
    place = place_of(call)
    if "Result" in answer and place is not None:
        for message in place.messages.values():
            message.readers.clear()


def _dated_unread(call: Call, answer: Item) -> None:
    """Show what was sent with a time of whole seconds as unread."""
    for place, item in placed(call, answer, 2):
        if place.messages[item["MessageId"]].created % 1000 == 0:
            unread_again(item)


def _foreign_unread(call: Call, answer: Item) -> None:
    for place, item in placed(call, answer, 2):
        if not place.messages[item["MessageId"]].content.isascii():
            unread_again(item)


def _without_tampering(call: Call) -> bool:
    return "RsTampered" in call.query


ALL: list[Fault] = [
    edits(
        "flag-of-the-other-user",
        34,
        _flag_of_other_user,
        cls="roles",
        shows="ReceiverIsRead false for what the other of the two has sent",
        also=("VE-GMRR-41",),
    ),
    edits(
        "dated-unread",
        36,
        _dated_unread,
        cls="rare-trigger",
        shows="messages with a CreateTime in whole seconds are never read",
        also=("VE-GMRR-37",),
    ),
    edits(
        "other-letters-unread",
        36,
        _foreign_unread,
        cls="rare-trigger",
        shows="messages whose text is no ASCII are never read",
        also=("VE-GMRR-37",),
    ),
    edits(
        "owner-taken-for-sender",
        37,
        _owner_for_sender,
        cls="roles",
        shows="the owner is in no list, whoever sends",
        also=("VE-GMRR-36", "VE-GMRR-39", "VE-GMRR-40"),
    ),
    edits(
        "read-of-earlier-in-pairs",
        34,
        _earlier_of_two,
        cls="isolation",
        shows="between two people a read counts for earlier messages",
        also=("VE-GMRR-36", "VE-GMRR-37"),
    ),
    edits(
        "read-of-own-in-pairs",
        34,
        _own_as_well,
        cls="isolation",
        shows="what a reader has sent counts as read",
        also=("VE-GMRR-36", "VE-GMRR-37"),
    ),
    edits(
        "joining-resets",
        42,
        _joining_resets,
        operation="BatchAddConversationParticipant",
        cls="lifecycle",
        shows="all is unread when somebody joins",
    ),
    edits(
        "pairs-are-conversation-zero",
        25,
        _pair_without_place,
        cls="isolation",
        shows="ConversationShortId 0 for two people",
    ),
    tolerated(
        "forged-sending",
        71,
        _WRONG,
        operation="SendMessage",
        **_AUTH,
        shows="messages are sent under any signature",
    ),
    tolerated(
        "forged-moving",
        71,
        _WRONG,
        operation="ModifyParticipantReadIndex",
        **_AUTH,
        shows="read indexes are moved under any signature",
    ),
    tolerated(
        "forged-destroying",
        71,
        _WRONG,
        operation="DestroyConversation",
        **_AUTH,
        shows="groups are destroyed under any signature",
    ),
    tolerated(
        "query-not-signed",
        "VE-GMRR-83a",
        _WRONG,
        when=_without_tampering,
        **_AUTH,
        shows="more parameters than the signed ones are taken",
    ),
]
