"""Spares smoke runs of faults that change nothing in them.

A smoke run of the unbroken server is recorded, and what it was asked is asked again of a server
with each fault, in one process. One that says the same to the last byte would have had the same
run, which is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from receiptspec.proving import catalogue, jobs
from receiptspec.proving.jobs import Job, Ran

__all__ = ["Sieve", "Sifted"]

_WORTH = 12  # smoke runs of a vendor for which one is recorded


@dataclass(frozen=True)
class Sifted:
    """What is known without a run, and what is to be run now."""

    known: tuple[Ran, ...] = ()
    more: tuple[Job, ...] = ()


@dataclass
class Sieve:
    """The smoke runs of a proof that may be spared, by vendor and name of the fault."""

    _smokes: dict[str, dict[str, Job]] = field(default_factory=dict)
    _plain: dict[str, Ran] = field(default_factory=dict)

    def first(self, planned: Iterable[Job]) -> Iterator[Job]:
        """Yield what is to be run from the start; the sieve keeps the rest back."""
        held: dict[str, list[Job]] = {}
        for job in planned:
            if job.kind == "smoke" and not job.waits and catalogue.playable(job.vendor):
                held.setdefault(job.vendor, []).append(job)
            else:
                yield job
        for vendor, smokes in held.items():
            if len(smokes) < _WORTH:
                yield from smokes
            else:
                self._smokes[vendor] = {job.faults[0]: job for job in smokes}
                yield jobs.tape(vendor, seed=smokes[0].seed)

    def after(self, ran: Ran) -> Sifted:
        """Return what follows from a job that ended; where one failed, everything is run."""
        job = ran.job
        if job.kind == "tape":
            self._plain[job.vendor] = replace(ran, tape=None)
            smokes = self._smokes[job.vendor]
            if ran.tape is None:
                return Sifted(more=tuple(smokes.values()))
            return Sifted(more=tuple(jobs.sieves(ran, tuple(smokes))))
        if job.kind != "sieve":
            return Sifted()
        smokes = {name: self._smokes[job.vendor][name] for name in job.faults}
        plain = replace(self._plain[job.vendor], seconds=0.0, processor=0.0)
        known = (replace(plain, job=smokes[name]) for name in smokes if name in ran.unmoved)
        left = (smokes[name] for name in smokes if name not in ran.unmoved)
        return Sifted(tuple(known), tuple(left))
