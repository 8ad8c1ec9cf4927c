"""`receiptspec prove`: the suites against every fault and every freedom of the reference."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from receiptspec import report
from receiptspec.case import PROFILES
from receiptspec.commands import Whole
from receiptspec.errors import EXIT
from receiptspec.proving import proof, show
from receiptspec.proving.jobs import Ran
from receiptspec.report import terminal

__all__ = ["prove"]

_EACH = 50  # jobs between two lines of progress where nobody watches a bar


@click.command(
    epilog="""\b
Examples:
  receiptspec prove --fault unread-stays              is this one found?
  receiptspec prove --vendor tencent --changed main   faults of what was changed
  receiptspec prove --gate --report out               everything, for the night
"""
)
@click.option("--vendor", help="Only this vendor's.")
@click.option("--fault", "faults", multiple=True, metavar="NAME", help="Only this fault.")
@click.option("--variant", "variants", multiple=True, metavar="NAME", help="Only this variant.")
@click.option("--class", "classes", multiple=True, metavar="CLASS", help="Only faults like this.")
@click.option("--changed", metavar="REV", help="Only faults of rows whose check changed since.")
@click.option("--profile", default="standard", type=click.Choice(list(PROFILES)))
@click.option("--seed", type=Whole(0, 2**32 - 100), default=1, show_default=True)
@click.option("--gate", "gated", is_flag=True, help="Exit with 1 unless the proof is good enough.")
@click.option("--report", "directory", metavar="DIR", help="Write prove.json and prove.md there.")
@click.option("-n", "workers", type=Whole(1, 64), help="Default: four for each core.")
def prove(
    vendor: str | None,
    faults: tuple[str, ...],
    variants: tuple[str, ...],
    classes: tuple[str, ...],
    changed: str | None,
    profile: str,
    seed: int,
    gated: bool,
    directory: str | None,
    workers: int | None,
) -> None:
    """Prove the suites: each fault of the reference is found, no freedom of it is blamed.

    Without a choice: every fault, every variant, pairs of variants, with twenty seeds. Exit status:
    0, with --gate 1 where a rule of the gate is broken.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    choice = proof.Choice(vendor, faults, variants, classes, changed, profile, seed)
    if directory is not None:
        report.claim(Path(directory))
    with _bar() as bar:
        task = bar.add_task("proving", total=None)

        def progress(ran: Ran, ended: int, expected: int) -> None:
            bar.update(task, completed=ended, total=expected, description=f"{ran.job.name:<32}")
            bar.refresh()
            if bar.disable and (ended % _EACH == 0 or ran.trouble):
                click.echo(f"{ended}/{expected} {ran.job.name} {ran.trouble}".rstrip(), err=True)

        found = proof.prove(choice, workers=workers or _workers(), progress=progress)
    show.terminal(found, file=sys.stdout)
    if directory is not None:
        text = json.dumps(found, ensure_ascii=False, indent=1) + "\n"
        report.write_texts({"prove.json": text, "prove.md": show.markdown(found)}, Path(directory))
    if gated and not all(rule["holds"] for rule in found["gate"]):
        sys.exit(EXIT["does not conform"])


def _interrupt(*_: object) -> NoReturn:
    """End as for an interrupt, so that no session is left behind."""
    raise KeyboardInterrupt


def _workers() -> int:
    """Return four workers a core: three quarters of a job's time are waiting."""
    return 4 * (os.cpu_count() or 1)


def _bar() -> Progress:
    """Return a bar that has no thread of its own: processes are forked while it shows."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        transient=True,
        auto_refresh=False,
        disable=not sys.stderr.isatty(),
        console=terminal.console_for(sys.stderr),
    )
