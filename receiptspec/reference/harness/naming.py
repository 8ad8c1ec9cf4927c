"""What the names of messages tell; pure."""

from __future__ import annotations

from typing import Any

__all__ = ["key", "name_of", "nulls", "people", "place", "received", "seq", "without_nulls"]

_FIELDS = ("groupID", "userID", "seq", "key")


def name_of(message: dict[str, Any]) -> str:
    """Return what tells a message from others, whatever of it was given."""
    return str(message.get("msgID") or message.get("seq") or message.get("key"))


def people(message: dict[str, Any]) -> set[str]:
    """Return the two people of a one-to-one message, nobody for a group's."""
    return {message["sender"], message.get("userID", "")} if "groupID" not in message else set()


def odd_reads(messages: list[dict[str, Any]], user: str) -> dict[str, list[dict[str, Any]]]:
    """Return what others sent whose reads make no receipt of `user`, by the reason."""
    plain = [m for m in messages if not m["needReadReceipt"]]
    return {
        "plain": [m for m in plain if "groupID" in m],
        "plain letter": [m for m in plain if "groupID" not in m],
        "stranger": [m for m in messages if people(m) and user not in people(m)],
    }


def place(params: dict[str, Any]) -> str:
    """Return the group, or the person written to, that a call is about; empty for none."""
    first = next(iter(params.get("messages", ())), params.get("message", {}))
    found = [where.get(name) for where in (params, first) for name in ("groupID", "userID")]
    return next((name for name in found if name), "")


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


def nulls(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message with null for what it has not, but for text that is empty."""
    empty = {"groupID": ""} if "key" in message else {"userID": ""}
    return {**dict.fromkeys(_FIELDS), **empty, **message}


def without_nulls(params: dict[str, Any]) -> dict[str, Any]:
    """Return what was asked without what says nothing in its messages."""

    def cleared(message: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in message.items() if value not in (None, "")}

    found = dict(params)
    if "messages" in found:
        found["messages"] = [cleared(message) for message in found["messages"]]
    if "message" in found:
        found["message"] = cleared(found["message"])
    return found


def received(message: dict[str, Any], user: str) -> dict[str, Any]:
    """Return what `user` learns of a message of the server that somebody else has sent."""
    name = f"{message['MsgTime']}-{message['MsgSeq']}-{message['Random']}"
    shown: dict[str, Any] = {"msgID": name, "sender": message["From_Account"]}
    if "GroupId" in message:
        shown |= {"groupID": message["GroupId"], "seq": message["MsgSeq"]}
    else:
        parts = (message["MsgSeq"], message["Random"], message["MsgTime"])
        shown |= {"userID": user, "key": "_".join(map(str, parts))}
    return {**shown, "needReadReceipt": bool(message["NeedReadReceipt"])}
