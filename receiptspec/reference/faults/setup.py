"""Faults of group messages, groups, members, accounts and callbacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import (
    accepted,
    bends,
    calls_back,
    edits,
    if_ok,
    miscoded,
    refused_if,
)
from receiptspec.reference.tencent import documents

__all__ = ["ALL"]

_SEND: dict[str, Any] = {"operation": "send_group_msg"}
_MAKE: dict[str, Any] = {"operation": "create_group"}
_ADD: dict[str, Any] = {"operation": "add_group_member"}
_INFO: dict[str, Any] = {"operation": "get_group_member_info"}
_SHOULD: dict[str, Any] = {"level": "SHOULD"}


def _misnamed(call: Call) -> None:
    if isinstance(call.body, dict) and call.body.get("IsNeedReadReceipt") == 1:
        call.body = {**call.body, "NeedReadReceipt": 1}


def _results(value: int, was: int) -> Any:
    def edit(answer: dict[str, Any]) -> None:
        for item in answer.get("MemberList") or ():
            if item.get("Result") == was:
                item["Result"] = value

    return if_ok(edit)


def _history(change: Callable[[dict[str, Any]], object]) -> Any:
    def edit(answer: dict[str, Any]) -> None:
        for item in answer.get("RspMsgList") or ():
            change(item)

    return if_ok(edit)


def _again(call: Call) -> bool:
    seen = call.behaviour.memory.setdefault("imports", set())
    known = call.incoming.body in seen
    seen.add(call.incoming.body)
    return known


def _each(body: dict[str, Any], change: Callable[[dict[str, Any]], object]) -> None:
    for item in body.get("GroupMsgReceiptList") or ():
        change(item)


def _lost_comma(body: dict[str, Any]) -> bytes:
    return bytes(documents.write(body)).replace(b',"', b' "', 1)


ALL: list[Fault] = [
    edits(
        "group-time-in-milliseconds",
        "TC-SND-10",
        if_ok(lambda a: a.update(MsgTime=a["MsgTime"] * 1000)),
        cls="precision",
        shows="MsgTime in ms",
        **_SEND,
    ),
    refused_if(
        "group-wish-zero-refused",
        "TC-SND-12",
        10004,
        lambda c: c.body.get("NeedReadReceipt") == 0,
        shows="NeedReadReceipt 0 is refused",
        **_SEND,
    ),
    Fault(
        name="misnamed-wish-counts",
        requirement="TC-SND-13",
        cls="leniency",
        level="SHOULD",
        request=_misnamed,
        shows="IsNeedReadReceipt makes a receipt",
        **_SEND,
    ),
    miscoded(
        "group-send-missing-code",
        "TC-SND-15",
        10010,
        ("Random", "missing"),
        ("MsgBody", "missing"),
        shows="10010 for a missing field",
        **_SEND,
    ),
    accepted(
        "ghost-may-send",
        "TC-SND-17",
        ("From_Account", "unknown"),
        shows="OK for an unknown sender",
        **{**_SEND, **_SHOULD},
    ),
    miscoded(
        "group-send-unknown-group-code",
        "TC-SND-18",
        10004,
        ("GroupId", "unknown"),
        shows="10004 for an unknown group",
        **_SEND,
    ),
    edits(
        "own-group-id-changed",
        "TC-GRP-02",
        if_ok(lambda a: a.update(GroupId=a["GroupId"].replace("_", "-"))),
        shows="another GroupId",
        **_MAKE,
    ),
    miscoded("taken-id-code", "TC-GRP-03", 10004, ("GroupId", "taken"), shows="10004", **_MAKE),
    accepted(
        "reserved-id-accepted",
        "TC-GRP-04",
        ("GroupId", "malformed"),
        shows="OK for @TGS#",
        **{**_MAKE, **_SHOULD},
    ),
    accepted(
        "ghost-may-own",
        "TC-GRP-05",
        ("Owner_Account", "unknown"),
        shows="OK for an unknown owner",
        **{**_MAKE, **_SHOULD},
    ),
    edits("added-member-failed", "TC-GRP-06", _results(0, 1), shows="Result 0", **_ADD),
    edits("present-member-added", "TC-GRP-06", _results(1, 2), shows="Result 1 again", **_ADD),
    edits(
        "last-fifty-told-as-added",
        "TC-GRP-06",
        lambda _, answer: answer.update(MemberList=answer.get("MemberList", [])[-50:]),
        shows="who is added is named in the answer if among the last fifty",
        **_ADD,
    ),
    edits(
        "ghost-added",
        "TC-GRP-07",
        _results(1, 0),
        shows="Result 1 for nobody",
        **{**_ADD, **_SHOULD},
    ),
    accepted(
        "any-number-of-members",
        "TC-GRP-08",
        ("MemberList", "too-many"),
        cls="limits",
        shows="OK for 301",
        **{**_ADD, **_SHOULD},
    ),
    accepted(
        "live-rooms-take-members",
        "TC-GRP-09",
        ("GroupId", "group-type"),
        shows="OK in an AVChatRoom",
        **{**_ADD, **_SHOULD},
    ),
    refused_if(
        "outsider-not-removable",
        "TC-GRP-10",
        10004,
        lambda _: True,
        operation="delete_group_member",
        cls="lifecycle",
        shows="removing is refused",
    ),
    accepted(
        "dismissed-group-lives-on",
        "TC-GRP-11",
        ("GroupId", "dismissed"),
        cls="lifecycle",
        shows="calls about a dismissed group are OK",
    ),
    edits(
        "member-number-off",
        "TC-GRP-12",
        if_ok(lambda a: a.update(MemberNum=a["MemberNum"] - 1)),
        cls="counting",
        shows="MemberNum without the owner",
        **_INFO,
    ),
    edits(
        "history-loses-newest",
        "TC-GRP-13",
        if_ok(lambda a: a.update(RspMsgList=a["RspMsgList"][1:])),
        operation="group_msg_get_simple",
        cls="paging",
        shows="the newest message is missing",
        **_SHOULD,
    ),
    edits(
        "recall-leaves-no-mark",
        "TC-GRP-14",
        _history(lambda item: item.update(IsPlaceMsg=0)),
        operation="group_msg_get_simple",
        cls="lifecycle",
        shows="IsPlaceMsg 0 after a recall",
        **_SHOULD,
    ),
    refused_if(
        "second-import-refused",
        "TC-GRP-16",
        70402,
        _again,
        operation="account_import",
        cls="idempotency",
        shows="importing again is refused",
    ),
    accepted(
        "long-names-accepted",
        "TC-GRP-17",
        ("UserID", "too-long"),
        operation="account_import",
        cls="limits",
        shows="33 bytes",
        **_SHOULD,
    ),
    accepted(
        "any-number-of-accounts",
        "TC-GRP-18",
        ("AccountList", "too-many"),
        operation="multiaccount_import",
        cls="limits",
        shows="OK for 101",
        **_SHOULD,
    ),
    edits(
        "import-results-missing",
        "TC-GRP-21",
        if_ok(lambda a: a.update(ImportMsgResult=a["ImportMsgResult"][:1])),
        operation="import_group_msg",
        cls="batching",
        shows="one result for two messages",
        **_SHOULD,
    ),
    calls_back(
        "callback-without-app",
        "TC-WHK-01",
        lambda q: q.pop("SdkAppid", None),
        "no SdkAppid in the query",
        on_query=True,
    ),
    calls_back(
        "people-of-reports-swapped",
        "TC-WHK-09",
        lambda b: (
            b.update(Report_Account=b["Peer_Account"], Peer_Account=b["Report_Account"])
            if b["CallbackCommand"] == "C2C.CallbackAfterMsgReport"
            else None
        ),
        "Report_Account and Peer_Account exchanged",
        **_SHOULD,
    ),
    calls_back(
        "callback-command-differs",
        "TC-WHK-02",
        lambda b: b.update(CallbackCommand="Other"),
        "another command in the body",
    ),
    bends(
        "marking-calls-nobody",
        "TC-WHK-09",
        {"hook_on_mark": False},
        cls="webhook",
        **_SHOULD,
        shows="none",
    ),
    bends(
        "callbacks-silent-on-sending",
        "TC-WHK-03",
        {"hook_on_send": False},
        cls="webhook",
        shows="no callback after sending",
        **_SHOULD,
    ),
    calls_back(
        "callback-counts-as-text",
        "TC-WHK-05",
        lambda b: _each(b, lambda i: i.update(ReadNum=str(i["ReadNum"]))),
        'ReadNum "0"',
        also=("TC-WHK-06",),
    ),
    calls_back(
        "callback-counts-differ",
        "TC-WHK-06",
        lambda b: _each(b, lambda i: i.update(UnreadNum=i["UnreadNum"] + 1)),
        "UnreadNum one too many",
        **_SHOULD,
    ),
    calls_back(
        "callback-time-in-seconds",
        "TC-WHK-07",
        lambda b: b.update(EventTime=int(b["EventTime"]) // 1000),
        "EventTime in seconds",
        **_SHOULD,
    ),
    bends(
        "callback-answer-counts",
        "TC-WHK-08",
        {"hook_answer_counts": True},
        cls="webhook",
        shows="a read is undone when the receiver answers with an error",
    ),
    calls_back(
        "callback-platform-unknown",
        "TC-WHK-10",
        lambda q: q.update(OptPlatform="Web"),
        "OptPlatform Web",
        on_query=True,
        **_SHOULD,
    ),
    calls_back(
        "callback-signature-wrong",
        "TC-WHK-11",
        lambda q: q.update(Sign="0" * 64),
        "a constant Sign",
        on_query=True,
        **_SHOULD,
    ),
    calls_back(
        "callback-lacks-a-comma",
        "TC-WHK-12",
        _lost_comma,
        "no valid JSON",
        **_SHOULD,
        also=("TC-WHK-02", "TC-WHK-05", "TC-WHK-07", "TC-WHK-03", "TC-WHK-09"),
    ),
]
