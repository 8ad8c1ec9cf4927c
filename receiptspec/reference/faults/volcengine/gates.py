"""Faults of what is signed, of what is near to the right, and of bodies that are nearly JSON."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from receiptspec.reference.behaviour import PASS, SHRUG, Fault
from receiptspec.reference.calls import Call, Reply
from receiptspec.reference.faults.gates import READINGS, nearly_json
from receiptspec.reference.faults.volcengine.families import (
    ASK,
    bends,
    judges,
    miscoded,
    refused_if,
    replies,
    tolerated,
)
from receiptspec.reference.volcengine import signature

__all__ = ["ALL"]

_AUTH: dict[str, Any] = {"cls": "authentication"}
_SEND, _MAKE = "SendMessage", "CreateConversation"
_MISMATCH = "SignatureDoesNotMatch"
_WRONG = (("Signature", "wrong"), ("X-Content-Sha256", "wrong"))
_HOLDS = 64 * 1024
_DAY = 86_400  # seconds
_KNOWN = frozenset(
    (
        "content-md5",
        "content-type",
        "host",
        "x-content-sha256",
        "x-date",
        "x-im-sdk-version",
        "x-sdk-invocation-id",
        "x-sdk-request",
        "x-security-token",
    )
)


# --- what is signed --------------------------------------------------------------------------


def _in_query(piece: str) -> Callable[[Call], bool]:
    return lambda call: piece in call.incoming.query


def _sorted_with_values(call: Call) -> bool:
    """Whether whole pairs sort otherwise than names do."""
    names = sorted(name for name, _ in signature.parameters(call.incoming.query))
    pairs = sorted(b"%s=%s" % pair for pair in signature.parameters(call.incoming.query))
    return [pair.partition(b"=")[0] for pair in pairs] != names


def _signs_more(call: Call) -> bool:
    found = re.search("SignedHeaders=([^,]*)", call.incoming.header("Authorization") or "")
    return found is not None and not _KNOWN.issuperset(found[1].split(";"))


def _age(call: Call) -> float:
    """Return how old X-Date is, in days."""
    try:
        then = datetime.strptime(call.incoming.header("X-Date") or "", "%Y%m%dT%H%M%SZ")
    except ValueError:
        return 0.0
    return float(call.site.clock() - then.replace(tzinfo=UTC).timestamp()) / _DAY


def _aged(low: float, high: float) -> Callable[[Call, str, str, int | str], str | None]:
    """Pass over dates of some ages."""

    def refuses(call: Call, place: str, reason: str, _code: int | str) -> str | None:
        return PASS if (place, reason) == ("X-Date", "stale") and low < _age(call) < high else None

    return refuses


def _known_header(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    """Know an Authorization again that was right once."""
    seen = call.behaviour.memory.get("authorizations", set())
    known = call.incoming.header("Authorization") in seen
    return PASS if (place, reason) == ("Signature", "wrong") and known else None


def _remember_header(call: Call) -> None:
    seen = call.behaviour.memory.setdefault("authorizations", set())
    seen.add(call.incoming.header("Authorization"))


_SIGNED = [
    refused_if("ampersands-split", 83, _MISMATCH, _in_query("%26"), **_AUTH, shows="%26 is a &"),
    refused_if("query-decoded-twice", 83, _MISMATCH, _in_query("%25"), **_AUTH, shows="%2541 is A"),
    refused_if(
        "query-in-two-units", 83, _MISMATCH, _in_query("%F0"), **_AUTH, shows="no emoji is signed"
    ),
    refused_if(
        "query-as-browsers-do",
        83,
        _MISMATCH,
        lambda call: re.search("%2[1789]", call.incoming.query) is not None,
        **_AUTH,
        shows="!'() stay as they are",
    ),
    refused_if(
        "query-sorted-in-pairs",
        84,
        _MISMATCH,
        _sorted_with_values,
        **_AUTH,
        shows="X-A=2 is sorted before X=1",
    ),
    refused_if(
        "own-headers-refused",
        82,
        _MISMATCH,
        _signs_more,
        **_AUTH,
        shows="only the headers of official clients may be signed",
    ),
    bends(
        "signature-ends",
        71,
        {"ve_compared": 16, "ve_compared_last": 16},
        **_AUTH,
        shows="the first and the last 16 digits count",
    ),
    bends("signature-longer", 71, {"ve_compared": 64}, **_AUTH, shows="digits may follow"),
    judges("date-of-last-week", 75, _aged(7, 14), **_AUTH, shows="eight days old works"),
    judges("date-of-last-month", 75, _aged(24.8, 50), **_AUTH, shows="thirty days old works"),
    tolerated("no-date-at-all", 75, ("X-Date", "malformed"), **_AUTH, shows="25:61:99 works"),
    miscoded(
        "misdated-code",
        75,
        "InvalidParam",
        ("X-Date", "malformed"),
        shows="InvalidParam for 25:61:99",
    ),
    judges(
        "authorization-remembered",
        80,
        _known_header,
        request=_remember_header,
        **_AUTH,
        shows="an Authorization that was right once works for another body",
    ),
    tolerated(
        "ends-of-bodies-unverified",
        80,
        *_WRONG,
        when=lambda call: len(call.incoming.body) > _HOLDS,
        **_AUTH,
        shows="bodies above 64 KB are not verified",
    ),
]


# --- what is near to the right ---------------------------------------------------------------


def _if_query(
    name: str, test: Callable[[str], bool], decision: str
) -> Callable[[Call, str, str, int | str], str | None]:
    """Pass over what is wrong with Action or Version where its value is of some kind."""

    def refuses(call: Call, place: str, reason: str, _code: int | str) -> str | None:
        if place != name or reason not in ("missing", "unknown"):
            return None
        if name not in call.query or not test(call.query[name]):
            return None
        return PASS if reason == "missing" else decision

    return refuses


def _blank(value: str) -> bool:
    return value == ""


def _app(change: Callable[[Call, Any], Any]) -> Callable[[Call], None]:
    def request(call: Call) -> None:
        if "AppId" in call.body:
            call.body["AppId"] = change(call, call.body["AppId"])

    return request


def _takes_app(name: str, change: Callable[[Call, Any], Any], shows: str) -> Fault:
    return Fault(
        name=f"ve-{name}",
        vendor="volcengine",
        operation=ASK,
        requirement="VE-GMRR-51",
        level="SHOULD",
        cls="leniency",
        request=_app(change),
        shows=shows,
    )


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_NEAR = [
    judges(
        "version-with-more",
        2,
        _if_query("Version", lambda version: version.startswith("2020-12-01"), PASS),
        shows="2020-12-01x works",
    ),
    judges("version-blank", 5, _if_query("Version", _blank, PASS), shows="a blank Version works"),
    judges(
        "action-blank",
        5,
        _if_query("Action", _blank, SHRUG),
        operation="",
        shows="a blank Action works",
    ),
    judges(
        "action-with-more",
        45,
        _if_query("Action", lambda action: action.startswith(ASK), SHRUG),
        operation="",
        shows="GetMessagesReadReceiptX works",
    ),
    _takes_app(
        "app-of-32-bits",
        lambda _call, app: app % 2**32 if type(app) is int else app,
        "an AppId beyond 32 bits is the one of its last 32",
    ),
    _takes_app(
        "app-zero-is-any",
        lambda call, app: call.site.app if _number(app) and not app else app,
        "an AppId of 0 is the account's",
    ),
    _takes_app(
        "app-null-is-any",
        lambda call, app: call.site.app if app is None else app,
        "an AppId of null is the account's",
    ),
    _takes_app(
        "app-rounded",
        lambda _call, app: int(app) if _number(app) else app,
        "an AppId may have a fraction",
    ),
]


# --- bodies ----------------------------------------------------------------------------------


#: What some parsers take beside JSON, which is no fault here.
_LENIENT = ("first-line-read", "read-up-to-nul", "quotes-optional")
_BODIES = [
    *(
        judges(name, 20, nearly_json(reads), shows=shows)
        for name, (reads, shows) in READINGS.items()
        if name not in _LENIENT
    ),
]


# --- refusals without the envelope, and in one action ----------------------------------------


def _instead(code: str, body: bytes, kind: str) -> Callable[[Reply], None]:
    """Replace the envelope of one code."""

    def change(sent: Reply) -> None:
        if f'"{code}"'.encode() in sent.body:
            sent.body = body
            sent.header("Content-Type", kind)

    return change


_REFUSALS = [
    replies(
        "mismatch-as-page",
        "VE-GMRR-71a",
        _instead(_MISMATCH, b"<html><body>401 Unauthorized</body></html>", "text/html"),
        cls="envelope",
        shows="an HTML page under 401 for a wrong signature",
    ),
    replies(
        "mismatch-in-other-json",
        "VE-GMRR-71a",
        _instead(_MISMATCH, b'{"message":"Unauthorized"}', "application/json"),
        cls="envelope",
        shows="JSON of another form under 401 for a wrong signature",
    ),
    replies(
        "broken-json-unanswered",
        "VE-GMRR-20a",
        _instead("JsonParsingError", b"", "text/plain"),
        cls="envelope",
        shows="no body for one that cannot be read",
        also=("VE-GMRR-101",),
    ),
    tolerated(
        "sending-under-any-key",
        72,
        ("Credential", "unknown"),
        operation=_SEND,
        **_AUTH,
        shows="any access key sends",
    ),
    miscoded(
        "unknown-key-makes-code",
        72,
        "AppNotFound",
        ("Credential", "unknown"),
        operation=_MAKE,
        shows="AppNotFound for an unknown access key, in one action",
    ),
    tolerated(
        "making-unsigned",
        73,
        ("Authorization", "missing"),
        operation=_MAKE,
        **_AUTH,
        shows="conversations are made unsigned",
    ),
    tolerated(
        "sending-stale",
        75,
        ("X-Date", "stale"),
        operation=_SEND,
        **_AUTH,
        shows="messages are sent under any date",
    ),
    miscoded(
        "stale-making-code",
        75,
        "NoAuth",
        ("X-Date", "stale"),
        operation=_MAKE,
        shows="NoAuth for a date of yesterday, in one action",
    ),
]

ALL: list[Fault] = [*_SIGNED, *_NEAR, *_BODIES, *_REFUSALS]
