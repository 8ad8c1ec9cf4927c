"""Group receipts: ask for counts (R1), ask for members (R2), read on a member's behalf (R3)."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.calls import Call
from receiptspec.reference.store import Group, Message
from receiptspec.reference.tencent.fields import Fields
from receiptspec.reference.tencent.site import LARGEST_WITH_RECEIPTS, NOT_PERMITTED, Site

__all__ = ["get_group_msg_receipt", "get_group_msg_receipt_detail", "group_msg_receipt"]

NO_RECEIPT, TOO_LARGE, BAD_PARAMETER = 10062, 10060, 10004
LARGEST_PAGE = 200
_CURSORS = 144_115_188_075_855_872  # cursors count up from here, as in the documented sample


def get_group_msg_receipt(site: Site, call: Call, fields: Fields) -> dict[str, Any]:
    """Answer one item for each MsgSeq, in their order, repetitions included."""
    seqs = _seqs(fields)
    group = site.receipt_group(fields)
    if call.knob("asking_reads"):
        _asker_reads(site, call, group, seqs)
    return {"GroupMsgReceiptList": [_item(site, call, group, seq) for seq in seqs]}


def _seqs(fields: Fields, most: int | None = None) -> list[int]:
    lenient = bool(fields.call.knob("empty_list_is_ok"))
    items = fields.objects("MsgSeqList", empty=lenient, most=most)
    return [item.integer("MsgSeq") for item in items]


def _item(site: Site, call: Call, group: Group, seq: int) -> dict[str, Any]:
    message = site.store.receipt_of(call, group, seq)
    if message is None and not (call.knob("unknown_has_receipt") and seq not in group.messages):
        code = call.behaviour.refuses(call, "MsgSeqList[].MsgSeq", "no-receipt", NO_RECEIPT)
        return {"Code": code or 0, "MsgSeq": seq, "ReadNum": 0, "UnreadNum": 0}
    read, unread = site.store.counts(call, group, message) if message else (0, 0)
    return {"Code": 0, "MsgSeq": seq, "ReadNum": read, "UnreadNum": unread}


def _asker_reads(site: Site, call: Call, group: Group, seqs: list[int]) -> None:
    for seq in seqs:
        message = site.store.receipt_of(call, group, seq)
        unread = list(site.store.split(call, group, message)[1]) if message else []
        if message and unread:
            site.store.read(call, group, message, unread[0])


def get_group_msg_receipt_detail(site: Site, call: Call, fields: Fields) -> dict[str, Any]:
    """Answer one page of those who have read (Filter 0) or have not (Filter 1), in join order."""
    seq = fields.integer("MsgSeq")
    wanted = fields.integer("Filter", low=0, high=1)
    cursor = fields.text("Cursor", empty=True)
    clamps = call.knob("detail_clamps")
    count = fields.integer("Count", low=1, high=None if clamps else LARGEST_PAGE, default=20)
    group = site.receipt_group(fields)
    message = site.store.receipt_of(call, group, seq)
    if message is None:
        none: dict[str, Any] = {"MsgSeq": seq, "Cursor": "0", "IsFinish": 1}
        info = "the message has no receipt"
        return call.refuse("MsgSeq", "no-receipt", NO_RECEIPT, info, none)
    halves = site.store.split(call, group, message)
    people = halves[wanted]
    if wanted and call.knob("detail_readers_stay"):
        people = dict(sorted({**halves[0], **people}.items(), key=lambda item: item[1]))
    looked_at = halves[0] | halves[1] if call.knob("detail_sifts") else people
    looked_at = dict(sorted(looked_at.items(), key=lambda item: item[1]))
    page = _page(call, looked_at, message, wanted, cursor, min(count, LARGEST_PAGE))
    for key in ("ReadList", "UnreadList"):
        if key in page:
            page[key] = [entry for entry in page[key] if {*entry.values()} <= people.keys()]
    return page


def _page(
    call: Call, people: dict[str, int], message: Message, wanted: int, cursor: str, count: int
) -> dict[str, Any]:
    after = _after(call, cursor)
    rest = [(order, name) for name, order in people.items() if order > after]
    count += call.knob("detail_overfull")
    page, more = rest[:count], len(rest) > count
    if call.knob("detail_order") == "reversed":
        names = [name for _, name in reversed(page)]
    else:
        names = [name for _, name in page]
    lists, key = (("ReadList", "Read_Account"), ("UnreadList", "Unread_Account"))[wanted]
    return {
        "MsgSeq": message.seq,
        "Cursor": str(_CURSORS + page[-1][0]) if more else call.knob("cursor_at_end"),
        "IsFinish": int(not more),
        lists: [{key: name} for name in names],
    }


def _after(call: Call, cursor: str) -> int:
    """Return the join order that a cursor stands behind; 0 for the first page."""
    if cursor in call.knob("first_cursors"):
        return 0
    digits = cursor.isascii() and cursor.isdigit() and len(cursor) == len(str(_CURSORS))
    order = int(cursor) - _CURSORS if digits else 0
    if not 0 < order < 10**10:
        call.refuse("Cursor", "invented", BAD_PARAMETER, "Cursor: not one that was given out")
        return 0
    return order


def group_msg_receipt(site: Site, call: Call, fields: Fields) -> dict[str, Any]:
    """Read up to 50 messages as a member who was there; others are read by nobody."""
    user = fields.text("From_Account")
    seqs = _seqs(fields, most=call.knob("most_reads"))
    group = site.receipt_group(fields)
    if len(group.members) > LARGEST_WITH_RECEIPTS:
        call.refuse("GroupId", "too-large", TOO_LARGE, "the group is too large for receipts")
    site.account(fields, "From_Account", user)
    if user not in group.members:
        info = "From_Account: not a member"
        call.refuse("From_Account", "not-a-member", NOT_PERMITTED, info)
    read_group(site, call, group, seqs[: call.knob("read_items_kept")], user)
    return {}


def read_group(
    site: Site, call: Call, group: Group, seqs: list[int], user: str, platform: str = "RESTAPI"
) -> int:
    """Let a user read messages, announce it, and return how many there were to read."""
    read: list[Message] = []
    for seq in dict.fromkeys(seqs):
        message = site.store.receipt_of(call, group, seq)
        if message is not None and site.store.read(call, group, message, user):
            read.append(message)
    if read and (platform != "RESTAPI" or call.knob("hook_on_receipt")):
        told = [(message, [user]) for message in read]
        agreed = site.hooks.group_receipts(call, site.store, group, told, platform)
        if not agreed:
            for message in read:
                message.readers.pop(user)
    if seqs and call.knob("receipt_moves_position"):
        group.members[user].read_seq = max(seqs)
    return len(read)
