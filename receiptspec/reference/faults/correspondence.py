"""Faults of letters between two people: pages of them, and what of them is unread."""

from __future__ import annotations

from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import edits, if_ok, refused_if, succeeded
from receiptspec.reference.store import Direct

__all__ = ["ALL", "noting_unread", "received"]

_C2C, _MARK, _COUNT = "c2c_msg_read_receipt", "admin_set_msg_read", "get_c2c_unread_msg_num"
_LETTER, _ROAM = "sendmsg", "admin_getroammsg"
_SHOULD: dict[str, Any] = {"level": "SHOULD"}
_AT_ONCE = 0.05  # seconds within which a receipt overtakes another


def received(call: Call, user: str, peer: str) -> list[Direct]:
    """Return what a user has got from a peer."""
    return [m for m in call.site.store.between(user, peer) if m.receiver == user]


# --- unread counts ----------------------------------------------------------------------------


def noting_unread(call: Call) -> None:
    """Note what is unread before all of a conversation is marked."""
    user, peer = call.body.get("Report_Account"), call.body.get("Peer_Account")
    if isinstance(user, str) and isinstance(peer, str) and "MsgReadTime" not in call.body:
        call.notes["unread"] = [m for m in received(call, user, peer) if m.counted]


def _oldest_marked(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer):
        for message in call.notes.get("unread", ())[1:]:
            message.counted = True


def _wishes_counted(call: Call, answer: dict[str, Any]) -> None:
    """Count in all conversations only what asks for a receipt."""
    if "AllC2CUnreadMsgNum" in answer:
        user = call.body["To_Account"]
        letters = [m for pair in call.site.store.directs.values() for m in pair]
        mine = [m for m in letters if m.receiver == user and m.counted and m.receipt]
        answer["AllC2CUnreadMsgNum"] = len(mine)


def _wishes_of_peers_counted(call: Call, answer: dict[str, Any]) -> None:
    """Count of each peer only what asks for a receipt."""
    for entry in answer.get("C2CUnreadMsgNumList", ()):
        mine = received(call, call.body["To_Account"], entry["Peer_Account"])
        entry["C2CUnreadMsgNum"] = sum(m.counted and m.receipt for m in mine)


def _places_of_ten_mixed_up(answer: dict[str, Any]) -> None:
    """Give long lists their numbers in the order of the names."""
    entries = answer.get("C2CUnreadMsgNumList", ())
    if len(entries) > 2:
        numbers = {entry["Peer_Account"]: entry["C2CUnreadMsgNum"] for entry in entries}
        for entry, name in zip(entries, sorted(numbers), strict=True):
            entry["C2CUnreadMsgNum"] = numbers[name]


def _nine_at_most(answer: dict[str, Any]) -> None:
    for entry in answer.get("C2CUnreadMsgNumList", ()):
        entry["C2CUnreadMsgNum"] = min(entry["C2CUnreadMsgNum"], 9)


def _read_left_out(answer: dict[str, Any]) -> None:
    """List only peers of whom there is something unread, when more than two are asked about."""
    entries = answer.get("C2CUnreadMsgNumList", ())
    if len(entries) > 2:
        answer["C2CUnreadMsgNumList"] = [e for e in entries if e["C2CUnreadMsgNum"] > 1]


def _zero_left_out(answer: dict[str, Any]) -> None:
    entries = answer.get("C2CUnreadMsgNumList", [])
    entries[:] = [entry for entry in entries if entry["C2CUnreadMsgNum"]]


# --- pages of a history -----------------------------------------------------------------------


def _unread_in_small_pages(call: Call, answer: dict[str, Any]) -> None:
    for item in answer["MsgList"] if succeeded(answer) and call.body["MaxCnt"] < 3 else ():
        item["IsPeerRead"] = 0


def _read_with_the_first(call: Call, answer: dict[str, Any]) -> None:
    """Give all messages of a page that goes on the flag of its first."""
    listed = answer.get("MsgList", ())
    for item in listed if listed and call.body.get("LastMsgKey") else ():
        item["IsPeerRead"] = listed[0]["IsPeerRead"]


def _never_ends_singly(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer) and call.body["MaxCnt"] == 1:
        answer["Complete"] = 0


