"""Faults of the envelope, of HTTP and of the bytes (rows 56 to 68, 101, SEC)."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call, Reply
from receiptspec.reference.faults.volcengine.families import (
    asked,
    bytes_of,
    edits,
    failures,
    metadata,
    replies,
    results,
)

__all__ = ["ALL"]

_OK = b'"Result":'
_WIRE: dict[str, Any] = {"cls": "transport"}


def _status(status: int, *, ok: bool = True) -> Any:
    def change(sent: Reply) -> None:
        if (_OK in sent.body) == ok:
            sent.status = status

    return change


def _turned(_call: Call, answer: dict[str, Any]) -> None:
    """Answer failures as flat documents."""
    error = answer["ResponseMetadata"].get("Error")
    if error:
        answer.clear()
        answer.update(error)


def _with_result(_call: Call, answer: dict[str, Any]) -> None:
    if "Error" in answer["ResponseMetadata"]:
        answer["Result"] = {"ReadReceipt": []}


def _without_error(_call: Call, answer: dict[str, Any]) -> None:
    answer["ResponseMetadata"].pop("Error", None)


def _every_third(call: Call, answer: dict[str, Any]) -> None:
    count = call.behaviour.memory["count"] = call.behaviour.memory.get("count", 0) + 1
    if count % 3 == 0:
        answer["ResponseMetadata"].pop("RequestId")


def _same_id(call: Call, answer: dict[str, Any]) -> None:
    about = answer["ResponseMetadata"]
    about["RequestId"] = call.behaviour.memory.setdefault("id", about["RequestId"])


def _cut(sent: Reply) -> None:
    sent.cut = len(sent.body) // 2


def _crash(call: Call, sent: Reply) -> None:
    if not isinstance(call.body, dict):
        sent.status, sent.body = 500, b"Internal Server Error"


def _overflow(call: Call, sent: Reply) -> None:
    if any(type(number) is int and number >= 2**63 for number in asked(call)):
        sent.status, sent.body = 500, b"Internal Server Error"


def _drop(call: Call, sent: Reply) -> None:
    sent.drop = not isinstance(call.body, dict)


def _leak(call: Call, answer: dict[str, Any]) -> None:
    error = answer["ResponseMetadata"].get("Error")
    if error:
        error["Message"] += f" ({call.site.keys.secret_key})"


def _echo(call: Call, answer: dict[str, Any]) -> None:
    error = answer["ResponseMetadata"].get("Error")
    signature = (call.incoming.header("Authorization") or "").rpartition("Signature=")[2]
    if error and signature:
        error["Message"] += f" got {signature}"


def _no_metadata(a: dict[str, Any]) -> None:
    a.pop("ResponseMetadata")


def _utf16(body: bytes) -> bytes:
    return body.decode().encode("utf-16")


_ABOUT = [
    metadata("request-id-missing", 56, lambda m: m.pop("RequestId"), shows="no RequestId"),
    metadata("request-id-empty", 56, lambda m: m.update(RequestId=""), shows='RequestId ""'),
    metadata("request-id-number", 56, lambda m: m.update(RequestId=20240227), shows="a number"),
    metadata("request-id-null", 56, lambda m: m.update(RequestId=None), shows="null"),
    edits("request-id-constant", 56, _same_id, cls="envelope", shows="always the same RequestId"),
    edits("request-id-sometimes", 56, _every_third, cls="rare-trigger", shows="no third RequestId"),
    metadata("action-missing", 58, lambda m: m.pop("Action"), shows="no Action"),
    metadata("action-other", 58, lambda m: m.update(Action="GetMessages"), shows="GetMessages"),
    metadata(
        "action-lower", 58, lambda m: m.update(Action=m["Action"].lower()), shows="no capital"
    ),
    metadata("version-number", 59, lambda m: m.update(Version=20201201), shows="a number"),
    metadata("version-null", 59, lambda m: m.update(Version=None), shows="Version null"),
    metadata("service-object", 59, lambda m: m.update(Service={"Name": "rtc"}), shows="an object"),
    metadata("service-null", 59, lambda m: m.update(Service=None), shows="Service null"),
    metadata("region-list", 59, lambda m: m.update(Region=[m["Region"]]), shows="a list"),
    metadata("region-false", 59, lambda m: m.update(Region=False), shows="Region false"),
    results("result-missing", 60, lambda a: a.pop("Result"), cls="envelope", shows="no Result"),
    results(
        "result-renamed",
        60,
        lambda a: a.update(Data=a.pop("Result")),
        cls="envelope",
        shows="Data instead of Result",
    ),
    results(
        "result-inside-metadata",
        60,
        lambda a: a["ResponseMetadata"].update(Result=a.pop("Result")),
        cls="envelope",
        shows="Result within ResponseMetadata",
    ),
    metadata(
        "error-on-success",
        62,
        lambda m: m.update(Error={"CodeN": 0, "Code": "OK", "Message": ""}),
        shows='Error "OK" beside the Result',
    ),
    metadata(
        "metadata-capital-d",
        67,
        lambda _m: None,
        reply=lambda _c, r: setattr(r, "body", r.body.replace(b"Metadata", b"MetaData")),
        shows="ResponseMetaData",
    ),
    results("metadata-missing", 67, _no_metadata, cls="envelope", shows="only Result"),
]

_FAILED = [
    edits("failure-without-error", 61, _without_error, cls="envelope", shows="no Error"),
    failures("error-code-missing", 61, lambda e: e.pop("Code"), shows="no Code"),
    failures("error-code-empty", 61, lambda e: e.update(Code=""), shows='Code ""'),
    failures("error-code-number", 61, lambda e: e.update(Code=100010), shows="Code is a number"),
    failures("error-code-null", 61, lambda e: e.update(Code=None), shows="Code null"),
    edits("failure-flat", 61, _turned, cls="envelope", shows="Code and Message on top"),
    edits("failure-with-result", 62, _with_result, cls="envelope", shows="Result beside Error"),
    failures(
        "code-number-text",
        63,
        lambda e: e.update(CodeN=str(e["CodeN"])) if "CodeN" in e else None,
        shows="CodeN in quotes",
    ),
    failures(
        "code-number-of-another",
        63,
        lambda e: e.update(CodeN=100014) if "CodeN" in e else None,
        shows="CodeN 100014 for everything",
    ),
    failures(
        "code-number-zero",
        63,
        lambda e: e.update(CodeN=0) if "CodeN" in e else None,
        shows="CodeN 0 beside the codes of the gateway",
    ),
    failures("code-number-negative", 63, lambda e: e.update(CodeN=-1), shows="CodeN -1"),
    failures("code-number-fraction", 63, lambda e: e.update(CodeN=1.5), shows="CodeN 1.5"),
    failures("message-number", 64, lambda e: e.update(Message=0), shows="Message is a number"),
    failures("message-null", 64, lambda e: e.update(Message=None), shows="Message null"),
    failures("message-object", 64, lambda e: e.update(Message={"en": "no"}), shows="an object"),
]

_CARRIED = [
    replies("success-404", 65, _status(404), shows="HTTP 404 with a Result"),
    replies(
        "success-202",
        65,
        _status(202),
        operation="SendMessage",
        shows="HTTP 202 with the Result of SendMessage",
    ),
    replies("success-500", 65, _status(500), shows="HTTP 500 with a Result"),
    replies("success-401", 65, _status(401), shows="HTTP 401 with a Result"),
    replies("type-html", 68, lambda r: r.header("Content-Type", "text/html"), shows="text/html"),
    replies("type-missing", 68, lambda r: r.headers.clear(), shows="no Content-Type"),
    replies(
        "type-octets",
        68,
        lambda r: r.header("Content-Type", "application/octet-stream"),
        shows="application/octet-stream",
    ),
    bytes_of("body-utf-16", 101, _utf16, shows="UTF-16"),
    replies("body-cut", 101, _cut, shows="half of the bytes, then the end"),
    bytes_of("body-truncated", 101, lambda b: b[:-2], shows="the last two characters missing"),
    bytes_of("body-twice", 101, lambda b: b + b, shows="two documents"),
    bytes_of("body-in-list", 101, lambda b: b"[" + b + b"]", shows="a list of the answer"),
    bytes_of("body-empty", 101, lambda _b: b"", shows="no bytes"),
    bytes_of("body-comma", 101, lambda b: b[:-1] + b",}", shows="a comma too many"),
    bytes_of("body-single-quotes", 101, lambda b: b.replace(b'"', b"'"), shows="single quotes"),
    bytes_of("body-jsonp", 101, lambda b: b"callback(" + b + b")", shows="callback(...)"),
    replies(
        "refusal-not-json",
        101,
        lambda r: None if _OK in r.body else setattr(r, "body", b"refused"),
        cls="encoding",
        shows="a refusal is plain text",
    ),
    edits("secret-in-message", "SEC-01", _leak, cls="authentication", shows="the secret key"),
    edits("signature-in-message", "SEC-01", _echo, cls="authentication", shows="the signature"),
    Fault(
        name="ve-crash-on-bad-body",
        vendor="volcengine",
        operation="GetMessagesReadReceipt",
        requirement="SEC-02",
        reply=_crash,
        shows="HTTP 500 for a body that is no object",
        **_WIRE,
    ),
    Fault(
        name="ve-crash-on-overflow",
        vendor="volcengine",
        operation="GetMessagesReadReceipt",
        requirement="SEC-02",
        reply=_overflow,
        shows="HTTP 500 for a MessageId of 2^63",
        **_WIRE,
    ),
    Fault(
        name="ve-drop-on-bad-body",
        vendor="volcengine",
        operation="GetMessagesReadReceipt",
        requirement="SEC-02",
        reply=_drop,
        shows="the connection ends at a body that is no object",
        **_WIRE,
    ),
]

ALL: list[Fault] = [*_ABOUT, *_FAILED, *_CARRIED]
