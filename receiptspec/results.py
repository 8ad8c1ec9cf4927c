"""From what single tests reported to one outcome for each requirement and target; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from receiptspec.contract import Contract, Requirement
from receiptspec.errors import EXIT, BudgetSpent, NotExercised, OnlyOfClients, StaleFixture
from receiptspec.exchange import Redactor
from receiptspec.findings import Finding, Outcome, Result, combine
from receiptspec.targets import Deviation, Target

__all__ = [
    "APART",
    "CUT",
    "UNANSWERED",
    "Ledger",
    "accepted",
    "exit_code",
    "impact",
    "merge",
    "serialise",
    "summary",
]

_JUDGED = (Outcome.PASS, Outcome.OBSERVED, Outcome.KNOWN_DEVIATION, Outcome.WARNING, Outcome.FAIL)
_MAX_FINDINGS = 12
_UNRUN = "not part of this run"
#: The reason of what no recorded traffic tells.
APART = "needs requests of its own"
#: The reason of what an interrupted or killed run did not come to.
CUT = "the run ended before this"
#: What clients make of no whole answer, or of a 5xx, whichever promise was looked at.
UNANSWERED = "Clients take it for an outage: they wait, try again and say that the network failed."

T = TypeVar("T")


def serialise(result: Result, redact: Redactor, steps: Sequence[str] = ()) -> dict[str, Any]:
    """Return a result as `schemas/report.schema.json` has it, with its findings' exchanges.

    `steps` is what was done before the first of them.
    """
    exchanges = {}
    shown = _shown(result.findings, lambda finding: finding.signature)
    for finding in shown:
        for exchange in finding.exchanges:
            exchanges[exchange.number] = exchange
    return {
        "target": result.target,
        "requirement": result.requirement,
        "level": str(result.level),
        "check": result.check,
        "outcome": str(result.outcome),
        "reason": redact(result.reason),
        "findings": [_finding(finding, redact) for finding in shown],
        "observations": [
            {"key": redact(item.key), "value": redact(item.value)} for item in result.observations
        ],
        "exchanges": [exchange.to_json(redact) for exchange in exchanges.values()],
        **({"steps": [redact(step) for step in steps]} if steps else {}),
        "requests": result.requests,
        "duration_s": round(result.duration, 4),
    }


def impact(entry: Mapping[str, Any], otherwise: str) -> str:
    """Return what clients make of what was found: `otherwise`, unless no call was answered."""
    lost = {
        one["number"]
        for one in entry["exchanges"]
        if one["response"] is None or one["response"]["status"] >= 500
    }
    about = [set(finding["exchanges"]) for finding in entry["findings"]]
    nowhere = bool(about) and all(numbers and numbers <= lost for numbers in about)
    return UNANSWERED if nowhere else otherwise


def _shown(findings: Iterable[T], signature: Callable[[T], str]) -> list[T]:
    """Return the first few findings, and of the rest those of a kind that is not among them.

    A kind that was left out would be accepted along with the others by a deviation.
    """
    shown: list[T] = []
    kinds: set[str] = set()
    for finding in findings:
        kind = signature(finding)
        if len(shown) < _MAX_FINDINGS or kind not in kinds:
            shown.append(finding)
            kinds.add(kind)
    return shown


def _finding(finding: Finding, redact: Redactor) -> dict[str, Any]:
    return {
        "message": redact(finding.message),
        "path": redact(finding.path),
        "expected": redact(finding.expected),
        "actual": redact(finding.actual),
        "signature": redact(finding.signature),
        "advisory": finding.advisory,
        "exchanges": [exchange.number for exchange in finding.exchanges],
    }


@dataclass
class Ledger:
    """Collects results, in any order and from any number of workers."""

    contracts: Mapping[str, Contract]
    targets: Sequence[Target]
    today: date = field(default_factory=date.today)
    _rows: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)

    def add(self, entry: Mapping[str, Any]) -> None:
        """Add one result; a second one for the same requirement and target only ever raises."""
        key = (entry["target"], entry["requirement"])
        self._rows[key] = merge(self._rows.get(key), entry)

    def __contains__(self, key: object) -> bool:
        return key in self._rows

    def results(self, selected: Iterable[str] = (), *, cut: bool = False) -> list[dict[str, Any]]:
        """Return one result a requirement and target, in the order of the contract.

        `cut` says that the run ended before it came to them all.
        """
        unrun = CUT if cut else _UNRUN
        wanted = set(selected)
        found = []
        for target in self.targets:
            contract = self.contracts[target.vendor]
            for row in contract.requirements:
                if wanted and row.id not in wanted:
                    continue
                entry = self._rows.get((target.name, row.id)) or _untested(target, row, unrun)
                entry = accepted(entry, target.deviations, self.today)
                if contract.is_new(row, target.pin):
                    entry = {**entry, "new": True, "since": row.since}
                found.append(entry)
        return found

    def stale(self, results: Iterable[Mapping[str, Any]]) -> list[str]:
        """Return a line for each deviation that has expired or that nothing needs any more."""
        lines = []
        outcomes = {(r["target"], r["requirement"]): r for r in results}
        known = {
            vendor: {row.id for row in contract.requirements}
            for vendor, contract in self.contracts.items()
        }
        for target in self.targets:
            for deviation in target.deviations:
                name = f"{target.name}: deviation {deviation.requirement} {deviation.signature!r}"
                place = f" at {target.file}:{deviation.line}" if deviation.line else ""
                row = outcomes.get((target.name, deviation.requirement))
                if deviation.expired(self.today):
                    lines.append(
                        f"{name} of {deviation.owner} expired on {deviation.expires}; "
                        f"delete or renew it{place}"
                    )
                elif deviation.requirement not in known[target.vendor]:
                    lines.append(
                        f"{name} is of no requirement of {target.vendor}; delete it{place}"
                    )
                elif row is None:
                    continue
                elif row["outcome"] in _JUDGED and not any(
                    f["signature"] == deviation.signature for f in row["findings"]
                ):
                    lines.append(f"{name} is stale, it no longer happens; delete it{place}")
        return lines


def _untested(target: Target, row: Requirement, unrun: str) -> dict[str, Any]:
    outcome = Outcome.EXCLUDED if row.excluded else Outcome.NOT_EXERCISED
    return {
        "target": target.name,
        "requirement": row.id,
        "level": str(row.level),
        "check": row.check or "",
        "outcome": str(outcome),
        "reason": row.excluded or unrun,
        "findings": [],
        "observations": [],
        "exchanges": [],
        "requests": 0,
        "duration_s": 0.0,
    }


def merge(row: dict[str, Any] | None, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return `row` with another result of the same requirement and target; it only ever raises."""
    if row is None:
        return {**entry}
    stronger = combine([Outcome(row["outcome"]), Outcome(entry["outcome"])])
    entry = _renumbered(entry, row["exchanges"])
    known = {item["signature"] for item in row["findings"]}
    new = [item for item in entry["findings"] if item["signature"] not in known]
    sent = {item["number"] for item in row["exchanges"]}
    seen = {item["key"] for item in row["observations"]}
    first = row if row["findings"] else entry
    saying = [one for one in (row, entry) if one["outcome"] == stronger]
    said = max(saying, key=lambda one: _weight(one["reason"]))
    return {
        **row,
        "outcome": str(stronger),
        "reason": said["reason"],
        "findings": _shown(row["findings"] + new, lambda item: str(item["signature"])),
        "exchanges": row["exchanges"] + [e for e in entry["exchanges"] if e["number"] not in sent],
        "observations": row["observations"]
        + [item for item in entry["observations"] if item["key"] not in seen],
        **({"steps": first["steps"]} if first.get("steps") else {}),
        "timeline": [*row.get("timeline", ()), *entry.get("timeline", ())],
        "requests": row["requests"] + entry["requests"],
        "duration_s": row["duration_s"] + entry["duration_s"],
    }


