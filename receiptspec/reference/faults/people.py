"""Faults of who comes, leaves and comes back, of roles, and of reading again."""

from __future__ import annotations

from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import (
    ASK,
    DETAIL,
    READ,
    bends,
    calls_back,
    edits,
    if_ok,
    succeeded,
)
from receiptspec.reference.store import Group, Message

__all__ = ["ALL"]

_SEND, _MAKE, _END = "send_group_msg", "create_group", "destroy_group"
_ADD, _REMOVE = "add_group_member", "delete_group_member"
_SHOULD: dict[str, Any] = {"level": "SHOULD"}
_KEPT = 2.0  # seconds for which a read that fades is kept
#: A read that has no effect shows in both counts and in the lists.
_UNREAD: dict[str, Any] = {"level": "SHOULD", "also": ("TC-GMR-09", "TC-GMD-12")}


def _group(call: Call) -> Group:
    group: Group = call.site.store.groups[call.body["GroupId"]]
    return group


def _named(call: Call) -> list[Message]:
    """Return the messages that a call reads."""
    group = _group(call)
    seqs = dict.fromkeys(item["MsgSeq"] for item in call.body["MsgSeqList"])
    return [group.messages[seq] for seq in seqs if seq in group.messages]


def _undo(call: Call) -> None:
    for message in _named(call):
        message.readers.pop(call.body["From_Account"], None)


def _admins_unheard(call: Call, answer: dict[str, Any]) -> None:
    if call.operation == READ and succeeded(answer):
        member = _group(call).members.get(call.body["From_Account"])
        if member is not None and member.role == "Admin":
            _undo(call)


def _noting_leavers(call: Call) -> None:
    if call.operation == _REMOVE and isinstance(call.body.get("MemberToDel_Account"), list):
        for name in call.body["MemberToDel_Account"]:
            call.memory("left")[call.body.get("GroupId"), str(name)] = True


def _comers_back_unheard(call: Call, answer: dict[str, Any]) -> None:
    if call.operation == READ and succeeded(answer):
        place = (call.body["GroupId"], call.body["From_Account"])
        if place in call.memory("left"):
            _undo(call)


def _founders_only(call: Call, answer: dict[str, Any]) -> None:
    """Let messages wait only for those who were there when the group was made."""
    if call.operation == _MAKE and succeeded(answer):
        group = call.site.store.groups[answer["GroupId"]]
        call.memory("founders")[group.id] = set(group.members)
    elif call.operation == _SEND and succeeded(answer) and answer["MsgSeq"]:
        group = _group(call)
        message = group.messages[answer["MsgSeq"]]
        founders = call.memory("founders").get(group.id, set())
        for name in set(message.audience) - founders:
            del message.audience[name]


def _noting_reads(call: Call) -> None:
    """Keep what was read in a group that is about to be dismissed."""
    if call.operation == _END:
        group = call.site.store.groups.get(call.body.get("GroupId"))
        if group is not None:
            kept = {seq: dict(message.readers) for seq, message in group.messages.items()}
            call.memory("reads")[group.id] = kept


def _reads_of_the_dead(call: Call, answer: dict[str, Any]) -> None:
    if call.operation == _SEND and succeeded(answer):
        group = _group(call)
        kept = call.memory("reads").get(group.id, {}).get(answer["MsgSeq"])
        if kept:
            group.messages[answer["MsgSeq"]].readers.update(kept)


def _faded(call: Call) -> None:
    """Forget reads a while after they were made."""
    then = outside.ticks() - _KEPT
    for group in call.site.store.groups.values():
        for message in group.messages.values():
            message.readers = {u: at for u, at in message.readers.items() if at > then}


def _letters_faded(call: Call, answer: dict[str, Any]) -> None:
    known = call.memory("letters")
    for item in answer.get("MsgList", ()):
        if item["IsPeerRead"]:
            first = known.setdefault(item["MsgKey"], outside.ticks())
            item["IsPeerRead"] = int(outside.ticks() - first < _KEPT)


def _hundred_at_most(call: Call) -> None:
    if isinstance(call.body.get("Count"), int):
        call.body["Count"] = min(call.body["Count"], 100)


def _hundred_is_all(answer: dict[str, Any]) -> None:
    if len(answer.get("ReadList", ())) == 100 or len(answer.get("UnreadList", ())) == 100:
        answer.update(IsFinish=1, Cursor="0")


def _always_from_the_start(call: Call) -> None:
    call.body.pop("Offset", None)


def _digits_as_numbers(answer: dict[str, Any]) -> None:
    for key, name in (("ReadList", "Read_Account"), ("UnreadList", "Unread_Account")):
        for entry in answer.get(key, ()):
            if entry[name].isdigit():
                entry[name] = int(entry[name])


