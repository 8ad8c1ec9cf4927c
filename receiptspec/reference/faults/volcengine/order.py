"""Faults of what comes second, among many, or once more."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.volcengine.families import asked, edits, place_of, receipts

__all__ = ["ALL"]

_FLAG, _READ, _UNREAD = "ReceiverIsRead", "ReadUserIds", "UnReadUserIds"
_PAGE = 40
Item = dict[str, Any]


def _unread(item: Item) -> None:
    item.update({_FLAG: False, _READ: [], _UNREAD: [*item[_READ], *item[_UNREAD]]})


def _last_read_only(call: Call, answer: Item) -> None:
    """Know of each sender of two only the message that was read last."""
    place = place_of(call)
    if place is None or place.type != 1:
        return
    for item in receipts(answer):
        message = place.messages[item["MessageId"]]
        moments = [
            moment
            for other in place.messages.values()
            if other.sender == message.sender
            for moment in other.readers.values()
        ]
        if moments and max(moments) not in message.readers.values():
            _unread(item)


def _unread_by_recall(call: Call, answer: Item) -> None:
    """Forget who has read what in a conversation of two when one of its messages is recalled."""
    place = place_of(call)
    if "Result" in answer and place is not None and place.type == 1:
        for message in place.messages.values():
            message.readers.clear()


def _unread_beyond_thirty(_call: Call, answer: Item) -> None:
    for item in receipts(answer)[30:]:
        _unread(item)


def _like_the_fortieth(_call: Call, answer: Item) -> None:
    found = receipts(answer)
    for item in found[_PAGE:]:
        item.update({field: found[_PAGE - 1][field] for field in (_FLAG, _READ, _UNREAD)})


def _foreign_among_known(call: Call, answer: Item) -> None:
    """Take in messages of other conversations where one of this conversation is asked for too."""
    place, found = place_of(call), receipts(answer)
    for number in asked(call) if place is not None and found else ():
        for other in call.site.state.conversations.values():
            message = other.messages.get(number)
            if place is not None and message is not None and other is not place:
                unread = [user for user in message.audience if user not in message.readers]
                item = {"MessageId": number, "ConversationShortId": place.id}
                lists = {_READ: list(message.readers), _UNREAD: unread}
                found.append({**item, _FLAG: bool(message.readers), **lists})


def _all_move(call: Call, answer: Item) -> None:
    place = place_of(call)
    if "Result" in answer and place is not None:
        for one in place.participants.values():
            one.read_index = max(one.read_index, call.body["ReadIndex"])


ALL: list[Fault] = [
    edits(
        "index-moves-for-everybody",
        95,
        _all_move,
        operation="ModifyParticipantReadIndex",
        cls="isolation",
        shows="the read index of one participant moves those of all",
    ),
    edits(
        "foreign-among-known",
        25,
        _foreign_among_known,
        cls="isolation",
        shows="beside known messages one of another conversation is answered as this one's",
    ),
    edits(
        "unread-beyond-thirty",
        36,
        _unread_beyond_thirty,
        cls="batching",
        shows="nobody has read what is the thirty-first item or a later one",
        also=("VE-GMRR-37",),
    ),
    edits(
        "all-like-the-fortieth",
        36,
        _like_the_fortieth,
        cls="batching",
        shows="the lists of the fortieth item stand in all behind it",
        also=("VE-GMRR-37",),
    ),
    edits(
        "recall-unreads-in-pairs",
        34,
        _unread_by_recall,
        operation="RecallMessage",
        cls="lifecycle",
        shows="between two people a recall makes all unread",
    ),
    edits(
        "last-read-only-in-pairs",
        34,
        _last_read_only,
        cls="idempotency",
        shows="between two people a read makes the one before unread",
        also=("VE-GMRR-36", "VE-GMRR-37"),
    ),
]
