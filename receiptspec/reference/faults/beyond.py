"""Faults of calls for one more than may be, and of group messages that change afterwards."""

from __future__ import annotations

from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import (
    DETAIL,
    edits,
    group_of,
    if_ok,
    refused_if,
    succeeded,
)

__all__ = ["ALL"]

_MAKE, _REMOVE, _RECALL, _IMPORT, _HISTORY = (
    "create_group",
    "delete_group_member",
    "group_msg_recall",
    "import_group_msg",
    "group_msg_get_simple",
)
_OK = {"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": ""}
_SHOULD: dict[str, Any] = {"level": "SHOULD"}


def _listed(call: Call, key: str) -> list[Any]:
    found = call.body.get(key) if isinstance(call.body, dict) else None
    return found if isinstance(found, list) else []


def _cut(key: str, most: int) -> Any:
    """Return a change of the question: what is behind so many items is forgotten."""

    def change(call: Call) -> None:
        if len(_listed(call, key)) > most:
            call.notes["behind"] = len(call.body[key]) - most
            call.body = {**call.body, key: call.body[key][:most]}

    return change


def _said_only(call: Call, answer: dict[str, Any]) -> None:
    named = _listed(call, "MsgSeqList")
    if len(named) > 10 and not succeeded(answer):
        answer.clear()
        done = [{"MsgSeq": item.get("MsgSeq"), "RetCode": 0} for item in named]
        answer.update(_OK, RecallRetList=done)


def _told_of_more(call: Call, answer: dict[str, Any]) -> None:
    for _ in range(call.notes.get("behind", 0) if succeeded(answer) else 0):
        last = answer["ImportMsgResult"][-1]
        answer["ImportMsgResult"].append({**last, "MsgSeq": last["MsgSeq"] + 1})


def _before_recall(call: Call) -> None:
    group = group_of(call)
    named = [item.get("MsgSeq") for item in _listed(call, "MsgSeqList") if isinstance(item, dict)]
    seqs = [seq for seq in named if isinstance(seq, int)]
    found = [group.messages.get(seq) for seq in seqs] if group is not None else []
    again = all(message is not None and message.recalled for message in found)
    call.notes["again"] = found if found and again else []


def _taken_back(call: Call, answer: dict[str, Any]) -> None:
    for message in call.notes["again"] if succeeded(answer) else ():
        message.recalled = False


def _all_of_now(call: Call, answer: dict[str, Any]) -> None:
    group = group_of(call)
    for item in answer.get("RspMsgList", ()) if group is not None else ():
        if group is not None and group.messages[item["MsgSeq"]].imported:
            item["MsgTimeStamp"] = int(outside.now())


def _replaced(call: Call, answer: dict[str, Any]) -> None:
    """Give messages the contents of what is imported with their random number."""
    group = group_of(call)
    for item in _listed(call, "MsgList") if group is not None and succeeded(answer) else ():
        for message in group.messages.values() if group is not None else ():
            if message.random == item.get("Random"):
                message.content = item["MsgBody"]


def _wiped(call: Call, answer: dict[str, Any]) -> None:
    """Forget all reads in groups whose ids begin with that of a dismissed one."""
    name = call.body.get("GroupId") if isinstance(call.body, dict) else None
    for group in call.site.store.groups.values() if succeeded(answer) else ():
        if isinstance(name, str) and group.id.startswith(name):
            for message in group.messages.values():
                message.readers.clear()


def _from_the_start(call: Call) -> None:
    """Ask for all, and remember which page was wanted."""
    body, pages = call.body, call.memory("pages")
    if not isinstance(body, dict) or body.get("Cursor") not in ("", *pages):
        return
    if isinstance(body.get("Count"), int) and 0 < body["Count"] <= 200:
        call.notes["page"] = pages.get(body["Cursor"], 0), body["Count"]
        call.body = {**body, "Cursor": "", "Count": 200}


