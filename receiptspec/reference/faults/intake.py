"""Faults of how calls are taken: methods, bodies, parameters, who may call (TC-GEN, SEC)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, quote

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call, Reply
from receiptspec.reference.faults.families import (
    ASK,
    accepted,
    bends,
    edits,
    miscoded,
    refused_if,
    rewrites,
    tolerated,
)

__all__ = ["ALL"]


def _status(status: int, *, ok: bool) -> Any:
    def change(reply: Reply) -> None:
        if (b'"ErrorCode":0,' in reply.body) == ok:
            reply.status = status

    return change


def _wait(seconds: float) -> Any:
    def change(reply: Reply) -> None:
        reply.delay = seconds

    return change


def _drop(reply: Reply) -> None:
    reply.drop = True


def _out_of_step(call: Call, sent: Reply) -> None:
    """Leave the body of a call without a UserSig unread, and take it for the next request."""
    unread, connection = call.memory("unsigned"), call.incoming.connection
    if unread.pop(connection, None):
        sent.status = 400
        _page(sent)
    elif "usersig" not in call.query:
        unread[connection] = True


def _page(reply: Reply) -> None:
    reply.header("Content-Type", "text/html")
    reply.body = b"<html><body>ok</body></html>"


def _other_method(call: Call) -> bool:
    return call.incoming.method != "POST"


def _random_is(*numbers: str) -> Any:
    return lambda call: call.query.get("random") in numbers


def _unknown_field(call: Call) -> bool:
    return bool(set(call.body) - {"GroupId", "MsgSeqList", "groupid", "msgseqlist"})


def _fold_names(call: Call) -> None:
    names = {"groupid": "GroupId", "msgseqlist": "MsgSeqList"}
    call.body = {names.get(str(k).lower(), k): v for k, v in call.body.items()}


def _used_up(call: Call) -> bool:
    uses = call.behaviour.memory.setdefault("uses", {})
    signature = call.query.get("usersig", "")
    uses[signature] = uses.get(signature, 0) + 1
    return bool(uses[signature] > 5)


def _second_on_connection(call: Call, reply: Reply) -> None:
    seen = call.behaviour.memory.setdefault("connections", set())
    reply.drop = call.incoming.connection in seen
    seen.add(call.incoming.connection)


def _echo(call: Call, answer: dict[str, Any]) -> None:
    if answer.get("ErrorCode"):
        signature = dict(parse_qsl(call.incoming.query)).get("usersig", "")
        answer["ErrorInfo"] = f"bad call: {signature}"


def _echo_signature(call: Call, answer: dict[str, Any]) -> None:
    if answer.get("ErrorCode"):
        answer["ErrorInfo"] += f" for {call.notes.get('claims', {}).get('TLS.sig')}"


def _echo_key(call: Call, answer: dict[str, Any]) -> None:
    if answer.get("ErrorCode"):
        answer["ErrorInfo"] += f" by {call.site.key[: len(call.site.key) // 2]}"


def _echo_header(call: Call, reply: Reply) -> None:
    reply.header("X-Request", quote(call.incoming.query, safe="=&*-_%"))


def _text_lost(change: Any) -> Any:
    def edit(_call: Call, answer: dict[str, Any]) -> None:
        for message in answer.get("RspMsgList", ()):
            for element in message["MsgBody"]:
                content = element["MsgContent"]
                if "Text" in content:
                    content["Text"] = change(content["Text"])

    return edit


_HISTORY = "group_msg_get_simple"
_WIRE: dict[str, Any] = {"operation": ASK, "cls": "transport"}

ALL: list[Fault] = [
    refused_if(
        "post-refused-sometimes",
        "TC-GEN-08",
        10007,
        lambda c: c.serial % 5 == 0,
        shows="each fifth call refused",
        **{**_WIRE, "cls": "rare-trigger"},
        also=("TC-GMR-08", "TC-GMR-09", "TC-GMR-25", "TC-GMR-32"),
    ),
    refused_if(
        "charset-refused",
        "TC-GEN-08",
        60002,
        shows="refuses a JSON content type",
        test=lambda c: "json" in (c.incoming.header("Content-Type") or ""),
        **_WIRE,
        also=("TC-GMR-40",),
    ),
    tolerated(
        "get-works",
        "TC-GEN-09",
        ("method", "method"),
        shows="GET is answered with data",
        operation=ASK,
    ),
    Fault(
        name="get-answered-with-page",
        requirement="TC-GEN-10",
        level="SHOULD",
        cls="transport",
        operation=ASK,
        when=_other_method,
        reply=lambda _c, r: _page(r),
        shows="HTML for GET",
    ),
    accepted("empty-body-accepted", "TC-GEN-12", ("body", "empty"), shows="OK", operation=ASK),
    accepted(
        "broken-json-accepted",
        "TC-GEN-13",
        ("body", "not-json"),
        shows="OK",
        level="SHOULD",
        operation=ASK,
    ),
    miscoded(
        "broken-json-code", "TC-GEN-13", 10002, ("body", "not-json"), shows="10002", operation=ASK
    ),
    accepted(
        "no-object-accepted",
        "TC-GEN-14",
        ("body", "not-object"),
        shows="OK",
        level="SHOULD",
        operation=ASK,
    ),
    tolerated(
        "sdkappid-not-needed", "TC-GEN-15", ("sdkappid", "missing"), shows="OK without sdkappid"
    ),
    miscoded("sdkappid-missing-code", "TC-GEN-16", 70003, ("sdkappid", "missing"), shows="70003"),
    tolerated(
        "identifier-not-needed",
        "TC-GEN-17",
        ("identifier", "missing"),
        shows="OK without identifier",
    ),
    tolerated(
        "usersig-not-needed",
        "TC-GEN-18",
        ("usersig", "missing"),
        cls="authentication",
        shows="OK without usersig",
    ),
    tolerated(
        "ordinary-user-admitted",
        "TC-GEN-19",
        ("identifier", "ordinary-user"),
        cls="authentication",
        shows="any user of the app may call",
    ),
    miscoded(
        "ordinary-user-code", "TC-GEN-20", 60006, ("identifier", "ordinary-user"), shows="60006"
    ),
    tolerated(
        "unknown-app-admitted",
        "TC-GEN-21",
        ("sdkappid", "unknown"),
        level="SHOULD",
        cls="authentication",
        shows="any sdkappid",
    ),
    miscoded("unknown-app-code", "TC-GEN-21", 10002, ("sdkappid", "unknown"), shows="10002"),
    accepted(
        "unknown-command-accepted", "TC-GEN-22", ("path", "command"), level="SHOULD", shows="OK"
    ),
    miscoded("unknown-command-code", "TC-GEN-22", 10002, ("path", "command"), shows="10002"),
    accepted(
        "unknown-service-accepted", "TC-GEN-23", ("path", "service"), level="SHOULD", shows="OK"
    ),
    miscoded("unknown-service-code", "TC-GEN-23", 10004, ("path", "service"), shows="10004"),
    bends(
        "parameter-case-ignored",
        "TC-GEN-24",
        {
            "aliases": {
                "SdkAppId": "sdkappid",
                "SDKAPPID": "sdkappid",
                "Identifier": "identifier",
                "UserSig": "usersig",
            }
        },
        level="SHOULD",
        cls="leniency",
        shows="SdkAppId= works",
    ),
    refused_if(
        "random-zero-refused",
        "TC-GEN-26",
        60025,
        _random_is("0"),
        level="SHOULD",
        operation=ASK,
        shows="random=0 refused",
    ),
    refused_if(
        "random-signed",
        "TC-GEN-26",
        60025,
        level="SHOULD",
        operation=ASK,
        test=lambda c: int(c.query.get("random", "0")) > 2**31 - 1,
        shows="random above 2^31 refused",
    ),
    Fault(
        name="second-call-dropped",
        requirement="TC-GEN-29",
        level="SHOULD",
        cls="transport",
        operation=ASK,
        reply=_second_on_connection,
        shows="a connection carries one call",
        also=(
            "TC-GMR-01",
            "TC-GMR-13",
            "TC-GMR-14",
            "TC-GMR-27",
            "TC-GMR-31",
            "TC-GMR-32",
            "TC-GMR-40",
        ),
    ),
    rewrites(
        "slow-answers",
        "TC-GEN-30",
        _wait(3.4),
        level="SHOULD",
        operation=ASK,
        cls="timing",
        shows="3.4 s",
        waits=True,
    ),
    refused_if(
        "usersig-used-up",
        "TC-GEN-31",
        70003,
        _used_up,
        cls="authentication",
        operation=ASK,
        shows="the sixth use is refused",
    ),
    refused_if(
        "unknown-field-refused",
        "TC-GEN-32",
        10004,
        _unknown_field,
        level="SHOULD",
        operation=ASK,
        cls="shape",
        shows="10004 for one field too many",
    ),
    Fault(
        name="field-case-ignored",
        requirement="TC-GEN-33",
        level="SHOULD",
        cls="leniency",
        operation=ASK,
        request=_fold_names,
        shows="groupid works",
    ),
    edits(
        "text-to-ascii",
        "TC-GEN-34",
        _text_lost(lambda t: t.encode("ascii", "replace").decode()),
        level="SHOULD",
        operation=_HISTORY,
        cls="encoding",
        shows="? for other letters",
    ),
    edits(
        "text-without-emoji",
        "TC-GEN-34",
        level="SHOULD",
        operation=_HISTORY,
        cls="encoding",
        edit=_text_lost(lambda t: "".join(c for c in t if ord(c) < 0x10000)),
        shows="emoji lost",
    ),
    edits(
        "text-escaped",
        "TC-GEN-34",
        _text_lost(lambda t: t.replace("&", "&amp;").replace('"', "&quot;")),
        level="SHOULD",
        operation=_HISTORY,
        cls="encoding",
        shows="&quot; for quotes",
    ),
    edits(
        "usersig-in-reason",
        "SEC-01",
        _echo,
        operation=ASK,
        cls="authentication",
        shows="ErrorInfo holds the UserSig",
    ),
    edits(
        "signature-in-reason",
        "SEC-01",
        _echo_signature,
        operation=ASK,
        cls="authentication",
        shows="ErrorInfo holds the TLS.sig of the UserSig",
    ),
    edits(
        "half-a-key-in-reason",
        "SEC-01",
        _echo_key,
        operation=ASK,
        cls="authentication",
        shows="ErrorInfo holds the first half of the key",
    ),
    Fault(
        name="query-in-header",
        requirement="SEC-01",
        reply=_echo_header,
        operation=ASK,
        cls="authentication",
        shows="a header holds the UserSig",
    ),
    Fault(
        name="crash-on-bad-input",
        requirement="SEC-02",
        operation=ASK,
        cls="transport",
        reply=lambda c, r: _status(500, ok=False)(r) if not isinstance(c.body, dict) else None,
        shows="HTTP 500 for a body that is no object",
        also=("TC-GEN-01",),
    ),
    Fault(
        name="unsigned-left-unread",
        requirement="SEC-02",
        cls="transport",
        reply=_out_of_step,
        shows="behind a call without a UserSig nothing is understood",
    ),
    rewrites(
        "drop-on-refusal",
        "SEC-02",
        lambda r: _drop(r) if b'"FAIL"' in r.body else None,
        shows="the connection ends",
        **_WIRE,
    ),
]
