"""The commands: one module a subject; `receiptspec.cli` finds them by name and imports on use."""

from __future__ import annotations

import click

__all__ = ["JOURNAL", "TARGETS"]

TARGETS = click.option(
    "--targets", "file", metavar="FILE", help="Where targets are. Default: ./targets.yaml."
)
JOURNAL = click.option(
    "--journal",
    "folder",
    metavar="DIR",
    help="Where runs note what they make. Default: receiptspec/journal in the state directory.",
)
