"""Faults of codes of groups that are not there, and of numbers, histories and imports."""

from __future__ import annotations

import html
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import (
    DETAIL,
    READ,
    edits,
    group_of,
    if_ok,
    miscoded,
    refused_if,
    succeeded,
)

__all__ = ["ALL"]

_SEND, _RECALL, _IMPORT, _ADD = (
    "send_group_msg",
    "group_msg_recall",
    "import_group_msg",
    "add_group_member",
)
_SHOULD: dict[str, Any] = {"level": "SHOULD"}

_CODES = [
    miscoded(
        f"dismissed-code-of-{name}",
        "TC-GRP-11",
        code,
        ("GroupId", "dismissed"),
        operation=operation,
        shows=f"{code} for a dismissed group",
        level="MUST",
    )
    for name, operation, code in (
        ("dismissing", "destroy_group", 10004),
        ("members", "get_group_member_info", 10018),
        ("removing", "delete_group_member", 10007),
        ("adding", _ADD, 10019),
        ("history", "group_msg_get_simple", 10007),
        ("recalling", _RECALL, 10030),
        ("importing", _IMPORT, 10020),
        ("sending", _SEND, 10016),
    )
] + [
    miscoded(
        f"lists-code-{reason}",
        row,
        10062,
        ("GroupId", reason),
        operation=DETAIL,
        shows=f"10062 for the lists of a group that is {reason}",
    )
    for row, reason in (("TC-GMD-29b", "unknown"), ("TC-GMD-30b", "dismissed"))
]


def _repeats_numbered(call: Call, answer: dict[str, Any]) -> None:
    group = group_of(call)
    if group is not None and succeeded(answer) and 0 < answer["MsgSeq"] < group.newest:
        group.newest += 1


def _repeats_renumbered(call: Call, answer: dict[str, Any]) -> None:
    group = group_of(call)
    if group is not None and succeeded(answer) and 0 < answer["MsgSeq"] < group.newest:
        group.newest += 1
        answer["MsgSeq"] = group.newest


def _online_numbered(call: Call, answer: dict[str, Any]) -> None:
    group = group_of(call)
    if group is not None and succeeded(answer) and call.body.get("OnlineOnlyFlag") == 1:
        group.newest += 1


def _without_recalled(_call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer):
        shown = answer["RspMsgList"]
        answer["RspMsgList"] = [item for item in shown if item["IsPlaceMsg"] != 2]


def _first_fifty(call: Call) -> None:
    named = call.body.get("AccountList")
    if isinstance(named, list) and len(named) <= 100:
        call.body["AccountList"] = named[:50]


def _noting_accounts(call: Call) -> None:
    call.notes["accounts"] = set(call.site.store.accounts)


def _none_beside_failed(call: Call, answer: dict[str, Any]) -> None:
    if answer.get("FailAccounts"):
        for name in call.site.store.accounts.keys() - call.notes["accounts"]:
            del call.site.store.accounts[name]


def _none_behind_failed(call: Call, answer: dict[str, Any]) -> None:
    failed = answer.get("FailAccounts") or ()
    names = [item["UserID"] for item in call.body["AccountList"]] if failed else []
    for name in names[names.index(failed[0]) :] if failed else ():
        if name not in call.notes["accounts"]:
            call.site.store.accounts.pop(name, None)


def _older_position(call: Call, answer: dict[str, Any]) -> None:
    group = group_of(call)
    if group is None or not succeeded(answer):
        return
    member = group.members[call.body["From_Account"]]
    for item in call.body["MsgSeqList"]:
        if item["MsgSeq"] in group.messages:
            member.read_seq = min(member.read_seq, item["MsgSeq"])


def _newest_ten(call: Call, answer: dict[str, Any]) -> None:
    group = group_of(call)
    if group is not None and succeeded(answer):
        shown = answer["RspMsgList"]
        answer["RspMsgList"] = [item for item in shown if item["MsgSeq"] > group.newest - 10]


def _empty_beside_recalled(_call: Call, answer: dict[str, Any]) -> None:
    items = answer.get("RspMsgList", ())
    if any(item["IsPlaceMsg"] == 2 for item in items):
        for item in items:
            item["MsgBody"] = []


def _silent_lost(call: Call) -> None:
    if call.body.get("Silence") == 1:
        call.body["MemberToDel_Account"] = ["nobody-of-this-name"]


