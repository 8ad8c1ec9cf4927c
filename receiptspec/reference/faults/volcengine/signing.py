"""Faults of what a signature covers, and of credentials that are nearly right."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from receiptspec.reference.behaviour import PASS, Fault, Refuses
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


def _read_as(change: Callable[[bytes], bytes]) -> Refuses:
    """Read a body as another one where that is the one whose hash was sent."""

    def refuses(call: Call, place: str, reason: str, _code: int | str) -> str | None:
        body = change(call.incoming.body)
        if (place, reason) != HASH or not _hashed_as(hashlib.sha256(body).hexdigest())(call):
            return None
        call.incoming = replace(call.incoming, body=body)
        return PASS

    return refuses


def _trusted(name: str, row: int, when: Callable[[Call], bool], shows: str) -> Fault:
    """Take the hash that was sent for that of the body."""
    refuses = decides((HASH,), PASS)
    return bends(name, row, _TRUSTED, refuses=refuses, when=when, **_AUTH, shows=shows)


def _holds(name: str, text: str) -> Callable[[Call], bool]:
    return lambda call: text in (call.incoming.header(name) or "")


def _signs(name: str) -> Callable[[Call], bool]:
    """Return whether a header is among the signed ones."""

    def test(call: Call) -> bool:
        found = re.search("SignedHeaders=([^,]*)", call.incoming.header("Authorization") or "")
        return found is not None and name in found[1].split(";")

    return test


def _unlike(test: Callable[[Call], bool]) -> Callable[[Call], bool]:
    return lambda call: not test(call)


_STALE, _TOKEN = ("X-Date", "stale"), ("X-Security-Token", "wrong")


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
        "VE-GMRR-70a",
        ("Credential", "region"),
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
    judges(
        "call-remembered",
        "VE-GMRR-83a",
        _known_call,
        request=_remember_call,
        **_AUTH,
        shows="Authorization and body that were right once work with another query",
    ),
    *(
        _trusted(f"{name}-unverified", 80, when, f"a body {shows} is not verified")
        for name, when, shows in (
            ("octets", _holds("Content-Type", "octet"), "of another type"),
            ("forms", _holds("Content-Type", "form"), "of a form's type"),
            ("encoded", _holds("Content-Encoding", "i"), "with Content-Encoding"),
            ("expected", _holds("Expect", "100"), "that is announced by Expect"),
            ("digested", _signs("content-md5"), "with a signed Content-MD5"),
            ("exempt", lambda call: "X-NotSignBody" in call.query, "with X-NotSignBody"),
            ("huge", lambda call: len(call.incoming.body) > 2**18, "of more than 256 KB"),
        )
    ),
    _trusted(
        "streaming-payload",
        79,
        _holds("X-Content-Sha256", "STREAMING-"),
        "a hash that begins with STREAMING- is right for any body",
    ),
    *(
        judges(f"body-{name}", 80, _read_as(change), **_AUTH, shows=shows)
        for name, change, shows in (
            (
                "repaired",
                lambda body: body.decode(errors="replace").encode(),
                "bytes that are no text count as U+FFFD",
            ),
            (
                "purged",
                lambda body: body.decode(errors="ignore").encode(),
                "bytes that are no text do not count",
            ),
            ("unwrapped", lambda body: body.replace(b"\r\n", b"\n"), "CRLF counts as LF"),
            ("unmarked", lambda body: body.removeprefix(b"\xef\xbb\xbf"), "a BOM does not count"),
        )
    ),
    tolerated(
        "query-as-listed",
        "VE-GMRR-83a",
        WRONG,
        when=lambda call: "X-SignedQueries" in call.query,
        **_AUTH,
        shows="only what X-SignedQueries lists is signed",
    ),
    *(
        tolerated(f"{name}-works", "VE-GMRR-108", place, when=when, **_AUTH, shows=shows)
        for name, place, when, shows in (
            ("stale-hostless", _STALE, _unlike(_signs("host")), "old, where host is not signed"),
            (
                "stale-hashless",
                _STALE,
                _unlike(_signs("x-content-sha256")),
                "old, where no hash is signed",
            ),
            ("stale-dated", _STALE, _holds("Date", "GMT"), "old, beside a Date"),
            ("stale-charset", _STALE, _holds("Content-Type", "charset"), "old, beside a charset"),
            (
                "token-document",
                _TOKEN,
                lambda call: len(call.incoming.header("X-Security-Token") or "") > 300,
                "a token of more than 300 characters",
            ),
            (
                "token-dotted",
                _TOKEN,
                lambda call: (call.incoming.header("X-Security-Token") or "").count(".") == 2,
                "a token in three parts",
            ),
            ("token-hostless", _TOKEN, _unlike(_signs("host")), "a token beside no signed host"),
        )
    ),
]
