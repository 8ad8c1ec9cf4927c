"""What each test costs: the requests of its own, and the scenes that it shares with others."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

__all__ = ["Footprints"]


@dataclass
class Footprints:
    """The requests of scenes and tests by name, without those of the scenes that they use."""

    costs: dict[str, int] = field(default_factory=dict)
    uses: dict[str, set[str]] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)
    _inner: int = 0

    @contextmanager
    def of(self, name: str, sent: Callable[[], int]) -> Iterator[None]:
        """Count what is sent meanwhile as `name`'s, and `name` as used by what is going on."""
        self.seen(name)
        self._open.append(name)
        outer, self._inner = self._inner, 0
        before = sent()
        try:
            yield
        finally:
            total = sent() - before
            self._open.pop()
            self.costs[name] = self.costs.get(name, 0) + total - self._inner
            self._inner = outer + total

    def seen(self, name: str) -> None:
        """Note that what is going on uses `name`, which may have been played before."""
        if self._open:
            self.uses.setdefault(self._open[-1], set()).add(name)

    def needed(self, name: str) -> frozenset[str]:
        """Return `name` with all that it uses, directly or not."""
        found, todo = {name}, [name]
        while todo:
            for other in self.uses.get(todo.pop(), set()) - found:
                found.add(other)
                todo.append(other)
        return frozenset(found)

    def best_first(self, gains: Mapping[str, int], names: Iterable[str]) -> list[str]:
        """Return `names` in an order that gains most for the fewest requests, the useless last.

        What a name needs is paid for once. Each time that name is taken which, with all that then
        costs nothing more, gains most for a request.
        """
        unpaid = {name: {p for p in self.needed(name) if self.costs.get(p)} for name in names}
        order: list[str] = []
        while unpaid:
            best = max(unpaid, key=lambda name: self._worth(name, unpaid, gains))
            paid = unpaid[best]
            together = [name for name, parts in unpaid.items() if parts <= paid]
            order += sorted(together, key=lambda name: -gains.get(name, 0))
            unpaid = {n: parts - paid for n, parts in unpaid.items() if n not in together}
        return order

    def _worth(
        self, name: str, unpaid: Mapping[str, set[str]], gains: Mapping[str, int]
    ) -> tuple[float, int]:
        gain = sum(gains.get(n, 0) for n, parts in unpaid.items() if parts <= unpaid[name])
        price = sum(self.costs[part] for part in unpaid[name])
        return (gain / price if price else math.inf, -price)
