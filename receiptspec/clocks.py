"""How far a target's clock is ahead of ours, told from what its answers show."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

__all__ = ["Clock", "moment"]

_UNNOTICED = 5.0  # seconds by which clocks may differ
_STEP = 1.5  # seconds after which a clock of whole seconds has gone on
_STRIDE = 1.5  # seconds by which it may have gone on more, or less
_ADRIFT = 600.0  # seconds by which a server may be behind the clock of whoever is on the way
_DAY = 86_400.0


class Clock:
    """The clock of a target, by the `Date` of answers and by the times of what was sent.

    `Date` tells it as long as that goes on as our clock does: whoever is on the way may keep an old
    one. The time at which a message was sent tells it otherwise.
    """

    def __init__(self) -> None:
        self.goes, self._stands = False, False
        self._seen: tuple[float, float] | None = None
        self._dated: float | None = None
        self._sent: float | None = None

    def shows(self, stamp: float, now: float, taken: float = 0.0) -> None:
        """Note the `Date` of an answer that came now, so many seconds after it was asked for."""
        self._dated = stamp - now
        if self._seen is None:
            self._seen = (stamp, now)
        went, passed = stamp - self._seen[0], now - self._seen[1]
        if passed >= _STEP:
            self.goes = went > 0 and abs(went - passed) <= _STRIDE + taken
            self._stands = not self.goes
            self._seen = (stamp, now)

    def says(self, sent: float, now: float) -> None:
        """Note when a message was sent as an answer says that came now.

        One that repeats another has the time of that.
        """
        ahead = sent - now
        if abs(ahead) < _DAY:
            self._sent = ahead if self._sent is None else max(self._sent, ahead)

    @property
    def ahead(self) -> float:
        """Seconds by which the target's clock is ahead of ours; whole ones, a few are none."""
        ahead = self._sent if self._stands or self._dated is None else self._dated
        return float(round(ahead)) if ahead is not None and abs(ahead) > _UNNOTICED else 0.0

    @property
    def stamped(self) -> float | None:
        """Seconds by which what times messages is ahead of ours at least, by a second at most more.

        ``None`` where no message was sent.
        """
        return self._sent

    @property
    def doubt(self) -> float:
        """Seconds by which the target's clock may be behind what is known of it.

        None where a message has told it; `Date` may come from who is on the way, or never change.
        """
        if self._sent is not None:
            return 0.0
        return _DAY if self._stands or self._dated is None else _ADRIFT


def moment(stamp: str | None) -> float | None:
    """Return an HTTP date as seconds since the epoch, ``None`` for what is none."""
    try:
        return parsedate_to_datetime(stamp).timestamp() if stamp else None
    except (ValueError, OverflowError):
        return None
