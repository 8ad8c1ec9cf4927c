"""What callbacks must be: named, formed, timed and signed as documented."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from receiptspec.findings import Finding
from receiptspec.neutral import Answer, Message, Receipt
from receiptspec.webhooks import Callback, objects

__all__ = [
    "agrees",
    "agrees_with",
    "counted",
    "few",
    "formed",
    "from_app",
    "later",
    "left",
    "lost",
    "named",
    "names_readers",
    "of_group",
    "of_type",
    "platform",
    "receipt",
    "reported",
    "signed",
    "strict",
    "timed",
    "unwanted",
]

#: Types of groups that have two names.
_OTHER_NAMES = {"Work": "Private", "Meeting": "ChatRoom"}
#: Commands whose bodies always had an EventTime (W1, W3).
_TIMED = ("Group.CallbackAfterReadReceipt", "C2C.CallbackAfterMsgReadReceipt")
_QUERY = ("SdkAppid", "CallbackCommand", "contenttype", "ClientIP", "OptPlatform")


def _finding(message: str, path: str, expected: object, actual: object) -> Finding:
    return Finding(message, path, str(expected), str(actual), f"{path}:{message}")


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def named(callback: Callback) -> list[Finding]:
    """Expect a POST whose query names the app, the command, the format, the caller."""
    findings = []
    if callback.method != "POST":
        findings.append(_finding("a callback is no POST", "method", "POST", callback.method))
    missing = [name for name in _QUERY if name not in callback.query]
    if missing:
        what = ", ".join(missing)
        findings.append(_finding("the query lacks parameters", "query", what, "nothing of it"))
    elif callback.query["contenttype"] != "json":
        got = callback.query["contenttype"]
        findings.append(_finding("contenttype is not json", "query.contenttype", "json", got))
    return findings


def agrees(callback: Callback) -> list[Finding]:
    """Expect the same command in the query and in the body, as far as that can be read."""
    if not callback.document.readable:
        return []
    there, here = callback.query.get("CallbackCommand"), callback.get("CallbackCommand")
    if there == here:
        return []
    return [_finding("query and body name different commands", "$.CallbackCommand", there, here)]


def few(callbacks: Iterable[Callback], most: int = 3) -> list[Callback]:
    """Return the first callbacks of each command, of those about groups also those after a read."""
    found: dict[tuple[str, bool], list[Callback]] = {}
    for callback in callbacks:
        items = objects(callback.get("GroupMsgReceiptList"))
        read = any(item.get("ReadNum") or item.get("ReadReceiptMembers") for item in items)
        found.setdefault((callback.command, read), []).append(callback)
    return [callback for kind in found.values() for callback in kind[:most]]


def from_app(callback: Callback, app: str) -> list[Finding]:
    """Expect the query to name the app that was called."""
    got = callback.query.get("SdkAppid", app)
    if got == app:
        return []
    return [_finding("SdkAppid is that of another app", "query.SdkAppid", app, got)]


def of_type(callback: Callback, type_: str) -> list[Finding]:
    """Expect the type of the group, under either of its names."""
    got = callback.get("Type")
    if not isinstance(got, str) or _OTHER_NAMES.get(got, got) == _OTHER_NAMES.get(type_, type_):
        return []
    return [_finding("Type is not that of the group", "$.Type", type_, got)]


def of_group(callback: Callback, group: Any) -> list[Finding]:
    """Expect GroupId to be that of the group, letter by letter."""
    got = callback.get("GroupId")
    if got == group:
        return []
    return [_finding("GroupId is not that of the group", "$.GroupId", group, got)]


def unwanted(callbacks: Sequence[Callback]) -> list[Finding]:
    """Say that callbacks came about messages that have no receipts."""
    return [
        _finding("a message without a receipt fires a callback", "$", "no callback", numbers)
        for callback in callbacks[:1]
        for items in [objects(callback.get("GroupMsgReceiptList"))]
        for numbers in [[item.get("MsgSeq") for item in items]]
    ]


def later(first: Callback, last: Callback, field: str = "EventTime") -> list[Finding]:
    """Expect two events that were seconds apart to have times of their own."""
    one, two = first.get(field), last.get(field)
    if one is None or one != two:
        return []
    what = f"{field} is that of a callback some seconds before"
    return [_finding(what, f"$.{field}", "another time", repr(two))]


def uncalled(callbacks: Sequence[Callback], what: str) -> list[Finding]:
    """Say that callbacks came of what nobody has done."""
    return [
        _finding(f"a callback tells of {what}", "$", "no callback", repr(callback.document.value))
        for callback in callbacks[:1]
    ]


def strange(callbacks: Sequence[Callback], known: Collection[Any]) -> list[Finding]:
    """Expect callbacks of receipts to name messages that were sent."""
    keys = [item.get("MsgKey") for c in callbacks for item in objects(c.get("C2CMsgInfo"))]
    found = [key for key in keys if key not in known]
    if not found:
        return []
    what = "a callback names a message that was not sent"
    wanted = " or ".join(map(str, known))
    return [_finding(what, "$.C2CMsgInfo.MsgKey", wanted, found[0])]


def strict(callback: Callback) -> list[Finding]:
    """Expect the body to be strict JSON."""
    return [
        _finding(f"the body is no strict JSON: {p.kind}", p.path, p.expected, p.actual)
        for p in callback.document.problems
    ]


def formed(callback: Callback) -> list[Finding]:
    """Expect the documented fields of a group receipt callback, with their types.

    What cannot be read is passed over.
    """
    if not callback.document.readable:
        return []
    findings = [
        _finding(f"{key} is no text", f"$.{key}", "a String", repr(callback.get(key)))
        for key in ("GroupId", "Type")
        if not isinstance(callback.get(key), str)
    ]
    items = callback.get("GroupMsgReceiptList")
    if not isinstance(items, list):
        findings.append(
            _finding("the list is missing", "$.GroupMsgReceiptList", "an Array", repr(items))
        )
        return findings
    for index, item in enumerate(items):
        findings += _item(item, f"$.GroupMsgReceiptList[{index}]")
    return findings


def _item(item: Any, path: str) -> list[Finding]:
    if not isinstance(item, dict):
        return [_finding("an item is no object", path, "an Object", repr(item))]
    findings = [
        _finding(f"{key} is no number", f"{path}.{key}", "an Integer", repr(item.get(key)))
        for key in ("MsgSeq", "ReadNum", "UnreadNum")
        if not _is_int(item.get(key))
    ]
    members = item.get("ReadReceiptMembers", [])  # see `with_readers`
    if not isinstance(members, list) or not all(
        isinstance(member, dict) and isinstance(member.get("Member_Account"), str)
        for member in members
    ):
        where = f"{path}.ReadReceiptMembers"
        findings.append(_finding("the readers are malformed", where, "accounts", repr(members)))
    return findings


def with_readers(callbacks: Iterable[Callback]) -> list[Finding]:
    """Expect ReadReceiptMembers where messages have been read, be it in some callbacks only.

    A callback about a message that was sent may name nobody, whether its sender counts or not.
    """
    found = [
        ((callback.get("GroupId"), item.get("MsgSeq")), item)
        for callback in callbacks
        if callback.document.readable
        for item in objects(callback.get("GroupMsgReceiptList"))
        if _is_int(item.get("ReadNum"))
    ]
    least: dict[object, int] = {}
    for place, item in found:
        key = repr(place)
        least[key] = min(item["ReadNum"], least.get(key, item["ReadNum"]))
    read = [item for place, item in found if item["ReadNum"] > least[repr(place)]]
    if not read or any("ReadReceiptMembers" in item for item in read):
        return []
    path = "$.GroupMsgReceiptList[].ReadReceiptMembers"
    return [_finding("no callback about a read says who", path, "an Array", "nothing")]


def agrees_with(callback: Callback, receipt: Receipt) -> list[Finding]:
    """Expect the counts of a callback to be those that were asked for."""
    findings = []
    for item in _items([callback], receipt.message):
        for key, count in (("ReadNum", receipt.read), ("UnreadNum", receipt.unread)):
            if count is not None and item.get(key) != count:
                findings.append(
                    _finding(f"{key} differs from the answer", f"$.{key}", count, item.get(key))
                )
    return findings


def _items(callbacks: Sequence[Callback], message: Any) -> list[dict[str, Any]]:
    return [
        item
        for callback in callbacks
        for item in objects(callback.get("GroupMsgReceiptList"))
        if item.get("MsgSeq") == message
    ]


def counted(
    callbacks: Sequence[Callback], message: Message, looks: Sequence[Receipt]
) -> list[Finding]:
    """Expect one of the callbacks after a read to count as an answer since then did."""
    items = _items(callbacks, message.id)
    for item in items:
        for look in looks:
            pairs = (("ReadNum", look.read), ("UnreadNum", look.unread))
            if all(number is None or item.get(key) == number for key, number in pairs):
                return []
    return [
        _finding(
            f"{key} is not what was answered since the read", f"$.{key}", number, item.get(key)
        )
        for item in items[-1:]
        for key, number in (("ReadNum", looks[-1].read), ("UnreadNum", looks[-1].unread))
        if number is not None and item.get(key) != number
    ]


def names_readers(
    callbacks: Sequence[Callback], message: Message, reader: Any
) -> list[Finding] | None:
    """Expect nobody but the reader to be named; ``None`` where nobody is named."""
    people = [
        member.get("Member_Account")
        for item in _items(callbacks, message.id)
        for member in objects(item.get("ReadReceiptMembers"))
    ]
    if not people:
        return None
    path = "$.ReadReceiptMembers"
    wrong = [name for name in people if name != reader][:1]
    return [_finding("somebody who has not read is named", path, reader, name) for name in wrong]


def receipt(callbacks: Sequence[Callback], message: Message) -> list[Finding]:
    """Expect one of the callbacks to tell who has read which message of whom."""
    tried = [_receipt(callback, message) for callback in callbacks]
    return min(tried, key=len, default=[])


def _receipt(callback: Callback, message: Message) -> list[Finding]:
    sender, reader = message.conversation.members
    findings = [
        _finding(f"{key} is wrong", f"$.{key}", wanted, callback.get(key))
        for key, wanted in (("Operator_Account", reader), ("Peer_Account", sender))
        if callback.get(key) != wanted
    ]
    items = objects(callback.get("C2CMsgInfo"))
    found = [item for item in items if item.get("MsgKey") == message.id]
    path = "$.C2CMsgInfo"
    if not found:
        keys = [item.get("MsgKey") for item in items]
        return [*findings, _finding("the message is not named", f"{path}.MsgKey", message.id, keys)]
    if found[0].get("MsgId") in (None, ""):
        findings.append(_finding("MsgId is missing", f"{path}.MsgId", "an id", "nothing"))
    return findings + [
        _finding(f"{key} is wrong", f"{path}.{key}", wanted, found[0].get(key))
        for key, wanted in (("From_Account", sender), ("To_Account", reader))
        if found[0].get(key) != wanted
    ]


def left(callbacks: Sequence[Callback], totals: Sequence[int]) -> list[Finding]:
    """Expect one of the callbacks to count as unread what an answer since then did."""
    told = [callback.get("UnreadMsgNum") for callback in callbacks]
    if not told or any(number in totals for number in told):
        return []
    what = "UnreadMsgNum is not what is left in all conversations"
    return [_finding(what, "$.UnreadMsgNum", totals[-1], told[-1])]


def lost(answer: Answer, message: Message, why: str) -> list[Finding]:
    """Say that a message has no receipt, though one like it has."""
    what = f"message {message.id} has no receipt: {why}"
    return [Finding(what, "$", "a receipt", "none", f"receipt-lost:{why}", (answer.exchange,))]


def timed(callback: Callback, aheads: Collection[float] = ()) -> list[Finding]:
    """Expect EventTime in milliseconds, near now by any clock, as a number or as text.

    Where a command has it only in newer documents, it may be absent. What cannot be read is passed
    over. `aheads` are the seconds by which clocks of the target are known to be ahead of ours.
    """
    if not callback.document.readable:
        return []
    if callback.command not in _TIMED and callback.get("EventTime") is None:
        return []
    value = callback.get("EventTime")
    number = int(value) if isinstance(value, str) and value.isdigit() else value
    if _is_int(number) and _is_now(number / 1000, callback, 3600, aheads):
        return []
    now = int(callback.received * 1000)
    return [_finding("EventTime is not the time in milliseconds", "$.EventTime", now, repr(value))]


def _is_now(moment: float, callback: Callback, window: float, aheads: Collection[float]) -> bool:
    """Whether a time is that at which a callback came, by our clock or one of the target's."""
    return any(abs(moment - callback.received - ahead) <= window for ahead in (0.0, *aheads))


