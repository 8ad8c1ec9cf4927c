"""How long is worth waiting for what one view may show later than another, as a run has seen it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

__all__ = ["ENOUGH", "SHARE", "Waited", "Waits"]

#: After so many waits for one kind of thing that came to nothing, and none that did not.
ENOUGH = 3
#: The part of the window that is left then. What came later than that came late.
SHARE = 0.125


@dataclass(frozen=True, slots=True)
class Waited:
    """What waiting for views has cost, and what it was good for; all in seconds.

    `slowest` is how late something came that was not there at first. `lagged` says whether what
    failed at first has healed within the window.
    """

    spent: float = 0.0
    slowest: float = 0.0
    lagged: bool = False

    def __add__(self, other: Waited) -> Waited:
        slowest = max(self.slowest, other.slowest)
        return Waited(self.spent + other.spent, slowest, self.lagged or other.lagged)


class Waits:
    """What was waited for in one run, by the code that says whether it is there.

    A target on which something never shows would make each row wait the whole window for it. So
    it is waited for less long once it has not come some times, and has never come at all. Where a
    calm look has confirmed a failure and nothing has ever come late, views do not lag: one wait for
    each kind of thing that has not come is enough, and calm looks need not wait so long either.
    """

    def __init__(self) -> None:
        self._came: set[Any] = set()
        self._vain: Counter[Any] = Counter()
        self._late = False
        self._confirmed = False
        self.told = Waited()

    def share(self, fits: Callable[..., bool]) -> float:
        """Return which part of the window, up to 1, is worth waiting for what `fits` looks for."""
        kind = _kind(fits)
        if self._is_prompt:
            return SHARE if kind in self._came or self._vain[kind] else 1.0
        return SHARE if kind not in self._came and self._vain[kind] >= ENOUGH else 1.0

    @property
    def calm(self) -> float:
        """Which part of the window all has to have had for a calm look."""
        return SHARE if self._is_prompt else 1.0

    @property
    def _is_prompt(self) -> bool:
        return self._confirmed and not self._late

    def spend(self, seconds: float) -> None:
        """Note that so much time was let pass for views."""
        self.told += Waited(seconds)

    def ended(
        self, fits: Callable[..., bool], *, came: bool, late: bool = False, after: float = 0.0
    ) -> None:
        """Remember whether what was waited for came, whether that was late, and after how long."""
        if came:
            self._came.add(_kind(fits))
            self._late |= late
            self.told += Waited(slowest=after)
        else:
            self._vain[_kind(fits)] += 1

    def looked_again(self, *, confirmed: bool) -> None:
        """Remember whether a calm look has found what the first one had found."""
        self._confirmed |= confirmed
        self._late |= not confirmed
        self.told += Waited(lagged=not confirmed)


def _kind(fits: Callable[..., bool]) -> Any:
    return getattr(fits, "__code__", fits)
