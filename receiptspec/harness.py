"""Client SDKs behind a harness: JSON-RPC 2.0 over standard input and output, a process a user.

docs/harness.md says what a harness has to do. Whatever it does instead has a name here: a process
that cannot be started, does not greet or refuses to log in raises; one that ends, is silent or
answers under another id in the middle of a run shows as the trouble of that exchange.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from receiptspec import forked
from receiptspec.client import USUAL, Client, Terms
from receiptspec.errors import CredentialsRefused, Unreachable
from receiptspec.exchange import HARNESS, Exchange, Request, Response
from receiptspec.targets import Timeouts

__all__ = ["METHOD", "PROTOCOL", "Harnesses", "Trouble", "environment", "request"]

#: The version of the protocol; a harness answers `initialize` with the same major number.
PROTOCOL = "1.1"
#: What stands for the HTTP method in the request of an exchange with a harness.
METHOD = "RPC"

_FAREWELL = 2.0  # seconds for a process to end
_GREETING = 20.0  # seconds for a process to start, greet and log in
_MOST = 32  # processes at once; the one that was silent longest ends first
_ALWAYS = 1_000_000  # a method that has answered once is never given up
_TRIES = 6  # calls of a method that never answers before it is given up
_NOTICES = 1_000_000  # where the numbers of notifications begin, apart from those of requests
_LONGEST = 8 * 1024 * 1024
_ERROR = re.compile(r"\w*(error|exception)\b\s*:", re.IGNORECASE)


class Trouble(StrEnum):
    """Why a call of a harness has no answer."""

    ENDED = "the harness ended"
    SILENT = "no answer in time"
    OTHER_ID = "answered under another id"
    DEAF = "the harness does not read its input"
    GIVEN_UP = "not called: it never answered before"


def environment(base: Mapping[str, str], secrets: Sequence[str]) -> dict[str, str]:
    """Return `base` without the variables that hold a secret of the target."""
    plain = {s.reveal() if hasattr(s, "reveal") else s for s in secrets if len(s) >= 6}
    return {name: value for name, value in base.items() if not any(p in value for p in plain)}


def request(number: int, user: str, method: str, params: Any, label: str = "") -> Request:
    """Return one line of JSON-RPC for the harness of a user."""
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    body = text.encode("utf-8", errors="backslashreplace")
    return Request(METHOD, HARNESS, f"/{user}", (), body, method, label)


class _Pending:
    """A call that waits for its answer."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.line: bytes | None = None
        self.trouble: str | None = None

    def end(self, line: bytes | None, trouble: str | None = None) -> None:
        self.line, self.trouble = line, trouble
        self.done.set()


