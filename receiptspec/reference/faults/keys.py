"""Faults of the keys that receipts of two people name: read loosely, or beside odd ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from receiptspec.reference.behaviour import PASS, Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import succeeded
from receiptspec.reference.store import Direct

__all__ = ["ALL"]

_C2C = "c2c_msg_read_receipt"
_KEY = re.compile(r"\d+_\d+_\d+")


def _items(call: Call) -> list[dict[str, Any]]:
    found = call.body.get("C2CMsgInfo") if isinstance(call.body, dict) else None
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def read_as(change: Callable[[str], str]) -> Callable[[Call], None]:
    def request(call: Call) -> None:
        for item in _items(call):
            if isinstance(item.get("MsgKey"), str):
                item["MsgKey"] = change(item["MsgKey"])

    return request


def same_numbers(key: str) -> str:
    try:
        return "_".join(str(int(part)) for part in key.split("_"))
    except ValueError:
        return key


def _halves(key: str) -> str:
    parts = same_numbers(key).split("_")
    return "_".join(str(int(p) % 2**32) for p in parts) if all(map(str.isdigit, parts)) else key


def _anywhere(key: str) -> str:
    found = _KEY.search(key)
    return found[0] if found else key


def _unknown_passes(_call: Call, place: str, reason: str, _code: int | str) -> str | None:
    return PASS if (place, reason) == ("C2CMsgInfo[].MsgKey", "unknown") else None


def _named(call: Call) -> Iterator[tuple[int, Direct | None]]:
    """Return what a receipt names, item by item, ``None`` for what there is not."""
    people = call.body["Operator_Account"], call.body["Peer_Account"]
    letters = {m.key: m for m in call.site.store.between(*people)}
    for turn, item in enumerate(_items(call)):
        yield turn, letters.get(item.get("MsgKey"))


def _noting(call: Call) -> None:
    if isinstance(call.body, dict) and len(_items(call)) > 1:
        people = [call.body.get(name) for name in ("Operator_Account", "Peer_Account")]
        if all(isinstance(name, str) for name in people):
            call.notes["named"] = list(_named(call))
            call.notes["read"] = [m is not None and m.peer_read for _, m in call.notes["named"]]


def _voided_by(odd: Callable[[Direct | None, bool], bool], *, behind: bool = False) -> Any:
    """Let an odd item take the effect of the others, or of those behind it alone."""

    def edit(call: Call, answer: dict[str, Any]) -> None:
        named, read = call.notes.get("named", ()), call.notes.get("read", ())
        places = [turn for (turn, m), was in zip(named, read, strict=True) if odd(m, was)]
        for (turn, message), was in zip(named, read, strict=True):
            lost = bool(places) and (turn > places[0] or not behind)
            if message is not None and lost and succeeded(answer):
                message.peer_read = was

    return edit


def _of_another_sender(call: Call, answer: dict[str, Any]) -> None:
    """Find a key among all that its receiver has got."""
    keys = {item["MsgKey"] for item in _items(call)} if succeeded(answer) else ()
    for pair in call.site.store.directs.values():
        for message in pair:
            if message.receiver == call.body.get("Operator_Account") and message.key in keys:
                message.peer_read = message.peer_read or message.receipt


ALL: list[Fault] = [
    *(
        Fault(
            name=name,
            requirement="TC-C2C-13",
            level="SHOULD",
            operation=_C2C,
            request=read_as(change),
            cls="leniency",
            shows=shows,
        )
        for name, change, shows in (
            ("keys-of-32-bits", _halves, "the numbers of a MsgKey count modulo 2^32"),
            ("keys-end-at-nul", lambda key: key.partition("\0")[0], "a MsgKey ends at a NUL"),
            (
                "keys-of-three-parts",
                lambda key: "_".join(key.split("_")[:3]),
                "what follows the third part of a MsgKey is ignored",
            ),
            ("keys-found-anywhere", _anywhere, "a MsgKey is found within other text"),
        )
    ),
    Fault(
        name="keys-of-all-received",
        requirement="TC-C2C-13",
        level="SHOULD",
        operation=_C2C,
        refuses=_unknown_passes,
        answer=_of_another_sender,
        cls="isolation",
        shows="a receipt for one sender reads what another has sent to the same user",
    ),
    *(
        Fault(
            name=name,
            requirement="TC-ROM-03",
            level="SHOULD",
            operation=_C2C,
            refuses=_unknown_passes,
            request=_noting,
            answer=edit,
            cls="batching",
            shows=shows,
        )
        for name, edit, shows in (
            (
                "unknown-key-voids-receipts",
                _voided_by(lambda message, _: message is None),
                "OK and nothing is read where one of the keys is unknown",
            ),
            (
                "plain-letter-voids-receipts",
                _voided_by(lambda message, _: message is not None and not message.receipt),
                "OK and nothing is read where one of the messages asked for no receipt",
            ),
            (
                "receipts-end-at-what-is-read",
                _voided_by(lambda _, was: was, behind=True),
                "receipts behind one of a message that was read have no effect",
            ),
        )
    ),
]
