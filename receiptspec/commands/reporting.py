"""`receiptspec report` and `receiptspec compare`: what can be made of runs that are over."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from receiptspec import report as reports
from receiptspec.report import comparison, files, terminal
from receiptspec.report import html as page

__all__ = ["compare", "report"]

F = TypeVar("F", bound=Callable[..., Any])

#: Options of `report` and the name that `run --report` gives to the same format.
_FORMATS = {
    "html": "report.html",
    "junit": "junit.xml",
    "markdown": "summary.md",
    "sarif": "report.sarif",
    "har": "traffic.har",
    "badge": "badge.json",
    "json": "report.json",
}


def _options(command: F) -> F:
    for name, usual in reversed(_FORMATS.items()):
        option = click.option(f"--{name}", metavar="FILE", help=f"Write what a run calls {usual}.")
        command = option(command)
    return command


@click.command(
    epilog="""\b
Examples:
  receiptspec report out/report.json                 show it again
  receiptspec report out/run.jsonl --html page.html  make a page of a run that was cut short
  receiptspec report shard-1/run.jsonl shard-2/run.jsonl --json report.json
"""
)
@click.argument("reports_", metavar="FILE...", nargs=-1, required=True)
@_options
def report(reports_: tuple[str, ...], **wanted: str | None) -> None:
    """Make any format from a report.json or run.jsonl, or show it.

    A run.jsonl of a run that was killed gives what it had found. Several files, such as the shards
    of one run, become one report in which outcomes only ever raise.
    """
    found = files.load([Path(name) for name in reports_])
    chosen = {name: file for name, file in wanted.items() if file is not None}
    files.write(
        {Path(file): reports.FORMATS[_FORMATS[name]](found) for name, file in chosen.items()}
    )
    if not chosen:
        terminal.show(found, file=sys.stdout)


@click.command(
    epilog="""\b
Examples:
  receiptspec compare before/report.json after/report.json
  receiptspec compare around.json through.json --html page.html --allow TC-GEN-28
"""
)
@click.argument("before")
@click.argument("after")
@click.option("--html", metavar="FILE", help="Write a page to look at.")
@click.option("--json", "data", metavar="FILE", help="Write the differences as JSON.")
@click.option(
    "--allow",
    "allowed",
    multiple=True,
    metavar="ID",
    help="A requirement that may get worse, or a target that may go missing.",
)
def compare(
    before: str, after: str, html: str | None, data: str | None, allowed: tuple[str, ...]
) -> None:
    """Say what differs between two reports: requirement by target, and observations.

    Reports of one target each are compared whatever its name; others by the names of targets.

    Exit status: 0 nothing got worse, 1 something did that --allow does not name, 4 usage.
    """
    pair = [files.load([Path(name)]) for name in (before, after)]
    found = comparison.compare(*pair, allowed=allowed)
    texts = {}
    if data is not None:
        texts[Path(data)] = json.dumps(found, ensure_ascii=False, indent=2) + "\n"
    if html is not None:
        texts[Path(html)] = page.comparison(found, *pair)
    files.write(texts)
    terminal.show_comparison(found, file=sys.stdout)
    sys.exit(found["exit_code"])
