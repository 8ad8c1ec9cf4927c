"""How often and how much a target is asked, kept by all processes together.

Rates are pyrate-limiter's token buckets. What they know lies in one SQLite file of the user, which
every process of the machine looks at before it sends; or in Redis, for several machines. Budgets
of a run with several workers lie in the same file. SQLite's own bucket of pyrate-limiter keeps a
row for every call, which costs more than sending does; this keeps one number.
"""

from __future__ import annotations

import hashlib
import math
import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
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

from receiptspec.errors import BudgetSpent, ConfigurationError, Inconclusive
from receiptspec.exchange import Secret
from receiptspec.journal import default_folder
from receiptspec.targets import Budget, Target

if TYPE_CHECKING:
    from redis import Redis

__all__ = ["Limits", "Spending", "check", "forget"]

_BURST = 0.02  # of the calls of a second: so many may come at once
_SET_BACK = 120_000  # milliseconds to wait that only a clock which was set back can explain
_OLD = 7 * 86400  # seconds after which nobody asks any more what a run has spent
_TABLES = """
CREATE TABLE IF NOT EXISTS rates (key TEXT PRIMARY KEY, due INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spent (key TEXT PRIMARY KEY, requests INTEGER NOT NULL,
  writes INTEGER NOT NULL, born REAL NOT NULL) WITHOUT ROWID;
"""


class _File:
    """The SQLite file that all processes of the user share."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._base = sqlite3.connect(
            path, timeout=10, isolation_level=None, check_same_thread=False
        )
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=OFF")  # what a power cut takes is worth nothing
        self._base.executescript(_TABLES)
        self._base.execute("DELETE FROM spent WHERE born < ?", (time.time() - _OLD,))

    @contextmanager
    def changed(self) -> Iterator[sqlite3.Connection]:
        """Change something while nobody else does; raises `Inconclusive` when that cannot be."""
        with self._lock:
            try:
                self._base.execute("BEGIN IMMEDIATE")
                try:
                    yield self._base
                except BaseException:
                    self._base.execute("ROLLBACK")
                    raise
                self._base.execute("COMMIT")
            except sqlite3.Error as error:
                why = f"what was sent cannot be noted in {self.path}: {error}"
                raise Inconclusive(f"nothing is sent, as {why}") from None


def _folders() -> Iterator[Path]:
    yield default_folder().parent
    own = Path(tempfile.gettempdir(), f"receiptspec-{getattr(os, 'getuid', int)()}")
    try:
        own.mkdir(mode=0o700, exist_ok=True)
        about = own.lstat()
    except OSError:
        return
    if not hasattr(os, "getuid") or (about.st_uid == os.getuid() and not about.st_mode & 0o077):
        yield own


def _file() -> _File:
    return _opened(default_folder().parent, os.getpid())


@cache
def _opened(_usual: Path, _process: int) -> _File:
    folders = list(_folders())
    trouble: Exception | None = None
    for folder in folders:
        try:
            return _File(folder / "rates.sqlite")
        except (OSError, sqlite3.Error) as error:
            trouble = trouble or error
    said = getattr(trouble, "strerror", None) or trouble
    raise ConfigurationError(
        f"the rates that all processes share cannot be kept there: {said}",
        file=folders[0] / "rates.sqlite",
        fix="delete the file, or set XDG_STATE_HOME to a folder that can be written",
    )


class _InFile(StateStore):
    """One rate in the file."""

    def __init__(self, key: str) -> None:
        self._key, self._file = key, _file()

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


def _redis(address: str) -> Redis:
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    plain = address.reveal() if isinstance(address, Secret) else address
    once = Retry(NoBackoff(), 1)
    return Redis.from_url(plain, socket_connect_timeout=3, socket_timeout=3, retry=once)


def _ahead(client: Redis) -> int:
    """Return by how many milliseconds the clock of Redis is ahead of ours."""
    client.ping()  # connecting takes its time
    before = time.time()
    seconds, micros = client.time()
    return int((seconds + micros / 1e6 - (before + time.time()) / 2) * 1000)


class Limits:
    """The rates of one target: calls a second by operation, under "" of all others together."""

    def __init__(self, target: Target, rates: Mapping[str, float]) -> None:
        self._lock = threading.Lock()
        self._ahead = 0
        store: Callable[[str], StateStore]
        if target.rate_store is not None:
            client = _redis(target.rate_store)
            self._ahead = _ahead(client)
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
                raise BudgetSpent("the budget of seconds ends before the rate allows the next call")
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


def check(targets: Iterable[Target]) -> None:
    """Raise `ConfigurationError` where the rates of targets cannot be kept."""
    for target in targets:
        if target.rate_store is not None:
            _check_redis(target.name, target.rate_store)
        elif not target.embedded:
            _file()


def _check_redis(name: str, address: str) -> None:
    try:
        from redis import RedisError
    except ImportError:
        raise ConfigurationError(
            f"{name}: rate_store needs the client of Redis",
            fix="python -m pip install 'receiptspec[redis]'",
        ) from None
    try:
        _ahead(_redis(address))
    except (RedisError, OSError, ValueError) as error:
        why = type(error).__name__
        raise ConfigurationError(
            f"{name}: rate_store does not answer ({why})", fix="start it, or correct the address"
        ) from None


# --- budgets --------------------------------------------------------------------------------


class Spending:
    """What was spent of a budget; with a `key`, by all processes that name the same."""

    def __init__(self, budget: Budget, key: str = "") -> None:
        self._budget, self._key = budget, key
        self._file = _file() if key else None
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
            raise BudgetSpent(f"the budget of {budget.seconds:g} s is used up")
        with self._together() as (spent, _):
            for most, index, more, name in (
                (budget.requests, 0, requests, "requests"),
                (budget.writes, 1, writes, "writes"),
            ):
                if more and most is not None and spent[index] + more > most:
                    raise BudgetSpent(f"the budget of {most} {name} is used up")
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
    with _file().changed() as base:
        base.execute("DELETE FROM spent WHERE substr(key, 1, ?) = ?", (len(key), key))
