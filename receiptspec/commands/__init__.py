"""The commands: one module a subject; `receiptspec.cli` finds them by name and imports on use."""

from __future__ import annotations

import click

__all__ = ["TARGETS"]

TARGETS = click.option(
    "--targets", "file", metavar="FILE", help="Where targets are. Default: ./targets.yaml."
)
