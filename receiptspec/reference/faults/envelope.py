"""Faults of the envelope: status, fields and JSON of every answer (TC-GEN 1 to 7)."""

from __future__ import annotations

import json
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Reply
from receiptspec.reference.faults.families import (
    ASK,
    bytes_of,
    edits,
    if_ok,
    rewrites,
)

__all__ = ["ALL"]


def _status(status: int, *, ok: bool) -> Any:
    def change(reply: Reply) -> None:
        if (b'"ErrorCode":0,' in reply.body) == ok:
            reply.status = status

    return change


def _cut(reply: Reply) -> None:
    reply.cut = len(reply.body) // 2


def _says(**fields: Any) -> Any:
    return if_ok(lambda answer: answer.update(fields))


def _refusal_says(**fields: Any) -> Any:
    return if_ok(lambda answer: answer.update(fields), ok=False)


_FORM: dict[str, Any] = {"cls": "envelope", "operation": ASK}
_BYTES: dict[str, Any] = {"operation": ASK}
_WIRE: dict[str, Any] = {"operation": ASK, "cls": "transport"}

ALL: list[Fault] = [
    rewrites(
        "status-400-on-refusal", "TC-GEN-01", _status(400, ok=False), shows="HTTP 400", **_WIRE
    ),
    rewrites(
        "status-500-on-refusal", "TC-GEN-01", _status(500, ok=False), shows="HTTP 500", **_WIRE
    ),
    rewrites(
        "status-201-on-success", "TC-GEN-01", _status(201, ok=True), shows="HTTP 201", **_WIRE
    ),
    edits(
        "error-code-as-text",
        "TC-GEN-02",
        lambda _c, a: a.update(ErrorCode=str(a["ErrorCode"])),
        shows='ErrorCode is "0"',
        **_FORM,
    ),
    edits(
        "error-code-missing",
        "TC-GEN-02",
        if_ok(lambda a: a.pop("ErrorCode")),
        shows="no ErrorCode on success",
        **_FORM,
    ),
    edits("error-code-null", "TC-GEN-02", _says(ErrorCode=None), shows="ErrorCode null", **_FORM),
    edits(
        "error-code-as-fraction",
        "TC-GEN-02",
        lambda _c, a: a.update(ErrorCode=float(a["ErrorCode"])),
        shows="ErrorCode 0.0",
        **_FORM,
    ),
    edits(
        "action-status-missing",
        "TC-GEN-02",
        lambda _c, a: a.pop("ActionStatus"),
        shows="no ActionStatus",
        **_FORM,
    ),
    edits(
        "action-status-missing-on-refusal",
        "TC-GEN-02",
        if_ok(lambda a: a.pop("ActionStatus"), ok=False),
        shows="no ActionStatus on refusal",
        **_FORM,
    ),
    edits(
        "error-info-missing",
        "TC-GEN-03",
        lambda _c, a: a.pop("ErrorInfo"),
        shows="no ErrorInfo",
        **_FORM,
    ),
    edits("error-info-null", "TC-GEN-03", _says(ErrorInfo=None), shows="ErrorInfo null", **_FORM),
    edits(
        "error-info-object",
        "TC-GEN-03",
        _refusal_says(ErrorInfo={"why": "bad"}),
        shows="ErrorInfo is an object",
        **_FORM,
    ),
    edits(
        "action-status-lower-case",
        "TC-GEN-04",
        lambda _c, a: a.update(ActionStatus=a["ActionStatus"].lower()),
        shows="ok, fail",
        **_FORM,
    ),
    edits(
        "action-status-success",
        "TC-GEN-04",
        _says(ActionStatus="SUCCESS"),
        shows="SUCCESS",
        **_FORM,
    ),
    edits(
        "refusal-says-ok",
        "TC-GEN-05",
        _refusal_says(ActionStatus="OK"),
        shows="OK with another code than 0",
        **_FORM,
    ),
    edits(
        "success-says-fail",
        "TC-GEN-05",
        _says(ActionStatus="FAIL"),
        shows="FAIL with code 0",
        **_FORM,
    ),
    edits(
        "refusal-with-code-zero",
        "TC-GEN-05",
        _refusal_says(ErrorCode=0),
        shows="FAIL with code 0",
        **_FORM,
    ),
    edits(
        "refusal-without-reason",
        "TC-GEN-06",
        _refusal_says(ErrorInfo=""),
        level="SHOULD",
        shows="ErrorInfo empty on refusal",
        **_FORM,
    ),
    bytes_of(
        "byte-order-mark", "TC-GEN-07", lambda b: b"\xef\xbb\xbf" + b, shows="EF BB BF", **_BYTES
    ),
    bytes_of(
        "trailing-comma", "TC-GEN-07", lambda b: b[:-1] + b",}", shows="a comma too many", **_BYTES
    ),
    bytes_of("trailing-data", "TC-GEN-07", lambda b: b + b"\n//", shows="text behind it", **_BYTES),
    bytes_of(
        "comment-in-json", "TC-GEN-07", lambda b: b"{/* */" + b[1:], shows="a comment", **_BYTES
    ),
    bytes_of(
        "wrapped-in-array", "TC-GEN-07", lambda b: b"[" + b + b"]", shows="an array", **_BYTES
    ),
    bytes_of(
        "duplicate-key",
        "TC-GEN-07",
        lambda b: b'{"ErrorCode":0,' + b[1:],
        shows="ErrorCode twice",
        **_BYTES,
    ),
    bytes_of(
        "invalid-utf8",
        "TC-GEN-07",
        lambda b: b.replace(b'"ErrorInfo":"', b'"ErrorInfo":"\xe9', 1),
        shows="Latin-1 bytes",
        **_BYTES,
    ),
    bytes_of(
        "utf16-answer", "TC-GEN-07", lambda b: b.decode().encode("utf-16"), shows="UTF-16", **_BYTES
    ),
    bytes_of(
        "nan-for-count",
        "TC-GEN-07",
        lambda b: b.replace(b'"ReadNum":0', b'"ReadNum":NaN'),
        shows="NaN",
        **_BYTES,
    ),
    bytes_of(
        "json-in-text",
        "TC-GEN-07",
        lambda b: json.dumps(b.decode()).encode(),
        shows="JSON encoded twice",
        **_BYTES,
    ),
    bytes_of("empty-answer", "TC-GEN-07", lambda _b: b"", shows="no body", **_BYTES),
    rewrites(
        "body-cut-short", "TC-GEN-07", _cut, shows="the connection ends in the middle", **_WIRE
    ),
]
