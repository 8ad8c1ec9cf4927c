"""Messages and events in the web SDK's wire dialect.

The names are those that the SDK 3.6.6 reads: its message id is ``TinyId-MsgClientTime-Random``. A
message that no client has sent has the server's time for its client time.
"""

from __future__ import annotations

from typing import Any

from receiptspec.reference.store import Direct, Group, Message
from receiptspec.reference.tencent.events import (
    DirectArrival,
    DirectRead,
    Event,
    GroupArrival,
    GroupRead,
)

__all__ = ["TinyIds", "direct_message", "group_message", "pushed"]

_DIRECT, _GROUP, _GROUP_NOTICE, _DIRECT_RECEIPTS = 9, 3, 5, 16
_FIRST_TINY_ID = 144_115_198_000_000_001
_RECALLED = 2  # of IsPlaceMsg


class TinyIds:
    """Gives every account the number by which clients know it."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, account: str) -> str:
        """Return the number of an account, always the same."""
        return self._known.setdefault(account, str(_FIRST_TINY_ID + len(self._known)))


def group_message(ids: TinyIds, group: Group, message: Message) -> dict[str, Any]:
    """Return a group message as history and pushes hold it."""
    about = {"GroupId": group.id, "GroupName": group.name, "GroupType": group.type}
    return {
        "From_Account": message.sender,
        "ToGroupId": group.id,
        "GroupInfo": {**about, "FromNick": "", "FromFaceUrl": ""},
        "MsgSeq": message.seq,
        "MsgRandom": message.random,
        "MsgTimeStamp": message.time,
        "MsgBody": [] if message.recalled else message.content,
        "MsgPriority": message.priority,
        "IsPlaceMsg": _RECALLED if message.recalled else 0,
        "IsSystemMsg": 0,
        "CloudCustomData": message.custom or "",
        "NeedReadReceipt": int(message.receipt),
        **_name(ids, message),
    }


def direct_message(ids: TinyIds, message: Direct) -> dict[str, Any]:
    """Return a one-to-one message as history and pushes hold it."""
    return {
        "From_Account": message.sender,
        "To_Account": message.receiver,
        "From_AccountNick": "",
        "From_AccountHeadurl": "",
        "MsgSeq": message.seq,
        "MsgRandom": message.random,
        "MsgTimeStamp": message.time,
        "MsgBody": message.content,
        "MsgFlagBits": 8 if message.recalled else 0,
        "CloudCustomData": message.custom or "",
        "IsNeedReadReceipt": int(message.receipt),
        "IsPeerRead": int(message.peer_read),
        **_name(ids, message),
    }


def _name(ids: TinyIds, message: Message | Direct) -> dict[str, Any]:
    """Return what the SDK makes a message id of, together with the random number."""
    moment = message.client_time or message.time
    return {"TinyId": ids.of(message.sender), "MsgClientTime": moment}


def pushed(ids: TinyIds, event: Event) -> dict[str, Any]:
    """Return the body of ``im_open_push.msg_push`` that tells of an event."""
    return {"EventArray": [_event(ids, event)]}


def _event(ids: TinyIds, event: Event) -> dict[str, Any]:
    match event:
        case GroupArrival(group, message):
            return {"Event": _GROUP, "GroupMsgArray": [group_message(ids, group, message)]}
        case DirectArrival(message):
            return {"Event": _DIRECT, "C2cMsgArray": [direct_message(ids, message)]}
        case GroupRead(group, counts):
            items = [
                {
                    **_name(ids, message),
                    "MsgRandom": message.random,
                    "MsgSeq": message.seq,
                    "ReadNum": read,
                    "UnreadNum": unread,
                }
                for message, read, unread in counts
            ]
            tips = {"GroupInfo": {"GroupId": group.id}, "MsgBody": {"GroupMsgReceiptList": items}}
            return {"Event": _GROUP_NOTICE, "GroupTips": [tips]}
        case DirectRead(reader, messages):
            items = [{**_name(ids, m), "MsgRandom": m.random} for m in messages]
            return {"Event": _DIRECT_RECEIPTS, "Peer_Account": reader, "C2cMsgInfo": items}
