"""Faults of letters that the administrator sends, who is no user."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import edits, refused_if, succeeded

__all__ = ["ALL"]

_ROAM = "admin_getroammsg"
_SHOULD: dict[str, Any] = {"level": "SHOULD"}


def _administrator_left_out(call: Call, answer: dict[str, Any]) -> None:
    """Show what the administrator sent to nobody else."""
    sender = call.site.identifier
    if succeeded(answer) and call.body["Operator_Account"] != sender:
        kept = [item for item in answer["MsgList"] if item["From_Account"] != sender]
        answer.update(MsgList=kept, MsgCnt=len(kept))


def _administrator_unnamed(call: Call, answer: dict[str, Any]) -> None:
    """Show what the administrator sent as nobody's."""
    for item in answer.get("MsgList", ()) if succeeded(answer) else ():
        if item["From_Account"] == call.site.identifier:
            item["From_Account"] = ""


def _unread_of_the_administrator(call: Call, answer: dict[str, Any]) -> None:
    for item in answer.get("MsgList", ()):
        if item["From_Account"] == call.site.identifier:
            item["IsPeerRead"] = 0


ALL: list[Fault] = [
    edits(
        "letters-of-the-administrator-unseen",
        "TC-ROM-10",
        _administrator_left_out,
        operation=_ROAM,
        cls="roles",
        shows="what the administrator sent is not in the receiver's history",
        **_SHOULD,
    ),
    edits(
        "letters-of-the-administrator-unnamed",
        "TC-ROM-10",
        _administrator_unnamed,
        operation=_ROAM,
        cls="roles",
        shows="From_Account is empty for what the administrator sent",
        **_SHOULD,
    ),
    refused_if(
        "letters-of-the-administrator-refused",
        "TC-C2C-01",
        90054,
        lambda call: call.body.get("Peer_Account") == call.site.identifier,
        operation="c2c_msg_read_receipt",
        cls="roles",
        shows="a receipt for what the administrator sent is refused",
    ),
    edits(
        "letters-of-the-administrator-stay-unread",
        "TC-ROM-03",
        _unread_of_the_administrator,
        operation=_ROAM,
        cls="roles",
        shows="IsPeerRead is 0 for what the administrator sent",
        **_SHOULD,
    ),
]
