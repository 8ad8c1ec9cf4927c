"""Faults of the UserSig (TC-SIG)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import zlib
from collections.abc import Callable

from receiptspec.reference.behaviour import PASS, Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import ASK, bends, miscoded, refused_if, tolerated
from receiptspec.reference.tencent import documents

__all__ = ["ALL"]

_CLS = {"cls": "authentication"}


def _packed(call: Call) -> bytes:
    text = call.query.get("usersig", "").translate(str.maketrans("*-_", "+/="))
    return base64.b64decode(text)


def _raw(call: Call) -> bytes:
    return zlib.decompress(_packed(call))


def _unusual_order(call: Call) -> bool:
    names = list(call.notes.get("claims", {}))
    return names[:1] != ["TLS.ver"]


def _by_claims_alone(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    claims = call.notes.get("claims", {})
    mine = claims.get("TLS.identifier") == call.site.identifier
    named = (place, reason) in {("usersig", "identifier"), ("identifier", "ordinary-user")}
    return PASS if named and mine else None


def _seen_signature(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    """Verify a signature once and then know it, whatever the claims beside it say by now."""
    seen = call.behaviour.memory.get("signatures", set())
    signature = call.notes.get("claims", {}).get("TLS.sig")
    known = place == "usersig" and reason in ("signature", "expired") and signature in seen
    return PASS if known else None


def _right(call: Call) -> str:
    """Return the signature that the claims of a call ought to have."""
    claims = call.notes["claims"]
    names = ("identifier", "sdkappid", "time", "expire")
    text = "".join(f"TLS.{name}:{claims.get(f'TLS.{name}')}\n" for name in names)
    made = hmac.new(call.site.key.encode(), text.encode(), hashlib.sha256).digest()
    return base64.b64encode(made).decode("ascii")


def _signed_as(
    fits: Callable[[str, str], bool],
) -> Callable[[Call, str, str, int | str], str | None]:
    """Take signatures that are enough like the right one."""

    def refuses(call: Call, place: str, reason: str, _code: int | str) -> str | None:
        if (place, reason) != ("usersig", "signature"):
            return None
        return PASS if fits(str(call.notes["claims"]["TLS.sig"]), _right(call)) else None

    return refuses


def _unsigned(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    if (place, reason) != ("usersig", "malformed"):
        return None
    try:
        claims = documents.read(_raw(call))
    except (ValueError, zlib.error):
        return None
    return PASS if isinstance(claims, dict) and "TLS.sig" not in claims else None


def _of_group(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    if (place, reason) != ("identifier", "ordinary-user"):
        return None
    body = documents.read(call.incoming.body)
    group = call.site.store.groups.get(body.get("GroupId")) if isinstance(body, dict) else None
    return PASS if group and call.operator in group.members else None


def _remember_signature(call: Call) -> None:
    claims = call.notes.get("claims", {})
    call.behaviour.memory.setdefault("signatures", set()).add(claims.get("TLS.sig"))


def _holds(letter: str) -> Callable[[Call], bool]:
    return lambda call: letter in call.query.get("usersig", "")


ALL: list[Fault] = [
    Fault(
        name="signature-compared-in-part",
        requirement="TC-SIG-05",
        refuses=_signed_as(lambda given, right: given[:24] == right[:24]),
        shows="the first 24 letters of a signature are compared",
        cls="authentication",
    ),
    Fault(
        name="signature-may-be-cut",
        requirement="TC-SIG-05",
        refuses=_signed_as(lambda given, right: bool(given) and right.startswith(given)),
        shows="the beginning of a signature is enough",
        cls="authentication",
    ),
    Fault(
        name="signature-may-be-empty",
        requirement="TC-SIG-05",
        refuses=_signed_as(lambda given, _right: not given),
        shows="an empty signature is not compared",
        cls="authentication",
    ),
    Fault(
        name="signature-may-be-missing",
        requirement="TC-SIG-05",
        refuses=_unsigned,
        shows="claims without a signature are taken",
        cls="authentication",
    ),
    Fault(
        name="members-ask",
        requirement="TC-GEN-19",
        operation=ASK,
        refuses=_of_group,
        shows="members of a group may ask for its receipts",
        cls="authentication",
    ),
    tolerated(
        "deleting-method-served",
        "TC-GEN-09",
        ("method", "method"),
        operation=ASK,
        when=lambda call: call.incoming.method in ("PATCH", "DELETE"),
        shows="PATCH and DELETE are served",
    ),
    refused_if(
        "verification-fails-sometimes",
        "TC-SIG-01",
        70009,
        lambda c: c.serial % 6 == 0,
        operation=ASK,
        cls="rare-trigger",
        shows="each sixth call 70009",
    ),
    refused_if(
        "reordered-claims-refused",
        "TC-SIG-02",
        70003,
        _unusual_order,
        operation=ASK,
        level="SHOULD",
        shows="the order of names matters",
        **_CLS,
    ),
    refused_if(
        "compact-claims-refused",
        "TC-SIG-02",
        70003,
        lambda c: b'": ' not in _raw(c),
        operation=ASK,
        level="SHOULD",
        shows="the spacing matters",
        **_CLS,
    ),
    refused_if(
        "zlib-level-matters",
        "TC-SIG-02",
        70003,
        lambda c: _packed(c)[1] != 0x9C,
        operation=ASK,
        level="SHOULD",
        shows="only one zlib level",
        **_CLS,
    ),
    tolerated(
        "expired-usersig-admitted",
        "TC-SIG-03",
        ("usersig", "expired"),
        shows="the expiry is not looked at",
        **_CLS,
    ),
    tolerated(
        "expired-usersig-recalls",
        "TC-SIG-03",
        ("usersig", "expired"),
        operation="group_msg_recall",
        shows="the expiry is not looked at where messages are recalled",
        **_CLS,
    ),
    tolerated(
        "expired-usersig-imports",
        "TC-SIG-03",
        ("usersig", "expired"),
        operation="import_group_msg",
        shows="the expiry is not looked at where old messages are imported",
        **_CLS,
    ),
    miscoded("expired-usersig-code", "TC-SIG-04", 70003, ("usersig", "expired"), shows="70003"),
    tolerated(
        "signature-not-verified",
        "TC-SIG-05",
        ("usersig", "signature"),
        shows="any key signs",
        **_CLS,
    ),
    tolerated(
        "forged-usersig-imports",
        "TC-SIG-05",
        ("usersig", "signature"),
        operation="import_group_msg",
        shows="old messages are imported under any signature",
        **_CLS,
    ),
    miscoded("forged-usersig-code", "TC-SIG-06", 70001, ("usersig", "signature"), shows="70001"),
    Fault(
        name="identifier-not-compared",
        requirement="TC-SIG-07",
        refuses=_by_claims_alone,
        shows="the identifier of the URL is ignored",
        cls="authentication",
    ),
    miscoded("other-identifier-code", "TC-SIG-08", 70009, ("usersig", "identifier"), shows="70009"),
    tolerated(
        "app-not-compared",
        "TC-SIG-09",
        ("usersig", "app"),
        shows="a UserSig of another app is right",
        **_CLS,
    ),
    miscoded("other-app-code", "TC-SIG-10", 70009, ("usersig", "app"), shows="70009"),
    tolerated(
        "garbage-usersig-admitted",
        "TC-SIG-11",
        ("usersig", "malformed"),
        shows="what cannot be read is right",
        **_CLS,
    ),
    miscoded("garbage-usersig-code", "TC-SIG-12", 10002, ("usersig", "malformed"), shows="10002"),
    Fault(
        name="signature-remembered",
        requirement="TC-SIG-13",
        request=_remember_signature,
        refuses=_seen_signature,
        shows="a known TLS.sig opens with other claims",
        cls="authentication",
    ),
    refused_if(
        "star-refused",
        "TC-SIG-14",
        70003,
        _holds("*"),
        operation=ASK,
        shows="a UserSig with * is refused",
        **_CLS,
    ),
    refused_if(
        "dash-refused",
        "TC-SIG-14",
        70003,
        _holds("-"),
        operation=ASK,
        shows="a UserSig with - is refused",
        **_CLS,
    ),
    refused_if(
        "underscore-refused",
        "TC-SIG-14",
        70003,
        _holds("_"),
        operation=ASK,
        shows="a UserSig with _ is refused",
        **_CLS,
    ),
    bends(
        "hex-key-admitted",
        "TC-SIG-15",
        {"key_forms": ("text", "hex")},
        level="SHOULD",
        shows="signed with the decoded key is right too",
        **_CLS,
    ),
    bends(
        "swapped-lines-admitted",
        "TC-SIG-16",
        level="SHOULD",
        shows="expire before time is right too",
        knobs={"signing_orders": (("time", "expire"), ("expire", "time"))},
        **_CLS,
    ),
    bends(
        "last-newline-optional",
        "TC-SIG-16",
        {"signing_ends": ("\n", "")},
        level="SHOULD",
        shows="without the last newline is right too",
        **_CLS,
    ),
    bends(
        "userbuf-not-signed",
        "TC-SIG-17",
        {"userbuf_signed": False},
        level="SHOULD",
        shows="a UserSig with userbuf is 70009",
        **_CLS,
    ),
]
