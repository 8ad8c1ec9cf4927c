"""What a target tells by itself: users of its notifications, and webhooks of its callbacks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from receiptspec.errors import ConfigurationError, NotExercised
from receiptspec.harness import Harnesses
from receiptspec.line import Line
from receiptspec.neutral import Answer
from receiptspec.targets import Target
from receiptspec.webhooks import Listener

__all__ = ["Notices", "listener_for"]


class Notices:
    """The notifications that users get on one line."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._watched: Counter[tuple[Any, str]] = Counter()

    def carrier(self) -> Harnesses:
        """Return what users can be logged in with; `NotExercised` where nobody is ever notified."""
        if not isinstance(self._line.carrier, Harnesses):
            raise NotExercised("this API notifies nobody")
        return self._line.carrier

    def heard(self, user: Any, event: str) -> tuple[Answer, ...]:
        """Return the notifications of `event` that a user got, oldest first."""
        if not isinstance(self._line.carrier, Harnesses):
            return ()
        found = [e for e in self._line.carrier.heard(user) if e.request.operation == event]
        answers = tuple(self._line.driver.read(event, exchange) for exchange in found)
        for answer in answers[self._watched[user, event] :]:
            self._line.witnesses.watch(answer)
        self._watched[user, event] = len(answers)
        return answers

    def wait(self, done: Callable[[], bool], seconds: float | None) -> bool:
        """Wait until `done`, looking again at each notification; say whether it came to that.

        Without `seconds` the target's consistency window is waited for.
        """
        window = self._line.target.consistency if seconds is None else seconds
        deadline = time.monotonic() + window
        while not done():
            left = deadline - time.monotonic()
            if left <= 0 or not isinstance(self._line.carrier, Harnesses):
                return False
            self._line.carrier.wait(min(left, 0.2))
        return True


def listener_for(target: Target) -> Listener:
    """Return a listener for callbacks; `NotExercised` where the target names none."""
    address = target.webhook_listener
    if address is None:
        raise NotExercised("no hooks.webhook_listener")
    parts = urlsplit(address)
    try:
        return Listener(
            parts.hostname or "127.0.0.1",
            parts.port or 0,
            token=target.webhook_token.reveal() if target.webhook_token else "",
        )
    except ConfigurationError as error:
        raise NotExercised(str(error)) from None
