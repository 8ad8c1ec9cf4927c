"""Faults of what is read back: people, times, flags, contents, and how many messages."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import edits, group_of, items, succeeded

__all__ = ["ALL"]

_ROAM, _GROUP, _IMPORT = "admin_getroammsg", "group_msg_get_simple", "import_group_msg"
_SHOULD: dict[str, Any] = {"level": "SHOULD"}
_TIME_ZONE = 8 * 3600


def _of_pair(
    name: str, requirement: str, edit: Callable[[dict[str, Any]], object], shows: str
) -> Fault:
    more = {"key": "MsgList", "only": lambda _: True, "operation": _ROAM, **_SHOULD}
    return items(name, requirement, edit, shows=shows, **more)


def _of_group(
    name: str, requirement: str, edit: Callable[[dict[str, Any]], object], shows: str
) -> Fault:
    more = {"key": "RspMsgList", "only": lambda _: True, "operation": _GROUP, **_SHOULD}
    return items(name, requirement, edit, shows=shows, **more)


def _swapped(call: Call, answer: dict[str, Any]) -> None:
    """Exchange the people of each message where its receiver looks."""
    for item in answer.get("MsgList", ()):
        if item["To_Account"] == call.body["Operator_Account"]:
            both = item["From_Account"], item["To_Account"]
            item["To_Account"], item["From_Account"] = both


def _from_a_third(_call: Call, answer: dict[str, Any]) -> None:
    if answer.get("MsgList") and answer.get("Complete"):
        one = {**answer["MsgList"][-1], "MsgKey": "1_1_1", "From_Account": "a-third"}
        answer["MsgList"].append(one)
        answer["MsgCnt"] += 1


def _one_more(call: Call) -> None:
    if isinstance(call.body, dict) and isinstance(call.body.get("MaxCnt"), int):
        call.body["MaxCnt"] += 1


def _of_owner(call: Call, answer: dict[str, Any]) -> None:
    group = group_of(call)
    for item in answer.get("RspMsgList", ()):
        item["From_Account"] = group.owner if group is not None else ""


def _from_the_newest(call: Call) -> None:
    if isinstance(call.body, dict):
        call.body.pop("ReqMsgSeq", None)


def _custom_emptied(item: dict[str, Any]) -> None:
    for part in item["MsgBody"]:
        if part["MsgType"] == "TIMCustomElem":
            part["MsgContent"] = {**part["MsgContent"], "Data": ""}


def _custom_unsaid(item: dict[str, Any]) -> None:
    for part in item["MsgBody"]:
        if part["MsgType"] == "TIMCustomElem":
            part["MsgContent"] = {"Data": part["MsgContent"].get("Data")}


def _first_kept(call: Call, answer: dict[str, Any]) -> None:
    """Keep the first of what is imported."""
    group = group_of(call)
    for result in answer.get("ImportMsgResult", ())[1:] if succeeded(answer) else ():
        if group is not None and result["Result"] == 0:
            del group.messages[result["MsgSeq"]]


ALL: list[Fault] = [
    edits(
        "receivers-see-people-swapped",
        "TC-ROM-10",
        _swapped,
        operation=_ROAM,
        shows="From_Account and To_Account are exchanged where the receiver looks",
        **_SHOULD,
    ),
    edits(
        "history-holds-what-others-sent",
        "TC-ROM-10",
        _from_a_third,
        operation=_ROAM,
        cls="isolation",
        shows="the history of two people holds a message of somebody else",
        **_SHOULD,
    ),
    _of_pair(
        "history-in-another-zone",
        "TC-ROM-10",
        lambda item: item.update(MsgTimeStamp=item["MsgTimeStamp"] + _TIME_ZONE),
        "MsgTimeStamp is eight hours off",
    ),
    _of_pair(
        "custom-data-lost",
        "TC-GEN-34",
        lambda item: item.pop("CloudCustomData", None),
        "CloudCustomData is not in the history of two people",
    ),
    edits(
        "group-sending-in-another-zone",
        "TC-GRP-13",
        lambda _call, answer: answer.update(MsgTime=answer.get("MsgTime", 0) + _TIME_ZONE),
        operation="send_group_msg",
        shows="MsgTime is eight hours ahead",
        **_SHOULD,
    ),
    _of_pair(
        "custom-data-escaped",
        "TC-GEN-34",
        lambda item: item.update(CloudCustomData=html.escape(item.get("CloudCustomData", ""))),
        "CloudCustomData is escaped as in HTML",
    ),
    _of_pair(
        "custom-data-in-ascii",
        "TC-GEN-34",
        lambda item: item.update(
            CloudCustomData=item.get("CloudCustomData", "").encode("ascii", "replace").decode()
        ),
        "CloudCustomData is in ASCII",
    ),
    edits(
        "history-pages-overfull",
        "TC-ROM-09",
        lambda _call, _answer: None,
        request=_one_more,
        operation=_ROAM,
        cls="paging",
        shows="one message more than MaxCnt",
        **_SHOULD,
    ),
    edits(
        "all-sent-by-owner",
        "TC-GRP-13",
        _of_owner,
        operation=_GROUP,
        cls="roles",
        shows="From_Account is the owner of the group, whoever sent",
        **_SHOULD,
    ),
    _of_group(
        "all-shown-as-deleted",
        "TC-GRP-13",
        lambda item: item.update(IsPlaceMsg=item["IsPlaceMsg"] or 1),
        "IsPlaceMsg 1 for every message",
    ),
    _of_group(
        "custom-elements-lose-words",
        "TC-GEN-34",
        _custom_unsaid,
        "Desc and Ext of a custom element are not in the history",
    ),
    _of_pair(
        "custom-letters-lose-words",
        "TC-GEN-34",
        _custom_unsaid,
        "Desc and Ext of a custom element are not in the history of two people",
    ),
    _of_group(
        "custom-elements-emptied",
        "TC-GEN-34",
        _custom_emptied,
        "Data of a custom element is empty in the history",
    ),
    edits(
        "always-from-the-newest",
        "TC-GRP-13",
        lambda _call, _answer: None,
        request=_from_the_newest,
        operation=_GROUP,
        cls="paging",
        shows="ReqMsgSeq is ignored",
        **_SHOULD,
    ),
    edits(
        "first-import-kept",
        "TC-GRP-21",
        _first_kept,
        operation=_IMPORT,
        cls="batching",
        shows="of several imported messages the first is kept",
        **_SHOULD,
    ),
]
