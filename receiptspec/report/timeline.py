"""When the requests of a run were sent, drawn as one path a lane, and summed up by operation."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Lane", "Timeline", "of_target"]

WIDTH = 1000
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)


@dataclass(frozen=True, slots=True)
class Lane:
    """The requests of one operation: SVG path data, and times in milliseconds."""

    operation: str
    fine: str
    odd: str
    requests: int
    median: float
    slowest: float
    statuses: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """The requests of one target; `marks` are those that findings rest on: place and anchor."""

    target: str
    seconds: float
    requests: int
    lanes: Sequence[Lane]
    ticks: Sequence[tuple[float, str]]
    marks: Sequence[tuple[float, int, str, str]]


def of_target(
    name: str, rows: Iterable[Mapping[str, Any]], anchors: Mapping[tuple[str, str], str]
) -> Timeline | None:
    """Return the timeline of one target, ``None`` where the report has none."""
    own = [row for row in rows if row["target"] == name]
    sent = [entry for row in own for entry in row.get("timeline", ())]
    if not sent:
        return None
    start: float = min(entry[0] for entry in sent)
    length = max(max(entry[0] + entry[1] / 1000 for entry in sent) - start, 0.001)

    def place(moment: float) -> float:
        return float(min(max(round((moment - start) / length * WIDTH, 1), 0), WIDTH))

    operations = sorted({entry[2] for entry in sent})
    lanes = [_lane(name, [e for e in sent if e[2] == name], place) for name in operations]
    marks: dict[tuple[float, int], tuple[float, int, str, str]] = {}
    for row in own:
        anchor = anchors.get((row["target"], row["requirement"]))
        for exchange in row["exchanges"] if anchor else ():
            operation = exchange["operation"] or ""
            if operation in operations and start <= exchange["started"] <= start + length:
                where = (place(exchange["started"]), operations.index(operation))
                marks.setdefault(where, (*where, row["requirement"], anchor or ""))
    step = next((s for s in _STEPS if length / s <= 8), _STEPS[-1])
    count = min(int(length / step), 20)
    ticks = [(place(start + n * step), f"{n * step:g} s") for n in range(count + 1)]
    return Timeline(name, length, len(sent), lanes, ticks, list(marks.values())[:200])


def _lane(name: str, sent: Sequence[Sequence[Any]], place: Callable[[float], float]) -> Lane:
    times = [entry[1] for entry in sent]
    statuses = Counter(entry[3] for entry in sent)
    return Lane(
        name or "other addresses",
        _path(sorted({place(entry[0]) for entry in sent if entry[3] == 200})),
        _path(sorted({place(entry[0]) for entry in sent if entry[3] != 200})),
        len(sent),
        statistics.median(times),
        max(times),
        ", ".join(
            f"{count} × {status or 'no answer'}" for status, count in sorted(statuses.items())
        ),
    )


def _path(places: Iterable[float]) -> str:
    return "".join(f"M{place:g} 2v10" for place in places)
