"""Faults of reads that hit what they do not name, or miss what stands beside something else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.behaviour import PASS, Fault
from receiptspec.reference.calls import Call, Shrug
from receiptspec.reference.faults.families import READ, edits, group_of, succeeded
from receiptspec.reference.store import Group, Message

__all__ = ["ALL"]

_RECALL, _REMOVE, _SEND = "group_msg_recall", "delete_group_member", "send_group_msg"
_ABSENT = 10030
_SHOULD: dict[str, Any] = {"level": "SHOULD"}

Fits = Callable[[Message, str], bool]


def _named(call: Call) -> tuple[Group | None, list[dict[str, Any]]]:
    """Return the group of a call and the items with a number."""
    found = call.body.get("MsgSeqList") if isinstance(call.body, dict) else None
    items = found if isinstance(found, list) else []
    whole = all(isinstance(item, dict) and type(item.get("MsgSeq")) is int for item in items)
    return group_of(call), items if whole else []


def _places(call: Call, fits: Fits) -> list[int]:
    """Return where a call names messages of some kind."""
    (group, items), user = _named(call), call.body.get("From_Account")
    known = group.messages if group is not None else {}
    found = [known.get(item["MsgSeq"]) for item in items]
    return [at for at, message in enumerate(found) if message and fits(message, user)]


def _ends_at(fits: Fits) -> Callable[[Call], None]:
    def request(call: Call) -> None:
        places = _places(call, fits)
        if places:
            call.body["MsgSeqList"] = call.body["MsgSeqList"][: places[0] + 1]

    return request


def _void_with(fits: Fits) -> Callable[[Call], None]:
    def request(call: Call) -> None:
        if len(call.body.get("MsgSeqList") or ()) > 1 and _places(call, fits):
            raise Shrug

    return request


def _cancelled(call: Call) -> None:
    """Take back with the second what the first item of a message did."""
    _, items = _named(call)
    times = Counter(item["MsgSeq"] for item in items)
    left = [item for item in items if times[item["MsgSeq"]] % 2]
    if left:
        call.body["MsgSeqList"] = left


def _from_the_end(call: Call) -> None:
    """Take a number below one for a place behind the newest message."""
    group, items = _named(call)
    seqs = sorted(group.messages) if group is not None else []
    for item in items:
        if seqs and -len(seqs) < item["MsgSeq"] < 1:
            item["MsgSeq"] = seqs[item["MsgSeq"] - (item["MsgSeq"] == 0)]


def _in_32_bits(call: Call) -> None:
    for item in _named(call)[1]:
        item["MsgSeq"] %= 2**32


def _alike_at_first(call: Call, answer: dict[str, Any]) -> None:
    """Let a read count for every message whose number begins with the digits that it names."""
    (group, items), user = _named(call), call.body.get("From_Account")
    if group is not None and succeeded(answer):
        digits = tuple(str(item["MsgSeq"]) for item in items)
        for seq, message in group.messages.items():
            if str(seq).startswith(digits) and message.receipt and user in message.audience:
                message.readers.setdefault(user, outside.ticks())


def _kept_ahead(call: Call, answer: dict[str, Any]) -> None:
    """Keep reads of numbers that no message has yet, and apply them when one has."""
    group = group_of(call) if call.operation in (READ, _SEND) and succeeded(answer) else None
    if group is None:
        return
    user, kept = call.body.get("From_Account"), call.memory("ahead")
    if call.operation == READ:
        for item in _named(call)[1]:
            if item["MsgSeq"] > group.newest:
                kept[group.id, item["MsgSeq"]] = user
    elif answer.get("MsgSeq") in group.messages:
        message = group.messages[answer["MsgSeq"]]
        reader = kept.get((group.id, message.seq))
        if reader in message.audience:
            message.readers[reader] = 0.0


def _noting_leavers(call: Call) -> None:
    group = group_of(call)
    names = call.body.get("MemberToDel_Account") if call.operation == _REMOVE else None
    if group is not None and isinstance(names, list):
        left = group.members.keys() & set(map(str, names))
        call.memory("left").update({(group.id, name): True for name in left})


def _members_once(call: Call, place: str, reason: str, _code: int | str) -> str | None:
    if call.operation != READ or (place, reason) != ("From_Account", "not-a-member"):
        return None
    known = (call.body["GroupId"], call.body["From_Account"]) in call.memory("left")
    return PASS if known else None


def _forgotten_for_nothing(call: Call, answer: dict[str, Any]) -> None:
    """Forget all reads of a group when none of the messages can be recalled."""
    group, items = group_of(call), answer.get("RecallRetList") or ()
    if group is not None and items and all(item["RetCode"] == _ABSENT for item in items):
        for message in group.messages.values():
            message.readers.clear()


def _batch(name: str, request: Callable[[Call], None], shows: str) -> Fault:
    return Fault(
        name=name,
        requirement="TC-GRR-06",
        request=request,
        operation=READ,
        cls="batching",
        shows=shows,
        **_SHOULD,
    )


def _own(message: Message, user: str) -> bool:
    return message.sender == user


def _read(message: Message, user: str) -> bool:
    return user in message.readers


def _recalled(message: Message, _user: str) -> bool:
    return message.recalled


def _plain(message: Message, _user: str) -> bool:
    return not message.receipt


ALL: list[Fault] = [
    _batch("named-twice-is-unread", _cancelled, "a message that one call names twice is not read"),
    _batch("reads-end-at-own", _ends_at(_own), "a read batch ends at the reader's own message"),
    _batch("reads-end-at-read", _ends_at(_read), "a read batch ends at a message read before"),
    _batch("reads-end-at-recalled", _ends_at(_recalled), "a read batch ends at a recalled message"),
    _batch("reads-end-at-plain", _ends_at(_plain), "a read batch ends at a plain message"),
    _batch("recalled-voids-reads", _void_with(_recalled), "no read counts beside a recalled one"),
    Fault(
        name="numbers-below-one-from-the-end",
        requirement="TC-GMR-12",
        request=_from_the_end,
        operation=READ,
        cls="isolation",
        shows="reading number 0 or -1 reads the newest message",
        **_SHOULD,
    ),
    Fault(
        name="reads-wrap-at-32-bits",
        requirement="TC-GMR-12",
        request=_in_32_bits,
        operation=READ,
        cls="precision",
        shows="reading a number 2^32 above a message's reads it",
        **_SHOULD,
    ),
    edits(
        "reads-alike-at-first",
        "TC-GMR-12",
        _alike_at_first,
        operation=READ,
        cls="precision",
        shows="reading message 1 reads messages 10 to 19 as well",
        **_SHOULD,
    ),
    edits(
        "reads-ahead-are-kept",
        "TC-GMR-06",
        _kept_ahead,
        cls="lifecycle",
        shows="a message is read at once whose number was read before it was sent",
        **_SHOULD,
    ),
    Fault(
        name="leavers-read",
        requirement="TC-GRR-08",
        request=_noting_leavers,
        refuses=_members_once,
        knobs={"reads_by_strangers": True},
        cls="lifecycle",
        shows="who has left reads what was sent later",
        **_SHOULD,
    ),
    edits(
        "recall-of-nothing-forgets-reads",
        "TC-GMR-12",
        _forgotten_for_nothing,
        operation=_RECALL,
        cls="lifecycle",
        shows="recalling a message that is not there clears the reads of its group",
        **_SHOULD,
    ),
]
