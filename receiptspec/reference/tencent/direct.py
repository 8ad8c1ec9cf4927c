"""One-to-one messages: send (M1), receipts (S2, R4), history (R6), conversations (R5, R7)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from receiptspec.reference.calls import Call
from receiptspec.reference.store import Direct
from receiptspec.reference.tencent import documents
from receiptspec.reference.tencent.fields import UINT32, Fields
from receiptspec.reference.tencent.messages import content_of
from receiptspec.reference.tencent.site import Site, now

__all__ = [
    "admin_getroammsg",
    "admin_set_msg_read",
    "c2c_msg_read_receipt",
    "get_c2c_unread_msg_num",
    "sendmsg",
]

NOT_JSON, BAD_BODY, NO_TO, NO_RANDOM, BODY_NO_ARRAY = 90001, 90002, 90003, 90005, 90007
NO_FROM, BAD_FORMAT, TO_UNKNOWN, LIFETIME, SYNC = 90008, 90010, 90012, 90026, 90031
LIFETIME_TYPE, NO_ACCOUNT, BAD_KEY, BAD_PEOPLE = 90044, 90048, 90054, 20003
_WEEK = 604_800
_KEY = re.compile(r"\d{1,10}_\d{1,10}_\d{1,16}", re.ASCII)


def sendmsg(site: Site, call: Call, fields: Fields) -> dict[str, Any]:
    """Send one message; its MsgKey is made of sequence number, random and time."""
    receiver = fields.text("To_Account", code=NO_TO)
    sender = fields.text("From_Account", required=False, default=site.identifier)
    random = fields.integer("MsgRandom", code=NO_RANDOM, low=0, high=UINT32)
    content = content_of(fields, code=BAD_BODY, wrong=BODY_NO_ARRAY)
    seq = fields.integer("MsgSeq", required=False, low=0, high=UINT32)
    stored = _is_stored(fields)
    fields.integer("SyncOtherMachine", code=SYNC, required=False, low=1, high=2, default=1)
    receipt = fields.flag("IsNeedReadReceipt")
    custom = fields.text("CloudCustomData", required=False, empty=True)
    control = fields.texts("SendMsgControl", required=False, empty=True)
    site.account(fields, "From_Account", sender, code=NO_ACCOUNT)
    site.account(fields, "To_Account", receiver, code=TO_UNKNOWN)
    message = Direct("", 0, sender, receiver, seq, random, now(call), content, receipt)
    message.counted = "NoUnread" not in control
    message.custom = custom if "CloudCustomData" in fields else None
    message.client_time = call.notes.get("client_time", 0)
    site.store.send(message, stored=stored)
    if stored:
        site.hooks.direct_message(message)
    return {"MsgTime": message.time, "MsgKey": message.key}


def _is_stored(fields: Fields) -> bool:
    life = fields.integer("MsgLifeTime", code=LIFETIME_TYPE, required=False, low=0, default=_WEEK)
    if life > _WEEK:
        fields.call.refuse("MsgLifeTime", "too-large", LIFETIME, "MsgLifeTime: above seven days")
    return life > 0


def c2c_msg_read_receipt(site: Site, call: Call, fields: Fields) -> dict[str, Any]:
    """Read messages of one conversation as their receiver: all of those named, or none."""
    operator = fields.text("Operator_Account")
    peer = fields.text("Peer_Account", code=NO_TO)
    items = fields.objects("C2CMsgInfo")
    keys = [_key(item, operator, peer) for item in items]
    site.account(fields, "Operator_Account", operator, code=NO_ACCOUNT)
    site.account(fields, "Peer_Account", peer, code=NO_ACCOUNT)
    read_direct(site, call, operator, peer, keys)
    return {}


def _key(item: Fields, operator: str, peer: str) -> str:
    for name, expected in (("From_Account", peer), ("To_Account", operator)):
        if item.text(name) != expected:
            place = f"{item.place}{name}"
            item.call.refuse(place, "mismatch", BAD_PEOPLE, f"{place}: not of this conversation")
    key = item.text("MsgKey")
    if not _KEY.fullmatch(key):
        item.call.refuse(f"{item.place}MsgKey", "malformed", BAD_FORMAT, "MsgKey: malformed")
    return key


def read_direct(
    site: Site, call: Call, operator: str, peer: str, keys: Sequence[str], platform: str = "RESTAPI"
) -> int:
    """Flip IsPeerRead of messages that asked for a receipt; return how many were named."""
    own = call.knob("peer_read_by_sender")
    between = site.store.between(operator, peer)
    if call.knob("key_of_other_pair"):
        own, between = True, [m for pair in site.store.directs.values() for m in pair]
    received = {m.key: m for m in between if own or m.receiver == operator}
    for key in keys:
        if key not in received:
            place, info = "C2CMsgInfo[].MsgKey", "MsgKey: no message of this conversation"
            call.refuse(place, "unknown", BAD_KEY, info)
    read = [received[key] for key in dict.fromkeys(keys) if key in received]
    if call.knob("peer_read_spreads") and read:
        read = list(received.values())
    for message in read if call.knob("peer_read_by_receipt") else ():
        message.peer_read = message.peer_read or message.receipt
    if call.knob("receipt_clears_unread"):
        for message in received.values():
            message.counted = False
    if read and (platform != "RESTAPI" or call.knob("hook_on_direct_receipt")):
        site.hooks.direct_receipts(call, operator, peer, [m.key for m in read], platform)
    return len(read)


def admin_getroammsg(site: Site, call: Call, fields: Fields) -> dict[str, Any]:
    """Answer messages of a period from the newest back; LastMsgKey goes on where a page ended."""
    operator = fields.text("Operator_Account", code=NO_FROM)
    peer = fields.text("Peer_Account", code=NO_TO)
    most = fields.integer("MaxCnt", code=NOT_JSON, low=1)
    low = fields.integer("MinTime", code=NOT_JSON, low=0)
    high = fields.integer("MaxTime", code=NOT_JSON, low=0)
    last = fields.text("LastMsgKey", code=NOT_JSON, required=False, empty=True)
    site.account(fields, "Operator_Account", operator, code=NO_FROM)
    site.account(fields, "Peer_Account", peer, code=NO_TO)
    pair = site.store.between(operator, peer)
    before = _order_of(call, pair, last)
    rest = [m for m in reversed(pair) if low <= m.time <= high and m.order < before]
    page = _fitting(rest[:most], call.knob("roam_packet"))
    return {
        "Complete": int(len(page) == len(rest)),
        "MsgCnt": len(page),
        "LastMsgTime": page[-1]["MsgTimeStamp"] if page else 0,
        "LastMsgKey": page[-1]["MsgKey"] if page else "",
        "MsgList": page if call.knob("roam_order") == "newest" else page[::-1],
    }


def _order_of(call: Call, pair: Sequence[Direct], key: str) -> float:
    found = [m.order for m in pair if m.key == key]
    if key and not found:
        call.refuse("LastMsgKey", "unknown", BAD_KEY, "LastMsgKey: not one that was given out")
    return found[0] if found else float("inf")


def _fitting(messages: Sequence[Direct], room: int) -> list[dict[str, Any]]:
    """Return as many messages as one answer of `room` bytes holds, and at least one."""
    page: list[dict[str, Any]] = []
    for message in messages:
        shown = _shown(message)
        room -= len(documents.write(shown))
        if room < 0 and page:
            break
        page.append(shown)
    return page


def _shown(message: Direct) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "From_Account": message.sender,
        "To_Account": message.receiver,
        "MsgSeq": message.seq,
        "MsgRandom": message.random,
        "MsgTimeStamp": message.time,
        "MsgFlagBits": 8 if message.recalled else 0,
        "IsPeerRead": int(message.peer_read),
        "MsgKey": message.key,
        "MsgBody": message.content,
    }
    if message.custom is not None:
        shown["CloudCustomData"] = message.custom
    return shown


def admin_set_msg_read(site: Site, call: Call, fields: Fields) -> dict[str, Any]:
    """Mark a conversation as read up to MsgReadTime, a String of seconds; without it, up to now."""
    reader = fields.text("Report_Account", code=NO_FROM)
    peer = fields.text("Peer_Account", code=NO_TO)
    until = _read_time(call, fields)
    site.account(fields, "Report_Account", reader, code=NO_FROM)
    site.account(fields, "Peer_Account", peer, code=NO_FROM)
    if not call.knob("marks_lost"):
        whole = call.knob("mark_time_ignored")
        open_end = call.knob("marks_end_before_now") and "MsgReadTime" not in fields
        end = now(call) if whole else until - int(open_end)
        site.store.mark_conversation(call, reader, peer, end)
    unread = site.store.unread_total(reader)
    if call.knob("hook_on_mark"):
        site.hooks.conversation_read(call, reader, peer, until, unread)
    return {}


def _read_time(call: Call, fields: Fields) -> int:
    name = "MsgReadTime"
    if name not in fields:
        return now(call)
    if call.knob("read_time_integer") and type(fields.values[name]) is int:
        return int(fields.values[name])
    text = fields.text(name, code=NOT_JSON)
    if not (text.isascii() and text.isdigit() and len(text) <= 19):
        return call.refuse(name, "malformed", NOT_JSON, f"{name}: seconds are needed", now(call))
    return int(text)


def get_c2c_unread_msg_num(site: Site, call: Call, fields: Fields) -> dict[str, Any]:  # noqa: ARG001
    """Answer the unread messages of all conversations, or of up to ten by name."""
    user = fields.text("To_Account", code=NO_TO)
    peers = fields.texts("Peer_Account", code=NOT_JSON, required=False, most=10)
    site.account(fields, "To_Account", user, code=NO_TO)
    if not peers:
        return {"AllC2CUnreadMsgNum": site.store.unread_total(user)}
    known = [peer for peer in peers if peer in site.store.accounts]
    key = "C2CUnreadMsgNum"
    counts = [{"Peer_Account": peer, key: site.store.unread(user, peer)} for peer in known]
    answer: dict[str, Any] = {"C2CUnreadMsgNumList": counts}
    errors = [{"Peer_Account": p, "ErrorCode": NO_ACCOUNT} for p in peers if p not in known]
    return {**answer, "ErrorList": errors} if errors else answer
