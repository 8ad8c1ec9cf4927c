"""Group messages: send (M2), import (M3), read back (G6), recall (G7)."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.calls import Call, Refusal
from receiptspec.reference.store import Group, Message
from receiptspec.reference.tencent import documents
from receiptspec.reference.tencent.fields import UINT32, Fields
from receiptspec.reference.tencent.site import LARGEST_WITH_RECEIPTS, RECEIPT_TYPES, Site, now

__all__ = ["group_msg_get_simple", "group_msg_recall", "import_group_msg", "send_group_msg"]

BAD_PARAMETER, TOO_LONG = 10004, 80002
_NOT_THERE, _RECALLED = 10030, 10031


def content_of(fields: Fields, *, code: int | None = None, wrong: int | None = None) -> list[Any]:
    """Take MsgBody: objects with a String MsgType and an object MsgContent."""
    for item in fields.objects("MsgBody", code=code, wrong=wrong, item=code):
        item.text("MsgType", code=code)
        content = item.values.get("MsgContent")
        if not isinstance(content, dict):
            item.call.refuse("MsgBody[].MsgContent", "type", item.code, "MsgContent: no object")
        elif item.values.get("MsgType") == "TIMTextElem":
            Fields(item.call, content, item.code, "MsgBody[].MsgContent.").text("Text", empty=True)
    return list(fields.values.get("MsgBody") or [])


def send_group_msg(site: Site, call: Call, fields: Fields) -> dict[str, Any]:
    """Store a message under the next MsgSeq; it waits for the members of this moment."""
    sender = fields.text("From_Account", required=False, default=site.identifier)
    message = _message(call, fields, sender)
    targets = fields.texts("To_Account", required=False, most=50)
    online = fields.flag("OnlineOnlyFlag")
    fields.choice("MsgPriority", ("High", "Normal", "Low"))
    if fields.array("SendMsgControl", required=False, empty=True) and online:
        call.refuse("SendMsgControl", "online-only", BAD_PARAMETER, "SendMsgControl: online only")
    group = site.group(fields)
    site.account(fields, "From_Account", sender)
    if message.receipt:
        message.receipt = _may_have_receipt(call, group, online=online)
    if online:
        return {"MsgTime": message.time, "MsgSeq": 0}
    audience = site.store.audience(group, sender)
    message.audience = {n: o for n, o in audience.items() if not targets or n in targets}
    stored = site.store.post(call, group, message)
    if stored is message:
        site.hooks.group_message(group, message)
    if stored is message and message.receipt and call.knob("hook_on_send"):
        site.hooks.group_receipts(call, site.store, group, [(message, [])])
    return {"MsgTime": stored.time, "MsgSeq": stored.seq}


def _message(call: Call, fields: Fields, sender: str) -> Message:
    random = fields.integer("Random", low=0, high=UINT32)
    content = content_of(fields)
    default = call.knob("needs_receipt_default")
    receipt = fields.flag("NeedReadReceipt", default=default)
    custom = fields.text("CloudCustomData", required=False, empty=True)
    if len(documents.write(content)) > call.knob("text_limit"):
        call.refuse("MsgBody", "too-long", TOO_LONG, "MsgBody: longer than 12 KB")
    kept = custom if "CloudCustomData" in fields else None
    message = Message(0, sender, random, now(call), content, receipt, {}, custom=kept)
    message.client_time = call.notes.get("client_time", 0)
    return message


def _may_have_receipt(call: Call, group: Group, *, online: bool) -> bool:
    """Refuse a receipt that cannot be (10007, 10060, 10061), or quietly do without."""
    obstacle = None
    if group.type not in RECEIPT_TYPES:
        obstacle = (group.type, 10007, "this group type has no receipts")
    elif online:
        obstacle = ("online-only", 10061, "online-only messages have no receipts")
    elif len(group.members) > LARGEST_WITH_RECEIPTS:
        obstacle = ("too-large", 10060, "the group is too large for receipts")
    if obstacle is None:
        return True
    if call.knob("impossible_receipt") == "dropped":
        return False
    call.refuse("NeedReadReceipt", *obstacle)
    return True


def import_group_msg(site: Site, call: Call, fields: Fields) -> dict[str, Any]:
    """Store up to seven past messages, without receipts; all members have read everything."""
    items = fields.objects("MsgList", most=7)
    group = site.group(fields)
    if group.type == "AVChatRoom":
        call.refuse("GroupId", "group-type", 10007, "this group type takes no imports")
    results, last = [], group.created
    for item in items:
        result = _import_one(site, call, group, item, last)
        last = result["MsgTime"] or last
        results.append(result)
    for member in group.members.values():
        member.read_seq = group.newest
    return {"ImportMsgResult": results}


def _import_one(
    site: Site, call: Call, group: Group, item: Fields, earliest: int
) -> dict[str, Any]:
    try:
        sender = item.text("From_Account")
        site.account(item, "From_Account", sender, code=BAD_PARAMETER)
        moment = item.integer("SendTime", low=earliest, high=now(call))
        random = item.integer("Random", required=False, low=0, high=UINT32, default=group.newest)
        content = content_of(item)
        if len(documents.write(content)) > call.knob("text_limit"):
            call.refuse("MsgList[].MsgBody", "too-long", TOO_LONG, "MsgBody: longer than 12 KB")
    except Refusal as refusal:
        return {"MsgSeq": 0, "MsgTime": 0, "Result": refusal.code}
    message = Message(0, sender, random, moment, content, False, {}, imported=True)
    message.audience = site.store.audience(group, sender)
    stored = site.store.post(call, group, message)
    return {"MsgSeq": stored.seq, "MsgTime": stored.time, "Result": 0}


def group_msg_get_simple(site: Site, call: Call, fields: Fields) -> dict[str, Any]:  # noqa: ARG001
    """Answer up to 20 messages from ReqMsgSeq, or from the newest, back in time."""
    number = fields.integer("ReqMsgNumber", low=1, high=20)
    start = fields.integer("ReqMsgSeq", required=False, low=0)
    group = site.group(fields)
    newest = min(start, group.newest) if "ReqMsgSeq" in fields else group.newest
    seqs = [seq for seq in sorted(group.messages, reverse=True) if seq <= newest]
    page = [_shown(group.messages[seq]) for seq in seqs[:number]]
    finished = int(len(seqs) <= number)
    return {"GroupId": group.id, "IsFinished": finished, "RspMsgList": page}


def _shown(message: Message) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "From_Account": message.sender,
        "IsPlaceMsg": 2 if message.recalled else 0,
        "IsSystemMsg": 0,
        "MsgBody": [] if message.recalled else message.content,
        "MsgPriority": 1,
        "MsgRandom": message.random,
        "MsgSeq": message.seq,
        "MsgTimeStamp": message.time,
    }
    if message.custom is not None:
        shown["CloudCustomData"] = message.custom
    return shown


def group_msg_recall(site: Site, call: Call, fields: Fields) -> dict[str, Any]:  # noqa: ARG001
    """Recall up to ten messages; each has its own RetCode: 0, 10030 (none), 10031 (already)."""
    seqs = [item.integer("MsgSeq") for item in fields.objects("MsgSeqList", most=10)]
    group = site.group(fields)
    results = []
    for seq in seqs:
        message = group.messages.get(seq)
        code = _NOT_THERE if message is None else _RECALLED if message.recalled else 0
        if message is not None:
            message.recalled = True
        results.append({"MsgSeq": seq, "RetCode": code})
    return {"RecallRetList": results}
