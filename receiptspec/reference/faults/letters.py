"""Faults of messages between two people, and of unread counts."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import PASS, Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import (
    accepted,
    bends,
    edits,
    if_ok,
    miscoded,
    refused_if,
    succeeded,
    tolerated,
)

__all__ = ["ALL"]

_C2C: dict[str, Any] = {"operation": "c2c_msg_read_receipt"}
_MARK: dict[str, Any] = {"operation": "admin_set_msg_read"}
_COUNT: dict[str, Any] = {"operation": "get_c2c_unread_msg_num"}
_SEND: dict[str, Any] = {"operation": "sendmsg"}
_SHOULD: dict[str, Any] = {"level": "SHOULD"}


def _again(call: Call) -> bool:
    """Whether the very same body came before."""
    seen = call.behaviour.memory.setdefault("bodies", set())
    known = call.incoming.body in seen
    seen.add(call.incoming.body)
    return known


def _clears(kind: str) -> Any:
    def edit(call: Call, answer: dict[str, Any]) -> None:
        marks = call.behaviour.memory.setdefault("marks", [])
        if call.operation == "admin_set_msg_read" and succeeded(answer):
            marks.append((call.body["Report_Account"], call.body["Peer_Account"]))
        for entry in answer.get("C2CUnreadMsgNumList") or ():
            user, peer = call.body.get("To_Account"), entry["Peer_Account"]
            others = any(who == user and whom != peer for who, whom in marks)
            if (kind == "all" and others) or (kind == "peer" and (peer, user) in marks):
                entry["C2CUnreadMsgNum"] = 0

    return edit


def _short_parts(call: Call, place: str, reason: str, code: int | str) -> str | None:
    """Accept what is too long where each part of it is not."""
    del code
    if (place, reason) not in {("body", "too-long"), ("MsgBody", "too-long")}:
        return None
    longest = max(len(part["MsgContent"].get("Text", "")) for part in call.body["MsgBody"])
    return PASS if longest < call.knob("text_limit") else None


ALL: list[Fault] = [
    refused_if(
        "direct-receipt-refused",
        "TC-C2C-01",
        90010,
        lambda c: len(c.body.get("C2CMsgInfo") or ()) == 1,
        cls="batching",
        shows="a single receipt is refused",
        **{**_C2C, "also": ("TC-C2C-02", "TC-C2C-14")},
    ),
    refused_if(
        "direct-batch-refused",
        "TC-C2C-02",
        90010,
        lambda c: len(c.body.get("C2CMsgInfo") or ()) == 2,
        cls="batching",
        shows="two receipts are refused",
        **_C2C,
    ),
    tolerated(
        "direct-sender-not-compared",
        "TC-C2C-07",
        ("C2CMsgInfo[].From_Account", "mismatch"),
        cls="roles",
        shows="a third sender is taken",
        **_C2C,
    ),
    tolerated(
        "direct-receiver-not-compared",
        "TC-C2C-08",
        ("C2CMsgInfo[].To_Account", "mismatch"),
        cls="roles",
        shows="a third receiver is taken",
        **_C2C,
    ),
    bends(
        "sender-acknowledges-own",
        "TC-C2C-09",
        {"peer_read_by_sender": True},
        cls="roles",
        shows="the sender's receipt flips the own message",
        **_SHOULD,
    ),
    miscoded(
        "direct-ghost-code",
        "TC-C2C-10",
        90005,
        ("Operator_Account", "unknown"),
        ("Peer_Account", "unknown"),
        shows="90005 for an unknown account",
        **_C2C,
    ),
    miscoded(
        "direct-missing-peer-code",
        "TC-C2C-11",
        90026,
        ("Peer_Account", "missing"),
        shows="90026 for a missing Peer_Account",
        **_C2C,
    ),
    miscoded(
        "direct-broken-json-code",
        "TC-C2C-12",
        90012,
        ("body", "not-json"),
        shows="90012 for no JSON",
        **_C2C,
    ),
    bends(
        "foreign-keys-taken",
        "TC-C2C-13",
        {"key_of_other_pair": True},
        cls="isolation",
        shows="the key of another conversation works",
        **_SHOULD,
    ),
    accepted(
        "any-text-is-a-key",
        "TC-C2C-13",
        ("C2CMsgInfo[].MsgKey", "malformed"),
        shows="OK for a key of one letter",
        **{**_C2C, **_SHOULD},
    ),
    refused_if(
        "repeated-receipt-refused",
        "TC-C2C-14",
        20022,
        _again,
        cls="idempotency",
        shows="the second receipt is refused",
        **{**_C2C, **_SHOULD},
    ),
    accepted(
        "direct-list-of-any-type",
        "TC-C2C-15",
        ("C2CMsgInfo", "type"),
        shows="OK for a text as list",
        **{**_C2C, **_SHOULD},
    ),
    accepted(
        "direct-body-without-limit",
        "TC-C2C-18",
        ("body", "too-long"),
        cls="limits",
        shows="OK for 13k",
        **{**_C2C, **_SHOULD},
    ),
    refused_if(
        "marking-refused",
        "TC-SMR-01",
        90008,
        lambda _: True,
        cls="lifecycle",
        shows="90008",
        **{**_MARK, "also": ("TC-SMR-06", "TC-SMR-07", "TC-SMR-12")},
    ),
    miscoded(
        "mark-missing-code",
        "TC-SMR-04",
        90005,
        ("Report_Account", "missing"),
        shows="90005 for a missing account",
        **_MARK,
    ),
    accepted(
        "mark-by-nobody",
        "TC-SMR-05",
        ("Report_Account", "unknown"),
        ("Peer_Account", "unknown"),
        shows="OK for an unknown account",
        **{**_MARK, **_SHOULD},
    ),
    bends(
        "marking-without-effect",
        "TC-SMR-06",
        {"marks_lost": True},
        cls="counting",
        shows="the unread count stays",
    ),
    bends(
        "mark-time-ignored",
        "TC-SMR-07",
        {"mark_time_ignored": True},
        cls="timing",
        shows="everything is read",
        **_SHOULD,
    ),
    accepted(
        "mark-time-refused",
        "TC-SMR-08",
        ("nothing", "nothing"),
        request=lambda c: (
            c.refuse("MsgReadTime", "type", 90001, "MsgReadTime: a number is needed")
            if isinstance(c.body, dict) and "MsgReadTime" in c.body
            else None
        ),
        cls="shape",
        shows="text as MsgReadTime is refused",
        **{**_MARK, **_SHOULD, "also": ("TC-SMR-07",)},
    ),
    edits(
        "marking-clears-other-conversations",
        "TC-SMR-10",
        _clears("all"),
        cls="isolation",
        shows="other conversations are read too",
        **_SHOULD,
    ),
    edits(
        "marking-clears-the-peer",
        "TC-SMR-11",
        _clears("peer"),
        cls="isolation",
        shows="the peer's side is read too",
        **_SHOULD,
    ),
    refused_if(
        "marking-twice-refused",
        "TC-SMR-12",
        90008,
        _again,
        cls="idempotency",
        shows="the second marking is refused",
        **{**_MARK, **_SHOULD},
    ),
    edits(
        "all-unread-as-text",
        "TC-SMR-13",
        if_ok(
            lambda a: (
                a.update(AllC2CUnreadMsgNum=str(a["AllC2CUnreadMsgNum"]))
                if "AllC2CUnreadMsgNum" in a
                else None
            )
        ),
        shows='AllC2CUnreadMsgNum "3"',
        **{**_COUNT, **_SHOULD},
    ),
    edits(
        "peer-unread-missing",
        "TC-SMR-14",
        if_ok(
            lambda a: (
                a.update(C2CUnreadMsgNumList=a["C2CUnreadMsgNumList"][1:])
                if len(a.get("C2CUnreadMsgNumList") or ()) > 1
                else None
            )
        ),
        shows="one peer of two is missing",
        **{**_COUNT, **_SHOULD},
    ),
    miscoded(
        "mark-broken-json-code", "TC-SMR-15", 90008, ("body", "not-json"), shows="90008", **_MARK
    ),
    edits(
        "message-key-missing",
        "TC-SND-01",
        if_ok(lambda a: a.pop("MsgKey")),
        shows="no key",
        **_SEND,
    ),
    edits(
        "message-time-in-milliseconds",
        "TC-SND-01",
        if_ok(lambda a: a.update(MsgTime=a["MsgTime"] * 1000)),
        cls="precision",
        shows="MsgTime in ms",
        **_SEND,
    ),
    edits(
        "message-key-of-its-own-form",
        "TC-SND-02",
        if_ok(lambda a: a.update(MsgKey="k" + a["MsgKey"].replace("_", "-"))),
        shows="the key is no seq_random_time",
        **{**_SEND, **_SHOULD},
    ),
    refused_if(
        "no-wish-refused",
        "TC-SND-03",
        90010,
        lambda c: c.body.get("IsNeedReadReceipt") == 0,
        shows="IsNeedReadReceipt 0 is refused",
        **_SEND,
    ),
    miscoded(
        "send-missing-code",
        "TC-SND-05",
        90026,
        ("To_Account", "missing"),
        ("MsgRandom", "missing"),
        shows="90026 for a missing field",
        **_SEND,
    ),
    miscoded(
        "send-body-type-code", "TC-SND-06", 90003, ("MsgBody", "type"), shows="90003", **_SEND
    ),
    miscoded(
        "send-ghost-code", "TC-SND-07", 90005, ("To_Account", "unknown"), shows="90005", **_SEND
    ),
    miscoded(
        "send-lifetime-code",
        "TC-SND-08",
        90031,
        ("MsgLifeTime", "too-large"),
        ("MsgLifeTime", "type"),
        shows="90031 for MsgLifeTime",
        **_SEND,
    ),
    accepted(
        "send-without-limit",
        "TC-SND-09",
        ("MsgBody", "too-long"),
        ("body", "too-long"),
        cls="limits",
        shows="OK for 13k",
        **{**_SEND, **_SHOULD},
    ),
    Fault(
        name="limit-of-each-part",
        requirement="TC-SND-09",
        refuses=_short_parts,
        cls="limits",
        shows="OK for several texts of which none is too long",
        **{**_SEND, **_SHOULD},
    ),
]
