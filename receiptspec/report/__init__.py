"""Reports of a finished run: what `schemas/report.schema.json` describes, and files."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from receiptspec import __version__
from receiptspec.errors import ConfigurationError
from receiptspec.journal import lock
from receiptspec.report import terminal
from receiptspec.results import summary
from receiptspec.run import Run

__all__ = ["claim", "document", "terminal", "write"]

Document = Mapping[str, Any]

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
) -> dict[str, Any]:
    """Return the report of a run; times in seconds."""
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
            "exit_code": code,
        },
        "targets": [_target(run, target) for target in run.targets],
        "results": [_with_row(run, entry) for entry in results],
        "stale_deviations": list(stale),
        "summary": summary(results),
    }


def _target(run: Run, target: Any) -> dict[str, Any]:
    contract = run.contracts[target.vendor]
    return {
        "name": target.name,
        "vendor": target.vendor,
        "contract": f"{contract.vendor}@{contract.release}",
        "url": target.url or "embedded reference server",
        "description": target.description,
        "targets_file": target.file,
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
        "impact": row.impact,
        "rerun": terminal.rerun(run, entry["target"], row.id),
    }


def _as_json(report: Document) -> str:
    return json.dumps(report, ensure_ascii=False, indent=2) + "\n"


#: File name and renderer of every format.
FORMATS: dict[str, Callable[[Document], str]] = {"report.json": _as_json}


def write(report: Document, directory: Path) -> list[Path]:
    """Write every format into `directory`, each file whole or not at all.

    Raises `ConfigurationError` when the directory cannot be written.
    """
    written = []
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, render in FORMATS.items():
            written.append(_write_atomically(directory / name, render(report)))
    except OSError as error:
        raise ConfigurationError(
            f"the report cannot be written: {error.strerror}", file=directory
        ) from None
    return written


def _write_atomically(file: Path, text: str) -> Path:
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return file
