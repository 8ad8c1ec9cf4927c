"""`receiptspec replay`: does a recorded failure happen again, always or sometimes?"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from receiptspec import recorded
from receiptspec.commands import TARGETS, Whole, targets_of
from receiptspec.errors import EXIT, ConfigurationError, ReceiptspecError
from receiptspec.findings import Outcome
from receiptspec.report import files

__all__ = ["Attempt", "Verdict", "replay", "verdict"]

_JUDGED = (Outcome.PASS, Outcome.OBSERVED, Outcome.KNOWN_DEVIATION, Outcome.WARNING, Outcome.FAIL)

_EXAMPLES = """\b
Examples:
  receiptspec replay out/report.json mine/TC-GMR-09
  receiptspec replay out TC-GMR-09 -k 10

\b
Exit status: 0 the failure is gone, 1 it happens again (deterministic or flaky) or another one does,
5 nothing was exercised, 6 no verdict.
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What one repetition came to: the outcome and the kinds of failure that it found."""

    outcome: str
    signatures: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One word, what it rests on, and the exit status."""

    word: str
    because: str
    code: int


def verdict(before: Mapping[str, Any], attempts: Sequence[Attempt]) -> Verdict:
    """Say what repetitions of a recorded result show."""
    again = sum(shows(before, attempt) for attempt in attempts)
    number = len(attempts)
    if again:
        word = "deterministic" if again == number else "flaky"
        return Verdict(word, f"it happened in {again} of {number}", EXIT["does not conform"])
    other = Counter(
        signature
        for attempt in attempts
        if attempt.outcome in (Outcome.FAIL, Outcome.WARNING, Outcome.KNOWN_DEVIATION)
        for signature in attempt.signatures
    )
    if other:
        kinds = ", ".join(map(repr, other))
        return Verdict("changed", f"it fails in another way: {kinds}", EXIT["does not conform"])
    unjudged = [attempt for attempt in attempts if attempt.outcome not in _JUDGED]
    if not unjudged:
        return Verdict("gone", f"it happened in none of {number}", EXIT["conforms"])
    reason = unjudged[0].reason or unjudged[0].outcome
    if {attempt.outcome for attempt in attempts} == {Outcome.NOT_EXERCISED}:
        return Verdict("not exercised", reason, EXIT["nothing exercised"])
    because = f"{len(unjudged)} of {number} came to no verdict: {reason}"
    return Verdict("inconclusive", because, EXIT["inconclusive"])


def shows(before: Mapping[str, Any], attempt: Attempt) -> bool:
    """Whether an attempt shows what was recorded: one of its kinds of failure."""
    kinds = recorded.signatures(before)
    if not kinds:
        return bool(attempt.outcome == before["outcome"])
    return bool(set(kinds) & set(attempt.signatures))


@click.command(epilog=_EXAMPLES)
@click.argument("report", type=click.Path(path_type=Path))
@click.argument("result", metavar="RESULT-ID")
@click.option("-k", "times", type=Whole(1, 100), default=3, help="How often. Default: 3.")
@TARGETS
def replay(report: Path, result: str, times: int, file: str | None) -> None:
    """Repeat a failure of REPORT and say whether it is deterministic, flaky or gone.

    RESULT-ID is target/requirement, or as much of it as is unambiguous. The requests of a failure
    mean little without what went before them: groups, messages, reads. So each repetition performs
    the check with the recorded seed on a fresh state: it sends the same requests, signed anew. A
    failure that does not come back that way is looked for in the whole of the recorded run before
    it is called gone.
    """
    document = files.load([report])
    before = recorded.find(document, result)
    if before["outcome"] not in {*recorded.TO_REPEAT, Outcome.KNOWN_DEVIATION}:
        name = f"{before['target']}/{before['requirement']}"
        raise ConfigurationError(f"{name} did not fail there: {before['outcome']}")
    path = targets_of(document, before["target"], file)
    click.echo(f"{before['target']}/{before['requirement']}: {before['outcome']}, then: ", nl=False)
    click.echo(", ".join(map(repr, recorded.signatures(before))) or before["reason"])
    alone = [before["requirement"]]
    attempts = list(_attempts(document, before, path, alone, times))
    said = verdict(before, attempts)
    whole = [r["requirement"] for r in document["results"] if r["target"] == before["target"]]
    if said.word == "gone" and len(whole) > 1:
        click.echo("alone it does not come back; the whole run again:")
        said = verdict(before, list(_attempts(document, before, path, whole, min(times, 2))))
        said = Verdict(said.word, f"{said.because} whole runs, in none alone", said.code)
    click.echo(f"{said.word}: {said.because}")
    sys.exit(said.code)


def _attempts(
    report: recorded.Report,
    before: Mapping[str, Any],
    file: Path,
    requirements: Sequence[str],
    times: int,
) -> Iterable[Attempt]:
    for number in range(1, times + 1):
        attempt = _attempt(report, before, file, requirements)
        found = "happened again" if shows(before, attempt) else attempt.outcome.replace("_", " ")
        click.echo(f"  {number} of {times}: {found}")
        yield attempt


def _attempt(
    report: recorded.Report, before: Mapping[str, Any], file: Path, requirements: Sequence[str]
) -> Attempt:
    run = report["run"]
    command = [sys.executable, "-m", "receiptspec", "run", "--targets", str(file)]
    command += ["--target", before["target"], "--seed", str(run["seed"])]
    command += ["--profile", run["profile"]]
    for requirement in requirements:
        command += ["--requirement", requirement]
    with tempfile.TemporaryDirectory(prefix="receiptspec-") as folder:
        done = subprocess.run(  # noqa: S603
            [*command, "--report", folder], capture_output=True, text=True, check=False
        )
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        last = last.removeprefix("receiptspec: ")
        if done.returncode == EXIT["usage or configuration"]:
            raise ConfigurationError(last)
        if not Path(folder, "report.json").is_file():
            raise ReceiptspecError(f"a repetition ended with {done.returncode}: {last}")
        again = files.load([Path(folder)])
    row = recorded.find(again, f"{before['target']}/{before['requirement']}")
    return Attempt(row["outcome"], tuple(recorded.signatures(row)), row["reason"])
