"""Faults of the gate that show in one operation, with one way of writing, or after some time."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import PASS, SHRUG, Fault, Refuses
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import (
    DETAIL,
    accepted,
    bends,
    miscoded,
    refused_if,
    tolerated,
)
from receiptspec.reference.tencent import documents

__all__ = ["ALL", "READINGS", "nearly_json"]

_LETTER, _IMPORT = "sendmsg", "account_import"
_AUTH: dict[str, Any] = {"cls": "authentication"}
_SHOULD: dict[str, Any] = {"level": "SHOULD"}
_DAY = 86_400  # seconds


def nearly_json(reads: Callable[[bytes], bytes]) -> Refuses:
    """Take a body that is no JSON object for one, where some way of reading makes one of it."""

    def refuses(call: Call, place: str, reason: str, _code: int | str) -> str | None:
        if place != "body" or reason not in ("not-json", "not-object"):
            return None
        return SHRUG if isinstance(documents.read(reads(call.incoming.body)), dict) else None

    return refuses


def _unquoted(body: bytes) -> bytes:
    value = documents.read(body)
    return value.encode() if isinstance(value, str) else body


#: Ways to read more than JSON, by the name of the fault, with what it shows.
READINGS: Mapping[str, tuple[Callable[[bytes], bytes], str]] = {
    "first-line-read": (
        lambda body: body.partition(b"\n")[0],
        "what follows a line of JSON is not looked at",
    ),
    "read-up-to-nul": (
        lambda body: body.partition(b"\0")[0],
        "what follows a NUL is not looked at",
    ),
    "guarded-json-read": (
        lambda body: body.removeprefix(b")]}',"),
        "a prefix that browsers cannot run is passed over",
    ),
    "commas-optional": (
        lambda body: re.sub(rb'(?<=[]}"0-9]) "', b',"', body),
        "commas may be missing",
    ),
    "quotes-optional": (
        lambda body: re.sub(rb"(?<=[{,])(\w+):", rb'"\1":', body),
        "names may stand without quotes",
    ),
    "text-of-json-read": (_unquoted, "JSON in a text of JSON is read"),
    "list-of-one-read": (
        lambda body: body.removeprefix(b"[").removesuffix(b"]"),
        "a list of one object is that object",
    ),
}
_OBJECTS = ("text-of-json-read", "list-of-one-read")


def _identifier_of_anybody(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    mine = call.notes.get("claims", {}).get("TLS.identifier") == call.site.identifier
    named = (place, reason) in {("usersig", "identifier"), ("identifier", "ordinary-user")}
    return PASS if named and mine else None


def _seen_signature(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    known = call.behaviour.memory.get("signatures-of-letters", set())
    seen = call.notes.get("claims", {}).get("TLS.sig") in known
    return PASS if (place, reason) == ("usersig", "signature") and seen else None


def _remember_signature(call: Call) -> None:
    seen = call.behaviour.memory.setdefault("signatures-of-letters", set())
    seen.add(call.notes.get("claims", {}).get("TLS.sig"))


def _claim(call: Call, name: str) -> int:
    return int(call.notes.get("claims", {}).get(f"TLS.{name}", 0))


def _lasts_less_than(seconds: int) -> Callable[[Call], bool]:
    return lambda call: _claim(call, "expire") < seconds


_IN_ONE_OPERATION = [
    accepted(
        "empty-letters-accepted", "TC-GEN-12", ("body", "empty"), operation=_LETTER, shows="OK"
    ),
    accepted(
        "broken-imports-accepted",
        "TC-GEN-13",
        ("body", "not-json"),
        operation=_IMPORT,
        shows="OK for an account that cannot be read",
        **_SHOULD,
    ),
    miscoded(
        "broken-letter-code",
        "TC-GEN-13",
        90012,
        ("body", "not-json"),
        operation=_LETTER,
        shows="90012 for a letter that cannot be read",
    ),
    tolerated(
        "lists-without-sdkappid",
        "TC-GEN-15",
        ("sdkappid", "missing"),
        operation=DETAIL,
        shows="members are listed without sdkappid",
    ),
    tolerated(
        "letters-without-identifier",
        "TC-GEN-17",
        ("identifier", "missing"),
        operation=_LETTER,
        shows="letters are sent without identifier",
    ),
    tolerated(
        "imports-without-usersig",
        "TC-GEN-18",
        ("usersig", "missing"),
        operation=_IMPORT,
        shows="accounts are imported without a UserSig",
        **_AUTH,
    ),
    tolerated(
        "letters-of-unknown-apps",
        "TC-GEN-21",
        ("sdkappid", "unknown"),
        operation=_LETTER,
        shows="letters are sent for any app",
        **_SHOULD,
    ),
    miscoded(
        "unknown-app-lists-code",
        "TC-GEN-21",
        10002,
        ("sdkappid", "unknown"),
        operation=DETAIL,
        shows="10002 for an unknown app, where members are listed",
    ),
    refused_if(
        "large-random-letters",
        "TC-GEN-26",
        60025,
        lambda call: int(call.query.get("random", "0")) >= 2**31,
        operation=_LETTER,
        shows="random above 2^31 is refused where letters are sent",
        **_SHOULD,
    ),
    refused_if(
        "unknown-fields-imported",
        "TC-GEN-32",
        70402,
        lambda call: not call.body.keys() <= {"UserID", "Nick", "FaceUrl"},
        operation=_IMPORT,
        shows="an account with an unknown field is refused",
        **{**_SHOULD, "cls": "leniency"},
    ),
    Fault(
        name="letters-under-any-identifier",
        requirement="TC-SIG-07",
        operation=_LETTER,
        refuses=_identifier_of_anybody,
        shows="the identifier of the URL is ignored where letters are sent",
        **_AUTH,
    ),
    tolerated(
        "lists-for-other-users",
        "TC-SIG-07",
        ("usersig", "identifier"),
        operation=DETAIL,
        shows="anybody's UserSig lists members for the administrator",
        **_AUTH,
    ),
    tolerated(
        "imports-of-other-apps",
        "TC-SIG-09",
        ("usersig", "app"),
        operation=_IMPORT,
        shows="a UserSig of another app imports accounts",
        **_AUTH,
    ),
    tolerated(
        "letters-under-garbage",
        "TC-SIG-11",
        ("usersig", "malformed"),
        operation=_LETTER,
        shows="letters are sent with a UserSig that cannot be read",
        **_AUTH,
    ),
    Fault(
        name="letter-signatures-remembered",
        requirement="TC-SIG-13",
        operation=_LETTER,
        request=_remember_signature,
        refuses=_seen_signature,
        shows="a known TLS.sig sends letters with other claims",
        **_AUTH,
    ),
    bends(
        "hex-key-lists",
        "TC-SIG-15",
        {"key_forms": ("text", "hex")},
        operation=DETAIL,
        shows="members are listed under the decoded key",
        **_SHOULD,
        **_AUTH,
    ),
    bends(
        "userbuf-not-signed-in-imports",
        "TC-SIG-17",
        {"userbuf_signed": False},
        operation=_IMPORT,
        shows="a UserSig with userbuf imports no accounts",
        **_SHOULD,
        **_AUTH,
    ),
]

_NAMES = [
    bends(
        "identifier-in-any-case",
        "TC-GEN-24",
        {"aliases": {"Identifier": "identifier"}},
        shows="Identifier works as well",
        **{**_SHOULD, "cls": "leniency"},
    ),
    bends(
        "usersig-in-any-case",
        "TC-GEN-24",
        {"aliases": {"UserSig": "usersig"}},
        shows="UserSig works as well",
        **{**_SHOULD, "cls": "leniency"},
    ),
    bends(
        "sdkappid-of-letters-in-any-case",
        "TC-GEN-24",
        {"aliases": {"SdkAppId": "sdkappid"}},
        operation=_LETTER,
        shows="SdkAppId works as well where letters are sent",
        **{**_SHOULD, "cls": "leniency"},
    ),
]

_TIMES = [
    refused_if(
        "usersig-of-last-week-refused",
        "TC-SIG-01",
        70001,
        lambda call: outside.now() - _claim(call, "time") > 7 * _DAY,
        shows="a UserSig ends after a week, whatever it says",
        **_AUTH,
    ),
    refused_if(
        "usersig-for-hours-refused",
        "TC-SIG-01",
        70001,
        _lasts_less_than(_DAY),
        shows="a UserSig for less than a day has expired",
        **_AUTH,
    ),
    refused_if(
        "usersig-for-minutes-refused",
        "TC-SIG-01",
        70001,
        _lasts_less_than(600),
        shows="a UserSig ends ten minutes before it says",
        **_AUTH,
    ),
]

_WRITINGS = [
    Fault(
        name=name,
        requirement="TC-GEN-14" if name in _OBJECTS else "TC-GEN-13",
        refuses=nearly_json(reads),
        shows=shows,
        cls="leniency",
        **_SHOULD,
    )
    for name, (reads, shows) in READINGS.items()
]

ALL: list[Fault] = [*_IN_ONE_OPERATION, *_NAMES, *_TIMES, *_WRITINGS]
