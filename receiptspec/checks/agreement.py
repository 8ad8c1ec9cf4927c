"""Whether a client SDK and its server's API say the same."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from receiptspec.findings import Finding
from receiptspec.neutral import Answer, Receipt

__all__ = ["same_members", "same_numbers"]


def same_numbers(
    client: Answer, mine: Receipt, server: Answer, theirs: Receipt, when: str
) -> list[Finding]:
    """Expect the SDK's receipt of a message to hold the server's numbers.

    Whether the sender is among those who have not read is open, on either side.
    """
    pairs = [
        (mine.name(field), mine.place(field), getattr(theirs, field), getattr(mine, field))
        for field in ("read", "unread")
    ]
    pairs.append(("isPeerRead", f"{mine.path}.isPeerRead", theirs.peer_read, mine.peer_read))
    return [
        Finding(
            f"{name} of the SDK is {actual}, the server says {expected} ({when})",
            path,
            str(expected),
            str(actual),
            f"not-the-servers:{name}",
            (client.exchange, server.exchange),
        )
        for name, path, expected, actual in pairs
        if expected not in (None, actual) and not _is_the_sender(name, actual, expected)
    ]


def _is_the_sender(name: str, actual: Any, expected: Any) -> bool:
    numbers = type(actual) is int and type(expected) is int
    return name.lower().startswith("unread") and numbers and abs(actual - expected) == 1


def same_members(
    client: Answer,
    mine: Collection[Any],
    server: Answer,
    theirs: Collection[Any],
    what: str,
) -> list[Finding]:
    """Expect the SDK to list the members that the server lists."""
    if sorted(mine, key=str) == sorted(theirs, key=str):
        return []
    wanted, shown = (
        ", ".join(map(str, sorted(names, key=str))) or "nobody" for names in (theirs, mine)
    )
    return [
        Finding(
            f"the SDK does not list the {what} that the server lists",
            "$.result.members",
            wanted,
            shown,
            f"not-the-servers:{what}",
            (client.exchange, server.exchange),
        )
    ]
