"""Faults of who leaves and comes back, or comes without a word."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import ASK, DETAIL, edits, group_of, succeeded
from receiptspec.reference.store import Group

__all__ = ["ALL"]

_ADD, _REMOVE, _SEND = "add_group_member", "delete_group_member", "send_group_msg"
_READ = "group_msg_receipt"


def _twice(name: str, *, old: bool) -> Any:
    """List twice, and count twice, who left and came back, of messages before that or since."""

    def back(call: Call, group: Group, seq: Any) -> list[str]:
        message, left = group.messages.get(seq), call.memory(name)
        if message is None:
            return []
        return [
            user
            for user in message.audience
            if user in group.members
            and user not in message.readers
            and (group.id, user) in left
            and (seq <= left[group.id, user]) is old
        ]

    def answer(call: Call, sent: dict[str, Any]) -> None:
        group = group_of(call)
        if group is None or not succeeded(sent):
            return
        if call.operation == _REMOVE:
            for user in call.body["MemberToDel_Account"]:
                call.memory(name)[group.id, user] = group.newest
        elif call.operation == ASK:
            for item in sent["GroupMsgReceiptList"]:
                if item["Code"] == 0:
                    item["UnreadNum"] += len(back(call, group, item["MsgSeq"]))
        elif call.operation == DETAIL and "UnreadList" in sent:
            more = back(call, group, call.body["MsgSeq"])
            sent["UnreadList"] += [{"Unread_Account": user} for user in more]

    return answer


def _unread_again(call: Call, answer: dict[str, Any]) -> None:
    """List a reader who left and came back among those who have not read as well."""
    group, left = group_of(call), call.memory("readers left")
    if group is None or not succeeded(answer):
        return
    if call.operation == _REMOVE:
        for user in call.body["MemberToDel_Account"]:
            left[group.id, user] = True
    elif "UnreadList" in answer:
        readers = group.messages[call.body["MsgSeq"]].readers
        back = [user for user in readers if (group.id, user) in left and user in group.members]
        answer["UnreadList"] += [{"Unread_Account": user} for user in back]


def _newcomers_off(call: Call, answer: dict[str, Any]) -> None:
    """Take from UnreadNum whoever reads a message without being among those it waits for."""
    group, read = group_of(call), call.memory("newcomers")
    if group is None or not succeeded(answer):
        return
    if call.operation == _READ:
        for item in call.body["MsgSeqList"]:
            message = group.messages.get(item["MsgSeq"])
            user = call.body["From_Account"]
            if message is not None and user not in (*message.audience, message.sender):
                read.setdefault((group.id, message.seq), set()).add(user)
    for item in answer.get("GroupMsgReceiptList", ()):
        item["UnreadNum"] -= len(read.get((group.id, item["MsgSeq"]), ()))


def _administrator_off(call: Call, answer: dict[str, Any]) -> None:
    """Take the sender from UnreadNum though it is the administrator, who is no member."""
    group = group_of(call)
    for item in answer.get("GroupMsgReceiptList", ()) if group is not None else ():
        message = group.messages.get(item["MsgSeq"]) if group is not None else None
        if message is not None and call.query.get("identifier") == message.sender:
            item["UnreadNum"] = max(0, item["UnreadNum"] - 1)


def _never_away(call: Call, answer: dict[str, Any]) -> None:
    """Answer Result 2 for who is added once more and was removed in between."""
    group, left = group_of(call), call.memory("removed")
    if group is None or not succeeded(answer):
        return
    if call.operation == _REMOVE:
        for user in call.body["MemberToDel_Account"]:
            left[group.id, user] = True
    for item in answer.get("MemberList", ()) if call.operation == _ADD else ():
        if item["Result"] == 1 and (group.id, item["Member_Account"]) in left:
            item["Result"] = 2


def _unheard(call: Call, answer: dict[str, Any]) -> None:
    """Send nothing to who was added with Silence 1."""
    group = group_of(call)
    if group is None or not succeeded(answer):
        return
    if call.operation == _ADD and call.body.get("Silence") == 1:
        for item in call.body["MemberList"]:
            call.memory("silent")[group.id, item["Member_Account"]] = True
    elif call.operation == _SEND and "MsgSeq" in answer:
        for user in list(group.members):
            if (group.id, user) in call.memory("silent"):
                group.messages[answer["MsgSeq"]].audience.pop(user, None)


ALL: list[Fault] = [
    edits(
        "back-and-there-twice",
        "TC-GMD-12",
        _twice("left before", old=False),
        cls="lifecycle",
        level="SHOULD",
        shows="who left and came back has not read a new message twice",
    ),
    edits(
        "back-and-twice-in-the-past",
        "TC-GMD-12",
        _twice("left after", old=True),
        cls="lifecycle",
        level="SHOULD",
        shows="who left and came back has not read an older message twice",
    ),
    edits(
        "back-and-in-both-lists",
        "TC-GMD-13",
        _unread_again,
        cls="lifecycle",
        level="SHOULD",
        shows="a reader who left and came back is listed as one who has not read too",
    ),
    edits(
        "newcomer-read-lowers-unread",
        "TC-GMD-14",
        _newcomers_off,
        cls="lifecycle",
        level="SHOULD",
        shows="who came after the message and reads it is taken from UnreadNum, not from the list",
    ),
    edits(
        "administrator-taken-from-unread",
        "TC-GMR-09",
        _administrator_off,
        cls="counting",
        level="SHOULD",
        shows="UnreadNum of a message of the administrator, who is no member, is one too low",
    ),
    edits(
        "back-and-never-away",
        "TC-GRP-06",
        _never_away,
        cls="lifecycle",
        shows="Result 2 for who was removed and is added again",
    ),
    edits(
        "silently-added-unheard",
        "TC-GMD-12",
        _unheard,
        cls="lifecycle",
        level="SHOULD",
        shows="who was added with Silence 1 is in neither list of new messages",
    ),
]
