"""Runs jobs in forked children: what is dear to import, or to collect, is there before."""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import os
import re
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import pytest

from receiptspec import contract as contracts
from receiptspec import jsonschemas, plugin, resources, session, targetfile, traceability
from receiptspec.findings import Outcome
from receiptspec.footprints import Footprints
from receiptspec.proving import catalogue
from receiptspec.proving.jobs import RED, Job, Ran, Row
from receiptspec.proving.nursery import Births, Nursery
from receiptspec.targets import Budget

__all__ = ["perform", "run", "warm"]

_INDEX = re.compile(r"\[\d+\]")
_TARGET = "reference"
_SHORT = ("fault", "smoke", "tape")  # kinds of jobs that would collect as long as they run
_IDLERS = 4  # jobs that only wait, for each that computes
_BIRTH = 5.0  # seconds in which a process tells its id


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


class _Collected:
    """Has the suites collected once, and every child do the items of its job alone."""

    def __init__(self, births: Births) -> None:
        self._births = births
        self._witness = _Witness("")
        self._begun = 0.0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> object:
        """Wait for jobs; in a child, make the session one of the job that it is."""
        job = self._births.wait()
        if job is None:
            return True
        self._begun = time.perf_counter()
        self._witness = _Witness(job.until)
        self._witness.pytest_sessionstart(session)
        session.config.pluginmanager.register(self._witness)
        with tempfile.TemporaryDirectory(prefix="receiptspec-") as scratch:
            target = targetfile.load(_targets(Path(scratch), job), _TARGET)
        plugin.run_of(session.config).change(target, job.requirements)
        if job.requirements:
            cases = [(item, plugin.case_of(item)) for item in session.items]
            session.items[:] = [
                item for item, case in cases if case and case.requirement.id in job.requirements
            ]
        return None

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        """Be gone, in a child."""
        if self._births.job is not None:
            trouble = "the session ended without results"
            ran = _ran(self._births.job, self._witness, self._begun, trouble)
            self._births.end(ran)


def perform(job: Job) -> Ran:
    """Run a job in this process."""
    begun = time.perf_counter()
    if job.tape is not None:
        unmoved = frozenset(name for name in job.faults if job.tape.fits([name]))
        return Ran(job, seconds=time.perf_counter() - begun, unmoved=unmoved)
    witness = _Witness(job.until, free=job.kind == "footprint")
    with tempfile.TemporaryDirectory(prefix="receiptspec-") as scratch:
        arguments = _arguments(Path(scratch), job)
        for requirement in job.requirements:
            arguments += ["--requirement", requirement]
        rows = map(contracts.load(job.vendor).requirement, job.requirements)
        status = session.judge(arguments, [witness], traceability.files(rows))
    return _ran(job, witness, begun, f"the session ended with {status}")


def _ran(job: Job, witness: _Witness, begun: float, trouble: str) -> Ran:
    """Return what a witness saw of a job; `trouble` is what to say where there is no report."""
    seconds = time.perf_counter() - begun
    if witness.document is None:
        return Ran(job, seconds=seconds, trouble=trouble)
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


def _arguments(directory: Path, job: Job) -> list[str]:
    """Return the options of a session against the server of a job."""
    run_id = hashlib.sha256(str(job.seed).encode()).hexdigest()[:16]
    return [
        *("--targets", str(_targets(directory, job)), "--target", _TARGET),
        *("--profile", job.profile, "--seed", str(job.seed), "--receiptspec-run-id", run_id),
    ]


def _targets(directory: Path, job: Job) -> Path:
    """Write the targets file of a job; JSON is YAML."""
    target = catalogue.target(job.vendor, job.faults, job.variants)
    file = directory / "targets.yaml"
    file.write_text(json.dumps({_TARGET: target}), encoding="utf-8")
    return file


def warm(vendors: Iterable[str]) -> None:
    """Import and load in this process what every job needs, so that children find it."""
    import receiptspec.limits
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


def run(jobs: Iterable[Job], workers: int, done: Callable[[Ran], Iterable[Job] | None]) -> None:
    """Run jobs in `workers` children at a time, the longest first.

    `done` gets each as it ends and returns those that are to be run besides, now that it is known.
    That many short ones and as many conforming ones, which let time pass, at the same time; of
    each four times as many of those that hardly do anything but wait.
    """
    waiting: list[Job] = []

    def wish(more: Iterable[Job] | None) -> None:
        waiting.extend(more or ())
        waiting.sort(key=lambda job: job.weight)

    wish(jobs)
    nurseries: dict[object, Nursery] = {}
    running: dict[Connection, _Running] = {}
    try:
        while waiting or running:
            beside = [one.job for one in running.values()]
            while (job := _next(waiting, beside, workers)) is not None:
                waiting.remove(job)
                beside.append(job)
                running[_nursery(nurseries, job).bear(job)] = _Running(job)
            for pipe in wait(list(running), timeout=1.0):
                assert isinstance(pipe, Connection)  # noqa: S101
                ran = running[pipe].received(pipe)
                if ran is not None:
                    del running[pipe]
                    wish(done(ran))
            for pipe, one in list(running.items()):
                if time.monotonic() - one.begun > one.job.patience:
                    del running[pipe]
                    one.kill(pipe)
                    trouble = f"took over {one.job.patience:.0f} s"
                    wish(done(Ran(one.job, seconds=one.job.patience, trouble=trouble)))
    finally:
        for pipe, one in running.items():
            one.kill(pipe)
        for nursery in nurseries.values():
            nursery.close()


@dataclass
class _Running:
    """A job that was begun; the id of its process is known soon after."""

    job: Job
    begun: float = field(default_factory=time.monotonic)
    pid: int = 0

    def received(self, pipe: Connection) -> Ran | None:
        """Read what the process tells; return what came of the job, once it is known."""
        try:
            told: int | Ran = pipe.recv()
        except EOFError:
            told = Ran(self.job, trouble="its process died")
        if isinstance(told, int):
            self.pid = told
            return None
        pipe.close()
        return told

    def kill(self, pipe: Connection) -> None:
        """End the process."""
        while not self.pid and pipe.poll(_BIRTH) and self.received(pipe) is None:
            pass
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        pipe.close()


def _nursery(nurseries: dict[object, Nursery], job: Job) -> Nursery:
    """Return the nursery of a job: those that are short share what was collected."""
    short = job.kind in _SHORT
    key = (job.vendor, job.profile, job.seed) if short else None
    if key not in nurseries:
        live = partial(_collected, job) if short else _apart
        nurseries[key] = Nursery(live, nurseries.values())
    return nurseries[key]


def _collected(like: Job, births: Births) -> None:
    """Collect the suites once for all jobs like this one."""
    with tempfile.TemporaryDirectory(prefix="receiptspec-") as scratch:
        plain = replace(like, faults=(), variants=())
        session.judge(_arguments(Path(scratch), plain), [_Collected(births)])


def _apart(births: Births) -> None:
    """Give every job a session of its own."""
    job = births.wait()
    if job is not None:
        births.end(perform(job))


def _next(waiting: Sequence[Job], running: Collection[Job], workers: int) -> Job | None:
    """Return the longest job for which there is room."""
    beside = Counter(map(_pool, running))
    return next(
        (job for job in reversed(waiting) if beside[_pool(job)] < _room(job, workers)), None
    )


def _room(job: Job, workers: int) -> int:
    """Return how many of a kind may run."""
    return _IDLERS * workers if job.waits else workers


def _pool(job: Job) -> tuple[bool, bool]:
    """Return what a job has its workers with."""
    return job.kind in _SHORT, job.waits
