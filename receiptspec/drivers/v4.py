"""V4 signatures of Volcengine's OpenAPI (HMAC-SHA256): pure functions on final bytes.

Source: V1 (signing), V2 (request structure).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from receiptspec.exchange import Secret

__all__ = [
    "Scope",
    "Signing",
    "authorization",
    "canonical_query",
    "canonical_request",
    "derived",
    "digest",
    "percent_encoded",
    "signature",
    "string_to_sign",
]

Pairs = Sequence[tuple[str, str]]
_LABEL = "HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a signature is good: a day (YYYYMMDD), a region, a service, and the last word."""

    day: str
    region: str = "cn-north-1"
    service: str = "rtc"
    terminator: str = "request"

    def __str__(self) -> str:
        return f"{self.day}/{self.region}/{self.service}/{self.terminator}"


def percent_encoded(text: str) -> str:
    """Return a name or value of the query as the signature wants it."""
    return quote(text, safe="-_.~")


@dataclass(frozen=True, slots=True)
class Signing:
    """All that a signature covers.

    `date` is X-Date; `headers` holds every header by its lower-case name, `signed` the names that
    are signed; `key` turns the secret key into the bytes that the chain starts from.
    """

    method: str
    path: str
    query: Pairs
    headers: Mapping[str, str]
    signed: tuple[str, ...]
    body_hash: str
    date: str
    scope: Scope
    encode: Callable[[str], str] = percent_encoded
    key: Callable[[str], bytes] = str.encode

    def but(self, **changes: object) -> Signing:
        """Return the same with some parts exchanged."""
        return replace(self, **changes)  # type: ignore[arg-type]


def digest(body: bytes) -> str:
    """Return the SHA-256 of a body in lower-case hex."""
    return hashlib.sha256(body).hexdigest()


def canonical_query(query: Pairs, encode: Callable[[str], str]) -> str:
    """Return names and values percent-encoded, sorted by name, joined."""
    pairs = sorted(((encode(name), encode(value)) for name, value in query), key=lambda p: p[0])
    return "&".join(f"{name}={value}" for name, value in pairs)


def canonical_request(parts: Signing) -> str:
    """Return the text whose hash is signed."""
    names = sorted(parts.signed)
    path = "/".join(percent_encoded(segment) for segment in parts.path.split("/")) or "/"
    lines = [parts.method, path, canonical_query(parts.query, parts.encode)]
    lines += [f"{name}:{parts.headers.get(name, '').strip()}" for name in names] or [""]
    lines += ["", ";".join(names), parts.body_hash]
    return "\n".join(lines)


def string_to_sign(parts: Signing) -> str:
    """Return label, date, scope and the hash of the canonical request."""
    hashed = digest(canonical_request(parts).encode())
    return "\n".join([_LABEL, parts.date, str(parts.scope), hashed])


def derived(key: bytes, scope: Scope) -> tuple[bytes, ...]:
    """Return the keys that are made from a secret one, for the day, the region and so on."""
    links = [key]
    for step in str(scope).split("/"):
        links.append(hmac.new(links[-1], step.encode(), hashlib.sha256).digest())
    return tuple(links[1:])


def signature(parts: Signing, secret: Secret) -> str:
    """Return the signature in lower-case hex."""
    key = derived(parts.key(secret.reveal()), parts.scope)[-1]
    return hmac.new(key, string_to_sign(parts).encode(), hashlib.sha256).hexdigest()


def authorization(parts: Signing, access_key: str, secret: Secret) -> str:
    """Return the value of the header Authorization."""
    return (
        f"{_LABEL} Credential={access_key}/{parts.scope}, "
        f"SignedHeaders={';'.join(sorted(parts.signed))}, Signature={signature(parts, secret)}"
    )
