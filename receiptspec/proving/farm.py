"""Runs jobs in forked children: what is dear to import is imported once.

The child forks the reference server before it has a thread; then it is an ordinary session.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import multiprocessing
import os
import re
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import pytest

from receiptspec import contract as contracts
from receiptspec import jsonschemas, plugin, resources, session, traceability
from receiptspec.findings import Outcome
from receiptspec.footprints import Footprints
from receiptspec.proving import catalogue
from receiptspec.proving.jobs import RED, Job, Ran, Row
from receiptspec.reference import launcher
from receiptspec.targets import Budget

__all__ = ["perform", "run", "warm"]

_INDEX = re.compile(r"\[\d+\]")
_TARGET = "reference"


class _Witness:
    """Notes when each row went red and keeps the report.

    A `free` one lifts the budget and keeps what each row cost as well.
    """

    def __init__(self, until: str, *, free: bool = False) -> None:
        self.until = until
        self.free = free
        self.footprints: Footprints | None = None
        self.after: dict[str, int] = {}
        self.document: dict[str, Any] | None = None
        self._session: pytest.Session | None = None

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self._session = session
        if self.free:
            run = plugin.run_of(session.config)
            run.targets = [replace(target, budget=Budget()) for target in run.targets]

    def pytest_runtest_logreport(self, report: Any) -> None:
        for entry in getattr(report, "receiptspec", ()):
            if entry["outcome"] in RED:
                sent = getattr(report, "receiptspec_sent", 0)
                self.after.setdefault(entry["requirement"], sent)
        if self.until in self.after and self._session is not None:
            self._session.shouldstop = "the failure that was waited for is there"

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        stage = plugin.run_of(session.config).running(_TARGET) if self.free else None
        self.footprints = stage.footprints if stage is not None else None
        book: Any = session.config.pluginmanager.get_plugin("receiptspec-book")
        self.document = book.document if book is not None else None


def perform(job: Job) -> Ran:
    """Run a job in this process."""
    begun = time.perf_counter()
    witness = _Witness(job.until, free=job.kind == "footprint")
    with tempfile.TemporaryDirectory(prefix="receiptspec-") as scratch:
        arguments = ["--targets", str(_targets(Path(scratch), job)), "--target", _TARGET]
        arguments += ["--profile", job.profile, "--seed", str(job.seed)]
        run_id = hashlib.sha256(str(job.seed).encode()).hexdigest()[:16]
        arguments += ["--receiptspec-run-id", run_id]
        for requirement in job.requirements:
            arguments += ["--requirement", requirement]
        rows = map(contracts.load(job.vendor).requirement, job.requirements)
        status = session.judge(arguments, [witness], traceability.files(rows))
    seconds = time.perf_counter() - begun
    if witness.document is None:
        return Ran(job, seconds=seconds, trouble=f"the session ended with {status}")
    found = {
        entry["requirement"]: Row(
            Outcome(entry["outcome"]),
            entry["reason"],
            entry["requests"],
            tuple(finding["signature"] for finding in entry["findings"]),
            tuple(_INDEX.sub("[]", finding["path"]) for finding in entry["findings"]),
            witness.after.get(entry["requirement"]),
        )
        for entry in witness.document["results"]
        if not job.requirements or entry["requirement"] in job.requirements
    }
    sent = witness.document["run"]["requests"]
    return Ran(job, found, sent, seconds, footprints=witness.footprints)


def _targets(directory: Path, job: Job) -> Path:
    """Write the targets file of a job; JSON is YAML."""
    target = catalogue.target(job.vendor, job.faults, job.variants)
    file = directory / "targets.yaml"
    file.write_text(json.dumps({_TARGET: target}), encoding="utf-8")
    return file


def warm(vendors: Iterable[str]) -> None:
    """Import and load in this process what every job needs, so that children find it."""
    import receiptspec.reference.__main__
    import receiptspec.reference.serving  # noqa: F401

    traceability.checks()
    for vendor in vendors:
        contracts.load(vendor)
        for file in sorted(resources.path(f"schemas/{vendor}").rglob("*.json")):
            _ = jsonschemas.load(file).fits
        with tempfile.TemporaryDirectory(prefix="receiptspec-") as scratch:
            file = _targets(Path(scratch), Job("warm", "warm", vendor))
            session.judge(["--collect-only", "--targets", str(file), "--target", _TARGET])
    gc.collect()
    gc.freeze()


def run(jobs: Iterable[Job], workers: int, done: Callable[[Ran], None]) -> None:
    """Run jobs in `workers` children at a time, the longest first; `done` gets each as it ends.

    As many jobs that only wait run beside them.
    """
    context = multiprocessing.get_context("fork")
    waiting = sorted(jobs, key=lambda job: job.weight)
    running: dict[Connection, tuple[Any, Job, float]] = {}
    try:
        while waiting or running:
            while (job := _next(waiting, running.values(), workers)) is not None:
                waiting.remove(job)
                ours, theirs = context.Pipe(duplex=False)
                child = context.Process(target=_child, args=(job, theirs), daemon=False)
                child.start()
                theirs.close()
                running[ours] = (child, job, time.monotonic())
            for pipe in wait(list(running), timeout=1.0):
                assert isinstance(pipe, Connection)  # noqa: S101
                child, job, _ = running.pop(pipe)
                done(_received(pipe, job))
                child.join()
            for pipe, (child, job, begun) in list(running.items()):
                if time.monotonic() - begun > job.patience:
                    del running[pipe]
                    _end(child, pipe)
                    trouble = f"took over {job.patience:.0f} s"
                    done(Ran(job, seconds=job.patience, trouble=trouble))
    finally:
        for pipe, (child, _, _) in running.items():
            _end(child, pipe)


def _next(
    waiting: Sequence[Job], running: Collection[tuple[Any, Job, float]], workers: int
) -> Job | None:
    """Return the longest job for which there is room."""
    beside = Counter(job.waits for _, job, _ in running)
    return next((job for job in reversed(waiting) if beside[job.waits] < workers), None)


def _received(pipe: Connection, job: Job) -> Ran:
    with contextlib.closing(pipe):
        try:
            ran: Ran = pipe.recv()
        except EOFError:
            return Ran(job, trouble="its process died")
    return ran


def _end(child: Any, pipe: Connection) -> None:
    child.kill()
    child.join()
    pipe.close()


def _child(job: Job, pipe: Connection) -> None:
    """Be a job: with the server forked first, silent, and gone without further ado."""
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        launcher.prefork()
        silence = os.open(os.devnull, os.O_RDWR)
        with tempfile.TemporaryFile() as said:
            for own, standard in ((silence, 0), (silence, 1), (said.fileno(), 2)):
                os.dup2(own, standard)
            sys.stdin = os.fdopen(0, "r", closefd=False)
            sys.stdout = os.fdopen(1, "w", closefd=False)
            sys.stderr = os.fdopen(2, "w", closefd=False)
            ran = perform(job)
            if ran.trouble:
                sys.stderr.flush()
                said.seek(0)
                last = said.read().decode(errors="replace").strip().rpartition("\n")[2]
                ran = replace(ran, trouble=": ".join(filter(None, (ran.trouble, last))))
    except BaseException as error:
        ran = Ran(job, trouble=f"{type(error).__name__}: {error}")
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    processor = sum(one.ru_utime + one.ru_stime for one in used)
    pipe.send(replace(ran, processor=processor))
    pipe.close()
    os._exit(0)
