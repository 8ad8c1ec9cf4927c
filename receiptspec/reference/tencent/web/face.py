"""Frames: one connection is one login of one user, who is told what happens meanwhile.

``/binfo`` takes and gives binary frames, ``/info`` text. A frame is ``{head: {servcmd, seq, …},
body}``; the answer repeats servcmd and seq. The head of a login holds identifier and usersig, that
of any later frame the a2 and tinyid that the login gave.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import secrets
from typing import Any

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from receiptspec.reference.behaviour import Behaviour
from receiptspec.reference.calls import Call, Incoming, Refusal, Shrug
from receiptspec.reference.tencent import documents, usersig
from receiptspec.reference.tencent.events import Event, Events
from receiptspec.reference.tencent.fields import Fields
from receiptspec.reference.tencent.site import Site, now
from receiptspec.reference.tencent.web import shapes
from receiptspec.reference.tencent.web.commands import COMMANDS, Ask
from receiptspec.reference.tencent.web.shapes import TinyIds

__all__ = ["WebFace"]

_LOGIN, _LOGOUT = "im_open_status.wslogin", "im_open_status.wslogout"
_ALIVE, _REPORT = "heartbeat.alive", "imopenstat.tim_web_report_v2"
_PUSH = "im_open_push.msg_push"
_NO_COMMAND, _NOT_JSON, _UNKNOWN_APP, _NO_LOGIN = 60009, 90001, 70020, 70001
_HELLO_INTERVAL = 120  # seconds


class _Session:
    """What one connection knows of its user."""

    def __init__(self) -> None:
        self.user = ""
        self.tiny_id = ""
        self.a2 = ""
        self.ears: asyncio.Task[None] | None = None

    def is_of(self, head: dict[str, Any]) -> bool:
        """Whether a frame's head holds what the login gave."""
        given = f"{head.get('tinyid', '')} {head.get('a2', '')}"
        return bool(self.user) and hmac.compare_digest(
            given.encode("utf-8", "replace"), f"{self.tiny_id} {self.a2}".encode()
        )


class WebFace:
    """Answers the web SDK, on the same state as the REST face."""

    vendor = "tencent-web"

    def __init__(self, site: Site, behaviour: Behaviour) -> None:
        self.site, self.behaviour = site, behaviour
        self._ids = TinyIds()
        self._serial = 0

    def routes(self) -> list[WebSocketRoute]:
        """Return the routes of binary and of text frames."""
        return [WebSocketRoute("/binfo", self._serve), WebSocketRoute("/info", self._serve)]

    async def _serve(self, socket: WebSocket) -> None:
        """Answer frames until the connection ends."""
        await socket.accept()
        session = _Session()
        try:
            while True:
                frame = await _received(socket)
                head, answer = self._answer(session, frame)
                if head.get("servcmd") == _LOGIN and session.user and session.ears is None:
                    session.ears = self._listening(socket, session.user)
                await _send(socket, {"head": head, "body": answer})
        except WebSocketDisconnect:
            pass
        finally:
            if session.ears is not None:
                session.ears.cancel()

    # --- pushes ----------------------------------------------------------------------------

    def _listening(self, socket: WebSocket, user: str) -> asyncio.Task[None]:
        """Start to push what the user is told; what happens from now on is pushed."""
        hooks = self.site.hooks
        assert isinstance(hooks, Events)  # noqa: S101
        stack = contextlib.ExitStack()
        queue = stack.enter_context(hooks.listening(user))
        return asyncio.create_task(self._push(socket, queue, stack))

    async def _push(
        self, socket: WebSocket, queue: asyncio.Queue[Event], stack: contextlib.ExitStack
    ) -> None:
        with stack, contextlib.suppress(WebSocketDisconnect, RuntimeError):
            while True:
                event = await queue.get()
                head = {"servcmd": _PUSH, "seq": secrets.randbelow(2**31)}
                await _send(socket, {"head": head, "body": shapes.pushed(self._ids, event)})

    # --- frames ----------------------------------------------------------------------------

    def _answer(self, session: _Session, frame: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
        document = documents.read(frame)
        document = document if isinstance(document, dict) else {}
        head, body = document.get("head"), document.get("body")
        head = head if isinstance(head, dict) else {}
        name = str(head.get("servcmd", ""))
        answer: dict[str, Any] = {"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": ""}
        try:
            if not isinstance(body, dict) or not name:
                raise Refusal(_NOT_JSON, "a frame is an object with head.servcmd and body")
            answer |= self._result(session, name, head, body)
        except Refusal as refusal:
            code, info = int(refusal.code), str(refusal)
            answer = {"ActionStatus": "FAIL", "ErrorCode": code, "ErrorInfo": info}
        except Shrug:
            pass
        return {"servcmd": name, "seq": head.get("seq", 0)}, answer

    def _result(
        self, session: _Session, name: str, head: dict[str, Any], body: dict[str, Any]
    ) -> dict[str, Any]:
        if name in (_ALIVE, _REPORT):
            return {}
        command = name.rpartition(".")[2] if not name.startswith("million_") else name
        call = self._call(command)
        if name == _LOGIN:
            return self._log_in(session, call, head)
        if not session.is_of(head):
            raise Refusal(_NO_LOGIN, "not logged in: a2 and tinyid are not those of the login")
        if name == _LOGOUT:
            session.user = ""
            return {}
        if name not in COMMANDS:
            raise Refusal(_NO_COMMAND, "there is no such command")
        code, handler = COMMANDS[name]
        call.operator, call.body = session.user, body
        return handler(Ask(self.site, self._ids, call, Fields(call, body, code)))

    def _call(self, name: str) -> Call:
        self._serial += 1
        incoming = Incoming("WEBSOCKET", "/binfo", "", (), b"")
        return Call(incoming, self.vendor, self.behaviour, self._serial, name, site=self.site)

    def _log_in(self, session: _Session, call: Call, head: dict[str, Any]) -> dict[str, Any]:
        """Verify the UserSig; an account that is not there yet is made, as by every SDK login."""
        name, signature = head.get("identifier"), head.get("usersig")
        if not isinstance(name, str) or not name or not isinstance(signature, str):
            raise Refusal(usersig.MALFORMED, "identifier and usersig are needed")
        if head.get("sdkappid") != self.site.app:
            raise Refusal(_UNKNOWN_APP, "there is no such SDKAppID")
        usersig.verify(call, signature, app=self.site.app, identifier=name, key=self.site.key)
        self.site.store.accounts.setdefault(name, {})
        session.user, session.a2 = name, secrets.token_urlsafe(24)
        session.tiny_id = self._ids.of(name)
        return {
            "TinyId": session.tiny_id,
            "A2Key": session.a2,
            "InstId": self._serial,
            "HelloInterval": _HELLO_INTERVAL,
            "TimeStamp": now(call),
        }


async def _received(socket: WebSocket) -> bytes:
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1000))
    data, text = message.get("bytes"), message.get("text")
    return data if data is not None else str(text or "").encode("utf-8", "replace")


async def _send(socket: WebSocket, frame: dict[str, Any]) -> None:
    data = json.dumps(frame, separators=(",", ":")).encode()
    if socket.url.path == "/info":
        await socket.send_text(data.decode())
    else:
        await socket.send_bytes(data)
