"""Files that appear whole or not at all, and reading a report back."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from receiptspec import contract, resources
from receiptspec.errors import EXIT, ConfigurationError
from receiptspec.report import jsonlines
from receiptspec.results import exit_code, merge, summary

__all__ = ["load", "merged", "write"]

_IN_FOLDER = ("report.json", "run.jsonl")  # of a run that ended, of one that was cut short


def write(texts: Mapping[Path, str]) -> list[Path]:
    """Write all files or, when one of them cannot be written, none: each stays the old one.

    A link stays one, and what is no regular file, as a pipe, is written to. Raises
    `ConfigurationError` when one cannot be written.
    """
    token = secrets.token_hex(4)
    # Lone surrogates, which only a hostile answer holds, become escapes.
    data = {file: texts[file].encode("utf-8", errors="backslashreplace") for file in texts}
    special = [file for file in texts if file.exists() and not (file.is_file() or file.is_dir())]
    places = {file: file.resolve() for file in texts if file not in special}
    ready = {file: place.with_name(f".{place.name}.{token}") for file, place in places.items()}
    try:
        try:
            for file, beside in ready.items():
                beside.write_bytes(data[file])
            for file in special:
                file.write_bytes(data[file])
            for file, beside in ready.items():
                beside.replace(places[file])
        finally:
            for beside in ready.values():
                beside.unlink(missing_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"the report cannot be written: {error.strerror}", file=file
        ) from None
    return list(texts)


def load(files: Sequence[Path]) -> dict[str, Any]:
    """Read reports, finished or cut short, or those in folders, and merge them into one.

    Raises `ConfigurationError` for a file that is no report.
    """
    return merged([_read(file) for file in files])


def _read(file: Path) -> dict[str, Any]:
    if file.is_dir():
        file = next((one for one in map(file.joinpath, _IN_FOLDER) if one.exists()), file)
    try:
        text = file.read_text(encoding="utf-8")
    except (FileNotFoundError, IsADirectoryError):
        raise ConfigurationError("no report there", file=file) from None
    except OSError as error:
        raise ConfigurationError(f"cannot be read: {error.strerror}", file=file) from None
    except UnicodeDecodeError:
        raise ConfigurationError("is no report: not UTF-8", file=file) from None
    if file.suffix == ".jsonl":
        found = jsonlines.read(text, file=file)
    else:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            what = "is no report: not JSON"
            raise ConfigurationError(what, file=file, fix="name a report.json") from None
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
            if known is not target:
                targets[target["name"]] = {**known, **_waiting(known, target)}
        for row in report["results"]:
            key = (row["target"], row["requirement"])
            rows[key] = _raised(rows.get(key), row)
    results = sorted(rows.values(), key=_places(targets))
    stale = list(dict.fromkeys(line for r in reports for line in r["stale_deviations"]))
    needed = tuple(
        f"{row['target']}: deviation {row['requirement']} {finding['signature']!r} is stale"
        for row in results
        for finding in row["findings"]
    )
    stale = [line for line in stale if not line.startswith(needed)]
    runs = [report["run"] for report in reports]
    first = min(runs, key=lambda run: str(run["started"]))
    shard, whole = _parts(runs)
    strict = any(run.get("strict", False) for run in runs)
    complete = all(run.get("complete", True) for run in runs)
    code = exit_code(results, strict=strict, stale=stale)
    run = {
        **{name: value for name, value in first.items() if name not in ("shard", "selected")},
        **({"shard": shard} if shard else {}),
        "duration_s": round(sum(run["duration_s"] for run in runs), 3),
        "requests": sum(run["requests"] for run in runs),
        "strict": strict,
        **({"selected": True} if all(run.get("selected") for run in runs) else {}),
        "complete": complete,
        "exit_code": code if complete and whole else EXIT["interrupted"],
    }
    return {
        "tool": reports[0]["tool"],
        "run": run,
        "targets": list(targets.values()),
        "results": results,
        "stale_deviations": stale,
        "summary": summary(results),
    }


def _waiting(*targets: Mapping[str, Any]) -> dict[str, Any]:
    """Return what runs of one target have waited together, nothing where none has."""
    told = [target["waiting"] for target in targets if "waiting" in target]
    if not told:
        return {}
    return {
        "waiting": {
            "spent_s": round(sum(one["spent_s"] for one in told), 3),
            **{name: max(one[name] for one in told) for name in ("window_s", "slowest_s")},
            "lagged": any(one["lagged"] for one in told),
        }
    }


def _places(
    targets: Mapping[str, Mapping[str, Any]],
) -> Callable[[Mapping[str, Any]], tuple[int, int]]:
    """Return what sorts rows as one run would have: by target, then as in its contract."""
    order = {name: place for place, name in enumerate(targets)}
    places = {
        name: {row.id: place for place, row in enumerate(contract.load(t["vendor"]).requirements)}
        for name, t in targets.items()
        if t["vendor"] in contract.vendors()
    }

    def place(row: Mapping[str, Any]) -> tuple[int, int]:
        known = places.get(row["target"], {})
        return order[row["target"]], known.get(row["requirement"], len(known))

    return place


def _parts(runs: Sequence[Mapping[str, Any]]) -> tuple[str, bool]:
    """Return which shards there are when some are missing, and whether none is.

    Raises `ConfigurationError` for shards of different runs.
    """
    shards = [run["shard"].split("/") for run in runs if "shard" in run]
    if not shards:
        return "", True
    if len({of for _, of in shards}) > 1:
        names = ", ".join("/".join(shard) for shard in shards)
        raise ConfigurationError(f"shards {names} are not of one run: these cannot be merged")
    of = shards[0][1]
    there = sorted({int(number) for numbers, _ in shards for number in numbers.split(",")})
    if len(there) == int(of):
        return "", True
    return f"{','.join(map(str, there))}/{of}", False


def _raised(row: dict[str, Any] | None, entry: dict[str, Any]) -> dict[str, Any]:
    """Merge, with what to run again taken from the stronger result."""
    both = merge(row, entry)
    if row is not None and both["outcome"] != row["outcome"]:
        both["rerun"] = entry.get("rerun", "")
    return both
