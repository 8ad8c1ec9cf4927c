"""Freedoms of envelope, bytes and transport."""

from __future__ import annotations

import contextlib
import gzip
import json
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import Variant
from receiptspec.reference.calls import Call, Refusal, Reply

__all__ = ["ALL"]

_ASK, _DETAIL = "get_group_msg_receipt", "get_group_msg_receipt_detail"
_LIST = "GroupMsgReceiptList"


def _answer(change: Callable[[dict[str, Any]], object]) -> Callable[[Call, dict[str, Any]], None]:
    def edit(_call: Call, answer: dict[str, Any]) -> None:
        if answer.get("ErrorCode") == 0:
            change(answer)

    return edit


def _code(old: int, new: int) -> Callable[[Call, str, str, int | str], int | str | None]:
    return lambda _call, place, _reason, code: new if place == "GroupId" and code == old else None


def _more_fields(_call: Call, answer: dict[str, Any]) -> None:
    answer.update(ErrorDisplay="", RequestId="7b6c")
    for item in answer.get(_LIST, ()):
        item["Extra"] = {"later": [1, None]}


def _pretty(_call: Call, reply: Reply) -> None:
    with contextlib.suppress(ValueError):  # a page that somebody else answers with
        reply.body = json.dumps(json.loads(reply.body), indent=2).encode() + b"\n"


def _gzip(call: Call, reply: Reply) -> None:
    if "gzip" in (call.incoming.header("Accept-Encoding") or ""):
        reply.header("Content-Encoding", "gzip")
        reply.body = gzip.compress(reply.body)


def _chunked(_call: Call, reply: Reply) -> None:
    reply.chunked = True


def _close(_call: Call, reply: Reply) -> None:
    reply.header("Connection", "close")


def _headers(_call: Call, reply: Reply) -> None:
    for name in ("Access-Control-Allow-Origin", "X-Powered-By", "Set-Cookie"):
        reply.header(name, "*" if name.startswith("A") else "a=b")


def _old_date(call: Call, reply: Reply) -> None:
    """Answer with the date of the first answer, and that an hour behind."""
    kept = call.memory("date")
    reply.header("Date", kept.setdefault("shown", formatdate(outside.now() - 3960, usegmt=True)))


def _plain(_call: Call, reply: Reply) -> None:
    reply.header("Content-Type", "text/plain; charset=utf-8")


def _late(seconds: float) -> Callable[[Call, Reply], None]:
    def reply(_call: Call, sent: Reply) -> None:
        sent.delay = seconds

    return reply


def _method_not_allowed(call: Call, reply: Reply) -> None:
    if call.incoming.method != "POST":
        reply.status, reply.body = 405, b"Method Not Allowed"
        reply.header("Content-Type", "text/plain")


def _throttle(each: int) -> Callable[[Call], None]:
    def request(call: Call) -> None:
        if call.serial % each == 0:
            raise Refusal(60007, "call frequency above the limit")

    return request


def _overflow(call: Call, place: str, _reason: str, _code: int | str) -> int | None:
    return 10011 if place == "body" and call.operation == _ASK else None


ALL: list[Variant] = [
    Variant(
        name="broken-json-10011",
        requirement="TC-GEN-13",
        refuses=_overflow,
        shows="10011 instead of 60003",
    ),
    Variant(
        name="throttled-sometimes",
        requirement="TC-GMR-37",
        request=_throttle(9),
        shows="each ninth call 60007",
        waits=True,
    ),
    Variant(
        name="more-fields",
        requirement="TC-GEN-02",
        answer=_more_fields,
        shows="fields that no document names",
    ),
    Variant(name="pretty-printed", requirement="TC-GEN-07", reply=_pretty, shows="indented JSON"),
    Variant(name="gzip", requirement="TC-GEN-07", reply=_gzip, shows="compressed where accepted"),
    Variant(name="chunked", requirement="TC-GEN-07", reply=_chunked, shows="no Content-Length"),
    Variant(
        name="connection-close",
        requirement="TC-GEN-29",
        reply=_close,
        shows="a connection for each call",
    ),
    Variant(
        name="more-headers", requirement="TC-GEN-01", reply=_headers, shows="CORS and a cookie"
    ),
    Variant(
        name="date-stands-still",
        requirement="TC-ROM-08",
        reply=_old_date,
        shows="a Date of an hour ago that never changes",
    ),
    Variant(name="labelled-text", requirement="TC-GEN-35", reply=_plain, shows="text/plain"),
    Variant(
        name="slower-answers",
        requirement="TC-GEN-30",
        reply=_late(0.05),
        shows="50 ms each",
        waits=True,
    ),
    Variant(
        name="other-methods-405",
        requirement="TC-GEN-10",
        reply=_method_not_allowed,
        shows="HTTP 405 for GET",
    ),
]
