"""Faults of lists of ids, of who stands in lists, and of what is said once more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.volcengine.families import (
    asked,
    bends,
    edits,
    place_of,
    placed,
    receipts,
    without,
)
from receiptspec.reference.volcengine.state import Conversation

__all__ = ["ALL"]

_READ, _UNREAD = "ReadUserIds", "UnReadUserIds"
_ROUND = (10, 16, 20, 32, 50, 64)
_DOUBLE, _LARGE = 2**53, 2**62
_AT_ONCE = 0.05  # seconds
Item = dict[str, Any]


def _shifted(test: Callable[[Call], bool]) -> Callable[[Call, Item], None]:
    """Give each item the lists of the one before it, where a test says so."""

    def change(call: Call, answer: Item) -> None:
        found = receipts(answer)
        if not test(call):
            return
        lists = [(item[_READ], item[_UNREAD]) for item in found]
        for item, (read, unread) in zip(found, [*lists[-1:], *lists[:-1]], strict=True):
            item.update({_READ: read, _UNREAD: unread})

    return change


def _numbers(call: Call) -> bool:
    return all(type(number) is int for number in asked(call))


def _twice(call: Call) -> bool:
    return _numbers(call) and len(set(asked(call))) < len(asked(call))


def _unsorted(call: Call) -> bool:
    ids = asked(call)
    return _numbers(call) and len(ids) == 3 and ids not in (sorted(ids), sorted(ids, reverse=True))


def _last_of_round_lists(_call: Call, answer: Item) -> None:
    if len(receipts(answer)) in _ROUND:
        without(answer, [receipts(answer)[-1]["MessageId"]])


def _first_again(_call: Call, answer: Item) -> None:
    found = receipts(answer)
    if len(found) > 4:
        found.append(dict(found[0]))


def _cut(field: str, size: int) -> Callable[[Call, Item], None]:
    """Lose the last of a list that has one size."""

    def change(_call: Call, answer: Item) -> None:
        for item in receipts(answer):
            if len(item[field]) == size:
                item[field] = item[field][:-1]

    return change


def _left_out(test: Callable[[int], bool]) -> Callable[[Call, Item], None]:
    def change(_call: Call, answer: Item) -> None:
        for item in receipts(answer):
            for field in (_READ, _UNREAD):
                item[field] = [user for user in item[field] if not test(user)]

    return change


def _forgets(test: Callable[[Call, Conversation], bool]) -> Callable[[Call], None]:
    """Know nothing of the ClientMsgId of a message that is to be sent, where a test says so."""

    def change(call: Call) -> None:
        place = place_of(call)
        if place is not None and test(call, place):
            place.by_client_id.pop((call.body.get("Sender"), call.body.get("ClientMsgId")), None)

    return change


def _not_among_newest(call: Call, place: Conversation) -> bool:
    mark = (call.body.get("Sender"), call.body.get("ClientMsgId"))
    known = place.by_client_id.get(mark)
    return known is not None and known.id not in [*place.messages][-3:]


def _at_once(call: Call, place: Conversation) -> bool:
    mark = (place.id, call.body.get("Sender"), call.body.get("ClientMsgId"))
    return bool(call.meanwhile(f"sent {mark}", within=_AT_ONCE))


def _just_opened(call: Call) -> bool:
    """Whether the first conversation of a pair was opened just now over another connection."""
    people = call.body.get("OwnerUserId"), call.body.get("OtherUserId")
    if None in people:
        return False
    now, own = outside.ticks(), call.incoming.connection
    moment, connection = call.memory("opened").setdefault(frozenset(people), (now, own))
    return bool(connection != own and now - moment < _AT_ONCE)


def _like_a_uuid(call: Call, _: Conversation) -> bool:
    name = call.body.get("ClientMsgId")
    return isinstance(name, str) and len(name) == 36 and name.count("-") == 4


def _there_already(kind: int) -> Callable[[Call, Item], None]:
    def change(call: Call, answer: Item) -> None:
        core = call.body.get("ConversationCoreInfo") if isinstance(call.body, dict) else None
        if "Result" in answer and isinstance(core, dict) and core.get("ConversationType") == kind:
            answer["Result"]["Exist"] = True

    return change


def _nothing_beside_unknown(call: Call, answer: Item) -> None:
    if 0 < len([*placed(call, answer, 1)]) < len(asked(call)):
        without(answer, [item["MessageId"] for item in receipts(answer)])


def _foreign_ones_too(call: Call, answer: Item) -> None:
    place = place_of(call)
    if place is None or place.type != 1:
        return
    for number in asked(call) if receipts(answer) else ():
        for other in call.site.state.conversations.values():
            message = other.messages.get(number) if type(number) is int else None
            if other is not place and message is not None:
                read, unread = call.site.state.split(call, other, message)
                item = {"MessageId": number, "ConversationShortId": place.id}
                flag = {"ReceiverIsRead": bool(read), _READ: read, _UNREAD: unread}
                receipts(answer).append({**item, **flag})


_AGAIN: dict[str, Any] = {"operation": "SendMessage", "cls": "idempotency"}
_ANY: dict[str, Any] = {"operation": ""}
_COUNTING: dict[str, Any] = {"cls": "counting"}


def _again(name: str, test: Callable[[Call, Conversation], bool], shows: str) -> Fault:
    return Fault(
        name=f"ve-{name}",
        vendor="volcengine",
        requirement="VE-GMRR-93a",
        level="SHOULD",
        request=_forgets(test),
        shows=shows,
        **_AGAIN,
    )


ALL: list[Fault] = [
    edits(
        "repeated-id-shifts-lists",
        36,
        _shifted(_twice),
        cls="batching",
        shows="lists of another message where one is named twice",
    ),
    edits(
        "unsorted-ids-shift-lists",
        36,
        _shifted(_unsorted),
        cls="batching",
        shows="lists of another message where ids are in no order",
    ),
    edits(
        "round-lists-lose-last",
        30,
        _last_of_round_lists,
        cls="batching",
        shows="no item for the last of 10, 16, 20, 32, 50 or 64 messages",
    ),
    edits(
        "sixteen-lose-one",
        37,
        _cut(_UNREAD, 16),
        **_COUNTING,
        shows="15 of 16 who have not read",
    ),
    edits(
        "five-lose-one",
        36,
        _cut(_READ, 5),
        **_COUNTING,
        shows="four of five who have read",
    ),
    edits(
        "small-users-unlisted",
        37,
        _left_out(lambda user: user < _DOUBLE),
        cls="precision",
        shows="users below 2^53 are in no list",
    ),
    edits(
        "large-users-unlisted",
        37,
        _left_out(lambda user: user >= _LARGE),
        cls="precision",
        shows="users from 2^62 on are in no list",
    ),
    bends(
        "own-read-listed",
        39,
        {"ve_own_reads": "listed"},
        **_ANY,
        shows="a sender who reads the own message is a reader",
    ),
    bends(
        "own-read-closes",
        36,
        {"ve_own_reads": "closed"},
        also=("VE-GMRR-37",),
        **_ANY,
        shows="after a sender's own read nobody else becomes a reader",
    ),
    bends(
        "own-read-turns-flag",
        34,
        {"ve_own_reads": "turned"},
        **_ANY,
        shows="a sender's own read is taken for the other's",
    ),
    _again(
        "client-ids-of-newest-alone",
        _not_among_newest,
        shows="a message sent again after three others is a new one",
    ),
    _again(
        "client-ids-forgotten-in-pairs",
        lambda _, place: place.type == 1,
        shows="a message sent again to one person is a new one",
    ),
    _again(
        "client-ids-of-owner-alone",
        lambda call, place: call.body.get("Sender") != place.owner,
        shows="a message that another than the owner sends again is a new one",
    ),
    _again(
        "client-ids-raced",
        _at_once,
        shows="a message sent twice at once becomes two",
    ),
    bends(
        "pairs-raced",
        92,
        {"ve_pair_reused": False},
        when=_just_opened,
        operation="CreateConversation",
        cls="timing",
        shows="two people who open their first conversation at once have two",
    ),
    _again(
        "client-ids-like-uuids-unknown",
        _like_a_uuid,
        shows="a message sent again under a UUID is a new one",
    ),
    edits(
        "new-groups-exist",
        92,
        _there_already(2),
        operation="CreateConversation",
        cls="idempotency",
        shows="Exist for a new group",
    ),
    edits(
        "new-pairs-exist",
        92,
        _there_already(1),
        operation="CreateConversation",
        cls="idempotency",
        shows="Exist for two people who have had no conversation",
    ),
    edits(
        "first-item-again",
        30,
        _first_again,
        cls="batching",
        shows="the first item of more than four stands at the end again",
    ),
    edits(
        "unknown-id-empties-pairs",
        30,
        _nothing_beside_unknown,
        cls="batching",
        shows="no item beside an unknown id, where two people talk",
    ),
    edits(
        "foreign-message-in-pair",
        25,
        _foreign_ones_too,
        cls="isolation",
        shows="messages of groups as those of two people",
    ),
]
