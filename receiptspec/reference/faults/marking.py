"""Faults of marking conversations as read, and of the counts that this changes."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.correspondence import noting_unread, received
from receiptspec.reference.faults.families import edits, if_ok, succeeded
from receiptspec.reference.store import Direct

__all__ = ["ALL"]

_MARK, _COUNT = "admin_set_msg_read", "get_c2c_unread_msg_num"
_SHOULD: dict[str, Any] = {"level": "SHOULD"}


def _emptied_by_nobody(answer: dict[str, Any]) -> None:
    if answer.get("ErrorList"):
        answer["C2CUnreadMsgNumList"] = []


def _ends_at_nobody(call: Call, answer: dict[str, Any]) -> None:
    if answer.get("ErrorList"):
        first = call.body["Peer_Account"].index(answer["ErrorList"][0]["Peer_Account"])
        del answer["C2CUnreadMsgNumList"][first:]


def _sides(call: Call) -> tuple[Any, Any]:
    return call.body.get("Report_Account"), call.body.get("Peer_Account")


def _again(messages: list[Direct]) -> None:
    for message in messages:
        message.counted = True


def _ten_marked(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer):
        _again(call.notes.get("unread", [])[10:])


def _plain_skipped(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer):
        _again([m for m in call.notes.get("unread", []) if not m.receipt])


def _once_timed(call: Call, answer: dict[str, Any]) -> None:
    """Mark nothing more without a time where a conversation was marked with one before."""
    timed = call.memory("timed")
    if not succeeded(answer):
        return
    if "MsgReadTime" in call.body:
        timed[_sides(call)] = True
    elif _sides(call) in timed:
        _again(call.notes.get("unread", []))


def _noting_counted(call: Call) -> None:
    """Note what counts as unread before a conversation is marked up to a time."""
    user, peer = _sides(call)
    if isinstance(user, str) and isinstance(peer, str) and "MsgReadTime" in call.body:
        call.notes["counted"] = [(m, m.counted) for m in received(call, user, peer)]


def _newer_marked(call: Call, answer: dict[str, Any]) -> None:
    """Mark what is newer than MsgReadTime, and nothing else."""
    for message, counted in call.notes.get("counted", ()) if succeeded(answer) else ():
        message.counted = counted and message.time <= int(call.body["MsgReadTime"])


def _pointed_back(call: Call, answer: dict[str, Any]) -> None:
    """Take for unread again what is newer than MsgReadTime."""
    if succeeded(answer) and "MsgReadTime" in call.body:
        for message in received(call, *_sides(call)):
            message.counted |= message.time > int(call.body["MsgReadTime"])


def _all_marked(call: Call, answer: dict[str, Any]) -> None:
    """Mark everything where a conversation has nothing that was received."""
    user, peer = _sides(call)
    if succeeded(answer) and not received(call, user, peer):
        for pair in call.site.store.directs.values():
            for message in pair:
                message.counted = message.counted and message.receiver != user


def _replies_marked(call: Call, answer: dict[str, Any]) -> None:
    """Mark everything where somebody was only written to."""
    if succeeded(answer) and call.site.store.between(*_sides(call)):
        _all_marked(call, answer)


def _one_side(call: Call, answer: dict[str, Any]) -> None:
    """Mark nothing where only the other side has marked the conversation before."""
    marked, (user, peer) = call.memory("sides"), _sides(call)
    if not succeeded(answer) or "MsgReadTime" in call.body:
        return
    if (peer, user) in marked and (user, peer) not in marked:
        _again(call.notes.get("unread", []))
    else:
        marked[user, peer] = True


def _administrator_skipped(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer) and call.body["Peer_Account"] == call.site.identifier:
        _again(call.notes.get("unread", []))


def _newest(call: Call) -> tuple[list[Direct], Direct]:
    """Return the letters of two people before the one that a call has sent, and that one."""
    sender = call.body.get("From_Account", call.site.identifier)
    *older, newest = call.site.store.between(sender, call.body["To_Account"])
    return older, newest


def _unmarked_by_the_next(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer):
        older, newest = _newest(call)
        _again([message for message in older if message.receiver == newest.receiver])


def _noting_marks(call: Call) -> None:
    """Remember how much had come when a conversation was marked as read."""
    if call.operation != _MARK:
        return
    user, peer = _sides(call)
    if isinstance(user, str) and isinstance(peer, str) and "MsgReadTime" not in call.body:
        call.memory("marked")[user, peer] = len(received(call, user, peer))


def _next_not_counted(call: Call, answer: dict[str, Any]) -> None:
    if call.operation == "sendmsg" and succeeded(answer):
        _, newest = _newest(call)
        before = call.memory("marked").get((newest.receiver, newest.sender))
        if before == len(received(call, newest.receiver, newest.sender)) - 1:
            newest.counted = False


def _noting(call: Call) -> None:
    if call.operation != _MARK:
        return
    noting_unread(call)
    left = call.memory("left").setdefault(call.body.get("Report_Account"), set())
    left |= {message.key for message in call.notes.get("unread", ())}


def _total_kept(call: Call, answer: dict[str, Any]) -> None:
    if "AllC2CUnreadMsgNum" in answer:
        answer["AllC2CUnreadMsgNum"] += len(call.memory("left").get(call.body["To_Account"], ()))


def _total_acknowledged(call: Call, answer: dict[str, Any]) -> None:
    """Count in all conversations only what nobody has acknowledged."""
    if "AllC2CUnreadMsgNum" in answer:
        user = call.body["To_Account"]
        letters = [m for pair in call.site.store.directs.values() for m in pair]
        gone = [m for m in letters if m.receiver == user and m.counted and m.peer_read]
        answer["AllC2CUnreadMsgNum"] -= len(gone)


def _only_text_counted(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer):
        _, newest = _newest(call)
        newest.counted = {part["MsgType"] for part in newest.content} == {"TIMTextElem"}


def _total_of_elements(call: Call, answer: dict[str, Any]) -> None:
    """Count each element of a message in all conversations."""
    if "AllC2CUnreadMsgNum" in answer:
        letters = [m for pair in call.site.store.directs.values() for m in pair]
        mine = [m for m in letters if m.receiver == call.body["To_Account"] and m.counted]
        answer["AllC2CUnreadMsgNum"] = sum(len(message.content) for message in mine)


def _total_without_administrator(call: Call, answer: dict[str, Any]) -> None:
    if "AllC2CUnreadMsgNum" in answer:
        gone = call.site.store.unread(call.body["To_Account"], call.site.identifier)
        answer["AllC2CUnreadMsgNum"] -= gone


def _own_letters_read(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer):
        user, peer = _sides(call)
        for message in received(call, peer, user):
            message.peer_read = message.peer_read or message.receipt


def _unread_by_marking(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer):
        for message in received(call, *_sides(call)):
            message.peer_read = False


def _unread_by_the_next(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer):
        older, newest = _newest(call)
        for message in older:
            message.peer_read = message.peer_read and message.sender != newest.sender


ALL: list[Fault] = [
    edits(
        "unread-emptied-by-nobody",
        "TC-SMR-14",
        if_ok(_emptied_by_nobody),
        operation=_COUNT,
        cls="batching",
        shows="C2CUnreadMsgNumList is empty where one of the peers is unknown",
        **_SHOULD,
    ),
    edits(
        "unread-ends-at-nobody",
        "TC-SMR-14",
        _ends_at_nobody,
        operation=_COUNT,
        cls="batching",
        shows="peers behind one that is unknown are not in C2CUnreadMsgNumList",
        **_SHOULD,
    ),
    edits(
        "marking-ends-at-ten",
        "TC-SMR-06",
        _ten_marked,
        request=noting_unread,
        operation=_MARK,
        cls="limits",
        shows="of more than ten unread messages the newest stay unread",
    ),
    edits(
        "marking-skips-plain-letters",
        "TC-SMR-06",
        _plain_skipped,
        request=noting_unread,
        operation=_MARK,
        cls="counting",
        shows="what asks for no receipt stays unread",
    ),
    edits(
        "marking-ends-with-a-time",
        "TC-SMR-06",
        _once_timed,
        request=noting_unread,
        operation=_MARK,
        cls="rare-trigger",
        shows="once marked with a time, a conversation cannot be marked without one",
    ),
    edits(
        "marking-takes-what-is-newer",
        "TC-SMR-07",
        _newer_marked,
        request=_noting_counted,
        operation=_MARK,
        cls="counting",
        shows="what is newer than MsgReadTime is read, and what is older is not",
        **_SHOULD,
    ),
    edits(
        "marking-goes-back-in-time",
        "TC-SMR-07",
        _pointed_back,
        operation=_MARK,
        cls="rare-trigger",
        shows="what is newer than MsgReadTime is unread again",
        **_SHOULD,
    ),
    edits(
        "marking-nothing-marks-all",
        "TC-SMR-10",
        _all_marked,
        operation=_MARK,
        cls="rare-trigger",
        shows="marking a conversation in which nothing was received marks all others",
        **_SHOULD,
    ),
    edits(
        "marking-the-unanswered-marks-all",
        "TC-SMR-10",
        _replies_marked,
        operation=_MARK,
        cls="rare-trigger",
        shows="marking a conversation with who has not replied marks all others",
        **_SHOULD,
    ),
    edits(
        "marking-is-for-one-side",
        "TC-SMR-06",
        _one_side,
        request=noting_unread,
        operation=_MARK,
        cls="roles",
        shows="who marks a conversation after the other side marks nothing",
    ),
    edits(
        "marking-skips-the-administrator",
        "TC-SMR-06",
        _administrator_skipped,
        request=noting_unread,
        operation=_MARK,
        cls="roles",
        shows="what the administrator has written stays unread",
    ),
    edits(
        "marking-is-undone-by-the-next",
        "TC-SMR-06",
        _unmarked_by_the_next,
        operation="sendmsg",
        cls="counting",
        shows="with a new message all older ones are unread again",
    ),
    edits(
        "marking-takes-the-next-along",
        "TC-SMR-06",
        _next_not_counted,
        request=_noting_marks,
        cls="counting",
        shows="the first message after a conversation was marked is not unread",
    ),
    edits(
        "marking-leaves-the-total",
        "TC-SMR-13",
        _total_kept,
        request=_noting,
        cls="counting",
        shows="AllC2CUnreadMsgNum does not fall where a conversation is marked",
        **_SHOULD,
    ),
    edits(
        "receipts-lower-the-total",
        "TC-C2C-19",
        _total_acknowledged,
        operation=_COUNT,
        cls="counting",
        shows="AllC2CUnreadMsgNum falls with each receipt",
        also=("TC-SMR-13",),
        **_SHOULD,
    ),
    edits(
        "unread-counts-text",
        "TC-SMR-14",
        _only_text_counted,
        operation="sendmsg",
        cls="counting",
        shows="messages that are no text are not unread",
        also=("TC-SMR-13",),
        **_SHOULD,
    ),
    edits(
        "all-unread-counts-elements",
        "TC-SMR-13",
        _total_of_elements,
        operation=_COUNT,
        cls="counting",
        shows="a message of two elements counts twice in AllC2CUnreadMsgNum",
        **_SHOULD,
    ),
    edits(
        "all-unread-without-administrator",
        "TC-SMR-13",
        _total_without_administrator,
        operation=_COUNT,
        cls="counting",
        shows="messages of the administrator are not in AllC2CUnreadMsgNum",
        **_SHOULD,
    ),
    edits(
        "marking-reads-own-letters",
        "TC-ROM-05",
        _own_letters_read,
        operation=_MARK,
        cls="roles",
        shows="what the reader has sent turns read where its conversation is marked",
        **_SHOULD,
    ),
    edits(
        "marking-takes-reads-back",
        "TC-ROM-03",
        _unread_by_marking,
        operation=_MARK,
        cls="counting",
        shows="IsPeerRead is 0 again where the receiver marks the conversation",
        **_SHOULD,
    ),
    edits(
        "newer-letters-take-reads-back",
        "TC-ROM-03",
        _unread_by_the_next,
        operation="sendmsg",
        cls="counting",
        shows="IsPeerRead is 0 again where the sender writes once more",
        **_SHOULD,
    ),
]
