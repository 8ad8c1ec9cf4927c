"""Single values: is it what it should be?"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import Any

from receiptspec.findings import Finding
from receiptspec.neutral import Answer

__all__ = ["among", "equal", "rising"]


def equal(answer: Answer, path: str, expected: Any, actual: Any, message: str) -> list[Finding]:
    """Expect a value; `message` says what is wrong when it is another."""
    if actual == expected and type(actual) is type(expected):
        return []
    return [_finding(answer, path, repr(expected), repr(actual), message)]


def among(
    answer: Answer, path: str, allowed: Collection[Any], actual: Any, message: str
) -> list[Finding]:
    """Expect one of several values."""
    if actual in allowed and not isinstance(actual, bool):
        return []
    words = " or ".join(repr(item) for item in sorted(allowed, key=str))
    return [_finding(answer, path, words, repr(actual), message)]


def rising(answer: Answer, path: str, numbers: Sequence[Any], message: str) -> list[Finding]:
    """Expect each number to be larger than the one before."""
    if all(one < two for one, two in pairwise(numbers)):
        return []
    return [_finding(answer, path, "rising numbers", ", ".join(map(str, numbers)), message)]


def _finding(answer: Answer, path: str, expected: str, actual: str, message: str) -> Finding:
    return Finding(message, path, expected, actual, f"{path}:{message}", (answer.exchange,))
