"""From jobs that ended to what was proven; pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from receiptspec import contract as contracts
from receiptspec import traceability
from receiptspec.checks.answers import PASSIVE, WITNESSED
from receiptspec.contract import Contract
from receiptspec.findings import Level, Outcome
from receiptspec.footprints import Footprints
from receiptspec.proving.jobs import RED, Ran, Row
from receiptspec.proving.known import consequences
from receiptspec.reference.behaviour import Fault

__all__ = [
    "alarms",
    "curve",
    "explained",
    "fault_entry",
    "order",
    "percentile",
    "rows_entry",
    "summary",
]

Entry = dict[str, Any]
STATUSES = ("killed", "elsewhere", "survived", "broken")
_STEPS = (5, 10, 15, 20, 30, 40, 60, 80, 100, 125, 150)


def fault_entry(fault: Fault, ran: Ran, smoke: Ran, contract: Contract) -> Entry:
    """Say what became of one fault: `ran` tests its own row, `smoke` is a whole smoke run.

    ``killed``: its own row failed (a SHOULD, or one that only advises: warned). ``elsewhere``: only
    others did. ``survived``: nothing did. ``broken``: its own row is inconclusive or an error, or
    the job itself failed.
    """
    own = ran.rows.get(fault.requirement, Row(Outcome.NOT_EXERCISED, "not in the contract"))
    others = [name for name in smoke.red if name != fault.requirement]
    why = {name: explained(fault, name, (own, smoke), contract) for name in others}
    kills = _kills(fault, own, contract)
    seen = smoke.rows.get(fault.requirement)
    return {
        "name": fault.name,
        "vendor": fault.vendor,
        "class": fault.cls,
        "level": fault.level,
        "operation": fault.operation,
        "requirement": fault.requirement,
        "shows": fault.shows,
        "status": _status(kills, own, others, ran.trouble),
        "outcome": str(own.outcome),
        "reason": ran.trouble or own.reason,
        "red": [*((fault.requirement,) if own.red else ()), *others],
        "explained": {name: reason for name, reason in why.items() if reason},
        "unexplained": [name for name, reason in why.items() if not reason],
        "requests": own.after,
        "smoke_requests": seen.after
        if seen is not None and _kills(fault, seen, contract)
        else None,
        "seconds": round(ran.seconds + smoke.seconds, 3),
    }


def _kills(fault: Fault, own: Row, contract: Contract) -> bool:
    """Whether a row's outcome finds a fault: what must fail may not merely warn.

    A row whose check only ever advises is found by its warning.
    """
    rows = [row for row in contract.requirements if row.id == fault.requirement]
    advises = any(row.given.get("advisory") for row in rows)
    return own.outcome is Outcome.FAIL or (own.red and (advises or fault.level != Level.MUST))


def _status(kills: bool, own: Row, others: Sequence[str], trouble: str) -> str:
    if kills:
        return "killed"
    if trouble or own.outcome in (Outcome.ERROR, Outcome.INCONCLUSIVE):
        return "broken"
    return "elsewhere" if others else "survived"


def explained(fault: Fault, name: str, runs: tuple[Row, Ran], contract: Contract) -> str:
    """Return why another row than the fault's own failed as well, empty when nothing says so.

    Declared: the fault names it. Same finding, same place: it tells of the same broken thing, that
    is all of its findings have a signature, or point to a field, of the own row's. Same check: it
    is that check for the operation that the fault breaks. Every answer: the own row is about the
    form of all answers of that operation, so that nothing about it can be right. `runs` are the own
    row tested by itself, and a whole smoke run.
    """
    if name in fault.also or name in consequences(fault.vendor, fault.requirement):
        return "declared"
    own, smoke = runs
    if not own.red:
        return ""
    seen = smoke.rows.get(fault.requirement, own)
    signatures, places = (
        {*getattr(own, of), *getattr(seen, of)} for of in ("signatures", "places")
    )
    other = smoke.rows[name]
    row, home = contract.requirement(name), contract.requirement(fault.requirement)
    near = row.operation in (fault.operation or None, home.operation)
    if set(other.signatures) <= signatures:
        return "same finding"
    if near and row.check == home.check:
        return "same check"
    if near and home.check in PASSIVE:
        return "every answer"
    if near and set(other.places) <= places - {"$", "body", ""}:
        return "same place"
    return ""


def alarms(ran: Ran) -> Entry:
    """Say what a server that conforms was blamed for."""
    blamed = [
        {"requirement": name, "outcome": str(row.outcome), "reason": row.reason}
        for name, row in ran.rows.items()
        if row.outcome in (*RED, Outcome.INCONCLUSIVE, Outcome.ERROR)
    ]
    if ran.trouble:
        blamed.append({"requirement": "", "outcome": str(Outcome.ERROR), "reason": ran.trouble})
    return {
        "name": ran.job.name,
        "kind": ran.job.kind,
        "vendor": ran.job.vendor,
        "variants": list(ran.job.variants),
        "seed": ran.job.seed,
        "alarms": blamed,
        "requests": ran.requests,
        "seconds": round(ran.seconds, 3),
    }


def rows_entry(
    vendor: str, faults: Iterable[Mapping[str, Any]], unbreakable: Mapping[str, str]
) -> Entry:
    """Say of a vendor's judged rows which have a fault that their own check kills."""
    killed = {f["requirement"] for f in faults if f["status"] == "killed"}
    judged = [
        row.id
        for row in contracts.load(vendor).requirements
        if traceability.state(row) == "tested" and row.level is not Level.MAY
    ]
    return {
        "vendor": vendor,
        "judged": len(judged),
        "proven": sum(1 for row in judged if row in killed),
        "unbreakable": {row: unbreakable[row] for row in judged if row in unbreakable},
        "unproven": [row for row in judged if row not in killed and row not in unbreakable],
        "wrongly_unbreakable": [row for row in unbreakable if row in killed or row not in judged],
    }


