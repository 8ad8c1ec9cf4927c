"""The OpenAPI dialect of Volcengine IM on the wire: V4-signed calls out, envelopes in.

Source: V1 (signing), V2 (request structure), I1 (IM: calls and answers), E1, E2 (error codes).
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from receiptspec import dialect, strictjson
from receiptspec.checks.metadata import is_blank
from receiptspec.contract import Contract, Operation
from receiptspec.drivers import v4
from receiptspec.drivers.v4_ways import CREDENTIALS, Draft
from receiptspec.drivers.volcengine_actions import VolcengineActions
from receiptspec.exchange import Exchange, Request, Secret
from receiptspec.neutral import Answer, Call, Verdict
from receiptspec.targets import Target

__all__ = ["VolcengineDriver"]

_USUAL = ("content-type", "host", "x-content-sha256", "x-date")
_ENVELOPE = "responsemetadata"
_SPELLED = {
    "x-content-sha256": "X-Content-Sha256",
    "x-date": "X-Date",
    "content-type": "Content-Type",
    "authorization": "Authorization",
    "x-security-token": "X-Security-Token",
}


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
        self._derived: tuple[v4.Scope, tuple[Secret, ...]] | None = None
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
        draft = Draft(
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
            usual_path=self._prefix + operation.path,
            body_hash=v4.digest(body),
            date=date,
            scope=self._scope(date[:8]),
            access_key=self._access_key,
            secret=self._secret,
        )
        if (lent := self._earlier.get(operation.name)) is not None:
            draft.earlier, draft.earlier_body = lent.whole_headers(), lent.body
        if self._token is not None:
            draft.headers["x-security-token"] = self._token.reveal()
            draft.signed += ("x-security-token",)
        CREDENTIALS[call.credential][1](draft)
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

    def _scope(self, day: str) -> v4.Scope:
        """Return where signatures of a day are good; the keys made for it are secrets as well."""
        scope = v4.Scope(day, self._region, self._service)
        if self._derived is None or self._derived[0] != scope:
            made = v4.derived(self._secret.reveal().encode(), scope)
            texts = [text for key in made for text in (key.hex(), b64encode(key).decode())]
            self._derived = (scope, tuple(Secret(text) for text in texts))
        return scope

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
        return {name: text for name, (text, _) in CREDENTIALS.items()}

    def secrets(self) -> Sequence[str]:
        """Return secret key, its ends, those made from it, the token, signatures that are good."""
        lent = [earlier.signature for earlier in self._earlier.values()]
        signatures = [signature.reveal() for signature in (*self._made.values(), *lent)]
        made = self._derived[1] if self._derived else ()
        kept = (self._secret, *_ends(self._secret), self._token, *signatures, *made)
        return [secret for secret in kept if secret]

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
            note = (
                exchange.trouble
                or f"HTTP {response.status} with {_kind_of(response.body, document)}"
            )
            page = response.body[:200].lstrip().startswith(b"<")
            limited = response.status == 429
            foreign = response.status != 200 and not spoken
            lost = foreign or page or (response.status != 200 and exchange.was_interrupted)
            verdict = Verdict.TROUBLE if lost else Verdict.GARBLED
            return replace(answer, verdict=Verdict.THROTTLED if limited else verdict, note=note)
        error = _error(document.value)
        if error is None and (response.status == 200 or _is_done(response.status, document)):
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
_END = 12  # characters of a secret that are no chance where it begins or ends


def _ends(secret: Secret) -> list[Secret]:
    """Return head and tail of a long secret: who sees both needs to guess little."""
    text = secret.reveal()
    return [Secret(text[:_END]), Secret(text[-_END:])] if len(text) >= 2 * _END else []


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


def _is_done(status: int, document: strictjson.Document) -> bool:
    """Whether a call was done under another status of success than the documented one."""
    return 200 < status < 300 and isinstance(document.value.get("Result"), dict)


def _kind_of(body: bytes, document: strictjson.Document) -> str:
    head = body[:200].lstrip()
    if not head:
        return "an empty body"
    if head.startswith(b"<"):
        return "an HTML page"
    if not head.startswith((b"{", b"[")):
        return "other text"
    return "foreign JSON" if document.readable else strictjson.broken(body)
