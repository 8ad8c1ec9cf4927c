"""`receiptspec doctor`: is a target ready to be judged?"""

from __future__ import annotations

import sys

import click

from receiptspec import doctor as examination
from receiptspec.commands import TARGETS, target_names
from receiptspec.run import prepare

__all__ = ["doctor"]

_EXAMPLES = """\b
Examples:
  receiptspec doctor --target mine
  receiptspec doctor --target mine && receiptspec run --target mine

\b
Exit status: 0 ready, 4 something is to be configured or switched on, 6 something is away.
"""


@click.command(epilog=_EXAMPLES)
@click.option(
    "--target",
    "names",
    multiple=True,
    required=True,
    metavar="NAME",
    shell_complete=target_names,
    help="Look at this target.",
)
@TARGETS
def doctor(names: tuple[str, ...], file: str | None) -> None:
    """Look at a target before any test runs, and say what to do.

    Address, TLS, clocks, rate, credentials, whether receipts are switched on and paid for, rights,
    read hook, webhook listener, and what a run would leave out and why. Where writes are allowed it
    makes one group with one message and dismisses it.
    """
    run = prepare(file=file, names=names, profile="standard", seed=0)
    lines = []
    try:
        for target in run.targets:
            click.echo(f"{target.name} ({target.url or 'embedded reference server'})")
            for line in examination.examine(run, target):
                lines.append(line)
                click.echo(f"  {line}")
    finally:
        run.close()
    code = examination.exit_code(lines)
    click.echo("ready" if code == 0 else "not ready: see the problems above")
    sys.exit(code)
