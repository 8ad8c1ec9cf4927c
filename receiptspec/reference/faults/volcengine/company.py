"""Faults of who sends beside others, of comings and goings, of pairs that are opened again."""

from __future__ import annotations

from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.volcengine.families import (
    ASK,
    edits,
    noting_leavers,
    place_of,
    placed,
    receipts,
    without,
)

__all__ = ["ALL"]

_FLAG, _READ, _UNREAD = "ReceiverIsRead", "ReadUserIds", "UnReadUserIds"
_SEND, _MAKE, _RECALL = "SendMessage", "CreateConversation", "RecallMessage"
_ADD, _REMOVE = "BatchAddConversationParticipant", "BatchDeleteConversationParticipant"
_KEPT, _MOST, _TEXT = 2.0, 8, 10001
_LOW = 2**32 - 1
Item = dict[str, Any]


def _old_ones_gone(call: Call, answer: Item) -> None:
    seen, now = call.memory("seen"), outside.ticks()
    for item in receipts(answer):
        seen.setdefault(item["MessageId"], now)
    without(answer, [id_ for id_, first in seen.items() if now - first > _KEPT])


def _twins_read(call: Call, answer: Item) -> None:
    """Tell readers by the last 32 bits of their ids."""
    for _, item in placed(call, answer, 2):
        low = {user & _LOW for user in item[_READ]}
        twins = [user for user in item[_UNREAD] if user & _LOW in low]
        item[_READ] += twins
        item[_UNREAD] = [user for user in item[_UNREAD] if user not in twins]


def _few_readers(call: Call, answer: Item) -> None:
    for _, item in placed(call, answer, 2):
        item[_READ] = item[_READ][:_MOST]


def _sender_of_newest(call: Call, answer: Item) -> None:
    """Leave the sender of the newest message out of the lists of every message."""
    for place, item in placed(call, answer, 2):
        own = place.messages[item["MessageId"]].sender
        newest = max(place.messages.values(), key=lambda message: message.index).sender
        if newest != own:
            for name in (_READ, _UNREAD):
                item[name] = [user for user in item[name] if user != newest]
            item[_UNREAD].append(own)


def _nobody_is_null(call: Call, answer: Item) -> None:
    for place, item in placed(call, answer, 2):
        if len(place.participants) == 1:
            item.update({_READ: None, _UNREAD: None})


def _leavers_wait(call: Call, answer: Item) -> None:
    for place, item in placed(call, answer, 2) if call.operation == ASK else ():
        gone = [user for where, user in call.memory("left") if where == place.id]
        there = {*item[_READ], *item[_UNREAD]}
        item[_UNREAD] += [u for u in gone if u not in there and u not in place.participants]


def _leaving_forgets(call: Call) -> None:
    """Forget all reads of a group when somebody leaves who has read."""
    place, users = place_of(call), call.body.get("ParticipantUserIds")
    if place is not None and isinstance(users, list):
        for message in place.messages.values():
            if any(user in message.readers for user in users):
                message.readers.clear()


def _by_position(call: Call, answer: Item) -> None:
    """Tell readers by the places that they had among the members when they read."""
    at = call.memory("places")
    for place, item in placed(call, answer, 2):
        people = [*place.participants]
        known = at.setdefault(item["MessageId"], {})
        for user in item[_READ]:
            known.setdefault(user, people.index(user))
        marked = {people[n] for user, n in known.items() if n < len(people)}
        everybody = [user for user in people if user in (*item[_READ], *item[_UNREAD])]
        item[_READ] = [user for user in everybody if user in marked]
        item[_UNREAD] = [user for user in everybody if user not in marked]


def _noting_additions(call: Call) -> None:
    place, infos = place_of(call), call.body.get("ParticipantInfos")
    if call.operation == _ADD and place is not None and isinstance(infos, list):
        for info in infos:
            user = info.get("ParticipantUserId") if isinstance(info, dict) else None
            if user in place.participants:
                call.memory("twice")[place.id, user] = True


def _added_again_twice(call: Call, answer: Item) -> None:
    for place, item in placed(call, answer, 2) if call.operation == ASK else ():
        for name in (_READ, _UNREAD):
            again = [u for u in item[name] if (place.id, u) in call.memory("twice")]
            item[name] += again


def _shifted_behind_recalled(call: Call, answer: Item) -> None:
    """Give each message behind a recalled one the lists of the one before it."""
    place, found = place_of(call), receipts(answer)
    if place is None:
        return
    lists = [(item[_READ], item[_UNREAD]) for item in found]
    recalled = [place.messages[item["MessageId"]].recalled for item in found]
    for turn in range(1, len(found)):
        if any(recalled[:turn]):
            found[turn][_READ], found[turn][_UNREAD] = lists[turn - 1]


