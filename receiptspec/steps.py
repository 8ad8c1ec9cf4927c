"""What was done in a conversation before a question was asked about it: words for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from receiptspec import dialect
from receiptspec.contract import Contract
from receiptspec.drivers.base import Driver
from receiptspec.exchange import Exchange
from receiptspec.neutral import Answer, Conversation

__all__ = ["Steps"]

_WIDTH = 100  # characters of what a step says


class Steps:
    """The calls of one target that changed something, by the conversation that they name."""

    def __init__(self, driver: Driver, contract: Contract) -> None:
        self._driver, self._contract = driver, contract
        self._done: dict[Any, list[str]] = {}
        self._asked: dict[int, tuple[Any, int]] = {}

    def note(self, answer: Answer) -> None:
        """Keep a call that changed something, or how much had been done when it asked."""
        body = answer.request_body
        if not isinstance(body, dict):
            return
        place = self._driver.concerns(body)
        if not isinstance(place, str | int | frozenset):  # whatever a broken body names
            place = None
        if answer.accepted and self._contract.calls[answer.operation].writes:
            made = self._driver.made_group(answer)
            place = made if place is None else place
            told = made if made is not None else self._driver.sent_message(answer)
            words = f"{answer.operation} {self._said(body, place)}"
            self._add(place, f"{words} → {told}" if told is not None else words)
        elif place is not None and not answer.exchange.request.label:
            self._asked[answer.exchange.number] = (place, len(self._done.get(place, ())))

    def read(self, conversation: Conversation, user: Any, messages: Sequence[Any]) -> None:
        """Keep a read that came from outside."""
        people = self._driver.concerns_people(conversation)
        self._add(people, f"hooks.read: {user} reads {', '.join(map(str, messages))}")

    def before(self, exchange: Exchange) -> list[str]:
        """Return what was done before, oldest first; nothing for what is no ordinary question."""
        place, count = self._asked.get(exchange.number, (None, 0))
        return self._done.get(place, [])[:count]

    def _add(self, place: Any, words: str) -> None:
        if place is not None:
            self._done.setdefault(place, []).append(words)

    def _said(self, body: dict[str, Any], place: Any) -> str:
        told = {
            key: value
            for key, value in body.items()
            if key not in self._driver.chatter and value != place
        }
        text = dialect.dumps(told).decode("utf-8", "replace")
        return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}…"
