"""Faults of unread counts: how far they count, and what lowers them that must not."""

from __future__ import annotations

import time
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.correspondence import noting_unread, received
from receiptspec.reference.faults.families import edits, if_ok, succeeded
from receiptspec.reference.store import Direct

__all__ = ["ALL"]

_C2C, _MARK, _COUNT = "c2c_msg_read_receipt", "admin_set_msg_read", "get_c2c_unread_msg_num"
_ROAM = "admin_getroammsg"
_TOTAL = "AllC2CUnreadMsgNum"
_SHOULD: dict[str, Any] = {"level": "SHOULD"}
_DAY = 86_400


def _sides(call: Call) -> tuple[Any, Any]:
    return call.body.get("Report_Account"), call.body.get("Peer_Account")


def _named(call: Call) -> list[Direct]:
    """Return the messages that a receipt names."""
    keys = {item["MsgKey"] for item in call.body["C2CMsgInfo"]}
    people = call.body["Operator_Account"], call.body["Peer_Account"]
    return [message for message in received(call, *people) if message.key in keys]


def _cleared_again(call: Call, answer: dict[str, Any]) -> None:
    """Take a message for read in its conversation where its receipt comes once more."""
    known = call.memory("acknowledged")
    for message in _named(call) if succeeded(answer) else ():
        message.counted = message.counted and message.key not in known
        known[message.key] = True


def _fifteen_marked(call: Call, answer: dict[str, Any]) -> None:
    for message in call.notes.get("unread", [])[15:] if succeeded(answer) else ():
        message.counted = True


def _both_sides(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer) and "MsgReadTime" in call.body:
        for message in call.site.store.between(*_sides(call)):
            message.counted = message.counted and message.receiver == _sides(call)[0]


def _read_by_paging(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer) and call.body.get("LastMsgKey"):
        for message in received(call, call.body["Operator_Account"], call.body["Peer_Account"]):
            message.counted = False


def _twenty_at_most(answer: dict[str, Any]) -> None:
    for entry in answer.get("C2CUnreadMsgNumList", ()):
        entry["C2CUnreadMsgNum"] = min(entry["C2CUnreadMsgNum"], 20)


def _of_three(call: Call, answer: dict[str, Any]) -> None:
    """Count what the three conversations have that were written in last."""
    if _TOTAL in answer:
        user, pairs = call.body["To_Account"], call.site.store.directs
        mine = [letters for people, letters in pairs.items() if user in people and letters]
        last = sorted(mine, key=lambda letters: letters[-1].order)[-3:]
        counted = [m for letters in last for m in letters if m.receiver == user and m.counted]
        answer[_TOTAL] = len(counted)


def _noting_timed(call: Call) -> None:
    if call.operation == _MARK and "MsgReadTime" in call.body:
        user, peer = _sides(call)
        if isinstance(user, str) and isinstance(peer, str):
            call.notes["counted"] = call.site.store.unread(user, peer)


def _spared_by_times(call: Call, answer: dict[str, Any]) -> None:
    """Let the total not fall with what MsgReadTime marks."""
    kept = call.memory("kept")
    if call.notes.get("counted") and succeeded(answer):
        user, peer = _sides(call)
        fell = call.notes["counted"] - call.site.store.unread(user, peer)
        kept[user] = kept.get(user, 0) + fell
    if _TOTAL in answer:
        answer[_TOTAL] += kept.get(call.body["To_Account"], 0)


def _fallen_twice(call: Call, answer: dict[str, Any]) -> None:
    """Let the total fall once more where a conversation is marked again."""
    last, fallen = call.memory("last"), call.memory("fallen")
    if call.operation == _MARK and succeeded(answer) and "MsgReadTime" not in call.body:
        user, number = _sides(call)[0], len(call.notes.get("unread", ()))
        if not number:
            fallen[user] = fallen.get(user, 0) + last.pop(_sides(call), 0)
        else:
            last[_sides(call)] = number
    if _TOTAL in answer:
        answer[_TOTAL] = max(0, answer[_TOTAL] - fallen.get(call.body["To_Account"], 0))


def _noting_marks(call: Call) -> None:
    if call.operation == _MARK:
        noting_unread(call)


def _now_if(call: Call, answer: dict[str, Any], low: float, high: float) -> None:
    """Take a MsgReadTime between two times for now."""
    if succeeded(answer) and low < int(call.body.get("MsgReadTime", -1)) < high:
        for message in received(call, *_sides(call)):
            message.counted = False


def _small_is_now(call: Call, answer: dict[str, Any]) -> None:
    _now_if(call, answer, 0, 1_000_000_000)


def _old_is_now(call: Call, answer: dict[str, Any]) -> None:
    _now_if(call, answer, 1_500_000_000, time.time() - _DAY)


ALL: list[Fault] = [
    edits(
        "receipts-again-clear-unread",
        "TC-C2C-19",
        _cleared_again,
        operation=_C2C,
        cls="rare-trigger",
        shows="a message whose receipt comes twice is unread no more",
        **_SHOULD,
    ),
    edits(
        "marking-ends-at-fifteen",
        "TC-SMR-06",
        _fifteen_marked,
        request=noting_unread,
        operation=_MARK,
        cls="limits",
        shows="of more than fifteen unread messages the newest stay unread",
    ),
    edits(
        "times-mark-both-sides",
        "TC-SMR-11",
        _both_sides,
        operation=_MARK,
        cls="roles",
        shows="marking with MsgReadTime marks what the reader has sent as well",
        **_SHOULD,
    ),
    edits(
        "second-page-clears-unread",
        "TC-SMR-14",
        _read_by_paging,
        operation=_ROAM,
        cls="counting",
        shows="who asks for a second page of a history has nothing unread of it",
        **_SHOULD,
    ),
    edits(
        "unread-ends-at-twenty",
        "TC-SMR-14",
        if_ok(_twenty_at_most),
        operation=_COUNT,
        cls="limits",
        shows="C2CUnreadMsgNum is never above 20",
        **_SHOULD,
    ),
    edits(
        "all-unread-of-three",
        "TC-SMR-13",
        _of_three,
        operation=_COUNT,
        cls="limits",
        shows="AllC2CUnreadMsgNum counts the three conversations that were written in last",
        **_SHOULD,
    ),
    edits(
        "all-unread-spared-by-times",
        "TC-SMR-13",
        _spared_by_times,
        request=_noting_timed,
        cls="counting",
        shows="AllC2CUnreadMsgNum does not fall with what is marked by MsgReadTime",
        **_SHOULD,
    ),
    edits(
        "all-unread-falls-twice",
        "TC-SMR-13",
        _fallen_twice,
        request=_noting_marks,
        cls="counting",
        shows="AllC2CUnreadMsgNum falls again where a conversation is marked once more",
        **_SHOULD,
    ),
    edits(
        "small-times-are-now",
        "TC-SMR-07",
        _small_is_now,
        operation=_MARK,
        cls="rare-trigger",
        shows="a MsgReadTime below 10^9 is taken for now",
        **_SHOULD,
    ),
    edits(
        "old-times-are-now",
        "TC-SMR-07",
        _old_is_now,
        operation=_MARK,
        cls="rare-trigger",
        shows="a MsgReadTime of more than a day ago is taken for now",
        **_SHOULD,
    ),
]
