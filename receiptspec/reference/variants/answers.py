"""Freedoms of what is counted, listed and refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import Variant
from receiptspec.reference.calls import Call, Refusal

__all__ = ["ALL", "where_accepted"]

_ASK, _DETAIL = "get_group_msg_receipt", "get_group_msg_receipt_detail"
_LIST = "GroupMsgReceiptList"
_BIRTH = 0.3  # seconds


def where_accepted(
    change: Callable[[dict[str, Any]], object],
) -> Callable[[Call, dict[str, Any]], None]:
    """Return an edit of an answer that is not a refusal."""

    def edit(_call: Call, answer: dict[str, Any]) -> None:
        if answer.get("ErrorCode") == 0:
            change(answer)

    return edit


def _code(old: int, new: int) -> Callable[[Call, str, str, int | str], int | str | None]:
    return lambda _call, place, _reason, code: new if place == "GroupId" and code == old else None


def _group_type_code(new: int) -> Callable[[Call, str, str, int | str], int | str | None]:
    def refuses(_call: Call, place: str, reason: str, _code: int | str) -> int | None:
        return new if place == "GroupId" and reason in ("AVChatRoom", "Community") else None

    return refuses


def _strangers_failed(call: Call, answer: dict[str, Any]) -> None:
    listed = answer.get("C2CUnreadMsgNumList")
    if not listed:
        return
    user, pairs = call.body.get("To_Account"), call.site.store.directs
    strangers = [
        e["Peer_Account"] for e in listed if not pairs.get(frozenset((user, e["Peer_Account"])))
    ]
    if strangers:
        answer["C2CUnreadMsgNumList"] = [e for e in listed if e["Peer_Account"] not in strangers]
        failed = [{"Peer_Account": peer, "ErrorCode": 91000} for peer in strangers]
        answer["ErrorList"] = [*answer.get("ErrorList", ()), *failed]


def _without_numbers(answer: dict[str, Any]) -> None:
    for item in answer[_LIST]:
        if item["Code"]:
            del item["ReadNum"], item["UnreadNum"]


def _distinct(answer: dict[str, Any]) -> None:
    answer[_LIST] = list({item["MsgSeq"]: item for item in answer[_LIST]}.values())


def _refused_as_whole(_call: Call, answer: dict[str, Any]) -> None:
    """Answer a list in which any message has no receipt with 10062 for the call."""
    if any(item["Code"] == 10062 for item in answer.get(_LIST, ())):
        answer.clear()
        answer.update(ActionStatus="FAIL", ErrorCode=10062, ErrorInfo="no receipt")


def _forty_at_most(call: Call) -> None:
    found = call.body.get("MsgSeqList")
    if isinstance(found, list) and len(found) > 40:
        raise Refusal(10004, "MsgSeqList is too long")


def _as_doubles(_call: Call, answer: dict[str, Any]) -> None:
    """Name messages that do not exist by numbers that a double has carried."""
    for item in answer.get(_LIST, ()):
        if item.get("Code"):
            item["MsgSeq"] = int(float(item["MsgSeq"]))


def _bad_items_apart(call: Call) -> None:
    """Take items without a MsgSeq out of the question."""
    found = call.body.get("MsgSeqList")
    if isinstance(found, list):
        bad = [item for item in found if isinstance(item, dict) and "MsgSeq" not in item]
        call.notes["bad"] = len(bad)
        if len(bad) < len(found):
            call.body["MsgSeqList"] = [item for item in found if item not in bad]


def _bad_items_answered(call: Call, answer: dict[str, Any]) -> None:
    """Answer an item without a MsgSeq with an item of its own, as the others are answered."""
    if answer.get("ErrorCode") == 0:
        answer[_LIST] += [{"Code": 10004, "MsgSeq": 0}] * call.notes.get("bad", 0)


def _later(call: Call, answer: dict[str, Any]) -> None:
    """Know nothing of the receipts of a message for a moment after it was sent."""
    born = call.behaviour.memory.setdefault("born", {})
    if answer.get("ErrorCode") != 0 or not isinstance(call.body, dict):
        return
    group = call.body.get("GroupId")
    if call.operation == "send_group_msg":
        born[group, answer["MsgSeq"]] = outside.ticks()
    for item in answer.get(_LIST, ()):
        if outside.ticks() - born.get((group, item["MsgSeq"]), 0) < _BIRTH:
            item.update(Code=10062, ReadNum=0, UnreadNum=0)


def _shown_later(call: Call, answer: dict[str, Any]) -> None:
    """Leave a message out of the history of its group for a moment after it was sent."""
    sent = call.behaviour.memory.setdefault("sent", {})
    if answer.get("ErrorCode") != 0 or not isinstance(call.body, dict):
        return
    group, now = call.body.get("GroupId"), outside.ticks()
    if call.operation == "send_group_msg":
        sent[group, answer["MsgSeq"]] = now
    elif call.operation == "group_msg_get_simple":
        answer["RspMsgList"] = [
            item
            for item in answer["RspMsgList"]
            if now - sent.get((group, item["MsgSeq"]), 0) > _BIRTH
        ]


ALL: list[Variant] = [
    Variant(
        name="sender-counts",
        requirement="TC-GMR-07",
        knobs={"sender_counts": True},
        shows="UnreadNum holds the sender",
    ),
    Variant(
        name="leavers-stay-counted",
        requirement="TC-GRP-20",
        knobs={"leavers_count": True},
        shows="who left stays in counts and lists",
    ),
    Variant(
        name="joiners-counted",
        requirement="TC-GRP-19",
        knobs={"joiners_count": True},
        shows="who joined later is waited for",
    ),
    Variant(
        name="unknown-group-10015",
        requirement="TC-GMR-22",
        refuses=_code(10010, 10015),
        shows="10015 instead of 10010",
    ),
    Variant(
        name="malformed-group-10004",
        requirement="TC-GMR-25",
        refuses=_code(10015, 10004),
        shows="10004 instead of 10015",
    ),
    Variant(
        name="group-type-10004",
        requirement="TC-GMR-30",
        refuses=_group_type_code(10004),
        shows="10004 instead of 10007",
    ),
    Variant(
        name="group-type-10062",
        requirement="TC-GMR-30",
        refuses=_group_type_code(10062),
        shows="10062 instead of 10007",
    ),
    Variant(
        name="items-reversed",
        requirement="TC-GMR-05",
        operation=_ASK,
        answer=where_accepted(lambda a: a[_LIST].reverse()),
        shows="the last asked for comes first",
    ),
    Variant(
        name="unknown-seqs-as-doubles",
        requirement="TC-GMR-14",
        operation=_ASK,
        answer=_as_doubles,
        shows="an item about 2^64 + 1, which is of no message, names 2^64",
    ),
    Variant(
        name="items-sorted",
        requirement="TC-GMR-05",
        operation=_ASK,
        answer=where_accepted(lambda a: a[_LIST].sort(key=lambda i: i["MsgSeq"])),
        shows="by MsgSeq",
    ),
    Variant(
        name="lists-of-forty",
        requirement="TC-GMR-36",
        operation=_ASK,
        request=_forty_at_most,
        shows="10004 for 41 messages",
    ),
    Variant(
        name="items-distinct",
        requirement="TC-GMR-35",
        operation=_ASK,
        answer=where_accepted(_distinct),
        shows="one item for a repeated MsgSeq",
    ),
    Variant(
        name="missing-receipt-without-numbers",
        requirement="TC-GMR-16",
        operation=_ASK,
        answer=where_accepted(_without_numbers),
        shows="Code 10062 and MsgSeq, no more",
    ),
    Variant(
        name="missing-receipt-refuses-call",
        requirement="TC-GMR-15",
        operation=_ASK,
        answer=_refused_as_whole,
        shows="10062 for the whole call",
    ),
    Variant(
        name="empty-list-accepted",
        requirement="TC-GMR-34",
        operation=_ASK,
        knobs={"empty_list_is_ok": True},
        shows="OK and an empty list",
    ),
    Variant(
        name="bad-items-answered",
        requirement="TC-GMR-19",
        operation=_ASK,
        request=_bad_items_apart,
        answer=_bad_items_answered,
        shows="an item without MsgSeq gets Code 10004, the others their data",
    ),
    Variant(
        name="messages-shown-later",
        requirement="TC-GMR-04",
        answer=_later,
        shows="a new message has its receipt after 0.3 s",
        waits=True,
    ),
    Variant(
        name="lists-lag-behind-counts",
        requirement="TC-GMD-12",
        knobs={"view_lags": {"get_group_msg_receipt_detail": 0.3}},
        shows="a read shows in the lists 0.3 s after it counts",
        waits=True,
    ),
    Variant(
        name="counts-lag-behind-lists",
        requirement="TC-GMD-14",
        knobs={"view_lags": {"get_group_msg_receipt": 0.3}},
        shows="a read counts 0.3 s after it shows in the lists",
        waits=True,
    ),
    Variant(
        name="history-in-small-pages",
        requirement="TC-ROM-09",
        knobs={"roam_packet": 900},
        shows="a page of a history holds 900 bytes",
    ),
    Variant(
        name="group-history-shown-later",
        requirement="TC-GRP-13",
        answer=_shown_later,
        shows="a message enters the history of its group after 0.3 s",
        waits=True,
    ),
    Variant(
        name="reads-shown-later",
        requirement="TC-GMR-08",
        knobs={"read_delay": 0.3},
        shows="a read shows after 0.3 s",
        waits=True,
    ),
    Variant(
        name="replicas",
        requirement="TC-GMD-14",
        knobs={"replica_lag": 0.4},
        shows="reads show 0.0, 0.2 or 0.4 s late, by turns",
        waits=True,
    ),
    Variant(
        name="impossible-receipt-dropped",
        requirement="TC-SND-21",
        knobs={"impossible_receipt": "dropped"},
        shows="sent without receipt instead of refused",
    ),
    Variant(
        name="recalled-keeps-receipt",
        requirement="TC-GRP-15",
        knobs={"recalled_keeps_receipt": True},
        shows="counts of a recalled message",
    ),
    Variant(
        name="tips-take-seq",
        requirement="TC-SND-11",
        knobs={"tips_take_seq": True},
        shows="creating and joining use up a MsgSeq",
    ),
    Variant(
        name="strangers-in-error-list",
        operation="get_c2c_unread_msg_num",
        requirement="TC-SMR-14",
        answer=_strangers_failed,
        shows="peers who never wrote, or were written to, are in ErrorList",
    ),
    Variant(
        name="read-time-as-integer",
        requirement="TC-SMR-09",
        knobs={"read_time_integer": True},
        shows="MsgReadTime may be an Integer",
    ),
    Variant(
        name="history-oldest-first",
        requirement="TC-ROM-09",
        knobs={"roam_order": "oldest"},
        shows="a page of the history from old to new",
    ),
    Variant(
        name="no-hook-for-reads",
        requirement="TC-WHK-04",
        knobs={"hook_on_receipt": False, "hook_on_direct_receipt": False},
        shows="REST receipts fire no webhook",
    ),
    Variant(
        name="hook-time-as-text",
        requirement="TC-WHK-07",
        knobs={"hook_time_text": True},
        shows="EventTime is a String",
    ),
    Variant(
        name="hook-chunked",
        requirement="TC-WHK-12",
        knobs={"hook_chunked": True},
        shows="callbacks come in chunks",
    ),
]
