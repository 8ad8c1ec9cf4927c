"""Faults of the history of messages between two people."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import edits, if_ok, refused_if, succeeded

__all__ = ["ALL"]

_ROAM: dict[str, Any] = {"operation": "admin_getroammsg"}
_SHOULD: dict[str, Any] = {"level": "SHOULD"}


def _history(change: Any) -> Any:
    """Return an edit of each message of a history."""

    def edit(answer: dict[str, Any]) -> None:
        for item in answer.get("MsgList") or ():
            change(item)

    return if_ok(edit)


def _only_one_read(answer: dict[str, Any]) -> None:
    """Keep the first IsPeerRead of a page, if there is one."""
    for item in [item for item in answer["MsgList"] if item["IsPeerRead"]][1:]:
        item["IsPeerRead"] = 0


def _own_history_shorter(call: Call, answer: dict[str, Any]) -> None:
    """Leave out what the viewer has received."""
    if succeeded(answer):
        viewer = call.body.get("Operator_Account")
        sent = [item for item in answer["MsgList"] if item["From_Account"] == viewer]
        answer.update(MsgList=sent, MsgCnt=len(sent))


def _any_time(name: str, time: int, *, first: bool = True) -> Any:
    """Return a change of a question for a first, or a later, page: one bound of its time."""

    def change(call: Call) -> None:
        known = call.body.get(name)
        if type(known) is int and known > 0 and bool(call.body.get("LastMsgKey")) != first:
            call.body[name] = time

    return change


def _span(body: dict[str, Any]) -> int:
    """Return the seconds of a history that is asked for, 0 where that is not told."""
    since, until = body.get("MinTime"), body.get("MaxTime")
    return until - since if type(since) is int and type(until) is int and since else 0


ALL: list[Fault] = [
    Fault(
        name="history-since-ever",
        requirement="TC-ROM-12",
        request=_any_time("MinTime", 0),
        cls="paging",
        shows="MinTime is read as 0",
        **{**_ROAM, **_SHOULD},
    ),
    Fault(
        name="later-pages-since-ever",
        requirement="TC-ROM-12",
        request=_any_time("MinTime", 0, first=False),
        cls="paging",
        shows="MinTime is read as 0 where LastMsgKey is given",
        **{**_ROAM, **_SHOULD},
    ),
    refused_if(
        "history-of-a-day",
        "TC-GEN-08",
        90001,
        lambda call: _span(call.body) > 86_400,
        shows="a history of more than a day is refused",
        **_ROAM,
    ),
    Fault(
        name="history-until-now",
        requirement="TC-ROM-12",
        request=_any_time("MaxTime", 2**31 - 1),
        cls="paging",
        shows="MaxTime of a first page is left out",
        **{**_ROAM, **_SHOULD},
    ),
    edits(
        "peer-read-as-boolean",
        "TC-ROM-01",
        _history(lambda item: item.update(IsPeerRead=bool(item["IsPeerRead"]))),
        shows="IsPeerRead true or false",
        **_ROAM,
    ),
    edits(
        "history-all-read",
        "TC-ROM-02",
        _history(lambda item: item.update(IsPeerRead=1)),
        cls="counting",
        shows="IsPeerRead 1 from the start",
        **{**_ROAM, **_SHOULD},
    ),
    edits(
        "history-shows-one-read",
        "TC-ROM-03",
        if_ok(_only_one_read),
        cls="batching",
        shows="only one message of a page has IsPeerRead 1",
        **{**_ROAM, **_SHOULD},
    ),
    edits(
        "history-count-off",
        "TC-ROM-07",
        if_ok(lambda a: a.update(MsgCnt=a["MsgCnt"] + 1)),
        cls="counting",
        shows="MsgCnt one too many",
        **_ROAM,
    ),
    edits(
        "history-keys-differ",
        "TC-ROM-08",
        _history(lambda item: item.update(MsgKey=item["MsgKey"] + "0")),
        cls="precision",
        shows="other keys than sending gave",
        **{**_ROAM, "also": ("TC-ROM-09", "TC-ROM-10")},
    ),
    edits(
        "history-page-loses-one",
        "TC-ROM-09",
        if_ok(
            lambda a: (
                a.update(MsgList=a["MsgList"][1:], MsgCnt=a["MsgCnt"] - 1)
                if not a["Complete"]
                else None
            )
        ),
        cls="paging",
        shows="the first of each page is missing",
        **{**_ROAM, **_SHOULD},
    ),
    edits(
        "history-one-sided",
        "TC-ROM-10",
        _own_history_shorter,
        cls="roles",
        shows="only what the viewer sent",
        **{**_ROAM, **_SHOULD},
    ),
]
