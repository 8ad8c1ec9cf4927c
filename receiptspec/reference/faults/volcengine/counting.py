"""Faults of who has read what: flag, lists, batches, isolation (rows 30 to 42)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call
from receiptspec.reference.faults.volcengine.families import (
    bends,
    edits,
    items,
    kind_of,
    lists,
    place_of,
    receipts,
    unread_again,
)

__all__ = ["ALL"]

_FLAG, _READ, _UNREAD = "ReceiverIsRead", "ReadUserIds", "UnReadUserIds"
_BOTH = (_READ, _UNREAD)
Item = dict[str, Any]


def _direct(edit: Callable[[Item], object]) -> Any:
    """Edit the items of one-to-one conversations."""

    def change(call: Call, answer: Item) -> None:
        for item in receipts(answer) if kind_of(call) == 1 else ():
            edit(item)

    return change


def _group(edit: Callable[[Item], object]) -> Any:
    """Edit the items of groups."""

    def change(call: Call, answer: Item) -> None:
        for item in receipts(answer) if kind_of(call) == 2 else ():
            edit(item)

    return change


def _forgets(call: Call, answer: Item) -> None:
    """Show each read message as unread again from the third look on."""
    seen = call.behaviour.memory.setdefault("looks", {})
    for item in receipts(answer):
        if item[_READ]:
            seen[item["MessageId"]] = seen.get(item["MessageId"], 0) + 1
            if seen[item["MessageId"]] > 2:
                unread_again(item)


def _flickers(call: Call, answer: Item) -> None:
    """Show reads in every other answer only."""
    turn = call.behaviour.memory["turn"] = call.behaviour.memory.get("turn", 0) + 1
    for item in receipts(answer) if turn % 2 == 0 else ():
        unread_again(item)


def _newest_resets(call: Call, answer: Item) -> None:
    """Forget the reads of a message once a newer one was sent."""
    found = place_of(call)
    newest = max(found.messages) if found and found.messages else 0
    for item in receipts(answer):
        if item["MessageId"] < newest:
            unread_again(item)


def _recall_resets(call: Call, answer: Item) -> None:
    """Forget all reads in a conversation in which something was recalled."""
    found = place_of(call)
    if found and any(message.recalled for message in found.messages.values()):
        for item in receipts(answer):
            unread_again(item)


def _frozen(call: Call, answer: Item) -> None:
    """Answer for a message as when it was first asked for."""
    kept = call.behaviour.memory.setdefault("kept", {})
    for item in receipts(answer):
        first = kept.setdefault(item["MessageId"], dict(item))
        item.update(first)


def _late_flag(call: Call, answer: Item) -> None:
    """Show a read in the flag from the second look on."""
    seen = call.behaviour.memory.setdefault("flags", set())
    for item in receipts(answer) if kind_of(call) == 1 else ():
        if item[_FLAG] and item["MessageId"] not in seen:
            seen.add(item["MessageId"])
            item[_FLAG] = False


def _shifted(answer: list[Item]) -> list[Item]:
    """Give each item the lists of the one before it."""
    pairs = zip(answer, [answer[-1], *answer[:-1]], strict=True)
    return [{**own, _READ: other[_READ], _UNREAD: other[_UNREAD]} for own, other in pairs]


def _first_of_all(found: list[Item]) -> list[Item]:
    return [{**item, _READ: found[0][_READ], _UNREAD: found[0][_UNREAD]} for item in found]


def _sorted_ids(found: list[Item]) -> list[Item]:
    """Sort the ids but not what belongs to them."""
    ids = sorted(item["MessageId"] for item in found)
    return [{**item, "MessageId": number} for item, number in zip(found, ids, strict=True)]


def _even_only(item: Item) -> None:
    if item["MessageId"] % 2 == 0:
        unread_again(item)


def _sender_in(key: str, *, single: bool | None = None) -> Any:
    def change(call: Call, answer: Item) -> None:
        found = place_of(call)
        if found is not None and (single is None or (found.type == 1) == single):
            for item in receipts(answer):
                item[key] = [found.messages[item["MessageId"]].sender, *item[key]]

    return change


def _seventh(call: Call, answer: Item) -> None:
    turn = call.behaviour.memory["seventh"] = call.behaviour.memory.get("seventh", 0) + 1
    if turn % 7 == 0 and receipts(answer):
        answer["Result"]["ReadReceipt"] = []


def _stranger_item(call: Call, answer: Item) -> None:
    """Add a message of the conversation that was not asked for."""
    found = place_of(call)
    have = {item["MessageId"] for item in receipts(answer)}
    other = next((m for m in found.messages if m not in have), None) if found else None
    if other is not None and have:
        receipts(answer).append({**receipts(answer)[0], "MessageId": other})


def _cut(key: str, keep: int) -> Callable[[Item], None]:
    return lambda item: item.update({key: item[key][:keep]})


_BATCHES = [
    lists("last-item-missing", 30, lambda f: f[:-1] if len(f) > 1 else f, shows="one less"),
    lists("only-first-item", 30, lambda f: f[:1], shows="one item"),
    lists("at-most-two-items", 30, lambda f: f[:2], cls="rare-trigger", shows="two of three"),
    lists("at-most-ten-items", 30, lambda f: f[:10], cls="limits", shows="ten of eleven"),
    lists("unread-items-missing", 30, lambda f: [i for i in f if i[_READ]], shows="only read ones"),
    lists("read-items-missing", 30, lambda f: [i for i in f if i[_UNREAD]], shows="only unread"),
    edits("seventh-answer-empty", 30, _seventh, cls="rare-trigger", shows="no items each 7th time"),
    edits("item-not-asked-for", 24, _stranger_item, cls="isolation", shows="one item more"),
    lists("lists-shifted", 36, _shifted, shows="each item has the lists of the one before"),
    lists("lists-of-first", 37, _first_of_all, shows="all items have the lists of the first"),
    lists("ids-sorted-alone", 36, _sorted_ids, shows="ids and lists part when asked out of order"),
    edits(
        "one-to-one-empty",
        31,
        lambda c, a: receipts(a).clear() if kind_of(c) == 1 else None,
        shows="no items in one-to-one",
    ),
    edits(
        "groups-empty",
        32,
        lambda c, a: receipts(a).clear() if kind_of(c) == 2 else None,
        shows="no items in groups",
    ),
]

_FLAGS = [
    edits("flag-never-true", 34, _direct(lambda i: i.update({_FLAG: False})), shows="false"),
    edits("flag-always-true", 34, _direct(lambda i: i.update({_FLAG: True})), shows="true"),
    edits(
        "flag-inverted", 34, _direct(lambda i: i.update({_FLAG: not i[_FLAG]})), shows="inverted"
    ),
    edits(
        "one-to-one-lists-unread",
        41,
        _direct(lambda i: i.update({_READ: [], _UNREAD: [*i[_READ], *i[_UNREAD]]})),
        shows="true while the receiver is in UnReadUserIds",
    ),
    edits(
        "one-to-one-lists-read",
        41,
        _direct(lambda i: i.update({_READ: [*i[_READ], *i[_UNREAD]], _UNREAD: []})),
        shows="false while the receiver is in ReadUserIds",
    ),
]

_PEOPLE = [
    bends("reads-lost", 36, {"reads_lost": True}, operation="hook.read", shows="nobody reads"),
    items("readers-empty", 36, lambda i: i.update({_READ: []}), cls="counting", shows="[]"),
    items("readers-only-first", 36, _cut(_READ, 1), cls="counting", shows="one reader"),
    items(
        "readers-only-last",
        36,
        lambda i: i.update({_READ: i[_READ][-1:]}),
        cls="counting",
        shows="the last reader",
    ),
    items(
        "second-reader-unread",
        36,
        lambda i: unread_again(i, *i[_READ][1:]) if i[_READ][1:] else None,
        cls="rare-trigger",
        shows="from the second reader on still unread",
    ),
    items("even-ids-unread", 36, _even_only, cls="rare-trigger", shows="even ids are never read"),
    edits(
        "groups-never-read",
        36,
        _group(unread_again),
        cls="counting",
        shows="nobody has read in a group",
    ),
    items("unreaders-empty", 37, lambda i: i.update({_UNREAD: []}), cls="counting", shows="[]"),
    items("unreaders-only-first", 37, _cut(_UNREAD, 1), cls="counting", shows="one of many"),
    items(
        "unreaders-swapped",
        37,
        lambda i: i.update({_READ: i[_UNREAD], _UNREAD: i[_READ]}),
        cls="counting",
        shows="the two lists trade places",
    ),
    items(
        "unreaders-gone-at-first-read",
        37,
        lambda i: i.update({_UNREAD: []}) if i[_READ] else None,
        cls="rare-trigger",
        shows="one reader empties UnReadUserIds",
    ),
    items(
        "readers-stay-unread",
        38,
        lambda i: i.update({_UNREAD: [*i[_READ], *i[_UNREAD]]}),
        cls="counting",
        shows="readers in both lists",
    ),
    items(
        "readers-twice",
        38,
        lambda i: i.update({_READ: i[_READ] * 2}),
        cls="counting",
        shows="each reader twice",
    ),
    items(
        "unreaders-twice",
        38,
        lambda i: i.update({_UNREAD: [*i[_UNREAD], *i[_UNREAD][:1]]}),
        cls="counting",
        shows="the first of UnReadUserIds twice",
    ),
    bends("sender-unread", 39, {"sender_counts": True}, shows="the sender has not read"),
    edits("sender-read", 39, _sender_in(_READ), cls="counting", shows="the sender has read"),
    edits(
        "sender-unread-in-one-to-one",
        39,
        _sender_in(_UNREAD, single=True),
        cls="rare-trigger",
        shows="the sender in UnReadUserIds of one-to-one",
    ),
    items(
        "last-of-three-lost",
        40,
        lambda i: i.update({_UNREAD: i[_UNREAD][:-1]}) if len(i[_UNREAD]) > 2 else None,
        cls="rare-trigger",
        shows="the last of three or more is left out",
    ),
    items(
        "stranger-unread",
        40,
        lambda i: i.update({_UNREAD: [*i[_UNREAD], 1]}),
        cls="counting",
        shows="user 1 is in UnReadUserIds",
    ),
    items(
        "anonymous-unread",
        40,
        lambda i: i.update({_UNREAD: [0, *i[_UNREAD][1:]]}) if i[_UNREAD] else None,
        cls="counting",
        shows="user 0 for the first",
    ),
]

_SPREAD = [
    bends("read-of-all", 36, {"reads_spread": "group"}, operation="", cls="isolation", shows="all"),
    bends(
        "read-of-earlier",
        36,
        {"reads_spread": "earlier"},
        operation="",
        cls="isolation",
        shows="a read counts for all earlier messages",
    ),
    bends(
        "read-of-next",
        36,
        {"reads_spread": "next"},
        operation="",
        cls="isolation",
        shows="a read counts for the next message as well",
    ),
    bends(
        "read-everywhere",
        36,
        {"reads_spread": "everywhere"},
        operation="",
        cls="isolation",
        shows="a read counts in all conversations",
    ),
    bends("asking-reads", 37, {"asking_reads": True}, cls="isolation", shows="asking reads"),
    edits("answers-frozen", 36, _frozen, cls="timing", shows="the first answer for ever"),
    edits("reads-forgotten", 36, _forgets, cls="lifecycle", shows="unread at the third look"),
    edits("reads-flicker", 42, _flickers, cls="timing", shows="unread in every other answer"),
    edits("newest-resets", 36, _newest_resets, cls="lifecycle", shows="a new message resets"),
    edits("recall-resets", 42, _recall_resets, cls="rare-trigger", shows="a recall resets"),
]

ALL: list[Fault] = [*_BATCHES, *_FLAGS, *_PEOPLE, *_SPREAD]
