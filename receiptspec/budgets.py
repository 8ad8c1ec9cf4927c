"""How much a target may be asked: what was spent of it, by one process or by all together."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from receiptspec import shared
from receiptspec.errors import BudgetSpent
from receiptspec.targets import Budget

__all__ = ["Spending", "forget"]


class Spending:
    """What was spent of a budget; with a `key`, by all processes that name the same."""

    def __init__(self, budget: Budget, key: str = "") -> None:
        self._budget, self._key = budget, key
        self._file = shared.file() if key else None
        self._lock = threading.Lock()
        self._own = [0, 0]
        self._ends = math.inf
        if budget.seconds is not None:
            self._ends = self._born() + budget.seconds

    def _born(self) -> float:
        if not self._key:
            return time.time()
        with self._together() as (_, born):
            return born

    @property
    def left(self) -> float:
        """Seconds until the budget ends."""
        return self._ends - time.time()

    def take(self, requests: int = 1, writes: int = 0) -> None:
        """Spend; raises `BudgetSpent` where that would be more than there is, spending nothing."""
        budget = self._budget
        if budget.requests is budget.writes is budget.seconds is None:
            return
        if self.left <= 0:
            raise BudgetSpent(f"{budget.seconds:g} s is used up")
        with self._together() as (spent, _):
            for most, index, more, name in (
                (budget.requests, 0, requests, "requests"),
                (budget.writes, 1, writes, "writes"),
            ):
                if more and most is not None and spent[index] + more > most:
                    raise BudgetSpent(f"{most} {name} is used up")
            spent[0] += requests
            spent[1] += writes

    def give_back(self, requests: int, writes: int) -> None:
        """Take back what was spent in advance and is not needed."""
        if self._budget.requests is self._budget.writes is None:
            return
        with self._together() as (spent, _):
            spent[0] -= requests
            spent[1] -= writes

    @contextmanager
    def _together(self) -> Iterator[tuple[list[int], float]]:
        """Yield what was spent by now, and since when, to be changed while nobody else does."""
        if self._file is None:
            with self._lock:
                yield self._own, 0.0
            return
        with self._file.changed() as base:
            new = (self._key, time.time())
            base.execute("INSERT OR IGNORE INTO spent VALUES (?, 0, 0, ?)", new)
            query = "SELECT requests, writes, born FROM spent WHERE key = ?"
            requests, writes, born = base.execute(query, (self._key,)).fetchone()
            spent = [requests, writes]
            yield spent, born
            base.execute(
                "UPDATE spent SET requests = ?, writes = ? WHERE key = ?", (*spent, self._key)
            )


def forget(key: str) -> None:
    """Drop what was spent under keys that begin so: nobody will ask any more."""
    with shared.file().changed() as base:
        base.execute("DELETE FROM spent WHERE substr(key, 1, ?) = ?", (len(key), key))
