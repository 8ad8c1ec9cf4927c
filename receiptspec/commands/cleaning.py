"""`receiptspec cleanup`: remove what runs that could not end left on their targets."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import click

from receiptspec import targetfile
from receiptspec.commands import JOURNAL, TARGETS
from receiptspec.errors import EXIT
from receiptspec.journal import default_folder, finished
from receiptspec.run import clean_up

__all__ = ["cleanup"]


@click.command(
    epilog="""\b
Examples:
  receiptspec cleanup                    on every target that something was left on
  receiptspec cleanup --target staging   on one
"""
)
@TARGETS
@JOURNAL
@click.option("--target", "names", multiple=True, metavar="NAME", help="Only on this target.")
def cleanup(file: str | None, folder: str | None, names: tuple[str, ...]) -> None:
    """Remove what runs that could not end left on their targets, and list what stays.

    Runs that are still going on are left alone. Exit status: 0 nothing is left, 6 something is.
    """
    place = Path(folder) if folder else default_folder()
    path = targetfile.find_file(file)
    known = targetfile.names(path)
    with contextlib.ExitStack() as closing:
        journals = [closing.enter_context(contextlib.closing(one)) for one in finished(place)]
        concerned = list(dict.fromkeys(journal.target for journal in journals))
        chosen = names or tuple(name for name in concerned if name in known)
        targets = {name: targetfile.load(path, name) for name in chosen}
        removed, left = clean_up(journals, targets)
    for line in removed:
        click.echo(f"removed {line}")
    for item in left:
        click.echo(f"left    {item}")
    strangers = [] if names else [name for name in concerned if name not in known]
    for name in strangers:
        click.echo(f"left    {name}: {path} has no such target; say --targets FILE")
    if not removed and not left and not strangers:
        click.echo(f"nothing to clean up in {place}")
    sys.exit(EXIT["inconclusive"] if left or strangers else 0)