def _ends_before_a_full_page(call: Call, answer: dict[str, Any]) -> None:
    """Take the last page for there already where it is exactly full."""
    if succeeded(answer) and not answer["Complete"]:
        pair = call.site.store.between(call.body["Operator_Account"], call.body["Peer_Account"])
        orders = {message.key: message.order for message in pair}
        older = [m for m in pair if m.order < orders[answer["LastMsgKey"]]]
        answer["Complete"] = int(len(older) == call.body["MaxCnt"])


def _short_is_all(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer) and answer["MsgCnt"] < call.body["MaxCnt"]:
        answer["Complete"] = 1


# --- ways of sending --------------------------------------------------------------------------


def _kept_for_good(call: Call) -> None:
    if isinstance(call.body, dict) and call.body.get("OnlineOnlyFlag") == 1:
        call.body["OnlineOnlyFlag"] = 0


def _between(call: Call) -> list[Direct]:
    people = call.body.get("From_Account", call.site.identifier), call.body.get("To_Account")
    known = all(isinstance(name, str) for name in people)
    return call.site.store.between(*map(str, people)) if known else []


def _noting_random(call: Call) -> None:
    """Note the random numbers of what was sent more than a second before."""
    if isinstance(call.body, dict):
        old = [m for m in _between(call) if m.time < outside.now() - 1]
        call.notes["randoms"] = {(m.sender, m.random) for m in old}


def _dropped_by_random(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer):
        letters = _between(call)
        known = call.notes["randoms"]
        if letters and (letters[-1].sender, letters[-1].random) in known:
            letters.pop()


def _first_by_random(call: Call, answer: dict[str, Any]) -> None:
    """Keep of letters with one random number the first, and name it whenever another comes."""
    if succeeded(answer):
        *older, newest = _between(call)
        same = [m for m in older if (m.sender, m.random) == (newest.sender, newest.random)]
        if same:
            _between(call).pop()
            answer["MsgKey"] = same[0].key


def _copies_wish_for_nothing(call: Call) -> None:
    if call.body.get("SyncOtherMachine") == 1:
        call.body["IsNeedReadReceipt"] = 0


def _noting_flags(call: Call) -> None:
    letters = [m for pair in call.site.store.directs.values() for m in pair]
    call.notes["read"] = {m.key for m in letters if m.peer_read}


def _overtaken(call: Call, answer: dict[str, Any]) -> None:
    """Write back the state before a receipt that came on another connection just now."""
    if not succeeded(answer):
        return
    last = call.behaviour.memory.get("receipt")
    now, operator = outside.ticks(), call.body["Operator_Account"]
    before = call.notes["read"]
    if last is not None and last[1] == operator and last[2] != call.incoming.connection:
        before = last[3] if now - last[0] < _AT_ONCE else before
        for message in received(call, operator, call.body["Peer_Account"]):
            named = [item["MsgKey"] for item in call.body["C2CMsgInfo"]]
            message.peer_read = message.key in before or message.key in named
    call.behaviour.memory["receipt"] = (now, operator, call.incoming.connection, before)


