"""HTTP: whole requests in, dealt with at the desk, bytes out; and the control endpoints.

``GET /_reference/ready``, ``GET /_reference/stats`` and ``POST /_reference/read`` answer loopback
only and need no credentials.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import Counter
from collections.abc import Sequence
from email.utils import formatdate
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from receiptspec.reference.calls import Incoming, Reply
from receiptspec.reference.desk import Desk

__all__ = ["application"]

LARGEST_BODY = 16 * 1024 * 1024


class Stats:
    """How many requests came, by operation and by second of the server's life."""

    def __init__(self) -> None:
        self.started = time.time()
        self.operations: Counter[str] = Counter()
        self.seconds: Counter[int] = Counter()

    def count(self, operation: str) -> None:
        """Count one request."""
        self.operations[operation or "(none)"] += 1
        self.seconds[int(time.time() - self.started)] += 1

    def shown(self) -> dict[str, Any]:
        """Return the counts as plain data."""
        return {
            "requests": self.operations.total(),
            "started": int(self.started),
            "operations": dict(self.operations),
            "busiest_second": max(self.seconds.values(), default=0),
            "seconds": {str(second): count for second, count in sorted(self.seconds.items())},
        }


class _Dispatcher:
    """The ASGI application of everything but the control endpoints."""

    def __init__(self, desk: Desk, stats: Stats) -> None:
        self._desk, self._stats = desk, stats

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            incoming = _incoming(request, await _whole(request))
        except ClientDisconnect:
            return
        operation, reply = self._desk.answer(incoming)
        self._stats.count(operation)
        await _transmit(reply, send, silent=incoming.method == "HEAD")


async def _whole(request: Request) -> bytes:
    """Return the body; the rest of one that is far too large is read and forgotten."""
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size <= LARGEST_BODY:
            pieces.append(piece)
    return b"".join(pieces)


def _incoming(request: Request, body: bytes) -> Incoming:
    raw = request.scope["headers"]
    headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in raw)
    query = request.scope["query_string"].decode("latin-1")
    client = request.client.host if request.client else ""
    connection = f"{client}:{request.client.port}" if request.client else ""
    path = request.scope["path"]
    return Incoming(request.method, path, query, headers, body, client, connection)


class _Dropped(Exception):
    """Makes the server drop the connection in the middle."""


async def _transmit(reply: Reply, send: Send, *, silent: bool) -> None:
    if reply.delay:
        await asyncio.sleep(reply.delay)
    if reply.drop:
        raise _Dropped
    body = b"" if silent else reply.body
    headers = [(k.lower().encode(), v.encode("latin-1")) for k, v in reply.headers]
    if all(name != b"date" for name, _ in headers):
        headers.append((b"date", formatdate(usegmt=True).encode()))
    if not reply.chunked:
        headers.append((b"content-length", str(len(reply.body)).encode()))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if reply.cut is not None:
        await send({"type": "http.response.body", "body": body[: reply.cut], "more_body": True})
        await asyncio.sleep(0.01)
        raise _Dropped
    middle = len(body) // 2 if reply.chunked else 0
    if middle:
        await send({"type": "http.response.body", "body": body[:middle], "more_body": True})
    await send({"type": "http.response.body", "body": body[middle:], "more_body": False})


class _Control:
    """The endpoints under ``/_reference``."""

    def __init__(self, desk: Desk, stats: Stats, about: dict[str, Any]) -> None:
        self._desk, self._stats, self._about = desk, stats, about

    def routes(self) -> list[Route]:
        """Return the three endpoints."""
        return [
            Route("/ready", self.ready, methods=["GET"]),
            Route("/stats", self.stats, methods=["GET"]),
            Route("/read", self.read, methods=["POST"]),
        ]

    async def ready(self, request: Request) -> Response:
        """Say that the server answers, and how it is bent."""
        return _closed(request) or JSONResponse({"ready": True, **self._about})

    async def stats(self, request: Request) -> Response:
        """Count requests."""
        return _closed(request) or JSONResponse(self._stats.shown())

    async def read(self, request: Request) -> Response:
        """Make a user read messages."""
        closed = _closed(request)
        if closed is not None:
            return closed
        try:
            wish = await request.json()
        except (ValueError, RecursionError):
            wish = None
        answer, status = self._desk.read(wish)
        return JSONResponse(answer, status)


def _closed(request: Request) -> Response | None:
    """Refuse a control request that does not come from this machine."""
    try:
        near = request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        near = False
    return None if near else JSONResponse({"error": "loopback only"}, 403)


def application(
    desk: Desk, about: dict[str, Any], *, streams: Sequence[BaseRoute] = ()
) -> Starlette:
    """Return the ASGI application; `about` is said by one that is ready."""
    stats = Stats()
    control = _Control(desk, stats, about)
    return Starlette(
        routes=[
            Mount("/_reference", routes=control.routes()),
            *streams,
            Mount("/", app=_Dispatcher(desk, stats)),
        ]
    )
