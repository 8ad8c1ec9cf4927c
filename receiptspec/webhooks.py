"""A listener for the callbacks that a target makes, on loopback."""

from __future__ import annotations

import contextlib
import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from receiptspec import strictjson
from receiptspec.errors import ConfigurationError

__all__ = ["Callback", "Listener", "objects", "unchunked"]

_MAX_BODY = 1024 * 1024
_MAX_LINE = 4096
_MAX_TRAILERS = 100
_SILENCE = 10  # seconds until a caller who says nothing more is let go
_OK = b'{"ActionStatus":"OK","ErrorInfo":"","ErrorCode":0}'


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback as it came in, its body read strictly; `received` is Unix seconds."""

    method: str
    target: str
    query: Mapping[str, str]
    body: bytes = field(repr=False)
    received: float
    document: strictjson.Document

    @property
    def command(self) -> str:
        """The command that the query, or else the body, names."""
        value = self.get("CallbackCommand")
        return self.query.get("CallbackCommand") or (value if isinstance(value, str) else "")

    def get(self, key: str) -> Any:
        """Return a top-level field of the body, ``None`` where there is none."""
        value = self.document.value
        return value.get(key) if isinstance(value, dict) else None


def objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list, none of what is no list."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


class Listener:
    """Takes callbacks on a loopback port and keeps them.

    Raises `ConfigurationError` when the port is taken.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 0, *, token: str = "") -> None:
        self.token = token
        self._otherwise: dict[str, tuple[int, bytes]] = {}
        self._seen: list[Callback] = []
        self._news = threading.Condition()
        listener = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = _SILENCE

            def do_POST(self) -> None:
                body, whole = _body(self.headers, self.rfile)
                command = listener._take("POST", self.path, body).command
                status, body = listener._otherwise.get(command, (200, _OK))
                self.close_connection = self.close_connection or not whole
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                if self.close_connection:
                    self.send_header("Connection", "close")
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                listener._take(self.command, self.path, b"")
                self.send_error(405)

            def do_PUT(self) -> None:
                self.do_GET()

            def do_PATCH(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None:
                """Say nothing: the address may hold a signature."""

        class Server(ThreadingHTTPServer):
            address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Say nothing of a caller who did not wait for the answer."""
                if not isinstance(sys.exception(), (ConnectionError, TimeoutError)):
                    super().handle_error(request, client_address)

        try:
            self._server = Server((host, port), Handler)
        except OSError as error:
            raise ConfigurationError(
                f"port {port} cannot be listened on: {error.strerror}",
                path="hooks.webhook_listener",
            ) from None
        self._server.daemon_threads = True
        named = f"[{host}]" if ":" in host else host
        self.url = f"http://{named}:{self._server.server_address[1]}/callback"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    def _take(self, method: str, target: str, body: bytes) -> Callback:
        query = dict(parse_qsl(urlsplit(target).query, keep_blank_values=True))
        with self._news:
            document = strictjson.read(body)
            callback = Callback(method, target, query, body, time.time(), document)
            self._seen.append(callback)
            self._news.notify_all()
        return callback

    @property
    def seen(self) -> tuple[Callback, ...]:
        """Every callback so far."""
        with self._news:
            return tuple(self._seen)

    def wait_for(
        self, wanted: Callable[[Callback], bool], seconds: float, *, since: int = 0
    ) -> Callback | None:
        """Return the first callback that fits, waiting for it; ``None`` when the time is over.

        Those that were `seen` before, `since` of them, are passed over.
        """
        deadline, known = time.monotonic() + seconds, since
        with self._news:
            while True:
                for callback in self._seen[known:]:
                    if wanted(callback):
                        return callback
                known = len(self._seen)
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self._news.wait(left)

    @contextlib.contextmanager
    def answering(self, status: int, body: bytes, commands: Iterable[str]) -> Iterator[None]:
        """Answer callbacks of these commands otherwise for a while.

        What asks before something happens may be told no, and all others are told yes.
        """
        self._otherwise = dict.fromkeys(commands, (status, body))
        try:
            yield
        finally:
            self._otherwise = {}

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(2)


def _body(headers: Message, source: BufferedIOBase) -> tuple[bytes, bool]:
    """Read a body, as much of it as is kept; say whether it was read whole."""
    if (headers.get("Transfer-Encoding") or "").strip().lower() == "chunked":
        return unchunked(source)
    said = headers.get("Content-Length", "0").strip()
    if not re.fullmatch("[0-9]{1,16}", said):
        return b"", False
    body = source.read(min(int(said), _MAX_BODY))
    return body, len(body) == int(said)


def unchunked(source: BufferedIOBase) -> tuple[bytes, bool]:
    """Read a body that comes in chunks, as much of it as is kept; say whether it was read whole."""
    body = b""
    while len(body) < _MAX_BODY:
        size = _chunk_size(source.readline(_MAX_LINE))
        if size is None:
            return body, False
        if size == 0:
            return body, any(not source.readline(_MAX_LINE).strip() for _ in range(_MAX_TRAILERS))
        body += source.read(min(size, _MAX_BODY - len(body)))
        if len(body) < _MAX_BODY:
            source.readline(_MAX_LINE)
    return body, False


def _chunk_size(line: bytes) -> int | None:
    digits = line.partition(b";")[0].strip()
    return int(digits, 16) if re.fullmatch(rb"[0-9A-Fa-f]{1,16}", digits) else None
