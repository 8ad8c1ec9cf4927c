"""Faults of calls at a documented bound that are refused, and of senders that go lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import edits, group_of, refused_if, succeeded

__all__ = ["ALL"]

_MAKE: dict[str, Any] = {"operation": "create_group"}
_SEND: dict[str, Any] = {"operation": "send_group_msg"}
_SHOULD: dict[str, Any] = {"level": "SHOULD"}
_BAD, _ILLEGAL, _TOO_LARGE = 10004, 70402, 10060
_FULL, _FEW = 200, 20
_LONGEST = 32  # bytes of the name of a user


def _text(call: Call, name: str) -> str:
    return str(call.body.get(name, "")) if isinstance(call.body, dict) else ""


def _full(call: Call) -> bool:
    group = group_of(call)
    return group is not None and len(group.members) == _FULL


def _wished_of_full(call: Call) -> bool:
    return call.body.get("NeedReadReceipt") == 1 and _full(call)


def _many_gone(call: Call) -> bool:
    return len(call.body.get("MemberToDel_Account") or ()) > _FEW


def _longest_left_out(call: Call) -> None:
    items = call.body.get("AccountList") if isinstance(call.body, dict) else None
    if isinstance(items, list) and all(isinstance(item, dict) for item in items):
        names = [str(item.get("UserID", "")) for item in items]
        left = [name for name in names if len(name.encode()) == _LONGEST]
        call.notes["left out"] = left
        call.body = {**call.body, "AccountList": [i for i in items if i.get("UserID") not in left]}


def _say_left_out(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer):
        answer["FailAccounts"] = [*answer["FailAccounts"], *call.notes.get("left out", ())]


def _in_owners_name(call: Call, answer: dict[str, Any]) -> None:
    group = group_of(call)
    for item in answer.get("RspMsgList", ()) if group is not None and succeeded(answer) else ():
        if item.get("From_Account") == call.site.identifier:
            item["From_Account"] = group.owner if group is not None else None


def _owner(call: Call) -> str | None:
    group = group_of(call)
    return group.owner if group is not None else None


def _by_the_system(call: Call) -> None:
    if isinstance(call.body, dict) and "From_Account" not in call.body:
        call.site.store.accounts.setdefault("system", {})
        call.body = {"From_Account": "system", **call.body}


def _every(key: str, name: str, value: Callable[[Call], Any]) -> Callable[[Call], None]:
    """Set a field of every item of a list, or of the body where there is no list."""

    def change(call: Call) -> None:
        body = call.body
        if not isinstance(body, dict):
            return
        items = body.get(key)
        if not key:
            call.body = {**body, name: value(call)}
        elif isinstance(items, list) and all(isinstance(item, dict) for item in items):
            changed = [{**item, name: value(call)} for item in items]
            call.body = {**body, key: changed}

    return change


ALL: list[Fault] = [
    refused_if(
        "longest-names-refused",
        "TC-GEN-08",
        _ILLEGAL,
        lambda call: len(_text(call, "UserID").encode()) == _LONGEST,
        operation="account_import",
        shows="a UserID of 32 bytes is refused",
    ),
    Fault(
        name="lists-leave-longest-names-out",
        requirement="TC-GRP-18",
        operation="multiaccount_import",
        cls="limits",
        request=_longest_left_out,
        answer=_say_left_out,
        shows="a UserID of 32 bytes fails in a list of accounts",
        **_SHOULD,
    ),
    refused_if(
        "names-of-digits-refused",
        "TC-GEN-08",
        _ILLEGAL,
        lambda call: _text(call, "UserID").isdigit(),
        operation="account_import",
        shows="a UserID of digits alone is refused",
    ),
    refused_if(
        "long-group-ids-refused",
        "TC-GRP-02",
        _BAD,
        lambda call: len(_text(call, "GroupId")) > 32,
        shows="a GroupId of more than 32 bytes is refused",
        **_MAKE,
    ),
    refused_if(
        "long-group-ids-invalid",
        "TC-GRP-02",
        _BAD,
        lambda call: len(_text(call, "GroupId")) > 32,
        shows="a GroupId of more than 32 bytes is refused",
        **_MAKE,
    ),
    refused_if(
        "marks-in-group-ids-refused",
        "TC-GRP-02",
        _BAD,
        lambda call: bool(re.search(r"[^A-Za-z0-9@#_.-]", _text(call, "GroupId"))),
        shows="a GroupId with another mark than few is refused",
        **_MAKE,
    ),
    refused_if(
        "full-groups-too-large",
        "TC-GRR-13",
        _TOO_LARGE,
        _wished_of_full,
        shows="a message to 200 members may not ask for receipts",
        **{**_SEND, **_SHOULD},
    ),
    refused_if(
        "full-groups-take-no-reads",
        "TC-GRR-13",
        _TOO_LARGE,
        _full,
        operation="group_msg_receipt",
        shows="no read is taken on behalf of one of 200 members",
        **_SHOULD,
    ),
    refused_if(
        "full-groups-list-nobody",
        "TC-GRR-13",
        _TOO_LARGE,
        _full,
        operation="get_group_msg_receipt_detail",
        shows="of 200 members nobody is listed",
        **_SHOULD,
    ),
    refused_if(
        "removals-of-twenty",
        "TC-GRP-24",
        _BAD,
        _many_gone,
        operation="delete_group_member",
        shows="more than 20 members in one call cannot be removed",
        **_SHOULD,
    ),
    edits(
        "unsigned-shown-as-the-owners",
        "TC-GRP-13",
        _in_owners_name,
        operation="group_msg_get_simple",
        cls="roles",
        shows="what names no sender is shown as the owner's",
        **_SHOULD,
    ),
    Fault(
        name="unsigned-letters-are-the-systems",
        requirement="TC-ROM-10",
        operation="sendmsg",
        cls="roles",
        request=_by_the_system,
        shows="a letter that names no sender is in no history of the administrator",
        **_SHOULD,
    ),
    Fault(
        name="imports-are-the-administrators",
        requirement="TC-GRP-21",
        operation="import_group_msg",
        cls="roles",
        request=_every("MsgList", "From_Account", lambda call: call.site.identifier),
        shows="imported messages are shown as the administrator's",
        **_SHOULD,
    ),
    Fault(
        name="imports-are-the-owners",
        requirement="TC-GRP-21",
        operation="import_group_msg",
        cls="roles",
        request=_every("MsgList", "From_Account", _owner),
        shows="imported messages are shown as those of the group's owner",
        **_SHOULD,
    ),
    Fault(
        name="members-without-limit",
        requirement="TC-GRP-12",
        operation="get_group_member_info",
        cls="paging",
        request=_every("", "Limit", lambda _: 6000),
        shows="Limit is not kept",
    ),
]
