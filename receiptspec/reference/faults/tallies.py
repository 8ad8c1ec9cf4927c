"""Faults of unread counts: how far they count, and what lowers them that must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from receiptspec.reference import outside
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

Edit = Callable[[Call, dict[str, Any]], None]


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
    _now_if(call, answer, 1_500_000_000, outside.now() - _DAY)


def _newest(call: Call) -> Direct:
    sender = call.body.get("From_Account", call.site.identifier)
    newest: Direct = call.site.store.between(sender, call.body["To_Account"])[-1]
    return newest


def _has(control: str) -> Callable[[Call], bool]:
    return lambda call: control in (call.body.get("SendMsgControl") or ())


def _counted_if(wanted: bool, test: Callable[[Call], bool]) -> Edit:
    """Count what is sent as unread, or do not, where the call is such."""

    def edit(call: Call, answer: dict[str, Any]) -> None:
        if succeeded(answer) and call.body.get("MsgLifeTime") != 0 and test(call):
            _newest(call).counted = wanted

    return edit


def _read_at_once(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer) and _has("NoUnread")(call):
        _newest(call).peer_read = True


def _left_out(call: Call, answer: dict[str, Any]) -> None:
    """Leave out of the history what is not to be counted."""
    if call.operation == "sendmsg" and succeeded(answer) and _has("NoUnread")(call):
        call.memory("uncounted")[answer["MsgKey"]] = True
    if "MsgList" in answer:
        gone = call.memory("uncounted")
        answer["MsgList"] = [item for item in answer["MsgList"] if item["MsgKey"] not in gone]
        answer["MsgCnt"] = len(answer["MsgList"])


def _turned_by_marks(test: Callable[[Call, Direct], bool]) -> Edit:
    """Let marking a conversation turn IsPeerRead of some of what it holds."""

    def edit(call: Call, answer: dict[str, Any]) -> None:
        for message in received(call, *_sides(call)) if succeeded(answer) else ():
            message.peer_read = message.peer_read or test(call, message)

    return edit


def _administrators_marks_lost(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer) and _sides(call)[0] == call.site.identifier:
        for message in call.notes.get("unread", ()):
            message.counted = True


ALL: list[Fault] = [
    *(
        edits(
            name,
            "TC-SMR-14",
            edit,
            operation="sendmsg",
            cls="counting",
            shows=shows,
            also=("TC-SMR-13",),
            **_SHOULD,
        )
        for name, edit, shows in (
            (
                "unread-without-nolastmsg",
                _counted_if(False, _has("NoLastMsg")),
                "messages with NoLastMsg are not unread",
            ),
            (
                "unread-without-muted",
                _counted_if(False, _has("WithMuteNotifications")),
                "messages with WithMuteNotifications are not unread",
            ),
            (
                "unread-without-unsynced",
                _counted_if(False, lambda call: call.body.get("SyncOtherMachine") == 2),
                "messages with SyncOtherMachine 2 are not unread",
            ),
            (
                "unread-without-short-lives",
                _counted_if(False, lambda call: call.body.get("MsgLifeTime", 604_800) < 604_800),
                "messages with a MsgLifeTime are not unread",
            ),
            (
                "nounread-ignored",
                _counted_if(True, lambda _: True),
                "messages with NoUnread are unread",
            ),
            (
                "nounread-ignored-beside-others",
                _counted_if(True, lambda call: len(call.body.get("SendMsgControl") or ()) > 1),
                "messages with NoUnread and another SendMsgControl are unread",
            ),
        )
    ),
    edits(
        "nounread-is-read",
        "TC-ROM-02",
        _read_at_once,
        operation="sendmsg",
        cls="counting",
        shows="messages with NoUnread have IsPeerRead 1 from the start",
        **_SHOULD,
    ),
    edits(
        "nounread-is-not-kept",
        "TC-ROM-08",
        _left_out,
        cls="shape",
        shows="messages with NoUnread are not in the history",
    ),
    edits(
        "marking-reads-the-administrator",
        "TC-ROM-05",
        _turned_by_marks(lambda call, message: message.sender == call.site.identifier),
        operation=_MARK,
        cls="roles",
        shows="IsPeerRead of the administrator's messages turns 1 where they are marked",
        **_SHOULD,
    ),
    edits(
        "marking-reads-plain-letters",
        "TC-ROM-05",
        _turned_by_marks(lambda _, message: not message.receipt),
        operation=_MARK,
        cls="counting",
        shows="IsPeerRead of messages without IsNeedReadReceipt turns 1 where they are marked",
        **_SHOULD,
    ),
    edits(
        "administrator-marks-nothing",
        "TC-SMR-06",
        _administrators_marks_lost,
        request=noting_unread,
        operation=_MARK,
        cls="roles",
        shows="what the administrator has got stays unread",
    ),
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
