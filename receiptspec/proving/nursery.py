"""Processes that have imported everything, or collected the suites as well, and fork a child a job.

A child forks the reference server before it has a thread; then it is an ordinary session.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import resource
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from multiprocessing.connection import Connection, Pipe
from typing import IO, NoReturn

from receiptspec import forked
from receiptspec.proving import catalogue
from receiptspec.proving.jobs import Job, Ran
from receiptspec.reference import launcher
from receiptspec.reference.harness import __main__ as harness
from receiptspec.reference.tape import Tape

__all__ = ["Births", "Nursery"]

_HARNESS = "receiptspec.reference.harness"
_LENGTH = 4  # bytes that say how long a job is
_HARNESSES, _HARNESSES_OF_ALL = 9, 27  # processes of users: of few rows or requests, and of all


class Births:
    """What a nursery does: it waits for jobs and forks a child for each, which goes on alone."""

    def __init__(self, door: socket.socket) -> None:
        self._door = door
        self._pipe: Connection | None = None
        self._said: IO[bytes] | None = None
        self._tape: IO[bytes] | None = None
        self.job: Job | None = None

    def wait(self) -> Job | None:
        """Return the job to be, in a new child each; ``None``, in the nursery, after the last.

        The child is silent and has a reference server waiting, and harnesses where it needs some.
        """
        while True:
            head, descriptors, _, _ = socket.recv_fds(self._door, _LENGTH, 1)
            if not head:
                return None
            length = int.from_bytes(self._received(head, _LENGTH))
            job = self._received(b"", length)
            if not os.fork():
                self._begin(job, descriptors[0])
                return self.job
            os.close(descriptors[0])

    def _received(self, begun: bytes, length: int) -> bytes:
        """Return so many bytes of which some may be there already."""
        while len(begun) < length:
            piece = self._door.recv(length - len(begun))
            if not piece:
                raise EOFError("a job was cut off")
            begun += piece
        return begun

    def _begin(self, job: bytes, descriptor: int) -> None:
        self._door.close()
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        self._pipe = Connection(descriptor, readable=False)
        self._pipe.send(os.getpid())
        self.job = pickle.loads(job)  # noqa: S301 - from our own parent
        if self.job.kind == "tape":
            self._tape = tempfile.TemporaryFile()  # noqa: SIM115 - as is that
        launcher.prefork(self._tape)
        if not catalogue.playable(self.job.vendor):
            few = self.job.requirements or self.job.profile == "smoke"
            for _ in range(_HARNESSES if few else _HARNESSES_OF_ALL):
                forked.ahead(_HARNESS, harness.main)
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - gone with the process
        os.dup2(self._said.fileno(), 2)

    def end(self, ran: Ran) -> NoReturn:
        """Tell what came of the job, with the last line of what was said, and be gone."""
        assert self._pipe is not None  # noqa: S101
        if ran.trouble and self._said is not None:
            sys.stderr.flush()
            self._said.seek(0)
            last = self._said.read().decode(errors="replace").strip().rpartition("\n")[2]
            ran = replace(ran, trouble=": ".join(filter(None, (ran.trouble, last))))
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        processor = sum(one.ru_utime + one.ru_stime for one in used)
        if self._tape is not None and not ran.trouble:
            ran = replace(ran, tape=Tape.of(self._tape))
        self._pipe.send(replace(ran, processor=processor))
        self._pipe.close()
        os._exit(0)


class Nursery:
    """A process of which jobs are born; `live` has it wait, and every child do its job.

    `others` are the nurseries that are there already.
    """

    def __init__(self, live: Callable[[Births], None], others: Iterable[Nursery] = ()) -> None:
        self._door, theirs = socket.socketpair()
        sys.stdout.flush()
        sys.stderr.flush()
        self._pid = os.fork()
        if not self._pid:
            for nursery in (self, *others):
                nursery._door.close()
            _tend(theirs, live)
        theirs.close()

    def bear(self, job: Job) -> Connection:
        """Begin a job; what can be received is the id of its process, then what came of it."""
        ours, theirs = Pipe(duplex=False)
        told = pickle.dumps(job)
        with contextlib.closing(theirs), contextlib.suppress(ConnectionError):
            socket.send_fds(self._door, [len(told).to_bytes(_LENGTH)], [theirs.fileno()])
            self._door.sendall(told)
        return ours

    def close(self) -> None:
        """Let no more jobs be born; those that are there go on."""
        self._door.close()
        os.waitpid(self._pid, 0)


def _tend(door: socket.socket, live: Callable[[Births], None]) -> NoReturn:
    births = Births(door)
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        silence = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(silence, standard)
        sys.stdin = os.fdopen(0, "r", closefd=False)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", closefd=False)
        live(births)
        problem = "the session ended early"
    except BaseException as error:
        problem = f"{type(error).__name__}: {error}"
    try:
        if births.job is None:  # there may be jobs nevertheless, and none of them can be done
            births.wait()
        if births.job is not None:
            births.end(Ran(births.job, trouble=problem))
    finally:
        os._exit(1)
