"""Faults of servers on which two calls of one kind at the same time see what neither has done."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from receiptspec.reference.behaviour import PASS, Fault
from receiptspec.reference.calls import Call, Shrug
from receiptspec.reference.faults.families import ASK, READ, edits, succeeded

__all__ = ["ALL"]

_ADD, _MAKE = "add_group_member", "create_group"
_SHOULD: dict[str, Any] = {"level": "SHOULD"}
_AT_ONCE = 0.3


def _numbers(call: Call) -> list[int]:
    return [item["MsgSeq"] for item in call.body.get("MsgSeqList") or () if "MsgSeq" in item]


def _row_overwritten(call: Call) -> None:
    """Lose a read where its reader reads another message on another connection just now."""
    reader = f"row {call.body.get('GroupId')} {call.body.get('From_Account')}"
    theirs = call.meanwhile(reader, _numbers(call), _AT_ONCE)
    if theirs is not None and theirs != _numbers(call):
        raise Shrug


def _counted_apiece(call: Call, answer: dict[str, Any]) -> None:
    """Note one more reader where the same member reads the same on another connection just now."""
    group, user = call.body.get("GroupId"), call.body.get("From_Account")
    for seq in _numbers(call) if succeeded(answer) else ():
        if call.meanwhile(f"insert {group} {user} {seq}", within=_AT_ONCE):
            call.memory("copies").setdefault((group, seq), []).append(user)


def _copies_counted(call: Call, answer: dict[str, Any]) -> None:
    for item in answer.get("GroupMsgReceiptList", ()):
        place = (call.body.get("GroupId"), item["MsgSeq"])
        item["ReadNum"] += len(call.memory("copies").get(place, ()))


def _copies_listed(call: Call, answer: dict[str, Any]) -> None:
    place = (call.body.get("GroupId"), call.body.get("MsgSeq"))
    if "ReadList" in answer:
        copies = call.memory("copies").get(place, ())
        answer["ReadList"] += [{"Read_Account": user} for user in copies]


def _stale_since(call: Call, answer: dict[str, Any]) -> None:
    """Answer what was kept of a message; note what is answered for who reads it just now."""
    for item in answer.get("GroupMsgReceiptList", ()):
        place = (call.body.get("GroupId"), item["MsgSeq"])
        call.meanwhile(f"asked {place}", dict(item))
        item.update(call.memory("kept counts").get(place, {}))


def _read_meanwhile(call: Call) -> None:
    """Note what is read on one connection while another has asked for it just now."""
    if call.operation != READ or not isinstance(call.body, dict):
        return
    kept, group = call.memory("kept counts"), call.body.get("GroupId")
    for seq in _numbers(call):
        asked = call.meanwhile(f"asked {(group, seq)}", None, _AT_ONCE)
        if asked is not None:
            kept.setdefault((group, seq), asked)


def _coalesced(call: Call, answer: dict[str, Any]) -> None:
    """Tell what another connection was told of the group just now, whatever it asked for."""
    if not isinstance(call.body, dict):
        return
    mine = copy.deepcopy(answer) if succeeded(answer) else None
    theirs = call.meanwhile(f"question {call.body.get('GroupId')}", mine, within=0.02)
    if mine is not None and theirs is not None:
        answer.clear()
        answer.update(theirs)


def _joined_apiece(call: Call, answer: dict[str, Any]) -> None:
    """Count a member once more who is added on another connection just now."""
    group, more = call.body.get("GroupId"), call.memory("more members")
    for item in answer.get("MemberList", ()) if succeeded(answer) else ():
        if call.meanwhile(f"add {group} {item['Member_Account']}", within=_AT_ONCE):
            item["Result"] = 1
            more[group] = more.get(group, 0) + 1


def _members_counted(call: Call, answer: dict[str, Any]) -> None:
    if "MemberNum" in answer:
        answer["MemberNum"] += call.memory("more members").get(call.body.get("GroupId"), 0)


def _by_operation(**edits_: Callable[[Call, dict[str, Any]], None]) -> Any:
    def answer(call: Call, sent: dict[str, Any]) -> None:
        if call.operation in edits_:
            edits_[call.operation](call, sent)

    return answer


def _made_apiece(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    taken = (place, reason) == ("GroupId", "taken")
    return PASS if taken and call.memory("made").get(call.body["GroupId"], False) else None


def _made_just_now(call: Call) -> None:
    own = call.body.get("GroupId") if isinstance(call.body, dict) else None
    if own:
        call.memory("made")[own] = call.meanwhile(f"make {own}", within=_AT_ONCE)


ALL: list[Fault] = [
    edits(
        "questions-at-once-are-one",
        "TC-GMR-04",
        _coalesced,
        operation=ASK,
        cls="isolation",
        shows="of two questions about a group at once one is told what the other asked for",
        also=("TC-GMR-33",),
    ),
    Fault(
        name="reads-at-once-overwritten",
        requirement="TC-GMR-08",
        request=_row_overwritten,
        operation=READ,
        cls="timing",
        shows="of two messages that a member reads by two calls at once one stays unread",
        also=("TC-GRR-06", "TC-GMR-09", "TC-GMD-12"),
        **_SHOULD,
    ),
    edits(
        "reads-at-once-count-apiece",
        "TC-GMR-11",
        _by_operation(group_msg_receipt=_counted_apiece, get_group_msg_receipt=_copies_counted),
        cls="timing",
        shows="ReadNum counts a member several times who reads by several calls at once",
        also=("TC-GRR-07", "TC-GMD-14"),
        **_SHOULD,
    ),
    edits(
        "readers-at-once-listed-apiece",
        "TC-GMD-08",
        _by_operation(
            group_msg_receipt=_counted_apiece, get_group_msg_receipt_detail=_copies_listed
        ),
        cls="timing",
        shows="a member is listed several times who reads by several calls at once",
        also=("TC-GMD-14",),
    ),
    edits(
        "counts-kept-from-before-a-read",
        "TC-GMR-08",
        _by_operation(get_group_msg_receipt=_stale_since),
        request=_read_meanwhile,
        cls="timing",
        shows="a message that is asked for while it is read keeps its old numbers for ever",
        also=("TC-GMR-09", "TC-GMD-14"),
        **_SHOULD,
    ),
    edits(
        "members-added-at-once-count-apiece",
        "TC-GRP-12",
        _by_operation(add_group_member=_joined_apiece, get_group_member_info=_members_counted),
        cls="timing",
        shows="MemberNum counts a member several times who is added by several calls at once",
    ),
    Fault(
        name="one-id-given-twice-at-once",
        requirement="TC-GRP-03",
        refuses=_made_apiece,
        request=_made_just_now,
        operation=_MAKE,
        cls="timing",
        shows="two calls at once both make a group with the same id",
        **_SHOULD,
    ),
]
