"""Faults that let what was refused, or is over, leave traces in what comes after it."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import succeeded

__all__ = ["ALL"]


def _counted_all_the_same(call: Call, answer: dict[str, Any]) -> None:
    name = call.body.get("GroupId") if isinstance(call.body, dict) else None
    group = call.site.store.groups.get(name) if isinstance(name, str) else None
    if group is not None and not succeeded(answer):
        group.newest += int(call.body.get("From_Account") not in call.site.store.accounts)


def _kept(call: Call) -> None:
    name = call.body.get("GroupId") if isinstance(call.body, dict) else None
    if call.operation == "destroy_group" and isinstance(name, str):
        group = call.site.store.groups.get(name)
        if group is not None:
            call.memory("ended")[name] = group


def _revived(call: Call, answer: dict[str, Any]) -> None:
    if call.operation == "create_group" and succeeded(answer):
        old = call.memory("ended").pop(answer["GroupId"], None)
        if old is not None:
            group = call.site.store.groups[answer["GroupId"]]
            group.messages, group.newest = old.messages, old.newest


def _still_expected(call: Call, answer: dict[str, Any]) -> None:
    if not succeeded(answer):
        return
    group = call.site.store.groups.get(call.body.get("GroupId"))
    gone = call.memory("gone")
    if call.operation == "delete_group_member":
        gone.setdefault(group.id, []).extend(call.body["MemberToDel_Account"])
    if call.operation == "send_group_msg":
        message = group.messages[answer["MsgSeq"]]
        for name in gone.get(group.id, ()):
            if name not in group.members:
                message.audience[name] = 10**6


_SHOULD: dict[str, Any] = {"level": "SHOULD"}

ALL: list[Fault] = [
    Fault(
        name="messages-of-nobody-take-numbers",
        requirement="TC-SND-11b",
        operation="send_group_msg",
        answer=_counted_all_the_same,
        cls="counting",
        shows="a message whose sender is refused leaves a gap in the numbers",
        **_SHOULD,
    ),
    Fault(
        name="ended-groups-revived",
        requirement="TC-GMR-14",
        request=_kept,
        answer=_revived,
        cls="lifecycle",
        shows="a group with the id of a dismissed one has its messages",
        **_SHOULD,
    ),
    Fault(
        name="removed-still-expected",
        requirement="TC-GMR-07",
        answer=_still_expected,
        knobs={"leavers_count": True},
        cls="lifecycle",
        shows="new messages wait for those who were removed before",
        also=("TC-GMD-15",),
        **_SHOULD,
    ),
    Fault(
        name="removed-still-listed",
        requirement="TC-GMD-15",
        answer=_still_expected,
        knobs={"leavers_count": True},
        cls="lifecycle",
        shows="those who were removed before a message was sent are listed for it",
        also=("TC-GMR-07",),
        **_SHOULD,
    ),
]
