"""Reports of finished runs, read again: what failed there, and where a result stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from receiptspec.errors import ConfigurationError
from receiptspec.findings import Outcome

__all__ = ["TO_REPEAT", "Report", "companions", "find", "signatures", "target", "to_repeat"]

#: Outcomes that are worth running again.
TO_REPEAT = frozenset({Outcome.WARNING, Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.ERROR})

Report = Mapping[str, Any]

_COMPANIONS = 3


def to_repeat(report: Report) -> Iterator[tuple[str, str]]:
    """Yield target and requirement of what failed, warned or came to no verdict."""
    for row in report["results"]:
        if row["outcome"] in TO_REPEAT:
            yield row["target"], row["requirement"]


def target(report: Report, name: str) -> Mapping[str, Any]:
    """Return what a report says of one of its targets; raises `ConfigurationError`."""
    for entry in report["targets"]:
        if entry["name"] == name:
            found: Mapping[str, Any] = entry
            return found
    known = ", ".join(entry["name"] for entry in report["targets"])
    raise ConfigurationError(f"no target {name!r} in the report", fix=f"known: {known}")


def find(report: Report, identifier: str) -> Mapping[str, Any]:
    """Return the result that ``target/requirement``, or a prefix of just one, names.

    The requirement alone will do where the report has one target. Raises `ConfigurationError`
    when nothing or more than one is meant.
    """
    rows = {f"{row['target']}/{row['requirement']}": row for row in report["results"]}
    if identifier in rows:
        return _row(rows[identifier])
    whole = [name for name in rows if name.partition("/")[2] == identifier]
    started = [name for name in rows if name.startswith(identifier)]
    started += [name for name in rows if name.partition("/")[2].startswith(identifier)]
    meant = list(dict.fromkeys(whole or started))
    if len(meant) > 1:
        worth = [name for name in meant if rows[name]["outcome"] in TO_REPEAT]
        meant = worth if len(worth) == 1 else meant
    if len(meant) == 1:
        return _row(rows[meant[0]])
    if meant:
        shown = ", ".join(meant[:4]) + (" …" if len(meant) > 4 else "")
        raise ConfigurationError(f"{identifier!r} may be any of {shown}", fix="write more of it")
    failed = [f"{one}/{two}" for one, two in to_repeat(report)]
    fix = f"what failed there: {', '.join(failed[:8])}" if failed else "nothing failed there"
    raise ConfigurationError(f"no result {identifier!r} in the report", fix=fix)


def companions(report: Report, row: Mapping[str, Any]) -> list[str]:
    """Return a few other requirements whose tests send the calls in which a failure was seen."""
    numbers = {number for finding in row["findings"] for number in finding["exchanges"]}
    seen = {e["operation"] for e in row["exchanges"] if e["number"] in numbers}
    found: dict[str, list[str]] = {operation: [] for operation in seen if operation}
    for other in report["results"]:
        known = found.get(other.get("operation") or "")
        if other["target"] == row["target"] and other["requests"] and known is not None:
            known.append(other["requirement"])
    return [name for names in found.values() for name in names[:_COMPANIONS]]


def _row(row: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = row
    return found


def signatures(row: Mapping[str, Any]) -> list[str]:
    """Return the kinds of deviation that a result holds, each once."""
    return list(dict.fromkeys(finding["signature"] for finding in row["findings"]))
