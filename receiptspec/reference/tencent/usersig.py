"""Reads and verifies a UserSig (TLSSigAPIv2; U1, C3), apart from the driver that makes them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import itertools
import re
import zlib
from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.calls import Call
from receiptspec.reference.tencent import documents

__all__ = ["verify"]

_LONGEST = 16 * 1024  # bytes that a UserSig may unpack to
_ALPHABET = re.compile(r"[A-Za-z0-9*\-]+_{0,2}")
_TO_STANDARD = str.maketrans("*-_", "+/=")

MALFORMED, EXPIRED, FORGED, OTHER_USER, OTHER_APP = 70003, 70001, 70009, 70013, 70014


def verify(call: Call, text: str, *, app: int, identifier: str, key: str) -> None:
    """Raise `Refusal` unless `text` is a UserSig of this app and user, unexpired, with this key."""
    claims = _unpack(text)
    if claims is None:
        call.refuse("usersig", "malformed", MALFORMED, "the UserSig cannot be read")
        return
    call.notes["claims"] = claims
    if claims["TLS.sdkappid"] != app:
        call.refuse("usersig", "app", OTHER_APP, "the UserSig is for another SDKAppID")
    if claims["TLS.identifier"] != identifier:
        call.refuse("usersig", "identifier", OTHER_USER, "the UserSig is for another identifier")
    if outside.now() + call.knob("clock_ahead") > claims["TLS.time"] + claims["TLS.expire"]:
        call.refuse("usersig", "expired", EXPIRED, "the UserSig has expired")
    if not _signed(call, claims, key):
        call.refuse("usersig", "signature", FORGED, "the UserSig was not signed with the app's key")


def _unpack(text: str) -> dict[str, Any] | None:
    """Return the claims, or None where any layer is broken."""
    if not _ALPHABET.fullmatch(text):
        return None
    try:
        packed = base64.b64decode(text.translate(_TO_STANDARD), validate=True)
        unpacker = zlib.decompressobj()
        raw = unpacker.decompress(packed, _LONGEST)
    except (binascii.Error, ValueError, zlib.error):
        return None
    if not unpacker.eof or unpacker.unused_data:
        return None
    claims = documents.read(raw)
    return claims if isinstance(claims, dict) and _well_formed(claims) else None


def _well_formed(claims: dict[str, Any]) -> bool:
    numbers = ("TLS.sdkappid", "TLS.time", "TLS.expire")
    texts = ("TLS.identifier", "TLS.sig")
    return (
        claims.get("TLS.ver") == "2.0"
        and all(type(claims.get(name)) is int for name in numbers)
        and all(type(claims.get(name)) is str for name in texts)
        and type(claims.get("TLS.userbuf", "")) is str
    )


def _signed(call: Call, claims: dict[str, Any], key: str) -> bool:
    secrets = [bytes.fromhex(key) if f == "hex" else key.encode() for f in call.knob("key_forms")]
    buffered = "TLS.userbuf" in claims and call.knob("userbuf_signed")
    forms = itertools.product(secrets, call.knob("signing_orders"), call.knob("signing_ends"))
    for secret, order, end in forms:
        names = ["identifier", "sdkappid", *order, *(["userbuf"] if buffered else [])]
        text = "\n".join(f"TLS.{name}:{claims[f'TLS.{name}']}" for name in names) + end
        digest = hmac.new(secret, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
        if base64.b64encode(digest).decode() == claims["TLS.sig"]:
            return True
    return False
