"""What differs between two reports: verdicts, requirement by target, and observations; pure."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from receiptspec.errors import EXIT, BudgetSpent, ConfigurationError
from receiptspec.findings import Outcome

__all__ = ["Kind", "compare"]

Document = Mapping[str, Any]


class Kind(StrEnum):
    """What a difference means, the gravest first."""

    WORSE = "worse"
    REVEALED = "revealed"
    DIFFERENT = "different"
    CHANGED = "changed"
    BETTER = "better"


_KEPT = {Outcome.PASS, Outcome.OBSERVED}
_BROKEN = {Outcome.FAIL, Outcome.WARNING}
_NO_LONGER = {*_BROKEN, Outcome.NOT_EXERCISED, Outcome.INCONCLUSIVE, Outcome.ERROR}
_JUDGED = {*_KEPT, *_BROKEN, Outcome.KNOWN_DEVIATION}
_ORDER = list(Kind)


def compare(before: Document, after: Document, *, allowed: Sequence[str] = ()) -> dict[str, Any]:
    """Return the differences as `schemas/comparison.schema.json` describes them.

    What kept a requirement and now does not is `worse`, also when it is only not judged any more or
    missing, unless for a spent budget: how far that reaches is the network's as well. `allowed`
    names requirements, or targets gone missing, for which that is accepted.

    Raises `ConfigurationError` when nothing can be compared, or `allowed` names nothing known.
    """
    pairs = _pairs(before, after)
    changes: list[dict[str, Any]] = []
    observations: list[dict[str, Any]] = []
    for old, new in pairs:
        changes += _changes(_rows(before, old), _rows(after, new), new, allowed)
        observations += _observations(_rows(before, old), _rows(after, new), new)
    changes.sort(key=lambda change: _ORDER.index(change["kind"]))
    paired_old, paired_new = {old for old, _ in pairs}, {new for _, new in pairs}
    missing = [name for name in _names(before) if name not in paired_old]
    added = [name for name in _names(after) if name not in paired_new]
    _known(allowed, before, after, missing)
    worse = [c for c in changes if c["kind"] == Kind.WORSE and not c["allowed"]]
    gone = [name for name in missing if name not in allowed]
    counts = Counter(change["kind"] for change in changes)
    return {
        "tool": after["tool"],
        "before": {"run": before["run"], "targets": before["targets"]},
        "after": {"run": after["run"], "targets": after["targets"]},
        "pairs": [{"before": old, "after": new} for old, new in pairs],
        "missing_targets": missing,
        "added_targets": added,
        "allowed": list(allowed),
        "changes": changes,
        "observations": observations,
        "summary": {
            **{str(kind): counts.get(kind, 0) for kind in Kind},
            "allowed": sum(change["allowed"] for change in changes),
            "observations": len(observations),
        },
        "exit_code": EXIT["does not conform" if worse or gone else "conforms"],
    }


def _names(report: Document) -> list[str]:
    return [target["name"] for target in report["targets"]]


def _pairs(before: Document, after: Document) -> list[tuple[str, str]]:
    """Pair targets by name; two reports of one target each are compared whatever its name."""
    old, new = _names(before), _names(after)
    pairs = list(zip(old, new, strict=True)) if len(old) == len(new) == 1 else []
    pairs = pairs or [(name, name) for name in old if name in new]
    if not pairs:
        raise ConfigurationError(
            f"no target is in both reports: {', '.join(old)} and {', '.join(new)}"
        )
    contracts = [{t["name"]: t["vendor"] for t in report["targets"]} for report in (before, after)]
    for one, other in pairs:
        if contracts[0][one] != contracts[1][other]:
            raise ConfigurationError(
                f"{one} and {other} are judged by different contracts: "
                f"{contracts[0][one]} and {contracts[1][other]}"
            )
    return pairs


def _rows(report: Document, target: str) -> dict[str, Mapping[str, Any]]:
    return {row["requirement"]: row for row in report["results"] if row["target"] == target}


def _known(
    allowed: Iterable[str], before: Document, after: Document, missing: Sequence[str]
) -> None:
    known = {row["requirement"] for report in (before, after) for row in report["results"]}
    for name in allowed:
        if name not in known and name not in missing:
            raise ConfigurationError(
                f"nothing to allow: {name!r} is neither a requirement of these reports "
                "nor a target that is missing in the second"
            )


def _changes(
    old: Mapping[str, Mapping[str, Any]],
    new: Mapping[str, Mapping[str, Any]],
    target: str,
    allowed: Sequence[str],
) -> Iterator[dict[str, Any]]:
    for identifier in dict.fromkeys([*new, *old]):
        before, after = old.get(identifier), new.get(identifier)
        kind = _kind(before, after)
        if kind in (Kind.WORSE, Kind.REVEALED) and after is not None and after.get("new"):
            kind = Kind.CHANGED  # newer than the target's pin: it fails nobody
        if kind is None:
            continue
        row = after or before or {}
        yield {
            "kind": str(kind),
            "allowed": kind is Kind.WORSE and identifier in allowed,
            "target": target,
            "requirement": identifier,
            "level": row["level"],
            "operation": row.get("operation"),
            "text": row.get("text", ""),
            "before": before["outcome"] if before else None,
            "after": after["outcome"] if after else None,
            "reason": after["reason"] if after else "not in the second report",
            "reason_before": before["reason"] if before else "not in the first report",
            "rerun": (after or {}).get("rerun", "") or _again(identifier, new.values()),
        }


def _again(identifier: str, others: Iterable[Mapping[str, Any]]) -> str:
    """Return the command that runs what is not in a report as the others there were run."""
    words = shlex.split(next((row["rerun"] for row in others if row.get("rerun")), ""))
    if "--requirement" in words[:-1]:
        words[words.index("--requirement") + 1] = identifier
    return shlex.join(words)


def _kind(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Kind | None:
    was = Outcome(before["outcome"]) if before else Outcome.NOT_EXERCISED
    now = Outcome(after["outcome"]) if after else Outcome.NOT_EXERCISED
    if was in _KEPT and now in _KEPT:
        return None
    if was is now:
        same = _signatures(before) == _signatures(after)
        return None if same or was not in _BROKEN else Kind.DIFFERENT
    if was in _KEPT and now in _NO_LONGER:
        return Kind.CHANGED if _spent(now, after) else Kind.WORSE
    if (was, now) == (Outcome.WARNING, Outcome.FAIL):
        return Kind.WORSE
    if was is Outcome.KNOWN_DEVIATION and now in _BROKEN:
        return Kind.WORSE
    if was not in _JUDGED and now in _BROKEN:
        return Kind.REVEALED
    if now in _KEPT:
        return Kind.BETTER
    return Kind.CHANGED


def _spent(now: Outcome, row: Mapping[str, Any] | None) -> bool:
    said = row["reason"] if row and now is Outcome.NOT_EXERCISED else ""
    return said.startswith(BudgetSpent.SAYS)


def _signatures(row: Mapping[str, Any] | None) -> set[str]:
    return {found["signature"] for found in row["findings"]} if row else set()


def _observations(
    old: Mapping[str, Mapping[str, Any]], new: Mapping[str, Mapping[str, Any]], target: str
) -> Iterator[dict[str, Any]]:
    """Yield observations that differ, of requirements that were tried on both sides."""
    for identifier, after in new.items():
        before = old.get(identifier)
        if before is None or not {before["outcome"], after["outcome"]} <= _JUDGED:
            continue
        was = {item["key"]: item["value"] for item in before.get("observations", ())}
        now = {item["key"]: item["value"] for item in after.get("observations", ())}
        for key in dict.fromkeys([*now, *was]):
            if was.get(key) != now.get(key):
                yield {
                    "target": target,
                    "requirement": identifier,
                    "operation": after.get("operation"),
                    "key": key,
                    "before": was.get(key),
                    "after": now.get(key),
                }
