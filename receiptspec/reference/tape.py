"""Records what a server was asked and what it said, and plays it to another one.

The other one has the same times and the same chance. What it is asked says the same, as long as it
answers the same: a server of which nothing differs would have had that conversation word for word.
"""

from __future__ import annotations

import pickle
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import IO, Any

from receiptspec.reference import outside
from receiptspec.reference.calls import Incoming, Reply
from receiptspec.reference.desk import Desk, Office, furnish
from receiptspec.reference.settings import Settings
from receiptspec.reference.tencent.webhooks import Callback

__all__ = ["Exchange", "Tape", "record"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request, or one wish of ``hooks.read``: when, what came back, what webhooks were sent."""

    moment: outside.Held
    asked: Any
    said: Any
    called: tuple[Callback, ...]


class _Scribe:
    """A desk that notes whatever it has another one do."""

    def __init__(self, office: Office) -> None:
        self._desk, self._called = office.desk, list[Callback]()
        self._deliver = office.hooks.deliver
        office.hooks.deliver = self._hear

    def _hear(self, callback: Callback) -> None:
        self._called.append(callback)
        self._deliver(callback)

    def exchange(self, moment: outside.Held, asked: Any) -> Exchange:
        """Ask, at a moment that is held."""
        self._called.clear()
        with outside.held(moment):
            said: Any
            if isinstance(asked, Incoming):
                said = self._desk.answer(asked)
            else:
                said = self._desk.read(asked)
        return Exchange(moment, asked, said, tuple(self._called))


class _Recorder:
    """A desk that writes each exchange to a file."""

    def __init__(self, office: Office, file: IO[bytes]) -> None:
        self._scribe, self._file = _Scribe(office), file
        self._serial = 0

    def answer(self, incoming: Incoming) -> tuple[str, Reply]:
        operation, reply = self._recorded(incoming)
        return operation, reply

    def read(self, wish: Any) -> tuple[dict[str, Any], int]:
        answer, status = self._recorded(wish)
        return answer, status

    def _recorded(self, asked: Any) -> Any:
        self._serial += 1
        moment = outside.Held(time.time(), time.monotonic(), self._serial)
        exchange = self._scribe.exchange(moment, asked)
        pickle.dump(exchange, self._file)
        self._file.flush()
        return exchange.said


def record(office: Office, settings: Settings, file: IO[bytes]) -> Desk:
    """Return a desk that does what the office's does and writes it to a file.

    The file holds credentials: it is to have no name.
    """
    pickle.dump(settings, file)
    file.flush()
    return _Recorder(office, file)


@dataclass(frozen=True)
class Tape:
    """What was recorded, of a server with these settings."""

    settings: Settings
    exchanges: Sequence[Exchange]

    @classmethod
    def of(cls, file: IO[bytes]) -> Tape:
        """Read what a server that has ended recorded. Raises `EOFError` where there is nothing."""
        file.seek(0)
        settings = pickle.load(file)  # noqa: S301 - from a child of ours
        exchanges = []
        while True:
            try:
                exchanges.append(pickle.load(file))  # noqa: S301
            except EOFError:
                return cls(settings, exchanges)

    def fits(self, faults: Sequence[str]) -> bool:
        """Whether a server with these faults would have said the same all along."""
        scribe = _Scribe(furnish(replace(self.settings, faults=faults), mute=True))
        try:
            return all(
                scribe.exchange(known.moment, known.asked) == known for known in self.exchanges
            )
        except Exception:  # a connection would have broken, or waited for a webhook's answer
            return False
