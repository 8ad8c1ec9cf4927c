"""What a proof has to run: one session of the suites a job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from receiptspec.findings import Outcome
from receiptspec.footprints import Footprints
from receiptspec.reference.behaviour import Fault, Variant
from receiptspec.reference.tape import Tape

__all__ = [
    "RED",
    "Job",
    "Ran",
    "Row",
    "faults",
    "footprint",
    "seeds",
    "sieves",
    "smokes",
    "tape",
    "variants",
]

#: Outcomes that tell a user that something is wrong with the target.
RED = (Outcome.FAIL, Outcome.WARNING)

_SIEVED = 120  # faults that one job sieves
_PATIENCE, _PATIENCE_EACH = 300.0, 300.0  # seconds, and those more for each variant that waits


@dataclass(frozen=True, slots=True)
class Job:
    """One session against one reference server.

    `requirements` empty means all. After a failure of `until` nothing more is needed. `weight` is
    a guess at the seconds it takes: what is long is begun first. `patience` is how many seconds it
    may take. One that `waits` hardly computes in that time. `tape` is what to play to servers with
    one of the faults each, where that is the job.
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
    patience: float = _PATIENCE
    waits: bool = False
    tape: Tape | None = field(default=None, repr=False, compare=False)


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
    """A job that ended; `trouble` says why it has no results.

    `footprints` is what each row cost, `tape` what was recorded and `unmoved` the faults that
    change nothing of it, where the job was to find that out.
    """

    job: Job
    rows: Mapping[str, Row] = field(default_factory=dict)
    requests: int = 0
    seconds: float = 0.0
    processor: float = 0.0
    trouble: str = ""
    footprints: Footprints | None = None
    tape: Tape | None = None
    unmoved: frozenset[str] = frozenset()

    @property
    def red(self) -> tuple[str, ...]:
        """The requirements that failed or warned, the first to do so first."""
        found = [name for name, row in self.rows.items() if row.red]
        return tuple(sorted(found, key=lambda name: self.rows[name].after or 0))


def faults(chosen: Sequence[Fault], *, profile: str, seed: int) -> Iterator[Job]:
    """Yield a job for each fault, to the failure of its own row, which is all it tests."""
    for fault in chosen:
        yield Job(
            f"fault {fault.name}",
            "fault",
            fault.vendor,
            faults=(fault.name,),
            requirements=(fault.requirement,),
            profile=profile,
            seed=seed,
            until=fault.requirement,
            weight=0.5,
            waits=fault.waits,
        )


def smokes(chosen: Sequence[Fault], *, seed: int) -> Iterator[Job]:
    """Yield a whole smoke run for each fault: what else fails, and what few requests find.

    One that makes a server slow is run to the failure of its own row.
    """
    for fault in chosen:
        yield Job(
            f"smoke {fault.name}",
            "smoke",
            fault.vendor,
            faults=(fault.name,),
            profile="smoke",
            seed=seed,
            until=fault.requirement if fault.waits else "",
            weight=0.8,
            waits=fault.waits,
        )


def tape(vendor: str, *, seed: int) -> Job:
    """Return the job that records the smoke run of the unbroken server."""
    return Job(f"tape {vendor}", "tape", vendor, profile="smoke", seed=seed, weight=50.0)


def sieves(recorded: Ran, chosen: Sequence[str]) -> Iterator[Job]:
    """Yield jobs that find out which faults would change anything of what was recorded."""
    vendor = recorded.job.vendor
    for number, begun in enumerate(range(0, len(chosen), _SIEVED), 1):
        names = tuple(chosen[begun : begun + _SIEVED])
        name = f"sieve {number} {vendor}"
        yield Job(name, "sieve", vendor, faults=names, weight=40.0, tape=recorded.tape)


def footprint(vendor: str, *, seed: int) -> Job:
    """Return the job that finds out what each row costs where requests are few."""
    return Job(f"footprint {vendor}", "footprint", vendor, profile="smoke", seed=seed, weight=2.0)


def variants(
    groups: Sequence[Sequence[Variant]], kind: str, *, profile: str, seeds: Iterator[int]
) -> Iterator[Job]:
    """Yield a whole run for each group of variants, each with the next of `seeds`."""
    for number, group in enumerate(groups, 1):
        names = tuple(variant.name for variant in group)
        alone = kind == "variant"
        waiting = sum(variant.waits for variant in group)
        name = f"{kind} {names[0]}" if alone else f"{kind} {number} {group[0].vendor}"
        yield Job(
            name,
            kind,
            group[0].vendor,
            variants=names,
            profile=profile,
            seed=next(seeds),
            weight=20.0 if kind == "pairs" else 10.0,
            patience=_PATIENCE + _PATIENCE_EACH * waiting,
            waits=waiting > 0,
        )


def seeds(vendor: str, numbers: Sequence[int], *, profile: str) -> Iterator[Job]:
    """Yield a whole run of the unbroken server for each seed."""
    for number in numbers:
        yield Job(
            f"seed {number} {vendor}", "seed", vendor, profile=profile, seed=number, weight=8.0
        )
