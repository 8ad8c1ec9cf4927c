"""Faults of letters that few send so, and of histories as their receiver or both sides see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import edits, refused_if, succeeded
from receiptspec.reference.store import Direct

__all__ = ["ALL"]

_C2C, _LETTER, _ROAM = "c2c_msg_read_receipt", "sendmsg", "admin_getroammsg"
_SHOULD: dict[str, Any] = {"level": "SHOULD"}


def _items(call: Call) -> list[dict[str, Any]]:
    found = call.body.get("C2CMsgInfo")
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _people_put_in_order(call: Call) -> None:
    people = call.body.get("Operator_Account"), call.body.get("Peer_Account")
    for item in _items(call):
        if (item.get("From_Account"), item.get("To_Account")) == people:
            item["To_Account"], item["From_Account"] = people


def _own_message(call: Call, item: dict[str, Any]) -> Direct | None:
    """Return the message that an item names, in whatever conversation."""
    people = item.get("From_Account"), item.get("To_Account")
    if not all(isinstance(name, str) for name in people):
        return None
    pair = call.site.store.directs.get(frozenset(people), ())
    return next((m for m in pair if m.key == item.get("MsgKey") and m.receiver == people[1]), None)


def _checked(place: int, field: str, around: str) -> Callable[[Call], None]:
    """Look in one item at whom it is from or to, and carry out the others where they are from."""

    def request(call: Call) -> None:
        items, wanted = _items(call), call.body.get(around)
        if not items or items[place].get(field) != wanted:
            return
        for item in items:
            message = _own_message(call, item) if item.get(field) != wanted else None
            if message is not None:
                call.body["C2CMsgInfo"].remove(item)
                message.peer_read = message.receipt

    return request


def _key_has(fits: Callable[[int], bool]) -> Callable[[Call], bool]:
    """Return a test whether a receipt names a key whose random number fits."""

    def test(call: Call) -> bool:
        parts = [str(item.get("MsgKey")).split("_") for item in _items(call)]
        return any(len(p) == 3 and p[1].isdigit() and fits(int(p[1])) for p in parts)

    return test


def _without_wish(field: str) -> Callable[[Call], None]:
    def request(call: Call) -> None:
        if field in call.body:
            call.body["IsNeedReadReceipt"] = 0

    return request


def _goes_on_as_receiver(call: Call) -> bool:
    """Whether a page follows one that ended with a letter to its viewer."""
    operator, last = call.body.get("Operator_Account"), call.body.get("LastMsgKey")
    pair = call.site.store.between(operator, call.body.get("Peer_Account")) if last else ()
    return any(message.key == last and message.receiver == operator for message in pair)


def _later_unread(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer) and _goes_on_as_receiver(call):
        for item in answer["MsgList"]:
            item["IsPeerRead"] = 0


def _over_for_receivers(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer) and _goes_on_as_receiver(call):
        answer["Complete"] = 1


def _keep(answer: dict[str, Any], fits: Callable[[dict[str, Any]], bool]) -> None:
    kept = [item for item in answer["MsgList"] if fits(item)]
    answer.update(MsgList=kept, MsgCnt=len(kept))


def _one_side_going_on(call: Call, answer: dict[str, Any]) -> None:
    """Leave answers to the viewer's own letters out of pages that hold both, but the first."""
    if succeeded(answer) and call.body.get("LastMsgKey"):
        senders = {item["From_Account"] for item in answer["MsgList"]}
        if len(senders) > 1:
            _keep(answer, lambda item: item["From_Account"] == call.body["Operator_Account"])


def _plain_unseen(call: Call, answer: dict[str, Any]) -> None:
    """Show what asks for no receipt to its sender alone."""
    if succeeded(answer):
        operator = call.body["Operator_Account"]
        pair = call.site.store.between(operator, call.body["Peer_Account"])
        plain = {m.key for m in pair if not m.receipt and m.receiver == operator}
        _keep(answer, lambda item: item["MsgKey"] not in plain)


ALL: list[Fault] = [
    Fault(
        name="exchanged-people-put-in-order",
        requirement="TC-C2C-07",
        request=_people_put_in_order,
        operation=_C2C,
        cls="leniency",
        shows="an item with sender and receiver exchanged is a receipt",
    ),
    Fault(
        name="senders-checked-in-first-item",
        requirement="TC-C2C-07",
        request=_checked(0, "From_Account", "Peer_Account"),
        operation=_C2C,
        cls="isolation",
        shows="items behind the first read messages of other peers",
    ),
    Fault(
        name="senders-checked-in-last-item",
        requirement="TC-C2C-07",
        request=_checked(-1, "From_Account", "Peer_Account"),
        operation=_C2C,
        cls="isolation",
        shows="items before the last read messages of other peers",
    ),
    Fault(
        name="receivers-checked-in-first-item",
        requirement="TC-C2C-08",
        request=_checked(0, "To_Account", "Operator_Account"),
        operation=_C2C,
        cls="isolation",
        shows="items behind the first read messages of other receivers",
    ),
    refused_if(
        "large-random-in-key-refused",
        "TC-C2C-01",
        90054,
        _key_has(lambda number: number >= 2**31),
        operation=_C2C,
        cls="precision",
        shows="the key of a message with a MsgRandom above 2^31 is refused",
    ),
    refused_if(
        "zero-random-in-key-refused",
        "TC-C2C-01",
        90054,
        _key_has(lambda number: number == 0),
        operation=_C2C,
        shows="the key of a message with MsgRandom 0 is refused",
    ),
    Fault(
        name="own-sequence-without-receipt",
        requirement="TC-ROM-03",
        request=_without_wish("MsgSeq"),
        operation=_LETTER,
        cls="rare-trigger",
        shows="a message with an own MsgSeq never turns read",
        **_SHOULD,
    ),
    Fault(
        name="controlled-letters-without-receipt",
        requirement="TC-ROM-03",
        request=_without_wish("SendMsgControl"),
        operation=_LETTER,
        cls="rare-trigger",
        shows="a message with SendMsgControl never turns read",
        **_SHOULD,
    ),
    edits(
        "receivers-later-pages-show-no-reads",
        "TC-ROM-03",
        _later_unread,
        operation=_ROAM,
        cls="paging",
        shows="IsPeerRead is 0 from the receiver's second page on",
        **_SHOULD,
    ),
    edits(
        "receivers-history-ends-early",
        "TC-ROM-09",
        _over_for_receivers,
        operation=_ROAM,
        cls="paging",
        shows="Complete 1 on the receiver's second page",
        also=("TC-ROM-10",),
        **_SHOULD,
    ),
    edits(
        "answers-missing-on-later-pages",
        "TC-ROM-09",
        _one_side_going_on,
        operation=_ROAM,
        cls="paging",
        shows="from the second page on only the viewer's own messages where both have written",
        also=("TC-ROM-10",),
        **_SHOULD,
    ),
    edits(
        "plain-letters-unseen",
        "TC-ROM-10",
        _plain_unseen,
        operation=_ROAM,
        cls="roles",
        shows="what asks for no receipt is not in its receiver's history",
        also=("TC-ROM-09",),
        **_SHOULD,
    ),
]
