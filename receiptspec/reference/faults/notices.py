"""Faults of callbacks that do not come, come in vain, or say what others have said before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import bends, calls_back, edits, group_of, succeeded
from receiptspec.reference.store import Group, Message

__all__ = ["ALL"]

_SEND, _IMPORT, _MARK = "send_group_msg", "import_group_msg", "admin_set_msg_read"
_READ = "group_msg_receipt"
_SHOULD: dict[str, Any] = {"level": "SHOULD"}
Body = dict[str, Any]


def _in_group(test: Callable[[Call, Group], bool]) -> Callable[[Call], bool]:
    def when(call: Call) -> bool:
        group = group_of(call)
        return group is not None and test(call, group)

    return when


def _has_recalled(_call: Call, group: Group) -> bool:
    return any(message.recalled for message in group.messages.values())


def _has_lost_a_member(_call: Call, group: Group) -> bool:
    return any(set(message.audience) - set(group.members) for message in group.messages.values())


def _marked_before(call: Call) -> bool:
    """Whether the conversation was marked by an earlier call."""
    key = (call.body.get("Report_Account"), call.body.get("Peer_Account"))
    if not all(isinstance(name, str) for name in key):
        return False
    marked = call.memory("marked")
    if "marked again" not in call.notes:
        call.notes["marked again"] = key in marked
        marked[key] = True
    return bool(call.notes["marked again"])


def _of_administrator(call: Call) -> bool:
    return bool(call.body.get("Peer_Account") == call.site.identifier)


def _is_timed(call: Call) -> bool:
    return "MsgReadTime" in call.body


_SILENT = [
    bends(
        f"callback-silent-{name}",
        "TC-WHK-03",
        {"hook_on_send": False},
        operation=_SEND,
        when=_in_group(test),
        cls="webhook",
        shows=f"no callback about messages to groups {shows}",
        **_SHOULD,
    )
    for name, test, shows in (
        ("own-id", lambda _, group: not group.id.startswith("@"), "with an id of one's own"),
        ("after-recall", _has_recalled, "in which a message was recalled"),
        ("after-leave", _has_lost_a_member, "that somebody has left"),
    )
] + [
    bends(
        f"callback-silent-{name}",
        "TC-WHK-09",
        {"hook_on_mark": False},
        operation=_MARK,
        when=test,
        cls="webhook",
        shows=f"no callback where {shows}",
        **_SHOULD,
    )
    for name, test, shows in (
        ("timed", _is_timed, "a conversation is marked up to a time"),
        ("marked-again", _marked_before, "a conversation is marked for the second time"),
        ("of-administrator", _of_administrator, "a conversation with the administrator is marked"),
    )
]


def _plain_too(call: Call, answer: Body) -> None:
    group = group_of(call)
    if group is None or not succeeded(answer):
        return
    items = [answer] if call.operation == _SEND else answer["ImportMsgResult"]
    found = [group.messages.get(item["MsgSeq"]) for item in items]
    for message in found:
        if message is not None and not message.receipt:
            call.site.hooks.group_receipts(call, call.site.store, group, [(message, [])])


def _strange_reads(call: Call, _answer: Body) -> None:
    group, reader = group_of(call), call.body.get("From_Account")
    if group is None or not isinstance(reader, str) or reader in group.members:
        return
    listed = call.body.get("MsgSeqList")
    items = listed if isinstance(listed, list) else []
    for seq in [item.get("MsgSeq") for item in items if isinstance(item, dict)]:
        if seq in group.messages and group.messages[seq].receipt:
            told = [(group.messages[seq], [reader])]
            call.site.hooks.group_receipts(call, call.site.store, group, told)


def _refused_too(call: Call, answer: Body) -> None:
    group = group_of(call)
    if group is None or succeeded(answer) or not group.messages:
        return
    last = group.messages[max(group.messages)]
    told: list[tuple[Message, list[str]]] = [(replace(last, seq=last.seq + 1), [])]
    call.site.hooks.group_receipts(call, call.site.store, group, told)


def _next_as_well(body: Body) -> None:
    items = body.get("GroupMsgReceiptList", [])
    items += [{**item, "MsgSeq": item["MsgSeq"] + 1} for item in items[-1:]]


_VAIN = [
    edits(
        "callback-for-refused",
        "TC-WHK-03",
        _refused_too,
        operation=_SEND,
        cls="webhook",
        shows="a callback about messages that are refused",
        **_SHOULD,
    ),
    calls_back(
        "callback-names-the-next",
        "TC-WHK-03",
        _next_as_well,
        "an item more, of the message that comes next",
        **_SHOULD,
    ),
    edits(
        "callback-for-strange-reads",
        "TC-WHK-16",
        _strange_reads,
        operation=_READ,
        cls="webhook",
        shows="a callback where somebody reads who is no member",
        **_SHOULD,
    ),
] + [
    edits(
        f"callback-for-{name}",
        "TC-WHK-03",
        _plain_too,
        operation=operation,
        cls="webhook",
        shows=f"a callback about {shows}",
        **_SHOULD,
    )
    for name, operation, shows in (
        ("plain", _SEND, "messages that ask for no receipt"),
        ("imports", _IMPORT, "imported messages"),
    )
]


def _on_timed(change: Callable[[Body], object]) -> Any:
    def callback(call: Call, _query: dict[str, str], body: Body) -> None:
        if call.operation == _MARK and _is_timed(call):
            change(body)

    return callback


def _first_time(call: Call, _query: dict[str, str], body: Body) -> None:
    if "GroupId" in body:
        body["EventTime"] = call.memory("times").setdefault(body["GroupId"], body["EventTime"])


def _first_unread(call: Call, _query: dict[str, str], body: Body) -> None:
    for item in body.get("GroupMsgReceiptList", ()):
        if not item["ReadReceiptMembers"]:
            first = call.memory("unread").setdefault(body["GroupId"], item["UnreadNum"])
            item["UnreadNum"] = first


def _small_letters(body: Body) -> None:
    if not str(body.get("GroupId", "@")).startswith("@"):
        body["GroupId"] = body["GroupId"].lower()


def _first_key(body: Body) -> None:
    for item in body.get("C2CMsgInfo", ()):
        item["MsgKey"] = body["C2CMsgInfo"][0]["MsgKey"]


def _without_last(body: Body) -> None:
    if len(body.get("C2CMsgInfo", ())) > 1:
        del body["C2CMsgInfo"][-1]


def _from_web(command: str) -> Any:
    def change(query: dict[str, Any]) -> None:
        if query["CallbackCommand"] == command:
            query["OptPlatform"] = "Web"

    return change


def _twisted(name: str, row: str, callback: Any, shows: str) -> Fault:
    return Fault(
        name=name, requirement=row, callback=callback, shows=shows, cls="webhook", **_SHOULD
    )


_SAID = [
    _twisted(
        "callback-no-read-time",
        "TC-WHK-09",
        _on_timed(lambda body: body.update(LastReadTime=0)),
        "LastReadTime 0 where a conversation is marked up to a time",
    ),
    _twisted(
        "callback-nothing-left-timed",
        "TC-WHK-18",
        _on_timed(lambda body: body.update(UnreadMsgNum=0)),
        "UnreadMsgNum 0 where a conversation is marked up to a time",
    ),
    _twisted(
        "callback-time-stands-still",
        "TC-WHK-07",
        _first_time,
        "EventTime of the first callback about a group",
    ),
    _twisted(
        "callback-unread-of-first",
        "TC-WHK-06",
        _first_unread,
        "UnreadNum of the first message of a group",
    ),
    calls_back(
        "callback-small-letters", "TC-WHK-05", _small_letters, "an own GroupId in lower case"
    ),
    calls_back(
        "callback-first-key",
        "TC-WHK-17",
        _first_key,
        "the MsgKey of the first of several messages for all",
        **_SHOULD,
    ),
    calls_back(
        "callback-without-last",
        "TC-WHK-17",
        _without_last,
        "the last of several messages is missing",
        **_SHOULD,
    ),
    *(
        calls_back(
            f"callback-web-{name}",
            "TC-WHK-10",
            _from_web(command),
            f"OptPlatform Web of {command}",
            on_query=True,
            **_SHOULD,
        )
        for name, command in (
            ("marking", "C2C.CallbackAfterMsgReport"),
            ("receipt", "C2C.CallbackAfterMsgReadReceipt"),
        )
    ),
]

ALL: list[Fault] = [*_SILENT, *_VAIN, *_SAID]
