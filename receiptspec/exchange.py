"""One request and its response as bytes, and what may be shown of them.

Secrets are held in `Secret`, and every text that leaves an exchange has passed a `Redactor`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import quote, unquote

__all__ = [
    "HARNESS",
    "Exchange",
    "Redactor",
    "Request",
    "Response",
    "Secret",
    "Trouble",
    "credentials_of",
]

#: The origin of what goes to, or comes from, the harness of a client SDK; its path is the user.
HARNESS = "harness:"

_MASK = "***"
_SHOWN_BYTES = 16_384


class Secret(str):
    """A string that shows itself only through `reveal`; formatting and printing are masked.

    It stays a ``str`` so that it can be compared and measured.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return f"Secret('{_MASK}')"

    def __str__(self) -> str:
        return _MASK

    def __format__(self, spec: str) -> str:
        return format(_MASK, spec)

    def reveal(self) -> str:
        """Return the secret as a plain string."""
        return "".join(self)


@dataclass(frozen=True, slots=True)
class Request:
    """The final bytes of one request. `target` is path and query as sent; `label` says why."""

    method: str
    origin: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)
    operation: str | None = None
    label: str = ""

    @property
    def url(self) -> str:
        """The whole URL, unredacted."""
        return self.origin + self.target

    def __repr__(self) -> str:
        return f"Request({self.method} {self.operation or self.target.partition('?')[0]})"


@dataclass(frozen=True, slots=True)
class Response:
    """The bytes of one answer; `elapsed` in seconds from the first byte sent to the last read."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)
    elapsed: float

    def header(self, name: str) -> str | None:
        """Return the first header of that name, whatever its case, or ``None``."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


class Trouble(StrEnum):
    """Why there is no whole answer; an exchange's `trouble` starts with one of these."""

    REFUSED = "connection refused"
    DNS = "host name not found"
    TLS = "TLS failed"
    CONNECT_TIMEOUT = "no connection in time"
    READ_TIMEOUT = "no answer in time"
    RESET = "connection dropped"
    TRUNCATED = "answer cut short"
    ENCODING = "content encoding broken"
    TOO_LARGE = "answer too large"
    PROTOCOL = "not HTTP"


_PIECE = 16  # characters of a secret that are no chance
_RUN = re.compile(r"[A-Za-z0-9+/=*_-]{16,}")


class Redactor:
    """Replaces secrets, in every encoding they travel in, and long pieces of them by a mask."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: dict[str, None] = {}
        self._pieces: set[str] = set()
        self._in_order = True
        for secret in secrets:
            self.add(secret)

    def add(self, secret: str) -> None:
        """Mask `secret` from now on, and long pieces of a `Secret`.

        Strings shorter than six characters would mask chance text.
        """
        if len(secret) < 6 or secret in self._secrets:
            return
        plain = secret.reveal() if isinstance(secret, Secret) else secret
        self._secrets |= dict.fromkeys((plain, quote(plain, safe=""), quote(plain)))
        self._in_order = False
        if isinstance(secret, Secret) and len(plain) >= 2 * _PIECE:
            self._pieces |= {plain[at : at + _PIECE] for at in range(len(plain) - _PIECE + 1)}

    def __call__(self, text: str) -> str:
        """Return `text` with every known secret masked, the longest first."""
        if not self._in_order:
            self._secrets = dict.fromkeys(sorted(self._secrets, key=len, reverse=True))
            self._in_order = True
        for secret in self._secrets:
            if secret in text:
                text = text.replace(secret, _MASK)
        return _RUN.sub(lambda run: _MASK if self._is_piece(run[0]) else run[0], text)

    def _is_piece(self, run: str) -> bool:
        return any(run[at : at + _PIECE] in self._pieces for at in range(len(run) - _PIECE + 1))

    def hides_in(self, text: str) -> bool:
        """Whether `text` holds a known secret or a long piece of one, also percent-encoded."""
        if any(secret in text for secret in self._secrets):
            return True
        if any(self._is_piece(run) for run in _RUN.findall(text)):
            return True
        plain = unquote(text) if "%" in text else ""
        return any(secret in plain for secret in self._secrets)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request with its response, or with the `trouble` that came instead of one.

    `number` counts the requests of one worker from 1; `started` is seconds since the epoch.
    """

    number: int
    request: Request
    response: Response | None
    started: float
    trouble: str | None = None

    @property
    def was_interrupted(self) -> bool:
        """Whether the way there ended the answer, not whoever wrote it."""
        kind = (self.trouble or "").partition(":")[0]
        return kind in (Trouble.RESET, Trouble.READ_TIMEOUT)

    def curl(self, redact: Redactor) -> str:
        """Return a command that sends the same request; credentials stand as ``$VARIABLES``.

        For a harness it is the line that its standard input got.
        """
        request = self.request
        if request.origin == HARNESS:
            return redact(_line(request))
        url = _with_variables(request.url)
        parts = ["curl", "-sS"]
        if request.method != "POST" or not request.body:
            parts += ["-X", request.method]
        for name, value in request.headers:
            if name.lower() in _SENT_BY_CURL:
                continue
            shown = "$AUTHORIZATION" if name.lower() in _SECRET_HEADERS else value
            parts += [
                "-H",
                f'"{name}: {shown}"' if shown[:1] == "$" else _shell(f"{name}: {shown}"),
            ]
        parts.append(f'"{url}"')
        body = request.body
        if _is_text(body):
            parts += ["--data-binary", _shell(_text(body))] if body else []
        else:
            parts = ["printf", _octal(body[:_SHOWN_BYTES]), "|", *parts, "--data-binary", "@-"]
        if len(body) > _SHOWN_BYTES:
            parts.append(f"  # not whole: the body has {len(body)} bytes")
        return redact(" ".join(parts))

    def to_json(self, redact: Redactor) -> dict[str, Any]:
        """Return the redacted exchange as `schemas/report.schema.json` describes it."""
        request, response = self.request, self.response
        result: dict[str, Any] = {
            "number": self.number,
            "operation": request.operation,
            "label": request.label,
            "started": round(self.started, 3),
            "request": {
                "method": request.method,
                "url": redact(_with_variables(request.url)),
                "headers": _headers(request.headers, redact),
                "body": redact(_text(request.body)),
            },
            "response": None,
            "trouble": redact(self.trouble) if self.trouble else None,
            "curl": self.curl(redact),
        }
        if response is not None:
            result["response"] = {
                "status": response.status,
                "headers": _headers(response.headers, redact),
                "body": redact(_text(response.body)),
                "bytes": len(response.body),
                "elapsed_ms": round(response.elapsed * 1000, 2),
            }
        return result


