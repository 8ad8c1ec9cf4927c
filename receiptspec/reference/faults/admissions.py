"""Faults of the gate in operations that are seldom tried, and with what is hardly a credential."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import PASS, Fault, Refuses
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import READ, accepted, refused_if, tolerated
from receiptspec.reference.faults.gates import nearly_json

__all__ = ["ALL"]

_AUTH: dict[str, Any] = {"cls": "authentication"}
_SHOULD: dict[str, Any] = {"level": "SHOULD"}
_DAY = 86_400  # seconds


def _where(holds: Callable[[Call], bool], *violations: tuple[str, str]) -> Refuses:
    """Go on after violations by calls of some kind."""

    def refuses(call: Call, place: str, reason: str, _code: int | str) -> str | None:
        return PASS if (place, reason) in violations and holds(call) else None

    return refuses


def _empty(name: str) -> Callable[[Call], bool]:
    return lambda call: call.query.get(name) == ""


def _claim(call: Call, name: str) -> Any:
    return call.notes.get("claims", {}).get(f"TLS.{name}", 0)


def _signed_for(call: Call, **others: Any) -> bool:
    """Whether the signature is right for other claims than those beside it."""
    names = ("identifier", "sdkappid", "time", "expire")
    lines = [f"TLS.{name}:{others.get(name, _claim(call, name))}\n" for name in names]
    digest = hmac.new(call.site.key.encode(), "".join(lines).encode(), hashlib.sha256).digest()
    return base64.b64encode(digest).decode() == str(_claim(call, "sig"))


def _named_otherwise(call: Call) -> None:
    if isinstance(call.body, dict) and "groupid" in call.body:
        call.body = {"GroupId": call.body["groupid"], **call.body}


_EVERYWHERE = [
    Fault(
        name=name,
        requirement=row,
        refuses=_where(holds, *violations),
        shows=shows,
        cls=_AUTH["cls"],
    )
    for name, row, holds, violations, shows in (
        (
            "empty-sdkappid-admitted",
            "TC-GEN-15",
            _empty("sdkappid"),
            [("sdkappid", "missing")],
            "an empty sdkappid is as good as the right one",
        ),
        (
            "empty-identifier-admitted",
            "TC-GEN-17",
            _empty("identifier"),
            [("usersig", "identifier"), ("identifier", "ordinary-user")],
            "an empty identifier is as good as the right one",
        ),
        (
            "empty-usersig-admitted",
            "TC-GEN-18",
            _empty("usersig"),
            [("usersig", "malformed")],
            "an empty UserSig opens",
        ),
        (
            "administrators-by-beginning",
            "TC-GEN-19",
            lambda call: call.operator.startswith(call.site.identifier),
            [("identifier", "ordinary-user")],
            "whoever is called like the administrator and some more is one",
        ),
        (
            "expired-long-ago-admitted",
            "TC-SIG-03",
            lambda call: outside.now() - _claim(call, "time") - _claim(call, "expire") > _DAY,
            [("usersig", "expired")],
            "a UserSig opens again a day after it has expired",
        ),
        (
            "usersig-for-no-time-lasts",
            "TC-SIG-03",
            lambda call: _claim(call, "expire") == 0,
            [("usersig", "expired")],
            "a UserSig for 0 seconds never expires",
        ),
        (
            "usersig-for-negative-time-lasts",
            "TC-SIG-03",
            lambda call: _claim(call, "expire") < 0,
            [("usersig", "expired")],
            "a UserSig for less than 0 seconds never expires",
        ),
        (
            "identifier-not-signed",
            "TC-SIG-13",
            lambda call: _signed_for(call, identifier="rs-ordinary-user"),
            [("usersig", "signature")],
            "the identifier of a UserSig may be changed when it is signed",
        ),
        (
            "app-not-signed",
            "TC-SIG-13",
            lambda call: _signed_for(call, sdkappid=_claim(call, "sdkappid") + 1),
            [("usersig", "signature")],
            "the app of a UserSig may be changed when it is signed",
        ),
    )
]

_IN_ONE_OPERATION = [
    tolerated(name, row, violation, operation=operation, shows=shows, **_AUTH)
    for name, row, violation, operation, shows in (
        (
            "histories-without-sdkappid",
            "TC-GEN-15",
            ("sdkappid", "missing"),
            "admin_getroammsg",
            "letters are shown without sdkappid",
        ),
        (
            "marks-without-identifier",
            "TC-GEN-17",
            ("identifier", "missing"),
            "admin_set_msg_read",
            "letters are marked without identifier",
        ),
        (
            "removals-without-usersig",
            "TC-GEN-18",
            ("usersig", "missing"),
            "delete_group_member",
            "members are removed without a UserSig",
        ),
        (
            "recalls-for-other-users",
            "TC-SIG-07",
            ("usersig", "identifier"),
            "group_msg_recall",
            "anybody's UserSig recalls messages for the administrator",
        ),
        (
            "adds-of-other-apps",
            "TC-SIG-09",
            ("usersig", "app"),
            "add_group_member",
            "a UserSig of another app adds members",
        ),
        (
            "messages-under-garbage",
            "TC-SIG-11",
            ("usersig", "malformed"),
            "send_group_msg",
            "messages are sent with a UserSig that cannot be read",
        ),
    )
]

#: Ways to read more than JSON, by the name of the fault, with what it shows.
_READINGS: Mapping[str, tuple[Callable[[bytes], bytes], str]] = {
    "last-comma-read": (
        lambda body: re.sub(rb",\s*}$", b"}", body),
        "a comma may stand behind the last field",
    ),
    "comments-read": (lambda body: re.sub(rb"/\*.*?\*/", b"", body), "comments are passed over"),
    "single-quotes-read": (
        lambda body: body.replace(b"'", b'"'),
        "texts may stand in single quotes",
    ),
    "end-supplied": (lambda body: body + b"}", "the last brace may be missing"),
    "nan-read": (lambda body: body.replace(b":NaN", b":0"), "NaN is a number"),
    "control-characters-read": (
        lambda body: body.replace(b"\x01", b""),
        "control characters may stand in texts",
    ),
    "other-bytes-replaced": (
        lambda body: body.decode("utf-8", "replace").encode(),
        "bytes that are no UTF-8 are replaced",
    ),
}

_BODIES = [
    *(
        Fault(
            name=name,
            requirement="TC-GEN-13",
            refuses=nearly_json(reads),
            shows=shows,
            cls="leniency",
            **_SHOULD,
        )
        for name, (reads, shows) in _READINGS.items()
    ),
    accepted(
        "broken-questions-accepted",
        "TC-GEN-13",
        ("body", "not-json"),
        operation="get_c2c_unread_msg_num",
        shows="OK for a question that cannot be read, in one neighbour",
        **_SHOULD,
    ),
    accepted(
        "lists-of-accounts-accepted",
        "TC-GEN-14",
        ("body", "not-object"),
        operation="multiaccount_import",
        shows="OK for a body that is a list, in one neighbour",
        **_SHOULD,
    ),
    refused_if(
        "random-zero-reads-nothing",
        "TC-GEN-26",
        60025,
        lambda call: call.query.get("random") == "0",
        operation=READ,
        shows="random 0 is refused where messages are read",
        **_SHOULD,
    ),
    refused_if(
        "unknown-fields-mark-nothing",
        "TC-GEN-32",
        90001,
        lambda call: "X" in call.body,
        operation="admin_set_msg_read",
        shows="an unknown field is refused where letters are marked",
        **{**_SHOULD, "cls": "leniency"},
    ),
    Fault(
        name="names-of-fields-read-in-any-case",
        requirement="TC-GEN-33",
        operation=READ,
        request=_named_otherwise,
        shows="groupid works as well where messages are read",
        cls="leniency",
        **_SHOULD,
    ),
]

ALL: list[Fault] = [*_EVERYWHERE, *_IN_ONE_OPERATION, *_BODIES]
