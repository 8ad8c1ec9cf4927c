"""Faults of asking for counts: shape, batches, refusals, group types (the rest of TC-GMR)."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import (
    ASK,
    accepted,
    edits,
    group_type,
    if_ok,
    items,
    miscoded,
    refused_if,
    tolerated,
)

__all__ = ["ALL"]

_LIST = "GroupMsgReceiptList"
_ID, _SEQS, _SEQ = "GroupId", "MsgSeqList", "MsgSeqList[].MsgSeq"
_ON: dict[str, Any] = {"operation": ASK}
_SHOULD: dict[str, Any] = {"operation": ASK, "level": "SHOULD"}


def _list(change: Any) -> Any:
    return if_ok(lambda answer: answer.update({_LIST: change(answer[_LIST])}))


def _asked(call: Call) -> int:
    return len(call.body.get(_SEQS) or ()) if isinstance(call.body, dict) else 0


def _by_seq(found: list[Any]) -> dict[str, Any]:
    return {str(item["MsgSeq"]): item for item in found}


def _stranger(call: Call) -> bool:
    name = call.body.get("GroupId")
    group = call.site.store.groups.get(name) if isinstance(name, str) else None
    return group is not None and call.operator not in group.members


_SHAPE = [
    edits(
        "list-missing",
        "TC-GMR-01",
        if_ok(lambda a: a.pop(_LIST)),
        shows="no list",
        **_ON,
        also=("TC-GMR-13", "TC-GMR-14", "TC-GMR-15", "TC-GMR-40"),
    ),
    edits(
        "list-renamed",
        "TC-GMR-01",
        if_ok(lambda a: a.update(groupMsgReceiptList=a.pop(_LIST))),
        shows="groupMsgReceiptList",
        **_ON,
        also=("TC-GMR-13", "TC-GMR-14", "TC-GMR-15", "TC-GMR-40"),
    ),
    edits(
        "list-is-object",
        "TC-GMR-01",
        _list(_by_seq),
        shows="an object by MsgSeq",
        **_ON,
        also=("TC-GMR-13", "TC-GMR-14", "TC-GMR-15", "TC-GMR-40"),
    ),
    edits(
        "list-null",
        "TC-GMR-01",
        _list(lambda _l: None),
        shows="null",
        **_ON,
        also=("TC-GMR-13", "TC-GMR-14", "TC-GMR-15", "TC-GMR-40"),
    ),
    items("item-code-missing", "TC-GMR-02", lambda i: i.pop("Code"), shows="no Code"),
    items("item-code-text", "TC-GMR-02", lambda i: i.update(Code="0"), shows='Code "0"'),
    items("item-code-bool", "TC-GMR-02", lambda i: i.update(Code=False), shows="Code false"),
    items("item-seq-missing", "TC-GMR-02", lambda i: i.pop("MsgSeq"), shows="no MsgSeq"),
    items("item-seq-text", "TC-GMR-02", lambda i: i.update(MsgSeq=str(i["MsgSeq"])), shows='"1"'),
    items(
        "item-seq-fraction",
        "TC-GMR-02",
        lambda i: i.update(MsgSeq=float(i["MsgSeq"])),
        shows="MsgSeq 1.0",
        cls="precision",
    ),
    items("read-count-missing", "TC-GMR-03", lambda i: i.pop("ReadNum"), shows="no ReadNum"),
    items(
        "read-count-missing-at-zero",
        "TC-GMR-03",
        shows="no ReadNum when it is 0",
        edit=lambda i: i.pop("ReadNum") if i["ReadNum"] == 0 else None,
    ),
    items("read-count-null", "TC-GMR-03", lambda i: i.update(ReadNum=None), shows="ReadNum null"),
    items(
        "read-count-fraction",
        "TC-GMR-03",
        lambda i: i.update(ReadNum=float(i["ReadNum"])),
        shows="ReadNum 1.0",
        cls="precision",
    ),
    items("unread-count-missing", "TC-GMR-03", lambda i: i.pop("UnreadNum"), shows="no UnreadNum"),
    items(
        "unread-count-renamed",
        "TC-GMR-03",
        lambda i: i.update(UnReadNum=i.pop("UnreadNum")),
        shows="UnReadNum",
    ),
    items("unread-count-negative", "TC-GMR-03", lambda i: i.update(UnreadNum=-1), shows="-1"),
    items(
        "read-count-text",
        "TC-GMR-39",
        lambda i: i.update(ReadNum=str(i["ReadNum"])),
        shows='ReadNum "1"',
        level="SHOULD",
    ),
    items(
        "unread-count-text",
        "TC-GMR-39",
        lambda i: i.update(UnreadNum=str(i["UnreadNum"])),
        shows='UnreadNum "1"',
        level="SHOULD",
    ),
]

_BATCH = [
    edits(
        "last-item-missing",
        "TC-GMR-04",
        _list(lambda found: found[:-1] if len(found) > 1 else found),
        shows="one item less than asked for",
        cls="batching",
        **_ON,
        also=("TC-GMR-15", "TC-GMR-32", "TC-GMR-40"),
    ),
    edits(
        "only-first-item",
        "TC-GMR-04",
        _list(lambda found: found[:1]),
        shows="one item",
        cls="batching",
        **_ON,
        also=("TC-GMR-15", "TC-GMR-32", "TC-GMR-40"),
    ),
    edits(
        "only-twenty-items",
        "TC-GMR-04",
        _list(lambda found: found[:20]),
        shows="at most 20",
        cls="batching",
        **_ON,
    ),
    edits(
        "first-item-for-all",
        "TC-GMR-04",
        _list(lambda found: [found[0]] * len(found)),
        shows="the first item again and again",
        cls="batching",
        **_ON,
        also=("TC-GMR-15", "TC-GMR-32", "TC-GMR-40"),
    ),
]

_REFUSALS = [
    accepted(
        "group-id-not-needed", "TC-GMR-17", (_ID, "missing"), shows="OK and an empty list", **_ON
    ),
    accepted(
        "list-not-needed", "TC-GMR-18", (_SEQS, "missing"), shows="OK and an empty list", **_ON
    ),
    accepted("seq-not-needed", "TC-GMR-19", (_SEQ, "missing"), shows="OK and an empty list", **_ON),
    miscoded("group-id-missing-code", "TC-GMR-20", 10002, (_ID, "missing"), shows="10002", **_ON),
    miscoded("list-missing-code", "TC-GMR-20", 10002, (_SEQS, "missing"), shows="10002", **_ON),
    miscoded("seq-missing-code", "TC-GMR-20", 10010, (_SEQ, "missing"), shows="10010", **_ON),
    accepted(
        "unknown-group-accepted", "TC-GMR-21", (_ID, "unknown"), shows="OK and an empty list", **_ON
    ),
    miscoded("unknown-group-code", "TC-GMR-22", 10004, (_ID, "unknown"), shows="10004", **_ON),
    accepted(
        "dismissed-group-accepted",
        "TC-GMR-23",
        (_ID, "dismissed"),
        shows="OK and an empty list",
        cls="lifecycle",
        **_ON,
    ),
    miscoded("dismissed-group-code", "TC-GMR-24", 10007, (_ID, "dismissed"), shows="10007", **_ON),
    accepted(
        "malformed-group-accepted",
        "TC-GMR-25",
        (_ID, "malformed"),
        (_ID, "empty"),
        shows="OK",
        **_SHOULD,
    ),
    miscoded(
        "malformed-group-code",
        "TC-GMR-25",
        10002,
        (_ID, "malformed"),
        (_ID, "empty"),
        shows="10002",
        **_ON,
    ),
    accepted("group-id-any-type", "TC-GMR-26", (_ID, "type"), shows="OK for a number", **_SHOULD),
    accepted("list-any-type", "TC-GMR-26", (_SEQS, "type"), shows="OK for a String", **_SHOULD),
    tolerated(
        "seq-any-type", "TC-GMR-26", (_SEQ, "type"), shows='"x" and 1.5 are read somehow', **_SHOULD
    ),
]

_TYPES = [
    refused_if(
        "meeting-groups-refused",
        "TC-GMR-27",
        10007,
        group_type("ChatRoom", "Meeting"),
        shows="10007 for ChatRoom",
        cls="lifecycle",
        **_ON,
    ),
    refused_if(
        "work-groups-refused",
        "TC-GMR-27",
        10007,
        group_type("Private", "Work"),
        shows="10007 for Private",
        cls="lifecycle",
        **_ON,
    ),
    refused_if(
        "public-groups-refused",
        "TC-GMR-27",
        10007,
        group_type("Public"),
        shows="10007 for Public",
        cls="lifecycle",
        **_ON,
        also=("TC-GMR-40",),
    ),
    tolerated(
        "live-groups-have-receipts",
        "TC-GMR-28",
        ("GroupId", "AVChatRoom"),
        ("NeedReadReceipt", "AVChatRoom"),
        when=group_type("AVChatRoom"),
        knobs={"plain_has_receipt": True, "unknown_has_receipt": True},
        shows="Code 0 in an AVChatRoom",
    ),
    tolerated(
        "live-groups-grant-the-wish",
        "TC-SND-21",
        ("GroupId", "AVChatRoom"),
        ("NeedReadReceipt", "AVChatRoom"),
        when=group_type("AVChatRoom"),
        level="SHOULD",
        shows="a message that asked has a receipt in an AVChatRoom",
        also=("TC-GMR-28", "TC-GMR-30", "TC-GMD-31"),
    ),
    tolerated(
        "communities-take-reads",
        "TC-GRR-12",
        ("GroupId", "Community"),
        ("NeedReadReceipt", "Community"),
        when=group_type("Community"),
        shows="reads count in a Community",
        also=("TC-GMR-29", "TC-GMR-30", "TC-GMD-31"),
    ),
    tolerated(
        "communities-have-receipts",
        "TC-GMR-29",
        ("GroupId", "Community"),
        ("NeedReadReceipt", "Community"),
        when=group_type("Community"),
        knobs={"plain_has_receipt": True, "unknown_has_receipt": True},
        shows="Code 0 in a Community",
    ),
    miscoded(
        "group-type-code",
        "TC-GMR-30",
        10002,
        (_ID, "AVChatRoom"),
        (_ID, "Community"),
        shows="10002",
        **_ON,
    ),
    refused_if(
        "members-only",
        "TC-GMR-31",
        10007,
        _stranger,
        cls="authentication",
        shows="10007 unless the administrator is a member",
        **_ON,
        also=("TC-GMR-40",),
    ),
]

ALL: list[Fault] = [*_SHAPE, *_BATCH, *_REFUSALS, *_TYPES]
