"""The report as it grows: `run.jsonl`, readable at every moment and after a kill.

A ``header`` line holds the run, its targets and every row still unjudged; in a shard a ``rows``
line says which of them are its own; each ``result`` line is one result as it came; the ``end`` line
holds what is known only then. A file without an end line is a partial report.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any

from receiptspec.errors import EXIT, ConfigurationError
from receiptspec.findings import Outcome
from receiptspec.results import CUT, accepted, impact, merge, summary
from receiptspec.targets import Deviation

__all__ = ["FORMAT", "Writer", "read"]

FORMAT = 1


class Writer:
    """Writes the lines of one run, each flushed, so that a killed run leaves what it had found."""

    def __init__(self, file: Path) -> None:
        """Raise `ConfigurationError` when `file` cannot be written."""
        self._clock = time.perf_counter()
        self._whole = True
        try:
            self._stream = file.open("wb", buffering=0)
        except OSError as error:
            raise ConfigurationError(
                f"the report cannot be written: {error.strerror}", file=file
            ) from None

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def header(
        self,
        report: Mapping[str, Any],
        deviations: Mapping[str, Sequence[Deviation]],
        today: date,
    ) -> None:
        """Write what is known before the first request: a report in which nothing is judged."""
        accepted_by = {
            name: [{**_fields(item), "expires": item.expires.isoformat()} for item in items]
            for name, items in deviations.items()
        }
        self._line(
            "header",
            format=FORMAT,
            today=today.isoformat(),
            deviations=accepted_by,
            report=report,
        )

    def rows(self, own: Iterable[tuple[str, str]]) -> None:
        """Write which rows, as (target, requirement), a shard has to judge."""
        self._line("rows", rows=sorted(own))

    def result(self, entry: Mapping[str, Any], *, requests: int) -> None:
        """Write one result, with the number of requests sent so far in the whole run."""
        at = round(time.perf_counter() - self._clock, 3)
        self._line("result", at=at, requests=requests, result=entry)

    def end(self, report: Mapping[str, Any]) -> None:
        """Write what is known only when the run is over, and close."""
        self._line("end", run=report["run"], stale_deviations=report["stale_deviations"])
        self.close()

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        self._stream.close()

    def _line(self, kind: str, **fields: Any) -> None:
        text = json.dumps({"kind": kind, **fields}, ensure_ascii=False, separators=(",", ":"))
        line = text.encode("utf-8", errors="backslashreplace") + b"\n"
        try:
            self._whole = self._whole and self._stream.write(line) == len(line)
        except OSError:  # a full disk must not end the run; the reports at its end say so
            self._whole = False


def _fields(item: Deviation) -> dict[str, str]:
    return {name: getattr(item, name) for name in ("requirement", "signature", "reason", "owner")}


def read(text: str, *, file: Path | None = None) -> dict[str, Any]:
    """Return the report that the lines of a run amount to, as `report.schema.json` describes it.

    Raises `ConfigurationError`, naming the line, for what is no such file; only a last line that a
    kill has cut is passed over.
    """
    lines = _lines(text, file)
    if not lines or lines[0].get("kind") != "header" or lines[0].get("format") != FORMAT:
        raise ConfigurationError("is no run.jsonl: it lacks its header", file=file, line=1)
    try:
        return _replayed(lines)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigurationError(f"is no run.jsonl: {error!r}", file=file) from None


def _lines(text: str, file: Path | None) -> list[dict[str, Any]]:
    raw = text.split("\n")
    found = []
    for number, line in enumerate(raw, start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            if number == len(raw):
                break
            raise ConfigurationError("is no run.jsonl", file=file, line=number) from None
        if not isinstance(value, dict):
            raise ConfigurationError("is no run.jsonl", file=file, line=number)
        found.append(value)
    return found


def _replayed(lines: Sequence[dict[str, Any]]) -> dict[str, Any]:
    header, end = lines[0], lines[-1] if lines[-1]["kind"] == "end" else None
    entries = [line for line in lines[1:] if line["kind"] == "result"]
    judged: dict[tuple[str, str], dict[str, Any]] = {}
    for line in entries:
        entry = line["result"]
        key = (entry["target"], entry["requirement"])
        judged[key] = merge(judged.get(key), entry)
    own = [tuple(row) for line in lines if line["kind"] == "rows" for row in line["rows"]]
    today = date.fromisoformat(header["today"])
    deviations = {
        name: [Deviation(**{**d, "expires": date.fromisoformat(d["expires"])}) for d in items]
        for name, items in header["deviations"].items()
    }
    report = dict(header["report"])
    whole = end is not None and end["run"].get("complete", True)
    results = []
    for row in report["results"]:
        key = (row["target"], row["requirement"])
        entry = judged.get(key)
        if own and key not in own and entry is None:
            continue
        if entry is not None:
            known = accepted(entry, deviations.get(row["target"], []), today)
            results.append({**row, **known, "impact": impact(known, row["impact"])})
        elif not whole and row["outcome"] == Outcome.NOT_EXERCISED:
            results.append({**row, "reason": CUT})
        else:
            results.append(row)
    report |= {"results": results, "summary": summary(results)}
    if end is not None:
        return report | {"run": end["run"], "stale_deviations": end["stale_deviations"]}
    last: Mapping[str, Any] = entries[-1] if entries else {"at": 0.0, "requests": 0}
    run = {
        **report["run"],
        "duration_s": last["at"],
        "requests": last["requests"],
        "complete": False,
        "exit_code": EXIT["interrupted"],
    }
    return report | {"run": run}
