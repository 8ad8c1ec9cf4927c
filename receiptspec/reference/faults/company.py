"""Faults of who sends beside others, of other types of groups, of second looks and second calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import (
    ASK,
    DETAIL,
    READ,
    edits,
    group_of,
    group_type,
    refused_if,
    succeeded,
)

__all__ = ["ALL"]

_SEND, _REMOVE, _END = "send_group_msg", "delete_group_member", "destroy_group"
_SHOULD: dict[str, Any] = {"level": "SHOULD"}
_in_meetings, _in_work = group_type("ChatRoom", "Meeting"), group_type("Private", "Work")


def _newest_sender_unheard(call: Call, answer: dict[str, Any]) -> None:
    group, user = group_of(call), call.body.get("From_Account")
    if succeeded(answer) and group is not None and group.messages[group.newest].sender == user:
        for item in call.body["MsgSeqList"]:
            if item["MsgSeq"] in group.messages:
                group.messages[item["MsgSeq"]].readers.pop(user, None)


def _of_owner(call: Call) -> bool:
    group = group_of(call)
    return group is not None and call.body.get("From_Account") == group.owner


def _without_receipt_if_adorned(call: Call) -> None:
    if "CloudCustomData" in call.body:
        call.body.pop("NeedReadReceipt", None)


def _one_reader_more(call: Call) -> None:
    """Ask for one member more where readers are listed."""
    if call.body.get("Filter") == 0 and isinstance(call.body.get("Count"), int):
        call.body["Count"] += 1


def _readers_of_nothing(_call: Call, answer: dict[str, Any]) -> None:
    if answer.get("ReadList"):
        answer["MsgSeq"] = 0


def _nobody_has_read(_call: Call, answer: dict[str, Any]) -> None:
    if answer.get("ReadList"):
        answer.update(ReadList=[], IsFinish=1, Cursor="0")


def _unread_stays(call: Call, answer: dict[str, Any]) -> None:
    for item in answer.get("GroupMsgReceiptList", ()) if _in_meetings(call) else ():
        if item["Code"] == 0:
            item["UnreadNum"] += item["ReadNum"]


def _wish_for_all(call: Call) -> None:
    call.body.setdefault("NeedReadReceipt", 1)


def _kept(call: Call) -> None:
    """Keep a meeting that is to be dismissed."""
    if call.operation == _END and _in_meetings(call):
        call.memory("kept")[call.body["GroupId"]] = group_of(call)


def _kept_on(call: Call, answer: dict[str, Any]) -> None:
    if call.operation == _END and succeeded(answer):
        group = call.memory("kept").get(call.body["GroupId"])
        if group is not None:
            call.site.store.supply_group(group)


def _six_bits(call: Call, answer: dict[str, Any]) -> None:
    """Let a read count for every message whose number ends in the same six bits."""
    group, user = group_of(call), call.body.get("From_Account")
    if succeeded(answer) and group is not None:
        read = {item["MsgSeq"] % 64 for item in call.body["MsgSeqList"]}
        for seq, message in group.messages.items():
            if seq % 64 in read and message.receipt and user in message.audience:
                message.readers.setdefault(user, outside.ticks())


def _repeat_forgets(call: Call, answer: dict[str, Any]) -> None:
    group = group_of(call)
    if succeeded(answer) and group is not None:
        seen = call.memory("sent")
        place = (group.id, answer["MsgSeq"])
        if place in seen and answer["MsgSeq"] in group.messages:
            group.messages[answer["MsgSeq"]].readers.clear()
        seen[place] = True


def _meanwhile(operation: str) -> Callable[[Call], bool]:
    """Return a test whether another connection has made such a call just now."""

    def test(call: Call) -> bool:
        return call.operation == operation and call.meanwhile(operation) is not None

    return test


def _first_only(name: str) -> Callable[[Call], None]:
    def request(call: Call) -> None:
        found = call.body.get(name)
        if isinstance(found, list):
            call.body[name] = found[:1]

    return request


def _three_recalled(call: Call, answer: dict[str, Any]) -> None:
    group = group_of(call)
    for item in answer.get("RecallRetList", ())[3:] if group is not None else ():
        if item["RetCode"] == 0 and group is not None:
            group.messages[item["MsgSeq"]].recalled = False


def _none_behind_a_missing_one(_call: Call, answer: dict[str, Any]) -> None:
    found = answer.get("GroupMsgReceiptList", [])
    if found and found[0]["Code"]:
        for item in found:
            item.update(Code=10062, ReadNum=0, UnreadNum=0)


def _members_less_reads(call: Call, answer: dict[str, Any]) -> None:
    """Count as unread whoever is a member now, less the reads there were."""
    group = group_of(call)
    for item in answer.get("GroupMsgReceiptList", ()) if group is not None else ():
        if item["Code"] == 0 and group is not None:
            message = group.messages[item["MsgSeq"]]
            there = [name for name in group.members if name != message.sender]
            item["ReadNum"] = len(message.readers)
            item["UnreadNum"] = len(there) - len(message.readers)


def _crossed(call: Call, answer: dict[str, Any]) -> None:
    """Answer with what another connection was answered just now."""
    mine = answer.get("GroupMsgReceiptList")
    theirs = call.meanwhile("said", mine) if mine is not None else None
    if theirs is not None:
        answer["GroupMsgReceiptList"] = theirs


ALL: list[Fault] = [
    edits(
        "newest-sender-does-not-count",
        "TC-GMR-08",
        _newest_sender_unheard,
        operation=READ,
        cls="roles",
        shows="whoever sent the newest message reads in vain",
        level="SHOULD",
        also=("TC-GMR-09", "TC-GMD-12"),
    ),
    refused_if(
        "owners-cannot-read",
        "TC-GRR-01",
        10007,
        _of_owner,
        operation=READ,
        cls="roles",
        shows="the owner's reads are refused",
    ),
    Fault(
        name="adorned-messages-without-receipt",
        requirement="TC-GMR-04",
        request=_without_receipt_if_adorned,
        operation=_SEND,
        cls="counting",
        shows="a message with CloudCustomData has no receipt",
    ),
    Fault(
        name="pages-of-readers-overfull",
        requirement="TC-GMD-04",
        request=_one_reader_more,
        operation=DETAIL,
        cls="paging",
        shows="a page of readers holds one more than Count",
    ),
    edits(
        "readers-of-message-zero",
        "TC-GMD-10",
        _readers_of_nothing,
        operation=DETAIL,
        cls="paging",
        shows="MsgSeq 0 where readers are listed",
    ),
    edits(
        "unread-stays-in-meetings",
        "TC-GMR-27",
        _unread_stays,
        operation=ASK,
        cls="counting",
        shows="UnreadNum stays in meeting groups",
    ),
    edits(
        "no-readers-listed-in-work-groups",
        "TC-GMD-32",
        _nobody_has_read,
        operation=DETAIL,
        when=_in_work,
        cls="counting",
        shows="ReadList is empty in work groups",
    ),
    Fault(
        name="receipts-for-all-in-meetings",
        requirement="TC-GMR-13",
        request=_wish_for_all,
        operation=_SEND,
        when=_in_meetings,
        cls="counting",
        shows="plain messages of meeting groups have receipts",
        **_SHOULD,
    ),
    edits(
        "meetings-outlive-their-end",
        "TC-GMR-23",
        _kept_on,
        request=_kept,
        cls="lifecycle",
        shows="a meeting group is there when it was dismissed",
    ),
    edits(
        "reads-in-six-bits",
        "TC-GMR-12",
        _six_bits,
        operation=READ,
        cls="precision",
        shows="a read counts for the message 64 numbers away as well",
        **_SHOULD,
    ),
    edits(
        "repeat-forgets-reads",
        "TC-SND-16",
        _repeat_forgets,
        operation=_SEND,
        cls="idempotency",
        shows="the reads of a message are gone when it is sent once more",
        **_SHOULD,
    ),
    Fault(
        name="repeats-at-once-are-kept",
        requirement="TC-SND-16",
        knobs={"duplicates_dropped": False},
        operation=_SEND,
        when=_meanwhile(_SEND),
        cls="idempotency",
        shows="the same message sent twice at the same time is two",
        **_SHOULD,
    ),
    Fault(
        name="only-the-first-leaves",
        requirement="TC-GRP-12",
        request=_first_only("MemberToDel_Account"),
        operation=_REMOVE,
        cls="batching",
        shows="of several to be removed one is",
    ),
    edits(
        "three-recalled-at-most",
        "TC-GRP-14",
        _three_recalled,
        operation="group_msg_recall",
        cls="limits",
        shows="RetCode 0 for all, and only three are recalled",
        **_SHOULD,
    ),
    edits(
        "missing-first-hides-the-others",
        "TC-GMR-15",
        _none_behind_a_missing_one,
        operation=ASK,
        cls="batching",
        shows="Code 10062 for all behind a missing message",
        **_SHOULD,
    ),
    edits(
        "unread-below-zero",
        "TC-GMR-03",
        _members_less_reads,
        operation=ASK,
        cls="lifecycle",
        shows="UnreadNum -1 when one leaves whom all others, having read, outnumber",
    ),
    edits(
        "answers-crossed",
        "TC-GMR-33",
        _crossed,
        operation=ASK,
        cls="isolation",
        shows="of two questions at the same time the one gets the other's answer",
        **_SHOULD,
    ),
]
