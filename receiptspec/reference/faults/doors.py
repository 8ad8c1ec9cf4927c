"""Faults of who may call, operation by operation, and of ids in both cases and of full length."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from receiptspec.reference.behaviour import PASS, Fault
from receiptspec.reference.calls import Call, Reply
from receiptspec.reference.faults.families import (
    DETAIL,
    READ,
    edits,
    out_of_step,
    refused_if,
    tolerated,
)

__all__ = ["ALL"]

_NUMBER = re.compile(r"\d+(e\d+)?")
_C2C = "c2c_msg_read_receipt"
_SHOULD: dict[str, Any] = {"level": "SHOULD"}
_AUTH: dict[str, Any] = {"cls": "authentication"}
_USERS = frozenset(
    (
        "UserID",
        "From_Account",
        "To_Account",
        "Member_Account",
        "Owner_Account",
        "Operator_Account",
        "Peer_Account",
        "Report_Account",
    )
)


# --- who may call ----------------------------------------------------------------------------


def _known_claims(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    """Know a UserSig again by what it claims, whoever signed it."""
    claims = call.notes.get("claims", {})
    mark = tuple(claims.get(f"TLS.{name}") for name in ("identifier", "sdkappid", "time", "expire"))
    known = (place, reason) == ("usersig", "signature") and mark in call.memory("claims")
    return PASS if known else None


def _remember_claims(call: Call) -> None:
    claims = call.notes.get("claims", {})
    mark = tuple(claims.get(f"TLS.{name}") for name in ("identifier", "sdkappid", "time", "expire"))
    call.memory("claims")[mark] = True


def _known_letters(call: Call, place: str, _reason: str, _code: int | str) -> str | None:
    """Know a UserSig again by its letters, capital or not."""
    known = call.query.get("usersig", "").lower() in call.memory("usersigs")
    return PASS if place == "usersig" and known else None


def _remember_letters(call: Call) -> None:
    call.memory("usersigs")[call.query.get("usersig", "").lower()] = True


_CALLERS = [
    Fault(
        name="usersigs-remembered-any-case",
        requirement="TC-SIG-13",
        request=_remember_letters,
        refuses=_known_letters,
        shows="a UserSig that was right once opens with a letter in the other case",
        **_AUTH,
    ),
    Fault(
        name="claims-remembered",
        requirement="TC-SIG-05",
        request=_remember_claims,
        refuses=_known_claims,
        shows="claims that were seen once open with any signature",
        also=("TC-SIG-15", "TC-SIG-16"),
        **_AUTH,
    ),
    tolerated(
        "lists-open-to-forgers",
        "TC-SIG-05",
        ("usersig", "signature"),
        operation=DETAIL,
        shows="the signature is not verified where members are listed",
        **_AUTH,
    ),
    tolerated(
        "dismissing-open-to-users",
        "TC-GEN-19",
        ("identifier", "ordinary-user"),
        operation="destroy_group",
        shows="anybody dismisses groups",
        **_AUTH,
    ),
    tolerated(
        "receipts-open-to-users",
        "TC-GEN-19",
        ("identifier", "ordinary-user"),
        operation=_C2C,
        shows="anybody sends one-to-one receipts",
        **_AUTH,
    ),
    tolerated(
        "lists-by-get",
        "TC-GEN-09",
        ("method", "method"),
        operation=DETAIL,
        shows="members are listed to GET",
        cls="leniency",
    ),
]


# --- ids -------------------------------------------------------------------------------------


def _renamed(change: Callable[[str], str]) -> Callable[[Call], None]:
    """Return an edit of every UserID of a request."""

    def edit(node: Any) -> Any:
        if isinstance(node, dict):
            return {
                key: change(value) if key in _USERS and isinstance(value, str) else edit(value)
                for key, value in node.items()
            }
        return [edit(value) for value in node] if isinstance(node, list) else node

    def request(call: Call) -> None:
        call.body = edit(call.body)

    return request


def _group_id(change: Callable[[str], str]) -> Callable[[Call], None]:
    def request(call: Call) -> None:
        own = call.body.get("GroupId")
        if isinstance(own, str) and not own.startswith("@TGS#"):
            call.body["GroupId"] = change(own)

    return request


def _one_of_each_number(_call: Call, answer: dict[str, Any]) -> None:
    kept: dict[object, dict[str, str]] = {}
    for entry in answer.get("UnreadList", ()):
        name = entry["Unread_Account"]
        key = Decimal(name) if _NUMBER.fullmatch(name) else name
        kept.setdefault(key, entry)
    if "UnreadList" in answer:
        answer["UnreadList"] = list(kept.values())


_IDS = [
    Fault(
        name="user-ids-folded",
        requirement="TC-GMD-36",
        request=_renamed(str.lower),
        cls="encoding",
        shows="UserIDs in small letters",
        also=("TC-GMD-08", "TC-GMD-11", "TC-GMD-12", "TC-GMD-15", "TC-GRP-06", "TC-GRP-12"),
        **_SHOULD,
    ),
    Fault(
        name="group-ids-folded",
        requirement="TC-GRP-02",
        request=_group_id(str.lower),
        cls="encoding",
        shows="a GroupId of one's own in small letters",
    ),
    Fault(
        name="group-ids-cut",
        requirement="TC-GRP-02",
        request=_group_id(lambda own: own[:32]),
        cls="limits",
        shows="a GroupId of one's own is cut to 32 letters",
    ),
]

_NUMBERS = [
    Fault(
        name="group-ids-as-numbers",
        requirement="TC-GRP-02",
        request=_group_id(lambda own: str(int(own)) if own.isdecimal() else own),
        cls="precision",
        shows="zeros before a number are left out of a GroupId of one's own",
    ),
    refused_if(
        "user-zero-is-nobody",
        "TC-GRR-01",
        10007,
        lambda call: isinstance(call.body, dict) and call.body.get("From_Account") == "0",
        operation=READ,
        cls="precision",
        shows="the member 0 cannot read",
    ),
    refused_if(
        "members-of-a-name-like-their-groups",
        "TC-GRR-01",
        10007,
        lambda call: (
            isinstance(call.body, dict)
            and call.body.get("From_Account", "") == call.body.get("GroupId")
        ),
        operation=READ,
        cls="isolation",
        shows="a member cannot read in a group that has the member's name",
    ),
    edits(
        "members-of-one-number-are-one",
        "TC-GMD-12",
        _one_of_each_number,
        operation=DETAIL,
        cls="precision",
        shows="of who have not read, one is listed of 77 and 77e0",
        level="SHOULD",
        also=("TC-GMD-08", "TC-GMD-11", "TC-GMD-14"),
    ),
]


_UNREAD = [
    Fault(
        name=name,
        requirement="SEC-02",
        reply=out_of_step(b'"ErrorCode":%d' % code),
        cls="transport",
        shows=f"behind a call {what} nothing is understood",
    )
    for name, code, what in (
        ("bodies-of-strays-left-unread", 60009, "of no known command"),
        ("bodies-of-strangers-left-unread", 70009, "with another key's UserSig"),
    )
]


def _crash_if(name: str, holds: Callable[[str], bool]) -> Callable[[Call, Reply], None]:
    """Return an answer's breaking where a parameter of the query is such."""

    def reply(call: Call, sent: Reply) -> None:
        if holds(call.query.get(name, "")):
            sent.status, sent.body = 500, b"Internal Server Error"

    return reply


_ODD = [
    Fault(
        name=f"crash-on-{name}",
        requirement="SEC-02",
        reply=_crash_if(parameter, holds),
        shows=f"HTTP 500 for {shows}",
        cls="transport",
    )
    for name, parameter, holds, shows in (
        ("long-identifier", "identifier", lambda text: len(text) > 64, "an identifier of 65"),
        ("nul-in-identifier", "identifier", lambda text: "\0" in text, "a NUL in the identifier"),
        ("odd-app", "sdkappid", lambda text: not text.isascii(), "an sdkappid that is no ASCII"),
        ("long-random", "random", lambda text: len(text) > 20, "a random beyond 64 bits"),
        ("odd-usersig", "usersig", lambda text: not text.isascii(), "a UserSig that is no ASCII"),
    )
]

ALL: list[Fault] = [*_CALLERS, *_IDS, *_NUMBERS, *_UNREAD, *_ODD]
