"""`receiptspec deviations`: failures that the owner of a target knows and accepts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import click

from receiptspec import deviations as written
from receiptspec import recorded, targetfile
from receiptspec.commands import TARGETS, requirement_ids, target_names, targets_of
from receiptspec.errors import ConfigurationError
from receiptspec.findings import Outcome
from receiptspec.report import files
from receiptspec.targets import Deviation

__all__ = ["deviations"]

_ABOUT = """Accept known failures until a day, and look at what is accepted.

A deviation names one requirement and one signature: one way to break it. It turns that failure into
a known deviation, which fails no run; another failure of the same requirement still does. One that
has expired, or that no longer happens, fails the run until it is deleted or renewed.
"""

_EXAMPLES = """\b
Examples:
  receiptspec run --target mine --report out
  receiptspec deviations accept out/report.json --owner im-team --expires 2027-03-01
  receiptspec deviations accept out --requirement TC-GMR-16 --owner im-team \\
      --expires 2027-03-01 --reason "old code, fixed in 4.2"
  receiptspec deviations list
"""


@click.group(help=_ABOUT, epilog=_EXAMPLES)
def deviations() -> None:
    """Hold the subcommands."""


@deviations.command(epilog=_EXAMPLES)
@click.argument("report", type=click.Path(path_type=Path))
@click.option("--owner", required=True, help="Who accepts the failures.")
@click.option("--expires", required=True, metavar="DAY", help="The last day, like 2027-03-01.")
@click.option("--reason", help="Why. Default: what was found.")
@click.option(
    "--target",
    "name",
    metavar="NAME",
    shell_complete=target_names,
    help="Only this target's failures.",
)
@click.option(
    "--requirement",
    "ids",
    multiple=True,
    metavar="ID",
    shell_complete=requirement_ids,
    help="Only this requirement's.",
)
@click.option("--warnings", is_flag=True, help="Warnings too. Always so after a strict run.")
@TARGETS
def accept(
    report: Path,
    owner: str,
    expires: str,
    reason: str | None,
    name: str | None,
    ids: tuple[str, ...],
    warnings: bool,
    file: str | None,
) -> None:
    """Write what fails in REPORT as deviations into targets.yaml.

    The file keeps its comments and its layout. One that is there already stays as it is, one that
    has expired is renewed.
    """
    last = _day(expires)
    if not owner.strip():
        raise ConfigurationError("--owner is empty", fix="name a person or a team")
    document = files.load([report])
    if unknown := set(ids) - {row["requirement"] for row in document["results"]}:
        raise ConfigurationError(f"the report has no requirement {min(unknown)!r}", file=report)
    chosen = [name] if name is not None else [entry["name"] for entry in document["targets"]]
    outcomes = {Outcome.FAIL}
    if warnings or document["run"].get("strict"):
        outcomes.add(Outcome.WARNING)
    found = 0
    for target in chosen:
        recorded.target(document, target)
        rows = [
            row
            for row in document["results"]
            if row["target"] == target
            and row["outcome"] in outcomes
            and not row.get("new")
            and (not ids or row["requirement"] in ids)
        ]
        wanted = list(_accepted(rows, owner.strip(), last, reason))
        if wanted:
            found += len(wanted)
            _write(targets_of(document, target, file), target, wanted)
    if not found:
        click.echo("nothing to accept: none of that fails in the report")


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ConfigurationError(f"--expires {text!r} is no day", fix="YYYY-MM-DD") from None
    if day < date.today():
        raise ConfigurationError(f"--expires {text} has passed", fix="name a day to come")
    return day


def _accepted(
    rows: list[Mapping[str, Any]], owner: str, expires: date, reason: str | None
) -> Iterator[Deviation]:
    for row in rows:
        first = {finding["signature"]: finding for finding in reversed(row["findings"])}
        for signature in recorded.signatures(row):
            said = " ".join(first[signature]["message"].split())
            why = (reason or said or signature).replace("${", "$ {")
            yield Deviation(row["requirement"], signature, why, owner, expires)


def _write(file: Path, target: str, wanted: list[Deviation]) -> None:
    done = written.add(file, target, wanted, today=date.today())
    for words, group in (("accepted", done.added), ("renewed", done.renewed)):
        for one in group:
            click.echo(
                f"{file}: {target}: {words} {one.requirement} {one.signature!r} until {one.expires}"
            )
    for one in done.kept:
        click.echo(f"{file}: {target}: {one.requirement} {one.signature!r} was accepted already")


@deviations.command(name="list", epilog=_EXAMPLES)
@click.option(
    "--target", "name", metavar="NAME", shell_complete=target_names, help="Only this target's."
)
@TARGETS
def list_(name: str | None, file: str | None) -> None:
    """List accepted failures: target, requirement, signature, owner, last day, reason."""
    path = targetfile.find_file(file)
    known = targetfile.names(path)
    if name is not None and name not in known:
        raise ConfigurationError(f"no target {name!r}", file=path, fix=f"known: {', '.join(known)}")
    today = date.today().isoformat()
    for target in known if name is None else (name,):
        for block in targetfile.deviations(path, target):
            state = " EXPIRED" if block["expires"] < today else ""
            click.echo(
                f"{target} {block['requirement']} {block['signature']!r} {block['owner']} "
                f"until {block['expires']}{state}: {block['reason']}"
            )
