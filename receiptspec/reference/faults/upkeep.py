"""Faults of groups with ids of one's own, and of calls that do several things or come again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import (
    DETAIL,
    READ,
    edits,
    group_of,
    refused_if,
    succeeded,
)
from receiptspec.reference.store import Group

__all__ = ["ALL"]

_MAKE, _END, _ADD, _REMOVE, _INFO, _RECALL, _IMPORT = (
    "create_group",
    "destroy_group",
    "add_group_member",
    "delete_group_member",
    "get_group_member_info",
    "group_msg_recall",
    "import_group_msg",
)
Edit = Callable[[Call, dict[str, Any]], None]
_SHOULD: dict[str, Any] = {"level": "SHOULD"}


def _done(edit: Callable[[Call, dict[str, Any], Group], None]) -> Edit:
    """Change what an accepted call about a group has done."""

    def answer(call: Call, answer: dict[str, Any]) -> None:
        group = group_of(call)
        if succeeded(answer) and group is not None:
            edit(call, answer, group)

    return answer


def _numbers_back(_call: Call, answer: dict[str, Any], group: Group) -> None:
    group.newest -= len(answer["ImportMsgResult"])


def _remember_again(call: Call, answer: dict[str, Any], group: Group) -> None:
    there = [item for item in answer["MemberList"] if item["Result"] == 2]
    counted = call.memory("added again")
    counted[group.id] = counted.get(group.id, 0) + len(there)


def _count_again(call: Call, answer: dict[str, Any], group: Group) -> None:
    answer["MemberNum"] += call.memory("added again").get(group.id, 0)


def _again(call: Call, answer: dict[str, Any]) -> None:
    _done(_remember_again if call.operation == _ADD else _count_again)(call, answer)


def _named_twice(call: Call, answer: dict[str, Any]) -> None:
    if answer["ErrorCode"] != 0:
        return
    counted = call.memory("named twice")
    if call.operation == _MAKE:
        named = [item["Member_Account"] for item in call.body.get("MemberList") or ()]
        counted[answer["GroupId"]] = len(named) - len(set(named))
    else:
        answer["MemberNum"] += counted.get(call.body["GroupId"], 0)


def _lost_behind_nobody(_call: Call, answer: dict[str, Any], group: Group) -> None:
    failed = [item["Result"] == 0 for item in answer["MemberList"]]
    for place, item in enumerate(answer["MemberList"]):
        if item["Result"] == 1 and any(failed[:place]):
            group.members.pop(item["Member_Account"], None)


def _up_to_a_guest(call: Call) -> None:
    """Remove members until there is somebody who is none."""
    group, names = group_of(call), call.body.get("MemberToDel_Account")
    if group is None or not isinstance(names, list) or len(names) < 2:
        return
    known = [name in group.members for name in map(str, names)]
    until = known.index(False) if False in known else len(names)
    call.body = {**call.body, "MemberToDel_Account": names[: max(until, 1)]}


def _never_ends(holds: Callable[[Group], bool]) -> dict[str, Any]:
    """Keep some groups when they are dismissed."""

    def request(call: Call) -> None:
        call.notes["ending"] = group_of(call)

    def answer(call: Call, answer: dict[str, Any]) -> None:
        group = call.notes.get("ending")
        if succeeded(answer) and group is not None and holds(group):
            call.site.store.supply_group(group)

    return {"request": request, "answer": answer}


def _recalls_undone(call: Call, answer: dict[str, Any], group: Group) -> None:
    """Recall nothing where one of several messages is not there, and say nothing of it."""
    del call
    codes = [item["RetCode"] for item in answer["RecallRetList"]]
    for item in answer["RecallRetList"] if any(codes) else ():
        if item["RetCode"] == 0:
            group.messages[item["MsgSeq"]].recalled = False


def _recalls_refused(call: Call, answer: dict[str, Any], group: Group) -> None:
    del call
    if group.type == "ChatRoom":
        for item in answer["RecallRetList"]:
            item["RetCode"] = item["RetCode"] or 10032


def _read_in_all_cases(call: Call, _answer: dict[str, Any], group: Group) -> None:
    """Count a read in groups whose id is the same in other letters."""
    for name, other in call.site.store.groups.items():
        if name != group.id and name.lower() == group.id.lower():
            for seq, message in group.messages.items():
                if seq in other.messages:
                    other.messages[seq].readers |= message.readers


def _reads_for(alike: Callable[[str, str], bool]) -> Edit:
    """Let a read count for others whose ids are much like the reader's."""

    def spread(call: Call, _answer: dict[str, Any], group: Group) -> None:
        reader = call.body["From_Account"]
        for message in group.messages.values():
            if reader in message.readers:
                for name in message.audience:
                    if alike(reader, name):
                        message.readers.setdefault(name, message.readers[reader])

    return _done(spread)


