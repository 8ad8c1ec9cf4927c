"""Faults of what the operations beside the receipts tell and refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.volcengine.families import (
    ASK,
    accepted,
    bytes_of,
    edits,
    miscoded,
    place_of,
    placed,
    refused_if,
    tolerated,
    unread_again,
)

__all__ = ["ALL"]

_LOOK, _MEMBERS, _DESTROY = "GetMessages", "BatchGetConversationParticipant", "DestroyConversation"
_ADD, _REMOVE = "BatchAddConversationParticipant", "BatchDeleteConversationParticipant"
_UNKNOWN = ("ConversationShortId", "unknown")
_SHOWN, _DESCRIBED, _DISMISSED, _PAIR = 103, 104, 105, 106
_INDEX, _PAGE = "IndexInConversation", 20
Item = dict[str, Any]

_NEIGHBOURS = {
    "SendMessage": "messages are sent to",
    _ADD: "members are added to",
    "ModifyParticipantReadIndex": "a read index is moved in",
}


def _shown(answer: Item) -> list[Item]:
    found: list[Item] = (answer.get("Result") or {}).get("Messages") or []
    return found


def _each(change: Callable[[Call, Item], object]) -> Callable[[Call, Item], None]:
    """Change each message that is shown."""

    def edit(call: Call, answer: Item) -> None:
        for item in _shown(answer):
            change(call, item)

    return edit


def _left_out(test: Callable[[Call, Item], bool]) -> Callable[[Call, Item], None]:
    """Show no messages of which a test is true."""

    def edit(call: Call, answer: Item) -> None:
        _shown(answer)[:] = [item for item in _shown(answer) if not test(call, item)]

    return edit


def _message(call: Call, item: Item) -> Any:
    place = place_of(call)
    assert place is not None  # noqa: S101
    return place.messages[item["MessageId"]]


def _people(call: Call) -> Any:
    place = place_of(call)
    return place.participants if place is not None else {}


def _sender_of_first(_: Call, answer: Item) -> None:
    for item in _shown(answer):
        item["Sender"] = _shown(answer)[0]["Sender"]


def _client_id_of_earlier(call: Call, item: Item) -> None:
    place = place_of(call)
    earlier = [m for m in place.messages.values() if m.index < item[_INDEX]] if place else []
    if earlier:
        item["ClientMsgId"] = earlier[-1].client_id


def _twice(_: Call, answer: Item) -> None:
    _shown(answer).extend(_shown(answer)[:1])


def _of_elsewhere(call: Call, answer: Item) -> None:
    there = {item["MessageId"] for item in _shown(answer)}
    for id_ in (call.body or {}).get("MessageIds") or () if "Result" in answer else ():
        for place in call.site.state.conversations.values():
            if id_ in place.messages and id_ not in there:
                sender = place.messages[id_].sender
                answer["Result"]["Messages"].append({"MessageId": id_, "Sender": sender})


def _of_sender(call: Call, item: Item) -> None:
    place = place_of(call)
    own = [m for m in place.messages.values() if m.sender == item["Sender"]] if place else []
    item[_INDEX] = sum(m.index <= item[_INDEX] for m in own)


def _renumbered(call: Call, item: Item) -> None:
    place = place_of(call)
    left = [m for m in place.messages.values() if not m.recalled] if place else []
    item[_INDEX] = sum(m.index <= item[_INDEX] for m in left)


def _in_list(_: Call, answer: Item) -> None:
    for turn, item in enumerate(_shown(answer)):
        item[_INDEX] = turn + 1


def _modulo(call: Call, item: Item) -> None:
    place = place_of(call)
    number = sum(m.index < item[_INDEX] for m in place.messages.values()) if place else 0
    item[_INDEX] = number % _PAGE + 1


def _by_call(call: Call, item: Item) -> None:
    item[_INDEX] = item[_INDEX] * 1000 + call.serial % 900


def _is_of_two(call: Call, _: Item) -> bool:
    place = place_of(call)
    return place is not None and place.type == 1


def _told(answer: Item) -> list[Item]:
    found: list[Item] = (answer.get("Result") or {}).get("Participants") or []
    return found


def _anybody(call: Call, answer: Item) -> None:
    there = {item["ParticipantUserId"] for item in _told(answer)}
    for user in (call.body or {}).get("ParticipantUserIds") or () if _told(answer) else ():
        if user not in there:
            _told(answer).append({"ParticipantUserId": user})


def _who_left(call: Call, answer: Item) -> None:
    gone = call.memory("left for ever")
    if call.operation == _REMOVE and "Result" in answer:
        for user in call.body["ParticipantUserIds"]:
            gone[call.body["ConversationShortId"], user] = True
    asked = (call.body or {}).get("ParticipantUserIds") or ()
    for user in asked if call.operation == _MEMBERS and _told(answer) else ():
        if (call.body["ConversationShortId"], user) in gone:
            _told(answer).append({"ParticipantUserId": user})


def _no_owner(call: Call, answer: Item) -> None:
    place = place_of(call)
    told = [i for i in _told(answer) if place and i["ParticipantUserId"] != place.owner]
    _told(answer)[:] = told


def _all_failed(call: Call, answer: Item) -> None:
    if "Result" in answer:
        answer["Result"]["FailedUserIds"] = [
            info["ParticipantUserId"] for info in call.body["ParticipantInfos"]
        ]


def _looks(name: str, edit: Callable[[Call, Item], object], shows: str) -> Fault:
    return edits(name, _SHOWN, edit, operation=_LOOK, shows=shows)


def _tells(name: str, edit: Callable[[Call, Item], object], shows: str, **more: Any) -> Fault:
    how = {"operation": _MEMBERS, "cls": "roles", **more}
    return edits(name, _DESCRIBED, edit, shows=shows, **how)


def _recalled_elsewhere(call: Call, answer: Item) -> None:
    id_ = (call.body or {}).get("MessageId")
    if answer["ResponseMetadata"].get("Error", {}).get("Code") == "MessageNotFound":
        for place in call.site.state.conversations.values():
            place.messages.pop(id_, None)


def _named_silent(call: Call, answer: Item) -> None:
    """Leave who was added with a name out of all lists."""
    infos = (call.body or {}).get("ParticipantInfos") or () if call.operation == _ADD else ()
    named = call.memory("named")
    for info in infos:
        if isinstance(info, dict) and info.get("NickName"):
            named[call.body.get("ConversationShortId"), info.get("ParticipantUserId")] = True
    for place, item in placed(call, answer, 2) if call.operation == ASK else ():
        for name in ("ReadUserIds", "UnReadUserIds"):
            item[name] = [user for user in item[name] if (place.id, user) not in named]


def _unnamed_unread(call: Call, answer: Item) -> None:
    for place, item in placed(call, answer, 2):
        if not place.messages[item["MessageId"]].client_id:
            unread_again(item)


def _by_stranger(call: Call) -> bool:
    operator = call.body.get("Operator")
    place = place_of(call)
    return place is not None and type(operator) is int and operator not in place.participants


def _same_text(call: Call) -> None:
    body = call.body
    if "ClientMsgId" not in body:
        body["ClientMsgId"] = str(body.get("Content"))


ALL: list[Fault] = [
    *(
        accepted(
            f"unknown-{name.lower()}-accepted",
            47,
            _UNKNOWN,
            operation=name,
            shows=f"{what} a conversation that does not exist",
        )
        for name, what in _NEIGHBOURS.items()
    ),
    *(
        miscoded(
            f"unknown-{name.lower()}-invalid",
            47,
            "InvalidParam",
            _UNKNOWN,
            operation=name,
            shows="InvalidParam for a conversation that does not exist",
        )
        for name in ("SendMessage", _ADD)
    ),
    _looks("shown-sender-of-first", _sender_of_first, "all are by the sender of the first"),
    _looks(
        "shown-without-client-id",
        _each(lambda _, item: item.update(ClientMsgId="")),
        "ClientMsgId is always empty",
    ),
    _looks(
        "shown-client-id-of-earlier",
        _each(_client_id_of_earlier),
        "ClientMsgId is that of the message before",
    ),
    _looks("shown-first-twice", _twice, "the first message comes once more at the end"),
    _looks("shown-of-elsewhere", _of_elsewhere, "messages of other conversations"),
    _looks("shown-index-constant", _each(lambda _, item: item.update({_INDEX: 1})), "always 1"),
    _looks(
        "shown-index-shared",
        _each(lambda _, item: item.update({_INDEX: item[_INDEX] // 10**8})),
        "messages that were sent soon after each other share IndexInConversation",
    ),
    _looks("shown-index-of-sender", _each(_of_sender), "each sender's messages are numbered"),
    _looks("shown-index-in-list", _in_list, "IndexInConversation is the place in the answer"),
    _looks("shown-index-modulo", _each(_modulo), "IndexInConversation begins anew after 20"),
    _looks("shown-index-of-call", _each(_by_call), "another IndexInConversation in every answer"),
    _looks("shown-index-renumbered", _each(_renumbered), "a recall moves what came after it"),
    _looks(
        "shown-unless-sender-left",
        _left_out(lambda call, item: item["Sender"] not in _people(call)),
        "no messages of who has left",
    ),
    _looks(
        "shown-unless-read",
        _left_out(lambda call, item: bool(_message(call, item).readers)),
        "no messages that somebody has read",
    ),
    _looks("shown-in-groups-alone", _left_out(_is_of_two), "no messages between two people"),
    _looks(
        "shown-content-escaped",
        _each(lambda _, item: item.update(Content=item["Content"].replace('"', "&quot;"))),
        "&quot; for each quote in Content",
    ),
    _tells("anybody-described", _anybody, "whoever is asked for is a member"),
    _tells("leavers-described", _who_left, "who has left is still a member", operation=""),
    _tells("owner-not-described", _no_owner, "its owner is no member of a group"),
    _tells(
        "twenty-described",
        lambda _, answer: _told(answer).__delitem__(slice(_PAGE, None)),
        "the first twenty members alone",
        cls="limits",
    ),
    _tells(
        "all-additions-failed", _all_failed, "who was added is listed as failed", operation=_ADD
    ),
    tolerated(
        "anybody-destroys",
        _DISMISSED,
        ("OwnerUserId", "stranger"),
        operation=_DESTROY,
        cls="roles",
        shows="whoever asks destroys a group",
    ),
    tolerated(
        "pairs-destroyed",
        _DISMISSED,
        ("ConversationShortId", "single"),
        operation=_DESTROY,
        cls="roles",
        shows="conversations of two people are destroyed",
    ),
    miscoded(
        "pair-alone-is-invalid",
        _PAIR,
        "InvalidParam",
        ("OtherUserId", "missing"),
        operation="CreateConversation",
        shows="InvalidParam without OtherUserId",
    ),
    tolerated(
        "pair-alone",
        _PAIR,
        ("OtherUserId", "missing"),
        operation="CreateConversation",
        shows="one person has a conversation of two with user 0",
    ),
    edits(
        "foreign-recall-takes",
        30,
        _recalled_elsewhere,
        operation="RecallMessage",
        cls="isolation",
        shows="a refused recall in another conversation takes a message",
    ),
    edits(
        "named-members-unlisted",
        37,
        _named_silent,
        operation="",
        cls="roles",
        shows="who was added with a NickName is in no list",
        also=("VE-GMRR-36", "VE-GMRR-40"),
    ),
    edits(
        "unnamed-stay-unread",
        36,
        _unnamed_unread,
        cls="counting",
        shows="nobody has read a message without ClientMsgId",
        also=("VE-GMRR-37",),
    ),
    Fault(
        name="ve-same-text-is-one-message",
        vendor="volcengine",
        operation="SendMessage",
        requirement="VE-GMRR-93a",
        level="SHOULD",
        request=_same_text,
        cls="idempotency",
        shows="the same text without ClientMsgId is one message",
    ),
    refused_if(
        "operators-are-members",
        102,
        "ParticipantNotInConversation",
        _by_stranger,
        operation=_ADD,
        shows="an Operator who is no member is refused",
    ),
    bytes_of(
        "shown-control-raw",
        101,
        lambda body: body.replace(b"\\u0001", b"\1"),
        operation=_LOOK,
        also=("VE-GMRR-103",),
        shows="a control character of Content as it is",
    ),
    bytes_of(
        "shown-content-cut",
        101,
        lambda body: body.replace("中文中文中文中文中文".encode(), "中文中".encode()[:-1]),
        operation=_LOOK,
        also=("VE-GMRR-103",),
        shows="Content is cut within a character",
    ),
]
