"""Faults of what is seldom asked: totals, own letters, mended calls, items behind a bad one."""

from __future__ import annotations

from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call, Refusal, Shrug
from receiptspec.reference.faults.families import DETAIL, edits, group_of, refused_if, succeeded

__all__ = ["ALL"]

_UNREAD, _ROAM, _RECALL = "get_c2c_unread_msg_num", "admin_getroammsg", "group_msg_recall"
_TOTAL = "AllC2CUnreadMsgNum"
_RECENT = 2.0  # seconds
_SHOULD: dict[str, Any] = {"level": "SHOULD"}
_UNKNOWN = {"sendmsg": 90012, "c2c_msg_read_receipt": 90048, "admin_set_msg_read": 90008}


def _total_kept(call: Call, answer: dict[str, Any]) -> None:
    """Keep the number of all unread letters of somebody until another letter comes."""
    totals = call.memory("totals")
    if call.operation == "sendmsg" and succeeded(answer):
        totals.pop(call.body.get("To_Account"), None)
    if call.operation == _UNREAD and _TOTAL in answer:
        answer[_TOTAL] = totals.setdefault(call.body["To_Account"], answer[_TOTAL])


def _own_counted(call: Call, answer: dict[str, Any]) -> None:
    user = call.body.get("To_Account") if isinstance(call.body, dict) else None
    if _TOTAL in answer:
        letters = [m for pair in call.site.store.directs.values() for m in pair]
        answer[_TOTAL] += sum(m.sender == user and m.counted for m in letters)


def _own_counted_apart(call: Call, answer: dict[str, Any]) -> None:
    user = call.body.get("To_Account") if isinstance(call.body, dict) else None
    for item in answer.get("C2CUnreadMsgNumList", ()):
        letters = call.site.store.between(user, item["Peer_Account"])
        item["C2CUnreadMsgNum"] += sum(m.sender == user and m.counted for m in letters)


def _newest_data(_call: Call, answer: dict[str, Any]) -> None:
    shown = [item for item in answer.get("MsgList", ()) if "CloudCustomData" in item]
    for item in shown[1:]:
        item["CloudCustomData"] = shown[0]["CloudCustomData"]


def _behind_bad_item(call: Call) -> None:
    """Recall nothing that stands behind what is not there."""
    group = group_of(call)
    call.notes["cut"] = []
    if group is None or not isinstance(call.body, dict):
        return
    found = call.body.get("MsgSeqList")
    items = found if isinstance(found, list) else []
    for at, item in enumerate(items):
        if isinstance(item, dict) and item.get("MsgSeq") not in group.messages:
            call.notes["cut"] = items[at + 1 :]
            call.body["MsgSeqList"] = items[: at + 1]
            return


def _told_as_done(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer) and "RecallRetList" in answer:
        answer["RecallRetList"] += [
            {"MsgSeq": item["MsgSeq"], "RetCode": 0} for item in call.notes["cut"]
        ]


def _question(call: Call) -> tuple[Any, Any]:
    return call.body.get("GroupId"), repr(call.body.get("MsgSeq"))


def _remembering_refusals(call: Call) -> None:
    if isinstance(call.body, dict) and _question(call) in call.memory("refused"):
        raise Refusal(10004, "refused before")


def _refused(call: Call, answer: dict[str, Any]) -> None:
    if isinstance(call.body, dict) and answer.get("ErrorCode") == 10004:
        call.memory("refused")[_question(call)] = True


def _still_unknown(call: Call) -> None:
    named = call.body if isinstance(call.body, dict) else {}
    for name in ("From_Account", "To_Account", "Operator_Account", "Peer_Account"):
        user, unknown = named.get(name), call.memory("unknown")
        if isinstance(user, str) and call.operation in _UNKNOWN:
            if user in unknown:
                raise Refusal(_UNKNOWN[call.operation], f"{name}: unknown")
            if user not in call.site.store.accounts:
                unknown[user] = True


def _of_first_words(call: Call, answer: dict[str, Any]) -> None:
    """Let a message have the key, or number, of one with the same words of the last two seconds."""
    if not succeeded(answer):
        return
    place = [call.body.get(name) for name in ("From_Account", "To_Account", "GroupId")]
    key = repr((*place, call.body["MsgBody"]))
    moment, before = call.memory("words").get(key, (-_RECENT, answer))
    if outside.ticks() - moment < _RECENT:
        answer.update(before)
    else:
        call.memory("words")[key] = (outside.ticks(), dict(answer))


def _too_old_to_read(call: Call) -> None:
    """Pass over messages that sixty newer ones follow."""
    group = group_of(call)
    items = call.body.get("MsgSeqList") if isinstance(call.body, dict) else None
    if group is None or not isinstance(items, list) or not items:
        return
    gone = {seq for seq in group.messages if seq < group.newest - 60}
    numbers = [item.get("MsgSeq") if isinstance(item, dict) else None for item in items]
    kept = [item for item, seq in zip(items, numbers, strict=True) if seq not in [*gone]]
    if not kept:
        raise Shrug
    call.body["MsgSeqList"] = kept


