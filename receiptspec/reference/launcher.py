"""Starts the reference server in a process of its own and stops it again."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from types import TracebackType
from typing import IO, Any

from receiptspec import forked
from receiptspec.errors import ConfigurationError, ReceiptspecError
from receiptspec.forked import Process
from receiptspec.reference.settings import Settings

__all__ = ["Server", "launch", "prefork"]

_PATIENCE = 30.0  # seconds for the child to be ready
_FAREWELL = 2.0  # seconds for the child to end
_USUAL = Settings()
_MODULE = "receiptspec.reference"


def prefork(tape: IO[bytes] | None = None) -> None:
    """Make the next `launch` of this process cheap: no new interpreter, no imports.

    Its server records on a `tape` what it is asked and says (`receiptspec.reference.tape`).
    Only for a process that has no threads yet and ends by itself: what waits, waits for it.
    """

    def serve(arguments: list[str]) -> int:
        from receiptspec.reference.__main__ import main

        return main(arguments, tape)

    forked.ahead(_MODULE, serve)


class Server:
    """A running reference server; a context manager that stops it.

    `url` is its origin, `pid` its process, `ready_after` the seconds that it took to start.
    `sdkappid`, `identifier` and `key` are its credentials for Tencent's face, `appid`,
    `access_key`, `secret_key` and `region` those for Volcengine's.
    """

    def __init__(self, process: Process, facts: dict[str, Any]) -> None:
        self._process = process
        self.url: str = facts["url"]
        self.sdkappid: int = facts["sdkappid"]
        self.identifier: str = facts["identifier"]
        self.key: str = facts["key"]
        self.pid: int = facts["pid"]
        volcengine: dict[str, Any] = facts["volcengine"]
        self.appid: int = volcengine["appid"]
        self.access_key: str = volcengine["access_key"]
        self.secret_key: str = volcengine["secret_key"]
        self.region: str = volcengine["region"]
        self.ready_after = 0.0

    def __repr__(self) -> str:
        return f"Server({self.url!r}, pid={self.pid})"

    def __enter__(self) -> Server:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def stop(self) -> None:
        """Stop the server; harmless when it has stopped already."""
        _end(self._process)


def launch(settings: Settings = _USUAL) -> Server:
    """Start a reference server and wait until it answers.

    Raises `ConfigurationError` for unknown names, a port that is taken or a webhook beyond
    loopback, and `ReceiptspecError` when the child dies or is not ready in thirty seconds.
    """
    started = time.monotonic()
    process = _started(settings)
    try:
        server = Server(process, _ready_line(process, started + _PATIENCE))
    except BaseException:
        _end(process)
        raise
    server.ready_after = time.monotonic() - started
    return server


def _started(settings: Settings) -> Process:
    command = [sys.executable, "-m", _MODULE, *settings.arguments()]
    return forked.start(command, _environment(settings.environment()))


def _environment(secrets: dict[str, str]) -> dict[str, str]:
    """Return the child's environment: it imports the same package and no parent's leftovers."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    return environment | secrets


def _ready_line(process: Process, deadline: float) -> dict[str, Any]:
    out = process.stdout
    assert out is not None  # noqa: S101
    line = b""
    while not line.endswith(b"\n"):
        left = deadline - time.monotonic()
        if left <= 0 or not _readable(out, left):
            raise ReceiptspecError("the reference server was not ready in thirty seconds")
        piece = os.read(out.fileno(), 65536)
        if not piece:
            raise _death(process)
        line += piece
    facts: dict[str, Any] = json.loads(line)
    return facts


def _readable(out: IO[bytes], patience: float) -> bool:
    """Whether something came within `patience` seconds, whatever the number of open files."""
    with selectors.DefaultSelector() as selector:
        selector.register(out, selectors.EVENT_READ)
        return bool(selector.select(patience))


def _death(process: Process) -> ReceiptspecError:
    process.wait(_FAREWELL)
    said = process.stderr.read().decode(errors="replace") if process.stderr else ""
    last = said.strip().rpartition("\n")[2].removeprefix("receiptspec: ")
    if process.returncode == 4:
        return ConfigurationError(last)
    return ReceiptspecError(f"the reference server ended with {process.returncode}: {last}")


def _end(process: Process) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_FAREWELL)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
