"""What passive checks saw in every answer of a target, whatever it was asked for."""

from __future__ import annotations

from dataclasses import dataclass, field

from receiptspec.checks.answers import Monitor
from receiptspec.contract import Contract
from receiptspec.exchange import Redactor
from receiptspec.findings import Finding, Observation
from receiptspec.neutral import Answer

__all__ = ["Witness", "Witnesses"]


@dataclass
class Witness:
    """What passive checks saw of one requirement: how many answers, and what was wrong."""

    judged: int = 0
    findings: dict[str, Finding] = field(default_factory=dict)
    observations: dict[str, str] = field(default_factory=dict)
    reported: set[str] = field(default_factory=set)


class Witnesses:
    """The witnesses of one target, by requirement."""

    def __init__(self, contract: Contract, redact: Redactor) -> None:
        self._contract, self._redact = contract, redact
        self._monitor = Monitor(contract)
        self.by_requirement: dict[str, Witness] = {}

    def _of(self, requirement: str) -> Witness:
        return self.by_requirement.setdefault(requirement, Witness())

    def watch(self, answer: Answer) -> None:
        """Judge what every answer shows."""
        for requirement, finding in self._monitor.judge(answer, self._redact):
            witness = self._of(requirement)
            witness.judged += 1
            if isinstance(finding, Finding):
                witness.findings.setdefault(finding.signature, finding)
            elif isinstance(finding, Observation):
                witness.observations[finding.key] = finding.value

    def hold(self, answer: Answer) -> None:
        """Hold the HTTP status of a documented call against the target, however it is answered."""
        for finding in self._monitor.broken(answer):
            self.vouch("status-is-200")
            self.blame("status-is-200", finding)

    def blame(self, check: str, finding: Finding) -> None:
        """Record a finding for every requirement that names `check`, whoever is being tested."""
        for row in self._contract.requirements:
            if row.check == check:
                self._of(row.id).findings.setdefault(finding.signature, finding)

    def vouch(self, check: str) -> None:
        """Record that `check` had something to judge."""
        for row in self._contract.requirements:
            if row.check == check:
                self._of(row.id).judged += 1
