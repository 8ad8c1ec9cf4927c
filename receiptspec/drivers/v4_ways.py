"""Ways to sign a call to Volcengine: as documented, as its clients do, and each way wrong.

Source: V1 (signing). A way changes one thing of a draft before it is signed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import quote_plus

from receiptspec.drivers import v4
from receiptspec.exchange import Secret

__all__ = ["CREDENTIALS", "Draft"]

_LONG, _HUGE = 80 * 1024, 300 * 1024  # bytes: more than any first piece of a body, and far more


@dataclass
class Draft:
    """A request before it is signed; ways to sign change one thing of it."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    signed: tuple[str, ...]
    body: bytes
    date: str
    scope: v4.Scope
    access_key: str
    secret: Secret
    usual_path: str = "/"
    body_hash: str = ""
    encode: Callable[[str], str] = v4.percent_encoded
    key: Callable[[str], bytes] = str.encode
    finish: Callable[[str], str | None] = str
    earlier: Mapping[str, str] = field(default_factory=dict)
    earlier_body: bytes = b""

    def parts(self) -> v4.Signing:
        """Return what the signature covers."""
        signed = tuple(name for name in self.signed if name in self.headers)
        return v4.Signing(
            self.method, self.path, self.query, self.headers, signed, self.body_hash, self.date,
            self.scope, self.encode, self.key,
        )  # fmt: skip


_Way = Callable[[Draft], None]


def _valid(_: Draft) -> None:
    pass


def _wrong_key(draft: Draft) -> None:
    draft.secret = Secret(draft.secret.reveal()[::-1] + "x")


def _unknown_key(draft: Draft) -> None:
    draft.access_key = "AKLTrsNoSuchKeyrsNoSuchKeyrsNoSuchKey"


def _signed_as(change: Callable[[str], str]) -> _Way:
    """Change the digits of the signature."""

    def finish(text: str) -> str:
        head, name, digits = text.rpartition("Signature=")
        return head + name + change(digits)

    return _finished(finish)


def _other(digit: str) -> str:
    return "0" if digit != "0" else "1"


def _cased_key(draft: Draft) -> None:
    kept = 4  # by which a key of the vendor is known
    draft.access_key = draft.access_key[:kept] + draft.access_key[kept:].swapcase()


def _ended_key(draft: Draft) -> None:
    draft.access_key = draft.access_key[:-1] + ("0" if draft.access_key[-1] != "0" else "1")


def _wild_key(draft: Draft) -> None:
    """Name the access key as a pattern that some data bases would find it by."""
    kept = 4  # by which a key of the vendor is known
    draft.access_key = draft.access_key[:kept] + "_%"


def _longer_key(draft: Draft) -> None:
    draft.access_key += "0"


def _shorter_key(draft: Draft) -> None:
    draft.access_key = draft.access_key[:-1]


def _shifted(**by: float) -> _Way:
    def way(draft: Draft) -> None:
        moment = datetime.now(UTC) + timedelta(**by)
        draft.date = draft.headers["x-date"] = f"{moment:%Y%m%dT%H%M%SZ}"
        draft.scope = replace(draft.scope, day=draft.date[:8])

    return way


def _redated(draft: Draft) -> None:
    """Put the time into another header, and sign a day ago."""
    draft.headers["date"] = format_datetime(datetime.now(UTC), usegmt=True)
    _shifted(days=-1)(draft)


def _misdated(draft: Draft) -> None:
    """Name a time of today that there is none: 25:61:99."""
    draft.date = draft.headers["x-date"] = f"{draft.scope.day}T256199Z"


def _undated(draft: Draft) -> None:
    """Name a day of this month that is counted on from its last one: an earlier day is today."""
    now = datetime.now(UTC)
    last = now.replace(day=1) - timedelta(days=1)
    day = f"{last:%Y%m}{last.day + now.day:02}"
    draft.date = draft.headers["x-date"] = f"{day}T{now:%H%M%SZ}"
    draft.scope = replace(draft.scope, day=day)


def _trailing_date(draft: Draft) -> None:
    draft.date = draft.headers["x-date"] = f"{draft.date}rs"


