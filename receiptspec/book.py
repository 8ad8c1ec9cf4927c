"""What the controlling process keeps: the results of all workers, until the reports are written."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from receiptspec import report
from receiptspec.errors import EXIT, ConfigurationError
from receiptspec.exchange import Redactor
from receiptspec.findings import Outcome, Result
from receiptspec.results import exit_code, serialise
from receiptspec.run import Run
from receiptspec.waits import Waited

__all__ = ["Book"]

_DEATHS = 2  # of workers at one test, after which it is not tried again


class Book:
    """Keeps the results of all workers and closes the run."""

    def __init__(self, run: Run, config: pytest.Config) -> None:
        self.run = run
        self.config = config
        self.ledger = run.ledger()
        self.clock = time.perf_counter()
        self.document: dict[str, Any] | None = None
        self.trouble: list[str] = []
        self.written: list[Path] = []
        self._sent: dict[tuple[str, str], int] = {}
        self._waited: dict[tuple[str, str], Waited] = {}
        self._others_failed = False
        self._own: set[tuple[str, str]] = set()
        self._deaths: Counter[str] = Counter()
        self._lines: report.jsonlines.Writer | None = None

    def pytest_report_header(self) -> list[str]:
        """Say what is tested against what, and how to repeat it."""
        return [report.terminal.headline(self.run)]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Enter the results that a test carried."""
        if hasattr(report, "receiptspec_sent"):
            worker = getattr(report, "worker_id", "master")
            place = worker, report.receiptspec[0]["target"]
            self._sent[place] = report.receiptspec_sent
            self._waited[place] = Waited(**report.receiptspec_waited)
        entries = getattr(report, "receiptspec", ())
        for entry in entries:
            self._enter(entry)
        self._others_failed |= (
            report.failed and not entries and not self.run.named(report.nodeid)[0]
        )

    # --- parts and workers ------------------------------------------------------------------

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note which rows are this shard's."""
        self._collected([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """Note the same of what workers have collected."""
        self._collected(ids)

    def _collected(self, ids: Sequence[str]) -> None:
        if self.run.shard is None or self._own or not ids:
            return
        self._own = {self.run.named(nodeid) for nodeid in ids}
        if self.run.shard.number == 1:  # nobody tests these, and somebody has to list them
            self._own |= {
                (target.name, row.id)
                for target in self.run.targets
                for row in self.run.contracts[target.vendor].requirements
                if row.excluded
            }
        if self._lines is not None:
            self._lines.rows(self._own)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Say that a worker died; a new one does its work again."""
        if error:
            name = node.gateway.id
            self.trouble.append(f"worker {name} died ({error}); what it had left was done again")

    def deadly(self, nodeid: str) -> bool:
        """Note that a worker died at a test; whether that is enough to call it an error."""
        self._deaths[nodeid] += 1
        if self._deaths[nodeid] < _DEATHS:
            return False
        target, identifier = self.run.named(nodeid)
        vendors = {one.name: one.vendor for one in self.run.targets}
        if target not in vendors:  # a test of the user's own, which xdist reports
            return True
        row = self.run.contracts[vendors[target]].requirement(identifier)
        result = Result(
            target=target,
            requirement=row.id,
            level=row.level,
            check=row.check or "",
            outcome=Outcome.ERROR,
            reason=f"{self._deaths[nodeid]} workers died at this test",
        )
        self._enter(serialise(result, Redactor()))
        return True

    def _enter(self, entry: dict[str, Any]) -> None:
        self.ledger.add(entry)
        if self._lines is not None:
            self._lines.result(entry, requests=sum(self._sent.values()))

    # --- beginning and end ------------------------------------------------------------------

    def pytest_sessionstart(self) -> None:
        """Begin run.jsonl, which holds what a killed run had found."""
        directory = self.config.getoption("--report")
        if not directory or self.config.option.collectonly:
            return
        try:
            place = report.folder(Path(directory))
            self._lines = report.jsonlines.Writer(place / "run.jsonl")
            report.withdraw(place)
        except ConfigurationError as error:
            raise pytest.UsageError(str(error)) from None
        ahead = self._document(self._results(), code=EXIT["interrupted"])
        deviations = {target.name: target.deviations for target in self.run.targets}
        self._lines.header(ahead, deviations, self.ledger.today)

    def _results(self, *, cut: bool = False) -> list[dict[str, Any]]:
        return [
            row
            for row in self.ledger.results(self.run.requirements, cut=cut)
            if self.run.wants(row["target"], row["requirement"])
            and (not self._own or self._is_ours(row["target"], row["requirement"]))
        ]

    def _is_ours(self, target: str, requirement: str) -> bool:
        """Whether a row is this shard's, or one of which this shard found something."""
        key = (target, requirement)
        return key in self._own or key in self.ledger

    def _document(
        self, results: list[dict[str, Any]], *, stale: Sequence[str] = (), code: int
    ) -> dict[str, Any]:
        return report.document(
            self.run,
            results,
            stale=stale,
            requests=sum(self._sent.values()),
            waited={
                target.name: sum(
                    (one for (_, name), one in self._waited.items() if name == target.name),
                    Waited(),
                )
                for target in self.run.targets
            },
            duration=time.perf_counter() - self.clock,
            code=code,
            complete=code != EXIT["interrupted"],
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Draw the conclusion, write the reports, set the exit code."""
        if self.config.option.collectonly:
            return
        interrupted = exitstatus == pytest.ExitCode.INTERRUPTED
        results = self._results(cut=interrupted)
        stale = self.ledger.stale(results)
        code = exit_code(results, strict=self.run.strict, stale=stale)
        if interrupted:
            code = EXIT["interrupted"]
        elif exitstatus in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR):
            code = int(exitstatus)
        self.document = self._document(results, stale=stale, code=code)
        directory = self.config.getoption("--report")
        try:
            if directory:
                self.written = report.replace(self.document, Path(directory))
        except ConfigurationError as error:
            self.trouble.append(str(error))
            code = code or EXIT["usage or configuration"]
        if code == EXIT["conforms"] and self._others_failed:
            code = int(exitstatus)
        if self._lines is not None:
            self._lines.end(self.document)
        session.exitstatus = code

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Show the table and the failures below pytest's own output, the verdict last."""
        for line in self.trouble:
            terminalreporter.write_line(f"receiptspec: {line}")
        if self.document is not None:
            report.terminal.show(self.document, file=terminalreporter._tw._file)
