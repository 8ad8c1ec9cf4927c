"""Faults of credentials where conversations, members and messages are asked for and changed."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.faults.volcengine.families import tolerated

__all__ = ["ALL"]

_AUTH: dict[str, Any] = {"cls": "authentication"}

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
        "VE-GMRR-70a",
        ("Credential", "region"),
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
]