_SENT_BY_CURL = {"host", "content-length", "user-agent", "accept-encoding", "connection", "accept"}
_SHORTEST_CREDENTIAL = 12
_SECRET_HEADERS = {"authorization", "x-security-token", "cookie", "set-cookie"}
_SECRET_QUERY = re.compile(r"(?i)\b(usersig|x-signature|x-credential|x-security-token)=([^&\s]*)")


def credentials_of(request: Request) -> set[str]:
    """Return the secrets that a recorded request carries: in its query and in its headers."""
    found = {unquote(match[2]) for match in _SECRET_QUERY.finditer(request.url)}
    for name, value in request.headers:
        if name.lower() == "cookie":
            found |= {part.partition("=")[2].strip() for part in value.split(";")}
        elif name.lower() in _SECRET_HEADERS:
            found |= {value, value.rpartition("Signature=")[2], value.rpartition(" ")[2]}
    return {secret for secret in found if len(secret) >= _SHORTEST_CREDENTIAL}


def _with_variables(url: str) -> str:
    return _SECRET_QUERY.sub(
        lambda found: f"{found[1]}=${found[1].upper().replace('-', '_')}" if found[2] else found[0],
        url,
    )


def _line(request: Request) -> str:
    user = request.target.removeprefix("/")
    if not request.body:
        return f"# {request.operation} came to the harness of {user}"
    return f"echo {_shell(_text(request.body))}  # to the harness of {user}"


def _is_text(body: bytes) -> bool:
    try:
        return "\0" not in body.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _octal(body: bytes) -> str:
    """Return an argument of printf that stands for these bytes."""
    plain = set(range(32, 127)) - set(b"\\'%")
    return "'" + "".join(chr(one) if one in plain else f"\\{one:03o}" for one in body) + "'"


def _shell(text: str) -> str:
    return shlex.quote(text)


def _text(body: bytes) -> str:
    text = body[:_SHOWN_BYTES].decode("utf-8", errors="backslashreplace")
    return text if len(body) <= _SHOWN_BYTES else f"{text}… ({len(body)} bytes)"


def _headers(headers: tuple[tuple[str, str], ...], redact: Redactor) -> list[list[str]]:
    return [
        [name, _MASK if name.lower() in _SECRET_HEADERS else redact(value)]
        for name, value in headers
    ]


def as_pairs(headers: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Freeze a header mapping in its order."""
    return tuple((str(key), str(value)) for key, value in headers.items())
