"""Faults of authentication (rows 69 to 87)."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import PASS, Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.volcengine.families import (
    bends,
    decides,
    judges,
    miscoded,
    tolerated,
)

__all__ = ["ALL"]

_AUTH: dict[str, Any] = {"cls": "authentication"}
_HASH = ("X-Content-Sha256", "wrong")
_USUAL = frozenset({"content-type", "host", "x-content-sha256", "x-date", "x-security-token"})


def _only_even(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    """Let every other wrong signature through."""
    if (place, reason) != ("Signature", "wrong"):
        return None
    turn = call.behaviour.memory["turn"] = call.behaviour.memory.get("turn", 0) + 1
    return None if turn % 2 else PASS


def _hash_not_signed(call: Call) -> bool:
    return "x-content-sha256" not in (call.incoming.header("Authorization") or "")


def _status(code: str, status: int) -> dict[str, Any]:
    return {"ve_statuses": {code: status}}


ALL: list[Fault] = [
    tolerated(
        "any-authorization",
        "VE-GMRR-69a",
        ("Authorization", "malformed"),
        **_AUTH,
        shows="Bearer works",
        also=("VE-GMRR-71",),
    ),
    bends(
        "other-label",
        "VE-GMRR-69a",
        {"ve_labels": ("HMAC-SHA256", "AWS4-HMAC-SHA256")},
        **_AUTH,
        shows="works",
    ),
    miscoded(
        "authorization-code",
        "VE-GMRR-69a",
        "AccessDenied",
        ("Authorization", "malformed"),
        shows="AccessDenied",
    ),
    bends("service-im", 70, {"ve_services": ("rtc", "im")}, **_AUTH, shows="service im works"),
    tolerated("any-service", 70, ("Credential", "service"), **_AUTH, shows="any service works"),
    tolerated(
        "any-region",
        "VE-GMRR-70c",
        ("Credential", "region"),
        level="SHOULD",
        **_AUTH,
        shows="any region works",
    ),
    bends(
        "aws-terminator",
        "VE-GMRR-70a",
        {"ve_terminators": ("request", "aws4_request")},
        **_AUTH,
        shows="ok",
    ),
    bends(
        "method-unsigned",
        "VE-GMRR-70a",
        {"ve_methods": ("POST", "GET")},
        **_AUTH,
        shows="GET signed works",
    ),
    tolerated(
        "signature-ignored", 71, ("Signature", "wrong"), **_AUTH, shows="any signature works"
    ),
    bends("signature-start", 71, {"ve_compared": 16}, **_AUTH, shows="16 of 64 digits count"),
    bends("signature-most", 71, {"ve_compared": 63}, **_AUTH, shows="the last digit is ignored"),
    judges(
        "signature-sometimes",
        71,
        _only_even,
        cls="rare-trigger",
        shows="each second wrong signature works",
    ),
    miscoded(
        "signature-code",
        "VE-GMRR-71a",
        "InvalidAccessKey",
        ("Signature", "wrong"),
        shows="InvalidAccessKey",
    ),
    miscoded(
        "signature-undocumented", "VE-GMRR-71a", "BadSign", ("Signature", "wrong"), shows="BadSign"
    ),
    bends(
        "signature-status",
        "VE-GMRR-71a",
        _status("SignatureDoesNotMatch", 403),
        cls="code",
        level="SHOULD",
        shows="HTTP 403",
    ),
    tolerated("any-access-key", 72, ("Credential", "unknown"), **_AUTH, shows="any key works"),
    miscoded(
        "access-key-code",
        72,
        "SignatureDoesNotMatch",
        ("Credential", "unknown"),
        shows="SignatureDoesNotMatch",
    ),
    bends("access-key-status", 72, _status("InvalidAccessKey", 404), cls="code", shows="HTTP 404"),
    tolerated("unsigned", 73, ("Authorization", "missing"), **_AUTH, shows="works unsigned"),
    miscoded(
        "unsigned-code",
        73,
        "AccessDenied",
        ("Authorization", "missing"),
        shows="403 AccessDenied",
    ),
    bends(
        "unsigned-status",
        73,
        _status("MissingAuthenticationToken", 404),
        cls="code",
        shows="HTTP 404",
    ),
    tolerated("date-optional", 74, ("X-Date", "missing"), **_AUTH, shows="works without X-Date"),
    miscoded(
        "date-missing-code",
        74,
        "SignatureDoesNotMatch",
        ("X-Date", "missing"),
        shows="SignatureDoesNotMatch",
    ),
    tolerated("stale-date", 75, ("X-Date", "stale"), **_AUTH, shows="a day old works"),
    bends("stale-for-a-week", 75, {"ve_skew": 7 * 86400}, **_AUTH, shows="six days old works"),
    miscoded("stale-code", 75, "InvalidParam", ("X-Date", "stale"), shows="InvalidParam"),
    bends("stale-status", 75, _status("InvalidTimestamp", 500), cls="code", shows="HTTP 500"),
    tolerated("scope-date-ignored", 78, ("Credential", "date"), **_AUTH, shows="another day works"),
    tolerated("content-hash-ignored", 79, _HASH, **_AUTH, shows="the hash of another body works"),
    bends(
        "body-not-signed",
        80,
        {"ve_body_hashes": ("body", "header")},
        refuses=decides((_HASH,), PASS),
        **_AUTH,
        shows="another body works under the same headers",
    ),
    bends(
        "body-not-signed-in-sending",
        80,
        {"ve_body_hashes": ("body", "header")},
        refuses=decides((_HASH,), PASS),
        operation="SendMessage",
        **_AUTH,
        shows="messages are sent with another body than the signed one",
    ),
    bends(
        "body-not-signed-without-hash",
        80,
        {"ve_body_hashes": ("body", "header")},
        refuses=decides((_HASH,), PASS),
        when=_hash_not_signed,
        **_AUTH,
        shows="another body works where X-Content-Sha256 is not signed",
    ),
    bends("host-must-be-signed", 81, {"ve_must_sign": ("host",)}, **_AUTH, shows="Node refused"),
    bends(
        "type-must-be-signed",
        81,
        {"ve_must_sign": ("content-type",)},
        **_AUTH,
        shows="host;x-date is refused",
    ),
    bends(
        "hash-must-be-signed",
        81,
        {"ve_must_sign": ("x-content-sha256",)},
        **_AUTH,
        shows="host;x-date is refused, Node's form works",
    ),
    bends("more-headers-refused", 82, {"ve_may_sign": _USUAL}, **_AUTH, shows="TV6 is refused"),
    bends("plus-for-space", 83, {"ve_spaces": ("+",)}, **_AUTH, shows="only + is right"),
    bends(
        "plus-also", "VE-GMRR-83a", {"ve_spaces": ("%20", "+")}, **_AUTH, shows="+ is right as well"
    ),
    bends("tilde-encoded", 83, {"ve_plain": ""}, **_AUTH, shows="%7E for ~"),
    bends("star-plain", 83, {"ve_plain": "~*"}, **_AUTH, shows="* stays as it is"),
    bends("query-unsorted", 84, {"ve_query_sorted": False}, **_AUTH, shows="order of the wire"),
    tolerated("token-ignored", 85, ("X-Security-Token", "wrong"), **_AUTH, shows="any token works"),
    miscoded("token-code", 85, "AccessDenied", ("X-Security-Token", "wrong"), shows="AccessDenied"),
    bends("token-status", 85, _status("InvalidSecretToken", 500), cls="code", shows="HTTP 500"),
    bends("key-decoded-also", 87, {"ve_key_forms": ("", "base64")}, **_AUTH, shows="both work"),
    bends("key-prefixed-also", 87, {"ve_key_forms": ("", "AWS4")}, **_AUTH, shows="AWS4+SK works"),
]
