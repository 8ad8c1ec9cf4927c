"""Which variants to run together: a greedy covering array over choices; pure.

A choice is a set of variants of which a server can have at most one, or none: the documented way.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import combinations

__all__ = ["choices", "cover", "uncovered"]

Choice = tuple[str, ...]
Pair = tuple[tuple[int, str], tuple[int, str]]
_TRIES = 24
_NONE = ""


def choices(names: Iterable[str], alternatives: Iterable[Collection[str]]) -> tuple[Choice, ...]:
    """Return each set of alternatives, and every other name alone, as a choice with no variant."""
    rest = list(dict.fromkeys(names))
    found: list[Choice] = []
    for group in alternatives:
        members = [name for name in rest if name in group]
        if members:
            found.append((_NONE, *members))
            rest = [name for name in rest if name not in group]
    return (*found, *((_NONE, name) for name in rest))


def uncovered(
    factors: Sequence[Choice], rows: Iterable[Collection[str]], barred: Collection[Pair] = ()
) -> set[Pair]:
    """Return the pairs of settings that no row has, those in `barred` aside."""
    left = _pairs(factors) - set(barred)
    for row in rows:
        left -= _covered(_settings(factors, row))
    return left


def cover(
    factors: Sequence[Choice], apart: Collection[frozenset[str]] = (), *, seed: int = 0
) -> tuple[tuple[str, ...], ...]:
    """Return sets of names so that each two settings of two choices come together in one.

    No set holds two names that `apart` keeps apart.
    """
    rng = random.Random(seed)
    left = {pair for pair in _pairs(factors) if _names(pair) not in apart}
    rows: list[tuple[str, ...]] = []
    foes = _foes(apart)
    while left:
        ordered = sorted(left)
        tries = [_row(factors, rng.choice(ordered), left, foes, rng) for _ in range(_TRIES)]
        best = max(tries, key=lambda row: (len(_covered(row) & left), -_load(row)))
        if not _covered(best) & left:
            break
        left -= _covered(best)
        rows.append(tuple(name for name in best if name))
    return tuple(row for row in rows if row)


def _pairs(factors: Sequence[Choice]) -> set[Pair]:
    return {
        ((i, a), (j, b))
        for i, j in combinations(range(len(factors)), 2)
        for a in factors[i]
        for b in factors[j]
    }


def _names(pair: Pair) -> frozenset[str]:
    return frozenset((pair[0][1], pair[1][1]))


def _settings(factors: Sequence[Choice], row: Collection[str]) -> tuple[str, ...]:
    return tuple(next((name for name in factor if name in row), _NONE) for factor in factors)


def _covered(row: Sequence[str]) -> set[Pair]:
    return set(combinations(enumerate(row), 2))


def _load(row: Sequence[str]) -> int:
    return sum(1 for name in row if name)


def _foes(apart: Iterable[Collection[str]]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for names in apart:
        for name in names:
            found.setdefault(name, set()).update(set(names) - {name})
    return found


def _row(
    factors: Sequence[Choice],
    first: Pair,
    left: set[Pair],
    foes: Mapping[str, Collection[str]],
    rng: random.Random,
) -> tuple[str, ...]:
    """Return one row: begin with a pair that is left, then settle choice after choice."""
    chosen = dict(first)
    order = [index for index in range(len(factors)) if index not in chosen]
    rng.shuffle(order)
    for index in order:
        before = [setting for setting in chosen.items() if setting[0] < index]
        after = [setting for setting in chosen.items() if setting[0] > index]
        taken = set(chosen.values())
        best, most = _NONE, (-1, False)
        for name in factors[index]:
            if not taken.isdisjoint(foes.get(name, ())):
                continue
            own = (index, name)
            gain = sum((other, own) in left for other in before)
            gain += sum((own, other) in left for other in after)
            if (gain, not name) > most:
                best, most = name, (gain, not name)
        chosen[index] = best
    return tuple(chosen[index] for index in range(len(factors)))