def _first_fails(call: Call, answer: dict[str, Any]) -> None:
    named = call.body.get("AccountList") if succeeded(answer) else None
    if named and not answer["FailAccounts"]:
        answer["FailAccounts"] = [named[0]["UserID"]]


def _escaped(_call: Call, answer: dict[str, Any]) -> None:
    for item in answer.get("RspMsgList", ()):
        for part in item["MsgBody"]:
            text = part["MsgContent"].get("Text", "")
            if text.startswith("old <i>"):
                part["MsgContent"]["Text"] = html.escape(text)


_HISTORIES = [
    edits(
        name,
        row,
        change,
        operation=operation,
        cls="rare-trigger",
        shows=shows,
        **_SHOULD,
    )
    for name, row, change, operation, shows in (
        (
            "repeats-take-numbers",
            "TC-SND-11b",
            _repeats_numbered,
            _SEND,
            "a dropped repeat takes a number",
        ),
        (
            "repeats-get-new-numbers",
            "TC-SND-11b",
            _repeats_renumbered,
            _SEND,
            "a dropped repeat is answered with a new number",
        ),
        (
            "online-messages-take-numbers",
            "TC-SND-11b",
            _online_numbered,
            _SEND,
            "a message for those online alone takes a number",
        ),
        (
            "recalled-messages-left-out",
            "TC-GRP-14",
            _without_recalled,
            "group_msg_get_simple",
            "the history of a group leaves out what was recalled",
        ),
        (
            "receipt-lowers-position",
            "TC-GRR-15",
            _older_position,
            READ,
            "a receipt for an older message lowers the MsgSeq of the member",
        ),
        (
            "group-history-newest-ten",
            "TC-GRP-13",
            _newest_ten,
            "group_msg_get_simple",
            "only the newest ten messages of a group are ever shown",
        ),
        (
            "group-history-empty-by-recall",
            "TC-GEN-34",
            _empty_beside_recalled,
            "group_msg_get_simple",
            "messages shown beside a recalled one are empty",
        ),
        (
            "import-names-first-failed",
            "TC-GRP-18",
            _first_fails,
            "multiaccount_import",
            "FailAccounts names the first account, which was imported",
        ),
        (
            "new-group-without-type",
            "TC-GRP-23",
            lambda _call, answer: answer.pop("Type", None),
            "create_group",
            "Type is not in the answer",
        ),
        (
            "imported-texts-escaped",
            "TC-GRP-21",
            _escaped,
            "group_msg_get_simple",
            "texts with it's and <i> are shown escaped as in HTML",
        ),
        (
            "failed-imports-unnamed",
            "TC-GRP-22",
            if_ok(lambda answer: answer.update(FailAccounts=[])),
            "multiaccount_import",
            "FailAccounts is always empty",
        ),
    )
] + [
    Fault(
        name="silent-removals-lost",
        requirement="TC-GRP-12",
        operation="delete_group_member",
        request=_silent_lost,
        shows="with Silence 1 nobody is removed",
        cls="rare-trigger",
    ),
    Fault(
        name="imports-above-50-lost",
        requirement="TC-GRP-18",
        operation="multiaccount_import",
        request=_first_fifty,
        shows="only the first 50 accounts of a call are imported",
        cls="limits",
        **_SHOULD,
    ),
    edits(
        "imports-lost-beside-a-bad-name",
        "TC-GRP-18",
        _none_beside_failed,
        request=_noting_accounts,
        operation="multiaccount_import",
        shows="where FailAccounts names one account, none of the call is imported",
        cls="batching",
        **_SHOULD,
    ),
    edits(
        "imports-end-at-a-bad-name",
        "TC-GRP-18",
        _none_behind_failed,
        request=_noting_accounts,
        operation="multiaccount_import",
        shows="accounts behind one that FailAccounts names are not imported",
        cls="batching",
        **_SHOULD,
    ),
    refused_if(
        "additions-of-300-refused",
        "TC-GRP-08",
        10005,
        lambda call: len(call.body.get("MemberList") or ()) == 300,
        operation="add_group_member",
        shows="300 members in one call are refused",
        **_SHOULD,
    ),
    refused_if(
        "imports-above-50-refused",
        "TC-GRP-18",
        70402,
        lambda call: 50 < len(call.body.get("AccountList") or ()) <= 100,
        operation="multiaccount_import",
        shows="more than 50 accounts in one call are refused",
        **_SHOULD,
    ),
]

ALL: list[Fault] = [*_CODES, *_HISTORIES]
