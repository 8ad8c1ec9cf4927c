"""Faults of messages with options, after recalls and imports, and of what another group feels."""

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
from receiptspec.reference.store import Group, Message
from receiptspec.reference.tencent import documents

__all__ = ["ALL"]

_SEND, _RECALL, _IMPORT, _ADD = (
    "send_group_msg",
    "group_msg_recall",
    "import_group_msg",
    "add_group_member",
)
_SHOULD: dict[str, Any] = {"level": "SHOULD"}
_NOWHERE = 1_000_000  # the number of no message


def _without_receipt(test: Callable[[Call, Group, Message], bool]) -> Any:
    """Make no receipt for some messages that ask for one."""

    def answer(call: Call, answer: dict[str, Any]) -> None:
        group = group_of(call)
        if group is None or not succeeded(answer):
            return
        message = group.messages.get(answer["MsgSeq"])
        if message is not None and test(call, group, message):
            message.receipt = False

    return answer


def _before(group: Group, message: Message) -> Message | None:
    return group.messages.get(message.seq - 1)


def _same_text(_call: Call, group: Group, message: Message) -> bool:
    before = _before(group, message)
    return before is not None and before.content == message.content


def _after_recall(_call: Call, group: Group, message: Message) -> bool:
    before = _before(group, message)
    return before is not None and before.recalled


def _after_import(_call: Call, group: Group, message: Message) -> bool:
    before = _before(group, message)
    return before is not None and before.imported


def _is_foreign(_call: Call, _group: Group, message: Message) -> bool:
    return message.content[0].get("MsgType") not in ("TIMTextElem", "TIMCustomElem")


def _in_other_scripts(_call: Call, _group: Group, message: Message) -> bool:
    return any(byte > 0x7F for byte in documents.write(message.content))


def _is_long(_call: Call, _group: Group, message: Message) -> bool:
    return len(documents.write(message.content)) > 2000


def _has(name: str, *values: Any) -> Callable[[Call, Group, Message], bool]:
    def test(call: Call, _group: Group, _message: Message) -> bool:
        return name in call.body and (not values or call.body[name] in values)

    return test


_WISHES = [
    edits(
        f"no-receipt-{name}",
        "TC-GMR-04",
        _without_receipt(test),
        operation=_SEND,
        cls="rare-trigger",
        shows=f"no receipt for a message {shows}",
        also=("TC-GMR-08", "TC-GMR-09"),
    )
    for name, test, shows in (
        ("same-text", _same_text, "with the text of the one before"),
        ("after-recall", _after_recall, "right after a recalled one"),
        ("after-import", _after_import, "right after an imported one"),
        ("low-priority", _has("MsgPriority", "Low"), "of MsgPriority Low"),
        ("online-0", _has("OnlineOnlyFlag", 0), "that says OnlineOnlyFlag 0"),
        ("push-info", _has("OfflinePushInfo"), "with OfflinePushInfo"),
        ("extension", _has("SupportMessageExtension", 1), "with SupportMessageExtension 1"),
        ("mention", _has("GroupAtInfo"), "with GroupAtInfo"),
        ("normal-priority", _has("MsgPriority", "Normal"), "of MsgPriority Normal"),
        ("mention-of-all", _has("GroupAtInfo", [{"GroupAtAllFlag": 1}]), "that mentions all"),
        (
            "mute-notifications",
            _has("SendMsgControl", ["WithMuteNotifications"]),
            "for those who have muted it too",
        ),
        ("send-control", _has("SendMsgControl"), "with SendMsgControl"),
        ("element", _is_foreign, "that is neither a text nor a custom element"),
        ("scripts", _in_other_scripts, "that is not ASCII"),
        ("long-text", _is_long, "of more than 2000 bytes"),
        ("random-0", _has("Random", 0), "whose Random is 0"),
        ("large-random", lambda call, *_: call.body["Random"] >= 2**31, "of Random 2^31 or more"),
    )
]


def _lost(test: Callable[[Call, Group, str, Message], bool]) -> Callable[[Call], None]:
    """Lose reads of some messages."""

    def request(call: Call) -> None:
        group, reader = group_of(call), call.body.get("From_Account")
        named = call.body.get("MsgSeqList")
        if group is None or not isinstance(named, list):
            return
        for item in named:
            seq = item.get("MsgSeq") if isinstance(item, dict) else None
            message = group.messages.get(seq) if isinstance(seq, int) else None
            if message is not None and test(call, group, str(reader), message):
                item["MsgSeq"] = _NOWHERE

    return request


def _past_import(_call: Call, group: Group, _reader: str, message: Message) -> bool:
    return any(other.imported and other.seq < message.seq for other in group.messages.values())


def _before_import(_call: Call, group: Group, _reader: str, message: Message) -> bool:
    return any(other.imported and other.seq > message.seq for other in group.messages.values())


def _sender_left(_call: Call, group: Group, _reader: str, message: Message) -> bool:
    left = message.sender not in group.members
    return left and message.sender in {m.sender for m in group.messages.values() if m.audience}


def _made_again(call: Call, group: Group, _reader: str, _message: Message) -> bool:
    return group.id in call.memory("dismissed")


def _many_readers(_call: Call, _group: Group, _reader: str, message: Message) -> bool:
    return len(message.readers) >= 30


def _remember_dismissed(call: Call) -> None:
    group = group_of(call)
    if call.operation == "destroy_group" and group is not None:
        call.memory("dismissed")[group.id] = True


def _made_again_lost(call: Call) -> None:
    _remember_dismissed(call)
    if call.operation == READ:
        _lost(_made_again)(call)


