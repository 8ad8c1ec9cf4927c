"""Leaving nothing behind: dismissing what the journal says was made on a target."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count

from receiptspec.client import Terms
from receiptspec.errors import BudgetSpent
from receiptspec.journal import Leftover
from receiptspec.line import Line
from receiptspec.neutral import Answer, Conversation, Kind, Verdict

__all__ = ["Left", "clean", "summed"]

_REPEATS = 8  # of a refusal that may pass
_EACH = 3  # groups left for one reason that are named, each by itself


@dataclass(frozen=True, slots=True)
class Left:
    """A group that was not dismissed, by its id or, where that never came, by its name."""

    target: str
    group: str
    why: str

    def __str__(self) -> str:
        return f"{self.target}: group {self.group}: {self.why}"


def summed(left: Iterable[Left]) -> list[str]:
    """Return a line for each group that is left, or one for many with the same reason."""
    counts = Counter(left)
    alike: dict[tuple[str, str], list[Left]] = {}
    for item in counts:
        alike.setdefault((item.target, item.why), []).append(item)
    lines = []
    for (target, why), items in alike.items():
        if len(items) > _EACH:
            number = sum(counts[item] for item in items)
            lines.append(f"{target}: {number} groups, {items[0].group} being the first: {why}")
            continue
        for item in items:
            times = f" ({counts[item]} of that name)" if counts[item] > 1 else ""
            lines.append(f"{item}{times}")
    return lines


def clean(line: Line, seconds: float, hurry: Callable[[], float]) -> list[Left]:
    """Dismiss what the journal lists, within `seconds` and what `hurry` leaves.

    Returns each thing that is left, with the reason.
    """
    if line.journal is None:
        return []
    left = []
    away = ""
    ends = time.monotonic() + seconds
    for item in line.journal.left:
        time_left = min(ends - time.monotonic(), hurry())
        if item.id is None:
            why = "it may be there, its id never came back"
        elif not line.target.writes:
            why = "the target has no writes: true"
        elif time_left <= 0:
            why = "there was no time left to dismiss it"
        elif away:
            why = away
        else:
            answer = _dismiss(line, item, time_left)
            gone = answer.accepted or line.driver.is_gone(answer)
            why = "" if gone else line.redact(answer.describe())
            away = why if answer.verdict is Verdict.TROUBLE else ""
        if why:
            left.append(Left(line.target.name, str(item.id or item.name), why))
    return left


def _dismiss(line: Line, item: Leftover, seconds: float) -> Answer:
    """End one group, waiting out throttling and a few passing errors as long as there is time."""
    assert line.journal is not None  # noqa: S101
    ends = time.monotonic() + seconds
    call = line.driver.dismiss(Conversation(Kind.GROUP, item.id, "", item.owner, ()))
    request = line.built(call)
    for turn in count(1):
        exchange = line.carrier.send(request, Terms(within=max(ends - time.monotonic(), 0.1)))
        answer = line.driver.read(call.operation, exchange)
        passing = answer.refused and line.contract.kind(answer.code) == "transient"
        passing = (passing and turn < _REPEATS) or answer.verdict is Verdict.THROTTLED
        if not passing or ends - time.monotonic() < 0.5:
            break
        try:
            line.client.take(1)
        except BudgetSpent:
            break
        time.sleep(0.4)
    if answer.accepted or line.driver.is_gone(answer):
        line.journal.gone(item.id)
    return answer
