"""Freedoms of time: what a server of Tencent's shows a moment after it has happened."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import Variant
from receiptspec.reference.calls import Call, Refusal

__all__ = ["ALL"]

_ASK, _DETAIL = "get_group_msg_receipt", "get_group_msg_receipt_detail"
_MOMENT = 0.5  # seconds
_A_SECOND = 40  # messages that a group takes


def _noted(call: Call, name: str, key: object) -> None:
    """Remember when something came to be."""
    call.memory(name)[repr(key)] = outside.ticks()


def _age(call: Call, name: str, key: object) -> float:
    """Return the seconds since something came to be, many where nothing is known of it."""
    return outside.ticks() - float(call.memory(name).get(repr(key), 0.0))


def _refused(answer: dict[str, Any], code: int) -> None:
    answer.clear()
    answer.update(ActionStatus="FAIL", ErrorCode=code, ErrorInfo="not there yet")


def _sent(call: Call, answer: dict[str, Any]) -> None:
    if call.operation == "send_group_msg":
        _noted(call, "sent", (call.body["GroupId"], answer["MsgSeq"]))


def _accepted(
    change: Callable[[Call, dict[str, Any]], None],
) -> Callable[[Call, dict[str, Any]], None]:
    def edit(call: Call, answer: dict[str, Any]) -> None:
        if answer.get("ErrorCode") == 0 and isinstance(call.body, dict):
            change(call, answer)

    return edit


def _is_young(call: Call, seqs: Iterable[Any]) -> bool:
    group = call.body.get("GroupId")
    return any(_age(call, "sent", (group, seq)) < _MOMENT for seq in seqs)


def _whole_call_waits(call: Call, answer: dict[str, Any]) -> None:
    _sent(call, answer)
    if call.operation == _ASK:
        items = answer.get("GroupMsgReceiptList", ())
        if _is_young(call, (item["MsgSeq"] for item in items if "MsgSeq" in item)):
            _refused(answer, 10062)


def _lists_wait(call: Call, answer: dict[str, Any]) -> None:
    _sent(call, answer)
    if call.operation == _DETAIL and _is_young(call, [call.body.get("MsgSeq")]):
        _refused(answer, 10062)


def _group_waits(*operations: str) -> Callable[[Call, dict[str, Any]], None]:
    def change(call: Call, answer: dict[str, Any]) -> None:
        if call.operation == "create_group":
            _noted(call, "made", answer["GroupId"])
        if call.operation in operations and _age(call, "made", call.body["GroupId"]) < _MOMENT:
            _refused(answer, 10010)

    return change


def _missed_by_turns(call: Call) -> None:
    """Know nothing, at each second call, of a group of the last moment."""
    name = call.body.get("GroupId") if isinstance(call.body, dict) else None
    turns = call.memory("turns")
    turns["of all"] = turns.get("of all", 0) + 1
    asks = call.operation not in ("", "create_group") and turns["of all"] % 2
    if asks and _age(call, "made", name) < _MOMENT:
        raise Refusal(10010, "GroupId: not known yet")


def _made(call: Call, answer: dict[str, Any]) -> None:
    if call.operation == "create_group":
        _noted(call, "made", answer["GroupId"])


def _keys_wait(call: Call) -> None:
    items = call.body.get("C2CMsgInfo")
    items = items if isinstance(items, list) else []
    keys = [item.get("MsgKey") for item in items if isinstance(item, dict)]
    if any(isinstance(key, str) and _age(call, "keys", key) < _MOMENT for key in keys):
        raise Refusal(90054, "MsgKey: not known yet")


def _key_given(call: Call, answer: dict[str, Any]) -> None:
    if call.operation == "sendmsg":
        _noted(call, "keys", answer["MsgKey"])


def _joined(call: Call, answer: dict[str, Any]) -> None:
    if call.operation in ("create_group", "add_group_member"):
        group = answer.get("GroupId", call.body.get("GroupId"))
        for entry in call.body.get("MemberList", ()):
            _noted(call, "joined", (group, entry["Member_Account"]))


def _member_waits(call: Call) -> None:
    if call.operation == "group_msg_receipt":
        who = call.body.get("GroupId"), call.body.get("From_Account")
        if _age(call, "joined", who) < _MOMENT:
            raise Refusal(10007, "From_Account: not a member")


def _done_and_denied(call: Call, answer: dict[str, Any]) -> None:
    if call.operation == "group_msg_receipt":
        served = call.memory("served")
        served["reads"] = served.get("reads", 0) + 1
        if served["reads"] % 7 == 0:
            _refused(answer, 10002)


def _throttled(call: Call) -> None:
    """Take forty messages a second in a group."""
    group, now = repr(call.body.get("GroupId")), outside.ticks()
    sent = [moment for moment in call.memory("sends").get(group, ()) if now - moment < 1.0]
    if len(sent) >= _A_SECOND:
        raise Refusal(10023, "too many messages in this group")
    call.memory("sends")[group] = [*sent, now]


def _first_is_plain(call: Call) -> None:
    """Give no receipt to the first message of the owner of a Private group."""
    groups, name = call.site.store.groups, call.body.get("GroupId")
    group = groups.get(name) if isinstance(name, str) else None
    if group is None or group.type not in ("Private", "Work"):
        return
    senders = [call.body.get("From_Account"), *(m.sender for m in group.messages.values())]
    wish = call.body.get("NeedReadReceipt")
    wishes = type(wish) is int and wish == 1
    if wishes and senders[0] == group.owner and group.owner not in senders[1:]:
        call.body["NeedReadReceipt"] = 0


ALL: list[Variant] = [
    Variant(
        name="new-messages-refused",
        requirement="TC-GMR-15",
        answer=_accepted(_whole_call_waits),
        shows="10062 for a call about a message of the last 0.5 s",
        waits=True,
    ),
    Variant(
        name="lists-know-later",
        requirement="TC-GMD-11",
        answer=_accepted(_lists_wait),
        shows="10062 for lists of a message of the last 0.5 s",
        waits=True,
    ),
    Variant(
        name="young-group-has-no-receipts",
        requirement="TC-GMR-21",
        answer=_accepted(_group_waits(_ASK)),
        shows="10010 for receipts within 0.5 s after create_group",
        waits=True,
    ),
    Variant(
        name="young-group-has-no-members",
        requirement="TC-GRP-12",
        answer=_accepted(_group_waits("get_group_member_info")),
        shows="10010 for members within 0.5 s after create_group",
        waits=True,
    ),
    Variant(
        name="young-group-missed-by-turns",
        requirement="TC-GMR-21",
        request=_missed_by_turns,
        answer=_accepted(_made),
        shows="10010 for each second call about a group of the last 0.5 s",
        waits=True,
    ),
    Variant(
        name="keys-known-later",
        requirement="TC-C2C-13",
        request=lambda call: _keys_wait(call) if call.operation == "c2c_msg_read_receipt" else None,
        answer=_accepted(_key_given),
        shows="90054 for a MsgKey of the last 0.5 s",
        waits=True,
    ),
    Variant(
        name="members-known-later",
        requirement="TC-GRR-01",
        request=_member_waits,
        answer=_accepted(_joined),
        shows="10007 for a receipt of who has joined within 0.5 s",
        waits=True,
    ),
    Variant(
        name="reads-denied-once-done",
        requirement="TC-GMR-08",
        answer=_accepted(_done_and_denied),
        shows="10002 for each seventh receipt, which is there nevertheless",
        waits=True,
    ),
    Variant(
        name="forty-a-second",
        requirement="TC-GRR-04",
        operation="send_group_msg",
        request=_throttled,
        shows="10023 above forty messages a second in a group",
        waits=True,
    ),
    Variant(
        name="private-first-without-receipt",
        requirement="TC-GMR-27",
        operation="send_group_msg",
        request=_first_is_plain,
        shows="Private groups have no receipt for the first message of their owner",
    ),
    Variant(
        name="repeats-by-random",
        requirement="TC-SND-16",
        operation="send_group_msg",
        knobs={"repeats_by_random": True},
        shows="the same Random in a group is the same message, whatever it says",
    ),
]
