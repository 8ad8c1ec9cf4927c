"""Leaving nothing behind: dismissing what the journal says was made on a target."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import count

from receiptspec.client import Terms
from receiptspec.errors import BudgetSpent
from receiptspec.journal import Leftover
from receiptspec.line import Line
from receiptspec.neutral import Answer, Conversation, Kind, Verdict

__all__ = ["clean"]

_REPEATS = 8  # of a refusal that may pass


def clean(line: Line, seconds: float, hurry: Callable[[], float]) -> list[str]:
    """Dismiss what the journal lists, within `seconds` and what `hurry` leaves.

    Returns a line for each thing that is left, with the reason.
    """
    if line.journal is None:
        return []
    lines = []
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
            lines.append(f"{line.target.name}: group {item.id or item.name}: {why}")
    return lines


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
