"""Faults of what is asked seldom: other senders, crowds, empty lists, second items."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import (
    ASK,
    DETAIL,
    READ,
    accepted,
    bends,
    edits,
    if_ok,
    items,
    succeeded,
)

__all__ = ["ALL"]

_C2C, _SEND, _MAKE = "c2c_msg_read_receipt", "send_group_msg", "create_group"
_SHOULD: dict[str, Any] = {"level": "SHOULD"}
_AUTH: dict[str, Any] = {"cls": "authentication"}


# --- crowds, and who sends ---------------------------------------------------------------------


def _owner_for_sender(call: Call, answer: dict[str, Any]) -> None:
    """Take the owner of the group for the sender of every message."""
    if succeeded(answer):
        group = call.site.store.groups[call.body["GroupId"]]
        message = group.messages[answer["MsgSeq"]]
        if message.sender in group.members and message.audience.pop(group.owner, None):
            message.audience[message.sender] = group.members[message.sender].order


_PEOPLE = [
    bends(
        "read-count-ends-at-eleven",
        "TC-GMR-08",
        {"read_cap": 11},
        operation=ASK,
        shows="ReadNum is never above 11",
        **_SHOULD,
    ),
    items(
        "unread-count-ends-at-hundred",
        "TC-GMR-09",
        lambda item: item.update(UnreadNum=min(item["UnreadNum"], 100)),
        cls="counting",
        shows="UnreadNum is never above 100",
        **_SHOULD,
    ),
    edits(
        "owner-taken-for-sender",
        "TC-GMR-08",
        _owner_for_sender,
        operation=_SEND,
        cls="roles",
        shows="the owner never counts, whoever sends",
        also=("TC-GMR-09",),
        **_SHOULD,
    ),
]


# --- lists -------------------------------------------------------------------------------------


def _nobody_listed(answer: dict[str, Any]) -> bool:
    return not answer.get("ReadList") and not answer.get("UnreadList")


def _counting_reads(call: Call) -> None:
    if call.operation == READ:
        seen = call.memory("reads")
        for item in call.body.get("MsgSeqList") or ():
            if isinstance(item, dict):
                place = (
                    call.body.get("GroupId"),
                    item.get("MsgSeq"),
                    call.body.get("From_Account"),
                )
                seen[place] = seen.get(place, 0) + 1


def _named_for_each_read(call: Call, answer: dict[str, Any]) -> None:
    if call.operation == DETAIL and answer.get("ReadList"):
        place = (call.body["GroupId"], call.body["MsgSeq"])
        seen = call.memory("reads")
        answer["ReadList"] = [
            entry
            for entry in answer["ReadList"]
            for _ in range(max(1, seen.get((*place, entry["Read_Account"]), 1)))
        ]


def _strangers_kept(call: Call, answer: dict[str, Any]) -> None:
    """List among the readers whoever tried to read, though nobody else counts them."""
    tried = call.memory("reads")
    if call.operation == DETAIL and answer.get("IsFinish") == 1 and "ReadList" in answer:
        listed = [entry["Read_Account"] for entry in answer["ReadList"]]
        members = call.site.store.groups[call.body["GroupId"]].members
        place = (call.body["GroupId"], call.body["MsgSeq"])
        more = [user for *at, user in tried if tuple(at) == place and user not in members]
        answer["ReadList"] += [{"Read_Account": user} for user in more if user not in listed]


def _listed_once_read(call: Call, answer: dict[str, Any]) -> None:
    """Answer with an empty list for a plain message that somebody has read."""
    if call.operation == DETAIL and answer["ErrorCode"] == 10062:
        place = (call.body.get("GroupId"), call.body.get("MsgSeq"))
        if any(tuple(at) == place for *at, _ in call.memory("reads")):
            page = {"MsgSeq": place[1], "Cursor": "0", "IsFinish": 1, "ReadList": []}
            answer |= {"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": "", **page}


_LISTS = [
    edits(
        "reader-listed-for-each-read",
        "TC-GMD-08",
        _named_for_each_read,
        request=_counting_reads,
        cls="idempotency",
        shows="who reads twice is listed twice",
    ),
    edits(
        "empty-list-without-flag",
        "TC-GMD-05",
        if_ok(lambda a: a.pop("IsFinish", None) if _nobody_listed(a) else None),
        operation=DETAIL,
        cls="paging",
        shows="no IsFinish where nobody is listed",
    ),
    edits(
        "empty-list-of-no-message",
        "TC-GMD-10",
        if_ok(lambda a: a.update(MsgSeq=0) if _nobody_listed(a) else None),
        operation=DETAIL,
        cls="paging",
        shows="MsgSeq 0 where nobody is listed",
    ),
    edits(
        "outsider-listed",
        "TC-GMD-15",
        _strangers_kept,
        request=_counting_reads,
        cls="isolation",
        shows="an outsider who tried to read is in ReadList, and does not count",
        **_SHOULD,
    ),
    edits(
        "plain-message-listed-once-read",
        "TC-GMD-27",
        _listed_once_read,
        request=_counting_reads,
        cls="lifecycle",
        shows="an empty list for a plain message that was read",
        **_SHOULD,
    ),
]


# --- what comes later or second ------------------------------------------------------------------


def _number_given_back(call: Call, answer: dict[str, Any]) -> None:
    """Give the number of the newest message to the next one when it is recalled."""
    if succeeded(answer):
        group = call.site.store.groups[call.body["GroupId"]]
        group.newest -= sum(item["MsgSeq"] == group.newest for item in call.body["MsgSeqList"])


def _earlier_as_well(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer):
        user = call.body["Operator_Account"]
        received = [
            message
            for message in call.site.store.between(user, call.body["Peer_Account"])
            if message.receiver == user and message.receipt
        ]
        last = max((message.order for message in received if message.peer_read), default=0)
        for message in received:
            message.peer_read = message.order <= last


def _first_decides(call: Call) -> None:
    """Take sender and receiver of every item from the first."""
    found = call.body.get("C2CMsgInfo")
    if isinstance(found, list) and all(isinstance(item, dict) for item in found):
        people = ("From_Account", "To_Account")
        first = {name: found[0][name] for name in people if name in found[0]} if found else {}
        call.body["C2CMsgInfo"] = [{**item, **first} for item in found]


def _only_owners_ask(call: Call) -> None:
    group = call.site.store.groups.get(call.body.get("GroupId"))
    if group is not None and call.body.get("From_Account") != group.owner:
        call.body.pop("NeedReadReceipt", None)


def _shifted_by_gaps(_call: Call, answer: dict[str, Any]) -> None:
    """Give the numbers of each message to the next where one of the list has none."""
    found = answer.get("GroupMsgReceiptList", [])
    known = [item for item in found if item["Code"] == 0]
    if len(known) not in (0, len(found)):
        numbers = [(item["ReadNum"], item["UnreadNum"]) for item in known]
        for item, (read, unread) in zip(known, numbers[-1:] + numbers[:-1], strict=True):
            item.update(ReadNum=read, UnreadNum=unread)


def _first_item_checked(call: Call) -> None:
    """Pass over every item without a MsgSeq but the first."""
    found = call.body.get("MsgSeqList")
    if isinstance(found, list):
        call.body["MsgSeqList"] = found[:1] + [
            item for item in found[1:] if not isinstance(item, dict) or "MsgSeq" in item
        ]


def _both_sides_cleared(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer):
        user = call.body["Operator_Account"]
        for message in call.site.store.between(user, call.body["Peer_Account"]):
            message.counted = message.counted and message.sender != user


_LATER = [
    Fault(
        name="only-owners-get-receipts",
        requirement="TC-GMR-04",
        request=_only_owners_ask,
        operation=_SEND,
        cls="roles",
        shows="Code 10062 for what other members have sent",
        also=("TC-GEN-08",),
    ),
    edits(
        "counts-shifted-by-gaps",
        "TC-GMR-15",
        _shifted_by_gaps,
        operation=ASK,
        cls="batching",
        shows="the counts of another message beside one without receipt",
        **_SHOULD,
    ),
    Fault(
        name="later-items-unchecked",
        requirement="TC-GMR-19",
        request=_first_item_checked,
        operation=ASK,
        cls="leniency",
        shows="an item without MsgSeq is passed over unless it is the first",
    ),
    edits(
        "direct-receipt-clears-the-peer",
        "TC-C2C-19",
        _both_sides_cleared,
        operation=_C2C,
        cls="isolation",
        shows="a receipt clears what its reader had sent",
        **_SHOULD,
    ),
    accepted(
        "reads-in-dismissed-groups",
        "TC-GRP-11",
        ("GroupId", "dismissed"),
        operation=READ,
        cls="lifecycle",
        shows="reads in a dismissed group are accepted",
    ),
    accepted(
        "imports-into-dismissed-groups",
        "TC-GRP-11",
        ("GroupId", "dismissed"),
        operation="import_group_msg",
        cls="lifecycle",
        shows="old messages come into a dismissed group",
    ),
    accepted(
        "history-of-dismissed-groups",
        "TC-GRP-11",
        ("GroupId", "dismissed"),
        operation="group_msg_get_simple",
        cls="lifecycle",
        shows="a dismissed group has an empty history",
    ),
    edits(
        "recalled-number-given-again",
        "TC-SND-11",
        _number_given_back,
        operation="group_msg_recall",
        cls="lifecycle",
        shows="the next message has the number of the recalled one",
    ),
    edits(
        "direct-read-of-earlier",
        "TC-ROM-04",
        _earlier_as_well,
        operation=_C2C,
        cls="isolation",
        shows="a receipt turns all earlier messages as well",
        **_SHOULD,
    ),
    Fault(
        name="first-item-decides-sender",
        requirement="TC-C2C-07",
        request=_first_decides,
        operation=_C2C,
        cls="batching",
        shows="only the first item's people are compared",
        also=("TC-C2C-08",),
    ),
]

ALL: list[Fault] = [*_PEOPLE, *_LISTS, *_LATER]