def _recall_unreads(call: Call, answer: Item) -> None:
    """Forget all reads of a group when a message is recalled once more."""
    place, id_ = place_of(call), call.body.get("MessageId")
    times = call.memory("recalls")
    times[id_] = times.get(id_, 0) + 1
    if place is not None and "Result" in answer and times[id_] > 1:
        for message in place.messages.values():
            message.readers.clear()


def _texts_alone(call: Call, answer: Item) -> None:
    place = place_of(call)
    if place is not None:
        ids = [item["MessageId"] for item in receipts(answer)]
        without(answer, [id_ for id_ in ids if place.messages[id_].type != _TEXT])


def _newest_thirty(call: Call, answer: Item) -> None:
    for place, item in placed(call, answer, 2):
        for user in list(item[_READ]):
            read = [m.index for m in place.messages.values() if user in m.readers]
            if sum(i > place.messages[item["MessageId"]].index for i in read) >= 30:
                item[_READ].remove(user)
                item[_UNREAD].append(user)


def _crossed(call: Call, answer: Item) -> None:
    """Answer with what another connection was answered just now."""
    mine = (answer.get("Result") or {}).get("ReadReceipt")
    theirs = call.meanwhile("said", mine) if mine is not None else None
    if theirs is not None:
        answer["Result"]["ReadReceipt"] = theirs


def _low_bits(call: Call) -> None:
    id_ = call.body.get("ConversationShortId") if isinstance(call.body, dict) else None
    if type(id_) is int and id_ > 2**63:
        call.body["ConversationShortId"] = id_ & (2**64 - 1)


_LISTS = ("VE-GMRR-36", "VE-GMRR-37")

ALL: list[Fault] = [
    edits(
        "messages-expire",
        30,
        _old_ones_gone,
        cls="timing",
        waits=True,
        shows="no item for a message two seconds after it was first asked for",
    ),
    edits(
        "readers-by-low-bits",
        36,
        _twins_read,
        cls="precision",
        shows="who has read is told by the last 32 bits of an id",
        also=("VE-GMRR-37",),
    ),
    edits(
        "eight-readers-at-most",
        36,
        _few_readers,
        cls="limits",
        shows="ReadUserIds never has more than eight",
        also=("VE-GMRR-40",),
    ),
    edits(
        "sender-of-newest-left-out",
        37,
        _sender_of_newest,
        cls="roles",
        shows="the sender of the newest message is in no list of any",
        also=("VE-GMRR-36", "VE-GMRR-39", "VE-GMRR-40"),
    ),
    edits(
        "nobody-is-null",
        29,
        _nobody_is_null,
        cls="shape",
        shows="null for the lists in a group of one",
        also=("VE-GMRR-27", "VE-GMRR-28"),
    ),
    edits(
        "leavers-still-wait",
        37,
        _leavers_wait,
        operation="",
        request=noting_leavers,
        cls="lifecycle",
        shows="who left before a message is in its UnReadUserIds",
        also=("VE-GMRR-40",),
    ),
    Fault(
        name="ve-leaving-reader-unreads",
        vendor="volcengine",
        operation=_REMOVE,
        requirement="VE-GMRR-36",
        request=_leaving_forgets,
        cls="lifecycle",
        shows="nobody has read any more when a reader leaves",
        also=("VE-GMRR-37",),
    ),
    edits(
        "readers-by-position",
        36,
        _by_position,
        cls="lifecycle",
        shows="when an earlier member leaves, somebody else has read",
        also=("VE-GMRR-37",),
    ),
    edits(
        "added-again-listed-twice",
        38,
        _added_again_twice,
        operation="",
        request=_noting_additions,
        cls="idempotency",
        shows="who is added again is named twice",
    ),
    edits(
        "lists-shift-behind-recalled",
        36,
        _shifted_behind_recalled,
        cls="batching",
        shows="behind a recalled message each has the lists of the one before",
        also=("VE-GMRR-37",),
    ),
    edits(
        "second-recall-unreads",
        36,
        _recall_unreads,
        operation=_RECALL,
        cls="idempotency",
        shows="nobody has read any more when a message is recalled again",
        also=("VE-GMRR-37",),
    ),
    edits(
        "texts-alone-have-receipts",
        30,
        _texts_alone,
        cls="counting",
        shows="messages that are no text have no item",
    ),
    edits(
        "thirty-reads-kept",
        36,
        _newest_thirty,
        cls="limits",
        shows="of each reader the newest thirty reads are kept",
        also=("VE-GMRR-37",),
    ),
    edits(
        "answers-crossed",
        24,
        _crossed,
        cls="isolation",
        shows="of two questions at the same time the one gets the other's answer",
        also=("VE-GMRR-25",),
    ),
    Fault(
        name="ve-conversation-keeps-64-bits",
        vendor="volcengine",
        operation=ASK,
        requirement="VE-GMRR-25",
        request=_low_bits,
        cls="precision",
        shows="a conversation beyond 2^64 is answered as the one its last 64 bits name",
    ),
]
