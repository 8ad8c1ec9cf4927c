"""Schemathesis and receiptspec, each run once against one server within bounds."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import requests

from benchmarks.peers import seeding
from receiptspec.reference import Server, Settings, launch

__all__ = ["Bounds", "Contestant", "Outcome", "Receiptspec", "Schemathesis"]

HOOKS = Path(__file__).with_name("hooks.py")
_COMPLAINT = re.compile(r"(?:❌|🚫) +((?:ST\d+ )?[A-Z][^\n]*: \d+)")
_CONFIG = '[phases.coverage]\nunexpected-methods = ["GET", "PUT"]\n'


@dataclass(frozen=True)
class Outcome:
    """What one run said: `said` names failures, and is empty where nothing was found wrong."""

    said: tuple[str, ...]
    requests: int
    seconds: float
    trouble: str = ""


@dataclass(frozen=True)
class Bounds:
    """The budget of one run: Schemathesis's examples an operation, seconds, the seed."""

    examples: int
    seconds: int
    seed: int


class Contestant(Protocol):
    """What the table compares."""

    name: str

    def run(self, faults: tuple[str, ...], variants: tuple[str, ...], seed: int) -> Outcome:
        """Judge one server."""


def _launch(faults: tuple[str, ...], variants: tuple[str, ...]) -> Server:
    return launch(Settings(faults=faults, variants=variants, key=seeding.KEY, sdkappid=seeding.APP))


def _count(server: Server) -> int:
    found = requests.get(f"{server.url}/_reference/stats", timeout=30).json()
    return int(found["requests"])


def _program() -> str:
    beside = Path(sys.executable).with_name("schemathesis")
    found = str(beside) if beside.exists() else shutil.which("schemathesis")
    if found is None:
        raise SystemExit("peers: schemathesis is not installed; pip install -e '.[peers]'")
    return found


class Schemathesis:
    """Runs ``schemathesis run``; failures that the correct server shows too are its baseline."""

    def __init__(self, folder: Path, bounds: Bounds, *, map_refusals: bool = True) -> None:
        self.name = "schemathesis" if map_refusals else "schemathesis (no status hook)"
        self._folder, self._bounds, self._mapped = folder, bounds, map_refusals
        self._baseline = folder / f"baseline-{'mapped' if map_refusals else 'plain'}.json"

    def learn(self, times: int) -> int:
        """Record what fails on the correct server, with several seeds; return how much."""
        for turn in range(times):
            self._run((), (), self._bounds.seed + turn, record=True)
        if not self._baseline.exists():
            return 0
        return len(json.loads(self._baseline.read_text(encoding="utf-8"))["entries"])

    def run(self, faults: tuple[str, ...], variants: tuple[str, ...], seed: int) -> Outcome:
        """Judge one server by what its baseline does not hold."""
        return self._run(faults, variants, seed, record=False)

    def _run(
        self, faults: tuple[str, ...], variants: tuple[str, ...], seed: int, *, record: bool
    ) -> Outcome:
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        with _launch(faults, variants) as server:
            facts = seeding.seed(server)
            facts.write(folder / "facts.json", map_refusals=self._mapped)
            made = seeding.document(server, facts, map_refusals=self._mapped)
            (folder / "openapi.json").write_text(json.dumps(made), encoding="utf-8")
            (folder / "schemathesis.toml").write_text(_CONFIG, encoding="utf-8")
            before, started = _count(server), time.monotonic()
            status, output = self._start(server, folder, seed, record=record)
            seconds, sent = time.monotonic() - started, _count(server) - before
        (folder / "output.txt").write_text(output, encoding="utf-8")
        trouble = {0: "", 1: "", None: "timed out"}.get(status, f"exit status {status}")
        said: list[str] = []
        if status == 1 and not record:
            summary = output.rpartition("= SUMMARY =")[2]
            said = _COMPLAINT.findall(summary) or ["exit status 1"]
        return Outcome(tuple(said), sent, seconds, trouble)

    def _start(
        self, server: Server, folder: Path, seed: int, *, record: bool
    ) -> tuple[int | None, str]:
        command = [_program(), "--config-file", "schemathesis.toml", "run", "openapi.json"]
        command += ["--url", server.url, "--checks", "all", "--continue-on-failure", "--no-color"]
        command += ["--max-examples", str(self._bounds.examples), "--mode", "all", "--no-shrink"]
        command += ["--seed", str(seed), "--generation-database", "none"]
        command += ["--max-response-time", "3", "--request-timeout", "10"]
        command += ["--suppress-health-check", "all", "--baseline", str(self._baseline)]
        command += ["--baseline-update"] if record and self._baseline.exists() else []
        environment = {
            **os.environ,
            "SCHEMATHESIS_HOOKS": "hooks",
            "PEERS_FACTS": str(folder / "facts.json"),
            "PYTHONPATH": os.pathsep.join([str(HOOKS.parent), os.environ.get("PYTHONPATH", "")]),
        }
        try:
            done = subprocess.run(  # noqa: S603
                command,
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                timeout=self._bounds.seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return None, ""
        return done.returncode, done.stdout + done.stderr


class Receiptspec:
    """Runs ``receiptspec run``; a broken MUST or SHOULD is a failure."""

    def __init__(self, folder: Path, bounds: Bounds, profile: str) -> None:
        self.name = f"receiptspec ({profile})"
        self._folder, self._bounds, self._profile = folder, bounds, profile

    def run(self, faults: tuple[str, ...], variants: tuple[str, ...], seed: int) -> Outcome:
        """Judge one server."""
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        with _launch(faults, variants) as server:
            file = folder / "targets.yaml"
            file.write_text(
                f"t:\n  vendor: tencent\n  url: {server.url}\n  rate: 100000/s\n"
                f"  auth: {{sdkappid: {server.sdkappid}, identifier: {server.identifier}, "
                f"key: {server.key}}}\n",
                encoding="utf-8",
            )
            command = [sys.executable, "-m", "receiptspec", "run", "--targets", str(file)]
            command += ["--target", "t", "--profile", self._profile, "--report", str(folder)]
            command += ["--seed", str(seed)]
            before, started = _count(server), time.monotonic()
            try:
                done = subprocess.run(  # noqa: S603
                    command, capture_output=True, timeout=self._bounds.seconds, check=False
                )
                trouble = "" if done.returncode in (0, 1) else f"exit status {done.returncode}"
            except subprocess.TimeoutExpired:
                trouble = "timed out"
            seconds, sent = time.monotonic() - started, _count(server) - before
        report = folder / "report.json"
        found = json.loads(report.read_text(encoding="utf-8"))["results"] if report.exists() else []
        said = (one["requirement"] for one in found if one["outcome"] in ("fail", "warning"))
        return Outcome(tuple(said), sent, seconds, trouble)