def _behind_a_repeat(call: Call) -> None:
    seen: list[Any] = []
    named = call.body.get("MsgSeqList")
    repeated = False
    for item in named if isinstance(named, list) else ():
        if not isinstance(item, dict):
            return
        if item.get("MsgSeq") in seen:
            repeated = True
        elif repeated:
            item["MsgSeq"] = _NOWHERE
        seen.append(item.get("MsgSeq"))


def _reads_forgotten(call: Call, answer: dict[str, Any]) -> None:
    group = group_of(call)
    if succeeded(answer) and group is not None:
        for message in group.messages.values():
            message.readers.clear()


_READS = [
    Fault(
        name=name,
        requirement="TC-GMR-08",
        operation=READ,
        request=_lost(test),
        shows=shows,
        cls="rare-trigger",
        also=("TC-GMR-09",),
        **_SHOULD,
    )
    for name, test, shows in (
        ("lost-after-import", _past_import, "what is sent after an import is read in vain"),
        ("lost-before-import", _before_import, "what was sent before an import is read in vain"),
        ("lost-sender-left", _sender_left, "what somebody sent who has left is read in vain"),
        ("lost-30-readers", _many_readers, "what thirty have read others read in vain"),
        (
            "lost-long-group-id",
            lambda _call, group, *_: len(group.id) >= 40,
            "reads in groups with ids of 40 characters or more are lost",
        ),
    )
] + [
    Fault(
        name="lost-made-again",
        requirement="TC-GMR-08",
        request=_made_again_lost,
        when=lambda call: call.operation in (READ, "destroy_group"),
        shows="reads in a group that has the id of a dismissed one are lost",
        cls="rare-trigger",
        also=("TC-GMR-09",),
        **_SHOULD,
    ),
    Fault(
        name="lost-behind-repeat",
        requirement="TC-GRR-06",
        operation=READ,
        request=_behind_a_repeat,
        shows="what a call names behind a message that it names twice is not read",
        cls="batching",
        **_SHOULD,
    ),
    edits(
        "import-forgets-reads",
        "TC-GMR-08",
        _reads_forgotten,
        operation=_IMPORT,
        cls="rare-trigger",
        shows="an import clears the reads of the messages before it",
        **_SHOULD,
    ),
]


def _others(call: Call, test: Callable[[Group, Group], bool]) -> list[Group]:
    own = group_of(call)
    groups = call.site.store.groups.values()
    return [group for group in groups if own is not None and group is not own and test(own, group)]


def _recalls_in(test: Callable[[Group, Group], bool], *, newest: bool = False) -> Any:
    def answer(call: Call, answer: dict[str, Any]) -> None:
        found = _others(call, test) if succeeded(answer) else []
        for group in found[-1:] if newest else found:
            for item in answer["RecallRetList"]:
                if item["MsgSeq"] in group.messages:
                    group.messages[item["MsgSeq"]].recalled = True

    return answer


def _in_other_case(own: Group, group: Group) -> bool:
    return own.id.lower() == group.id.lower()


def _adds_in_other_case(call: Call, answer: dict[str, Any]) -> None:
    for group in _others(call, _in_other_case) if succeeded(answer) else ():
        for item in answer["MemberList"]:
            if item["Result"] == 1 and item["Member_Account"] not in group.members:
                group.join(item["Member_Account"], 0)


def _not_added_behind(call: Call, answer: dict[str, Any]) -> None:
    group = group_of(call)
    if group is None or not succeeded(answer):
        return
    first, *others = answer["MemberList"]
    for item in others if first["Result"] == 2 else ():
        if item["Result"] == 1:
            group.members.pop(item["Member_Account"], None)


_ELSEWHERE = [
    edits(
        name,
        "TC-GMR-33",
        change,
        operation=_RECALL,
        cls="isolation",
        shows=f"a recall recalls the message of the same number {shows}",
        also=("TC-GRP-14", "TC-GMR-04", "TC-GMR-08", "TC-GMR-09"),
        **_SHOULD,
    )
    for name, change, shows in (
        ("recalls-in-newest", _recalls_in(lambda *_: True, newest=True), "in the newest group"),
        (
            "recalls-of-owner",
            _recalls_in(lambda own, group: own.owner == group.owner),
            "in all groups of its owner",
        ),
        ("recalls-in-all-cases", _recalls_in(_in_other_case), "in a group of other letters"),
    )
] + [
    edits(
        "adds-in-all-cases",
        "TC-GRP-12",
        _adds_in_other_case,
        operation=_ADD,
        cls="isolation",
        shows="who is added to a group is added to one of other letters as well",
    ),
    edits(
        "not-added-behind-member",
        "TC-GRP-12",
        _not_added_behind,
        operation=_ADD,
        cls="batching",
        shows="who is named behind a member is answered 1 and not added",
    ),
]


def _first_count(call: Call) -> None:
    body = call.body
    key = repr((body.get("GroupId"), body.get("MsgSeq"), body.get("Filter")))
    counts = call.memory("counts")
    if body.get("Cursor") == "":
        counts[key] = body.get("Count")
    elif key in counts and isinstance(body.get("Count"), int):
        body["Count"] = counts[key]


_PAGES = [
    Fault(
        name="walk-keeps-first-count",
        requirement="TC-GMD-04",
        operation=DETAIL,
        request=_first_count,
        shows="a walk keeps the Count of its first page",
        cls="paging",
    ),
    refused_if(
        "count-101-refused",
        "TC-GMD-23",
        10004,
        lambda call: isinstance(call.body.get("Count"), int) and 100 < call.body["Count"] < 200,
        operation=DETAIL,
        shows="Count 101 to 199 is refused",
    ),
]

ALL: list[Fault] = [*_WISHES, *_READS, *_ELSEWHERE, *_PAGES]
