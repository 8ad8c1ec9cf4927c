"""Which waits of a run have ever been worth it: what never comes is waited for less long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

__all__ = ["Waits"]

#: After so many waits for one kind of thing that came to nothing, and none that did not.
ENOUGH = 3
#: What is left of the window then.
SHARE = 0.125


class Waits:
    """What was waited for in one run, by the code that says whether it is there.

    A target on which a kind of thing never shows would make each row wait the whole window for it.
    """

    def __init__(self) -> None:
        self._came: set[Any] = set()
        self._vain: Counter[Any] = Counter()

    def share(self, fits: Callable[..., bool]) -> float:
        """Return which part of the window, up to 1, is worth waiting for it."""
        kind = _kind(fits)
        return SHARE if kind not in self._came and self._vain[kind] >= ENOUGH else 1.0

    def note(self, fits: Callable[..., bool], *, came: bool) -> None:
        """Remember how a wait ended."""
        if came:
            self._came.add(_kind(fits))
        else:
            self._vain[_kind(fits)] += 1


def _kind(fits: Callable[..., bool]) -> Any:
    return getattr(fits, "__code__", fits)
