"""A whole proof: chooses jobs, runs them, and returns the document that says what came of it."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from typing import Any, TypeVar

from receiptspec import __version__
from receiptspec import contract as contracts
from receiptspec.errors import ConfigurationError
from receiptspec.proving import catalogue, changes, farm, gate, jobs, known, pairs, tally
from receiptspec.proving.jobs import Job, Ran
from receiptspec.proving.sieve import Sieve
from receiptspec.reference.behaviour import Fault, Twist, Variant

__all__ = ["SEEDS", "Choice", "plan", "prove"]

SEEDS = 20
_T = TypeVar("_T", bound=Twist)
#: Tells the user about each job that ended: it, how many ended, how many there are.
Progress = Callable[[Ran, int, int], None]


@dataclass(frozen=True)
class Choice:
    """What to prove; nothing named means all."""

    vendor: str | None = None
    faults: Collection[str] = ()
    variants: Collection[str] = ()
    classes: Collection[str] = ()
    changed: str | None = None
    profile: str = "standard"
    seed: int = 1

    @property
    def whole(self) -> bool:
        """Whether nothing was narrowed down but the vendor."""
        return not (self.faults or self.variants or self.classes or self.changed)


@dataclass
class Plan:
    """What a choice comes to."""

    faults: list[Fault] = field(default_factory=list)
    variants: list[Variant] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    vendors: tuple[str, ...] = ()


def plan(choice: Choice) -> Plan:
    """Resolve a choice. Raises `ConfigurationError` for what does not exist."""
    vendors = contracts.vendors()
    if choice.vendor is not None:
        if choice.vendor not in vendors:
            what = f"no vendor {choice.vendor!r}"
            raise ConfigurationError(what, fix=f"known: {', '.join(vendors)}")
        vendors = (choice.vendor,)
    faults = _named(catalogue.faults(), choice.faults, "fault", vendors)
    classes = sorted({fault.cls for fault in catalogue.faults().values()})
    for name in choice.classes:
        if name not in classes:
            raise ConfigurationError(f"no class {name!r}", fix=f"known: {', '.join(classes)}")
    if choice.classes:
        faults = [fault for fault in faults if fault.cls in choice.classes]
    if choice.changed is not None:
        rows = changes.requirements(choice.changed, vendors)
        faults = [fault for fault in faults if fault.requirement in rows]
    if choice.variants and not (choice.faults or choice.classes or choice.changed):
        faults = []
    variants = []
    if choice.whole or choice.variants:
        variants = _named(catalogue.variants(), choice.variants, "variant", vendors)
    made = Plan(faults, variants)
    used = {twist.vendor for twist in (*faults, *variants)}
    made.vendors = tuple(vendor for vendor in vendors if vendor in used)
    made.jobs += jobs.faults(faults, profile=choice.profile, seed=choice.seed)
    made.jobs += jobs.smokes(faults, seed=choice.seed)
    for vendor in made.vendors:
        if choice.whole:
            made.jobs.append(jobs.footprint(vendor, seed=choice.seed))
        made.jobs += _conforming(choice, vendor, [v for v in variants if v.vendor == vendor])
    return made


def _conforming(choice: Choice, vendor: str, variants: Sequence[Variant]) -> list[Job]:
    """Return the runs in which nothing may fail: each has the next of so many seeds."""
    numbers = range(choice.seed, choice.seed + SEEDS)
    alone = "smoke" if choice.whole else choice.profile  # the pairs run each of them in full
    each = [[variant] for variant in variants]
    made = list(jobs.variants(each, "variant", profile=alone, seeds=cycle(numbers)))
    if choice.whole:
        together = _together(vendor, variants)
        paired = list(
            jobs.variants(together, "pairs", profile=choice.profile, seeds=cycle(numbers))
        )
        left = [number for number in numbers if number not in {job.seed for job in paired}]
        made += paired
        made += jobs.seeds(vendor, left or numbers[:1], profile=choice.profile)
    return made


def _named(
    known: Mapping[str, _T], names: Collection[str], kind: str, vendors: Collection[str]
) -> list[_T]:
    for name in names:
        if name not in known:
            raise ConfigurationError(
                f"no {kind} {name!r}", fix="receiptspec serve --list shows them"
            )
    return [
        twist
        for twist in known.values()
        if twist.vendor in vendors and (not names or twist.name in names)
    ]


def _together(vendor: str, variants: Sequence[Variant]) -> list[list[Variant]]:
    rules = known.alternatives(vendor)
    names = [variant.name for variant in variants if variant.vendor == vendor]
    return [
        [catalogue.variants()[name] for name in names if name in row]
        for row in pairs.cover(pairs.choices(names, rules.groups), rules.apart)
    ]


def prove(choice: Choice, *, workers: int, progress: Progress | None = None) -> dict[str, Any]:
    """Run a proof and return it as ``schemas/prove.schema.json`` describes it.

    What survives beside other jobs is tried again by itself: it may need two calls in a moment.
    """
    began, started = time.perf_counter(), datetime.now(UTC)
    made = plan(choice)
    farm.warm(made.vendors)
    ended: dict[str, Ran] = {}
    sieve = Sieve()
    begun = {job.name: job for job in sieve.first(made.jobs)}

    def done(ran: Ran) -> Sequence[Job]:
        sifted = sieve.after(ran)
        begun.update({job.name: job for job in sifted.more})
        for one in (*sifted.known, ran):
            ended[one.job.name] = one
        if progress is not None:
            progress(ran, len(ended), len({*begun, *(job.name for job in made.jobs)}))
        return sifted.more

    farm.run(list(begun.values()), workers, done)
    farm.run([job for job in made.jobs if _survives(job, ended[job.name])], 1, done)
    proof = _document(choice, made, ended)
    proof["run"] |= {
        "started": started.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "duration_s": round(time.perf_counter() - began, 1),
        "processor_s": round(sum(ran.processor for ran in ended.values()), 1),
        "processor_by_kind": _processor(ended.values()),
        "workers": workers,
        "cores": os.cpu_count() or 1,
    }
    return proof


def _survives(job: Job, ran: Ran) -> bool:
    return job.kind == "fault" and job.until not in ran.red


def _processor(ended: Iterable[Ran]) -> dict[str, float]:
    """Return the seconds of processor time by kind of job."""
    used: Counter[str] = Counter()
    for ran in ended:
        used[ran.job.kind] += round(1000 * ran.processor)
    return {kind: thousandths / 1000 for kind, thousandths in sorted(used.items())}


def _document(choice: Choice, made: Plan, ended: Mapping[str, Ran]) -> dict[str, Any]:
    faults = [
        tally.fault_entry(
            fault,
            ended[f"fault {fault.name}"],
            ended[f"smoke {fault.name}"],
            contracts.load(fault.vendor),
        )
        for fault in made.faults
    ]
    conforming = [
        tally.alarms(ended[job.name])
        for job in made.jobs
        if job.kind in ("variant", "pairs", "seed")
    ]
    proof: dict[str, Any] = {
        "tool": {"name": "receiptspec", "version": __version__},
        "run": {
            "profile": choice.profile,
            "seed": choice.seed,
            "vendors": list(made.vendors),
            "whole": choice.whole,
            "changed": choice.changed,
        },
        "summary": tally.summary(faults, conforming),
        "rows": [
            tally.rows_entry(vendor, faults, known.unbreakable(vendor))
            for vendor in _all(choice, made)
        ],
        "faults": faults,
        "conforming": conforming,
    }
    costs = {ran.job.vendor: ran.footprints for ran in ended.values() if ran.footprints}
    proof["summary"]["smoke"]["order"] = tally.order(faults, costs)
    proof["gate"] = gate.judge(proof)
    return proof


def _all(choice: Choice, made: Plan) -> Iterable[str]:
    """Return the vendors whose every fault was tried: only there is it known what is missing."""
    return made.vendors if choice.whole else ()