def _dashed(draft: Draft) -> None:
    draft.date = draft.headers["x-date"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _scoped(**changes: str) -> _Way:
    def way(draft: Draft) -> None:
        draft.scope = replace(draft.scope, **changes)

    return way


def _other_region(draft: Draft) -> None:
    region = "ap-southeast-1" if draft.scope.region == "cn-north-1" else "cn-north-1"
    draft.scope = replace(draft.scope, region=region)


def _region_nowhere(draft: Draft) -> None:
    """Name a region that there is none, in the part of the world of the right one."""
    head = draft.scope.region.partition("-")[0]
    draft.scope = replace(draft.scope, region=f"{head}-rs-nowhere")


def _service_with(head: str = "", tail: str = "") -> _Way:
    def way(draft: Draft) -> None:
        draft.scope = replace(draft.scope, service=f"{head}{draft.scope.service}{tail}")

    return way


def _day(days: int) -> _Way:
    def way(draft: Draft) -> None:
        draft.scope = replace(draft.scope, day=f"{datetime.now(UTC) + timedelta(days=days):%Y%m%d}")

    return way


def _swapped(draft: Draft) -> None:
    """Send another body than the one that was signed; all headers stay."""
    draft.body = draft.body.rstrip()[:-1] + b',"RsTampered":1}'


def _tampered(draft: Draft) -> None:
    """Send another body, hash header and all, than the one that was signed."""
    draft.body = draft.body.rstrip()[:-1] + b',"RsTampered":1}'
    signed = dict(draft.headers)
    draft.finish = _resigned(draft, draft.parts().but(headers=signed))
    draft.headers["x-content-sha256"] = v4.digest(draft.body)


def _borrowed(draft: Draft) -> None:
    """Send another body, hash header and all, under the headers of the last good call."""
    if not draft.earlier:
        _tampered(draft)
        return
    draft.body = draft.body.rstrip()[:-1] + b',"RsTampered":1}'
    draft.headers = {**draft.earlier, "x-content-sha256": v4.digest(draft.body)}
    draft.finish = lambda _: draft.earlier["authorization"]


def _respaced(draft: Draft) -> None:
    """Send the same body with other white space than the signed one; all headers stay."""
    head, comma, tail = draft.body.partition(b",")
    draft.body = b" ".join((head, comma, tail))


def _lent(draft: Draft) -> None:
    """Send the last good call of the operation once more, with one parameter more."""
    if draft.earlier:
        draft.body = draft.earlier_body
        draft.headers = dict(draft.earlier)
        draft.finish = lambda _: draft.earlier["authorization"]
        draft.query.append(("RsTampered", "1"))
    else:
        _tampered_query(draft)


def _retold(name: str, value: str) -> _Way:
    """Send another value of a signed header than the one that was signed."""

    def way(draft: Draft) -> None:
        draft.headers.setdefault(name, "rs")
        draft.signed = tuple(dict.fromkeys((*draft.signed, name)))
        draft.finish = _resigned(draft, draft.parts().but(headers=dict(draft.headers)))
        draft.headers[name] = value

    return way


def _resigned(draft: Draft, parts: v4.Signing) -> Callable[[str], str]:
    return lambda _: v4.authorization(parts, draft.access_key, draft.secret)


def _large(size: int) -> _Way:
    """Send another end of a long body than the signed one; white space makes it long."""

    def way(draft: Draft) -> None:
        draft.body = draft.body.rstrip()[:-1] + b" " * size + b"}"
        draft.body_hash = draft.headers["x-content-sha256"] = v4.digest(draft.body)
        _swapped(draft)

    return way


def _retyped(signed: bytes, sent: bytes, head: bytes = b"") -> _Way:
    """Sign a body with one end, and send it with another, which some hold for the same text."""

    def way(draft: Draft) -> None:
        start = draft.body.rstrip()[:-1]
        draft.body_hash = draft.headers["x-content-sha256"] = v4.digest(start + signed)
        draft.body = head + start + sent

    return way


def _with_md5(draft: Draft) -> None:
    draft.headers["content-md5"] = base64.b64encode(
        hashlib.md5(draft.body, usedforsecurity=False).digest()
    ).decode()
    draft.signed += ("content-md5",)


def _tampered_query(draft: Draft) -> None:
    """Send another query than the one that was signed."""
    draft.finish = _resigned(draft, draft.parts().but(query=list(draft.query)))
    draft.query.append(("RsTampered", "1"))


def _signed_for(name: str, value: str, other: str) -> _Way:
    """Sign `value` for a parameter, or `other` where `value` is what is sent."""

    def way(draft: Draft) -> None:
        signed = [
            (key, (other if sent == value else value) if key == name else sent)
            for key, sent in draft.query
        ]
        draft.finish = _resigned(draft, draft.parts().but(query=signed))

    return way


def _listed_query(draft: Draft) -> None:
    """Sign the parameters that X-SignedQueries lists, as one does in the query, and send more."""
    names = sorted([name for name, _ in draft.query] + ["X-SignedQueries"])
    draft.query.append(("X-SignedQueries", ";".join(names)))
    _tampered_query(draft)


def _doubled(*values: str) -> _Way:
    """Sign a parameter with the value 1, and send it with several."""

    def way(draft: Draft) -> None:
        signed = [*draft.query, ("RsTampered", "1")]
        draft.finish = _resigned(draft, draft.parts().but(query=signed))
        draft.query += [("RsTampered", value) for value in values]

    return way


def _wrong_body_hash(draft: Draft) -> None:
    """Name the hash of another body, and sign consistently with it."""
    draft.headers["x-content-sha256"] = draft.body_hash = v4.digest(b"another body")


def _hashed_as(text: str) -> _Way:
    """Name something else than the hash of the body, and sign consistently with it."""

    def way(draft: Draft) -> None:
        draft.headers["x-content-sha256"] = draft.body_hash = text

    return way


def _wrong_hash_header(draft: Draft) -> None:
    """Name the hash of another body in the header only; the body itself is signed."""
    draft.headers["x-content-sha256"] = v4.digest(b"another body")


def _without(name: str) -> _Way:
    def way(draft: Draft) -> None:
        if name == "authorization":
            draft.finish = lambda _: None
        draft.headers.pop(name, None)

    return way


def _finished(change: Callable[[str], str]) -> _Way:
    def way(draft: Draft) -> None:
        draft.finish = change

    return way


def _signs(*names: str) -> _Way:
    def way(draft: Draft) -> None:
        draft.signed = names

    return way


def _with_headers(**headers: str) -> _Way:
    def way(draft: Draft) -> None:
        for name, value in headers.items():
            draft.headers[name.replace("_", "-")] = value
            draft.signed = tuple(dict.fromkeys((*draft.signed, name.replace("_", "-"))))

    return way


def _json_token(draft: Draft) -> None:
    """Name a long session token of the vendor's form that holds a document."""
    document = {"AccessKeyId": draft.access_key, "ExpiredTime": 4102444800, "Policy": "rs" * 100}
    token = base64.b64encode(json.dumps(document).encode()).decode()
    _with_headers(x_security_token=f"STS2{token}")(draft)


def _dotted_token(draft: Draft) -> None:
    """Name a session token of three dotted parts, the last of which is the access key."""
    parts = [base64.b64encode(text).decode() for text in (b'{"alg":"HS256"}', b'{"sub":"rs"}')]
    _with_headers(x_security_token=".".join((*parts, draft.access_key)))(draft)


def _many_headers(draft: Draft) -> None:
    """Sign a dozen headers more, one of which is long, and one of which holds marks."""
    names = {f"x_rs_part_number_{turn}": str(turn) for turn in range(10)}
    _with_headers(**names, x_rs_marks="a, b; c=%41 (d)", x_rs_long="rs" * 150)(draft)


def _decoded_key(draft: Draft) -> None:
    try:
        base64.b64decode(draft.secret.reveal(), validate=True)
        draft.key = base64.b64decode
    except binascii.Error:
        draft.key = lambda text: f"AWS4{text}".encode()


def _prefixed_key(prefix: str) -> _Way:
    def way(draft: Draft) -> None:
        draft.key = lambda text: f"{prefix}{text}".encode()

    return way


def _trimmed_key(draft: Draft) -> None:
    draft.key = lambda text: (text.rstrip("=") if text.endswith("=") else text[:-1]).encode()


def _empty_key(draft: Draft) -> None:
    draft.key = lambda _: b""


def _public_key(draft: Draft) -> None:
    """Sign with what everybody may know: the access key."""
    known = draft.access_key.encode()
    draft.key = lambda _: known


def _plus(draft: Draft) -> None:
    draft.encode = quote_plus


def _get(draft: Draft) -> None:
    draft.finish = _resigned(draft, draft.parts().but(method="GET"))


def _usual_path(draft: Draft) -> None:
    """Sign the documented path, wherever the call goes."""
    draft.finish = _resigned(draft, draft.parts().but(path=draft.usual_path))


def _unsigned_body(draft: Draft) -> None:
    """Sign as if there were no body; the headers that are signed say nothing of it either."""
    draft.signed = ("host", "x-date")
    draft.body_hash = v4.digest(b"")


def _version_first(draft: Draft) -> None:
    draft.query.sort(reverse=True)


def _in_query(draft: Draft) -> None:
    """Sign in the query, as other products of the vendor document it."""
    credential = f"{draft.access_key}/{draft.scope}"
    draft.query += [
        ("X-Algorithm", "HMAC-SHA256"),
        ("X-Credential", credential),
        ("X-Date", draft.date),
        ("X-NotSignBody", ""),
        ("X-SignedHeaders", ""),
    ]
    names = sorted([name for name, _ in draft.query] + ["X-SignedQueries"])
    draft.query.append(("X-SignedQueries", ";".join(names)))
    parts = draft.parts().but(signed=(), body_hash=v4.digest(b""))
    draft.query.append(("X-Signature", v4.signature(parts, draft.secret)))
    draft.headers.pop("x-date")
    draft.headers.pop("x-content-sha256")
    draft.finish = lambda _: None


def _garbled_query(draft: Draft) -> None:
    """Sign in the query, with digits that are no signature; the other headers stay."""
    headers = dict(draft.headers)
    _in_query(draft)
    draft.headers = headers
    draft.query[-1] = ("X-Signature", "0" * 64)


#: Ways to sign by the name that a requirement row gives them.
_SINGLE: Mapping[str, tuple[str, _Way]] = {
    "valid": ("as documented", _valid),
    "wrong-key": ("signed with another secret key", _wrong_key),
    "unknown-key": ("an access key that does not exist", _unknown_key),
    "cased-key": ("the access key in the other case", _cased_key),
    "ended-key": ("the access key with another end", _ended_key),
    "wild-key": ("the access key as a pattern", _wild_key),
    "longer-key": ("the access key with more behind it", _longer_key),
    "shorter-key": ("the access key without its end", _shorter_key),
    "flipped-digit": (
        "the last digit of the signature changed",
        _signed_as(lambda d: d[:-1] + _other(d[-1])),
    ),
    "flipped-first-digit": (
        "the first digit of the signature changed",
        _signed_as(lambda d: _other(d[0]) + d[1:]),
    ),
    "flipped-middle-digit": (
        "a digit in the middle of the signature changed",
        _signed_as(lambda d: d[:32] + _other(d[32]) + d[33:]),
    ),
    "long-signature": ("digits behind the signature", _signed_as(lambda d: d + "00")),
    "short-signature": ("the first eight digits of the signature", _signed_as(lambda d: d[:8])),
    "empty-signature": ("no digit of the signature", _signed_as(lambda _: "")),
    "no-signature": (
        "no word of a signature",
        _finished(lambda text: text.rpartition(", Signature=")[0]),
    ),
    "foreign-digit": (
        "a digit of the signature that is no ASCII",
        _signed_as(lambda d: f"{d[:-1]}é"),
    ),
    "bare-label": ("nothing behind the name of the algorithm", _finished(lambda _: "HMAC-SHA256")),
    "garbage-credential": (
        "a credential without a scope",
        _finished(lambda text: re.sub(r"Credential=[^,]*", "Credential=rs", text)),
    ),
    "unsent-header": (
        "a header named as signed that is not there",
        _finished(lambda text: text.replace("SignedHeaders=", "SignedHeaders=x-rs-unsent;", 1)),
    ),
    "day-old": ("X-Date and scope a day old", _shifted(days=-1)),
    "redated": ("X-Date and scope a day old, beside a Date of now", _redated),
    "day-ahead": ("X-Date and scope a day ahead", _shifted(days=1)),
    "eight-days-old": ("X-Date and scope eight days old", _shifted(days=-8)),
    "eight-days-ahead": ("X-Date and scope eight days ahead", _shifted(days=8)),
    "month-old": ("X-Date and scope thirty days old", _shifted(days=-30)),
    "year-old": ("X-Date and scope a year old", _shifted(days=-365)),
    "impossible-date": ("an X-Date of a day that there is none", _undated),
    "no-such-time": ("an X-Date that is no time", _misdated),
    "trailing-date": ("an X-Date with letters behind it", _trailing_date),
    "minute-old": ("X-Date a minute old", _shifted(seconds=-60)),
    "minute-ahead": ("X-Date a minute ahead", _shifted(seconds=60)),
    "ten-minutes-old": ("X-Date ten minutes old", _shifted(minutes=-10)),
    "twenty-minutes-old": ("X-Date twenty minutes old", _shifted(minutes=-20)),
    "dashed-date": ("X-Date with dashes and colons", _dashed),
    "other-day": ("the scope of another day", _day(-1)),
    "next-day": ("the scope of tomorrow", _day(1)),
    "other-region": ("the scope of another region", _other_region),
    "other-service": ("the scope of another service", _scoped(service="im")),
    "region-nowhere": ("the scope of a region that there is none", _region_nowhere),
    "longer-service": ("the scope of a service with more behind it", _service_with(tail="2")),
    "headed-service": ("the scope of a service with more before it", _service_with(head="ve")),
    "no-service": ("a scope without a service", _scoped(service="")),
    "no-terminator": ("a scope without a last word", _scoped(terminator="")),
    "account-service": ("the scope of the service iam", _scoped(service="iam")),
    "video-service": ("the scope of the service vod", _scoped(service="vod")),
    "cased-terminator": ("a scope that ends in capitals", _scoped(terminator="REQUEST")),
    "short-credential": (
        "a credential that leaves the last word of its scope out",
        _finished(lambda text: text.replace("/request, ", ", ", 1)),
    ),
    "other-terminator": ("a scope that ends in another word", _scoped(terminator="aws4_request")),
    "other-method": ("signed for GET", _get),
    "usual-path": ("signed for the documented path", _usual_path),
    "unsigned-body": ("host and date signed, and an empty body", _unsigned_body),
    "tampered-body": ("another body than the signed one", _swapped),
    "tampered-hash": ("another body and hash than the signed ones", _tampered),
    "tampered-large-body": ("another end of a long body than the signed one", _large(_LONG)),
    "tampered-huge-body": ("another end of a huge body than the signed one", _large(_HUGE)),
    "replaced-byte": (
        "a byte that is no text where the signed body has the sign for that",
        _retyped(b',"RsText":"\xef\xbf\xbd"}', b',"RsText":"\xff"}'),
    ),
    "added-byte": ("a byte that is no text, in the signed body", _retyped(b"}", b"\xff}")),
    "other-line-end": ("another end of a line than in the signed body", _retyped(b"\n}", b"\r\n}")),
    "added-mark": (
        "a byte order mark before the signed body",
        _retyped(b"}", b"}", head=b"\xef\xbb\xbf"),
    ),
    "respaced-body": ("other white space in the body than in the signed one", _respaced),
    "lent-authorization": ("an earlier call with one parameter more", _lent),
    "retold-type": (
        "another content type than the signed one",
        _retold("content-type", "application/json; charset=utf-8"),
    ),
    "retold-header": (
        "another value of a header than the signed one",
        _retold("x-im-sdk-version", "Golang-V1.0.1"),
    ),
    "borrowed-authorization": ("another body under the headers of an earlier call", _borrowed),
    "tampered-query": ("another query than the signed one", _tampered_query),
    "other-action": (
        "signed for another action",
        _signed_for("Action", "GetMessages", "GetMessagesReadReceipt"),
    ),
    "other-version": (
        "signed for another version",
        _signed_for("Version", "2018-01-01", "2020-12-01"),
    ),
    "doubled-behind": ("another value behind the signed one", _doubled("1", "2")),
    "doubled-before": ("another value before the signed one", _doubled("2", "1")),
    "wrong-body-hash": ("the hash of another body, signed", _wrong_body_hash),
    "wrong-hash-header": ("the hash of another body in the header", _wrong_hash_header),
    "hash-of-nothing": ("the hash of no body, signed", _hashed_as(v4.digest(b""))),
    "listed-query": ("more parameters than X-SignedQueries lists", _listed_query),
    "streamed-body": (
        "words for the hash of a body in pieces, signed",
        _hashed_as("STREAMING-HMAC-SHA256-PAYLOAD"),
    ),
    "unhashed-body": ("words for the hash of the body, signed", _hashed_as("UNSIGNED-PAYLOAD")),
    "no-authorization": ("no Authorization", _without("authorization")),
    "no-date": ("no X-Date", _without("x-date")),
    "garbage-scheme": (
        "a scheme that does not exist",
        _finished(lambda text: text.replace("HMAC-SHA256 ", "RS-GARBAGE ", 1)),
    ),
    "other-label": (
        "the label of another vendor",
        _finished(lambda text: text.replace("HMAC-SHA256 ", "AWS4-HMAC-SHA256 ", 1)),
    ),
    "bearer": ("a bearer token", _finished(lambda _: "Bearer rs-no-such-token")),
    "basic": ("a name and a password", _finished(lambda _: "Basic cnM6cnM=")),
    "no-scheme": ("no words that mean anything", _finished(lambda _: "rs garbage")),
    "decoded-key": ("the secret key decoded first", _decoded_key),
    "prefixed-key": ("the secret key with a prefix", _prefixed_key("AWS4")),
    "vendor-prefixed-key": ("the secret key with the vendor's prefix", _prefixed_key("VOLC")),
    "trimmed-key": ("the secret key without its end", _trimmed_key),
    "empty-key": ("an empty secret key", _empty_key),
    "public-key": ("the access key for the secret key", _public_key),
    "node-headers": ("headers signed as by Node", _signs("x-content-sha256", "x-date")),
    "short-headers": ("host and x-date signed", _signs("host", "x-date")),
    "go-headers": ("a version header signed", _with_headers(x_im_sdk_version="Golang-V1.0.1")),
    "md5-header": ("a digest of the body signed", _with_md5),
    "trace-header": ("a header of one's own signed", _with_headers(x_rs_trace="rs-1")),
    "quoted-header": ("a header in quotes signed", _with_headers(x_rs_trace='"rs-1"')),
    "empty-header": ("a header without a value signed", _with_headers(x_rs_trace="")),
    "many-headers": ("a dozen headers of one's own signed", _many_headers),
    "core-headers": (
        "headers signed as by the Python core",
        _with_headers(x_sdk_invocation_id="rs-1", x_sdk_request="attempt=1; max=3"),
    ),
    "bogus-token": (
        "a session token that does not exist",
        _with_headers(x_security_token="STS2rsNoSuchToken"),  # noqa: S106
    ),
    "short-token": ("a session token of two letters", _with_headers(x_security_token="rs")),  # noqa: S106
    "json-token": ("a session token that is a document", _json_token),
    "dotted-token": ("a session token in three parts", _dotted_token),
    "plus-for-space": ("spaces of the query signed as plus", _plus),
    "version-first": ("Version before Action on the wire", _version_first),
    "query-signed": ("signed in the query", _in_query),
    "garbled-query": ("a wrong signature in the query", _garbled_query),
}


def _crossed(signer: str, change: str) -> tuple[str, _Way]:
    """Sign the headers that one signer signs, in a way that is wrong."""
    (whose, sign), (what, change_) = _SINGLE[signer], _SINGLE[change]

    def way(draft: Draft) -> None:
        sign(draft)
        change_(draft)

    return f"{what}, {whose}", way


#: Ways that matter under one set of signed headers as well.
_CROSSED = (
    ("wrong-hash-header", "short-headers"),
    ("day-old", "short-headers"),
    ("redated", "node-headers"),
    ("json-token", "short-headers"),
    ("dotted-token", "node-headers"),
    ("tampered-body", "md5-header"),
)

#: All ways to sign: those, and each set of signed headers with each change of the body.
CREDENTIALS: Mapping[str, tuple[str, _Way]] = {
    **_SINGLE,
    **{
        f"{change}-{signer}": _crossed(signer, change)
        for signer in ("node-headers", "short-headers", "go-headers", "core-headers")
        for change in ("tampered-body", "tampered-hash")
    },
    **{f"{change}-{signer}": _crossed(signer, change) for change, signer in _CROSSED},
}
