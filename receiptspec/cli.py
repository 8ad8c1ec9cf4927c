"""The command line."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click
import pytest
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from receiptspec import __version__, resources, traceability
from receiptspec import contract as contracts
from receiptspec import targets as targets_file
from receiptspec.case import PROFILES
from receiptspec.errors import ConfigurationError, ReceiptspecError
from receiptspec.report import terminal
from receiptspec.results import EXIT
from receiptspec.run import prepare

__all__ = ["main"]

_TARGETS = click.option(
    "--targets", "file", metavar="FILE", help="Where targets are. Default: ./targets.yaml."
)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="receiptspec")
def cli() -> None:
    r"""Say whether an implementation of a read-receipt API keeps its vendor's contract.

    \b
    receiptspec run --target reference            judge the packaged reference server
    receiptspec run --target mine --report out    judge your own; targets.yaml says where it is
    receiptspec serve                             run the reference server as a sandbox
    """


@cli.command()
@_TARGETS
@click.option("--target", "names", multiple=True, metavar="NAME", help="Judge this target.")
@click.option(
    "--profile", default="standard", type=click.Choice(list(PROFILES)), help="How thoroughly."
)
@click.option("--requirement", "ids", multiple=True, metavar="ID", help="Only this requirement.")
@click.option("--strict", is_flag=True, help="A broken SHOULD fails the run as well.")
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), help="Repeat another run's requests.")
@click.option("--report", "directory", metavar="DIR", help="Write report.json there.")
@click.option("-n", "workers", type=click.IntRange(1, 64), default=1, help="Parallel workers.")
def run(
    file: str | None,
    names: tuple[str, ...],
    profile: str,
    ids: tuple[str, ...],
    strict: bool,
    seed: int | None,
    directory: str | None,
    workers: int,
) -> None:
    """Judge targets by the documented contract of their vendor.

    Exit status: 0 conforms, 1 does not conform, 2 interrupted, 3 the suite's own error, 4 usage or
    configuration, 5 nothing exercised, 6 inconclusive (the infrastructure failed).
    """
    chosen = names or ("reference",)
    prepared = prepare(
        file=file, names=chosen, profile=profile, seed=seed, requirements=ids, strict=strict
    )
    if directory is not None:
        _writable(Path(directory))
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
    if workers > 1:
        arguments += ["-n", str(workers), "--dist", "loadgroup"]
    sys.exit(_pytest(arguments))


def _pytest(arguments: Sequence[str]) -> int:
    """Run the suites in this process, apart from whatever pytest settings the user has."""
    suites = resources.path("suites")
    with tempfile.TemporaryDirectory(prefix="receiptspec-") as scratch:
        os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", scratch)
        os.environ.pop("PYTEST_ADDOPTS", None)
        ini = Path(scratch, "pytest.ini")
        ini.write_text("[pytest]\n", encoding="utf-8")
        own = ["-c", str(ini), "--rootdir", str(suites), "-p", "no:cacheprovider"]
        own += [
            "-p",
            "no:terminal",
            "-p",
            "receiptspec.plugin",
            "--import-mode=importlib",
            "--assert=plain",
        ]
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
        self._interrupted = False
        signal.signal(signal.SIGINT, self._interrupt)

    def _interrupt(self, *_: object) -> None:
        """Interrupt, and remember it: raised inside some callbacks it would be lost."""
        self._interrupted = True
        raise KeyboardInterrupt

    def pytest_runtest_setup(self) -> None:
        """Stop before the next test when an interrupt was lost."""
        if self._interrupted:
            raise KeyboardInterrupt

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

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Stop the bar and show the conclusion."""
        self._bar.stop()
        book: Any = session.config.pluginmanager.get_plugin("receiptspec-book")
        if book is not None and book.document is not None:
            terminal.show(book.document, file=sys.stdout)


def _writable(directory: Path) -> None:
    """Refuse a report directory that cannot be one before anything is sent."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            return
    except OSError as error:
        what = f"reports cannot be written there: {error.strerror}"
        raise ConfigurationError(what, file=directory) from None


@cli.command()
@_TARGETS
def targets(file: str | None) -> None:
    """List the targets that a run can name."""
    path = targets_file.find_file(file)
    click.echo(f"# {path}")
    for name in targets_file.names(path):
        click.echo(name)


@cli.command()
@click.option("--vendor", help="Only this vendor's.")
@click.option("--operation", help="Only this operation's.")
def requirements(vendor: str | None, operation: str | None) -> None:
    """List requirement rows: id, level, state, check and text."""
    for name in _vendors(vendor):
        contract = contracts.load(name)
        if operation is not None and operation not in contract.operations:
            known = ", ".join(contract.operations)
            if vendor is not None:
                raise ConfigurationError(f"no operation {operation!r}", fix=f"known: {known}")
            continue
        for row in contract.requirements:
            if operation is None or row.operation == operation:
                state = traceability.state(row)
                click.echo(
                    f"{row.id:<11} {row.level:<6} {state:<8} {row.check or '-':<36} {row.text}"
                )


def _vendors(name: str | None) -> tuple[str, ...]:
    known = contracts.vendors()
    if name is None:
        return known
    if name not in known:
        raise ConfigurationError(f"no vendor {name!r}", fix=f"known: {', '.join(known)}")
    return (name,)


@cli.command()
@click.argument("requirement")
def explain(requirement: str) -> None:
    """Print one requirement: text, source, impact, allowed codes, faults, how to run just it."""
    from receiptspec.reference.faults import FAULTS

    for name in contracts.vendors():
        contract = contracts.load(name)
        for row in contract.requirements:
            if row.id == requirement:
                faults = [f.name for f in FAULTS.values() if f.requirement == row.id]
                click.echo(traceability.explain(contract, row, faults))
                return
    raise ConfigurationError(
        f"no requirement {requirement!r}", fix="receiptspec requirements lists them"
    )


@cli.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one.")
@click.option("--fault", "faults", multiple=True, metavar="NAME", help="Break one promise.")
@click.option("--variant", "variants", multiple=True, metavar="NAME", help="Use one freedom.")
@click.option("--webhook", metavar="URL", help="Loopback address that gets the callbacks.")
@click.option("--list", "listing", is_flag=True, help="List faults and variants and stop.")
def serve(
    host: str,
    port: int,
    faults: tuple[str, ...],
    variants: tuple[str, ...],
    webhook: str | None,
    listing: bool,
) -> None:
    """Run the reference server as a sandbox; prints a ready-to-paste target block."""
    from receiptspec import reference

    if listing:
        for line in reference.catalogue():
            click.echo(line)
        return
    reference.serve(host=host, port=port, faults=faults, variants=variants, webhook=webhook)


def _stop(error: ReceiptspecError) -> NoReturn:
    click.echo(f"receiptspec: {error}", err=True)
    usage = isinstance(error, ConfigurationError)
    sys.exit(EXIT["usage or configuration"] if usage else EXIT["error of the suite"])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; a mistake of the user ends in one line and exit status 4."""
    command: Callable[..., Any] = cli.main
    try:
        command(args=arguments, prog_name="receiptspec", standalone_mode=False)
    except click.Abort:
        sys.exit(EXIT["interrupted"])
    except click.ClickException as error:
        click.echo(f"receiptspec: {error.format_message()}", err=True)
        sys.exit(EXIT["usage or configuration"])
    except ReceiptspecError as error:
        _stop(error)
    except KeyboardInterrupt:
        sys.exit(EXIT["interrupted"])


if __name__ == "__main__":
    main()
