"""`receiptspec run`: the suites through pytest in this process."""

from __future__ import annotations

import signal
import sys
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import click
import pytest
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from receiptspec import recorded, report, session, targetfile, traceability
from receiptspec.case import PROFILES
from receiptspec.checks.answers import WITNESSED
from receiptspec.commands import JOURNAL, TARGETS, Whole, requirement_ids, target_names, targets_of
from receiptspec.errors import EXIT, ConfigurationError
from receiptspec.report import files, terminal
from receiptspec.run import INTERRUPTED, host_of, prepare

__all__ = ["run"]

_MOST_HOSTS = 8
_RESTARTS = 100  # of workers that died, in all

_EXAMPLES = """\b
Examples:
  receiptspec run                                    the target `reference`: the packaged server
  receiptspec run --target mine --report out         your own; targets.yaml says where it is
  receiptspec run --target mine --profile smoke     at every commit: 150 requests
  receiptspec run --target mine --requirement TC-GMR-09 --seed 7
  receiptspec run --failed out/report.json           what failed there, with the same seed

Before the first run: receiptspec doctor --target mine
"""


@click.command(epilog=_EXAMPLES)
@TARGETS
@click.option("--all", "everything", is_flag=True, help="Judge all targets of the file.")
@click.option(
    "--target",
    "names",
    multiple=True,
    metavar="NAME",
    shell_complete=target_names,
    help="Judge this target.",
)
@click.option(
    "--profile", type=click.Choice(list(PROFILES)), help="How thoroughly. Default: standard."
)
@click.option(
    "--requirement",
    "ids",
    multiple=True,
    metavar="ID",
    shell_complete=requirement_ids,
    help="Only this requirement; TARGET/ID on one of the targets.",
)
@click.option(
    "--failed",
    "earlier",
    metavar="REPORT",
    type=click.Path(path_type=Path),
    help="Only what failed, warned or came to no verdict in a report, with its seed and profile.",
)
@click.option("--strict", is_flag=True, help="A broken SHOULD fails the run as well.")
@click.option("--seed", type=Whole(0, 2**32 - 1), help="Repeat another run's requests.")
@click.option("--report", "directory", metavar="DIR", help="Write all reports there.")
@JOURNAL
@click.option(
    "--shard",
    metavar="I/N",
    help="The I-th of N parts of the run, for several machines; `report` merges them.",
)
@click.option(
    "-n",
    "workers",
    type=Whole(1, 64),
    help="Parallel workers. Default: one, or one a host when targets are on several.",
)
def run(
    file: str | None,
    names: tuple[str, ...],
    everything: bool,
    profile: str | None,
    ids: tuple[str, ...],
    earlier: Path | None,
    strict: bool,
    seed: int | None,
    directory: str | None,
    folder: str | None,
    shard: str | None,
    workers: int | None,
) -> None:
    """Judge targets by the documented contract of their vendor.

    Exit status: 0 conforms, 1 does not conform, 2 interrupted, 3 the suite's own error, 4 usage or
    configuration, 5 nothing exercised, 6 inconclusive (the infrastructure failed).
    """
    if everything and names:
        raise ConfigurationError("--all and --target exclude each other")
    if earlier is not None:
        before = files.load([earlier])
        ids = (*ids, *_failed(before, names))
        if not ids:
            click.echo(f"nothing to run: nothing failed in {earlier}")
            sys.exit(EXIT["nothing exercised"])
        names = tuple(dict.fromkeys(entry.rpartition("/")[0] for entry in ids))
        file = str(targets_of(before, names[0], file))
        profile = profile or before["run"]["profile"]
        seed = before["run"]["seed"] if seed is None else seed
        strict = strict or before["run"].get("strict", False)
    profile = profile or "standard"
    known = targetfile.names(targetfile.find_file(file))
    if everything:
        names = known
    if not names and "reference" not in known:
        raise ConfigurationError("--target is missing", fix=f"known: {', '.join(known)}; or --all")
    chosen = names or ("reference",)
    prepared = prepare(
        file=file,
        names=chosen,
        profile=profile,
        seed=seed,
        requirements=ids,
        strict=strict,
        journal=folder,
        shard=shard,
    )
    if directory is not None:
        report.claim(Path(directory))
    click.echo(terminal.headline(prepared))
    arguments = ["--seed", str(prepared.seed), "--profile", profile]
    arguments += ["--targets", str(targetfile.find_file(file))]
    for name in chosen:
        arguments += ["--target", name]
    for identifier in ids:
        arguments += ["--requirement", identifier]
    if strict:
        arguments.append("--strict-should")
    if shard is not None:
        arguments += ["--shard", shard]
    if directory is not None:
        arguments += ["--report", directory]
    hosts = {host_of(target) for target in prepared.targets}
    if workers is None and len(hosts) > 1:
        workers = min(len(hosts), _MOST_HOSTS)
        arguments.append("--receiptspec-by-host")
    if folder is not None:
        arguments += ["--receiptspec-journal", str(Path(folder).resolve())]
    if workers is not None and workers > 1:
        arguments += ["-p", "xdist.plugin", "-n", str(workers), "--dist", "loadscope"]
        arguments += ["--max-worker-restart", str(_RESTARTS)]
    progress = _Progress()
    code = session.judge(arguments, [progress], traceability.files(prepared.chosen))
    if progress.unsaid is not None and not code:
        raise progress.unsaid
    sys.exit(code)


def _failed(before: recorded.Report, names: Sequence[str]) -> tuple[str, ...]:
    """Return what failed in a report, as ``target/requirement``, and what it takes to show it."""
    for name in names:
        recorded.target(before, name)
    chosen: dict[str, None] = {}
    for target, requirement in recorded.to_repeat(before):
        if not names or target in names:
            chosen[f"{target}/{requirement}"] = None
            row = recorded.find(before, f"{target}/{requirement}")
            if row["check"] in WITNESSED:
                companions = recorded.companions(before, row)
                chosen |= dict.fromkeys(f"{target}/{other}" for other in companions)
    return tuple(chosen)


def _lost(report: Any) -> None:
    """Say nothing of an interrupt that a callback of the interpreter swallowed."""
    if not isinstance(report.exc_value, KeyboardInterrupt):
        sys.__unraisablehook__(report)


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
        self.unsaid: OSError | None = None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._interrupt)
        sys.unraisablehook = _lost

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
        try:
            self._conclude()
        except OSError as error:  # raised here, it would keep pytest from ending its plugins
            self.unsaid = error
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
        for line in book.trouble if book is not None else ():
            click.echo(f"receiptspec: {line}", err=True)
        if book is not None and book.document is not None:
            terminal.show(book.document, file=sys.stdout)
            page = next((file for file in book.written if file.suffix == ".html"), None)
            if page is not None:
                click.echo(f"reports: {page} and beside it")
