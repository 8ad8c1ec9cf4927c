"""Faults of what may be said besides, of ends of ranges, and of second things."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import (
    edits,
    if_ok,
    miscoded,
    refused_if,
    succeeded,
    tolerated,
)

__all__ = ["ALL"]

_C2C, _SEND, _LETTER, _MAKE = "c2c_msg_read_receipt", "send_group_msg", "sendmsg", "create_group"
_HISTORY = "group_msg_get_simple"
_SHOULD: dict[str, Any] = {"level": "SHOULD"}
_LIMITS: dict[str, Any] = {"cls": "limits"}


def _is(name: str, *values: object) -> Any:
    return lambda call: call.body.get(name) in values and not isinstance(call.body[name], bool)


def _wish_is_there(call: Call) -> None:
    """Take NeedReadReceipt for a wish, whatever it says."""
    if "NeedReadReceipt" in call.body and call.body["NeedReadReceipt"] == 0:
        call.body["NeedReadReceipt"] = 1


def _around_unread(field: str, inside: str) -> Any:
    """Take the people around the items from the items."""

    def request(call: Call) -> None:
        found = call.body.get("C2CMsgInfo")
        first = found[0] if isinstance(found, list) and found else None
        if field in call.body and isinstance(first, dict) and isinstance(first.get(inside), str):
            call.body[field] = first[inside]

    return request


def _first_three(call: Call) -> None:
    found = call.body.get("C2CMsgInfo")
    if isinstance(found, list):
        call.body["C2CMsgInfo"] = found[:3]


def _seq_of_plain(call: Call, answer: dict[str, Any]) -> None:
    """Answer each eighth number once too late where no receipt is asked for."""
    if not call.body.get("NeedReadReceipt") and answer.get("MsgSeq", 1) % 8 == 0:
        answer["MsgSeq"] -= 1 if answer["MsgSeq"] else 0


def _one_counter(call: Call) -> None:
    """Number the messages of all groups together."""
    groups = call.site.store.groups
    name = call.body.get("GroupId") if isinstance(call.body, dict) else None
    if isinstance(name, str) and name in groups and not call.body.get("NeedReadReceipt"):
        last = call.behaviour.memory.get("last group")
        if last not in (None, name):
            groups[name].newest += 1
        call.behaviour.memory["last group"] = name


def _refused_count(call: Call) -> None:
    """Give a number to a message before it is refused."""
    group = call.site.store.groups.get(str(call.body.get("GroupId")))
    if group is not None and not call.body.get("MsgBody"):
        group.newest += 1


def _first_recalled(call: Call) -> None:
    found = call.body.get("MsgSeqList")
    if isinstance(found, list):
        call.body["MsgSeqList"] = found[:1]


def _first_recalled_silently(call: Call, answer: dict[str, Any]) -> None:
    """Report what was recalled for all, and recall the first."""
    if succeeded(answer):
        group = call.site.store.groups[call.body["GroupId"]]
        for item in answer["RecallRetList"][1:]:
            if item["RetCode"] == 0:
                group.messages[item["MsgSeq"]].recalled = False


def _texts(answer: dict[str, Any], change: Any) -> None:
    for message in answer.get("RspMsgList", ()):
        message["MsgBody"] = change(message["MsgBody"])


def _cut(body: list[Any]) -> list[Any]:
    return [
        {**part, "MsgContent": {"Text": part["MsgContent"]["Text"][:1000]}}
        if "Text" in part["MsgContent"]
        else part
        for part in body
    ]


ALL: list[Fault] = [
    # what may be said besides, and ends of ranges
    refused_if(
        "random-zero-is-missing",
        "TC-GEN-08",
        90005,
        _is("MsgRandom", 0),
        operation=_LETTER,
        shows="MsgRandom 0 is refused as missing",
        **_LIMITS,
    ),
    refused_if(
        "random-is-signed",
        "TC-GEN-08",
        10004,
        lambda call: isinstance(call.body.get("Random"), int) and call.body["Random"] > 2**31 - 1,
        operation=_SEND,
        shows="Random above 2^31 is refused",
        **_LIMITS,
    ),
    refused_if(
        "seven-days-are-too-long",
        "TC-GEN-08",
        90026,
        _is("MsgLifeTime", 604800),
        operation=_LETTER,
        shows="MsgLifeTime 604800 is refused",
        **_LIMITS,
    ),
    refused_if(
        "priority-unknown",
        "TC-GEN-08",
        10004,
        _is("MsgPriority", "Low"),
        operation=_SEND,
        shows="MsgPriority Low is refused",
        **_LIMITS,
    ),
    refused_if(
        "group-name-below-thirty",
        "TC-GEN-08",
        10004,
        lambda call: len(str(call.body.get("Name", "")).encode()) >= 30,
        operation=_MAKE,
        shows="a name of 30 bytes is refused",
        **_LIMITS,
    ),
    refused_if(
        "group-name-in-ascii-alone",
        "TC-GEN-08",
        10004,
        lambda call: not str(call.body.get("Name", "")).isascii(),
        operation=_MAKE,
        shows="a group whose name is not of ASCII is refused",
        **_LIMITS,
    ),
    refused_if(
        "pages-of-two-hundred-members-refused",
        "TC-GEN-08",
        10004,
        lambda call: isinstance(call.body.get("Limit"), int) and 100 < call.body["Limit"] <= 200,
        operation="get_group_member_info",
        shows="Limit 200 is refused",
        **_LIMITS,
    ),
    # a wish that is declined, and people around the items
    Fault(
        name="declined-receipt-given",
        requirement="TC-GMR-13",
        request=_wish_is_there,
        operation=_SEND,
        cls="counting",
        shows="NeedReadReceipt 0 gets a receipt",
        **_SHOULD,
    ),
    Fault(
        name="receipt-peer-ignored",
        requirement="TC-C2C-07",
        request=_around_unread("Peer_Account", "From_Account"),
        operation=_C2C,
        cls="roles",
        shows="Peer_Account may be anybody",
    ),
    Fault(
        name="receipt-operator-ignored",
        requirement="TC-C2C-08",
        request=_around_unread("Operator_Account", "To_Account"),
        operation=_C2C,
        cls="roles",
        shows="Operator_Account may be anybody",
    ),
    # second things
    Fault(
        name="three-letters-at-once",
        requirement="TC-C2C-02",
        request=_first_three,
        operation=_C2C,
        cls="batching",
        shows="receipts beyond the third of a call are passed over",
    ),
    edits(
        "eighth-number-repeated",
        "TC-SND-11",
        _seq_of_plain,
        operation=_SEND,
        cls="rare-trigger",
        shows="each eighth message without a receipt gets the number before it",
        also=("TC-SND-11b",),
    ),
    Fault(
        name="groups-share-a-counter",
        requirement="TC-SND-11b",
        request=_one_counter,
        operation=_SEND,
        cls="isolation",
        shows="a message to another group takes a number",
        **_SHOULD,
    ),
    Fault(
        name="refused-messages-take-numbers",
        requirement="TC-SND-11b",
        request=_refused_count,
        operation=_SEND,
        cls="lifecycle",
        shows="a message that is refused takes a number",
        **_SHOULD,
    ),
    edits(
        "second-recall-lost",
        "TC-GRP-14",
        _first_recalled_silently,
        operation="group_msg_recall",
        cls="batching",
        shows="of several only the first is recalled, all are reported",
        **_SHOULD,
    ),
    Fault(
        name="second-recall-untold",
        requirement="TC-GRP-14",
        request=_first_recalled,
        operation="group_msg_recall",
        cls="batching",
        shows="of several only the first is answered",
        **_SHOULD,
    ),
    edits(
        "long-text-cut",
        "TC-GEN-34",
        if_ok(lambda answer: _texts(answer, _cut)),
        operation=_HISTORY,
        cls="precision",
        shows="a text ends after 1000 characters",
        **_SHOULD,
    ),
    edits(
        "second-part-lost",
        "TC-GEN-34",
        if_ok(lambda answer: _texts(answer, lambda body: body[:1])),
        operation=_HISTORY,
        cls="batching",
        shows="of two parts of a message the first is left",
        **_SHOULD,
    ),
    edits(
        "unread-of-eight-peers",
        "TC-SMR-14",
        if_ok(
            lambda answer: (
                answer.update(C2CUnreadMsgNumList=answer["C2CUnreadMsgNumList"][:8])
                if "C2CUnreadMsgNumList" in answer
                else None
            )
        ),
        operation="get_c2c_unread_msg_num",
        cls="limits",
        shows="at most eight peers are answered",
        **_SHOULD,
    ),
    # credentials of one form and operation
    miscoded(
        "expired-usersig-sends-code",
        "TC-SIG-04",
        90010,
        ("usersig", "expired"),
        operation=_LETTER,
        shows="90010 for an expired UserSig, in one operation",
    ),
    miscoded(
        "ordinary-user-recalls-code",
        "TC-GEN-20",
        10004,
        ("identifier", "ordinary-user"),
        operation="group_msg_recall",
        shows="10004 for a caller who is no administrator, in one operation",
    ),
    tolerated(
        "ordinary-user-adds",
        "TC-GEN-19",
        ("identifier", "ordinary-user"),
        operation="add_group_member",
        cls="authentication",
        shows="any user adds members",
    ),
    tolerated(
        "ordinary-user-imports-many",
        "TC-GEN-19",
        ("identifier", "ordinary-user"),
        operation="multiaccount_import",
        cls="authentication",
        shows="any user imports accounts",
    ),
]
