"""Children without a new interpreter: copies that were forked ahead and wait for a command line.

They spare a process that has imported everything, and runs a module of ours again and again, the
start of Python and the imports.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn, Protocol

__all__ = ["Process", "ahead", "start"]

_GLANCE = 0.002  # seconds between two looks whether a copy has ended

#: What ``python -m MODULE`` calls with its arguments; returns the exit status.
Entry = Callable[[list[str]], int]


class Process(Protocol):
    """What is used of ``subprocess.Popen``; the three streams are there, and binary."""

    stdin: Any
    stdout: Any
    stderr: Any
    returncode: int | None

    @property
    def pid(self) -> int:
        """The id of the process."""

    def poll(self) -> int | None:
        """Return the exit status, if it has ended."""

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status. Raises ``subprocess.TimeoutExpired`` after so many seconds."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it."""


class _Copy:
    """A copy of this process that waits on its standard input for arguments and variables."""

    def __init__(self, entry: Entry) -> None:
        (theirs_in, ours_in), (ours_out, theirs_out), (ours_err, theirs_err) = (
            os.pipe() for _ in range(3)
        )
        self.returncode: int | None = None
        self._waiting = threading.Lock()
        self.pid = os.fork()
        if not self.pid:
            for kept in (ours_in, ours_out, ours_err):
                os.close(kept)
            for elder in _MADE:
                elder.forget()
            _obey((theirs_in, theirs_out, theirs_err), entry)
        for given in (theirs_in, theirs_out, theirs_err):
            os.close(given)
        self.stdin = os.fdopen(ours_in, "wb")
        self.stdout = os.fdopen(ours_out, "rb")
        self.stderr = os.fdopen(ours_err, "rb")
        _MADE.append(self)

    def forget(self) -> None:
        """Leave its streams to whoever made it."""
        for stream in (self.stdin, self.stdout, self.stderr):
            with contextlib.suppress(OSError):
                stream.close()

    def tell(self, arguments: Sequence[str], variables: Mapping[str, str]) -> None:
        """Send what it waits for."""
        self.stdin.write(json.dumps([list(arguments), dict(variables)]).encode() + b"\n")
        self.stdin.flush()

    def poll(self) -> int | None:
        with self._waiting:
            if self.returncode is None:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self.returncode = os.waitstatus_to_exitcode(status)
            return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        deadline = time.monotonic() + (1e9 if timeout is None else timeout)
        while (status := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("a copy of this process", timeout or 0)
            time.sleep(_GLANCE)
        return status

    def terminate(self) -> None:
        os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


#: Every copy of this process, and by module those that `start` has not used yet.
_MADE: list[_Copy] = []
_SPARE: dict[str, list[_Copy]] = {}


def ahead(module: str, entry: Entry) -> None:
    """Make the next `start` of ``python -m MODULE`` cheap; `entry` is what that calls.

    Only for a process that has no threads yet and ends by itself: what waits, waits for it.
    """
    _SPARE.setdefault(module, []).append(_Copy(entry))


def start(command: Sequence[str], variables: Mapping[str, str]) -> Process:
    """Start a command with these environment variables and no others.

    Raises ``OSError`` where it cannot be started.
    """
    if list(command[:2]) == [sys.executable, "-m"] and _SPARE.get(command[2]):
        copy = _SPARE[command[2]].pop()
        copy.tell(command[3:], variables)
        return copy
    pipe = subprocess.PIPE
    return subprocess.Popen(  # noqa: S603
        list(command), stdin=pipe, stdout=pipe, stderr=pipe, env=dict(variables)
    )


def _obey(streams: tuple[int, int, int], entry: Entry) -> NoReturn:
    """Become what the command line, once it is there, would have started."""
    code = 1
    try:
        for standard, own in enumerate(streams):
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
        arguments, variables = json.loads(line)
        os.environ.clear()
        os.environ.update(variables)
        sys.stdin = os.fdopen(0, closefd=False)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", closefd=False)
        code = entry(arguments)
        sys.stderr.flush()
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(code)
