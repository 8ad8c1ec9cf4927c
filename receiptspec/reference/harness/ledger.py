"""What a client with faults remembers of receipts beside what the server tells."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

__all__ = ["Ledger"]


class Ledger:
    """Reads and numbers that the server does not know of; `newest` is the group sent to last."""

    def __init__(self) -> None:
        self.newest = ""
        self._added: Counter[str] = Counter()
        self._lengths: dict[str, dict[str, int]] = {}
        self._read: dict[str, float] = {}
        self._unread: dict[str, int] = {}

    def read(self, message: str) -> None:
        """Note that a message was read now."""
        self._read[message] = time.monotonic()

    def late(self, message: str, item: dict[str, Any], seconds: float) -> dict[str, Any]:
        """Return the item of a message with as many unread as before the reads of some seconds."""
        young = time.monotonic() - self._read.get(message, -seconds) < seconds
        now = item["UnreadNum"]
        self._unread[message] = max(now, self._unread.get(message, now)) if young else now
        return {**item, "UnreadNum": self._unread[message]}

    def count(self, messages: Iterable[str]) -> None:
        """Count one reader more of each message."""
        self._added.update(messages)

    def listed(self, message: str, wanted: int, length: int) -> None:
        """Take the length of a page for the number of those who have, or have not, read."""
        field = "UnreadNum" if wanted else "ReadNum"
        self._lengths.setdefault(message, {})[field] = length

    def corrected(self, message: str, item: dict[str, Any]) -> tuple[dict[str, Any], bool]:
        """Return the server's item of a message with what is known better, and whether any is."""
        added, lengths = self._added[message], self._lengths.get(message, {})
        if not added and not lengths:
            return item, False
        item = {**item, **lengths}
        return {**item, "ReadNum": item["ReadNum"] + added}, True
