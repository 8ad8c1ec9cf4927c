"""UserSig, the credential of Tencent Chat (TLSSigAPIv2), and its deliberate mistakes.

Source: document U1 (claims, string to sign, alphabet) and the registry packages (C3).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import zlib
from dataclasses import dataclass, replace
from typing import Any

from receiptspec.exchange import Secret

__all__ = ["Claims", "decode", "encode", "sign"]

_ALPHABET = str.maketrans("+/=", "*-_")
_BACK = str.maketrans("*-_", "+/=")
_DAY = 86_400  # seconds


@dataclass(frozen=True, slots=True)
class Claims:
    """What a UserSig says. `time` is Unix seconds, `expire` seconds from then."""

    identifier: str
    sdkappid: int
    time: int
    expire: int = 86_400
    userbuf: bytes | None = None

    def text(self, *, swapped: bool = False, closed: bool = True, named: bool = True) -> str:
        """Return the string to sign.

        `swapped` is the common mistake of expire before time, not `closed` that of no last newline,
        not `named` that of no line for the identifier.
        """
        times = [f"TLS.time:{self.time}\n", f"TLS.expire:{self.expire}\n"]
        if swapped:
            times.reverse()
        name = f"TLS.identifier:{self.identifier}\n" if named else ""
        head = f"{name}TLS.sdkappid:{self.sdkappid}\n"
        tail = "" if self.userbuf is None else f"TLS.userbuf:{_b64(self.userbuf)}\n"
        whole = head + "".join(times) + tail
        return whole if closed else whole[:-1]

    def json(self, signature: str) -> dict[str, Any]:
        """Return the claims with their signature, as they are deflated."""
        claims: dict[str, Any] = {
            "TLS.ver": "2.0",
            "TLS.identifier": self.identifier,
            "TLS.sdkappid": self.sdkappid,
            "TLS.expire": self.expire,
            "TLS.time": self.time,
            "TLS.sig": signature,
        }
        if self.userbuf is not None:
            claims["TLS.userbuf"] = _b64(self.userbuf)
        return claims


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def signature(claims: Claims, key: bytes, **mistakes: bool) -> str:
    """Return TLS.sig: base64 of HMAC-SHA256 with the key's text as it is."""
    return _b64(_digest(claims, key, **mistakes))


def _digest(claims: Claims, key: bytes, **mistakes: bool) -> bytes:
    return hmac.new(key, claims.text(**mistakes).encode("utf-8"), hashlib.sha256).digest()


def encode(claims: Any, *, level: int = 6, compact: bool = False) -> str:
    """Deflate and encode claims; spacing and level are free, so both can be varied."""
    text = json.dumps(claims, separators=(",", ":") if compact else None)
    return _b64(zlib.compress(text.encode("utf-8"), level)).translate(_ALPHABET)


def decode(usersig: str) -> dict[str, Any]:
    """Return the claims of a well-formed UserSig; raises ``ValueError`` for any other text."""
    try:
        claims = json.loads(zlib.decompress(base64.b64decode(usersig.translate(_BACK))))
    except (ValueError, zlib.error) as error:
        raise ValueError("no UserSig") from error
    if not isinstance(claims, dict):
        raise ValueError("no UserSig")
    return claims


def sign(claims: Claims, key: Secret) -> Secret:
    """Return the UserSig of `claims`."""
    return Secret(encode(claims.json(signature(claims, key.reveal().encode("utf-8")))))


