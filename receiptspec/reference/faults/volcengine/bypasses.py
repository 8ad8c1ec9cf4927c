"""Faults that let calls around the signature by what stands beside it, or sign too little."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from receiptspec.reference.behaviour import PASS, Fault, Refuses
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
_SEND = "SendMessage"
_TRUSTED: dict[str, Any] = {"ve_body_hashes": ("body", "header")}


def _hashed_as(text: str) -> Any:
    return lambda call: call.incoming.header("X-Content-Sha256") == text


def _read_as(change: Callable[[bytes], bytes]) -> Refuses:
    """Read a body as another one where that is the one whose hash was sent."""

    def refuses(call: Call, place: str, reason: str, _code: int | str) -> str | None:
        body = change(call.incoming.body)
        if (place, reason) != HASH or not _hashed_as(hashlib.sha256(body).hexdigest())(call):
            return None
        call.incoming = replace(call.incoming, body=body)
        return PASS

    return refuses


def _trusted(name: str, row: int | str, when: Callable[[Call], bool], shows: str) -> Fault:
    """Take the hash that was sent for that of the body."""
    refuses = decides((HASH,), PASS)
    return bends(name, row, _TRUSTED, refuses=refuses, when=when, **_AUTH, shows=shows)


def _holds(name: str, text: str) -> Callable[[Call], bool]:
    return lambda call: text in (call.incoming.header(name) or "")


def _signs(name: str) -> Callable[[Call], bool]:
    """Return whether a header is among the signed ones."""
    return lambda call: name in _signed_names(call)


def _unlike(test: Callable[[Call], bool]) -> Callable[[Call], bool]:
    return lambda call: not test(call)


def _query(call: Call) -> list[tuple[str, str]]:
    pairs = signature.parameters(call.incoming.query)
    return [(name.decode(), value.decode()) for name, value in pairs]


def _query_holds(test: Callable[[str, str], bool]) -> Callable[[Call], bool]:
    return lambda call: any(test(name, value) for name, value in _query(call))


def _sorts_without_marks(call: Call) -> bool:
    names = [name for name, _ in _query(call)]
    return sorted(names, key=lambda n: re.sub("[^A-Za-z0-9]", "", n)) != sorted(names)


def _signed_names(call: Call) -> list[str]:
    found = re.search("SignedHeaders=([^,]*)", call.incoming.header("Authorization") or "")
    return found[1].split(";") if found else []


def _header_holds(test: Callable[[str], bool]) -> Callable[[Call], bool]:
    return lambda call: any(test(call.incoming.header(name) or "") for name in _signed_names(call))


def _version_is(test: Callable[[str], bool]) -> Callable[[Call], bool]:
    return lambda call: test(call.query.get("Version", ""))


def _written(pattern: bytes) -> Callable[[Call], bool]:
    return lambda call: re.search(pattern, call.incoming.body) is not None


_STALE, _TOKEN = ("X-Date", "stale"), ("X-Security-Token", "wrong")


ALL: list[Fault] = [
    *(
        _trusted(f"{name}-unverified", 80, when, f"a body {shows} is not verified")
        for name, when, shows in (
            ("octets", _holds("Content-Type", "octet"), "of another type"),
            ("forms", _holds("Content-Type", "form"), "of a form's type"),
            ("encoded", _holds("Content-Encoding", "i"), "with Content-Encoding"),
            ("expected", _holds("Expect", "100"), "that is announced by Expect"),
            ("digested", _signs("content-md5"), "with a signed Content-MD5"),
            ("exempt", lambda call: "X-NotSignBody" in call.query, "with X-NotSignBody"),
        )
    ),
    _trusted(
        "huge-unverified",
        "VE-GMRR-71b",
        lambda call: len(call.incoming.body) > 2**18,
        "a body of more than 256 KB is not verified",
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
    *(
        refused_if(name, row, MISMATCH, test, **_AUTH, shows=shows)
        for name, row, test, shows in (
            ("header-empty", 82, _header_holds(lambda v: not v), "an empty header is not signed"),
            ("header-long", 82, _header_holds(lambda v: len(v) > 256), "256 characters are signed"),
            ("header-unquoted", 82, _header_holds(lambda v: "%41" in v), "%41 is signed as A"),
            (
                "headers-six",
                82,
                lambda call: len(_signed_names(call)) > 6,
                "six headers are signed at most",
            ),
            (
                "query-cut",
                83,
                _query_holds(lambda _, v: len(v) > 100),
                "a hundred characters of a value are signed",
            ),
            (
                "query-untracked",
                83,
                _query_holds(lambda n, _: n.startswith(("utm", "_", "trace"))),
                "names for marketing are not signed",
            ),
            (
                "query-cleaned",
                83,
                _query_holds(lambda _, v: "\t" in v),
                "control characters are not signed",
            ),
            (
                "query-composed",
                83,
                _query_holds(lambda n, _: unicodedata.normalize("NFC", n) != n),
                "accents are signed as part of their letter",
            ),
            ("query-of-ten", 84, lambda call: len(_query(call)) > 10, "ten are signed at most"),
            ("query-sorted-by-letters", 84, _sorts_without_marks, "X-B is sorted behind XA"),
        )
    ),
    tolerated(
        "version-ended",
        2,
        ("Version", "unknown"),
        when=_version_is(lambda version: version.endswith("2020-12-01")),
        operation="",
        cls="leniency",
        shows="x2020-12-01 works",
    ),
    bends(
        "path-api",
        "VE-GMRR-70b",
        {"ve_any_path": True},
        operation="",
        when=lambda call: call.incoming.path == "/api",
        **_AUTH,
        shows="a call for / is done at /api",
    ),
    *(
        refused_if(
            f"json-{name}-refused",
            "VE-GMRR-102",
            "JsonParsingError",
            _written(pattern),
            operation=operation,
            level="MUST",
            cls="leniency",
            shows=f"{shows} is refused",
        )
        for name, pattern, operation, shows in (
            ("escaped-key", rb'"\\u[0-9A-Fa-f]{4}\w*"\s*:', ASK, "a key with an escaped letter"),
            ("escaped-slash", rb"\\/", _SEND, "an escaped slash"),
            ("leading-blank", rb"\A\s", ASK, "white space before the body"),
            ("tab", rb"\t", _SEND, "a body with tabs"),
            ("line-end", rb"\r\n", ASK, "a body with CRLF"),
            ("app-later", rb'\A\s*\{\s*"(?!AppId|\\u0041ppId)', _SEND, "AppId behind others"),
        )
    ),
]
