"""What a proof has to run: one session of the suites a job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from receiptspec import contract as contracts
from receiptspec import traceability
from receiptspec.checks.answers import PASSIVE
from receiptspec.contract import Contract, Requirement
from receiptspec.findings import Outcome
from receiptspec.reference.behaviour import Fault, Variant

__all__ = [
    "RED",
    "Job",
    "Ran",
    "Row",
    "alone",
    "budgets",
    "faults",
    "rows_of",
    "seeds",
    "shorter",
    "variants",
]

#: Outcomes that tell a user that something is wrong with the target.
RED = (Outcome.FAIL, Outcome.WARNING)


@dataclass(frozen=True, slots=True)
class Job:
    """One session against one reference server.

    `requirements` empty means all. After a failure of `until` nothing more is needed. `weight` is
    a guess at the seconds it takes: what is long is begun first. `patience` is how many seconds it
    may take.
    """

    name: str
    kind: str
    vendor: str
    faults: tuple[str, ...] = ()
    variants: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    profile: str = "standard"
    seed: int = 1
    until: str = ""
    weight: float = 1.0
    patience: float = 240.0


@dataclass(frozen=True, slots=True)
class Row:
    """What became of one requirement in a job.

    `signatures` and `places` are of its findings, a place being a path without indices. `after` is
    how many requests had been sent when it went red.
    """

    outcome: Outcome
    reason: str = ""
    requests: int = 0
    signatures: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    after: int | None = None

    @property
    def red(self) -> bool:
        """Whether it says that the target is wrong."""
        return self.outcome in RED


@dataclass(frozen=True, slots=True)
class Ran:
    """A job that ended; `trouble` says why it has no results."""

    job: Job
    rows: Mapping[str, Row] = field(default_factory=dict)
    requests: int = 0
    seconds: float = 0.0
    processor: float = 0.0
    trouble: str = ""

    @property
    def red(self) -> tuple[str, ...]:
        """The requirements that failed or warned, the first to do so first."""
        found = [name for name, row in self.rows.items() if row.red]
        return tuple(sorted(found, key=lambda name: self.rows[name].after or 0))


def rows_of(fault: Fault, contract: Contract) -> tuple[str, ...]:
    """Return the rows worth testing on a fault.

    Its own row, what looks at the same operation, and what every answer shows.
    """
    own = contract.requirement(fault.requirement)
    operations = {own.operation, fault.operation} - {None, ""}

    def wanted(row: Requirement) -> bool:
        if traceability.state(row) != "tested":
            return False
        near = row.operation in operations if operations else row.operation is None
        shown = row.check in PASSIVE and (row.operation is None or not fault.operation)
        return near or shown or row.id == own.id or row.id in fault.also

    return tuple(row.id for row in contract.requirements if wanted(row))


def shorter(job: Job, fault: Fault) -> Job:
    """Return the job of a fault that took too long, with no row but its own."""
    own = (fault.requirement,)
    return replace(job, requirements=own, weight=30.0, patience=240.0)


def faults(chosen: Sequence[Fault], *, profile: str, seed: int) -> Iterator[Job]:
    """Yield a job for each fault, on the rows that are worth testing."""
    for fault in chosen:
        rows = rows_of(fault, contracts.load(fault.vendor))
        yield Job(
            f"fault {fault.name}",
            "fault",
            fault.vendor,
            faults=(fault.name,),
            requirements=rows,
            profile=profile,
            seed=seed,
            weight=30.0 if fault.cls == "timing" else 0.03 * len(rows),
            patience=90.0,
        )


def budgets(
    chosen: Sequence[Fault], tested: Mapping[str, tuple[str, ...]], *, seed: int
) -> Iterator[Job]:
    """Yield a smoke run for each fault, to the failure of its own row.

    `tested` are the rows that the profile tests, by vendor.
    """
    for fault in chosen:
        yield Job(
            f"smoke {fault.name}",
            "smoke",
            fault.vendor,
            faults=(fault.name,),
            requirements=tested[fault.vendor],
            profile="smoke",
            seed=seed,
            until=fault.requirement,
            weight=0.8,
        )


def alone(vendor: str, tested: Sequence[str]) -> Iterator[Job]:
    """Yield a smoke run of each check alone: what it costs when it is the first."""
    contract = contracts.load(vendor)
    rows: dict[str, list[str]] = {}
    for name in tested:
        rows.setdefault(contract.requirement(name).check or "", []).append(name)
    for check, names in rows.items():
        name = f"alone {vendor} {check}"
        yield Job(name, "alone", vendor, requirements=tuple(names), profile="smoke", weight=0.4)


def variants(
    groups: Sequence[Sequence[Variant]], kind: str, *, profile: str, seeds: Iterator[int]
) -> Iterator[Job]:
    """Yield a whole run for each group of variants, each with the next of `seeds`."""
    for number, group in enumerate(groups, 1):
        names = tuple(variant.name for variant in group)
        alone = kind == "variant"
        name = f"{kind} {names[0]}" if alone else f"{kind} {number} {group[0].vendor}"
        yield Job(
            name,
            kind,
            group[0].vendor,
            variants=names,
            profile=profile,
            seed=next(seeds),
            weight=20.0 if kind == "pairs" else 10.0,
        )


def seeds(vendor: str, numbers: Sequence[int], *, profile: str) -> Iterator[Job]:
    """Yield a whole run of the unbroken server for each seed."""
    for number in numbers:
        yield Job(
            f"seed {number} {vendor}", "seed", vendor, profile=profile, seed=number, weight=8.0
        )