def variations(
    claims: Claims, key: Secret, *, user: str = "someone-else", spread: int = 0
) -> dict[str, Any]:
    """Return every named way to make the credential: a factory of UserSig texts each.

    The names are those that requirement rows give in ``credential``. One that lasts for so long
    lasts `spread` seconds more: so far apart are the clocks by which it may be judged.
    """
    secret = key.reveal()
    raw = secret.encode("utf-8")
    flipped = _flip(secret).encode("utf-8")

    def signed(changed: Claims, **options: Any) -> str:
        return encode(changed.json(signature(changed, raw)), **options)

    def reordered() -> str:
        body = claims.json(signature(claims, raw))
        return encode(dict(reversed(body.items())), level=1, compact=True)

    def tampered(name: str, value: int) -> str:
        return encode({**claims.json(signature(claims, raw)), name: value})

    def edited(name: str, value: str | int, **signed_: Any) -> str:
        honest = replace(claims, **signed_)
        return encode({**honest.json(signature(honest, raw)), name: value})

    def forged() -> str:
        changed = replace(claims, userbuf=b"abc")
        return encode(changed.json(signature(changed, flipped)))

    def under(inner: str | None) -> str:
        body = claims.json(signature(claims, raw)) | {"TLS.sig": inner}
        return encode({name: value for name, value in body.items() if value is not None})

    def hexed() -> str:
        try:
            as_bytes = bytes.fromhex(secret)
        except ValueError:
            as_bytes = hashlib.sha256(raw).digest()
        return encode(claims.json(signature(claims, as_bytes)))

    whole = signed(claims)
    return {
        "valid": lambda: whole,
        "stored": lambda: signed(claims, level=0),
        "best-compressed": lambda: signed(claims, level=9, compact=True),
        "reordered": reordered,
        "userbuf": lambda: signed(replace(claims, userbuf=b"abc")),
        "alphabet": lambda: _with_alphabet(claims, raw),
        "ten-days-old": lambda: signed(
            replace(claims, time=claims.time - 10 * _DAY, expire=180 * _DAY)
        ),
        "for-two-hours": lambda: signed(replace(claims, expire=7200 + spread)),
        "for-two-minutes": lambda: signed(replace(claims, expire=120 + spread)),
        "for-twenty-years": lambda: signed(replace(claims, expire=20 * 365 * _DAY)),
        "expired": lambda: signed(replace(claims, time=claims.time - 100, expire=10)),
        "just-expired": lambda: signed(replace(claims, time=claims.time - 25, expire=10)),
        "long-expired": lambda: signed(replace(claims, time=claims.time - 3 * _DAY, expire=10)),
        "for-no-time": lambda: signed(replace(claims, time=claims.time - 100, expire=0)),
        "for-negative-time": lambda: signed(replace(claims, time=claims.time - 100, expire=-10)),
        "wrong-key": lambda: encode(claims.json(signature(claims, flipped))),
        "forged-userbuf": forged,
        "cased-signature": lambda: encode(claims.json(signature(claims, raw).swapcase())),
        "altered-signature": lambda: encode(claims.json(_altered(signature(claims, raw)))),
        "empty-signature": lambda: under(""),
        "no-signature": lambda: under(None),
        "cut-signature": lambda: under(signature(claims, raw)[:10]),
        "hex-key": hexed,
        "swapped": lambda: encode(claims.json(signature(claims, raw, swapped=True))),
        "no-newline": lambda: encode(claims.json(signature(claims, raw, closed=False))),
        "unnamed": lambda: encode(claims.json(signature(claims, raw, named=False))),
        "hex-signature": lambda: encode(claims.json(_digest(claims, raw).hex())),
        "listed-claims": lambda: encode([claims.json(signature(claims, raw))]),
        "other-identifier": lambda: signed(replace(claims, identifier=user)),
        "other-app": lambda: signed(replace(claims, sdkappid=claims.sdkappid + 1)),
        "tampered-expire": lambda: tampered("TLS.expire", claims.expire * 2),
        "tampered-time": lambda: tampered("TLS.time", claims.time + 60),
        "edited-identifier": lambda: edited("TLS.identifier", claims.identifier, identifier=user),
        "edited-app": lambda: edited("TLS.sdkappid", claims.sdkappid, sdkappid=claims.sdkappid + 1),
        "cased-usersig": lambda: _cased(whole),
        "garbage": lambda: "abc",
        "truncated": lambda: whole[: len(whole) // 2],
        "not-base64": lambda: "%%%" + whole[3:],
        "empty": lambda: "",
    }


def _cased(text: str) -> str:
    """Return a UserSig with one letter, from its middle on, in the other case."""
    at = next(i for i in range(len(text) // 2, len(text)) if text[i].isalpha())
    return f"{text[:at]}{text[at].swapcase()}{text[at + 1 :]}"


def plain(claims: Claims, key: Secret) -> Secret:
    """Return a UserSig without any of the replaced characters, as far as one is found soon.

    With it a target can be talked to that does not know the alphabet.
    """
    raw = key.reveal().encode("utf-8")
    text = ""
    for extra in range(30_000):
        changed = replace(claims, expire=claims.expire + extra)
        text = encode(changed.json(signature(changed, raw)), level=9, compact=bool(extra % 2))
        if not any(character in text for character in "*-_"):
            break
    return Secret(text)


def _flip(key: str) -> str:
    return ("0" if key[:1] != "0" else "1") + key[1:]


def _altered(text: str) -> str:
    """Change four of the last letters of a signature, those before the one that is padded."""
    other = "".join("B" if letter == "A" else "A" for letter in text[-7:-3])
    return f"{text[:-7]}{other}{text[-3:]}"


def _with_alphabet(claims: Claims, key: bytes) -> str:
    """Look for an expiry whose UserSig holds each of the three replaced characters."""
    for extra in range(1, 400):
        changed = replace(claims, expire=claims.expire + extra)
        text = encode(changed.json(signature(changed, key)))
        if all(character in text for character in "*-_"):
            return text
    return text
