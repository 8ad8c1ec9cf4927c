"""Ways to declare faults: tolerate a violation, refuse with another code, edit an answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from receiptspec.reference.behaviour import PASS, SHRUG, Fault, Refuses
from receiptspec.reference.calls import Call, Refusal, Reply
from receiptspec.reference.store import Group
from receiptspec.reference.tencent import documents

__all__ = [
    "ASK",
    "DETAIL",
    "READ",
    "accepted",
    "bends",
    "bytes_of",
    "calls_back",
    "edits",
    "group_of",
    "group_type",
    "if_ok",
    "items",
    "miscoded",
    "out_of_step",
    "refused_if",
    "rewrites",
    "succeeded",
    "tolerated",
]

ASK, DETAIL, READ = "get_group_msg_receipt", "get_group_msg_receipt_detail", "group_msg_receipt"
Named = Collection[tuple[str, str]]


def _decides(violations: Named, decision: int | str) -> Refuses:
    def refuses(_call: Call, place: str, reason: str, _code: int | str) -> int | str | None:
        matches = (place, reason) in violations or (place, "*") in violations
        return decision if matches else None

    return refuses


def tolerated(name: str, requirement: str, *violations: tuple[str, str], **more: Any) -> Fault:
    """Go on after a violation as if the value were right; ``*`` stands for every reason."""
    return Fault(
        name=name,
        requirement=requirement,
        refuses=_decides(violations, PASS),
        **{"cls": "leniency", **more},
    )


def accepted(name: str, requirement: str, *violations: tuple[str, str], **more: Any) -> Fault:
    """Answer a violation with an empty success."""
    return Fault(
        name=name,
        requirement=requirement,
        refuses=_decides(violations, SHRUG),
        **{"cls": "leniency", **more},
    )


def miscoded(
    name: str, requirement: str, code: int, *violations: tuple[str, str], **more: Any
) -> Fault:
    """Refuse a violation with a code that does not fit it."""
    return Fault(
        name=name,
        requirement=requirement,
        refuses=_decides(violations, code),
        **{"cls": "code", "level": "SHOULD", **more},
    )


def edits(
    name: str, requirement: str, edit: Callable[[Call, dict[str, Any]], None], **more: Any
) -> Fault:
    """Change the answer's document."""
    return Fault(name=name, requirement=requirement, answer=edit, **{"cls": "shape", **more})


def items(
    name: str,
    requirement: str,
    edit: Callable[[dict[str, Any]], object],
    *,
    key: str = "GroupMsgReceiptList",
    only: Callable[[dict[str, Any]], bool] = lambda item: item.get("Code") == 0,
    **more: Any,
) -> Fault:
    """Change each item of a list of the answer, by default those with data."""

    def change(_call: Call, answer: dict[str, Any]) -> None:
        for item in answer.get(key, ()):
            if only(item):
                edit(item)

    return edits(name, requirement, change, **{"operation": ASK, **more})


def rewrites(name: str, requirement: str, change: Callable[[Reply], None], **more: Any) -> Fault:
    """Change status, headers, bytes or transport of the reply."""

    def reply(_call: Call, sent: Reply) -> None:
        change(sent)

    return Fault(name=name, requirement=requirement, reply=reply, **{"cls": "transport", **more})


def bytes_of(name: str, requirement: str, change: Callable[[bytes], bytes], **more: Any) -> Fault:
    """Change the bytes of the body."""

    def rewrite(reply: Reply) -> None:
        reply.body = change(reply.body)

    return rewrites(name, requirement, rewrite, **{"cls": "encoding", **more})


def bends(name: str, requirement: str, knobs: Mapping[str, Any], **more: Any) -> Fault:
    """Decide questions of the handlers another way."""
    return Fault(name=name, requirement=requirement, knobs=knobs, **{"cls": "counting", **more})


def refused_if(
    name: str, requirement: str, code: int, test: Callable[[Call], bool], **more: Any
) -> Fault:
    """Refuse what is documented to work."""

    def request(call: Call) -> None:
        if test(call):
            raise Refusal(code, "refused")

    return Fault(name=name, requirement=requirement, request=request, **{"cls": "limits", **more})


def calls_back(
    name: str,
    requirement: str,
    change: Callable[[dict[str, Any]], object],
    shows: str,
    *,
    on_query: bool = False,
    **more: Any,
) -> Fault:
    """Change the body of a callback, or its query; bytes are sent as they are."""

    def twist(_call: Call, query: dict[str, str], body: dict[str, Any]) -> bytes | None:
        raw = change(query if on_query else body)
        return raw if isinstance(raw, bytes) else None

    return Fault(
        name=name,
        requirement=requirement,
        callback=twist,
        shows=shows,
        **{"cls": "webhook", **more},
    )


def if_ok(change: Callable[[dict[str, Any]], object], *, ok: bool = True) -> Any:
    """Return an edit that changes only answers that accept, or only those that refuse."""

    def edit(_call: Call, answer: dict[str, Any]) -> None:
        if succeeded(answer) == ok:
            change(answer)

    return edit


def succeeded(answer: dict[str, Any]) -> bool:
    """Whether a call was accepted."""
    return bool(answer.get("ErrorCode") == 0)


def group_of(call: Call) -> Group | None:
    """Return the group that a call names, None if there is none, even before the body is read."""
    body = call.body
    if not isinstance(body, dict):
        try:
            body = json.loads(call.incoming.body)
        except (ValueError, RecursionError):
            return None
    name = body.get("GroupId") if isinstance(body, dict) else None
    group: Group | None = None
    if isinstance(name, str) and call.site:
        group = call.site.store.groups.get(name)
    return group


def out_of_step(mark: bytes) -> Callable[[Call, Reply], None]:
    """Leave the body of a call unread whose answer has `mark`; take it for the next request."""

    def reply(call: Call, sent: Reply) -> None:
        unread, connection = call.memory("unread"), call.incoming.connection
        if unread.pop(connection, None):
            sent.status, sent.body = 400, b"<html>Bad request</html>"
            sent.header("Content-Type", "text/html")
        elif mark in sent.body:
            unread[connection] = True

    return reply


def group_type(*types: str) -> Callable[[Call], bool]:
    """Return a test whether a call names an existing group of one of these types."""

    def test(call: Call) -> bool:
        group = group_of(call)
        return group is not None and group.type in types

    return test


def document(reply: Reply) -> Any:
    """Return the document that a reply is about to send, or None."""
    value = documents.read(reply.body)
    return None if value is documents.BROKEN else value
