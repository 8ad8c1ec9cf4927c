"""Faults of answers that are kept and given again, and of replicas that stay behind."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.caches import once_more, unchecked
from receiptspec.reference.faults.replicas import behind, young_unknown
from receiptspec.reference.faults.volcengine.families import done, edits, place_of

__all__ = ["ALL"]

_ASK = "GetMessagesReadReceipt"
_UNKNOWN = {"ResponseMetadata": {"Error": {"Code": "ConversationNotFound", "Message": "not there"}}}
_VE: dict[str, Any] = {"vendor": "volcengine"}


def _members_kept(call: Call, answer: dict[str, Any]) -> None:
    """Describe the members of a conversation as when anybody asked first."""
    place = place_of(call)
    if place is not None and done(answer):
        answer["Result"] = call.memory("members kept").setdefault(place.id, answer["Result"])


ALL: list[Fault] = [
    edits(
        "members-as-first-told",
        104,
        _members_kept,
        operation="BatchGetConversationParticipant",
        cls="lifecycle",
        shows="the members of a conversation are told as they were when anybody asked first",
    ),
    unchecked(
        "ve-kept-messages-for-others",
        "VE-GMRR-70",
        "GetMessages",
        ("Credential", "service"),
        ("Signature", "wrong"),
        shows="messages that were just told are told again to whoever signs for another service",
        **_VE,
    ),
    unchecked(
        "ve-kept-receipts-for-forgers",
        "VE-GMRR-71",
        _ASK,
        ("Signature", "wrong"),
        shows="receipts that were just told are told again to a forged signature",
        **_VE,
    ),
    once_more(
        "ve-refusals-of-forgers-once-more",
        "VE-GMRR-01",
        _ASK,
        "Signature wrong",
        shows="the refusal of a forged signature is told to the next call of the connection too",
        **_VE,
    ),
    behind(
        "ve-tenth-answer-is-old",
        "VE-GMRR-36",
        _ASK,
        10,
        shows="each tenth answer is of up to five seconds ago",
        also=("VE-GMRR-42", "VE-GMRR-37"),
        **_VE,
    ),
    young_unknown(
        "ve-young-conversations-unknown-at-times",
        "VE-GMRR-01",
        _ASK,
        "CreateConversation",
        _UNKNOWN,
        shows="of a conversation of some seconds each tenth question is refused",
        also=("VE-GMRR-31",),
        **_VE,
    ),
]
