"""What checks say (`Finding`, `Observation`) and what becomes of it (`Outcome`, `Result`)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from receiptspec.exchange import Exchange

__all__ = [
    "Finding",
    "Level",
    "Observation",
    "Outcome",
    "Result",
    "combine",
    "distinct",
    "outcome_of",
]


class Level(StrEnum):
    """How strongly the documents promise something."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Outcome(StrEnum):
    """What became of a requirement on a target, weakest first; combining only ever raises."""

    EXCLUDED = "excluded"
    NOT_APPLICABLE = "not_applicable"
    NOT_EXERCISED = "not_exercised"
    PASS = "pass"  # noqa: S105
    OBSERVED = "observed"
    KNOWN_DEVIATION = "known_deviation"
    WARNING = "warning"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """Position in the lattice, weakest 0."""
        return _RANK[self]


_RANK = {outcome: position for position, outcome in enumerate(Outcome)}


def combine(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the strongest of `outcomes`; `Outcome.NOT_EXERCISED` when there are none."""
    return max(outcomes, key=lambda outcome: outcome.rank, default=Outcome.NOT_EXERCISED)


@dataclass(frozen=True, slots=True)
class Finding:
    """A promise that was not kept, with the evidence.

    `path` is a JSON path or another place in the exchange; `signature` names the kind of deviation
    and is stable over runs (it is what a deviation in targets.yaml is matched with). An `advisory`
    finding is a warning even where the requirement is a MUST.
    """

    message: str
    path: str
    expected: str
    actual: str
    signature: str
    exchanges: tuple[Exchange, ...] = field(default=(), repr=False)
    advisory: bool = False


def distinct(findings: Iterable[Finding]) -> list[Finding]:
    """Return the first finding of each signature."""
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(finding.signature, finding)
    return list(first.values())


@dataclass(frozen=True, slots=True)
class Observation:
    """What a target does where the documents leave it open: a stable key and a value."""

    key: str
    value: str


@dataclass(frozen=True, slots=True)
class Result:
    """One requirement on one target. `duration` in seconds, `requests` sent on its behalf."""

    target: str
    requirement: str
    level: Level
    check: str
    outcome: Outcome
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    observations: tuple[Observation, ...] = ()
    requests: int = 0
    duration: float = 0.0


def outcome_of(level: Level, findings: Iterable[Finding], *, observed: bool = False) -> Outcome:
    """Say what findings mean at a level: MUST fails, SHOULD warns, MAY is only observed."""
    judged = list(findings)
    if level is Level.MAY:
        return Outcome.OBSERVED
    if not judged:
        return Outcome.OBSERVED if observed else Outcome.PASS
    if level is Level.MUST and any(not finding.advisory for finding in judged):
        return Outcome.FAIL
    return Outcome.WARNING
