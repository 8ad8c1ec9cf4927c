"""Faults of credentials where conversations, members and messages are asked for and changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.volcengine.families import bends, tolerated

__all__ = ["ALL"]

_AUTH: dict[str, Any] = {"cls": "authentication"}


def _date(call: Call) -> str:
    return call.incoming.header("X-Date") or ""


def _is_of_last_year(call: Call) -> bool:
    return _date(call)[:4] == str(datetime.now(UTC).year - 1)


def _is_day_beyond(call: Call) -> bool:
    return _date(call)[6:8] > "31"


ALL: list[Fault] = [
    tolerated(
        "any-service-adds",
        70,
        ("Credential", "service"),
        operation="BatchAddConversationParticipant",
        **_AUTH,
        shows="members are added under the signature for any service",
    ),
    tolerated(
        "any-region-destroys",
        "VE-GMRR-70c",
        ("Credential", "region"),
        level="SHOULD",
        operation="DestroyConversation",
        **_AUTH,
        shows="conversations are destroyed under the signature for any region",
    ),
    tolerated(
        "any-key-lists-members",
        72,
        ("Credential", "unknown"),
        operation="BatchGetConversationParticipant",
        **_AUTH,
        shows="members are told to any key",
    ),
    tolerated(
        "unsigned-history",
        73,
        ("Authorization", "missing"),
        operation="GetMessages",
        **_AUTH,
        shows="messages are told to whoever asks",
    ),
    tolerated(
        "stale-date-removes",
        75,
        ("X-Date", "stale"),
        operation="BatchDeleteConversationParticipant",
        **_AUTH,
        shows="a call of yesterday removes members",
    ),
    tolerated(
        "any-day-recalls",
        78,
        ("Credential", "date"),
        operation="RecallMessage",
        **_AUTH,
        shows="messages are recalled under the scope of any day",
    ),
    tolerated(
        "any-hash-moves",
        79,
        ("X-Content-Sha256", "wrong"),
        operation="ModifyParticipantReadIndex",
        **_AUTH,
        shows="read indexes are moved with the hash of another body",
    ),
    tolerated(
        "any-query-tells-indexes",
        "VE-GMRR-83a",
        ("Signature", "wrong"),
        operation="GetParticipantReadIndex",
        when=lambda call: "RsTampered" in call.query,
        **_AUTH,
        shows="read indexes are told with more parameters than the signed ones",
    ),
    tolerated(
        "any-scheme-sends",
        "VE-GMRR-69a",
        ("Authorization", "malformed"),
        operation="SendMessage",
        **_AUTH,
        shows="messages are sent under a token of another scheme",
        also=("VE-GMRR-71",),
    ),
    tolerated(
        "undated-members",
        74,
        ("X-Date", "missing"),
        operation="BatchGetConversationParticipant",
        **_AUTH,
        shows="members are told without X-Date",
    ),
    tolerated(
        "any-token-recalls",
        85,
        ("X-Security-Token", "wrong"),
        operation="RecallMessage",
        **_AUTH,
        shows="messages are recalled with any session token",
    ),
    tolerated(
        "any-version-destroys",
        45,
        ("Version", "unknown"),
        operation="DestroyConversation",
        **_AUTH,
        shows="conversations are destroyed by any version",
        also=("VE-GMRR-02",),
    ),
    tolerated(
        "any-method-shows",
        4,
        ("method", "method"),
        operation="GetMessages",
        **_AUTH,
        shows="messages are told by GET",
    ),
    tolerated(
        "any-app-removes",
        51,
        ("AppId", "unknown"),
        operation="BatchDeleteConversationParticipant",
        **_AUTH,
        shows="members of one application are removed by another",
    ),
    bends(
        "decoded-key-adds",
        87,
        {"ve_key_forms": ("", "base64")},
        operation="BatchAddConversationParticipant",
        **_AUTH,
        shows="members are added under the signature of the decoded key",
    ),
    tolerated(
        "last-year-is-now",
        75,
        ("X-Date", "stale"),
        when=_is_of_last_year,
        **_AUTH,
        shows="the year of X-Date does not matter",
    ),
    tolerated(
        "days-roll-over",
        75,
        ("X-Date", "malformed"),
        when=_is_day_beyond,
        **_AUTH,
        shows="the 53rd of a month is a day of the next one",
    ),
    tolerated(
        "no-service-is-any",
        70,
        ("Credential", "malformed"),
        when=lambda call: "//request" in (call.incoming.header("Authorization") or ""),
        **_AUTH,
        shows="a scope without a service works",
    ),
    tolerated(
        "no-last-word-is-any",
        "VE-GMRR-70a",
        ("Credential", "malformed"),
        when=lambda call: "/rtc/," in (call.incoming.header("Authorization") or ""),
        **_AUTH,
        shows="a scope without a last word works",
    ),
]
