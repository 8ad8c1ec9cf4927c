"""What an app sees of the server's answers."""

from __future__ import annotations

from typing import Any

__all__ = ["page_of", "receipt"]


def receipt(
    message: dict[str, Any], numbers: dict[str, Any], *, every_field: bool
) -> dict[str, Any]:
    """Return the receipt of a message; if `every_field`, with those of other kinds as well."""
    shown: dict[str, Any] = {"msgID": message["msgID"]}
    if every_field:
        shown |= {"userID": "", "isPeerRead": False, "timestamp": 0, "groupID": ""}
        shown |= {"readCount": 0, "unreadCount": 0}
    if "groupID" in message:
        counts = {"readCount": numbers["ReadNum"], "unreadCount": numbers["UnreadNum"]}
        return {**shown, "groupID": message["groupID"], **counts}
    return {**shown, "userID": message["userID"], "isPeerRead": numbers.get("Read", True)}


def page_of(
    listed: list[dict[str, Any]], told: dict[str, Any], *, cursor_text: bool
) -> dict[str, Any]:
    """Return a page of members: who is `listed`, and what was `told` of the pages after it."""
    names = [entry.get("Read_Account") or entry.get("Unread_Account") for entry in listed]
    after: Any = "" if told["IsFinish"] == 1 else told["Cursor"]
    return {
        "members": [{"userID": name} for name in names],
        "nextSeq": after if cursor_text else int(after or 0),
        "isFinished": told["IsFinish"] == 1,
    }
