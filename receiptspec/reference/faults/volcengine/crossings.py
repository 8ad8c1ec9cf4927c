"""Faults that show where one person reads in several conversations, and more than once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.volcengine.families import (
    ASK,
    asked,
    bends,
    edits,
    place_of,
    placed,
    receipts,
    tolerated,
    unread_again,
)
from receiptspec.reference.faults.volcengine.writing import field
from receiptspec.reference.volcengine.state import Conversation, Message

__all__ = ["ALL"]

_READ, _UNREAD, _FLAG = "ReadUserIds", "UnReadUserIds", "ReceiverIsRead"
_ADD, _REMOVE = "BatchAddConversationParticipant", "BatchDeleteConversationParticipant"
_HOOK = "hook.read"
_MOST, _TEXT = 24, 10001
_SECOND = 1000
Item = dict[str, Any]


def _elsewhere(call: Call, place: Conversation, user: int) -> Iterator[float]:
    """Yield when a user has read in other pairs."""
    for other in call.site.state.conversations.values():
        if other.type == place.type and other is not place:
            for message in other.messages.values():
                if user in message.readers:
                    yield message.readers[user]


def _leaked(call: Call, answer: Item) -> None:
    for place, item in placed(call, answer, 1):
        turned = [u for u in item[_UNREAD] if any(_elsewhere(call, place, u))]
        item[_READ] += turned
        item[_UNREAD] = [user for user in item[_UNREAD] if user not in turned]
        item[_FLAG] = item[_FLAG] or bool(turned)


def _one_pair_each(call: Call, answer: Item) -> None:
    for place, item in placed(call, answer, 1):
        readers = place.messages[item["MessageId"]].readers
        late = [u for u in item[_READ] if max(_elsewhere(call, place, u), default=0) > readers[u]]
        if late:
            unread_again(item, *late)


def _with_others(call: Call, answer: Item, others: list[Message]) -> None:
    """Put items of messages that were not asked for behind those of an answer."""
    place, found = place_of(call), receipts(answer)
    for message in others if place is not None and found else ():
        if message.id not in asked(call):
            read, unread = call.site.state.split(call, place, message)
            lists = {_READ: read, _UNREAD: unread, _FLAG: bool(read)}
            found.append({**found[0], "MessageId": message.id, **lists})


def _with_newest(call: Call, answer: Item) -> None:
    place = place_of(call)
    if place is not None and place.type == 1 and len(asked(call)) == 1:
        _with_others(call, answer, [*place.messages.values()][-1:])


def _with_recalled(call: Call, answer: Item) -> None:
    place = place_of(call)
    if place is not None:
        _with_others(call, answer, [m for m in place.messages.values() if m.recalled])


def _few_of_many(call: Call, answer: Item) -> None:
    for _, item in placed(call, answer, 2):
        item[_READ] = item[_READ][:_MOST]


def _noting(call: Call) -> None:
    place, users = place_of(call), call.body.get("ParticipantUserIds")
    if call.operation == _REMOVE and place is not None and isinstance(users, list):
        for user in users:
            call.memory("left at")[place.id, user] = place.newest


def _back_and_waiting(call: Call, answer: Item) -> None:
    for place, item in placed(call, answer, 2) if call.operation == ASK else ():
        message = place.messages[item["MessageId"]]
        since = call.memory("left at").get((place.id, message.sender), 0)
        if message.index <= since and message.sender in place.participants:
            item[_UNREAD].append(message.sender)


def _added_everywhere(call: Call, answer: Item) -> None:
    place = place_of(call)
    if place is None or "Error" in answer["ResponseMetadata"]:
        return
    for other in call.site.state.conversations.values():
        if other.type == place.type and other.owner == place.owner:
            for user in place.participants:
                other.join(user) if user not in other.participants else None


def _sums(call: Call, answer: Item) -> None:
    """Answer with an older pair whose ids have the same sum."""
    made, pairs = answer.get("Result") or {}, call.site.state.conversations
    own = pairs.get(made.get("ConversationShortId"))
    for place in pairs.values() if own is not None and own.type == 1 else ():
        if place.type == 1 and sum(place.participants) == sum(own.participants):
            made |= {"ConversationShortId": place.id, "Exist": made["Exist"] or place is not own}
            return


def _client_ids_gone(call: Call) -> None:
    place = place_of(call)
    if place is not None:
        place.by_client_id.clear()


def _short_memory(call: Call) -> None:
    place, now = place_of(call), outside.now() * 1000
    if place is not None:
        fresh = {k: m for k, m in place.by_client_id.items() if now - m.created <= _SECOND}
        place.by_client_id = fresh


_WRITING: dict[str, Any] = {"cls": "idempotency"}
_RATHER: dict[str, Any] = {"cls": "isolation"}

ALL: list[Fault] = [
    edits(
        "pair-read-reads-pairs",
        34,
        _leaked,
        **_RATHER,
        shows="who reads what one person has sent has read what all others have",
        also=("VE-GMRR-36", "VE-GMRR-37"),
    ),
    edits(
        "pair-read-unreads-pairs",
        34,
        _one_pair_each,
        **_RATHER,
        shows="who reads what one person has sent has not read what others have",
        also=("VE-GMRR-36", "VE-GMRR-37", "VE-GMRR-42"),
    ),
    edits(
        "pair-newest-unasked",
        24,
        _with_newest,
        cls="batching",
        shows="beside the one message of a pair that is asked for there is the newest",
    ),
    edits(
        "recalled-unasked",
        24,
        _with_recalled,
        cls="batching",
        shows="recalled messages are in every answer",
    ),
    bends(
        "reread-forgets-others",
        36,
        {"ve_rereads": "others"},
        operation=_HOOK,
        cls="idempotency",
        shows="who reads again is the only reader",
        also=("VE-GMRR-37",),
    ),
    bends(
        "third-read-unreads",
        36,
        {"ve_rereads": "reader"},
        operation=_HOOK,
        cls="idempotency",
        shows="who reads a third time has not read",
        also=("VE-GMRR-34", "VE-GMRR-37"),
    ),
    bends(
        "reads-at-once-lost",
        36,
        {"ve_reads_apart": 0.004},
        operation=_HOOK,
        cls="timing",
        shows="of several who read at the same time one is a reader",
        also=("VE-GMRR-37",),
    ),
    edits(
        "two-dozen-readers-at-most",
        36,
        _few_of_many,
        cls="limits",
        shows="ReadUserIds never has more than 24, and the others are in no list",
        also=("VE-GMRR-40",),
    ),
    edits(
        "sender-back-waits",
        39,
        _back_and_waiting,
        operation="",
        request=_noting,
        cls="lifecycle",
        shows="a sender who has left and come back has not read the own message",
    ),
    edits(
        "added-to-all-groups",
        37,
        _added_everywhere,
        operation=_ADD,
        **_RATHER,
        shows="who is added to a group is added to all of its owner",
        also=("VE-GMRR-40",),
    ),
    edits(
        "pairs-by-sum",
        92,
        _sums,
        operation="CreateConversation",
        **_RATHER,
        shows="two pairs whose ids have the same sum are one",
        also=("VE-GMRR-30", "VE-GMRR-34", "VE-GMRR-36", "VE-GMRR-37"),
    ),
    tolerated(
        "position-back-to-none",
        94,
        ("ReadIndex", "backwards"),
        operation="ModifyParticipantReadIndex",
        when=lambda call: field(call, "ReadIndex") == 0,
        cls="idempotency",
        shows="a read index of 0 takes back all",
    ),
    tolerated(
        "strangers-send-kinds",
        93,
        ("Sender", "stranger"),
        operation="SendMessage",
        when=lambda call: field(call, "MsgType") != _TEXT,
        cls="leniency",
        shows="who is no member sends all but texts",
    ),
    Fault(
        name="ve-joining-forgets-client-ids",
        vendor="volcengine",
        operation=_ADD,
        requirement="VE-GMRR-93a",
        level="SHOULD",
        request=_client_ids_gone,
        **_WRITING,
        shows="the same ClientMsgId makes another message when somebody has joined",
    ),
    Fault(
        name="ve-client-ids-for-a-second",
        vendor="volcengine",
        operation="SendMessage",
        requirement="VE-GMRR-93a",
        level="SHOULD",
        request=_short_memory,
        **_WRITING,
        shows="the same ClientMsgId makes another message a second later",
    ),
]
