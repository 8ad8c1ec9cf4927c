"""Faults of what a signature covers, and of credentials that are nearly right."""

from __future__ import annotations

import re
from typing import Any

from receiptspec.reference.behaviour import PASS, Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.volcengine.families import (
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
_SEND = "SendMessage"
_ACTIONS = (b"GetMessages", b"GetMessagesReadReceipt")
_OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_TRUSTED: dict[str, Any] = {"ve_body_hashes": ("body", "header")}


def _hashed_as(text: str) -> Any:
    return lambda call: call.incoming.header("X-Content-Sha256") == text


def _respaced(call: Call) -> bool:
    """Whether a body is the signed one but for its white space."""
    return b'" :' in call.incoming.body or b" , " in call.incoming.body


def _known_call(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    known = call.memory("calls").get((call.incoming.header("Authorization"), call.incoming.body))
    return PASS if (place, reason) == WRONG and known else None


def _remember_call(call: Call) -> None:
    call.memory("calls")[call.incoming.header("Authorization"), call.incoming.body] = True


def _only_the_end(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    key = call.site.keys.access_key[:-1]
    named = f"Credential={key}" in (call.incoming.header("Authorization") or "")
    return PASS if (place, reason) == ("Credential", "unknown") and named else None


def _date_with_more(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    text = call.incoming.header("X-Date") or ""
    begins = re.match("[0-9]{8}T[0-9]{6}Z.", text) is not None
    return PASS if (place, reason) == ("X-Date", "malformed") and begins else None


def _padded(name: str) -> str:
    return re.sub("[0-9]+", lambda digits: digits[0].zfill(20), name)


def _sorted_by_numbers(call: Call) -> bool:
    """Whether names sort otherwise where the numbers in them count as numbers."""
    names = [name.decode() for name, _ in signature.parameters(call.incoming.query)]
    pieces = {name: re.split("([0-9]+)", name) for name in names}
    natural = sorted(
        names, key=lambda n: [(p.isdigit(), int(p) if p.isdigit() else p) for p in pieces[n]]
    )
    return natural != sorted(names)


def _changed_in_query(call: Call) -> bool:
    return "RsTampered" in call.query


ALL: list[Fault] = [
    tolerated(
        "any-service-sends",
        70,
        ("Credential", "service"),
        operation=_SEND,
        **_AUTH,
        shows="messages are sent under the signature for any service",
    ),
    tolerated(
        "any-region-sends",
        "VE-GMRR-70c",
        ("Credential", "region"),
        level="SHOULD",
        operation=_SEND,
        **_AUTH,
        shows="messages are sent under the signature for any region",
    ),
    tolerated(
        "any-day-sends",
        78,
        ("Credential", "date"),
        operation=_SEND,
        **_AUTH,
        shows="messages are sent under the scope of any day",
    ),
    tolerated(
        "any-hash-sends",
        79,
        HASH,
        operation=_SEND,
        **_AUTH,
        shows="messages are sent with the hash of another body",
    ),
    tolerated(
        "any-query-sends",
        "VE-GMRR-83a",
        WRONG,
        operation=_SEND,
        when=_changed_in_query,
        **_AUTH,
        shows="messages are sent with more parameters than the signed ones",
    ),
    tolerated(
        "type-parameters-unsigned",
        71,
        WRONG,
        when=lambda call: ";" in (call.incoming.header("Content-Type") or ""),
        **_AUTH,
        shows="what follows the content type is not signed",
    ),
    tolerated(
        "client-version-unsigned",
        71,
        WRONG,
        when=lambda call: call.incoming.header("X-IM-SDK-Version") is not None,
        also=("VE-GMRR-80",),
        **_AUTH,
        shows="a call that names its client's version is not verified",
    ),
    tolerated(
        "signature-left-out",
        71,
        ("Authorization", "unsigned"),
        when=lambda call: "Signature=" not in (call.incoming.header("Authorization") or ""),
        **_AUTH,
        shows="an Authorization without the word Signature works",
    ),
    judges("access-key-start", 72, _only_the_end, **_AUTH, shows="the end of a key is not read"),
    judges("date-with-more", 75, _date_with_more, **_AUTH, shows="X-Date may go on behind its Z"),
    bends(
        "hash-of-nothing",
        79,
        {"ve_body_hashes": ("body", "empty")},
        refuses=decides((HASH,), PASS),
        when=_hashed_as(_OF_NOTHING),
        **_AUTH,
        shows="the hash of nothing is right for any body",
    ),
    bends(
        "unsigned-payload",
        79,
        _TRUSTED,
        refuses=decides((HASH,), PASS),
        when=_hashed_as("UNSIGNED-PAYLOAD"),
        **_AUTH,
        shows="UNSIGNED-PAYLOAD is right for any body",
    ),
    bends(
        "white-space-unsigned",
        80,
        _TRUSTED,
        refuses=decides((HASH,), PASS),
        when=_respaced,
        **_AUTH,
        shows="white space in a body is not signed",
    ),
    refused_if(
        "query-trimmed",
        83,
        MISMATCH,
        lambda call: "=%20" in call.incoming.query,
        **_AUTH,
        shows="blanks around a value are not signed",
    ),
    refused_if(
        "query-sorted-by-numbers",
        84,
        MISMATCH,
        _sorted_by_numbers,
        **_AUTH,
        shows="X2 is sorted before X10",
    ),
    bends(
        "action-not-signed",
        "VE-GMRR-83a",
        {"ve_query_read_as": tuple((b"Action", action) for action in _ACTIONS)},
        **_AUTH,
        shows="what is signed for one action works for all",
    ),
    bends(
        "version-not-signed",
        "VE-GMRR-83a",
        {"ve_query_read_as": ((b"Version", b"2018-01-01"),)},
        **_AUTH,
        shows="what is signed for an older version works",
    ),
    judges(
        "call-remembered",
        "VE-GMRR-83a",
        _known_call,
        request=_remember_call,
        **_AUTH,
        shows="Authorization and body that were right once work with another query",
    ),
]
