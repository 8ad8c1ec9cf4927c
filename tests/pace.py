"""How long things may take: seconds of a machine at rest, stretched by how slow this one is now."""

import time
from contextlib import contextmanager

ROUNDS = 400_000
AT_REST = 0.010  # seconds for them, on the machine whose seconds the tests speak of
PATIENCE = 400.0  # seconds after which what has not happened never will, anywhere


def slowness():
    """Return how many times longer than at rest a fixed piece of work takes now, at least 1."""
    began = time.perf_counter()
    for _ in range(ROUNDS):
        pass
    return max(1.0, (time.perf_counter() - began) / AT_REST)


@contextmanager
def within(seconds):
    """Fail when the block takes longer than it may."""
    before = slowness()
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    allowed = seconds * max(before, slowness())
    assert took < allowed, f"it took {took:.2f} s, more than {allowed:.2f} s"


def wait_for(what, seconds=PATIENCE):
    """Return the first true value of ``what()``."""
    ends = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < ends, "it never happened"
        time.sleep(0.02)
    return found
