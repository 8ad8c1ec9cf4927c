"""Starts the reference server in a process of its own and stops it again."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import IO, Any, NoReturn, Protocol

from receiptspec.errors import ConfigurationError, ReceiptspecError
from receiptspec.reference.settings import Settings

__all__ = ["Server", "launch", "prefork"]

_PATIENCE = 30.0  # seconds for the child to be ready
_FAREWELL = 2.0  # seconds for the child to end
_USUAL = Settings()


class _Process(Protocol):
    """What is used of ``subprocess.Popen``."""

    stdin: Any
    stdout: Any
    stderr: Any
    returncode: int | None

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...


class _Forked:
    """A copy of this process that waits on its standard input for a command line."""

    def __init__(self, tape: IO[bytes] | None) -> None:
        (theirs_in, ours_in), (ours_out, theirs_out), (ours_err, theirs_err) = (
            os.pipe() for _ in range(3)
        )
        self.returncode: int | None = None
        self.pid = os.fork()
        if not self.pid:
            for kept in (ours_in, ours_out, ours_err):
                os.close(kept)
            _serve_on_demand(theirs_in, theirs_out, theirs_err, tape)
        for given in (theirs_in, theirs_out, theirs_err):
            os.close(given)
        self.stdin = os.fdopen(ours_in, "wb", buffering=0)
        self.stdout = os.fdopen(ours_out, "rb")
        self.stderr = os.fdopen(ours_err, "rb")

    def tell(self, arguments: Sequence[str], environment: dict[str, str]) -> None:
        """Send the command line."""
        self.stdin.write(json.dumps([list(arguments), environment]).encode() + b"\n")

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        deadline = time.monotonic() + (1e9 if timeout is None else timeout)
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("the reference server", timeout or 0)
            time.sleep(0.002)
        return self.returncode or 0

    def terminate(self) -> None:
        os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


#: Copies that wait for `launch`.
_WAITING: list[_Forked] = []


def prefork(tape: IO[bytes] | None = None) -> None:
    """Make the next `launch` of this process cheap: no new interpreter, no imports.

    Its server records on a `tape` what it is asked and says (`receiptspec.reference.tape`).
    Only for a process that has no threads yet and ends by itself: what waits, waits for it.
    """
    _WAITING.append(_Forked(tape))


def _serve_on_demand(
    theirs_in: int, theirs_out: int, theirs_err: int, tape: IO[bytes] | None
) -> NoReturn:
    """Become what ``python -m receiptspec.reference`` is, once the command line is there."""
    code = 1
    try:
        for own, standard in ((theirs_in, 0), (theirs_out, 1), (theirs_err, 2)):
            os.dup2(own, standard)
            os.close(own)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        line = b""
        while not line.endswith(b"\n"):
            piece = os.read(0, 1)
            if not piece:
                os._exit(0)
            line += piece
        arguments, environment = json.loads(line)
        os.environ.update(environment)
        sys.stdin = os.fdopen(0, closefd=False)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", closefd=False)
        from receiptspec.reference.__main__ import main

        code = main(arguments, tape)
        sys.stderr.flush()
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(code)


class Server:
    """A running reference server; a context manager that stops it.

    `url` is its origin, `pid` its process, `ready_after` the seconds that it took to start.
    `sdkappid`, `identifier` and `key` are its credentials for Tencent's face, `appid`,
    `access_key`, `secret_key` and `region` those for Volcengine's.
    """

    def __init__(self, process: _Process, facts: dict[str, Any]) -> None:
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


def _started(settings: Settings) -> _Process:
    arguments, secrets = settings.arguments(), settings.environment()
    if _WAITING:
        forked = _WAITING.pop()
        forked.tell(arguments, secrets)
        return forked
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "receiptspec.reference", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=_environment(secrets),
    )


def _environment(secrets: dict[str, str]) -> dict[str, str]:
    """Return the child's environment: it imports the same package and no parent's leftovers."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    return environment | secrets


def _ready_line(process: _Process, deadline: float) -> dict[str, Any]:
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


def _death(process: _Process) -> ReceiptspecError:
    process.wait(_FAREWELL)
    said = process.stderr.read().decode(errors="replace") if process.stderr else ""
    last = said.strip().rpartition("\n")[2].removeprefix("receiptspec: ")
    if process.returncode == 4:
        return ConfigurationError(last)
    return ReceiptspecError(f"the reference server ended with {process.returncode}: {last}")


def _end(process: _Process) -> None:
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
