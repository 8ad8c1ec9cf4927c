"""Having users read where the vendor has no call for it: a program, an address or a client SDK."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from receiptspec import strictjson
from receiptspec.client import Client, Terms, origin_of
from receiptspec.errors import ConfigurationError, Inconclusive
from receiptspec.exchange import Request
from receiptspec.harness import Harnesses
from receiptspec.line import Line
from receiptspec.neutral import Message
from receiptspec.targets import Harness

__all__ = ["ReadHook"]


class ReadHook:
    """The target's `hooks.read`."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._readers: Harnesses | None = None

    def read(self, user: Any, messages: Sequence[Message]) -> None:
        """Make `user` read messages of one conversation; raises `Inconclusive` where it fails."""
        hook = self._line.target.read_hook
        assert hook is not None  # noqa: S101
        if isinstance(hook, Harness):
            self._read_with(hook, user, messages)
            return
        ids = [message.id for message in messages]
        payload = self._line.driver.hook_input(messages[0].conversation, user, ids)
        if isinstance(hook, str):
            self._post(hook, payload)
        else:
            self._run(hook, payload)

    def read_at_once(self, users: Sequence[Any], messages: Sequence[Message]) -> None:
        """Make all users read at the same time; raises what the first of them raises."""
        with ThreadPoolExecutor(len(users)) as pool:
            list(pool.map(lambda user: self.read(user, messages), users))

    def _run(self, command: tuple[str, ...], payload: dict[str, Any]) -> None:
        try:
            done = subprocess.run(  # noqa: S603
                list(command),
                input=json.dumps(payload).encode(),
                capture_output=True,
                timeout=self._line.target.timeouts.total,
                check=False,
            )
        except OSError as error:
            raise Inconclusive(f"hooks.read ({command[0]}): {error.strerror}") from None
        except subprocess.TimeoutExpired:
            seconds = self._line.target.timeouts.total
            raise Inconclusive(f"hooks.read ({command[0]}) took over {seconds:g} s") from None
        if done.returncode:
            last = (done.stderr.decode(errors="replace").strip().splitlines() or ["no message"])[-1]
            said = self._line.redact(last)
            raise Inconclusive(f"hooks.read exited with {done.returncode}: {said}")

    def _post(self, url: str, payload: dict[str, Any]) -> None:
        base = origin_of(url)
        client = Client(base, timeouts=self._line.target.timeouts)
        try:
            exchange = client.send(
                Request(
                    "POST",
                    base,
                    url[len(base) :] or "/",
                    (("Content-Type", "application/json"),),
                    json.dumps(payload).encode(),
                )
            )
        finally:
            client.close()
        status = exchange.response.status if exchange.response else exchange.trouble
        if not isinstance(status, int) or not 200 <= status < 300:
            raise Inconclusive(f"hooks.read answered {status}")

    def _read_with(self, harness: Harness, user: Any, messages: Sequence[Message]) -> None:
        """Let the SDK of `user` read; it logs in to the target's server at its first read."""
        if not isinstance(self._line.carrier, Client):
            raise ConfigurationError("hooks.read: a harness target reads by its own harness")
        if self._readers is None:
            self._readers = self._line.driver.readers(self._line.carrier, harness)
        request = self._line.driver.reading(user, messages)
        try:
            exchange = self._readers.send(request, Terms(writes=True))
        except Inconclusive as error:
            raise Inconclusive(f"hooks.read: {self._line.redact(str(error))}") from None
        finally:
            self._line.hide_secrets()
        trouble = exchange.trouble
        if exchange.response is not None:
            said = strictjson.read(exchange.response.body).value
            refusal = said.get("error") if isinstance(said, dict) else "no JSON object"
            trouble = f"the SDK of {user} refuses: {refusal}" if refusal else None
        if trouble:
            raise Inconclusive(f"hooks.read: {self._line.redact(trouble)}")

    def close(self) -> None:
        """End the SDKs that read."""
        if self._readers is not None:
            self._readers.close()
