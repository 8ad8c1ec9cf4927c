"""Faults of what a message owes to others: numbers, names, texts and receipts beside its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import ASK, DETAIL, bends, edits, group_of, succeeded
from receiptspec.reference.store import Message
from receiptspec.reference.tencent import documents

__all__ = ["ALL"]

_SEND, _ROAM, _HISTORY = "send_group_msg", "admin_getroammsg", "group_msg_get_simple"
_SHOULD: dict[str, Any] = {"level": "SHOULD"}
_KEY = re.compile(r"(-?\d+)_(-?\d+)_(\d+)", re.ASCII)
_NAMES = {name.lower(): name for name in ("MsgSeqList", "Filter", "C2CMsgInfo", "MsgRandom")}


def _imported_behind_receipt(call: Call) -> bool:
    """Whether a call asks for an imported message that followed one with a receipt."""
    group = group_of(call)
    named = call.body.get("MsgSeqList") if isinstance(call.body, dict) else None
    if group is None or not isinstance(named, list):
        return False
    asked = [item.get("MsgSeq") for item in named if isinstance(item, dict)]
    for seq, message in group.messages.items():
        if seq in asked and message.imported:
            earlier = [m for s, m in group.messages.items() if s < seq and not m.imported]
            return bool(earlier) and earlier[-1].receipt
    return False


def _skips_if(test: Callable[[Call, Message | None], bool]) -> Any:
    """Leave a number out before some messages; the newest one is told."""

    def request(call: Call) -> None:
        group = group_of(call)
        if group is not None and test(call, group.messages.get(group.newest)):
            group.newest += 1

    return request


def _of_two_parts(call: Call, _newest: Message | None) -> bool:
    return isinstance(call.body.get("MsgBody"), list) and len(call.body["MsgBody"]) == 2


def _wishes_after_plain(call: Call, newest: Message | None) -> bool:
    return call.body.get("NeedReadReceipt") == 1 and newest is not None and not newest.receipt


def _signed(key: str, part: int) -> str:
    found = _KEY.fullmatch(key)
    numbers = [int(number) for number in found.groups()] if found is not None else []
    if not numbers or numbers[part - 1] < 2**31:
        return key
    numbers[part - 1] -= 2**32
    return "_".join(map(str, numbers))


def _unsigned(key: Any, part: int) -> Any:
    found = _KEY.fullmatch(key) if isinstance(key, str) else None
    if found is None:
        return key
    numbers = [int(number) for number in found.groups()]
    numbers[part - 1] %= 2**32
    return "_".join(map(str, numbers))


def _keys_signed(_call: Call, answer: dict[str, Any], part: int = 2) -> None:
    for place in (answer, *answer.get("MsgList", ())):
        for name in ("MsgKey", "LastMsgKey"):
            if name in place:
                place[name] = _signed(place[name], part)


def _keys_unsigned(call: Call, part: int = 2) -> None:
    listed = call.body.get("C2CMsgInfo")
    items = listed if isinstance(listed, list) else []
    for place in (call.body, *(item for item in items if isinstance(item, dict))):
        for name in ("MsgKey", "LastMsgKey"):
            if name in place:
                place[name] = _unsigned(place[name], part)


def _full_page_short(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer) and "ReqMsgSeq" in call.body and len(answer["RspMsgList"]) == 20:
        answer["RspMsgList"].pop()
        answer["IsFinished"] = 1


def _mentioned_alone(call: Call, answer: dict[str, Any]) -> None:
    group = group_of(call)
    message = group.messages.get(answer["MsgSeq"]) if group and succeeded(answer) else None
    if message is not None and call.body.get("GroupAtInfo"):
        named = [item.get("GroupAt_Account") for item in call.body["GroupAtInfo"]]
        message.audience = {n: o for n, o in message.audience.items() if n in named}


def _plus_for_space(call: Call) -> None:
    if call.operation != "create_group" and isinstance(call.body.get("GroupId"), str):
        call.body["GroupId"] = call.body["GroupId"].replace("+", " ")


def _any_case(call: Call) -> None:
    if isinstance(call.body, dict):
        call.body = {_NAMES.get(str(key).lower(), key): v for key, v in call.body.items()}


def _items_in_any_case(call: Call) -> None:
    names = {"msgseq": "MsgSeq", "msgkey": "MsgKey"}
    for key in ("MsgSeqList", "C2CMsgInfo"):
        listed = call.body.get(key) if isinstance(call.body, dict) else None
        if isinstance(listed, list):
            call.body[key] = [
                {names.get(str(name).lower(), name): value for name, value in item.items()}
                if isinstance(item, dict)
                else item
                for item in listed
            ]


def _recalls_like(same: Callable[[Message], object]) -> Any:
    """Recall with a message all others that are the same in something."""

    def answer(call: Call, answer: dict[str, Any]) -> None:
        group = group_of(call)
        if group is None or not succeeded(answer):
            return
        done = [item["MsgSeq"] for item in answer["RecallRetList"] if item["RetCode"] == 0]
        marks = [same(group.messages[seq]) for seq in done]
        for message in group.messages.values():
            message.recalled = message.recalled or same(message) in marks

    return answer


def _large_left_out(_call: Call, answer: dict[str, Any]) -> None:
    """Leave out what is above 6 KB, and say that something follows."""
    if succeeded(answer):
        kept = [m for m in answer["MsgList"] if len(documents.write(m["MsgBody"])) <= 6000]
        if len(kept) < len(answer["MsgList"]):
            answer.update(MsgList=kept, MsgCnt=len(kept), Complete=0)


def _newest_fifty(call: Call, answer: dict[str, Any]) -> None:
    group = group_of(call)
    if group is not None and succeeded(answer) and "ReadList" in answer:
        newest = [*group.messages[answer["MsgSeq"]].readers][-50:]
        kept = [item for item in answer["ReadList"] if item["Read_Account"] in newest]
        answer["ReadList"] = kept


ALL: list[Fault] = [
    bends(
        "imports-inherit-receipts",
        "TC-GMR-40",
        {"imported_has_receipt": True},
        operation=ASK,
        when=_imported_behind_receipt,
        shows="an imported message has a receipt where the message before it has one",
        **_SHOULD,
    ),
    *(
        Fault(
            name=name,
            requirement="TC-SND-11b",
            request=_skips_if(test),
            operation=_SEND,
            cls="rare-trigger",
            shows=shows,
            **_SHOULD,
        )
        for name, test, shows in (
            ("two-parts-two-numbers", _of_two_parts, "a message of two parts takes two numbers"),
            (
                "receipts-skip-a-number",
                _wishes_after_plain,
                "a message with a receipt after one without leaves a number out",
            ),
        )
    ),
    Fault(
        name="random-in-key-signed",
        requirement="TC-SND-02",
        request=_keys_unsigned,
        answer=_keys_signed,
        when=lambda call: call.operation in ("sendmsg", _ROAM, "c2c_msg_read_receipt"),
        cls="precision",
        shows="a MsgRandom above 2^31 is negative in the MsgKey",
        **_SHOULD,
    ),
    Fault(
        name="sequence-in-key-signed",
        requirement="TC-SND-02",
        request=partial(_keys_unsigned, part=1),
        answer=partial(_keys_signed, part=1),
        when=lambda call: call.operation in ("sendmsg", _ROAM, "c2c_msg_read_receipt"),
        cls="precision",
        shows="a MsgSeq above 2^31 is negative in the MsgKey",
        **_SHOULD,
    ),
    edits(
        "full-page-lacks-one",
        "TC-GRP-13",
        _full_page_short,
        operation=_HISTORY,
        cls="paging",
        shows="nineteen of twenty messages back from one, and IsFinished 1",
        **_SHOULD,
    ),
    edits(
        "mentioned-alone-awaited",
        "TC-GMR-08",
        _mentioned_alone,
        operation=_SEND,
        cls="counting",
        shows="only who is mentioned counts as reader of a message",
        also=("TC-GMR-09",),
        **_SHOULD,
    ),
    Fault(
        name="plus-in-group-ids-lost",
        requirement="TC-GRP-02",
        request=_plus_for_space,
        cls="encoding",
        shows="a + in a GroupId of one's own is read as a space once the group is there",
    ),
    Fault(
        name="other-fields-read-in-any-case",
        requirement="TC-GEN-33",
        request=_any_case,
        cls="leniency",
        shows="all fields but GroupId work in small letters",
        **_SHOULD,
    ),
    Fault(
        name="fields-of-items-read-in-any-case",
        requirement="TC-GEN-33",
        request=_items_in_any_case,
        cls="leniency",
        shows="msgseq and msgkey work in items",
        **_SHOULD,
    ),
    *(
        edits(
            name,
            "TC-GRP-14",
            _recalls_like(same),
            operation="group_msg_recall",
            cls="isolation",
            shows=shows,
            **_SHOULD,
        )
        for name, same, shows in (
            (
                "recalls-same-text",
                lambda message: repr(message.content),
                "what has the same text as a recalled message is recalled with it",
            ),
            (
                "recalls-same-random",
                lambda message: message.random,
                "what has the same Random as a recalled message is recalled with it",
            ),
        )
    ),
    edits(
        "newest-fifty-readers-listed",
        "TC-GMD-08",
        _newest_fifty,
        operation=DETAIL,
        cls="paging",
        shows="of more than fifty readers the newest fifty are listed",
    ),
    edits(
        "large-letters-unseen",
        "TC-ROM-09",
        _large_left_out,
        operation=_ROAM,
        cls="limits",
        shows="what is above 6 KB is not in the history, which never ends",
        **_SHOULD,
    ),
]
