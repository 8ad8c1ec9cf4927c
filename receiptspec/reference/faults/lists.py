"""Faults of the lists of readers, and of reads on behalf of members."""

from __future__ import annotations

from typing import Any

from receiptspec.reference.behaviour import PASS, Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.families import (
    ASK,
    DETAIL,
    READ,
    accepted,
    bends,
    edits,
    group_of,
    group_type,
    if_ok,
    miscoded,
    refused_if,
    succeeded,
    tolerated,
)

__all__ = ["ALL"]

_LISTS = {"ReadList": "Read_Account", "UnreadList": "Unread_Account"}
_SHOULD: dict[str, Any] = {"operation": DETAIL, "level": "SHOULD"}


def _members(change: Any, *only: str) -> Any:
    """Return an edit of the names in the lists of an accepted answer."""

    def edit(answer: dict[str, Any]) -> None:
        for key in only or _LISTS:
            if isinstance(answer.get(key), list):
                name = _LISTS[key]
                names = change([item[name] for item in answer[key]])
                answer[key] = [{name: one} for one in names]

    return if_ok(edit)


def _frozen(call: Call, answer: dict[str, Any]) -> None:
    """Answer for every message with the list that it had when first asked for."""
    key = (call.body.get("GroupId"), call.body.get("MsgSeq"), call.body.get("Filter"))
    place = (*key, call.body.get("Cursor"), call.body.get("Count"))
    kept = call.behaviour.memory.setdefault("frozen", {})
    if succeeded(answer):
        answer.update(kept.setdefault(place, dict(answer)))


def _turning(call: Call, answer: dict[str, Any]) -> None:
    """Leave out the first reader in every other answer."""
    turn = call.behaviour.memory["turn"] = call.behaviour.memory.get("turn", 0) + 1
    if turn % 2 and len(answer.get("ReadList") or ()) > 1:
        answer["ReadList"] = answer["ReadList"][1:]


def _used_up(call: Call, answer: dict[str, Any]) -> None:
    """Show nobody behind a cursor every second time that a large page is asked for with it."""
    body = call.body
    if succeeded(answer) and body.get("Cursor") and body.get("Count", 0) >= 100:
        used = call.behaviour.memory.setdefault("used", set())
        place = tuple(body.get(key) for key in ("GroupId", "MsgSeq", "Filter", "Cursor"))
        if place in used:
            answer.update({name: [] for name in _LISTS if name in answer}, IsFinish=1)
        used ^= {place}


def _endless(call: Call, answer: dict[str, Any]) -> None:
    """Follow the last page with empty ones."""
    if succeeded(answer) and answer.get("IsFinish") == 1:
        seen = call.behaviour.memory.setdefault("ends", {})
        place = (call.body.get("GroupId"), call.body.get("MsgSeq"), call.body.get("Count"))
        seen[place] = seen.get(place, 0) + 1
        if seen[place] % 3:
            answer.update(IsFinish=0, Cursor=call.body.get("Cursor") or "1")


def _ends_at_nine(call: Call, answer: dict[str, Any]) -> None:
    pages = call.memory("pages")
    place = tuple(call.body.get(key) for key in ("GroupId", "MsgSeq", "Filter"))
    number = pages.get((*place, call.body.get("Cursor")), 1) if call.body.get("Cursor") else 1
    if succeeded(answer):
        pages[*place, answer.get("Cursor")] = number + 1
        if number == 9:
            answer["IsFinish"] = 1


def _is_next(call: Call) -> bool:
    """Whether a call is about the number after that of the newest message of a group."""
    group = group_of(call)
    seqs = [call.body.get("MsgSeq"), *(i["MsgSeq"] for i in call.body.get("MsgSeqList", ()))]
    return group is not None and bool(group.messages) and max(group.messages) + 1 in seqs


def _next_counted(call: Call, answer: dict[str, Any]) -> None:
    if succeeded(answer) and _is_next(call):
        for item in answer["GroupMsgReceiptList"]:
            if item["Code"]:
                item.update(Code=0, ReadNum=0, UnreadNum=0)


def _next_listed(call: Call, answer: dict[str, Any]) -> None:
    if answer.get("ErrorCode") == 10062 and _is_next(call):
        answer.update(ActionStatus="OK", ErrorCode=0, ErrorInfo="", IsFinish=1, UnreadList=[])