def _nobody_left(call: Call, answer: dict[str, Any]) -> None:
    if answer.get("UnreadList") == [] and call.body.get("Cursor") == "":
        answer.clear()
        answer.update(ActionStatus="FAIL", ErrorCode=10062, ErrorInfo="nobody is left")


def _one_left(call: Call, answer: dict[str, Any]) -> None:
    """List the last of all readers among those who have not read, where nobody else is left."""
    group = group_of(call)
    if group is None or answer.get("UnreadList") != [] or call.body.get("Cursor") != "":
        return
    message = group.messages.get(call.body["MsgSeq"])
    if message is not None and message.readers:
        answer["UnreadList"] = [{"Unread_Account": [*message.readers][-1]}]


def _senders_view(call: Call, answer: dict[str, Any]) -> None:
    for item in answer.get("MsgList", ()):
        if item["From_Account"] == call.body.get("Operator_Account"):
            item["IsPeerRead"] = 0


def _owner_unknown(call: Call, answer: dict[str, Any]) -> None:
    group = group_of(call)
    for item in answer.get("MemberList", ()):
        if group is not None and item["Member_Account"] == group.owner:
            item["Result"] = 0


ALL: list[Fault] = [
    edits(
        "lists-of-nobody-refused",
        "TC-GMD-01",
        _nobody_left,
        operation=DETAIL,
        cls="limits",
        shows="10062 for those who have not read where all have",
    ),
    edits(
        "last-reader-stays-unread",
        "TC-GMD-12",
        _one_left,
        operation=DETAIL,
        cls="limits",
        shows="who was the last of all to read is still in UnreadList",
        **_SHOULD,
    ),
    edits(
        "senders-see-no-reads",
        "TC-ROM-03",
        _senders_view,
        operation=_ROAM,
        cls="roles",
        shows="IsPeerRead is 1 where the receiver looks alone",
        **_SHOULD,
    ),
    edits(
        "owner-is-no-member-to-add",
        "TC-GRP-06",
        _owner_unknown,
        operation="add_group_member",
        cls="lifecycle",
        shows="Result 0 for the owner of the group",
    ),
    edits(
        "all-unread-kept",
        "TC-SMR-13",
        _total_kept,
        cls="isolation",
        shows="AllC2CUnreadMsgNum stays until another message comes",
        **_SHOULD,
    ),
    edits(
        "own-letters-in-all-unread",
        "TC-SMR-13",
        _own_counted,
        operation=_UNREAD,
        cls="counting",
        shows="AllC2CUnreadMsgNum holds what the user has sent as well",
        **_SHOULD,
    ),
    edits(
        "own-letters-unread",
        "TC-SMR-14",
        _own_counted_apart,
        operation=_UNREAD,
        cls="counting",
        shows="C2CUnreadMsgNum holds what the user has sent as well",
        **_SHOULD,
    ),
    edits(
        "custom-data-of-the-newest",
        "TC-GEN-34",
        _newest_data,
        operation=_ROAM,
        cls="isolation",
        shows="all messages of two people have the CloudCustomData of the newest",
        **_SHOULD,
    ),
    edits(
        "recalls-end-at-unknown",
        "TC-GRP-14",
        _told_as_done,
        request=_behind_bad_item,
        operation=_RECALL,
        cls="batching",
        shows="what stands behind a number that no message has is not recalled, by RetCode 0",
        **_SHOULD,
    ),
    refused_if(
        "readers-by-200-refused",
        "TC-GMD-23",
        10004,
        lambda call: (call.body.get("Filter"), call.body.get("Count")) == (0, 200),
        operation=DETAIL,
        shows="Count 200 is refused for who has read",
    ),
    edits(
        "refused-lists-stay-refused",
        "TC-GMD-01",
        _refused,
        request=_remembering_refusals,
        operation=DETAIL,
        cls="lifecycle",
        shows="a message whose list was refused once has no list any more",
    ),
    Fault(
        name="unknown-accounts-stay-unknown",
        requirement="TC-SND-03",
        request=_still_unknown,
        cls="lifecycle",
        shows="who was named before being imported is unknown for ever",
    ),
    edits(
        "same-words-in-a-group-share-a-number",
        "TC-SND-11",
        _of_first_words,
        operation="send_group_msg",
        cls="idempotency",
        shows="messages of the same words within two seconds get the number of the first",
    ),
    edits(
        "same-words-to-one-share-a-key",
        "TC-SND-02",
        _of_first_words,
        operation="sendmsg",
        cls="idempotency",
        shows="messages of the same words within two seconds get the key of the first",
        **_SHOULD,
    ),
    Fault(
        name="old-messages-stay-unread",
        requirement="TC-GMR-08",
        request=_too_old_to_read,
        operation="group_msg_receipt",
        cls="rare-trigger",
        shows="the read of a message that sixty newer ones follow is lost",
        **_SHOULD,
    ),
]
