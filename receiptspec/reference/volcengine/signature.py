"""Verifies HMAC-SHA256 signatures: rebuilds the canonical request from the headers it received."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from urllib.parse import quote, unquote_to_bytes

from receiptspec.reference.calls import Call, Incoming

__all__ = ["Keys", "Pairs", "day_key", "parameters", "verify"]

Pairs = Sequence[tuple[bytes, bytes]]

LABEL = "HMAC-SHA256"
MISMATCH = "SignatureDoesNotMatch"
_FORM = re.compile(
    r"([!-~]+) Credential=([!-+\--~]+), *SignedHeaders=([!-+\--~]+)(?:, *Signature=([!-+\--~]*))?"
)
_DATES = {
    "compact": ("[0-9]{8}T[0-9]{6}Z", "%Y%m%dT%H%M%SZ"),
    "dashed": ("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z", "%Y-%m-%dT%H:%M:%SZ"),
}


@dataclass(frozen=True)
class Keys:
    """The credentials of an account; `token` is that of temporary keys."""

    access_key: str
    secret_key: str = field(repr=False)
    region: str = "cn-north-1"
    token: str = field(default="", repr=False)


@dataclass(frozen=True)
class _Signed:
    """An Authorization header, taken apart."""

    access_key: str
    scope: tuple[str, str, str, str]
    names: tuple[str, ...]
    signature: str


def parameters(query: str) -> Pairs:
    """Return names and values of a query as bytes, in the order of the wire; ``+`` is a space."""
    pairs = []
    for piece in query.split("&"):
        if piece:
            name, _, value = piece.replace("+", " ").encode("latin-1").partition(b"=")
            pairs.append((unquote_to_bytes(name), unquote_to_bytes(value)))
    return pairs


def verify(call: Call, keys: Keys, pairs: Pairs, now: float) -> None:
    """Let only what is signed with these keys through. Raises `Refusal`."""
    signed = _authorization(call)
    stamp = _stamp(call, now)
    if signed is None or stamp is None:
        return
    _scope(call, keys, signed, stamp)
    if signed.access_key != keys.access_key:
        call.refuse("Credential", "unknown", "InvalidAccessKey", "the access key does not exist")
    token = call.incoming.header("X-Security-Token")
    if token is not None and (not keys.token or token != keys.token):
        call.refuse("X-Security-Token", "wrong", "InvalidSecretToken", "the token is not valid")
    content = call.incoming.header("X-Content-Sha256")
    if content is not None and content != hashlib.sha256(call.incoming.body).hexdigest():
        info = "X-Content-Sha256 is not the hash of the body"
        call.refuse("X-Content-Sha256", "wrong", MISMATCH, info)
    _signature(call, keys, signed, stamp, pairs)


def _authorization(call: Call) -> _Signed | None:
    header = call.incoming.header("Authorization")
    if not header:
        info = "the request has no Authorization"
        return call.refuse("Authorization", "missing", "MissingAuthenticationToken", info)
    form = _FORM.fullmatch(header.strip())
    if form is None or form[1] not in call.knob("ve_labels"):
        info = f"Authorization: {LABEL} Credential=..., SignedHeaders=..., Signature=..."
        return call.refuse("Authorization", "malformed", "InvalidAuthorization", info)
    if not form[4]:
        return call.refuse("Authorization", "unsigned", "MissingSignature", "no Signature")
    parts = form[2].split("/")
    plain = len(parts) == 5 and all(parts) and re.fullmatch("[0-9]{8}", parts[1])
    if not plain or parts[4] not in call.knob("ve_terminators"):
        info = "Credential: access key/date/region/service/request"
        return call.refuse("Credential", "malformed", "InvalidCredential", info)
    names = tuple(sorted({name.lower() for name in form[3].split(";") if name}))
    return _Signed(parts[0], (parts[1], parts[2], parts[3], parts[4]), names, form[4])


def _stamp(call: Call, now: float) -> str | None:
    """Return X-Date if it is there, well-formed and near."""
    text = call.incoming.header("X-Date")
    if not text:
        info = "the request has no X-Date"
        return call.refuse("X-Date", "missing", "MissingRequestInfo", info)
    moment = _moment(text, call.knob("ve_dates"))
    if moment is None:
        info = "X-Date: YYYYMMDDTHHMMSSZ"
        return call.refuse("X-Date", "malformed", "InvalidTimestamp", info, text)
    if abs(moment - now) > call.knob("ve_skew"):
        info = "X-Date is too far from the time of the server"
        return call.refuse("X-Date", "stale", "InvalidTimestamp", info, text)
    return text


def _moment(text: str, forms: Sequence[str]) -> float | None:
    for pattern, form in (_DATES[name] for name in forms):
        if re.fullmatch(pattern, text):
            try:
                return datetime.strptime(text, form).replace(tzinfo=UTC).timestamp()
            except ValueError:
                return None
    return None


def _scope(call: Call, keys: Keys, signed: _Signed, stamp: str) -> None:
    date, region, service, _ = signed.scope
    if date != stamp.replace("-", "")[:8]:
        call.refuse("Credential", "date", MISMATCH, "the scope's date is not that of X-Date")
    if region != keys.region:
        call.refuse("Credential", "region", MISMATCH, "the scope names another region")
    if service not in call.knob("ve_services"):
        call.refuse("Credential", "service", MISMATCH, "the scope names another service")


def _signature(call: Call, keys: Keys, signed: _Signed, stamp: str, pairs: Pairs) -> None:
    may = call.knob("ve_may_sign")
    lacking = [n for n in call.knob("ve_must_sign") if n not in signed.names]
    beyond = [n for n in signed.names if may is not None and n not in may]
    absent = [n for n in signed.names if call.incoming.header(n) is None]
    if lacking or beyond or absent:
        info = f"SignedHeaders: {', '.join(lacking + beyond + absent)}"
        call.refuse("SignedHeaders", "names", MISMATCH, info)
        return
    wanted = _compared(call, signed.signature)
    fits = False
    for secret, request in product(_secrets(call, keys), _requests(call, signed, pairs)):
        mac = _mac(secret, signed.scope, stamp, request)
        fits |= hmac.compare_digest(_compared(call, mac), wanted)
    if not fits:
        call.refuse("Signature", "wrong", MISMATCH, "the signature is not that of the request")


def _compared(call: Call, digits: str) -> bytes:
    """Return what of a signature is compared: all of it, unless a fault looks at less."""
    first, last = call.knob("ve_compared"), call.knob("ve_compared_last")
    return (digits[:first] + (digits[-last:] if last else "")).encode()


def _secrets(call: Call, keys: Keys) -> Iterator[bytes]:
    """Return the bytes of the secret key, as they are unless a fault reads them otherwise."""
    for form in call.knob("ve_key_forms"):
        if form == "base64":
            try:
                yield base64.b64decode(keys.secret_key)
            except binascii.Error:
                continue
        elif form == "access key":
            yield keys.access_key.encode()
        elif form == "nothing":
            yield b""
        elif form == "trimmed":
            yield keys.secret_key.rstrip("=").encode()
        else:
            yield f"{form}{keys.secret_key}".encode()


def day_key(keys: Keys, day: str) -> bytes:
    """Return the key from which all signatures of a day are made."""
    return hmac.digest(keys.secret_key.encode(), day.encode(), "sha256")


def _mac(secret: bytes, scope: tuple[str, ...], stamp: str, request: str) -> str:
    hashed = hashlib.sha256(request.encode("latin-1")).hexdigest()
    text = "\n".join((LABEL, stamp, "/".join(scope), hashed))
    key = secret
    for part in scope:
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode("latin-1"), "sha256").hex()


def _requests(call: Call, signed: _Signed, pairs: Pairs) -> set[str]:
    """Return the canonical requests that official signers make of this request.

    They differ in the whitespace within header values and the order of a repeated parameter.
    """
    incoming = call.incoming
    path = "/" if call.knob("ve_any_path") else incoming.path
    uri = quote(path, safe="/-_.~") or "/"
    headers = {_headers(incoming, signed.names, tight=tight) for tight in (False, True)}
    found = set()
    for method, query, block, body in product(
        call.knob("ve_methods") or (incoming.method,),
        _queries(call, pairs),
        headers,
        _hashes(call),
    ):
        names = ";".join(signed.names)
        found.add("\n".join((method, uri, query, block, names, body)))
    return found


def _hashes(call: Call) -> Iterator[str]:
    for kind in call.knob("ve_body_hashes"):
        if kind == "body":
            yield hashlib.sha256(call.incoming.body).hexdigest()
        elif kind == "empty":
            yield hashlib.sha256(b"").hexdigest()
        else:
            yield call.incoming.header("X-Content-Sha256") or ""


def _queries(call: Call, pairs: Pairs) -> set[str]:
    found = set()
    readings = [pairs]
    for name, value in call.knob("ve_query_read_as"):
        readings.append([(n, value if n == name else v) for n, v in pairs])
    for space, reading in product(call.knob("ve_spaces"), readings):
        done = [(_encoded(call, n, space), _encoded(call, v, space)) for n, v in reading]
        orders = [done]
        if call.knob("ve_query_sorted"):
            orders = [sorted(done, key=lambda pair: pair[0]), sorted(done)]
        found |= {"&".join(f"{n}={v}" for n, v in order) for order in orders}
    return found


def _encoded(call: Call, raw: bytes, space: str) -> str:
    plain = call.knob("ve_plain")
    text = quote(raw, safe="")
    text = text.replace("~", "%7E") if "~" not in plain else text
    text = text.replace("%2A", "*") if "*" in plain else text
    return text.replace("%20", space)


def _headers(incoming: Incoming, names: Sequence[str], *, tight: bool) -> str:
    lines = []
    for name in names:
        value = (incoming.header(name) or "").strip()
        if name == "host":
            value = re.sub(":(?:80|443)$", "", value)
        lines.append(f"{name}:{' '.join(value.split()) if tight else value}\n")
    return "".join(lines)
