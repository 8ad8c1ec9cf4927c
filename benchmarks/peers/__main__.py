"""Schemathesis and receiptspec on the same faults: ``python -m benchmarks.peers``.

docs/peers.md says what is compared, how, and what came out.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from benchmarks.peers.contestants import Bounds, Contestant, Outcome, Receiptspec, Schemathesis
from receiptspec.reference.faults import FAULTS
from receiptspec.reference.variants import VARIANTS

_CONTROLS = 3
Work = tuple[str, str, int]


def sampled(count: int, seed: int) -> list[str]:
    """Return names of faults, each class as often as its size, and once at least."""
    chance = random.Random(seed)
    classes: defaultdict[str, list[str]] = defaultdict(list)
    for fault in FAULTS.values():
        classes[fault.cls].append(fault.name)
    for names in classes.values():
        chance.shuffle(names)
    chosen: list[str] = []
    taken: defaultdict[str, int] = defaultdict(int)
    while len(chosen) < min(count, len(FAULTS)):
        # the class that is furthest behind its share; the larger one where two are
        cls = min(
            (name for name in classes if taken[name] < len(classes[name])),
            key=lambda name: (
                taken[name] > 0,
                taken[name] / len(classes[name]),
                -len(classes[name]),
            ),
        )
        chosen.append(classes[cls][taken[cls]])
        taken[cls] += 1
    return chosen


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--faults", type=int, default=40, metavar="N", help="how many faults")
    parser.add_argument("--all", action="store_true", help="all faults")
    parser.add_argument("--variants", type=int, default=12, metavar="M", help="how many variants")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--examples", type=int, default=5, help="--max-examples of Schemathesis")
    parser.add_argument("--profile", default="standard", help="of receiptspec")
    parser.add_argument("--seconds", type=int, default=300, help="most that one run may take")
    parser.add_argument("--minutes", type=float, default=60, help="most that all may take")
    parser.add_argument("--baselines", type=int, default=3, help="runs that learn the baseline")
    parser.add_argument("--jobs", type=int, default=1, help="servers judged at once")
    parser.add_argument("--plain", action="store_true", help="Schemathesis without hook as well")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write all outcomes as JSON")
    return parser.parse_args()


def _mixed(many: list[Work], few: list[Work]) -> list[Work]:
    """Spread the few among the many, so that a race that is cut short has had both."""
    placed = [
        ((turn + 0.5) / len(group), one) for group in (many, few) for turn, one in enumerate(group)
    ]
    return [one for _, one in sorted(placed, key=lambda pair: pair[0])]


class Race:
    """Runs every contestant on every server until the time is up."""

    def __init__(self, contestants: Sequence[Contestant], seed: int, deadline: float) -> None:
        self._contestants, self._seed, self._deadline = contestants, seed, deadline
        self.outcomes: dict[str, dict[str, Outcome]] = {}

    def judge(self, kind: str, name: str, turn: int = 0) -> None:
        """Let all contestants judge one server."""
        if time.monotonic() > self._deadline:
            return
        faults = (name,) if kind == "fault" else ()
        variants = (name,) if kind == "variant" else ()
        seed = self._seed + 1000 * turn  # a control's is one that no baseline has seen
        said = {one.name: one.run(faults, variants, seed) for one in self._contestants}
        self.outcomes[f"{kind} {name}"] = said
        marks = "  ".join(
            f"{one}: {outcome.trouble or ', '.join(outcome.said[:3]) or '-'}"
            for one, outcome in said.items()
        )
        print(f"{kind:<8} {name:<36} {marks}", file=sys.stderr, flush=True)


def main() -> int:
    """Print the table."""
    options = _options()
    bounds = Bounds(options.examples, options.seconds, options.seed)
    chance = random.Random(options.seed)
    faults = sampled(len(FAULTS) if options.all else options.faults, options.seed)
    variants = chance.sample(sorted(VARIANTS), min(options.variants, len(VARIANTS)))
    deadline = time.monotonic() + 60 * options.minutes
    with tempfile.TemporaryDirectory(prefix="peers-") as scratch:
        peers = [Schemathesis(Path(scratch), bounds)]
        if options.plain:
            peers.append(Schemathesis(Path(scratch), bounds, map_refusals=False))
        for peer in peers:
            known = peer.learn(options.baselines)
            print(f"{peer.name}: {known} known failures of the correct server")
        ours = Receiptspec(Path(scratch), bounds, options.profile)
        race = Race([*peers, ours], options.seed, deadline)
        work = [("control", f"correct-{turn}", turn) for turn in range(1, _CONTROLS + 1)]
        work = _mixed(
            [("fault", name, 0) for name in faults],
            [*work, *(("variant", name, 0) for name in variants)],
        )
        with ThreadPoolExecutor(options.jobs) as pool:
            list(pool.map(lambda one: race.judge(*one), work))
    _show(race.outcomes)
    if options.output:
        plain = {
            server: {name: asdict(outcome) for name, outcome in said.items()}
            for server, said in race.outcomes.items()
        }
        options.output.write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    left = len(work) - len(race.outcomes)
    if left:
        print(f"{left} of {len(work)} servers were not judged: the time was up")
    return 0


def _show(outcomes: dict[str, dict[str, Outcome]]) -> None:
    names = list(next(iter(outcomes.values()), {}))
    print(f"\n{'':<26}" + "".join(f"{name:>32}" for name in names))
    for title, kind in (
        ("faults killed", "fault"),
        ("alarms on variants", "variant"),
        ("alarms on correct server", "control"),
    ):
        group = [said for key, said in outcomes.items() if key.startswith(f"{kind} ")]
        row = [f"{sum(bool(said[name].said) for said in group)}/{len(group)}" for name in names]
        print(f"{title:<26}" + "".join(f"{cell:>32}" for cell in row))
    for level in ("MUST", "SHOULD"):
        group = [
            said
            for key, said in outcomes.items()
            if key.startswith("fault ") and FAULTS[key.partition(" ")[2]].level == level
        ]
        row = [f"{sum(bool(said[name].said) for said in group)}/{len(group)}" for name in names]
        print(f"{'  of a ' + level:<26}" + "".join(f"{cell:>32}" for cell in row))
    for title, what in (
        ("requests a run, median", "requests"),
        ("seconds a run, median", "seconds"),
    ):
        row = [
            f"{statistics.median(getattr(said[name], what) for said in outcomes.values()):.0f}"
            for name in names
        ]
        print(f"{title:<26}" + "".join(f"{cell:>32}" for cell in row))
    row = [str(sum(bool(said[name].trouble) for said in outcomes.values())) for name in names]
    print(f"{'runs with trouble':<26}" + "".join(f"{cell:>32}" for cell in row))
    print("\nkills by class of fault")
    by_class: defaultdict[str, list[dict[str, Outcome]]] = defaultdict(list)
    for key, said in outcomes.items():
        if key.startswith("fault "):
            by_class[FAULTS[key.partition(" ")[2]].cls].append(said)
    for cls, group in sorted(by_class.items()):
        row = [f"{sum(bool(said[name].said) for said in group)}/{len(group)}" for name in names]
        print(f"{cls:<26}" + "".join(f"{cell:>32}" for cell in row))


if __name__ == "__main__":
    sys.exit(main())
