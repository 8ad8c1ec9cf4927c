"""The commands: one module a subject; `receiptspec.cli` finds them by name and imports on use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from receiptspec import recorded
from receiptspec import targets as targets_file

__all__ = ["TARGETS", "targets_of"]

TARGETS = click.option(
    "--targets", "file", metavar="FILE", help="Where targets are. Default: ./targets.yaml."
)


def targets_of(report: Mapping[str, Any], target: str, file: str | None) -> Path:
    """Return the targets file: the one named, else the one of the report, else the usual one."""
    said = recorded.target(report, target).get("targets_file", "")
    if file is None and said and Path(said).is_file():
        return Path(said)
    return targets_file.find_file(file)
