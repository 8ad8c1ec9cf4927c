"""Faults of one side of a conversation that is not the one usually asked for."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call

__all__ = ["ALL"]

_READ, _MARK, _HISTORY = "c2c_msg_read_receipt", "admin_set_msg_read", "admin_getroammsg"


def _reader_sorts_first(call: Call) -> bool:
    body = call.body if isinstance(call.body, dict) else {}
    return str(body.get("Operator_Account", "")) < str(body.get("Peer_Account", ""))


def _other_side_marked(call: Call) -> None:
    """Mark the side of the one whose name sorts last, whoever asked."""
    one, other = (call.body.get(name) for name in ("Report_Account", "Peer_Account"))
    if isinstance(one, str) and isinstance(other, str) and "" < one < other:
        call.body.update(Report_Account=other, Peer_Account=one)


def _without_acknowledged(_call: Call, answer: dict[str, Any]) -> None:
    if answer.get("ErrorCode") == 0:
        answer["MsgList"] = [item for item in answer["MsgList"] if not item["IsPeerRead"]]
        answer["MsgCnt"] = len(answer["MsgList"])


ALL = [
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
