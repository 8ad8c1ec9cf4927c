"""Faults of counting who has read (TC-GMR 6 to 16, 32, 33, 40)."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import ASK, READ, bends, edits, items, succeeded

__all__ = ["ALL"]

_SHOULD: dict[str, Any] = {"level": "SHOULD"}
_COUNT: dict[str, Any] = {"level": "SHOULD", "cls": "counting"}


def _all_or_nothing(_call: Call, answer: dict[str, Any]) -> None:
    """One message without receipt spoils the whole list."""
    found = answer.get("GroupMsgReceiptList", [])
    if any(item["Code"] for item in found):
        for item in found:
            item.update(Code=10062, ReadNum=0, UnreadNum=0)


def _wrapped_seq(call: Call) -> None:
    """Keep MsgSeq in 32 bits."""
    for item in call.body.get("MsgSeqList", ()) if isinstance(call.body, dict) else ():
        if isinstance(item, dict) and type(item.get("MsgSeq")) is int:
            item["MsgSeq"] &= 0xFFFFFFFF


def _seventh(call: Call) -> bool:
    seqs = call.body.get("MsgSeqList", []) if isinstance(call.body, dict) else []
    return any(isinstance(i, dict) and i.get("MsgSeq") == 7 for i in seqs)


def _shared_counts(call: Call, answer: dict[str, Any]) -> None:
    """Cache an answer by its list of MsgSeq and forget the group."""
    cache = call.behaviour.memory.setdefault("by-seqs", {})
    if succeeded(answer):
        key = str(call.body.get("MsgSeqList"))
        answer["GroupMsgReceiptList"] = cache.setdefault(key, answer["GroupMsgReceiptList"])


ALL: list[Fault] = [
    bends(
        "new-message-is-read", "TC-GMR-06", {"first_reads": 1}, shows="ReadNum 1 at once", **_SHOULD
    ),
    items(
        "new-message-waits-for-nobody",
        "TC-GMR-07",
        lambda i: i.update(UnreadNum=0) if i["ReadNum"] == 0 else None,
        shows="UnreadNum 0 at once",
        **_COUNT,
    ),
    items(
        "more-unread-than-members",
        "TC-GMR-07",
        lambda i: i.update(UnreadNum=i["UnreadNum"] + 50),
        shows="UnreadNum 50 too high",
        **_COUNT,
    ),
    bends("reads-not-counted", "TC-GMR-08", {"read_step": 0}, shows="ReadNum stays 0", **_SHOULD),
    bends("reads-count-double", "TC-GMR-08", {"read_step": 2}, shows="ReadNum +2", **_SHOULD),
    bends(
        "reads-get-lost",
        "TC-GMR-08",
        {"reads_lost": True},
        shows="no read has an effect",
        **_SHOULD,
        also=("TC-GMR-09", "TC-GMR-10"),
    ),
    bends(
        "reads-come-late",
        "TC-GMR-08",
        {"read_delay": 60.0},
        cls="timing",
        shows="a read shows after a minute",
        **_SHOULD,
        also=("TC-GMR-09", "TC-GMR-10"),
    ),
    bends(
        "only-first-reader-counts",
        "TC-GMR-08",
        {"read_cap": 1},
        shows="ReadNum at most 1",
        **_SHOULD,
    ),
    bends(
        "unread-stays", "TC-GMR-09", {"unread_step": 0}, shows="UnreadNum never falls", **_SHOULD
    ),
    bends("unread-falls-double", "TC-GMR-09", {"unread_step": 2}, shows="UnreadNum -2", **_SHOULD),
    bends(
        "unread-never-below-two",
        "TC-GMR-10",
        {"unread_floor": 2},
        shows="two are left when all have read",
        **_SHOULD,
    ),
    bends(
        "repeated-reads-count",
        "TC-GMR-11",
        {"repeats_count": True},
        cls="idempotency",
        shows="reading again raises ReadNum",
        **_SHOULD,
    ),
    bends(
        "read-marks-whole-group",
        "TC-GMR-12",
        {"reads_spread": "group"},
        cls="isolation",
        shows="one read reads all messages",
        **_SHOULD,
    ),
    bends(
        "read-marks-earlier-ones",
        "TC-GMR-12",
        {"reads_spread": "earlier"},
        cls="isolation",
        shows="earlier messages are read too",
        **_SHOULD,
    ),
    bends(
        "plain-message-has-receipt",
        "TC-GMR-13",
        {"plain_has_receipt": True},
        shows="Code 0 without receipt request",
        **_SHOULD,
    ),
    bends(
        "receipt-by-default",
        "TC-GMR-13",
        {"needs_receipt_default": 1},
        shows="NeedReadReceipt absent is 1",
        **_SHOULD,
    ),
    bends(
        "unknown-message-has-receipt",
        "TC-GMR-14",
        {"unknown_has_receipt": True},
        shows="Code 0 for a message that is not there",
        **_SHOULD,
    ),
    Fault(
        name="seq-in-32-bits",
        requirement="TC-GMR-14",
        level="SHOULD",
        cls="precision",
        operation=ASK,
        request=_wrapped_seq,
        shows="2^32 + 1 is message 1",
    ),
    edits(
        "one-missing-spoils-all",
        "TC-GMR-15",
        _all_or_nothing,
        level="SHOULD",
        operation=ASK,
        cls="batching",
        shows="10062 for all when one has none",
    ),
    items(
        "missing-receipt-code",
        "TC-GMR-16",
        lambda i: i.update(Code=404),
        level="SHOULD",
        cls="code",
        only=lambda i: i["Code"] == 10062,
        shows="Code 404",
    ),
    items(
        "missing-receipt-negative-code",
        "TC-GMR-16",
        lambda i: i.update(Code=-1),
        level="SHOULD",
        cls="code",
        only=lambda i: i["Code"] == 10062,
        shows="Code -1",
    ),
    bends(
        "asking-counts-as-reading",
        "TC-GMR-32",
        {"asking_reads": True},
        operation=ASK,
        shows="each question raises ReadNum",
        **_COUNT,
    ),
    bends(
        "reads-cross-groups",
        "TC-GMR-33",
        {"reads_spread": "seq"},
        cls="isolation",
        shows="the same MsgSeq of other groups is read",
        **_SHOULD,
    ),
    edits(
        "cache-without-group",
        "TC-GMR-33",
        _shared_counts,
        level="SHOULD",
        operation=ASK,
        cls="isolation",
        shows="another group's counts",
        also=("TC-GMR-08", "TC-GMR-09", "TC-GMR-10"),
    ),
    bends(
        "imported-message-has-receipt",
        "TC-GMR-40",
        {"imported_has_receipt": True},
        shows="Code 0 for an imported message",
        **_SHOULD,
    ),
    bends(
        "seventh-message-miscounted",
        "TC-GMR-08",
        {"read_step": 0},
        cls="rare-trigger",
        when=_seventh,
        operation=ASK,
        shows="ReadNum 0 beside message 7",
        **_SHOULD,
    ),
    bends(
        "reads-beyond-first-lost",
        "TC-GRR-06",
        {"read_items_kept": 1},
        cls="batching",
        operation=READ,
        shows="only the first of a list is read",
        **_SHOULD,
    ),
]