def _page_of_that_number(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer) and "page" in call.notes:
        page, count = call.notes["page"]
        key = "ReadList" if "ReadList" in answer else "UnreadList"
        ends, cursor = (page + 1) * count, f"{page + 1:020d}"
        more = len(answer[key]) > ends
        answer.update({key: answer[key][ends - count : ends], "IsFinish": int(not more)})
        answer["Cursor"] = cursor if more else "0"
        call.memory("pages")[cursor] = page + 1


def _once_each(answer: dict[str, Any]) -> None:
    """Show one message of several that are the same in sender, second and contents."""
    found = {
        (item["From_Account"], item["MsgTimeStamp"], repr(item["MsgBody"])): item
        for item in answer.get("RspMsgList", ())
    }
    answer["RspMsgList"] = [*found.values()]


def _first_twice(answer: dict[str, Any]) -> None:
    answer["RspMsgList"] = [*answer["RspMsgList"][:1], *answer["RspMsgList"]]


_LATER = [
    edits(
        "end-wipes-what-begins-so",
        "TC-GMR-33",
        _wiped,
        operation="destroy_group",
        cls="isolation",
        shows="with a group the reads end in those whose ids begin with its id",
        **_SHOULD,
    ),
    edits(
        "cursor-is-page-number",
        "TC-GMD-08",
        _page_of_that_number,
        request=_from_the_start,
        operation=DETAIL,
        cls="paging",
        shows="a Cursor is the number of a page, whatever Count was before",
    ),
    edits(
        "equal-messages-shown-once",
        "TC-GRP-13",
        if_ok(_once_each),
        operation=_HISTORY,
        cls="isolation",
        shows="of messages with the same sender, second and text one is shown",
        **_SHOULD,
    ),
    edits(
        "newest-message-shown-twice",
        "TC-GRP-13",
        if_ok(_first_twice),
        operation=_HISTORY,
        cls="shape",
        shows="the first message of a history stands there twice",
        **_SHOULD,
    ),
]

ALL: list[Fault] = [
    *_LATER,
    edits(
        "eleven-recalled-by-word",
        "TC-GRP-14",
        _said_only,
        operation=_RECALL,
        cls="limits",
        shows="RetCode 0 for each of eleven messages, and nothing is recalled",
        **_SHOULD,
    ),
    edits(
        "eighth-imported-by-word",
        "TC-GRP-21",
        _told_of_more,
        request=_cut("MsgList", 7),
        operation=_IMPORT,
        cls="limits",
        shows="Result 0 for each of eight messages, and seven are stored",
        **_SHOULD,
    ),
    Fault(
        name="hundred-and-first-stays",
        requirement="TC-GRP-24",
        request=_cut("MemberToDel_Account", 100),
        operation=_REMOVE,
        cls="limits",
        shows="of 101 who are removed in one call the last stays",
        **_SHOULD,
    ),
    Fault(
        name="hundred-and-first-left-out",
        requirement="TC-GRP-25",
        request=_cut("MemberList", 100),
        operation=_MAKE,
        cls="limits",
        shows="of 101 first members the last is none",
        **_SHOULD,
    ),
    refused_if(
        "hundred-first-members-refused",
        "TC-GRP-25",
        10005,
        lambda call: len(_listed(call, "MemberList")) >= 100,
        operation=_MAKE,
        shows="a group with a hundred first members is refused with 10005",
        **_SHOULD,
    ),
    edits(
        "second-recall-takes-back",
        "TC-GRP-14",
        _taken_back,
        request=_before_recall,
        operation=_RECALL,
        cls="idempotency",
        shows="messages that are recalled once more are there again",
        **_SHOULD,
    ),
    edits(
        "imported-just-now",
        "TC-GRP-21",
        _all_of_now,
        operation=_HISTORY,
        cls="lifecycle",
        shows="imported messages have the time of the question",
        **_SHOULD,
    ),
    edits(
        "imports-replace-by-random",
        "TC-GRP-21",
        _replaced,
        operation=_IMPORT,
        cls="isolation",
        shows="what is imported with the Random of a message takes its place",
        **_SHOULD,
    ),
]
