"""The rates of a target, kept by all processes together.

They are pyrate-limiter's token buckets. What they know lies in one SQLite file of the user, which
every process of the machine looks at before it sends; or in Redis, for several machines. SQLite's
own bucket of pyrate-limiter keeps a row for every call, which costs more than sending does; this
keeps one number. To import pyrate-limiter takes a while: `receiptspec.rates` does so where it must.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pyrate_limiter import (
    InMemoryStateStore,
    Rate,
    RateItem,
    RedisStateStore,
    StateBucket,
    StateStore,
    TokenBucket,
)

from receiptspec import shared
from receiptspec.errors import BudgetSpent, Inconclusive
from receiptspec.targets import Target

if TYPE_CHECKING:
    from redis import Redis

__all__ = ["Limits"]

_BURST = 0.02  # of the calls of a second: so many may come at once
_SET_BACK = 120_000  # milliseconds to wait that only a clock which was set back can explain


class _InFile(StateStore):
    """One rate in the file."""

    def __init__(self, key: str) -> None:
        self._key, self._file = key, shared.file()

    def check(self, algorithm: Any, rates: Any, now: int, weight: int) -> Any:
        """Let a call pass or say how long to wait, while nobody else is asked."""
        with self._file.changed() as base:
            row = base.execute("SELECT due FROM rates WHERE key = ?", (self._key,)).fetchone()
            due, decision = algorithm.step(rates, row or algorithm.initial(rates), now, weight)
            if decision.allowed:
                base.execute("REPLACE INTO rates VALUES (?, ?)", (self._key, *due))
        return decision

    def read(self, algorithm: Any, rates: Any) -> Any:
        """Return what is known."""
        with self._file.changed() as base:
            row = base.execute("SELECT due FROM rates WHERE key = ?", (self._key,)).fetchone()
        return row or algorithm.initial(rates)

    def reset(self) -> None:
        """Forget what is known."""
        with self._file.changed() as base:
            base.execute("DELETE FROM rates WHERE key = ?", (self._key,))


class _InRedis(RedisStateStore):
    """One rate in Redis, by whose clock every machine goes."""

    def __init__(self, client: Redis, key: str) -> None:
        super().__init__(client, f"receiptspec:{key}")

    def check(self, algorithm: Any, rates: Any, now: int, weight: int) -> Any:
        """Let a call pass or say how long to wait, while nobody else is asked."""
        from redis import RedisError

        try:
            return super().check(algorithm, rates, now, weight)  # type: ignore[no-untyped-call]
        except RedisError as error:
            said = f"rate_store does not answer ({type(error).__name__})"
            raise Inconclusive(f"nothing is sent, as the target's {said}") from None


class Limits:
    """The rates of one target: calls a second by operation, under "" of all others together."""

    def __init__(self, target: Target, rates: Mapping[str, float]) -> None:
        self._lock = threading.Lock()
        self._ahead = 0
        store: Callable[[str], StateStore]
        if target.rate_store is not None:
            client = shared.connected(target.rate_store)
            self._ahead = shared.ahead(client)
            store = partial(_InRedis, client)
        elif target.embedded:
            store = lambda _: InMemoryStateStore()  # noqa: E731
        else:
            store = _InFile
        self._buckets = {
            name: StateBucket([_rate(each)], TokenBucket(), store(_key(target, name)))
            for name, each in rates.items()
        }

    def wait(self, operation: str, within: float = math.inf) -> None:
        """Return when the next call may go; a place is taken at once, in the order of asking.

        Raises `BudgetSpent` where that is not within these seconds.
        """
        bucket = self._buckets.get(operation) or self._buckets.get("")
        if bucket is None:
            return
        with self._lock:
            moment = self._reserved(bucket, within)
        pause = (moment - self._now()) / 1000
        if pause > 0:
            time.sleep(pause)

    def _reserved(self, bucket: StateBucket, within: float) -> int:
        now = moment = self._now()
        while not bucket.put(item := RateItem("call", moment)):
            moment += max(int(bucket.waiting(item)), 1)  # type: ignore[arg-type]
            if moment - now > max(
                _SET_BACK, 100 * bucket.rates[0].interval / bucket.rates[0].limit
            ):
                bucket.flush()
                moment = now
            if moment - now > within * 1000:
                raise BudgetSpent("seconds ends before the rate allows the next call")
        return moment

    def _now(self) -> int:
        return time.time_ns() // 1_000_000 + self._ahead


def _rate(calls: float) -> Rate:
    """Return a rate of so many calls a second, of which few may come at once."""
    return Rate(max(1, round(calls * 60)), 60_000, burst=max(1, int(calls * _BURST)))


def _key(target: Target, operation: str) -> str:
    """Return what stands for an account at an address: documented rates are an application's."""
    account = target.auth.get("sdkappid", target.auth.get("appid", ""))
    text = f"{target.url}\n{account}\n{operation}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]