ALL: list[Fault] = [
    edits(
        "marking-reads-the-oldest",
        "TC-SMR-06",
        _oldest_marked,
        request=noting_unread,
        operation=_MARK,
        cls="counting",
        shows="of several unread messages only the oldest is marked",
    ),
    edits(
        "all-unread-counts-wishes",
        "TC-SMR-13",
        _wishes_counted,
        operation=_COUNT,
        cls="counting",
        shows="messages that ask for no receipt are not in AllC2CUnreadMsgNum",
        **_SHOULD,
    ),
    edits(
        "unread-of-peers-counts-wishes",
        "TC-SMR-14",
        _wishes_of_peers_counted,
        operation=_COUNT,
        cls="counting",
        shows="messages that ask for no receipt are not in C2CUnreadMsgNum",
        **_SHOULD,
    ),
    edits(
        "unread-of-ten-peers-mixed-up",
        "TC-SMR-14",
        if_ok(_places_of_ten_mixed_up),
        operation=_COUNT,
        cls="batching",
        shows="numbers of more than two peers come in the order of their names",
        **_SHOULD,
    ),
    edits(
        "unread-ends-at-nine",
        "TC-SMR-14",
        if_ok(_nine_at_most),
        operation=_COUNT,
        cls="limits",
        shows="C2CUnreadMsgNum is never above 9",
        **_SHOULD,
    ),
    edits(
        "unread-of-one-left-out",
        "TC-SMR-14",
        if_ok(_read_left_out),
        operation=_COUNT,
        cls="batching",
        shows="of more than two peers those with at most one unread message are left out",
        **_SHOULD,
    ),
    edits(
        "unread-of-nothing-left-out",
        "TC-SMR-14",
        if_ok(_zero_left_out),
        operation=_COUNT,
        cls="shape",
        shows="peers of whom nothing is unread are left out",
        **_SHOULD,
    ),
    edits(
        "small-pages-show-no-reads",
        "TC-ROM-03",
        _unread_in_small_pages,
        operation=_ROAM,
        cls="paging",
        shows="IsPeerRead is 0 in pages of less than three",
        **_SHOULD,
    ),
    edits(
        "pages-share-one-read",
        "TC-ROM-04",
        _read_with_the_first,
        operation=_ROAM,
        cls="paging",
        shows="from the second page on all messages have the IsPeerRead of the first",
        also=("TC-ROM-03",),
        **_SHOULD,
    ),
    edits(
        "single-pages-never-end",
        "TC-ROM-09",
        _never_ends_singly,
        operation=_ROAM,
        cls="paging",
        shows="Complete is never 1 where MaxCnt is",
        **_SHOULD,
    ),
    edits(
        "history-ends-before-a-full-page",
        "TC-ROM-09",
        _ends_before_a_full_page,
        operation=_ROAM,
        cls="paging",
        shows="Complete 1 where the page that follows would be exactly full",
        **_SHOULD,
    ),
    edits(
        "short-pages-end-the-history",
        "TC-ROM-09",
        _short_is_all,
        operation=_ROAM,
        cls="paging",
        shows="Complete 1 where an answer holds less than MaxCnt for want of room",
        **_SHOULD,
    ),
    Fault(
        name="online-messages-kept",
        requirement="TC-SND-24",
        request=_kept_for_good,
        operation="send_group_msg",
        cls="lifecycle",
        shows="what has OnlineOnlyFlag 1 is stored",
        **_SHOULD,
    ),
    Fault(
        name="letters-dropped-by-random",
        requirement="TC-SND-25",
        request=_noting_random,
        answer=_dropped_by_random,
        operation=_LETTER,
        cls="rare-trigger",
        shows="a letter with the MsgRandom of an earlier one is not stored",
        **_SHOULD,
    ),
    edits(
        "letters-named-by-random",
        "TC-SND-02",
        _first_by_random,
        operation=_LETTER,
        cls="rare-trigger",
        shows="MsgKey is that of the first letter with this MsgRandom",
        **_SHOULD,
    ),
    Fault(
        name="copied-letters-without-receipt",
        requirement="TC-ROM-03",
        request=_copies_wish_for_nothing,
        operation=_LETTER,
        cls="rare-trigger",
        shows="SyncOtherMachine 1 makes of a wish for a receipt none",
        **_SHOULD,
    ),
    refused_if(
        "copied-wish-refused",
        "TC-SND-03",
        90010,
        lambda c: c.body.get("SyncOtherMachine") == 1 and c.body.get("IsNeedReadReceipt") == 1,
        operation=_LETTER,
        cls="rare-trigger",
        shows="a receipt and a copy together are refused",
    ),
    refused_if(
        "uncopied-letters-refused",
        "TC-GEN-08",
        90010,
        lambda c: c.body.get("SyncOtherMachine") == 2,
        operation=_LETTER,
        cls="rare-trigger",
        shows="SyncOtherMachine 2 is refused",
    ),
    edits(
        "receipts-overtake-each-other",
        "TC-ROM-03",
        _overtaken,
        request=_noting_flags,
        operation=_C2C,
        cls="timing",
        shows="of receipts on several connections at once the last is kept",
        **_SHOULD,
    ),
]
