"""Files that appear whole or not at all, and reading a report back."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from receiptspec import resources
from receiptspec.errors import EXIT, ConfigurationError
from receiptspec.report import jsonlines
from receiptspec.results import exit_code, merge, summary

__all__ = ["load", "merged", "write"]


def write(texts: Mapping[Path, str]) -> list[Path]:
    """Write all files or, when one of them cannot be written, none: each stays the old one.

    Raises `ConfigurationError` when one cannot be written.
    """
    token = secrets.token_hex(4)
    ready = {file: file.with_name(f".{file.name}.{token}") for file in texts}
    try:
        try:
            for file, beside in ready.items():
                # Lone surrogates, which only a hostile answer holds, become escapes.
                beside.write_bytes(texts[file].encode("utf-8", errors="backslashreplace"))
            for file, beside in ready.items():
                beside.replace(file)
        finally:
            for beside in ready.values():
                beside.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"the report cannot be written: {error.strerror}", file=file
        ) from None
    return list(texts)


def load(files: Sequence[Path]) -> dict[str, Any]:
    """Read reports, finished or cut short, and merge them into one.

    Raises `ConfigurationError` for a file that is no report.
    """
    return merged([_read(file) for file in files])


def _read(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"cannot be read: {error.strerror}", file=file) from None
    except UnicodeDecodeError:
        raise ConfigurationError("is no report: not UTF-8", file=file) from None
    if file.suffix == ".jsonl":
        found = jsonlines.read(text, file=file)
    else:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ConfigurationError(f"is no report: {error}", file=file) from None
    problem = best_match(_validator().iter_errors(found))
    if problem is not None:
        raise ConfigurationError(
            f"is no report: {problem.message[:200]}", file=file, path=problem.json_path
        )
    return _completed(found)


_SOURCE: Mapping[str, Any] = dict.fromkeys(("title", "section", "url", "date"), "")
_RESULT: Mapping[str, Any] = {
    **dict.fromkeys(("text", "impact", "rerun"), ""),
    "operation": None,
    "observations": [],
    "source": {},
}


def _completed(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return the report with every optional field there."""
    targets = [_with(t, {"description": "", "targets_file": ""}) for t in report["targets"]]
    results = [_with(row, _RESULT) for row in report["results"]]
    results = [{**row, "source": _with(row["source"], _SOURCE)} for row in results]
    known = {target["name"] for target in targets}
    if any(row["target"] not in known for row in results):
        raise ConfigurationError("is no report: a result of a target that it does not name")
    return {
        **report,
        "run": _with(report["run"], {"strict": False, "complete": True}),
        "targets": targets,
        "results": results,
        "summary": summary(results),
    }


def _with(given: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    return {**given, **{name: value for name, value in defaults.items() if name not in given}}


def _validator() -> Draft202012Validator:
    text = resources.path("schemas/report.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))


def merged(reports: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return one report of several runs, such as the shards of one; outcomes only ever raise.

    Raises `ConfigurationError` when a target was judged by different contracts.
    """
    if len(reports) == 1:
        return reports[0]
    targets: dict[str, Mapping[str, Any]] = {}
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for report in reports:
        for target in report["targets"]:
            known = targets.setdefault(target["name"], target)
            if known["contract"] != target["contract"]:
                raise ConfigurationError(
                    f"target {target['name']!r} was judged by {known['contract']} and by "
                    f"{target['contract']}: these reports cannot be merged"
                )
        for row in report["results"]:
            key = (row["target"], row["requirement"])
            rows[key] = _raised(rows.get(key), row)
    order = list(targets)
    results = sorted(rows.values(), key=lambda row: order.index(row["target"]))
    stale = list(dict.fromkeys(line for r in reports for line in r["stale_deviations"]))
    runs = [report["run"] for report in reports]
    first = min(runs, key=lambda run: str(run["started"]))
    strict = any(run.get("strict", False) for run in runs)
    complete = all(run.get("complete", True) for run in runs)
    code = exit_code(results, strict=strict, stale=stale)
    return {
        "tool": reports[0]["tool"],
        "run": {
            **first,
            "duration_s": round(sum(run["duration_s"] for run in runs), 3),
            "requests": sum(run["requests"] for run in runs),
            "strict": strict,
            "complete": complete,
            "exit_code": code if complete else EXIT["interrupted"],
        },
        "targets": list(targets.values()),
        "results": results,
        "stale_deviations": stale,
        "summary": summary(results),
    }


def _raised(row: dict[str, Any] | None, entry: dict[str, Any]) -> dict[str, Any]:
    """Merge, with what to run again taken from the stronger result."""
    both = merge(row, entry)
    if row is not None and both["outcome"] != row["outcome"]:
        both["rerun"] = entry.get("rerun", "")
    return both
