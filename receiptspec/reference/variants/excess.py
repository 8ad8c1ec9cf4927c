"""Freedoms of who takes more than is documented, or has had enough."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import PASS, Variant
from receiptspec.reference.calls import Call, Refusal
from receiptspec.reference.variants.habits import free

__all__ = ["ALL"]

_ASK = "get_group_msg_receipt"


def _too_often(call: Call, place: str, _reason: str, _code: int | str) -> int | None:
    """Verify a wrong UserSig twice, and then no more for as long as a run takes."""
    if place != "usersig" or "usersig" not in call.query:
        return None
    seen = call.memory("wrong signatures")
    seen[call.query["usersig"]] = seen.get(call.query["usersig"], 0) + 1
    return 70050 if seen[call.query["usersig"]] > 2 else None


_OPEN_ENDED = ("create_group", "delete_group_member", "group_msg_recall", "import_group_msg")


def _takes_more(call: Call, _place: str, reason: str, _code: int | str) -> str | None:
    return PASS if reason == "too-many" and call.operation in _OPEN_ENDED else None


def _recalled_again(_call: Call, answer: dict[str, Any]) -> None:
    for item in answer.get("RecallRetList", ()):
        item["RetCode"] = 0 if item["RetCode"] == 10031 else item["RetCode"]


def _of_32_bits(call: Call) -> None:
    listed = call.body.get("MsgSeqList") if isinstance(call.body, dict) else None
    items = listed if isinstance(listed, list) else []
    named = [item.get("MsgSeq") for item in items if isinstance(item, dict)]
    if any(type(seq) is int and not 0 <= seq < 2**32 for seq in named):
        raise Refusal(10004, "MsgSeq: not a number of 32 bits")


ALL: list[Variant] = [
    free(
        "wrong-usersig-verified-twice",
        "TC-SIG-06",
        "70050 where the same wrong UserSig comes for the third time",
        refuses=_too_often,
        waits=True,
    ),
    free(
        "more-is-done",
        "TC-GRP-24",
        "more first members, removals, recalls and imports than documented are done",
        refuses=_takes_more,
    ),
    free(
        "recalled-again",
        "TC-GRP-14",
        "RetCode 0 for a message that is recalled already",
        "group_msg_recall",
        answer=_recalled_again,
    ),
    free(
        "seqs-of-32-bits",
        "TC-GMR-14",
        "10004 for a MsgSeq of more than 32 bits",
        _ASK,
        request=_of_32_bits,
    ),
]
