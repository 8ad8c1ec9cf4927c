"""Faults that only bad input to neighbour operations, or the least of their bodies, brings out."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call, Refusal, Reply
from receiptspec.reference.faults.families import edits, if_ok, refused_if, rewrites

__all__ = ["ALL"]

_MAKE, _ADD, _REMOVE, _SEND = (
    "create_group",
    "add_group_member",
    "delete_group_member",
    "send_group_msg",
)
_WIRE: dict[str, Any] = {"cls": "transport"}


def _crash(reply: Reply) -> None:
    reply.status, reply.body = 500, b"Internal Server Error"


def _crash_if(holds: Any) -> Any:
    def reply(call: Call, sent: Reply) -> None:
        if holds(call):
            _crash(sent)

    return reply


def _first(call: Call, key: str) -> Any:
    found = call.body.get(key) if isinstance(call.body, dict) else None
    return found[0] if isinstance(found, list) and found else None


def _empty_refused(call: Call) -> None:
    if call.body.get("MemberToDel_Account") == []:
        raise Refusal(10004, "nobody is named")


def _null(call: Call) -> bool:
    return isinstance(call.body, dict) and call.body.get("MemberToDel_Account", "") is None


ALL: list[Fault] = [
    Fault(
        name="crash-on-member-of-wrong-type",
        requirement="SEC-02",
        operation=_ADD,
        reply=_crash_if(
            lambda c: (
                isinstance(_first(c, "MemberList"), dict)
                and not isinstance(_first(c, "MemberList").get("Member_Account", ""), str)
            )
        ),
        shows="HTTP 500 for a Member_Account that is no text",
        **_WIRE,
    ),
    Fault(
        name="crash-on-bad-bodies-elsewhere",
        requirement="SEC-02",
        operation="get_c2c_unread_msg_num",
        reply=_crash_if(lambda c: not isinstance(c.body, dict)),
        shows="HTTP 500 for a body that is no object, in one neighbour",
        **_WIRE,
    ),
    Fault(
        name="crash-on-removal-of-null",
        requirement="SEC-02",
        operation=_REMOVE,
        request=_empty_refused,
        reply=_crash_if(_null),
        shows="empty lists of members to remove are refused, null breaks the server",
        **_WIRE,
    ),
    rewrites(
        "options-break",
        "SEC-02",
        _crash,
        when=lambda c: c.incoming.method == "OPTIONS",
        shows="HTTP 500 for OPTIONS",
    ),
    rewrites(
        "unknown-places-break",
        "SEC-02",
        _crash,
        when=lambda c: c.incoming.path.endswith("rs-no-such-place"),
        shows="HTTP 500 for a path that is not known",
    ),
    edits(
        "neighbour-refuses-without-reason",
        "TC-GEN-06",
        if_ok(lambda a: a.update(ErrorInfo=""), ok=False),
        operation="get_group_member_info",
        cls="envelope",
        level="SHOULD",
        shows="an empty ErrorInfo, in one neighbour",
    ),
    edits(
        "neighbour-refuses-with-text-code",
        "TC-GEN-02",
        if_ok(lambda a: a.update(ErrorCode=str(a["ErrorCode"])), ok=False),
        operation="admin_set_msg_read",
        cls="envelope",
        shows="ErrorCode in quotes on refusals, in one neighbour",
    ),
    refused_if(
        "owner-needed",
        "TC-GEN-08",
        10004,
        lambda c: "Owner_Account" not in c.body,
        operation=_MAKE,
        shows="create_group without the optional Owner_Account is refused",
    ),
    refused_if(
        "sender-needed",
        "TC-GEN-08",
        10004,
        lambda c: "From_Account" not in c.body,
        operation=_SEND,
        shows="send_group_msg without the optional From_Account is refused",
    ),
    refused_if(
        "reason-of-removal-refused",
        "TC-GEN-08",
        10004,
        lambda c: c.body.get("MemberToDel_Account") == [] or "Reason" in c.body,
        operation=_REMOVE,
        shows="empty lists are refused, and so is a Reason",
    ),
    edits(
        "made-group-unnamed",
        "TC-GRP-02",
        if_ok(lambda a: a.pop("GroupId")),
        operation=_MAKE,
        shows="create_group gives no GroupId",
    ),
    edits(
        "seq-as-text",
        "TC-SND-10",
        if_ok(lambda a: a.update(MsgSeq=str(a["MsgSeq"]))),
        operation=_SEND,
        cls="precision",
        shows="send_group_msg gives MsgSeq in quotes",
    ),
]
