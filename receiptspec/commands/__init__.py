"""The commands: one module a subject; `receiptspec.cli` finds them by name and imports on use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from receiptspec import contract as contracts
from receiptspec import recorded, targetfile
from receiptspec.errors import ConfigurationError

__all__ = [
    "JOURNAL",
    "TARGETS",
    "Whole",
    "requirement_ids",
    "target_names",
    "targets_of",
    "vendor_names",
]


class Whole(click.IntRange):
    """A whole number between two others, named so that a mistake is understood."""

    name = "whole number"

    def get_metavar(self, *_: object, **__: object) -> str:
        """Return what stands for it in a usage line."""
        return "N"


def target_names(ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a target, for a shell."""
    try:
        names = targetfile.names(targetfile.find_file(ctx.params.get("file")))
    except ConfigurationError:
        return []
    return [name for name in names if name.startswith(incomplete)]


def requirement_ids(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the id of a requirement, for a shell."""
    found = (row.id for name in contracts.vendors() for row in contracts.load(name).requirements)
    return [id_ for id_ in found if id_.startswith(incomplete.upper())]


def vendor_names(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the name of a vendor, for a shell."""
    return [name for name in contracts.vendors() if name.startswith(incomplete)]


TARGETS = click.option(
    "--targets", "file", metavar="FILE", help="Where targets are. Default: ./targets.yaml."
)
JOURNAL = click.option(
    "--journal",
    "folder",
    metavar="DIR",
    help="Where runs note what they make. Default: receiptspec/journal in the state directory.",
)


def targets_of(report: Mapping[str, Any], target: str, file: str | None) -> Path:
    """Return the targets file: the one named, else the one of the report, else the usual one.

    Raises `ConfigurationError` where that of the report is not there and the usual one will not do.
    """
    said = recorded.target(report, target).get("targets_file", "")
    if file is None and said and Path(said).is_file():
        return Path(said)
    found = targetfile.find_file(file)
    if file is None and said and target not in targetfile.names(found):
        raise ConfigurationError(
            f"{said}, where the report found target {target!r}, is not here",
            fix="go to the folder of that run, or name the file by --targets",
        )
    return found
