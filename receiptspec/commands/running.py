"""`receiptspec run`: the suites through pytest in this process."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import click
import pytest
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from receiptspec import report, resources
from receiptspec import targets as targets_file
from receiptspec.case import PROFILES
from receiptspec.commands import JOURNAL, TARGETS
from receiptspec.report import terminal
from receiptspec.run import INTERRUPTED, prepare

__all__ = ["run"]


@click.command()
@TARGETS
@click.option("--target", "names", multiple=True, metavar="NAME", help="Judge this target.")
@click.option(
    "--profile", default="standard", type=click.Choice(list(PROFILES)), help="How thoroughly."
)
@click.option("--requirement", "ids", multiple=True, metavar="ID", help="Only this requirement.")
@click.option("--strict", is_flag=True, help="A broken SHOULD fails the run as well.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Repeat another run's requests.")
@click.option("--report", "directory", metavar="DIR", help="Write report.json there.")
@JOURNAL
@click.option("-n", "workers", type=click.IntRange(1, 64), default=1, help="Parallel workers.")
def run(
    file: str | None,
    names: tuple[str, ...],
    profile: str,
    ids: tuple[str, ...],
    strict: bool,
    seed: int | None,
    directory: str | None,
    folder: str | None,
    workers: int,
) -> None:
    """Judge targets by the documented contract of their vendor.

    Exit status: 0 conforms, 1 does not conform, 2 interrupted, 3 the suite's own error, 4 usage or
    configuration, 5 nothing exercised, 6 inconclusive (the infrastructure failed).
    """
    chosen = names or ("reference",)
    prepared = prepare(
        file=file,
        names=chosen,
        profile=profile,
        seed=seed,
        requirements=ids,
        strict=strict,
        journal=folder,
    )
    if directory is not None:
        report.claim(Path(directory))
    click.echo(terminal.headline(prepared))
    arguments = ["--seed", str(prepared.seed), "--profile", profile]
    arguments += ["--targets", str(targets_file.find_file(file))]
    for name in chosen:
        arguments += ["--target", name]
    for identifier in ids:
        arguments += ["--requirement", identifier]
    if strict:
        arguments.append("--strict-should")
    if directory is not None:
        arguments += ["--report", directory]
    if folder is not None:
        arguments += ["--receiptspec-journal", str(Path(folder).resolve())]
    if workers > 1:
        arguments += ["-p", "xdist.plugin", "-n", str(workers), "--dist", "loadgroup"]
    sys.exit(_pytest(arguments))


def _pytest(arguments: Sequence[str]) -> int:
    """Run the suites in this process, apart from whatever pytest settings the user has."""
    suites = resources.path("suites")
    with tempfile.TemporaryDirectory(prefix="receiptspec-") as scratch:
        os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", scratch)
        os.environ.pop("PYTEST_ADDOPTS", None)
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        ini = Path(scratch, "pytest.ini")
        ini.write_text("[pytest]\n", encoding="utf-8")
        own = ["-c", str(ini), "--rootdir", str(suites), "-p", "no:cacheprovider"]
        for plugin in ("no:terminal", "_hypothesis_pytestplugin", "receiptspec.plugin"):
            own += ["-p", plugin]
        own += ["--import-mode=importlib", "--assert=plain"]
        return int(pytest.main([*own, *arguments, str(suites)], plugins=[_Progress()]))


class _Progress:
    """Shows how far the run is, and in the end what it found."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total}"),
            TimeElapsedColumn(),
            transient=True,
            disable=not sys.stderr.isatty(),
            console=terminal.console_for(sys.stderr),
        )
        self._task: TaskID | None = None
        self._book: Any = None
        self._finishing = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._interrupt)

    def _interrupt(self, *_: object) -> None:
        """Interrupt, and remember it: raised inside some callbacks it would be lost.

        While reports are written and things are cleaned up, that is only hurried.
        """
        INTERRUPTED.set()
        if not self._finishing:
            raise KeyboardInterrupt

    def pytest_runtest_setup(self) -> None:
        """Stop before the next test when an interrupt was lost."""
        if INTERRUPTED.is_set():
            raise KeyboardInterrupt

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Stop the bar, let the run be closed in peace, show the conclusion."""
        self._finishing = True
        self._book = session.config.pluginmanager.get_plugin("receiptspec-book")
        self._bar.stop()
        result = yield
        self._conclude()
        return result

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Start the bar."""
        self._total(len(session.items))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """Start the bar when workers have collected."""
        self._total(len(ids))

    def _total(self, count: int) -> None:
        if count and self._task is None:
            self._bar.start()
            self._task = self._bar.add_task("judging", total=count)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Advance the bar."""
        if self._task is not None and report.when == "call":
            entries = getattr(report, "receiptspec", None)
            name = entries[0]["requirement"] if entries else ""
            self._bar.update(self._task, advance=1, description=f"{name:<12}")

    def _conclude(self) -> None:
        book = self._book
        if book is not None and book.document is not None:
            terminal.show(book.document, file=sys.stdout)
        for line in book.trouble if book is not None else ():
            click.echo(f"receiptspec: {line}", err=True)