class _Process:
    """One running harness. Its output is read by a thread of its own."""

    def __init__(
        self,
        command: Sequence[str],
        variables: Mapping[str, str],
        on_notice: Callable[[bytes], None],
    ) -> None:
        self._on_notice = on_notice
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._pending: dict[object, _Pending] = {}
        self._given_up: set[object] = set()
        self.noise: deque[str] = deque(maxlen=3)
        self._said: deque[str] = deque(maxlen=5)
        self.silent = 0
        self.used = time.monotonic()
        self.ready = False
        self.start = threading.Lock()
        self._ended: str | None = None
        try:
            self._child = forked.start(command, variables)
        except OSError as error:
            raise Unreachable(f"harness {command[0]}: {error.strerror or error}") from None
        self._readers = [
            threading.Thread(target=target, name="harness", daemon=True)
            for target in (self._listen, self._overhear)
        ]
        for reader in reversed(self._readers):  # the first waits for the other
            reader.start()

    @property
    def alive(self) -> bool:
        return self._child.poll() is None

    @property
    def busy(self) -> bool:
        with self._lock:
            return bool(self._pending) or not self.ready

    def call(self, line: bytes, seconds: float) -> tuple[bytes | None, str | None]:
        """Send one request and return the line that answers it, or what came instead."""
        key = json.loads(line)["id"]
        waiting = _Pending()
        with self._lock:
            if self._ended is not None:
                return None, self._ended
            self._pending[key] = waiting
        self.used = time.monotonic()
        try:
            self._write(line + b"\n")
            fine = waiting.done.wait(seconds)
        except OSError:
            fine = waiting.done.wait(0.5)  # the reader says how it ended
            if not fine:
                waiting.trouble = f"{Trouble.DEAF}{self._because()}"
        with self._lock:
            self._pending.pop(key, None)
            if not fine:
                self._given_up.add(key)
                self.silent += 1
        if not fine:
            return None, waiting.trouble or f"{Trouble.SILENT}{self._because()}"
        self.silent = 0
        return waiting.line, waiting.trouble

    def _write(self, line: bytes) -> None:
        out = self._child.stdin
        assert out is not None  # noqa: S101
        with self._writing:
            out.write(line)
            out.flush()

    def _because(self) -> str:
        """Return what the process said lately that may explain it."""
        parts = []
        if self.noise:
            parts.append(f"its output is no JSON-RPC: {self.noise[-1]!r}")
        if self._said:
            telling = [line for line in self._said if _ERROR.search(line)] or self._said
            parts.append(f"its last error line: {telling[-1]!r}")
        return f" ({'; '.join(parts)})" if parts else ""

    # --- the reading threads ---------------------------------------------------------------

    def _listen(self) -> None:
        source = self._child.stdout
        assert source is not None  # noqa: S101
        with contextlib.suppress(OSError, ValueError):
            while line := source.readline(_LONGEST):
                if line.strip():
                    self._take(line.strip())
        status: object = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = self._child.wait(_FAREWELL)
        how = "closed its output" if status is None else f"status {status}"
        self._readers[1].join(0.2)
        said = f"{Trouble.ENDED}, {how}{self._because()}"
        with self._lock:
            self._ended = None if status is None else said
            for waiting in self._pending.values():
                waiting.end(None, said)

    def _overhear(self) -> None:
        source = self._child.stderr
        assert source is not None  # noqa: S101
        with contextlib.suppress(OSError, ValueError):
            while line := source.readline(65536):
                text = line.decode(errors="replace").strip()
                if text:
                    self._said.append(text[:300])

    def _take(self, line: bytes) -> None:
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            message = None
        if isinstance(message, dict) and "method" in message and "id" not in message:
            self._on_notice(line)
            return
        with self._lock:
            self._sort(line, message)

    def _sort(self, line: bytes, message: Any) -> None:
        """Hand a line that is no notification to whom it belongs."""
        spoken = isinstance(message, dict) and ("result" in message or "error" in message)
        key = message.get("id") if isinstance(message, dict) else None
        known = isinstance(key, int) and not isinstance(key, bool)
        if known and spoken and key in self._pending:
            self._pending[key].end(line)
            return
        if known and key in self._given_up:
            self._given_up.discard(key)  # late; the call was given up
            return
        only = next(iter(self._pending.items())) if len(self._pending) == 1 else None
        if only is not None and spoken:
            asked, waiting = only
            waiting.end(None, f"{Trouble.OTHER_ID}: {key!r} instead of {asked!r}")
        elif only is not None and line[:1] == b"{":
            only[1].end(line)  # meant as an answer, however broken: the dialect judges it
        else:
            self.noise.append(line[:200].decode(errors="replace"))

    # --- the end ---------------------------------------------------------------------------

    def close(self, *, politely: bool = True) -> None:
        """End the process; one that does not go is killed."""
        if self.alive and politely and self.ready:
            farewell = {"jsonrpc": "2.0", "id": 0, "method": "shutdown", "params": {}}
            self.call(json.dumps(farewell).encode(), _FAREWELL)
        with contextlib.suppress(OSError):
            if self._child.stdin is not None:
                self._child.stdin.close()
        try:
            self._child.wait(_FAREWELL if politely else 0.05)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        for reader in self._readers:
            reader.join(1)
        for pipe in (self._child.stdout, self._child.stderr):
            if pipe is not None:
                pipe.close()


