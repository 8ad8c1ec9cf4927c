"""What a server has from outside itself: the time, and chance.

Both are the machine's, unless they are `held`: then every reading is the same, and what chance
gives follows from one number. So an exchange can be had again, just as it was.
"""

from __future__ import annotations

import contextlib
import random
import secrets
import time
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass

__all__ = ["Held", "below", "held", "now", "ticks", "token"]


@dataclass(frozen=True, slots=True)
class Held:
    """A moment: Unix seconds, seconds of a clock that is never set, and a seed of chance."""

    now: float
    ticks: float
    seed: int


_HELD: ContextVar[tuple[Held, random.Random] | None] = ContextVar("held", default=None)


@contextlib.contextmanager
def held(moment: Held) -> Iterator[None]:
    """Hold time and chance, for whoever asks in this context."""
    before = _HELD.set((moment, random.Random(moment.seed)))
    try:
        yield
    finally:
        _HELD.reset(before)


def now() -> float:
    """Return Unix seconds."""
    holding = _HELD.get()
    return time.time() if holding is None else holding[0].now


def ticks() -> float:
    """Return seconds of a clock that is never set."""
    holding = _HELD.get()
    return time.monotonic() if holding is None else holding[0].ticks


def below(bound: int) -> int:
    """Return a number from 0 on, below a bound."""
    holding = _HELD.get()
    return secrets.randbelow(bound) if holding is None else holding[1].randrange(bound)


def token(size: int) -> str:
    """Return so many bytes in hex."""
    holding = _HELD.get()
    return secrets.token_hex(size) if holding is None else holding[1].randbytes(size).hex()
