"""Faults of names that are compared too loosely, and of signatures over what is not sent."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from receiptspec.reference.behaviour import PASS, SHRUG
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.volcengine.families import (
    ASK,
    HASH,
    MISMATCH,
    WRONG,
    bends,
    decides,
    judges,
    refused_if,
    tolerated,
)
from receiptspec.reference.volcengine import signature

__all__ = ["ALL"]

_AUTH: dict[str, Any] = {"cls": "authentication"}
_LETTERS = 8  # of a session token that is looked at


def _action(test: Callable[[str], bool]) -> Callable[[Call, str, str, int | str], str | None]:
    def refuses(call: Call, place: str, reason: str, _code: int | str) -> str | None:
        unknown = (place, reason) == ("Action", "unknown")
        return SHRUG if unknown and test(call.query["Action"]) else None

    return refuses


def _version_of_digits(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    same = call.query.get("Version", "").replace("-", "") == "20201201"
    return PASS if (place, reason) == ("Version", "unknown") and same else None


def _scope(call: Call, place: int) -> str:
    found = re.search("Credential=([^,]*)", call.incoming.header("Authorization") or "")
    parts = found[1].split("/") if found else []
    return parts[place] if len(parts) > place else ""


def _pattern(call: Call) -> bool:
    """Whether a data base finds the access key by what is named."""
    named = re.escape(_scope(call, 0)).replace("%", ".*").replace("_", ".")
    return re.fullmatch(named, call.site.keys.access_key) is not None


def _names(call: Call) -> list[bytes]:
    return [name for name, _ in signature.parameters(call.incoming.query)]


def _doubled(values: tuple[bytes, ...]) -> Callable[[Call], bool]:
    def test(call: Call) -> bool:
        pairs = signature.parameters(call.incoming.query)
        return tuple(value for name, value in pairs if name == b"RsTampered") == values

    return test


def _plain(name: bytes) -> bool:
    return re.fullmatch(rb"[0-9A-Za-z._~-]*", name) is not None


def _type(call: Call) -> str:
    return call.incoming.header("Content-Type") or ""


_NAMES = [
    judges("version-of-digits", 2, _version_of_digits, shows="20201201 works"),
    judges(
        "action-cut",
        45,
        _action(lambda action: action != "" and ASK.startswith(action)),
        operation="",
        shows="GetMessagesReadReceip works",
    ),
    judges(
        "action-behind-dot",
        45,
        _action(lambda action: action.rpartition(".")[2] == ASK),
        operation="",
        shows="what stands before a dot in Action does not count",
    ),
    judges(
        "action-behind-slash",
        45,
        _action(lambda action: action.rpartition("/")[2] == ASK),
        operation="",
        shows="what stands before a slash in Action does not count",
    ),
    tolerated(
        "region-by-country",
        "VE-GMRR-70c",
        ("Credential", "region"),
        level="SHOULD",
        when=lambda call: _scope(call, 2).startswith("cn-"),
        **_AUTH,
        shows="the scope of any region that begins with cn- works",
    ),
    tolerated(
        "service-begins",
        70,
        ("Credential", "service"),
        when=lambda call: _scope(call, 3).startswith("rtc"),
        **_AUTH,
        shows="the scope of a service that begins with rtc works",
    ),
    tolerated(
        "service-ends",
        70,
        ("Credential", "service"),
        when=lambda call: _scope(call, 3).endswith("rtc"),
        **_AUTH,
        shows="the scope of a service that ends in rtc works",
    ),
    tolerated(
        "access-key-pattern",
        72,
        ("Credential", "unknown"),
        when=_pattern,
        **_AUTH,
        shows="_ and % in an access key stand for anything",
    ),
    tolerated(
        "short-token-ignored",
        85,
        ("X-Security-Token", "wrong"),
        when=lambda call: len(call.incoming.header("X-Security-Token") or "") <= _LETTERS,
        **_AUTH,
        shows="a session token of eight letters at most is not looked at",
    ),
    tolerated(
        "foreign-token-ignored",
        85,
        ("X-Security-Token", "wrong"),
        when=lambda call: not (call.incoming.header("X-Security-Token") or "").startswith("STS2"),
        **_AUTH,
        shows="a session token that does not begin with STS2 is not looked at",
    ),
]


_SIGNED = [
    bends(
        "charset-unhashed",
        80,
        {"ve_body_hashes": ("body", "header")},
        refuses=decides((HASH,), PASS),
        when=lambda call: "charset" in _type(call),
        **_AUTH,
        shows="a body whose charset is named is not hashed",
    ),
    refused_if(
        "query-names-as-they-are",
        83,
        MISMATCH,
        lambda call: not all(map(_plain, _names(call))),
        **_AUTH,
        shows="the names of parameters are signed without percent-encoding",
    ),
    tolerated(
        "first-of-a-name-signed",
        "VE-GMRR-83a",
        WRONG,
        when=_doubled((b"1", b"2")),
        **_AUTH,
        shows="of parameters of one name the first is signed",
    ),
    tolerated(
        "last-of-a-name-signed",
        "VE-GMRR-83a",
        WRONG,
        when=_doubled((b"2", b"1")),
        **_AUTH,
        shows="of parameters of one name the last is signed",
    ),
    refused_if(
        "quotes-not-signed",
        82,
        MISMATCH,
        lambda call: any(value.startswith('"') for _, value in call.incoming.headers),
        **_AUTH,
        shows="the quotes of a header are not signed",
    ),
    refused_if(
        "type-in-small-letters",
        81,
        MISMATCH,
        lambda call: (
            "content-type" in (call.incoming.header("Authorization") or "")
            and _type(call) != _type(call).lower()
        ),
        **_AUTH,
        shows="the content type is signed in small letters",
    ),
]


ALL = [*_NAMES, *_SIGNED]