class Harnesses:
    """Carries requests to the harness of their user, and all others over HTTP.

    `command` starts a harness, `greeting` are the parameters of `initialize`, `login` returns
    those of `login` for a user. Calls count against the same rate and budget as requests.
    """

    def __init__(
        self,
        client: Client,
        command: Sequence[str],
        *,
        greeting: Mapping[str, Any],
        login: Callable[[str], Mapping[str, Any]],
        variables: Mapping[str, str] | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        self._client, self._command = client, tuple(command)
        self._greeting, self._login = greeting, login
        self._variables = dict(os.environ if variables is None else variables)
        self._timeouts = timeouts or Timeouts()
        self._processes: dict[str, _Process] = {}
        self._lock = threading.Lock()
        self._news = threading.Condition()
        self._notices: list[tuple[str, Exchange]] = []
        self._mute: Counter[str] = Counter()
        self.sdk = ""

    def send(self, request: Request, terms: Terms = USUAL) -> Exchange:
        """Send a request and wait for its answer.

        Raises `Unreachable` where the harness cannot be started or breaks the protocol,
        `CredentialsRefused` where it cannot log in, `BudgetSpent` as `Client.send` does.
        """
        if request.method != METHOD:
            return self._client.send(request, terms)
        method = request.operation or ""
        if self._mute[method] >= _TRIES:
            return Exchange(self._client.admit(), request, None, time.time(), Trouble.GIVEN_UP)
        number = self._client.admit(method, replace(terms, within=None))
        process = self._of(request.target.removeprefix("/"))
        started, clock = time.time(), time.perf_counter()
        line, trouble = process.call(request.body, self._timeouts.read)
        elapsed = time.perf_counter() - clock
        if trouble is not None and trouble.startswith(Trouble.OTHER_ID):
            raise Unreachable(f"{request.operation}: the harness {trouble}")
        if process.silent > 1:
            self._drop(process)
        self._mute[method] += 1 if line is None else -_ALWAYS
        response = Response(200, (), line, elapsed) if line is not None else None
        self._client.note(started, elapsed, method, response)
        return Exchange(number, request, response, started, trouble)

    def start(self, user: str) -> None:
        """Log a user in, so that what is meant for them arrives from now on."""
        self._of(user)

    def stop(self, user: str) -> None:
        """End the harness of a user, if there is one; the next call starts another."""
        with self._lock:
            process = self._processes.pop(user, None)
        if process is not None:
            process.close()

    # --- notifications ---------------------------------------------------------------------

    def heard(self, user: str) -> tuple[Exchange, ...]:
        """Return every notification to a user so far, in their order."""
        with self._news:
            return tuple(exchange for name, exchange in self._notices if name == user)

    def wait(self, seconds: float) -> None:
        """Wait until a notification comes to anybody, at most so long."""
        with self._news:
            self._news.wait(seconds)

    def _notice(self, user: str, line: bytes) -> None:
        with contextlib.suppress(ValueError, TypeError):
            name = str(json.loads(line).get("method"))
            request = Request(METHOD, HARNESS, f"/{user}", (), b"", name, "a notification")
            with self._news:
                number = _NOTICES + len(self._notices)
                heard = Exchange(number, request, Response(200, (), line, 0.0), time.time())
                self._notices.append((user, heard))
                self._news.notify_all()

    # --- processes -------------------------------------------------------------------------

    def _of(self, user: str) -> _Process:
        """Return the harness in which a user is logged in, starting it where there is none."""
        idle: list[_Process] = []
        with self._lock:
            process = self._processes.get(user)
            if process is None or not process.alive:
                idle = [*self._spare(), *filter(None, [process])]
                process = _Process(
                    self._command, self._variables, lambda line: self._notice(user, line)
                )
                self._processes[user] = process
        for other in idle:
            other.close()
        with process.start:
            if not process.ready:
                try:
                    self._introduce(process, user)
                except BaseException:
                    self._drop(process)
                    raise
                process.ready = True
        return process

    def _spare(self) -> list[_Process]:
        """Take out the processes that are too many, those first that were silent longest."""
        by_age = sorted(self._processes.items(), key=lambda item: item[1].used)
        idle = [(name, process) for name, process in by_age if not process.busy]
        taken = idle[: max(0, len(self._processes) - _MOST + 1)]
        for name, _ in taken:
            del self._processes[name]
        return [process for _, process in taken]

    def _drop(self, process: _Process) -> None:
        with self._lock:
            names = [name for name, known in self._processes.items() if known is process]
            for name in names:
                del self._processes[name]
        process.close(politely=False)

    def _introduce(self, process: _Process, user: str) -> None:
        told = self._ask(process, -1, "initialize", {"protocol": PROTOCOL, **self._greeting})
        theirs = str(told.get("protocol", "none"))
        if theirs.partition(".")[0] != PROTOCOL.partition(".")[0]:
            raise Unreachable(f"the harness speaks protocol {theirs}, this is {PROTOCOL}")
        sdk = told.get("sdk")
        if isinstance(sdk, dict):
            self.sdk = f"{sdk.get('name', '')} {sdk.get('version', '')}".strip()
        self._ask(process, -2, "login", self._login(user), who=user)

    def _ask(
        self, process: _Process, key: int, method: str, params: Mapping[str, Any], who: str = ""
    ) -> dict[str, Any]:
        """Make a call that has to succeed before anything can be judged."""
        message = {"jsonrpc": "2.0", "id": key, "method": method, "params": dict(params)}
        line, trouble = process.call(json.dumps(message).encode(), _GREETING)
        if trouble is not None:
            raise Unreachable(f"{method}: {trouble}")
        try:
            answer = json.loads(line or b"")
        except ValueError:
            answer = {}
        error = answer.get("error")
        if isinstance(error, dict):
            said = f"{error.get('code')}: {str(error.get('message'))[:200]}"
            if method == "login":
                raise CredentialsRefused(f"{who} cannot log in ({said})")
            raise Unreachable(f"{method}: the harness refuses ({said})")
        result = answer.get("result")
        if not isinstance(result, dict):
            raise Unreachable(f"{method}: the harness answers without a result")
        return result

    def close(self) -> None:
        """End every process and close the connections."""
        with self._lock:
            processes = list(self._processes.values())
            self._processes.clear()
        enders = [threading.Thread(target=process.close) for process in processes]
        for ender in enders:
            ender.start()
        for ender in enders:
            ender.join()
        self._client.close()