def summary(faults: Sequence[Mapping[str, Any]], runs: Sequence[Mapping[str, Any]]) -> Entry:
    """Draw the sums."""
    requests = [f["requests"] for f in faults if f["status"] == "killed" and f["requests"]]
    unexplained = [len(f["unexplained"]) for f in faults]
    red = [len(f["red"]) for f in faults]
    return {
        "faults": len(faults),
        "statuses": {name: sum(f["status"] == name for f in faults) for name in STATUSES},
        "by_class": _rates(faults, "class"),
        "by_level": _rates(faults, "level"),
        "by_vendor": _rates(faults, "vendor"),
        "failing_per_fault": _mean(red),
        "failing_per_fault_unexplained": _mean(
            [n + (f["requirement"] in f["red"]) for n, f in zip(unexplained, faults, strict=True)]
        ),
        "requests_to_first_failure": {
            "median": percentile(requests, 50),
            "p95": percentile(requests, 95),
        },
        "smoke": {
            "killed": sum(f["smoke_requests"] is not None for f in faults),
            "total": len(faults),
            "by_vendor": _rates(faults, "vendor", lambda f: f["smoke_requests"] is not None),
            "curve": [list(point) for point in curve(faults)],
        },
        "conforming_runs": len(runs),
        "false_alarms": sum(bool(r["alarms"]) for r in runs),
        "runs_by_kind": dict(Counter(r["kind"] for r in runs)),
    }


def _rates(
    faults: Iterable[Mapping[str, Any]],
    key: str,
    killed: Callable[[Mapping[str, Any]], bool] = lambda fault: fault["status"] == "killed",
) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for fault in faults:
        counts = found.setdefault(fault[key], {"killed": 0, "total": 0})
        counts["total"] += 1
        counts["killed"] += killed(fault)
    return dict(sorted(found.items()))


def curve(faults: Iterable[Mapping[str, Any]]) -> list[tuple[int, int]]:
    """Return how many faults a smoke run has found after so many requests."""
    needed = [f["smoke_requests"] for f in faults if f["smoke_requests"] is not None]
    last = max(needed, default=0)
    steps = [step for step in _STEPS if step < last] + ([last] if needed else [])
    return [(step, sum(n <= step for n in needed)) for step in steps]


def order(
    faults: Iterable[Mapping[str, Any]], costs: Mapping[str, Footprints]
) -> dict[str, list[str]]:
    """Return by vendor the rows that send requests, those first that find most faults for one."""
    found = Counter(f["requirement"] for f in faults if f["status"] == "killed")
    return {
        vendor: footprints.best_first(
            found,
            (
                row.id
                for row in contracts.load(vendor).requirements
                if row.id in footprints.costs and row.check not in WITNESSED
            ),
        )
        for vendor, footprints in sorted(costs.items())
    }


def percentile(values: Iterable[int], percent: int) -> int | None:
    """Return the smallest value that so many percent of all do not pass, ``None`` for none."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[max(math.ceil(len(ordered) * percent / 100), 1) - 1]


def _mean(values: Sequence[int]) -> float:
    return round(sum(values) / len(values), 3) if values else 0.0
