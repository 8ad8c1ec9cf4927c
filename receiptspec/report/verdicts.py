"""What a report says in one word: for a whole run, and for each of its targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from receiptspec.errors import EXIT
from receiptspec.findings import Outcome
from receiptspec.results import exit_code, summary

__all__ = [
    "BROKEN",
    "NOT_JUDGED",
    "WORDS",
    "Verdict",
    "of_all",
    "of_run",
    "of_target",
    "said",
    "worst_first",
]

WORDS = {
    0: "conforms",
    1: "does not conform",
    2: "interrupted",
    3: "the suite itself failed: please report this",
    4: "usage error",
    5: "nothing was exercised",
    6: "inconclusive: the infrastructure failed, the target was not judged",
}
#: Outcomes that a reader has to look at, worst first.
BROKEN = (Outcome.ERROR, Outcome.FAIL, Outcome.WARNING)
#: Outcomes that are no judgement of the target.
NOT_JUDGED = (
    Outcome.NOT_EXERCISED,
    Outcome.NOT_APPLICABLE,
    Outcome.EXCLUDED,
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdict about one target; `exercised` of its `testable` requirements were tried."""

    target: str
    code: int
    words: str
    exercised: int
    testable: int
    outcomes: Mapping[str, int]
    stale: Sequence[str]

    @property
    def conforms(self) -> bool:
        """Whether nothing speaks against the target, and enough for it."""
        return self.code == EXIT["conforms"] and enough(self.exercised, self.testable)


def of_target(report: Mapping[str, Any], name: str) -> Verdict:
    """Return the verdict about one target of a report."""
    rows = [row for row in report["results"] if row["target"] == name]
    stale = [line for line in report["stale_deviations"] if line.startswith(f"{name}: ")]
    code = exit_code(rows, strict=report["run"].get("strict", False), stale=stale)
    missing = "," in report["run"].get("shard", "")
    if (missing or not report["run"].get("complete", True)) and code != EXIT["does not conform"]:
        code = EXIT["interrupted"]
    counts = summary(rows)
    words = said(code, counts, selected=report["run"].get("selected", False))
    return Verdict(
        name, code, words, counts["exercised"], counts["testable"], counts["outcomes"], stale
    )


def said(code: int, counts: Mapping[str, Any], *, selected: bool = False) -> str:
    """Return an exit status in words; that a target conforms takes half of what is testable.

    Where requirements were `selected`, nothing is said of the others.
    """
    words = WORDS.get(code, WORDS[4])
    if code == EXIT["nothing exercised"] and counts["exercised"]:
        return f"almost {words}"
    if code != EXIT["conforms"]:
        return words
    if not enough(counts["exercised"], counts["testable"]):
        words = "nothing broken, but too little was exercised to say that it conforms"
    elif selected:
        words += " in what was chosen"
    for outcome in (Outcome.KNOWN_DEVIATION, Outcome.WARNING):
        if count := counts["outcomes"][outcome]:
            words += f", with {count} {outcome.replace('_', ' ')}{'s' if count != 1 else ''}"
    return words


def of_all(report: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the verdict about a whole run in words, and whether every target of it conforms.

    Of several targets the one of which least was exercised decides whether enough was.
    """
    run, counts = report["run"], report["summary"]
    words = said(run["exit_code"], counts, selected=run.get("selected", False))
    if run["exit_code"] != EXIT["conforms"]:
        return words, False
    judged = [verdict for verdict in of_run(report) if verdict.testable]
    short = sum(not verdict.conforms for verdict in judged)
    if short and len(judged) > 1:
        _, comma, counted = words.partition(", with ")
        words = (
            f"nothing broken, but too little of {short} of {len(judged)} targets was exercised "
            f"to say that all conform{comma}{counted}"
        )
    return words, not short


def enough(exercised: int, testable: int) -> bool:
    """Whether half of what is testable was exercised."""
    return 2 * exercised >= testable


def of_run(report: Mapping[str, Any]) -> list[Verdict]:
    """Return the verdicts about all targets, in the order of the report."""
    return [of_target(report, target["name"]) for target in report["targets"]]


def worst_first(report: Mapping[str, Any], *outcomes: Outcome) -> list[Mapping[str, Any]]:
    """Return the rows with these outcomes, grouped in the order in which they are named."""
    chosen = [row for row in report["results"] if row["outcome"] in outcomes]
    levels = ("MUST", "SHOULD", "MAY")
    return sorted(
        chosen,
        key=lambda row: (outcomes.index(Outcome(row["outcome"])), levels.index(row["level"])),
    )