def _all_or_none(answer: dict[str, Any]) -> None:
    """Say of all what is true of one who is there already."""
    results = [entry["Result"] for entry in answer.get("MemberList", ())]
    if 2 in results:
        for entry in answer["MemberList"]:
            entry["Result"] = 2


def _gone_already(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer):
        gone = call.memory("gone")
        places = [(call.body["GroupId"], name) for name in call.body["MemberToDel_Account"]]
        if any(place in gone for place in places):
            answer.update(ActionStatus="FAIL", ErrorCode=10004, ErrorInfo="no member any more")
        gone.update(dict.fromkeys(places, True))


def _every_type_public(body: dict[str, Any]) -> None:
    if "Type" in body:
        body["Type"] = "Public"


ALL: list[Fault] = [
    edits(
        "admins-do-not-count",
        "TC-GMR-08",
        _admins_unheard,
        cls="roles",
        shows="what an administrator of the group reads is not counted",
        **_UNREAD,
    ),
    edits(
        "comers-back-do-not-count",
        "TC-GMR-08",
        _comers_back_unheard,
        request=_noting_leavers,
        cls="lifecycle",
        shows="who has left once is never counted again",
        **_UNREAD,
    ),
    edits(
        "newcomers-do-not-count",
        "TC-GMR-08",
        _founders_only,
        cls="lifecycle",
        shows="only those who founded the group are waited for",
        **_UNREAD,
    ),
    edits(
        "reads-outlive-their-group",
        "TC-GMR-06",
        _reads_of_the_dead,
        request=_noting_reads,
        cls="lifecycle",
        shows="a group made with the id of a dismissed one starts with its reads",
        **_SHOULD,
    ),
    bends(
        "every-other-read-takes-back",
        "TC-GMR-08",
        {"reads_toggle": True},
        operation=READ,
        cls="idempotency",
        shows="reading twice is not having read",
        level="SHOULD",
        also=("TC-GMR-09", "TC-GMR-10", "TC-GMD-08", "TC-GMD-12", "TC-GMD-14"),
    ),
    bends(
        "read-count-ends-at-sixteen",
        "TC-GMR-08",
        {"read_cap": 16},
        operation="get_group_msg_receipt",
        shows="ReadNum is never above 16",
        **_SHOULD,
    ),
    bends(
        "read-count-ends-at-a-byte",
        "TC-GMR-08",
        {"read_cap": 127},
        operation="get_group_msg_receipt",
        shows="ReadNum is never above 127",
        **_SHOULD,
    ),
    edits(
        "digits-become-numbers",
        "TC-GMD-36",
        if_ok(_digits_as_numbers),
        operation=DETAIL,
        cls="precision",
        shows="a UserID of digits is listed as a number",
        also=("TC-GMD-02", "TC-GMD-03", "TC-GMD-08", "TC-GMD-11", "TC-GMD-12", "TC-GMD-15"),
        **_SHOULD,
    ),
    edits(
        "one-present-all-present",
        "TC-GRP-06",
        if_ok(_all_or_none),
        operation=_ADD,
        cls="batching",
        shows="Result 2 for all where one of them is there already",
    ),
    edits(
        "removing-twice-refused",
        "TC-GRP-10",
        _gone_already,
        operation=_REMOVE,
        cls="idempotency",
        shows="removing a member again is refused, never-members are passed over",
    ),
    Fault(
        name="reads-fade",
        requirement="TC-GMR-32",
        request=_faded,
        operation=ASK,
        cls="timing",
        shows="a read is forgotten after two seconds",
        waits=True,
        **_SHOULD,
    ),
    edits(
        "direct-reads-fade",
        "TC-ROM-03",
        _letters_faded,
        operation="admin_getroammsg",
        cls="timing",
        shows="IsPeerRead is 0 again after two seconds",
        waits=True,
        **_SHOULD,
    ),
    edits(
        "lists-end-at-hundred",
        "TC-GMD-08",
        if_ok(_hundred_is_all),
        request=_hundred_at_most,
        operation=DETAIL,
        cls="limits",
        shows="the hundredth member is the last",
    ),
    Fault(
        name="members-always-from-the-start",
        requirement="TC-GRP-12",
        request=_always_from_the_start,
        operation="get_group_member_info",
        cls="paging",
        shows="Offset is ignored",
    ),
    calls_back(
        "callback-type-always-public",
        "TC-WHK-14",
        _every_type_public,
        "Type is Public for groups of every type",
        level="SHOULD",
    ),
]
