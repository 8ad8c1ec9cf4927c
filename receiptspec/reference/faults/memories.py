"""Faults of servers that remember what is over, and of what several messages do at once."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call, Refusal, Shrug
from receiptspec.reference.faults.families import ASK, DETAIL, READ, edits, group_of, succeeded
from receiptspec.reference.store import Group

__all__ = ["ALL"]

_RECALL, _FULL = "group_msg_recall", 200
_SHOULD: dict[str, Any] = {"level": "SHOULD"}


def _was_outside(call: Call) -> bool:
    """Whether somebody who reads was no member at an earlier try; notes who is none now."""
    group, user = group_of(call), call.body.get("From_Account")
    if group is None or not isinstance(user, str):
        return False
    outside = call.memory("outside")
    if user not in group.members:
        outside[group.id, user] = True
        return False
    return (group.id, user) in outside


def _outsiders_refused(call: Call) -> None:
    if _was_outside(call):
        raise Refusal(10007, "no member")


def _outsiders_ignored(call: Call) -> None:
    if _was_outside(call):
        raise Shrug


def _was_absent(call: Call, group: Group | None, seq: Any, where: str) -> bool:
    """Whether a message was asked for when there was none; notes that there is none now."""
    if group is None or not isinstance(seq, int):
        return False
    absent = call.memory(where)
    if seq not in group.messages:
        absent[group.id, seq] = True
        return False
    return (group.id, seq) in absent


def _absence_kept(call: Call, answer: dict[str, Any]) -> None:
    for item in answer.get("GroupMsgReceiptList", ()):
        if _was_absent(call, group_of(call), item.get("MsgSeq"), "absent"):
            item["Code"] = 10062


def _absence_from_lists_kept(call: Call) -> None:
    if _was_absent(call, group_of(call), call.body.get("MsgSeq"), "absent from lists"):
        raise Refusal(10062, "no receipt")


def _recalled(answer: dict[str, Any]) -> list[int]:
    """Return which messages one call has recalled, if there are several."""
    items = answer.get("RecallRetList", ()) if succeeded(answer) else ()
    return [item["MsgSeq"] for item in items] if len(items) > 1 else []


def _between_recalled(call: Call, answer: dict[str, Any]) -> None:
    group, gone = group_of(call), _recalled(answer)
    for seq, message in group.messages.items() if group is not None and gone else ():
        message.receipt = message.receipt and not min(gone) < seq < max(gone)


def _reads_recalled(call: Call, answer: dict[str, Any]) -> None:
    group = group_of(call)
    for message in group.messages.values() if group is not None and _recalled(answer) else ():
        message.readers.clear()


def _full_has_none(call: Call, answer: dict[str, Any]) -> None:
    group = group_of(call)
    if group is not None and len(group.members) >= _FULL:
        for item in answer.get("GroupMsgReceiptList", ()):
            item["Code"] = 10062


def _moved(call: Call, answer: dict[str, Any], user: Any) -> None:
    """Move the read position of a member to the newest of several messages that were read."""
    group, read = group_of(call), call.body.get("MsgSeqList", ())
    if group is not None and succeeded(answer) and len(read) > 1 and user in group.members:
        member = group.members[user]
        member.read_seq = max(member.read_seq, *(item["MsgSeq"] for item in read))


def _reader_moved(call: Call, answer: dict[str, Any]) -> None:
    _moved(call, answer, call.body.get("From_Account"))


def _owner_moved(call: Call, answer: dict[str, Any]) -> None:
    """Move the owner, who is where the newest message was sent, one further."""
    group = group_of(call)
    if group is not None and succeeded(answer) and group.owner in group.members:
        group.members[group.owner].read_seq += 1


def _mostly_missing(_call: Call, answer: dict[str, Any]) -> None:
    items = answer.get("GroupMsgReceiptList", ())
    if sum(item["Code"] != 0 for item in items) > max(2, len(items) / 2):
        for item in items:
            item["Code"] = 10062


ALL: list[Fault] = [
    Fault(
        name="outsiders-stay-outsiders",
        requirement="TC-GRR-01",
        request=_outsiders_refused,
        operation=READ,
        cls="lifecycle",
        shows="who has tried to read before joining is refused ever after",
        also=("TC-GRR-02",),
    ),
    Fault(
        name="outsiders-reads-stay-lost",
        requirement="TC-GRR-02",
        request=_outsiders_ignored,
        operation=READ,
        cls="lifecycle",
        shows="reads of who has tried to read before joining are lost ever after",
        **_SHOULD,
    ),
    edits(
        "absence-is-remembered",
        "TC-GMR-04",
        _absence_kept,
        operation=ASK,
        cls="lifecycle",
        shows="a message that was asked for before it was sent has no receipt",
    ),
    Fault(
        name="absence-from-lists-is-remembered",
        requirement="TC-GMD-01",
        request=_absence_from_lists_kept,
        operation=DETAIL,
        cls="lifecycle",
        shows="a message whose lists were asked for before it was sent has none",
    ),
    edits(
        "recall-of-several-takes-those-between",
        "TC-GMR-04",
        _between_recalled,
        operation=_RECALL,
        cls="batching",
        shows="messages between several that one call recalls lose their receipts",
    ),
    edits(
        "recall-of-several-takes-reads",
        "TC-GMR-12",
        _reads_recalled,
        operation=_RECALL,
        cls="batching",
        shows="with several messages that one call recalls all reads of the group are lost",
        **_SHOULD,
    ),
    edits(
        "full-groups-have-no-receipts",
        "TC-GRR-13",
        _full_has_none,
        operation=ASK,
        cls="limits",
        shows="a group of exactly 200 members has no receipts",
        **_SHOULD,
    ),
    edits(
        "batches-move-the-position",
        "TC-GRR-15",
        _reader_moved,
        operation=READ,
        cls="batching",
        shows="receipts for several messages move the reader's position",
        **_SHOULD,
    ),
    edits(
        "receipts-move-the-owner",
        "TC-GRR-15",
        _owner_moved,
        operation=READ,
        cls="roles",
        shows="a receipt moves the position of the group's owner",
        **_SHOULD,
    ),
    edits(
        "mostly-missing-is-missing",
        "TC-GMR-15",
        _mostly_missing,
        operation=ASK,
        cls="batching",
        shows="beside many missing messages the others have no receipts either",
        **_SHOULD,
    ),
]
