"""Faults of one side of a conversation that is not the one usually asked for."""

from __future__ import annotations

from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import succeeded

__all__ = ["ALL"]

_READ, _MARK, _HISTORY = "c2c_msg_read_receipt", "admin_set_msg_read", "admin_getroammsg"
_UNREAD = "get_c2c_unread_msg_num"
_AT_ONCE = 0.05  # seconds


def _reader_sorts_first(call: Call) -> bool:
    body = call.body if isinstance(call.body, dict) else {}
    return str(body.get("Operator_Account", "")) < str(body.get("Peer_Account", ""))


def _other_side_marked(call: Call) -> None:
    """Mark the side of the one whose name sorts last, whoever asked."""
    one, other = (call.body.get(name) for name in ("Report_Account", "Peer_Account"))
    if isinstance(one, str) and isinstance(other, str) and "" < one < other:
        call.body.update(Report_Account=other, Peer_Account=one)


def _without_acknowledged(_call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer):
        answer["MsgList"] = [item for item in answer["MsgList"] if not item["IsPeerRead"]]
        answer["MsgCnt"] = len(answer["MsgList"])


def _peers_mixed_up(_call: Call, answer: dict[str, Any]) -> None:
    """Give the unread counts to the peers in the order of their size."""
    found = answer.get("C2CUnreadMsgNumList", [])
    numbers = sorted(item["C2CUnreadMsgNum"] for item in found)
    for item, number in zip(found, numbers, strict=True):
        item["C2CUnreadMsgNum"] = number


def _conversations_counted(call: Call, answer: dict[str, Any]) -> None:
    """Count conversations with something unread, not messages."""
    if "AllC2CUnreadMsgNum" in answer:
        user, store = call.body["To_Account"], call.site.store
        mine = [pair for pair in store.directs if user in pair]
        unread = [any(store.unread(user, peer) for peer in pair - {user}) for pair in mine]
        answer["AllC2CUnreadMsgNum"] = sum(unread)


def _cursors(call: Call) -> dict[Any, Any]:
    found: dict[Any, Any] = call.behaviour.memory.setdefault("cursors", {})
    return found


def _own_place(call: Call) -> None:
    """Go on wherever the last walk in the group was."""
    body = call.body
    if (
        isinstance(body.get("Cursor"), str)
        and body["Cursor"]
        and body.get("GroupId") in _cursors(call)
    ):
        body["Cursor"] = _cursors(call)[body["GroupId"]]


def _remember_place(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer) and not answer["IsFinish"]:
        _cursors(call)[call.body["GroupId"]] = answer["Cursor"]


def _number_of_neighbour(call: Call, answer: dict[str, Any]) -> None:
    """Give a message the number of another that came at the same time over another connection."""
    if answer.get("ErrorCode") != 0:
        return
    known = call.behaviour.memory.setdefault("latest", {})
    place, now = call.body["GroupId"], outside.ticks()
    latest = known.get(place)
    if latest and latest[1] != call.incoming.connection and now - latest[0] < _AT_ONCE:
        answer["MsgSeq"] = latest[2]
    known[place] = (now, call.incoming.connection, answer["MsgSeq"])


def _shifts_readers(call: Call, answer: dict[str, Any]) -> None:
    """Keep who has read by place in the list of members, which those who leave shorten."""
    group = call.site.store.groups.get(call.body.get("GroupId"))
    before = call.notes.get("members", [])
    if answer.get("ErrorCode") != 0 or group is None:
        return
    after = [name for name in before if name in group.members]
    for message in group.messages.values():
        places = [place for place, name in enumerate(before) if name in message.readers]
        message.readers = {after[place]: 0.0 for place in places if place < len(after)}


def _members_before(call: Call) -> None:
    group = call.site.store.groups.get(call.body.get("GroupId"))
    call.notes["members"] = list(group.members) if group is not None else []


def _read_elsewhere(call: Call) -> bool:
    body = call.body if isinstance(call.body, dict) else {}
    group = call.site.store.groups.get(body.get("GroupId"))
    return group is not None and group.type in ("Meeting", "ChatRoom")


ALL = [
    Fault(
        name="leaving-shifts-readers",
        requirement="TC-GMD-12",
        operation="delete_group_member",
        request=_members_before,
        answer=_shifts_readers,
        cls="lifecycle",
        level="SHOULD",
        shows="somebody else has read when an earlier member leaves",
    ),
    Fault(
        name="reads-lost-in-meetings",
        requirement="TC-GMR-27",
        operation="group_msg_receipt",
        knobs={"reads_lost": True},
        when=_read_elsewhere,
        cls="counting",
        level="MUST",
        shows="reads in meeting groups have no effect",
    ),
    Fault(
        name="unread-of-peers-mixed-up",
        requirement="TC-SMR-14",
        operation=_UNREAD,
        answer=_peers_mixed_up,
        cls="counting",
        level="SHOULD",
        shows="the unread counts of peers in the order of their size",
    ),
    Fault(
        name="unread-conversations-counted",
        requirement="TC-SMR-13",
        operation=_UNREAD,
        answer=_conversations_counted,
        cls="counting",
        level="SHOULD",
        shows="AllC2CUnreadMsgNum is the number of conversations",
    ),
    Fault(
        name="walks-share-their-place",
        requirement="TC-GMD-08",
        operation="get_group_msg_receipt_detail",
        request=_own_place,
        answer=_remember_place,
        cls="paging",
        level="MUST",
        shows="a cursor goes on where the last walk in the group was",
    ),
    Fault(
        name="same-seq-at-once",
        requirement="TC-SND-11",
        operation="send_group_msg",
        answer=_number_of_neighbour,
        cls="isolation",
        level="MUST",
        shows="messages that come at once have the same MsgSeq",
        also=("TC-GEN-34",),
    ),
    Fault(
        name="receipt-of-one-side-lost",
        requirement="TC-ROM-03",
        operation=_READ,
        knobs={"peer_read_by_receipt": False},
        when=_reader_sorts_first,
        cls="roles",
        level="SHOULD",
        shows="a receipt has no effect when its sender's name sorts first",
    ),
    Fault(
        name="marks-the-later-name",
        requirement="TC-SMR-06",
        operation=_MARK,
        request=_other_side_marked,
        cls="roles",
        level="MUST",
        shows="of two sides the one is marked whose name sorts last",
        also=("TC-SMR-11",),
    ),
    Fault(
        name="acknowledged-leave-the-history",
        requirement="TC-ROM-08",
        operation=_HISTORY,
        answer=_without_acknowledged,
        cls="lifecycle",
        level="MUST",
        shows="a message is gone once it is acknowledged",
        also=("TC-ROM-03", "TC-ROM-09", "TC-ROM-10"),
    ),
]
