"""Freedoms of who sees what when: accounts, memberships, numbers and keys of the last moment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import Variant
from receiptspec.reference.calls import Call, Refusal
from receiptspec.reference.faults.keys import read_as, same_numbers

__all__ = ["ALL"]

_MOMENT = 0.5  # seconds
_IMPORTS = ("account_import", "multiaccount_import")
#: What an operation answers of an account that it does not know.
_UNKNOWN = {
    "admin_getroammsg": 90008,
    "admin_set_msg_read": 90008,
    "get_c2c_unread_msg_num": 90003,
    "sendmsg": 90012,
}
_BEFORE = {
    "send_group_msg": ("Group.CallbackBeforeSendMsg", 10016),
    "sendmsg": ("C2C.CallbackBeforeSendMsg", 20006),
}


def _texts(value: Any) -> Iterator[str]:
    """Yield every text in a body."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def _is_new(call: Call, name: str) -> bool:
    return outside.ticks() - float(call.memory("births").get(name, 0.0)) < _MOMENT


def _accounts_wait(call: Call) -> None:
    if call.operation in _UNKNOWN and any(_is_new(call, name) for name in _texts(call.body)):
        raise Refusal(_UNKNOWN[call.operation], "no such account yet")


def _accounts_born(call: Call, answer: dict[str, Any]) -> None:
    if answer.get("ErrorCode") != 0:
        return
    if call.operation in _IMPORTS:
        for name in _texts(call.body):
            call.memory("births").setdefault(name, outside.ticks())
    if call.operation == "add_group_member":
        group = call.site.store.groups[call.body["GroupId"]]
        for entry in answer["MemberList"]:
            name = entry["Member_Account"]
            if entry["Result"] == 1 and _is_new(call, name):
                entry["Result"] = 0
                group.members.pop(name, None)


def _added_twice(call: Call, answer: dict[str, Any]) -> None:
    if answer.get("ErrorCode") != 0:
        return
    joined = call.memory("joined")
    for entry in answer["MemberList"]:
        who = call.body["GroupId"], entry["Member_Account"]
        if entry["Result"] == 1:
            joined[who] = outside.ticks()
        if entry["Result"] == 2 and outside.ticks() - joined.get(who, 0.0) < _MOMENT:
            entry["Result"] = 1


def _unread_falls_later(call: Call, answer: dict[str, Any]) -> None:
    name = call.body.get("GroupId") if isinstance(call.body, dict) else None
    changed, shown = call.memory("changed"), call.memory("shown")
    if call.operation != "get_group_msg_receipt":
        changed[str(name)] = outside.ticks()
        return
    settled = outside.ticks() - float(changed.get(str(name), 0.0)) >= _MOMENT
    for item in answer.get("GroupMsgReceiptList", ()) if answer.get("ErrorCode") == 0 else ():
        now, which = item.get("UnreadNum"), (name, item.get("MsgSeq"))
        if now is not None:
            shown[which] = now if settled else max(now, shown.get(which, now))
            item["UnreadNum"] = shown[which]


def _unread(call: Call) -> Any:
    return call.site.store.unread(call.body["Report_Account"], call.body["Peer_Account"])


def _marks_nothing(call: Call) -> bool:
    return "unread" not in call.notes or _unread(call) == call.notes["unread"]


def _to_be_marked(call: Call) -> None:
    known = call.site.store.accounts
    names = [call.body.get(name) for name in ("Report_Account", "Peer_Account")]
    if all(isinstance(name, str) and name in known for name in names):
        call.notes["unread"] = _unread(call)


def _asks_before(call: Call) -> None:
    if call.operation in _BEFORE:
        command, code = _BEFORE[call.operation]
        if not call.site.hooks.asks(call, command):
            raise Refusal(code, "the app says no")


def _keys_by_turns(call: Call) -> None:
    keys, turns = call.memory("keys"), call.memory("turns")
    turns["keys"] = turns.get("keys", 0) + 1
    new = (outside.ticks() - keys.get(text, 0.0) < _MOMENT for text in _texts(call.body))
    if call.operation == "c2c_msg_read_receipt" and turns["keys"] % 2 and any(new):
        raise Refusal(90054, "MsgKey: not known yet")


def _key_given(call: Call, answer: dict[str, Any]) -> None:
    if call.operation == "sendmsg" and answer.get("ErrorCode") == 0:
        call.memory("keys")[answer["MsgKey"]] = outside.ticks()


ALL: list[Variant] = [
    Variant(
        name="accounts-known-later",
        requirement="TC-GRP-06",
        request=_accounts_wait,
        answer=_accounts_born,
        shows="an account of the last 0.5 s is unknown to who adds, writes, marks and counts",
        waits=True,
    ),
    Variant(
        name="additions-known-later",
        requirement="TC-GRP-06",
        operation="add_group_member",
        answer=_added_twice,
        shows="who was added within 0.5 s is added once more",
        waits=True,
    ),
    Variant(
        name="unread-falls-later",
        requirement="TC-GMR-09",
        answer=_unread_falls_later,
        shows="UnreadNum falls 0.5 s after ReadNum has risen",
        waits=True,
    ),
    Variant(
        name="marking-of-nothing-untold",
        requirement="TC-WHK-09",
        operation="admin_set_msg_read",
        request=_to_be_marked,
        when=_marks_nothing,
        knobs={"hook_on_mark": False, "marks_end_before_now": True},
        shows="no callback where nothing was marked, as nothing of the present second is",
    ),
    Variant(
        name="app-is-asked-before",
        requirement="TC-WHK-08",
        request=_asks_before,
        shows="a callback before each message, whose answer decides, at the same address",
    ),
    Variant(
        name="keys-known-by-turns",
        requirement="TC-C2C-14",
        request=_keys_by_turns,
        answer=_key_given,
        shows="90054, at every second call, for a MsgKey of the last 0.5 s",
        waits=True,
    ),
    Variant(
        name="keys-are-numbers",
        requirement="TC-C2C-13",
        operation="c2c_msg_read_receipt",
        request=read_as(same_numbers),
        shows="007_+8_ 9 is the MsgKey 7_8_9",
    ),
]
