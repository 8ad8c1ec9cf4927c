"""Faults of the other operations, many of them one family over a table of required fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.faults.families import (
    DETAIL,
    READ,
    accepted,
    bends,
    edits,
    if_ok,
    miscoded,
    refused_if,
)

__all__ = ["ALL"]

_C2C, _ROAM, _MARK = "c2c_msg_read_receipt", "admin_getroammsg", "admin_set_msg_read"

#: Operation, short name, required field, row.
_REQUIRED = [
    (DETAIL, "detail", "GroupId", "TC-GMD-16"),
    (DETAIL, "detail", "Filter", "TC-GMD-17"),
    (DETAIL, "detail", "Cursor", "TC-GMD-18"),
    (DETAIL, "detail", "Count", "TC-GMD-19"),
    (READ, "read", "From_Account", "TC-GRR-03"),
    (READ, "read", "GroupId", "TC-GRR-03"),
    (READ, "read", "MsgSeqList", "TC-GRR-03"),
    (_C2C, "direct-read", "Operator_Account", "TC-C2C-03"),
    (_C2C, "direct-read", "Peer_Account", "TC-C2C-04"),
    (_C2C, "direct-read", "C2CMsgInfo", "TC-C2C-05"),
    (_C2C, "direct-read", "C2CMsgInfo[].MsgKey", "TC-C2C-06"),
    (_ROAM, "history", "Operator_Account", "TC-ROM-06"),
    (_ROAM, "history", "Peer_Account", "TC-ROM-06"),
    (_ROAM, "history", "MaxCnt", "TC-ROM-06"),
    (_ROAM, "history", "MinTime", "TC-ROM-06"),
    (_ROAM, "history", "MaxTime", "TC-ROM-06"),
    (_MARK, "mark", "Report_Account", "TC-SMR-02"),
    (_MARK, "mark", "Peer_Account", "TC-SMR-03"),
    ("sendmsg", "send", "To_Account", "TC-SND-04"),
    ("sendmsg", "send", "MsgRandom", "TC-SND-04"),
    ("sendmsg", "send", "MsgBody", "TC-SND-04"),
    ("send_group_msg", "group-send", "GroupId", "TC-SND-14"),
    ("send_group_msg", "group-send", "Random", "TC-SND-14"),
    ("send_group_msg", "group-send", "MsgBody", "TC-SND-14"),
    ("create_group", "create", "Type", "TC-GRP-01"),
    ("create_group", "create", "Name", "TC-GRP-01"),
]


def _short(field: str) -> str:
    return field.rpartition(".")[2].replace("_", "-").lower()


def _not_needed() -> Iterator[Fault]:
    for operation, short, field, row in _REQUIRED:
        yield accepted(
            f"{short}-without-{_short(field)}",
            row,
            (field, "missing"),
            operation=operation,
            shows=f"OK without {field}",
        )


def _pages(change: Any) -> Any:
    return if_ok(change)


def _other_list(answer: dict[str, Any]) -> None:
    if "UnreadList" in answer:
        names = [item["Unread_Account"] for item in answer.pop("UnreadList")]
        answer["ReadList"] = [{"Read_Account": name} for name in names]


def _first_dropped(answer: dict[str, Any]) -> None:
    for key in ("ReadList", "UnreadList"):
        if key in answer and not answer["IsFinish"]:
            answer[key] = answer[key][1:]


_PAGE: dict[str, Any] = {"operation": DETAIL, "cls": "paging"}

ALL: list[Fault] = [
    *_not_needed(),
    edits(
        "detail-lists-swapped",
        "TC-GMD-03",
        _pages(_other_list),
        shows="ReadList for Filter 1",
        operation=DETAIL,
    ),
    bends("page-overfull", "TC-GMD-04", {"detail_overfull": 1}, shows="Count + 1 members", **_PAGE),
    edits(
        "page-never-last",
        "TC-GMD-05",
        _pages(lambda a: a.update(IsFinish=0)),
        shows="IsFinish 0",
        **_PAGE,
        also=("TC-GMD-01", "TC-GMD-09"),
    ),
    edits(
        "page-always-last",
        "TC-GMD-05",
        _pages(lambda a: a.update(IsFinish=1)),
        shows="IsFinish 1",
        **_PAGE,
        also=("TC-GMD-08", "TC-GMD-12", "TC-GMD-14", "TC-GMD-34"),
    ),
    edits(
        "page-without-cursor",
        "TC-GMD-07",
        _pages(lambda a: a.pop("Cursor")),
        shows="no Cursor",
        **_PAGE,
        also=("TC-GMD-08", "TC-GMD-12", "TC-GMD-14", "TC-GMD-34"),
    ),
    edits(
        "page-loses-one",
        "TC-GMD-08",
        _pages(_first_dropped),
        shows="a member is on no page",
        **_PAGE,
        also=("TC-GMD-12", "TC-GMD-14", "TC-GMD-34"),
    ),
    edits(
        "detail-seq-missing",
        "TC-GMD-10",
        _pages(lambda a: a.pop("MsgSeq")),
        shows="no MsgSeq",
        operation=DETAIL,
    ),
    edits(
        "detail-seq-zero",
        "TC-GMD-10",
        _pages(lambda a: a.update(MsgSeq=0)),
        shows="MsgSeq 0",
        operation=DETAIL,
    ),
    miscoded(
        "detail-no-receipt-code",
        "TC-GMD-27",
        10010,
        ("MsgSeq", "no-receipt"),
        operation=DETAIL,
        shows="10010",
    ),
    refused_if(
        "detail-200-refused",
        "TC-GMD-23",
        10004,
        lambda c: c.body.get("Count") == 200,
        operation=DETAIL,
        shows="Count 200 refused",
    ),
    accepted(
        "filter-any-number",
        "TC-GMD-24",
        ("Filter", "too-large"),
        ("Filter", "too-small"),
        operation=DETAIL,
        level="SHOULD",
        shows="OK for Filter 2",
    ),
    edits(
        "cursor-as-number",
        "TC-GMD-37",
        level="SHOULD",
        shows="Cursor is an Integer",
        edit=_pages(lambda a: a.update(Cursor=int(a["Cursor"]))),
        **_PAGE,
    ),
    bends(
        "forty-nine-reads",
        "TC-GRR-04",
        {"most_reads": 49},
        cls="limits",
        operation=READ,
        shows="50 in one call are refused",
    ),
    accepted(
        "read-of-unknown-group-accepted",
        "TC-GRR-11",
        ("GroupId", "unknown"),
        operation=READ,
        shows="OK",
    ),
    bends(
        "receipt-moves-the-read-position",
        "TC-GRR-15",
        {"receipt_moves_position": True},
        level="SHOULD",
        cls="isolation",
        operation=READ,
        shows="MsgSeq of the member rises with a receipt",
    ),
    bends(
        "direct-receipt-spreads",
        "TC-ROM-04",
        {"peer_read_spreads": True},
        level="SHOULD",
        cls="isolation",
        shows="all messages flip",
    ),
    bends(
        "marking-sends-receipts",
        "TC-ROM-05",
        {"peer_read_by_mark": True},
        level="SHOULD",
        cls="isolation",
        shows="admin_set_msg_read flips IsPeerRead",
    ),
    bends(
        "direct-receipt-clears-unread",
        "TC-C2C-19",
        {"receipt_clears_unread": True},
        level="SHOULD",
        cls="isolation",
        shows="the unread count falls",
    ),
    bends("same-seq-again", "TC-SND-11", {"seq_step": 0}, shows="each message has the same MsgSeq"),
    bends(
        "seq-in-steps-of-two", "TC-SND-11b", {"seq_step": 2}, level="SHOULD", shows="MsgSeq 2, 4, 6"
    ),
    bends(
        "repeated-message-stored",
        "TC-SND-16",
        {"duplicates_dropped": False},
        level="SHOULD",
        cls="idempotency",
        shows="the same Random is a new message",
    ),
]
