"""Faults of replicas that stay behind, and of writes that are done twice."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call, Shrug
from receiptspec.reference.faults.families import ASK, READ, edits, group_of, succeeded

__all__ = ["ALL", "behind", "young_unknown"]

_STALE, _YOUNG, _SOON = 5.0, 3.0, 0.3  # seconds
_IMPORT = "import_group_msg"
_SHOULD: dict[str, Any] = {"level": "SHOULD"}


def behind(name: str, requirement: str, operation: str, each: int, **more: Any) -> Fault:
    """Answer each so manieth call as the oldest like it of the last seconds was answered."""

    def answer(call: Call, sent: dict[str, Any]) -> None:
        if not (succeeded(sent) or "Result" in sent):
            return
        given, now = call.memory(name), outside.ticks()
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
        seen, now = call.memory(name), outside.ticks()
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


def _unknown_once(
    name: str, requirement: str, operation: str, code: int, who: Callable[[Call], Any], **more: Any
) -> Fault:
    """Refuse ever after what was refused once because something was unknown."""

    def answer(call: Call, sent: dict[str, Any]) -> None:
        known = call.memory(name)
        what = who(call) if isinstance(call.body, dict) else None
        if what is None:
            return
        if sent.get("ErrorCode") == code:
            known[what] = True
        elif what in known:
            sent.clear()
            sent.update(ActionStatus="FAIL", ErrorCode=code, ErrorInfo="unknown")

    return Fault(
        name=name,
        requirement=requirement,
        operation=operation,
        answer=answer,
        **{"cls": "lifecycle", **more},
    )


def _named(field: str) -> Callable[[Call], Any]:
    def name(call: Call) -> Any:
        found = call.body.get(field)
        return found if isinstance(found, str) else None

    return name


def _ghosts(call: Call, answer: dict[str, Any]) -> None:
    """Go on answering that an account is none once it was none."""
    ghosts = call.memory("ghosts")
    for item in answer.get("MemberList", ()) if succeeded(answer) else ():
        if item.get("Result") == 0:
            ghosts[item["Member_Account"]] = True
        elif item.get("Member_Account") in ghosts:
            item["Result"] = 0


def _soon(call: Call, name: str, key: Any) -> bool:
    return outside.ticks() - float(call.memory(name).get(key, -_SOON)) < _SOON


def _read_elsewhere(call: Call) -> None:
    """Take a read for another one by the same user of the same number, whatever the group."""
    group, user = call.body.get("GroupId"), call.body.get("From_Account")
    items = call.body.get("MsgSeqList")
    for item in items if isinstance(items, list) else ():
        seq = item.get("MsgSeq") if isinstance(item, dict) else None
        last = call.memory("reads elsewhere")
        place, moment = last.get((repr(user), seq), (group, -_SOON))
        last[repr(user), seq] = (group, outside.ticks())
        if place != group and outside.ticks() - moment < _SOON:
            raise Shrug


def _lost_after(operation: str) -> Callable[[Call], None]:
    """Lose a read that comes right after another one and, after that, such a call."""

    def request(call: Call) -> None:
        now, state = outside.ticks(), call.memory(f"lost after {operation}")
        if call.operation == operation and _soon(call, f"lost after {operation}", "read"):
            state["call"] = now
        if call.operation == READ:
            if _soon(call, f"lost after {operation}", "call"):
                state.clear()
                raise Shrug
            state["read"] = now

    return request


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
    _unknown_once(
        "unknown-receivers-stay-unknown",
        "TC-SND-03",
        "sendmsg",
        90012,
        _named("To_Account"),
        shows="who was written to before having an account gets no letters ever after",
    ),
    _unknown_once(
        "unknown-groups-stay-unknown",
        "TC-GRP-02",
        "group_msg_get_simple",
        10010,
        _named("GroupId"),
        shows="a group that was looked at before it was made has no history ever after",
    ),
    edits(
        "ghosts-stay-ghosts",
        "TC-GRP-06",
        _ghosts,
        operation="add_group_member",
        cls="lifecycle",
        shows="who was to be added before having an account is never said to be added",
    ),
    Fault(
        name="same-number-elsewhere-is-the-same-read",
        requirement="TC-GMR-33",
        operation=READ,
        request=_read_elsewhere,
        shows="the second of two reads of the same MsgSeq in two groups at once is lost",
        cls="isolation",
        **_SHOULD,
    ),
    Fault(
        name="reads-after-recalls-are-lost",
        requirement="TC-GMR-08",
        request=_lost_after("group_msg_recall"),
        shows="a read right after a read and a recall is lost",
        cls="batching",
        **_SHOULD,
    ),
    Fault(
        name="reads-after-dismissals-are-lost",
        requirement="TC-GMR-08",
        request=_lost_after("destroy_group"),
        shows="a read right after a read and the end of another group is lost",
        cls="batching",
        **_SHOULD,
    ),
]
