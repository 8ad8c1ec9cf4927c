"""What all processes of a user know together: an SQLite file, or Redis for several machines."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from receiptspec.errors import ConfigurationError, Inconclusive
from receiptspec.exchange import Secret
from receiptspec.journal import default_folder

if TYPE_CHECKING:
    from redis import Redis

__all__ = ["File", "ahead", "connected", "file"]

_OLD = 7 * 86400  # seconds after which nobody asks any more what a run has spent
_TABLES = """
CREATE TABLE IF NOT EXISTS rates (key TEXT PRIMARY KEY, due INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS spent (key TEXT PRIMARY KEY, requests INTEGER NOT NULL,
  writes INTEGER NOT NULL, born REAL NOT NULL) WITHOUT ROWID;
"""


class File:
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
                try:
                    self._base.execute("BEGIN IMMEDIATE")
                    yield self._base
                    self._base.execute("COMMIT")
                except BaseException:  # also an interrupt right after BEGIN
                    if self._base.in_transaction:
                        self._base.execute("ROLLBACK")
                    raise
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


def file() -> File:
    """Return the file of this process, opened once; raises `ConfigurationError`."""
    return _opened(default_folder().parent, os.getpid())


@cache
def _opened(_usual: Path, _process: int) -> File:
    folders = list(_folders())
    trouble: Exception | None = None
    for folder in folders:
        try:
            return File(folder / "rates.sqlite")
        except (OSError, sqlite3.Error) as error:
            trouble = trouble or error
    said = getattr(trouble, "strerror", None) or trouble
    raise ConfigurationError(
        f"the rates that all processes share cannot be kept there: {said}",
        file=folders[0] / "rates.sqlite",
        fix="delete the file, or set XDG_STATE_HOME to a folder that can be written",
    )


def connected(address: str) -> Redis:
    """Return a client of the Redis at an address, which is asked nothing yet."""
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    plain = address.reveal() if isinstance(address, Secret) else address
    once = Retry(NoBackoff(), 1)
    return Redis.from_url(plain, socket_connect_timeout=3, socket_timeout=3, retry=once)


def ahead(client: Redis) -> int:
    """Return by how many milliseconds the clock of Redis is ahead of ours."""
    client.ping()  # connecting takes its time
    before = time.time()
    seconds, micros = client.time()
    return int((seconds + micros / 1e6 - (before + time.time()) / 2) * 1000)
