"""The line to the server: signed calls in the name of the user, and the stream of events."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Set
from typing import Any
from urllib.parse import urlencode, urlsplit

__all__ = ["Line", "SdkError", "Unserved"]

_PATIENCE = 8.0  # seconds for one answer
_HOUR = 3600
NO_NETWORK, NO_LOGIN = 9508, 6014


class SdkError(Exception):
    """A call of the SDK ends in its error callback."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


class Unserved(Exception):
    """The harness has no such method."""


class Line:
    """One user's connections to the server at `url`."""

    def __init__(self, url: str, app: int, user: str, signature: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        pairs = {"sdkappid": app, "identifier": user, "usersig": signature, "contenttype": "json"}
        self._query = urlencode(pairs)
        self._connection = self._connected(_PATIENCE)

    def _connected(self, patience: float | None) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._host, self._port, timeout=patience)

    def call(self, command: str, **body: Any) -> dict[str, Any]:
        """Make one call. Raises `SdkError` with the server's code, or for want of an answer."""
        try:
            try:
                answer = self._exchange(command, body)
            except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected):
                self._connection.close()  # the server had closed it for being idle
                answer = self._exchange(command, body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._connection.close()
            raise SdkError(NO_NETWORK, f"no answer: {type(error).__name__}") from None
        if answer.get("ErrorCode") != 0:
            raise SdkError(int(answer.get("ErrorCode") or -1), str(answer.get("ErrorInfo")))
        return answer

    def history(self, peer: str, wanted: Set[str]) -> dict[str, dict[str, Any]]:
        """Return the newest messages between the user and `peer` by key, back to the `wanted`."""
        found: dict[str, dict[str, Any]] = {}
        now = int(time.time())
        page = {"MaxCnt": 50, "MinTime": now - _HOUR, "MaxTime": now + 60}
        while True:
            told = self.call("admin_getroammsg", Peer_Account=peer, **page)
            found |= {item["MsgKey"]: item for item in told["MsgList"]}
            if told["Complete"] or wanted <= found.keys():
                return found
            page |= {"LastMsgKey": told["LastMsgKey"], "MaxTime": told["LastMsgTime"]}

    def readers(self, group: str, number: int) -> list[dict[str, Any]]:
        """Return the first two hundred who have read a message of a group."""
        place = {"GroupId": group, "MsgSeq": number, "Cursor": "", "Count": 200}
        told = self.call("get_group_msg_receipt_detail", Filter=0, **place)
        return list(told["ReadList"])

    def _exchange(self, command: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Content-Type": "application/json"}
        target = f"/client/{command}?{self._query}"
        self._connection.request("POST", target, json.dumps(body).encode(), headers)
        answer: dict[str, Any] = json.loads(self._connection.getresponse().read())
        return answer

    def listen(self, hear: Callable[[dict[str, Any]], None]) -> None:
        """Hear events from now on, in a thread. Raises `SdkError` where the server refuses."""
        connection = self._connected(None)
        try:
            connection.request("GET", f"/client/events?{self._query}")
            stream = connection.getresponse()
            first = json.loads(stream.readline())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise SdkError(NO_NETWORK, f"no answer: {type(error).__name__}") from None
        if stream.status != 200:
            raise SdkError(int(first.get("ErrorCode") or -1), str(first.get("ErrorInfo")))

        def run() -> None:
            try:
                while line := stream.readline():
                    hear(json.loads(line))
            except (OSError, http.client.HTTPException, ValueError):
                return

        threading.Thread(target=run, name="events", daemon=True).start()
