"""What users of client SDKs sent and read in the whole run, and what that promises.

A read counts from the moment it is asked for: whether it was accepted is another question.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from typing import Any

from receiptspec.contract import Contract
from receiptspec.drivers.base import Driver
from receiptspec.neutral import Answer, Call, Kind, Message

__all__ = ["Dealings"]

_BATCH = 20  # reads or questions in one call, of which nobody doubts that it may hold them
#: Refusals of these kinds say nothing of the messages.
_EXCUSES = {"credentials", "feature", "limit", "permission", "throttled", "transient"}
_PULLS = {
    "ask": "every-message-is-answered",
    "list": "members-are-listed",
    "list on": "walk-visits-everybody-once",
}
_HARNESS = (-32601, -32602)  # it has no such method, or nothing to hand to the SDK


class Dealings:
    """The messages of one target, who was asked to read them, and which places were disturbed."""

    def __init__(self, driver: Driver, contract: Contract) -> None:
        self._driver, self._contract = driver, contract
        self._messages: dict[Any, Message | None] = {}
        self._reads: dict[Any, list[Any]] = {}
        self._since: dict[Any, float] = {}
        self._disturbed: set[Any] = set()
        #: Answers that hold receipts of messages of one conversation, to who sent them all.
        self.pulled: list[Answer] = []

    # --- what happens ---------------------------------------------------------------------

    def sent(self, message: Message) -> None:
        """Remember a message; of two with one name nothing is known."""
        known = message.id in self._messages
        self._messages[message.id] = None if known else message

    def read(self, user: Any, messages: Iterable[Any]) -> None:
        """Remember who is asked to read what."""
        for name in messages:
            self._reads.setdefault(name, []).append(user)
            self._since.setdefault(name, time.time())

    def note(self, call: Call) -> None:
        """Remember the reads of a call, and whatever else changes a conversation."""
        if self._driver.server is None or not isinstance(call.body, dict):
            return
        if call.operation in self._contract.operations:
            if call.operation == self._driver.group_read:
                self.read(call.user, self._driver.named_messages(call.body))
        elif self._contract.calls[call.operation].writes and not self._is_harmless(call):
            self._disturbed.add(self._driver.concerns(call.body))

    def _is_harmless(self, call: Call) -> bool:
        return call.operation in self._driver.harmless

    # --- what is known --------------------------------------------------------------------

    def message(self, name: Any) -> Message | None:
        """Return the message of a name, ``None`` where it is not known for sure."""
        return self._messages.get(name)

    def reads(self, name: Any) -> int:
        """Return how often somebody was asked to read a message."""
        return len(self._reads.get(name, ()))

    def is_before(self, name: Any, moment: float) -> bool:
        """Whether nobody had been asked to read a message at a moment, in seconds of the epoch."""
        return moment < self._since.get(name, float("inf"))

    def readers(self, name: Any) -> int:
        """Return how many members were asked to read a message, 0 where they may be fewer or more.

        They may be where somebody was asked twice, is no member, or people came and went.
        """
        message, users = self._messages.get(name), self._reads.get(name, ())
        if message is None or not message.wants_receipt or len(set(users)) < len(users):
            return 0
        others = set(message.conversation.members) - {message.sender}
        disturbed = self._driver.concerns_people(message.conversation) in self._disturbed
        return len(users) if others.issuperset(users) and not disturbed else 0

    def all_read(self) -> frozenset[Any]:
        """Return the messages that somebody was asked to read so far."""
        return frozenset(self._reads)

    # --- what is owed ---------------------------------------------------------------------

    def owed(self, call: Call) -> str:
        """Return the check of the promise that a call is accepted, empty where there is none.

        To be told before the call is noted.
        """
        owes = self._driver.owes(call)
        if owes is None:
            return ""
        what, names = owes
        messages = [self._messages.get(name) for name in names]
        known = [message for message in messages if message is not None and message.wants_receipt]
        if len(known) < len(names) or len(known) > _BATCH:
            return ""
        place = known[0].conversation
        if any(m.conversation != place or m.sender != known[0].sender for m in known):
            return ""
        group = place.kind is Kind.GROUP
        if self._driver.concerns_people(place) in self._disturbed:
            return ""
        if group and place.type != self._driver.group_type:
            return ""
        if what != "read":
            mine = call.user == known[0].sender
            return _PULLS[what] if mine else ""
        if call.user == known[0].sender or call.user not in place.members:
            return ""
        if any(call.user in self._reads.get(name, ()) for name in names):
            return ""
        if group:
            return "read-on-behalf-is-accepted"
        return "direct-read-is-accepted" if len(names) == 1 else "direct-batch-is-accepted"

    def is_excused(self, answer: Answer) -> bool:
        """Whether a refusal may have to do with something else than its messages."""
        kind = self._contract.kind(answer.code)
        return not answer.refused or kind in _EXCUSES or answer.code in _HARNESS

    def twice(self, answer: Answer) -> list[Any]:
        """Return the messages that an answer names twice, though they were asked for once."""
        asked = Counter(self._driver.named_messages(answer.request_body))
        told = Counter(receipt.message for receipt in self._driver.receipts(answer))
        return [name for name, number in told.items() if number > max(asked[name], 1)]
