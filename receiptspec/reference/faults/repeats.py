"""Faults of counting readers who read again: each tells some repetitions from first reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from receiptspec.reference import outside
from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import ASK, READ, edits, group_of, succeeded

__all__ = ["ALL"]

_SECOND = 1.0


class _Read(NamedTuple):
    """Who read a message, by which list, and when."""

    user: str
    named: tuple[Any, ...]
    moment: float


def _named(call: Call) -> tuple[Any, ...]:
    return tuple(item["MsgSeq"] for item in call.body["MsgSeqList"])


def _counted_again(
    name: str, test: Callable[[_Read, Sequence[_Read]], bool], shows: str, cls: str = "idempotency"
) -> Fault:
    """Count a repetition as another reader where `test` takes it, with all before it, for one."""

    def answer(call: Call, sent: dict[str, Any]) -> None:
        group = group_of(call)
        if group is None or not succeeded(sent):
            return
        before, more = call.memory(f"{name} before"), call.memory(f"{name} more")
        if call.operation == ASK:
            for item in sent["GroupMsgReceiptList"]:
                item["ReadNum"] += more.get((group.id, item["MsgSeq"]), 0)
        elif call.operation == READ:
            read = _Read(call.body["From_Account"], _named(call), outside.ticks())
            for seq in dict.fromkeys(read.named):
                reads = before.setdefault((group.id, seq), [])
                if any(one.user == read.user for one in reads) and test(read, reads):
                    more[group.id, seq] = more.get((group.id, seq), 0) + 1
                reads.append(read)

    return edits(name, "TC-GMR-11", answer, cls=cls, level="SHOULD", shows=shows)


def _was_not_last(read: _Read, reads: Sequence[_Read]) -> bool:
    return bool(reads[-1].user != read.user)


def _last_of(read: _Read, reads: Sequence[_Read]) -> _Read:
    return [one for one in reads if one.user == read.user][-1]


def _in_another_list(read: _Read, reads: Sequence[_Read]) -> bool:
    return len(read.named) > 1 and read.named != _last_of(read, reads).named


def _later(read: _Read, reads: Sequence[_Read]) -> bool:
    return read.moment - _last_of(read, reads).moment > _SECOND


ALL: list[Fault] = [
    _counted_again(
        "readers-in-turns-count-again",
        _was_not_last,
        "who reads again after another raises ReadNum",
    ),
    _counted_again(
        "reads-in-other-lists-count-again",
        _in_another_list,
        "who reads again with other messages raises ReadNum",
    ),
    _counted_again(
        "later-reads-count-again",
        _later,
        "who reads again a second later raises ReadNum",
        "timing",
    ),
]
