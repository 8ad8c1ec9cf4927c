"""Outgoing callbacks, delivered in the background; what they are answered with changes nothing."""

from __future__ import annotations

import hashlib
import http.client
import ipaddress
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from receiptspec.errors import ConfigurationError
from receiptspec.reference import outside
from receiptspec.reference.calls import Call
from receiptspec.reference.store import Direct, Group, Message, Store
from receiptspec.reference.tencent import documents

__all__ = ["Callback", "Unanswered", "Webhooks", "sign"]

_PATIENCE = 2.0  # seconds for the receiver to take one callback


def sign(token: str, request_time: str) -> str:
    """Return the Sign parameter of a callback (W0): SHA-256 of token and time, in hex."""
    return hashlib.sha256(f"{token}{request_time}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Callback:
    """One callback: its query, encoded, its document, and how it is sent."""

    query: str
    document: bytes
    chunked: bool = False
    method: str = "POST"


class Unanswered(Exception):
    """Somebody mute would have to wait for an answer."""


class Webhooks:
    """Sends callbacks to one loopback address, one after the other; without address, none.

    `deliver` gets those that nobody waits for. One that is `mute` sends nothing, and raises
    `Unanswered` where an answer counts. Raises `ConfigurationError` for an address that is not
    ``http://`` on loopback.
    """

    def __init__(
        self, app: int, url: str | None = None, token: str | None = None, *, mute: bool = False
    ) -> None:
        self._app, self._token, self._mute = app, token, mute
        self._queue: queue.Queue[Callback] = queue.Queue()
        self.deliver: Callable[[Callback], None] = self._queue.put
        self._address = _address(url) if url else None
        if self._address is not None and not mute:
            threading.Thread(target=self._deliver, name="webhooks", daemon=True).start()

    def group_receipts(
        self,
        call: Call,
        store: Store,
        group: Group,
        messages: Sequence[tuple[Message, Sequence[str]]],
        platform: str = "RESTAPI",
    ) -> bool:
        """Announce counts, and who has just read (W1); False where the answer undoes it."""
        items = []
        for message, readers in messages:
            read, unread = store.counts(call, group, message)
            members = [{"Member_Account": name} for name in readers]
            numbers = {"MsgSeq": message.seq, "ReadNum": read, "UnreadNum": unread}
            items.append({**numbers, "ReadReceiptMembers": members})
        body = {"GroupId": group.id, "Type": group.type, "GroupMsgReceiptList": items}
        return self._send(call, "Group.CallbackAfterReadReceipt", body, platform)

    def group_message(self, group: Group, message: Message) -> None:
        """Hear of a new group message; no callback tells it."""

    def direct_message(self, message: Direct) -> None:
        """Hear of a new one-to-one message; no callback tells it."""

    def conversation_read(self, call: Call, reader: str, peer: str, last: int, unread: int) -> None:
        """Announce that a one-to-one conversation was marked read (W2)."""
        body = {
            "Report_Account": reader,
            "Peer_Account": peer,
            "LastReadTime": last,
            "UnreadMsgNum": unread,
        }
        self._send(call, "C2C.CallbackAfterMsgReport", body)

    def direct_receipts(
        self, call: Call, operator: str, peer: str, keys: Sequence[str], platform: str = "RESTAPI"
    ) -> None:
        """Announce receipts of one-to-one messages (269/128223)."""
        pair = {"From_Account": peer, "To_Account": operator}
        items = [{**pair, "MsgKey": key, "MsgId": _message_id(key)} for key in keys]
        body = {"Operator_Account": operator, "Peer_Account": peer, "C2CMsgInfo": items}
        self._send(call, "C2C.CallbackAfterMsgReadReceipt", body, platform)

    def asks(self, call: Call, command: str) -> bool:
        """Ask before something happens; say whether it may. Silence is consent."""
        if self._address is None:
            return True
        document = documents.write({"CallbackCommand": command, **call.body})
        try:
            query = urlencode(self._query(call, command, "RESTAPI"))
            status, answer = self._post(Callback(query, document))
        except (OSError, http.client.HTTPException):
            return True
        return status != 200 or b"FAIL" not in answer

    def _query(self, call: Call, command: str, platform: str) -> dict[str, str]:
        return {
            "SdkAppid": str(self._app),
            "CallbackCommand": command,
            "contenttype": "json",
            "ClientIP": call.incoming.client or "127.0.0.1",
            "OptPlatform": platform,
        }

    def _send(
        self, call: Call, command: str, body: dict[str, Any], platform: str = "RESTAPI"
    ) -> bool:
        if self._address is None or not call.knob("hooks"):
            return True
        moment = int(outside.now() * 1_000) + int(1000 * call.knob("clock_ahead"))
        stamp = str(moment) if call.knob("hook_time_text") else moment
        query = self._query(call, command, platform)
        if self._token:
            seconds = str(moment // 1000)
            query |= {"Sign": sign(self._token, seconds), "RequestTime": seconds}
        whole = {"CallbackCommand": command, **body, "EventTime": stamp}
        raw = call.behaviour.on_callback(call, query, whole)
        document = documents.write(whole) if raw is None else raw
        how = bool(call.knob("hook_chunked")), call.knob("hook_method")
        callback = Callback(urlencode(query), document, *how)
        if call.knob("hook_answer_counts"):
            status, answer = self._post(callback)
            agreed = status == 200 and b"FAIL" not in answer
            call.notes["disagreed"] = not agreed
            return agreed
        self.deliver(callback)
        return True

    def _deliver(self) -> None:
        while True:
            callback = self._queue.get()
            try:
                self._post(callback)
            except (OSError, http.client.HTTPException):
                continue

    def _post(self, callback: Callback) -> tuple[int, bytes]:
        if self._mute:
            raise Unanswered
        document, chunked = callback.document, callback.chunked
        host, port, path, own = self._address or ("", 0, "", "")
        connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE)
        try:
            target = f"{path}?{own}&{callback.query}" if own else f"{path}?{callback.query}"
            headers = {"Content-Type": "application/json"}
            headers |= {"Transfer-Encoding": "chunked"} if chunked else {}
            body = iter((document[:7], document[7:])) if chunked else document
            connection.request(
                callback.method, target, body=body, headers=headers, encode_chunked=chunked
            )
            response = connection.getresponse()
            return response.status, response.read(1 << 20)
        finally:
            connection.close()


def _message_id(key: str) -> str:
    seq, random, moment = key.split("_")
    return f"{moment}-{seq}-{random}"


def _address(url: str) -> tuple[str, int, str, str]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 80
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback or parts.scheme != "http":
        raise ConfigurationError("a webhook address must be http:// on loopback")
    return host, port, parts.path or "/", parts.query
