"""Faults of replicas that stay behind, and of writes that are done twice."""

from __future__ import annotations

import copy
import time
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import ASK, edits, group_of, succeeded

__all__ = ["ALL", "behind", "young_unknown"]

_STALE, _YOUNG = 5.0, 3.0  # seconds
_IMPORT = "import_group_msg"
_SHOULD: dict[str, Any] = {"level": "SHOULD"}


def behind(name: str, requirement: str, operation: str, each: int, **more: Any) -> Fault:
    """Answer each so manieth call as the oldest like it of the last seconds was answered."""

    def answer(call: Call, sent: dict[str, Any]) -> None:
        if not (succeeded(sent) or "Result" in sent):
            return
        given, now = call.memory(name), time.monotonic()
        turn = given["turn"] = given.get("turn", 0) + 1
        former = given.setdefault(call.incoming.body, [])
        former[:] = [one for one in former if now - one[0] < _STALE]
        former.append((now, copy.deepcopy({k: v for k, v in sent.items() if k not in _ABOUT})))
        if turn % each == 0:
            sent.update(copy.deepcopy(former[0][1]))

    return Fault(
        name=name,
        requirement=requirement,
        operation=operation,
        answer=answer,
        **{"cls": "lifecycle", **more},
    )


_ABOUT = ("ResponseMetadata",)


def young_unknown(
    name: str, requirement: str, operation: str, makes: str, refusal: dict[str, Any], **more: Any
) -> Fault:
    """Know nothing of a conversation that is younger than some seconds, at each tenth call."""

    def answer(call: Call, sent: dict[str, Any]) -> None:
        seen, now = call.memory(name), time.monotonic()
        if not isinstance(call.body, dict):
            return
        if call.operation == makes:
            made = sent.get("GroupId") or _short_id(sent.get("Result"))
            seen[made] = now
        elif call.operation == operation:
            place = call.body.get("GroupId") or call.body.get("ConversationShortId")
            turn = seen["turn"] = seen.get("turn", 0) + 1
            if (
                turn % 10 == 0
                and isinstance(place, str | int)
                and now - seen.get(place, 0) < _YOUNG
            ):
                sent.pop("Result", None)
                about = {**sent.pop("ResponseMetadata", {}), **refusal.get("ResponseMetadata", {})}
                sent.update({**refusal, "ResponseMetadata": about} if about else refusal)

    return Fault(name=name, requirement=requirement, answer=answer, **{"cls": "lifecycle", **more})


def _short_id(result: Any) -> Any:
    found = result.get("ConversationInfo", result) if isinstance(result, dict) else {}
    return found.get("ConversationShortId")


def _imported_twice(call: Call, answer: dict[str, Any]) -> None:
    group = group_of(call)
    for result in answer.get("ImportMsgResult", ()) if succeeded(answer) else ():
        if group is not None and result["Result"] == 0:
            again = copy.copy(group.messages[result["MsgSeq"]])
            group.newest += 1
            again.seq = group.newest
            group.messages[again.seq] = again


_UNKNOWN = {"ActionStatus": "FAIL", "ErrorCode": 10010, "ErrorInfo": "this group does not exist"}

ALL: list[Fault] = [
    behind(
        "third-unread-count-is-old",
        "TC-SMR-06",
        "get_c2c_unread_msg_num",
        3,
        shows="each third unread count is of up to five seconds ago",
        also=("TC-SMR-13", "TC-SMR-14", "TC-SMR-10"),
    ),
    behind(
        "tenth-history-is-old",
        "TC-ROM-03",
        "admin_getroammsg",
        10,
        shows="each tenth history is of up to five seconds ago",
        **_SHOULD,
    ),
    behind(
        "third-group-history-is-old",
        "TC-GRP-13",
        "group_msg_get_simple",
        3,
        shows="each third look at a group's messages is of up to five seconds ago",
        **_SHOULD,
    ),
    behind(
        "tenth-list-of-members-is-old",
        "TC-GRP-12",
        "get_group_member_info",
        10,
        shows="each tenth list of members is of up to five seconds ago",
    ),
    young_unknown(
        "young-groups-unknown-at-times",
        "TC-GMR-01",
        ASK,
        "create_group",
        _UNKNOWN,
        shows="of a group of some seconds each tenth question is refused with 10010",
    ),
    edits(
        "imports-are-done-twice",
        "TC-GRP-21",
        _imported_twice,
        operation=_IMPORT,
        cls="idempotency",
        shows="imported messages are in the history twice",
        **_SHOULD,
    ),
]