def _ends_what_begins_so(call: Call, answer: dict[str, Any]) -> None:
    name = str(call.body.get("GroupId")) if isinstance(call.body, dict) else ""
    if succeeded(answer):
        for group in [*call.site.store.groups.values()]:
            if group.id.startswith(name):
                call.site.store.dismiss(group)


def _plus_as_blank(call: Call) -> None:
    if isinstance(call.body.get("GroupId"), str):
        call.body = {**call.body, "GroupId": call.body["GroupId"].replace("+", "_")}


def _is_own(call: Call) -> bool:
    group = group_of(call)
    return group is not None and not group.id.startswith("@TGS#")


_MEMBERS = [
    Fault(
        name="added-again-counted-again",
        requirement="TC-GRP-12",
        answer=_again,
        when=lambda call: call.operation in (_ADD, _INFO),
        shows="MemberNum rises for who is added and is there already",
        cls="counting",
    ),
    Fault(
        name="named-twice-counted-twice",
        requirement="TC-GRP-12",
        answer=_named_twice,
        when=lambda call: call.operation in (_MAKE, _INFO),
        shows="MemberNum counts twice who is named twice when the group is made",
        cls="counting",
    ),
    edits(
        "added-behind-nobody-lost",
        "TC-GRP-12",
        _done(_lost_behind_nobody),
        operation=_ADD,
        cls="batching",
        shows="who is added behind an account that does not exist is not added",
    ),
    Fault(
        name="removed-up-to-a-guest",
        requirement="TC-GRP-12",
        operation=_REMOVE,
        request=_up_to_a_guest,
        shows="nobody is removed behind somebody who is no member",
        cls="batching",
    ),
]

_ENDS = [
    Fault(
        name=name,
        requirement="TC-GRP-11",
        operation=_END,
        shows=shows,
        cls="lifecycle",
        **_never_ends(holds),
    )
    for name, holds, shows in (
        ("crowds-never-end", lambda group: len(group.members) > 50, "a large group stays"),
        ("rooms-never-end", lambda group: group.type == "AVChatRoom", "an AVChatRoom stays"),
        (
            "recalled-groups-never-end",
            lambda group: any(message.recalled for message in group.messages.values()),
            "a group with a recalled message stays",
        ),
    )
]

_MESSAGES = [
    edits(
        "numbers-back-after-imports",
        "TC-SND-11",
        _done(_numbers_back),
        operation=_IMPORT,
        cls="lifecycle",
        shows="messages after an import have the numbers of what was imported",
    ),
    edits(
        "recalls-beside-unknown-undone",
        "TC-GRP-14",
        _done(_recalls_undone),
        operation=_RECALL,
        cls="batching",
        shows="nothing is recalled where one of several messages is not there",
        **_SHOULD,
    ),
    edits(
        "recalls-in-rooms-fail",
        "TC-GRP-14",
        _done(_recalls_refused),
        operation=_RECALL,
        cls="code",
        shows="RetCode 10032 for messages of a ChatRoom",
        **_SHOULD,
    ),
]

_NAMES = [
    edits(
        "reads-in-groups-of-other-letters",
        "TC-GMR-33",
        _done(_read_in_all_cases),
        operation=READ,
        cls="isolation",
        shows="a read counts in groups whose id differs in case",
        **_SHOULD,
    ),
    edits(
        "reads-for-beginnings",
        "TC-GMR-08",
        _reads_for(lambda reader, name: reader.startswith(name)),
        operation=READ,
        cls="isolation",
        shows="a read counts for a member whose id is the beginning of the reader's",
        also=("TC-GMR-09", "TC-WHK-15"),
        **_SHOULD,
    ),
    edits(
        "reads-for-other-signs",
        "TC-GMR-08",
        _reads_for(lambda reader, name: reader.replace("-", "_") == name.replace("-", "_")),
        operation=READ,
        cls="isolation",
        shows="a read counts for a member whose id has _ where the reader's has -",
        also=("TC-GMR-09", "TC-WHK-15"),
        **_SHOULD,
    ),
    edits(
        "ends-what-begins-so",
        "TC-GMR-33",
        _ends_what_begins_so,
        operation=_END,
        cls="isolation",
        shows="with a group all end whose ids begin with its id",
        **_SHOULD,
    ),
    refused_if(
        "own-ids-not-listed",
        "TC-GRP-02",
        10015,
        _is_own,
        operation=DETAIL,
        shows="who has read is not told of a group with an id of one's own",
    ),
    Fault(
        name="plus-in-ids-replaced",
        requirement="TC-GRP-02",
        operation=_MAKE,
        request=_plus_as_blank,
        shows="+ in a GroupId becomes another character",
        cls="isolation",
    ),
]

ALL: list[Fault] = [*_MEMBERS, *_ENDS, *_MESSAGES, *_NAMES]