def reported(
    callback: Callback, reader: Any, peer: Any, aheads: Collection[float] = ()
) -> list[Finding]:
    """Expect the fields of the callback after a conversation was marked as read; see `timed`."""
    findings = []
    for key, wanted in (("Report_Account", reader), ("Peer_Account", peer)):
        if callback.get(key) != wanted:
            findings.append(_finding(f"{key} is wrong", f"$.{key}", wanted, callback.get(key)))
    moment = callback.get("LastReadTime")
    if not _is_int(moment) or not _is_now(moment, callback, 3600, aheads):
        now = int(callback.received)
        findings.append(
            _finding("LastReadTime is no time in seconds", "$.LastReadTime", now, moment)
        )
    if not _is_int(callback.get("UnreadMsgNum")):
        got = repr(callback.get("UnreadMsgNum"))
        findings.append(_finding("UnreadMsgNum is no number", "$.UnreadMsgNum", "an Integer", got))
    return findings


def signed(
    callback: Callback, token: str, aheads: Collection[float] = (), *, window: int = 60
) -> list[Finding]:
    """Expect Sign to be the SHA-256 of token and RequestTime, made within a minute; see `timed`."""
    moment, sign = callback.query.get("RequestTime", ""), callback.query.get("Sign", "")
    wanted = hashlib.sha256((token + moment).encode()).hexdigest()
    findings = []
    if sign.lower() != wanted:
        findings.append(
            _finding("the signature is wrong", "query.Sign", "SHA-256", "another value")
        )
    if not moment.isdigit() or not _is_now(int(moment), callback, window, aheads):
        now = int(callback.received)
        findings.append(_finding("RequestTime is not now", "query.RequestTime", now, moment or "-"))
    return findings


def platform(callback: Callback, allowed: Collection[str]) -> list[Finding]:
    """Expect the platform that caused a callback to be named."""
    got = callback.query.get("OptPlatform")
    if got in allowed:
        return []
    return [_finding("OptPlatform is wrong", "query.OptPlatform", " or ".join(allowed), got)]
