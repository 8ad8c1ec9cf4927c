"""What the names of messages tell; pure."""

from __future__ import annotations

from typing import Any

__all__ = ["key", "people", "seq"]


def people(message: dict[str, Any]) -> set[str]:
    """Return the two people of a one-to-one message, nobody for a group's."""
    return {message["sender"], message.get("userID", "")} if "groupID" not in message else set()


def seq(message: dict[str, Any]) -> int:
    """Return the sequence number out of a msgID, time, number, random; else as it was given."""
    if "msgID" not in message:
        return int(message.get("seq", 0))
    parts = message["msgID"].split("-")
    return int(parts[1]) if len(parts) == 3 and parts[1].isdigit() else 0


def key(message: dict[str, Any]) -> str:
    """Return the server's key of a one-to-one message, out of its msgID or as it was given."""
    if "msgID" not in message:
        return str(message.get("key", ""))
    parts = message["msgID"].split("-")
    return "_".join((*parts[1:], parts[0]))
