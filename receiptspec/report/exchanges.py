"""What an exchange in a report is: HTTP, or lines to and from the harness of a client SDK."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from receiptspec.exchange import HARNESS

__all__ = ["is_http", "outcome"]


def is_http(exchange: Mapping[str, Any]) -> bool:
    """Whether an exchange went over HTTP."""
    return not exchange["request"]["url"].startswith(HARNESS)


def outcome(exchange: Mapping[str, Any]) -> str:
    """Return in a few words what came back, without the body."""
    response = exchange["response"]
    if response is None:
        return str(exchange["trouble"] or "no answer")
    return f"HTTP {response['status']}" if is_http(exchange) else "answer"