def _second_page_repeats(call: Call, answer: dict[str, Any]) -> None:
    kept = call.behaviour.memory.setdefault("first", {})
    key = (call.body.get("GroupId"), call.body.get("MsgSeq"), call.body.get("Filter"))
    for name in _LISTS:
        if answer.get(name):
            if call.body.get("Cursor") == "":
                kept[key] = answer[name][-1]
            elif key in kept:
                answer[name] = [kept[key], *answer[name][1:]]


def _strangers(name: str, requirement: str, shows: str, *reasons: str) -> Fault:
    """Let reads of those count who are no members."""

    def refuses(call: Call, place: str, why: str, _code: int | str) -> str | None:
        reading = call.operation == READ and place == "From_Account"
        return PASS if reading and why in reasons else None

    return Fault(
        name=name,
        requirement=requirement,
        refuses=refuses,
        knobs={"reads_by_strangers": True},
        level="SHOULD",
        cls="isolation",
        shows=shows,
    )


def _owner_listed(call: Call, answer: dict[str, Any]) -> None:
    group = call.site.store.groups.get(call.body.get("GroupId"))
    if succeeded(answer) and group is not None:
        answer["UnreadList"] = [{"Unread_Account": group.owner}]


ALL: list[Fault] = [
    refused_if(
        "detail-refused-for-everybody-else",
        "TC-GMD-01",
        10004,
        lambda c: c.body.get("Filter") == 1 and c.body.get("Count") == 2,
        operation=DETAIL,
        cls="paging",
        shows="Count 2 is refused",
    ),
    edits(
        "readers-under-another-key",
        "TC-GMD-02",
        if_ok(
            lambda a: (
                a.update(ReadList=[{"Account": i["Read_Account"]} for i in a["ReadList"]])
                if "ReadList" in a
                else None
            )
        ),
        operation=DETAIL,
        shows="ReadList holds Account",
        also=("TC-GMD-08", "TC-GMD-12", "TC-GMD-15"),
    ),
    edits(
        "page-walk-endless",
        "TC-GMD-09",
        _endless,
        cls="paging",
        shows="empty pages",
        **_SHOULD,
        also=("TC-GMD-01", "TC-GMD-08", "TC-GMD-12", "TC-GMD-14"),
    ),
    edits(
        "page-repeats-one",
        "TC-GMD-08",
        _second_page_repeats,
        operation=DETAIL,
        cls="rare-trigger",
        shows="the second page starts with the last of the first",
        also=("TC-GMD-12", "TC-GMD-34"),
    ),
    edits(
        "new-message-lists-a-reader",
        "TC-GMD-11",
        _members(lambda names: names or ["rs-nobody"], "ReadList"),
        cls="counting",
        shows="ReadList of an unread message has somebody",
        **_SHOULD,
    ),
    edits(
        "lists-frozen", "TC-GMD-12", _frozen, cls="timing", shows="lists never change", **_SHOULD
    ),
    bends(
        "readers-stay-unread",
        "TC-GMD-13",
        {"detail_readers_stay": True},
        shows="who has read is in both lists",
        **_SHOULD,
        also=("TC-GMD-08", "TC-GMD-12", "TC-GMD-14"),
    ),
    edits(
        "list-shorter-than-count",
        "TC-GMD-14",
        _members(lambda names: names[:-1] if len(names) > 2 else names, "ReadList"),
        cls="counting",
        shows="a reader is missing of three",
        **_SHOULD,
        also=("TC-GMD-08", "TC-GMD-34"),
    ),
    edits(
        "stranger-listed",
        "TC-GMD-15",
        _members(lambda names: [*names, "rs-nobody"] if names else names, "UnreadList"),
        cls="isolation",
        shows="somebody who is no member",
        **_SHOULD,
        also=("TC-GMD-04", "TC-GMD-08", "TC-GMD-11", "TC-GMD-12", "TC-GMD-14", "TC-GMD-36"),
    ),
    edits(
        "names-in-upper-case",
        "TC-GMD-36",
        _members(lambda names: [name.upper() for name in names]),
        cls="encoding",
        shows="UserIDs in capitals",
        **_SHOULD,
        also=("TC-GMD-08", "TC-GMD-11", "TC-GMD-12", "TC-GMD-15"),
    ),
    edits(
        "list-flickers",
        "TC-GMD-34",
        _turning,
        cls="timing",
        shows="a reader goes",
        **_SHOULD,
        also=("TC-GMD-08",),
    ),
    edits(
        "cursor-used-up",
        "TC-GMD-34",
        _used_up,
        cls="paging",
        shows="a page asked for twice",
        **_SHOULD,
    ),
    accepted("detail-without-msgseq", "TC-GMD-20", ("MsgSeq", "missing"), shows="OK", **_SHOULD),
    miscoded(
        "detail-missing-field-code",
        "TC-GMD-21",
        10007,
        ("Filter", "missing"),
        ("Count", "missing"),
        operation=DETAIL,
        shows="10007 for a missing field",
    ),
    tolerated(
        "detail-of-unknown-message",
        "TC-GMD-28",
        ("MsgSeq", "no-receipt"),
        shows="lists of a message that does not exist",
        when=lambda c: isinstance(c.body, dict) and (c.body.get("MsgSeq") or 0) > 1000,
        **_SHOULD,
    ),
    edits(
        "next-message-counted",
        "TC-GMR-14",
        _next_counted,
        operation=ASK,
        cls="limits",
        shows="nobody has read the number after the newest message",
        level="SHOULD",
    ),
    edits(
        "next-message-listed",
        "TC-GMD-28",
        _next_listed,
        cls="limits",
        shows="the number after the newest message has empty lists",
        **_SHOULD,
    ),
    edits(
        "ninth-page-is-the-last",
        "TC-GMD-08",
        _ends_at_nine,
        operation=DETAIL,
        cls="paging",
        shows="the ninth page of a walk says that it is the last",
        also=("TC-GMD-12",),
    ),
    accepted(
        "detail-of-unknown-group",
        "TC-GMD-29",
        ("GroupId", "unknown"),
        operation=DETAIL,
        shows="OK",
    ),
    accepted(
        "detail-of-dismissed-group",
        "TC-GMD-30",
        ("GroupId", "dismissed"),
        operation=DETAIL,
        cls="lifecycle",
        shows="OK",
    ),
    tolerated(
        "detail-of-live-groups",
        "TC-GMD-31",
        ("GroupId", "AVChatRoom"),
        ("MsgSeq", "no-receipt"),
        operation=DETAIL,
        answer=_owner_listed,
        shows="lists in an AVChatRoom",
        when=group_type("AVChatRoom"),
    ),
    refused_if(
        "detail-of-meetings-refused",
        "TC-GMD-32",
        10007,
        group_type("ChatRoom"),
        operation=DETAIL,
        shows="ChatRoom groups are refused",
    ),
    accepted(
        "detail-of-any-type",
        "TC-GMD-33",
        ("Filter", "type"),
        ("Count", "type"),
        ("MsgSeq", "type"),
        shows="OK for a list as Count",
        **_SHOULD,
    ),
    refused_if(
        "read-of-two-refused",
        "TC-GRR-01",
        10004,
        lambda c: len(c.body.get("MsgSeqList") or ()) == 2,
        operation=READ,
        cls="batching",
        shows="two messages in one call are refused",
    ),
    bends(
        "reads-of-two-ignored",
        "TC-GRR-02",
        {"reads_lost": True},
        operation=READ,
        level="SHOULD",
        shows="a read has no effect",
    ),
    bends(
        "fifty-one-reads",
        "TC-GRR-05",
        {"most_reads": 1000},
        operation=READ,
        cls="limits",
        level="SHOULD",
        shows="51 in one call all count",
    ),
    bends(
        "repeated-read-counts",
        "TC-GRR-07",
        {"repeats_count": True},
        level="SHOULD",
        cls="idempotency",
        shows="more readers than members",
    ),
    _strangers("strangers-count", "TC-GRR-08", "outsiders raise ReadNum", "not-a-member"),
    _strangers("ghost-reads-count", "TC-GRR-09", "a ghost counts", "unknown", "not-a-member"),
    bends(
        "reading-makes-receipts",
        "TC-GRR-10",
        {"plain_has_receipt": True},
        level="SHOULD",
        cls="lifecycle",
        shows="a plain message has a receipt",
    ),
    tolerated(
        "large-groups-have-receipts",
        "TC-GRR-13",
        ("NeedReadReceipt", "*"),
        ("GroupId", "too-large"),
        level="SHOULD",
        cls="limits",
        shows="201 members",
    ),
]
