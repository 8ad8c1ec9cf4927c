"""Reports of a finished run: what `schemas/report.schema.json` describes, and files."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

from receiptspec import __version__, traceability
from receiptspec.errors import ConfigurationError
from receiptspec.journal import lock
from receiptspec.report import files, jsonlines, terminal
from receiptspec.results import impact, summary
from receiptspec.run import Run
from receiptspec.targets import Target
from receiptspec.waits import Waited

__all__ = [
    "FORMATS",
    "as_json",
    "claim",
    "document",
    "files",
    "folder",
    "jsonlines",
    "replace",
    "terminal",
    "withdraw",
    "write",
    "write_texts",
]

Document = Mapping[str, Any]

_NOTHING: Mapping[str, Waited] = MappingProxyType({})

_CLAIMED: dict[Path, int] = {}


def claim(directory: Path) -> None:
    """Make the directory, find out that it can be written, and keep other runs from it.

    Raises `ConfigurationError` when it cannot be written, or another run is about to.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        place = directory.resolve()
        with tempfile.TemporaryFile(dir=directory):
            pass
        handle = None if place in _CLAIMED or os.name == "nt" else os.open(place, os.O_RDONLY)
    except OSError as error:
        what = f"reports cannot be written there: {error.strerror}"
        raise ConfigurationError(what, file=directory) from None
    if handle is None:
        return
    if not lock(handle):
        os.close(handle)
        raise ConfigurationError(
            "another run writes its report there", file=directory, fix="give each run its own"
        )
    _CLAIMED[place] = handle


def document(
    run: Run,
    results: Sequence[Mapping[str, Any]],
    *,
    stale: Sequence[str],
    requests: int,
    duration: float,
    code: int,
    complete: bool = True,
    waited: Mapping[str, Waited] = _NOTHING,
) -> dict[str, Any]:
    """Return the report of a run; times in seconds, `waited` by name of target."""
    started = datetime.fromtimestamp(run.started, UTC)
    return {
        "tool": {"name": "receiptspec", "version": __version__},
        "run": {
            "id": run.id,
            "started": started.isoformat(timespec="seconds").replace("+00:00", "Z"),
            "duration_s": round(duration, 3),
            "seed": run.seed,
            "profile": run.profile.name,
            "requests": requests,
            "strict": run.strict,
            **({"selected": True} if run.requirements else {}),
            "complete": complete,
            "exit_code": code,
            **({"shard": str(run.shard)} if run.shard else {}),
        },
        "targets": [_target(run, one, waited.get(one.name, Waited())) for one in run.targets],
        "results": [_with_row(run, entry) for entry in results],
        "stale_deviations": list(stale),
        "summary": summary(results),
    }


def _target(run: Run, target: Target, waited: Waited) -> dict[str, Any]:
    contract = run.contracts[target.vendor]
    return {
        "name": target.name,
        "vendor": target.vendor,
        "contract": f"{contract.vendor}@{contract.release}",
        "pin": f"{contract.vendor}@{target.pin}" if target.pin else None,
        "url": target.url or "embedded reference server",
        "description": target.description,
        "targets_file": target.file,
        **({"waiting": _waiting(target, waited)} if waited.spent else {}),
    }


def _waiting(target: Target, waited: Waited) -> dict[str, Any]:
    return {
        "spent_s": round(waited.spent, 3),
        "window_s": target.consistency,
        "slowest_s": round(waited.slowest, 3),
        "lagged": waited.lagged,
    }


def _with_row(run: Run, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Add what the requirement row says, so that a report can be read by itself."""
    vendor = next(t.vendor for t in run.targets if t.name == entry["target"])
    row = run.contracts[vendor].requirement(entry["requirement"])
    return {
        **entry,
        "operation": row.operation,
        "text": row.text,
        "source": {
            "document": row.document.key if row.document else None,
            "title": row.document.title if row.document else "",
            "section": row.section,
            "url": row.document.url if row.document else "",
            "date": row.document.date if row.document else "",
        },
        "impact": impact(entry, traceability.impact(row)),
        "rerun": terminal.rerun(run, entry["target"], row.id),
    }


def as_json(report: Document) -> str:
    """Return the report as `schemas/report.schema.json` describes it."""
    return json.dumps(report, ensure_ascii=False, indent=2) + "\n"


def _by(module: str) -> Callable[[Document], str]:
    """Return the renderer of a format, whose libraries are loaded when it is used."""

    def render(report: Document) -> str:
        text: str = import_module(f"receiptspec.report.{module}").render(report)
        return text

    return render


#: File name and renderer of every format that is made from a finished report.
FORMATS: dict[str, Callable[[Document], str]] = {
    "report.json": as_json,
    "report.html": _by("html"),
    "junit.xml": _by("junit"),
    "summary.md": _by("markdown"),
    "report.sarif": _by("sarif"),
    "traffic.har": _by("har"),
    "badge.json": _by("badge"),
}


def write(report: Document, directory: Path) -> list[Path]:
    """Write every format into `directory`, all of them or none.

    Raises `ConfigurationError` when the directory cannot be written.
    """
    return write_texts({name: render(report) for name, render in FORMATS.items()}, directory)


def write_texts(texts: Mapping[str, str], directory: Path) -> list[Path]:
    """Write files by name; see `write`."""
    folder(directory)
    return files.write({directory / name: text for name, text in texts.items()})


def withdraw(directory: Path) -> None:
    """Set aside what an earlier run wrote there, so that it does not speak for one that is killed.

    Raises `ConfigurationError` when that is not possible.
    """
    for name in FORMATS:
        try:
            (directory / name).rename(_aside(directory, name))
        except FileNotFoundError:
            continue
        except OSError as error:
            what = f"the report of an earlier run cannot be replaced: {error.strerror}"
            raise ConfigurationError(what, file=directory / name) from None


def replace(report: Document, directory: Path) -> list[Path]:
    """Write every format in place of what was set aside, which comes back when that fails.

    Raises `ConfigurationError` when the directory cannot be written.
    """
    try:
        written = write(report, directory)
    except ConfigurationError:
        for name in FORMATS:
            with suppress(FileNotFoundError):
                _aside(directory, name).rename(directory / name)
        raise
    for name in FORMATS:
        _aside(directory, name).unlink(missing_ok=True)
    return written


def _aside(directory: Path, name: str) -> Path:
    return directory / f".{name}.earlier"


def folder(directory: Path) -> Path:
    """Make the directory of a report; raises `ConfigurationError` when it cannot be one."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"the report cannot be written: {error.strerror}", file=directory
        ) from None
    return directory
