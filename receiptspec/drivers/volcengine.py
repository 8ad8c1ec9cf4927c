"""The OpenAPI dialect of Volcengine IM on the wire: V4-signed calls out, envelopes in.

Source: V1 (signing), V2 (request structure), I1 (IM: calls and answers), E1, E2 (error codes).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import quote_plus, urlsplit

from receiptspec import dialect, strictjson
from receiptspec.checks.metadata import is_blank
from receiptspec.contract import Contract, Operation
from receiptspec.drivers import v4
from receiptspec.drivers.volcengine_actions import VolcengineActions
from receiptspec.exchange import Exchange, Request, Secret
from receiptspec.neutral import Answer, Call, Verdict
from receiptspec.targets import Target

__all__ = ["VolcengineDriver"]

_USUAL = ("content-type", "host", "x-content-sha256", "x-date")
_ENVELOPE = "responsemetadata"
_LONG = 80 * 1024  # bytes: more than any first piece of a body
_SPELLED = {
    "x-content-sha256": "X-Content-Sha256",
    "x-date": "X-Date",
    "content-type": "Content-Type",
    "authorization": "Authorization",
    "x-security-token": "X-Security-Token",
}


@dataclass
class _Draft:
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


@dataclass(frozen=True, slots=True)
class _Earlier:
    """The last good call of an operation, to be lent to another."""

    plain: Mapping[str, str]
    authorization: Secret
    signature: Secret
    body: bytes

    def whole_headers(self) -> dict[str, str]:
        """Return all its headers."""
        return {**self.plain, "authorization": self.authorization.reveal()}


class VolcengineDriver(VolcengineActions):
    """Builds signed calls ``POST /?Action=…&Version=…`` and reads their envelopes."""

    hostless = "node-headers"

    def __init__(self, target: Target, contract: Contract, origin: str) -> None:
        auth = target.auth
        self._contract = contract
        self._app = int(auth["appid"])
        self._access_key = str(auth["access_key"])
        self._secret: Secret = auth["secret_key"]
        self._token: Secret | None = auth.get("session_token")
        self._region = str(auth.get("region", "cn-north-1"))
        self._service = str(auth.get("service", "rtc"))
        parts = urlsplit(origin)
        self._prefix = parts.path.rstrip("/")
        self.origin = f"{parts.scheme}://{parts.netloc}"
        self._host = _without_default_port(parts.scheme, parts.netloc)
        self._made: dict[str, Secret] = {}
        self._earlier: dict[str, _Earlier] = {}
        self.constants = MappingProxyType({"app": self._app})

    # --- requests -------------------------------------------------------------------------

    def build(self, operation: Operation, call: Call) -> Request:
        """Return the final bytes of a call, signed as they are."""
        body = call.raw if call.raw is not None else dialect.dumps(call.body)
        query: dict[str, str | None] = {**operation.query, **call.query}
        pairs = [(call.rename.get(k, k), v) for k, v in query.items() if v is not None]
        now = datetime.now(UTC)
        date = f"{now:%Y%m%dT%H%M%SZ}"
        draft = _Draft(
            method=call.method or operation.method,
            path=self._prefix + (call.path or operation.path),
            query=pairs,
            headers={
                "content-type": "application/json",
                "host": self._host,
                "x-content-sha256": v4.digest(body),
                "x-date": date,
            },
            signed=_USUAL,
            body=body,
            body_hash=v4.digest(body),
            date=date,
            scope=v4.Scope(date[:8], self._region, self._service),
            access_key=self._access_key,
            secret=self._secret,
        )
        if (lent := self._earlier.get(operation.name)) is not None:
            draft.earlier, draft.earlier_body = lent.whole_headers(), lent.body
        if self._token is not None:
            draft.headers["x-security-token"] = self._token.reveal()
            draft.signed += ("x-security-token",)
        _CREDENTIALS[call.credential][1](draft)
        for name, value in call.headers.items():
            draft.headers.pop(name.lower(), None)
            if value is not None:
                draft.headers[name.lower()] = value
        parts = draft.parts()
        right = v4.authorization(parts, self._access_key, self._secret)
        own = (draft.access_key, draft.secret) == (self._access_key, self._secret)
        made = draft.finish(
            right if own else v4.authorization(parts, draft.access_key, draft.secret)
        )
        if made is not None:
            draft.headers["authorization"] = made
            self._remember(right)
            if call == Call(call.operation, call.body, label=call.label):
                self._keep(operation.name, draft.headers, body)
        return Request(
            method=draft.method,
            origin=self.origin,
            target=draft.path + ("?" + _wire(draft.query) if draft.query else ""),
            headers=tuple((_SPELLED.get(k, k), v) for k, v in draft.headers.items() if k != "host"),
            body=draft.body,
            operation=operation.name,
            label=call.label,
        )

    def _keep(self, operation: str, headers: Mapping[str, str], body: bytes) -> None:
        """Keep headers and body of a good call, to lend them to another."""
        plain = {name: value for name, value in headers.items() if name != "authorization"}
        authorization = headers["authorization"]
        signature = Secret(_digits(authorization))
        self._earlier[operation] = _Earlier(plain, Secret(authorization), signature, body)

    def _remember(self, authorization: str) -> None:
        """Keep the newest right signatures as secrets: they open the door for some minutes."""
        signed = Secret(_digits(authorization))
        self._made = {"newest": signed, "newest but one": self._made.get("newest", _NONE)}

    def renew_credential(self, *, plain: bool = False) -> None:
        """Nothing to do: every call is signed by itself."""

    def credentials(self) -> Mapping[str, str]:
        """Return the names that ``credential`` of a requirement row may take."""
        return {name: text for name, (text, _) in _CREDENTIALS.items()}

    def secrets(self) -> Sequence[str]:
        """Return the secret key, the session token, the newest signatures and those to lend."""
        lent = [earlier.signature for earlier in self._earlier.values()]
        held = [self._secret, self._token, *self._made.values(), *lent]
        return [secret for secret in held if secret]

    # --- answers --------------------------------------------------------------------------

    def read(self, operation: str, exchange: Exchange) -> Answer:
        """Tell what an exchange means by status and envelope (I1)."""
        response = exchange.response
        if response is None:
            return Answer(operation, Verdict.TROUBLE, exchange, note=exchange.trouble or "")
        document = strictjson.read(response.body)
        spoken = _is_envelope(document, response.body)
        answer = Answer(operation, Verdict.GARBLED, exchange, document, spoken=spoken)
        if not (spoken and document.is_object):
            note = exchange.trouble or f"HTTP {response.status} with {_kind_of(response.body)}"
            page = response.body[:200].lstrip().startswith(b"<")
            limited = response.status == 429
            foreign = response.status != 200 and not spoken
            lost = foreign or page or (response.status != 200 and exchange.was_interrupted)
            verdict = Verdict.TROUBLE if lost else Verdict.GARBLED
            return replace(answer, verdict=Verdict.THROTTLED if limited else verdict, note=note)
        error = _error(document.value)
        if error is None and response.status == 200:
            return replace(answer, verdict=Verdict.ACCEPTED)
        code = error.get("Code") if error else None
        code = code if isinstance(code, str) and code else "none"
        message = error.get("Message") if error else None
        limited = code.startswith("FlowLimitExceeded") or response.status == 429
        return replace(
            answer,
            verdict=Verdict.THROTTLED if limited else Verdict.REFUSED,
            code=code,
            info=message if isinstance(message, str) else "",
            code_path="$.ResponseMetadata.Error.Code",
        )

    def is_unknown_command(self, answer: Answer) -> bool:
        """Whether the code (E1), or HTTP, says that the action is not known."""
        response = answer.exchange.response
        status = response.status if response and answer.verdict is Verdict.TROUBLE else None
        return answer.code == "InvalidActionOrVersion" or status in (404, 405, 501)


_NONE = Secret("")


def _digits(authorization: str) -> str:
    return authorization.rpartition("Signature=")[2]


def _without_default_port(scheme: str, netloc: str) -> str:
    return netloc.removesuffix({"http": ":80", "https": ":443"}[scheme])


def _wire(query: list[tuple[str, str]]) -> str:
    return "&".join(f"{v4.percent_encoded(k)}={v4.percent_encoded(v)}" for k, v in query)


def _is_envelope(document: strictjson.Document, body: bytes) -> bool:
    if document.is_object:
        return any(key.lower() == _ENVELOPE for key in document.value)
    return re.search(rb"""["']responsemetadata["']""", body, re.IGNORECASE) is not None


def _error(value: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the Error of an envelope, an empty one for one without shape; ``None`` for none.

    An Error in which nothing stands (``{"Code": "", "Message": ""}``) is an empty one (I1).
    """
    metadata = next((v for k, v in value.items() if k.lower() == _ENVELOPE), None)
    error = metadata.get("Error") if isinstance(metadata, dict) else None
    if error is None or is_blank(error):
        return None
    return error if isinstance(error, dict) else {}


def _kind_of(body: bytes) -> str:
    head = body[:200].lstrip()
    if not head:
        return "an empty body"
    if head.startswith(b"<"):
        return "an HTML page"
    return "foreign JSON" if head.startswith((b"{", b"[")) else "other text"


# --- ways to sign --------------------------------------------------------------------------

_Way = Callable[[_Draft], None]


def _valid(_: _Draft) -> None:
    pass


def _wrong_key(draft: _Draft) -> None:
    draft.secret = Secret(draft.secret.reveal()[::-1] + "x")


def _unknown_key(draft: _Draft) -> None:
    draft.access_key = "AKLTrsNoSuchKeyrsNoSuchKeyrsNoSuchKey"


def _signed_as(change: Callable[[str], str]) -> _Way:
    """Change the digits of the signature."""

    def finish(text: str) -> str:
        head, name, digits = text.rpartition("Signature=")
        return head + name + change(digits)

    return _finished(finish)


def _other(digit: str) -> str:
    return "0" if digit != "0" else "1"


def _cased_key(draft: _Draft) -> None:
    kept = 4  # by which a key of the vendor is known
    draft.access_key = draft.access_key[:kept] + draft.access_key[kept:].swapcase()


def _ended_key(draft: _Draft) -> None:
    draft.access_key = draft.access_key[:-1] + ("0" if draft.access_key[-1] != "0" else "1")


def _shifted(**by: float) -> _Way:
    def way(draft: _Draft) -> None:
        moment = datetime.now(UTC) + timedelta(**by)
        draft.date = draft.headers["x-date"] = f"{moment:%Y%m%dT%H%M%SZ}"
        draft.scope = replace(draft.scope, day=draft.date[:8])

    return way


def _misdated(draft: _Draft) -> None:
    """Name a time of today that there is none: 25:61:99."""
    draft.date = draft.headers["x-date"] = f"{draft.scope.day}T256199Z"


def _trailing_date(draft: _Draft) -> None:
    draft.date = draft.headers["x-date"] = f"{draft.date}rs"


def _dashed(draft: _Draft) -> None:
    draft.date = draft.headers["x-date"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _scoped(**changes: str) -> _Way:
    def way(draft: _Draft) -> None:
        draft.scope = replace(draft.scope, **changes)

    return way


def _other_region(draft: _Draft) -> None:
    region = "ap-southeast-1" if draft.scope.region == "cn-north-1" else "cn-north-1"
    draft.scope = replace(draft.scope, region=region)


def _day(days: int) -> _Way:
    def way(draft: _Draft) -> None:
        draft.scope = replace(draft.scope, day=f"{datetime.now(UTC) + timedelta(days=days):%Y%m%d}")

    return way


def _swapped(draft: _Draft) -> None:
    """Send another body than the one that was signed; all headers stay."""
    draft.body = draft.body.rstrip()[:-1] + b',"RsTampered":1}'


def _tampered(draft: _Draft) -> None:
    """Send another body, hash header and all, than the one that was signed."""
    draft.body = draft.body.rstrip()[:-1] + b',"RsTampered":1}'
    signed = dict(draft.headers)
    draft.finish = _resigned(draft, draft.parts().but(headers=signed))
    draft.headers["x-content-sha256"] = v4.digest(draft.body)


def _borrowed(draft: _Draft) -> None:
    """Send another body, hash header and all, under the headers of the last good call."""
    if not draft.earlier:
        _tampered(draft)
        return
    draft.body = draft.body.rstrip()[:-1] + b',"RsTampered":1}'
    draft.headers = {**draft.earlier, "x-content-sha256": v4.digest(draft.body)}
    draft.finish = lambda _: draft.earlier["authorization"]


def _respaced(draft: _Draft) -> None:
    """Send the same body with other white space than the signed one; all headers stay."""
    head, comma, tail = draft.body.partition(b",")
    draft.body = b" ".join((head, comma, tail))


def _lent(draft: _Draft) -> None:
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

    def way(draft: _Draft) -> None:
        draft.headers.setdefault(name, "rs")
        draft.signed = tuple(dict.fromkeys((*draft.signed, name)))
        draft.finish = _resigned(draft, draft.parts().but(headers=dict(draft.headers)))
        draft.headers[name] = value

    return way


def _resigned(draft: _Draft, parts: v4.Signing) -> Callable[[str], str]:
    return lambda _: v4.authorization(parts, draft.access_key, draft.secret)


def _large(draft: _Draft) -> None:
    """Send another end of a long body than the signed one; white space makes it long."""
    draft.body = draft.body.rstrip()[:-1] + b" " * _LONG + b"}"
    draft.body_hash = draft.headers["x-content-sha256"] = v4.digest(draft.body)
    _swapped(draft)


def _with_md5(draft: _Draft) -> None:
    draft.headers["content-md5"] = base64.b64encode(
        hashlib.md5(draft.body, usedforsecurity=False).digest()
    ).decode()
    draft.signed += ("content-md5",)


def _tampered_query(draft: _Draft) -> None:
    """Send another query than the one that was signed."""
    draft.finish = _resigned(draft, draft.parts().but(query=list(draft.query)))
    draft.query.append(("RsTampered", "1"))


def _wrong_body_hash(draft: _Draft) -> None:
    """Name the hash of another body, and sign consistently with it."""
    draft.headers["x-content-sha256"] = draft.body_hash = v4.digest(b"another body")


def _hashed_as(text: str) -> _Way:
    """Name something else than the hash of the body, and sign consistently with it."""

    def way(draft: _Draft) -> None:
        draft.headers["x-content-sha256"] = draft.body_hash = text

    return way


def _wrong_hash_header(draft: _Draft) -> None:
    """Name the hash of another body in the header only; the body itself is signed."""
    draft.headers["x-content-sha256"] = v4.digest(b"another body")


def _without(name: str) -> _Way:
    def way(draft: _Draft) -> None:
        if name == "authorization":
            draft.finish = lambda _: None
        draft.headers.pop(name, None)

    return way


def _finished(change: Callable[[str], str]) -> _Way:
    def way(draft: _Draft) -> None:
        draft.finish = change

    return way


def _signs(*names: str) -> _Way:
    def way(draft: _Draft) -> None:
        draft.signed = names

    return way


def _with_headers(**headers: str) -> _Way:
    def way(draft: _Draft) -> None:
        for name, value in headers.items():
            draft.headers[name.replace("_", "-")] = value
            draft.signed += (name.replace("_", "-"),)

    return way


def _decoded_key(draft: _Draft) -> None:
    try:
        base64.b64decode(draft.secret.reveal(), validate=True)
        draft.key = base64.b64decode
    except binascii.Error:
        draft.key = lambda text: f"AWS4{text}".encode()


def _prefixed_key(draft: _Draft) -> None:
    draft.key = lambda text: f"AWS4{text}".encode()


def _plus(draft: _Draft) -> None:
    draft.encode = quote_plus


def _get(draft: _Draft) -> None:
    draft.finish = _resigned(draft, draft.parts().but(method="GET"))


def _version_first(draft: _Draft) -> None:
    draft.query.sort(reverse=True)


def _in_query(draft: _Draft) -> None:
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


#: Ways to sign by the name that a requirement row gives them.
_SINGLE: Mapping[str, tuple[str, _Way]] = {
    "valid": ("as documented", _valid),
    "wrong-key": ("signed with another secret key", _wrong_key),
    "unknown-key": ("an access key that does not exist", _unknown_key),
    "cased-key": ("the access key in the other case", _cased_key),
    "ended-key": ("the access key with another end", _ended_key),
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
    "day-ahead": ("X-Date and scope a day ahead", _shifted(days=1)),
    "eight-days-old": ("X-Date and scope eight days old", _shifted(days=-8)),
    "eight-days-ahead": ("X-Date and scope eight days ahead", _shifted(days=8)),
    "month-old": ("X-Date and scope thirty days old", _shifted(days=-30)),
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
    "other-terminator": ("a scope that ends in another word", _scoped(terminator="aws4_request")),
    "other-method": ("signed for GET", _get),
    "tampered-body": ("another body than the signed one", _swapped),
    "tampered-hash": ("another body and hash than the signed ones", _tampered),
    "tampered-large-body": ("another end of a long body than the signed one", _large),
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
    "wrong-body-hash": ("the hash of another body, signed", _wrong_body_hash),
    "wrong-hash-header": ("the hash of another body in the header", _wrong_hash_header),
    "hash-of-nothing": ("the hash of no body, signed", _hashed_as(v4.digest(b""))),
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
    "no-scheme": ("no words that mean anything", _finished(lambda _: "rs garbage")),
    "decoded-key": ("the secret key decoded first", _decoded_key),
    "prefixed-key": ("the secret key with a prefix", _prefixed_key),
    "node-headers": ("headers signed as by Node", _signs("x-content-sha256", "x-date")),
    "short-headers": ("host and x-date signed", _signs("host", "x-date")),
    "go-headers": ("a version header signed", _with_headers(x_im_sdk_version="Golang-V1.0.1")),
    "md5-header": ("a digest of the body signed", _with_md5),
    "trace-header": ("a header of one's own signed", _with_headers(x_rs_trace="rs-1")),
    "core-headers": (
        "headers signed as by the Python core",
        _with_headers(x_sdk_invocation_id="rs-1", x_sdk_request="attempt=1; max=3"),
    ),
    "bogus-token": (
        "a session token that does not exist",
        _with_headers(x_security_token="STS2rsNoSuchToken"),  # noqa: S106
    ),
    "plus-for-space": ("spaces of the query signed as plus", _plus),
    "version-first": ("Version before Action on the wire", _version_first),
    "query-signed": ("signed in the query", _in_query),
}


def _tampered_with(signer: str, change: str) -> tuple[str, _Way]:
    """Sign the headers that one signer signs, then send another body."""
    (whose, sign), (what, tamper) = _SINGLE[signer], _SINGLE[change]

    def way(draft: _Draft) -> None:
        sign(draft)
        tamper(draft)

    return f"{what}, {whose}", way


#: All ways to sign: those, and each set of signed headers with each change of the body.
_CREDENTIALS: Mapping[str, tuple[str, _Way]] = {
    **_SINGLE,
    **{
        f"{change}-{signer}": _tampered_with(signer, change)
        for signer in ("node-headers", "short-headers", "go-headers", "core-headers")
        for change in ("tampered-body", "tampered-hash")
    },
}
