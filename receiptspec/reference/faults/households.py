"""Faults of groups that nobody owns, that may grow large, or that the administrator is in."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call, Refusal, Shrug
from receiptspec.reference.faults.families import ASK, DETAIL, READ, edits, group_of

__all__ = ["ALL"]

_ADMINISTRATOR = "administrator"
_SHOULD: dict[str, Any] = {"level": "SHOULD"}


def _unlist(answer: dict[str, Any], user: str) -> None:
    if "UnreadList" in answer:
        entries = answer["UnreadList"]
        answer["UnreadList"] = [entry for entry in entries if entry["Unread_Account"] != user]


def _first_taken_for_owner(call: Call, answer: dict[str, Any]) -> None:
    group = group_of(call)
    if group is not None and group.owner is None and group.members:
        _unlist(answer, next(iter(group.members)))


def _in_vain(call: Call) -> None:
    if isinstance(call.body, dict) and call.body.get("From_Account") == _ADMINISTRATOR:
        raise Shrug


def _too_roomy(call: Call) -> None:
    body = call.body if isinstance(call.body, dict) else {}
    roomy, name = call.memory("roomy"), body.get("GroupId")
    most = body.get("MaxMemberCount")
    if call.operation == "create_group" and isinstance(most, int) and name:
        roomy[name] = most > 200
    if call.operation == ASK and isinstance(name, str) and roomy.get(name):
        raise Refusal(10060, "the group may become too large for receipts")


ALL: list[Fault] = [
    edits(
        "first-of-unowned-taken-for-owner",
        "TC-GMD-11",
        _first_taken_for_owner,
        operation=DETAIL,
        cls="roles",
        shows="the first member of a group that nobody owns is not listed as unread",
        also=("TC-GMD-14",),
        **_SHOULD,
    ),
    edits(
        "administrators-not-listed",
        "TC-GMD-11",
        lambda _call, answer: _unlist(answer, _ADMINISTRATOR),
        operation=DETAIL,
        cls="roles",
        shows="the administrator who calls is not listed as a member who has not read",
        also=("TC-GMD-14",),
        **_SHOULD,
    ),
    Fault(
        name="administrators-read-in-vain",
        requirement="TC-GRR-02",
        request=_in_vain,
        operation=READ,
        cls="roles",
        shows="the receipt of the administrator who calls is lost",
        **_SHOULD,
    ),
    Fault(
        name="roomy-groups-have-no-receipts",
        requirement="TC-GMR-04",
        request=_too_roomy,
        cls="limits",
        shows="a small group has no receipts whose MaxMemberCount is above 200",
    ),
]
