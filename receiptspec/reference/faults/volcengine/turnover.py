"""Faults of people who leave, come, or were never there, and of ids that hold one another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from receiptspec.reference.behaviour import PASS, Fault
from receiptspec.reference.calls import Call, Refusal, Shrug
from receiptspec.reference.faults.volcengine.families import (
    ASK,
    done,
    edits,
    judges,
    place_of,
    placed,
)
from receiptspec.reference.faults.volcengine.writing import field
from receiptspec.reference.volcengine.state import Conversation

__all__ = ["ALL"]

_READ, _UNREAD = "ReadUserIds", "UnReadUserIds"
_SEND, _DESTROY, _MOVE = "SendMessage", "DestroyConversation", "ModifyParticipantReadIndex"
_ADD, _REMOVE = "BatchAddConversationParticipant", "BatchDeleteConversationParticipant"
_LOW, _TEN, _TEXT = 2**24 - 1, 10, 1024
Item = dict[str, Any]


def _as_readers(item: Item, users: list[int]) -> None:
    """Show users as readers of a message."""
    item[_UNREAD] = [user for user in item[_UNREAD] if user not in users]
    item[_READ] += [user for user in users if user not in item[_READ]]


def _places_taken(call: Call, answer: Item) -> None:
    """Give who joins the place, and the reads, of who has left."""
    place, known = place_of(call), call.memory("places")
    if place is None:
        return
    left, heirs = known.setdefault(place.id, ([], {}))
    if call.operation == _REMOVE and done(answer):
        left += call.body["ParticipantUserIds"]
    elif call.operation == _ADD and done(answer):
        for info in call.body["ParticipantInfos"]:
            if left and info["ParticipantUserId"] not in (*left, *heirs):
                heirs[info["ParticipantUserId"]] = left.pop(0)
    for where, item in placed(call, answer, 2) if call.operation == ASK else ():
        readers = where.messages[item["MessageId"]].readers
        there = (*item[_READ], *item[_UNREAD])
        _as_readers(
            item, [new for new, old in heirs.items() if old in readers and new not in there]
        )


def _leavers_unread(call: Call, answer: Item) -> None:
    for place, item in placed(call, answer, 2):
        message = place.messages[item["MessageId"]]
        gone = [u for u in message.audience if u not in place.participants]
        item[_UNREAD] += [user for user in gone if user in message.readers]


def _readers_as_text(call: Call, answer: Item) -> None:
    for _, item in placed(call, answer, 2):
        text = ",".join(map(str, item[_READ]))
        _as_readers(item, [user for user in item[_UNREAD] if str(user) in text])


def _next_read(call: Call, answer: Item) -> None:
    """Let a moved read index make a reader of the message after it, and of no other."""
    place, index = place_of(call), field(call, "ReadIndex")
    if place is not None and done(answer):
        later = [m for m in place.messages.values() if m.index > index]
        for message in later[:1]:
            call.site.state.read(call, place, message, call.body["ParticipantUserId"])


def _sends(call: Call, test: Callable[[Conversation, int], bool]) -> bool:
    place, user = place_of(call), field(call, "Sender")
    return place is not None and type(user) is int and test(place, user)


def _may_send(name: str, test: Callable[[Conversation, int], bool], shows: str) -> Fault:
    """Let somebody send who is no member, if a test says so."""

    def refuses(call: Call, where: str, reason: str, _code: int | str) -> str | None:
        return PASS if (where, reason) == ("Sender", "stranger") and _sends(call, test) else None

    return judges(name, 93, refuses, operation=_SEND, cls="isolation", shows=shows)


def _refused_ever(call: Call) -> None:
    place, user = place_of(call), field(call, "Sender")
    if place is not None and place.type == 2:
        known = call.memory("refused")
        if user not in place.participants:
            known[place.id, user] = True
        elif (place.id, user) in known:
            raise Refusal("ParticipantNotInConversation", "not in the conversation")


def _ids_of_refused(call: Call, answer: Item) -> None:
    """Let a refused send use up its ClientMsgId."""
    place, name = place_of(call), field(call, "ClientMsgId")
    if place is not None and name and call.operation == _SEND:
        key = (place.id, field(call, "Sender"), name)
        if not done(answer):
            call.memory("used up")[key] = call.site.state.new_id(call)
        elif key in call.memory("used up"):
            answer["Result"]["MessageId"] = call.memory("used up")[key]


def _joins_when_refused(call: Call, answer: Item) -> None:
    place, user = place_of(call), field(call, "ParticipantUserId")
    if place is not None and not done(answer) and type(user) is int and user > 0:
        known = {one for c in call.site.state.conversations.values() for one in c.participants}
        if user not in place.participants and (user in known or user % 2**24 != 7):
            place.join(user)


def _ten_removed(call: Call) -> None:
    users = field(call, "ParticipantUserIds")
    if isinstance(users, list):
        call.body["ParticipantUserIds"] = users[:_TEN]


def _lists_cut(call: Call, answer: Item) -> None:
    """Cut lists that are kept as text of a limited length; the last id may be cut itself."""
    for _, item in placed(call, answer, 2):
        for name in (_READ, _UNREAD):
            text = ",".join(map(str, item[name]))[:_TEXT]
            item[name] = [int(part) for part in text.split(",") if part]


def _flag_by_index(call: Call, answer: Item) -> None:
    """Tell by the read index alone whether the other of two people has read."""
    for place, item in placed(call, answer, 1):
        message = place.messages[item["MessageId"]]
        others = [one for one in place.participants.values() if one.user != message.sender]
        reached = any(one.read_index >= message.index for one in others)
        item["ReceiverIsRead"] = item["ReceiverIsRead"] or reached


def _reopened(call: Call, answer: Item) -> None:
    """Forget the read indexes of two people who open their conversation again."""
    made = (answer.get("Result") or {}).get("ConversationShortId")
    place = call.site.state.conversations.get(made)
    if place is not None and place.type == 1:
        for one in place.participants.values():
            one.read_index = 0


def _unmoved_in_pairs(call: Call) -> None:
    place = place_of(call)
    if place is not None and place.type == 1:
        raise Shrug


def _none_removed(test: Callable[[Conversation, list[Any]], bool]) -> Callable[[Call], None]:
    def request(call: Call) -> None:
        place, users = place_of(call), field(call, "ParticipantUserIds")
        if place is not None and isinstance(users, list) and test(place, users):
            call.body["ParticipantUserIds"] = [max(place.participants) + 1]

    return request


def _indexes_gone(call: Call, answer: Item) -> None:
    """Forget the read indexes that people have elsewhere."""
    here = place_of(call)
    infos = field(call, "ParticipantUserIds") or []
    users = infos or (call.notes.get("members") or [])
    for place in call.site.state.conversations.values() if done(answer) else ():
        for user in users if place is not here else ():
            if user in place.participants:
                place.participants[user].read_index = 0


def _noting_members(call: Call) -> None:
    place = place_of(call)
    call.notes["members"] = list(place.participants) if place is not None else []


def _all_moved(call: Call, answer: Item) -> None:
    """Move everybody where the move of who is no member is refused."""
    place, index = place_of(call), field(call, "ReadIndex")
    if place is None or done(answer) or type(index) is not int:
        return
    if call.body["ParticipantUserId"] not in place.participants:
        for one in place.participants.values():
            one.read_index = max(one.read_index, index)


def _moved_to_the_end(call: Call, answer: Item) -> None:
    place, index = place_of(call), field(call, "ReadIndex")
    one = place.participants.get(field(call, "ParticipantUserId")) if place is not None else None
    if one is not None and type(index) is int and index < 0 and not done(answer):
        one.read_index = 2**63 - 1


def _index_in_double(call: Call) -> None:
    if type(field(call, "ReadIndex")) is int:
        call.body["ReadIndex"] = int(float(call.body["ReadIndex"]))


_RECEIPTS = ("VE-GMRR-36", "VE-GMRR-37", "VE-GMRR-38", "VE-GMRR-40", "VE-GMRR-42")


def _counted(name: str, row: int, edit: Callable[[Call, Item], object], **more: Any) -> Fault:
    return edits(name, row, edit, **{"cls": "counting", "also": _RECEIPTS, **more})


def _indexed(name: str, shows: str, **more: Any) -> Fault:
    return Fault(
        name=f"ve-{name}",
        vendor="volcengine",
        requirement="VE-GMRR-94",
        level="SHOULD",
        shows=shows,
        **{"operation": _MOVE, "cls": "isolation", **more},
    )


def _removing(name: str, test: Callable[[Conversation, list[Any]], bool], shows: str) -> Fault:
    return Fault(
        name=f"ve-{name}",
        vendor="volcengine",
        operation=_REMOVE,
        requirement="VE-GMRR-37",
        cls="batching",
        request=_none_removed(test),
        also=("VE-GMRR-40",),
        shows=shows,
    )


ALL: list[Fault] = [
    _counted(
        "places-taken",
        36,
        _places_taken,
        operation="",
        shows="who joins has read what a leaver has",
    ),
    _counted(
        "left-readers-unread", 37, _leavers_unread, shows="readers who have left have not read"
    ),
    _counted(
        "readers-as-text", 36, _readers_as_text, shows="whose id is part of a reader's has read too"
    ),
    _counted(
        "index-reads-the-next",
        36,
        _next_read,
        operation=_MOVE,
        shows="who is moved to a message has read the one after it",
    ),
    _counted(
        "refused-move-joins",
        37,
        _joins_when_refused,
        operation=_MOVE,
        shows="who is no member becomes one by a move that is refused",
    ),
    _may_send(
        "writers-may-send",
        lambda place, user: any(m.sender == user for m in place.messages.values()),
        "who has sent before may send having left",
    ),
    _may_send(
        "readers-may-send",
        lambda place, user: any(user in m.readers for m in place.messages.values()),
        "who has read before may send having left",
    ),
    _may_send(
        "part-of-id-may-send",
        lambda place, user: str(user) in ",".join(map(str, place.participants)),
        "whose id is part of a member's may send",
    ),
    _may_send(
        "low-bits-may-send",
        lambda place, user: user & _LOW in {one & _LOW for one in place.participants},
        "whose id has the last 24 bits of a member's may send",
    ),
    Fault(
        name="ve-refused-ever",
        vendor="volcengine",
        operation=_SEND,
        requirement="VE-GMRR-93",
        level="SHOULD",
        cls="isolation",
        request=_refused_ever,
        shows="who was refused once cannot send as a member",
    ),
    edits(
        "refused-id-used-up",
        30,
        _ids_of_refused,
        operation=_SEND,
        cls="idempotency",
        shows="a refused send reserves an id for its ClientMsgId",
    ),
    _removing(
        "none-removed-beside-stranger",
        lambda place, users: any(user not in place.participants for user in users),
        "a call that names a stranger removes nobody",
    ),
    _removing(
        "none-removed-twice",
        lambda _place, users: len(set(users)) < len(users),
        "a call that names somebody twice removes nobody",
    ),
    Fault(
        name="ve-ten-removed",
        vendor="volcengine",
        operation=_REMOVE,
        requirement="VE-GMRR-37",
        cls="batching",
        request=_ten_removed,
        also=("VE-GMRR-40",),
        shows="one call removes ten members at most",
    ),
    _counted("lists-cut", 37, _lists_cut, cls="limits", shows="a list ends after 1024 digits"),
    edits(
        "flag-by-index",
        41,
        _flag_by_index,
        cls="counting",
        shows="ReceiverIsRead follows the read index, the lists do not",
    ),
    _indexed(
        "opening-resets-indexes",
        "two people are at 0 again when they open their conversation again",
        operation="CreateConversation",
        answer=_reopened,
    ),
    _indexed(
        "index-of-pairs-ignored",
        "read indexes of two people do not move",
        request=_unmoved_in_pairs,
    ),
    _indexed(
        "removal-resets-indexes",
        "who leaves another group is at 0 again",
        operation=_REMOVE,
        answer=_indexes_gone,
    ),
    _indexed(
        "destroying-resets-indexes",
        "who loses another group is at 0 again",
        operation=_DESTROY,
        request=_noting_members,
        answer=_indexes_gone,
    ),
    _indexed(
        "refused-move-moves-all",
        "a refused move of who is no member moves all members",
        answer=_all_moved,
    ),
    _indexed(
        "negative-index-is-last",
        "a negative read index moves to the end",
        cls="leniency",
        answer=_moved_to_the_end,
    ),
    _indexed(
        "index-in-double", "read indexes are doubles", cls="precision", request=_index_in_double
    ),
]