def _weight(reason: str) -> int:
    """Return how much a reason tells: most what the user can mend, then what was refused.

    Least what is never judged.
    """
    if reason.startswith(StaleFixture.SAYS):
        return 2
    return (NotExercised.REFUSED in reason) - (reason == OnlyOfClients.SAYS)


def _renumbered(entry: Mapping[str, Any], there: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Give exchanges new numbers where another worker's exchanges have the same ones."""
    taken = {exchange["number"]: exchange for exchange in there}
    own = {exchange["number"] for exchange in entry["exchanges"]}
    free = max([*taken, *own], default=0)
    new: dict[int, int] = {}
    for exchange in entry["exchanges"]:
        number = exchange["number"]
        if number in taken and taken[number]["started"] != exchange["started"]:
            free += 1
            new[number] = free
    if not new:
        return entry
    return {
        **entry,
        "findings": [
            {**found, "exchanges": [new.get(number, number) for number in found["exchanges"]]}
            for found in entry["findings"]
        ],
        "exchanges": [
            {**exchange, "number": new.get(exchange["number"], exchange["number"])}
            for exchange in entry["exchanges"]
        ],
    }


def accepted(entry: dict[str, Any], deviations: Sequence[Deviation], today: date) -> dict[str, Any]:
    """Turn a failure into a known deviation when every one of its findings is accepted."""
    if entry["outcome"] not in (Outcome.FAIL, Outcome.WARNING):
        return entry
    valid = {
        d.signature: d
        for d in deviations
        if d.requirement == entry["requirement"] and not d.expired(today)
    }
    if not valid or any(f["signature"] not in valid for f in entry["findings"]):
        return entry
    used = {valid[f["signature"]] for f in entry["findings"]}
    reason = "; ".join(f"{d.reason} ({d.owner}, until {d.expires})" for d in sorted(used, key=str))
    return {**entry, "outcome": str(Outcome.KNOWN_DEVIATION), "reason": reason}


def summary(results: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Count outcomes, in all and by level."""
    rows = list(results)
    counts = Counter(row["outcome"] for row in rows)
    levels: dict[str, dict[str, int]] = {}
    for row in rows:
        levels.setdefault(row["level"], {}).setdefault(row["outcome"], 0)
        levels[row["level"]][row["outcome"]] += 1
    tested = [row for row in rows if row["outcome"] != Outcome.EXCLUDED]
    exercised = [row for row in tested if row["outcome"] in _JUDGED]
    return {
        "outcomes": {str(outcome): counts.get(outcome, 0) for outcome in Outcome},
        "levels": levels,
        "testable": len(tested),
        "exercised": len(exercised),
    }


def _was_tried_in_vain(row: Mapping[str, Any]) -> bool:
    reason = row.get("reason", "")
    left_out = reason in (_UNRUN, CUT, APART) or reason.startswith(BudgetSpent.SAYS)
    return row["outcome"] == Outcome.NOT_EXERCISED and not left_out


def exit_code(
    results: Iterable[Mapping[str, Any]], *, strict: bool = False, stale: Sequence[str] = ()
) -> int:
    """Return the exit code of a finished run.

    An error of the suite is told first; then a failure that was seen, which no later outage undoes.
    What is newer than the release that a target pins fails nobody. Where less than a tenth of what
    was tried came to a verdict, as where every call is refused, that is as good as nothing.
    """
    rows = list(results)
    everything = {row["outcome"] for row in rows}
    outcomes = {row["outcome"] for row in rows if not row.get("new")}
    if Outcome.ERROR in everything:
        return EXIT["error of the suite"]
    if Outcome.FAIL in outcomes or stale or (strict and Outcome.WARNING in outcomes):
        return EXIT["does not conform"]
    if Outcome.INCONCLUSIVE in outcomes:
        return EXIT["inconclusive"]
    judged = sum(row["outcome"] in _JUDGED for row in rows)
    if not judged or 10 * judged < judged + sum(map(_was_tried_in_vain, rows)):
        return EXIT["nothing exercised"]
    return EXIT["conforms"]
