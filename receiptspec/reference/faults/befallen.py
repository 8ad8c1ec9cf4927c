"""Faults of the lists of messages that something has befallen: counts are right, lists are not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import DETAIL, READ, edits, group_of, succeeded
from receiptspec.reference.store import Group, Message

__all__ = ["ALL"]

_REMOVE = "delete_group_member"
_MEETINGS = ("ChatRoom", "Meeting")
_LISTS = ("ReadList", "UnreadList")
_SHOULD: dict[str, Any] = {"operation": DETAIL, "level": "SHOULD", "cls": "lifecycle"}
_Test = Callable[[Group, Message], bool]


def _asked_for(call: Call) -> tuple[Group, Message] | None:
    """Return the group and the message that a question for a list names."""
    group = group_of(call) if isinstance(call.body, dict) else None
    message = group.messages.get(call.body.get("MsgSeq")) if group is not None else None
    return (group, message) if group is not None and message is not None else None


def _emptied(key: str, test: _Test) -> Callable[[Call, dict[str, Any]], None]:
    """Return an edit that shows nobody in a list of certain messages."""

    def edit(call: Call, answer: dict[str, Any]) -> None:
        found = _asked_for(call)
        if succeeded(answer) and answer.get(key) and found is not None and test(*found):
            answer.update({key: [], "IsFinish": 1, "Cursor": "0"})

    return edit


def _has_recalled(group: Group, _: Message) -> bool:
    return any(message.recalled for message in group.messages.values())


def _of_member(group: Group, message: Message) -> bool:
    return message.sender in group.members and message.sender != group.owner


def _of_stranger(group: Group, message: Message) -> bool:
    return message.sender not in group.members


def _newest_instead(call: Call) -> None:
    """Ask for the newest message where there are three or more."""
    found = _asked_for(call)
    if found is not None and len(found[0].messages) > 2:
        asked = [m for m in found[0].messages.values() if m.receipt and not m.recalled]
        if asked and found[1].receipt and not found[1].recalled:
            call.notes["asked"], call.body["MsgSeq"] = found[1].seq, asked[-1].seq


def _under_its_name(call: Call, answer: dict[str, Any]) -> None:
    if "asked" in call.notes and succeeded(answer):
        answer["MsgSeq"] = call.notes["asked"]


def _only_there(call: Call, answer: dict[str, Any]) -> None:
    """List as readers only who is still a member, whoever is counted."""
    found = _asked_for(call) if call.operation == DETAIL else None
    if found is not None and succeeded(answer) and "ReadList" in answer:
        there = [i for i in answer["ReadList"] if i["Read_Account"] in found[0].members]
        answer["ReadList"] = there


def _only_from_the_start(call: Call, answer: dict[str, Any]) -> None:
    """List as others only who was there when the message was sent, whoever is counted."""
    found = _asked_for(call) if call.operation == DETAIL else None
    if found is not None and succeeded(answer) and "UnreadList" in answer:
        old = [i for i in answer["UnreadList"] if i["Unread_Account"] in found[1].audience]
        answer["UnreadList"] = old


def _next_page_short(call: Call, answer: dict[str, Any]) -> None:
    group = group_of(call)
    if succeeded(answer) and group is not None and group.type in _MEETINGS:
        for key in _LISTS if call.body.get("Cursor") else ():
            if answer.get(key):
                answer[key] = answer[key][1:]


def _crossed(call: Call, answer: dict[str, Any]) -> None:
    """Answer with the list that another connection has got of the same group just now."""
    if not succeeded(answer):
        return
    key = next((key for key in _LISTS if key in answer), "")
    theirs = call.meanwhile(f"list {call.body['GroupId']} {key}", dict(answer), 0.05)
    if theirs is not None:
        answer.update({name: theirs[name] for name in (key, "IsFinish", "Cursor")})


def _gone_for_good(call: Call, answer: dict[str, Any]) -> None:
    """Let nobody who has once left a meeting count again."""
    group = group_of(call)
    if not succeeded(answer) or group is None or group.type not in _MEETINGS:
        return
    if call.operation == _REMOVE:
        for user in call.body["MemberToDel_Account"]:
            call.memory("gone")[group.id, user] = True
    elif call.operation == READ and (group.id, call.body["From_Account"]) in call.memory("gone"):
        for item in call.body["MsgSeqList"]:
            if item["MsgSeq"] in group.messages:
                group.messages[item["MsgSeq"]].readers.pop(call.body["From_Account"], None)


ALL: list[Fault] = [
    edits(
        "no-readers-beside-recalled",
        "TC-GMD-12",
        _emptied("ReadList", _has_recalled),
        shows="ReadList is empty once a message of the group is recalled",
        also=("TC-GMD-14",),
        **_SHOULD,
    ),
    edits(
        "no-readers-of-members",
        "TC-GMD-12",
        _emptied("ReadList", _of_member),
        shows="ReadList of what a member sent is empty",
        also=("TC-GMD-14",),
        **_SHOULD,
    ),
    edits(
        "nobody-waits-for-strangers",
        "TC-GMD-12",
        _emptied("UnreadList", _of_stranger),
        shows="UnreadList of what no member sent is empty",
        also=("TC-GMD-14",),
        **_SHOULD,
    ),
    edits(
        "older-lists-are-the-newest",
        "TC-GMD-12",
        _under_its_name,
        request=_newest_instead,
        shows="an older of three messages has the lists of the newest",
        also=("TC-GMD-08", "TC-GMD-14"),
        **_SHOULD,
    ),
    edits(
        "leavers-counted-not-listed",
        "TC-GMD-14",
        _only_there,
        knobs={"leavers_count": True},
        shows="who has read and left is counted and not listed",
        **{**_SHOULD, "operation": ""},
    ),
    edits(
        "joiners-counted-not-listed",
        "TC-GMD-14",
        _only_from_the_start,
        knobs={"joiners_count": True},
        shows="who came later is counted and not listed",
        **{**_SHOULD, "operation": ""},
    ),
    edits(
        "pages-in-meetings-lose-one",
        "TC-GMD-32",
        _next_page_short,
        operation=DETAIL,
        cls="paging",
        shows="pages after the first lack their first member in meeting groups",
    ),
    edits(
        "lists-crossed",
        "TC-GMD-12",
        _crossed,
        shows="one list is answered with another asked for at the same time",
        **{**_SHOULD, "cls": "rare-trigger"},
    ),
    edits(
        "back-in-meetings-unheard",
        "TC-GMR-27",
        _gone_for_good,
        cls="lifecycle",
        shows="who left a meeting group and came back reads in vain",
    ),
]
