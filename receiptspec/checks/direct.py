"""Receipts between two people, and the unread counts of conversations."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from receiptspec.findings import Finding
from receiptspec.neutral import Answer, Message, Receipt, Strayed

__all__ = [
    "all_read",
    "all_there",
    "as_sent",
    "at_most",
    "between",
    "complete",
    "counted",
    "has_integer",
    "is_number",
    "kept",
    "key_form",
    "none_read",
    "not_kept",
    "one_of",
    "told",
]

_KEY = re.compile(r"(\d+)_(\d+)_(\d+)")


class Seen(Protocol):
    """An answer with the receipts in it."""

    @property
    def answer(self) -> Answer:
        """The answer."""

    @property
    def receipts(self) -> Mapping[Any, Receipt]:
        """Its receipts by message id."""


def _finding(
    answer: Answer, message: str, path: str, expected: object, actual: object, signature: str
) -> Finding:
    return Finding(message, path, str(expected), str(actual), signature, (answer.exchange,))


def _turned(seen: Seen, messages: Sequence[Message], wanted: bool, why: str) -> list[Finding]:
    findings = []
    for message in messages:
        receipt = seen.receipts.get(message.id)
        if receipt is None or receipt.peer_read is None or receipt.peer_read is wanted:
            continue
        findings.append(
            _finding(
                seen.answer,
                f"{message.id} is marked {'read' if receipt.peer_read else 'unread'}: {why}",
                f"{receipt.path}.{receipt.peer_key}",
                "read" if wanted else "unread",
                "read" if receipt.peer_read else "unread",
                f"peer-read:{int(receipt.peer_read)}:{why}",
            )
        )
    return findings


def none_read(seen: Seen, messages: Sequence[Message], why: str) -> list[Finding]:
    """Expect none of `messages` to be marked as read by its receiver."""
    return _turned(seen, messages, False, why)


def all_read(seen: Seen, messages: Sequence[Message]) -> list[Finding]:
    """Expect each of `messages` to be marked as read by its receiver."""
    return _turned(seen, messages, True, "its receiver has acknowledged it")


def kept(
    answer: Answer, before: int | None, after: int | None, why: str, what: str = "unread count"
) -> list[Finding]:
    """Expect an unread count, or another number that `what` names, to be what it was."""
    if before is None or after is None or before == after:
        return []
    return [
        _finding(
            answer,
            f"{why} changes the {what} from {before} to {after}",
            what,
            before,
            after,
            f"unread-changed:{why}",
        )
    ]


def is_number(answer: Answer, actual: int | None, wanted: int, why: str) -> list[Finding]:
    """Expect an unread count to be `wanted`."""
    if actual is None or actual == wanted:
        return []
    return [
        _finding(
            answer,
            f"{actual} messages are unread after {why}",
            "unread count",
            wanted,
            actual,
            f"unread:{why}",
        )
    ]


def has_integer(answer: Answer, key: str) -> list[Finding]:
    """Expect a field to be there and to be an integer."""
    value = answer.get(key)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return []
    return [
        _finding(answer, f"{key} is {value!r}", f"$.{key}", "an Integer", repr(value), f"no-{key}")
    ]


def told(
    answer: Answer, counts: Mapping[Any, int], failed: Collection[Any], peers: Iterable[Any]
) -> list[Finding]:
    """Expect a number for each peer who has written, or that the answer says for whom it failed."""
    return [
        _finding(answer, f"no number for {peer}", "$", f"one for {peer}", "none", "no-number")
        for peer in peers
        if peer not in counts and peer not in failed
    ]


def counted(answer: Answer, number: str, items: str) -> list[Finding]:
    """Expect a field to count the items of a list."""
    told_, listed = answer.get(number), answer.get(items)
    length = len(listed) if isinstance(listed, list) else 0
    if told_ == length:
        return []
    return [
        _finding(
            answer,
            f"{number} is {told_} and {items} has {length}",
            f"$.{number}",
            length,
            told_,
            f"{number}-differs",
        )
    ]


def one_of(answer: Answer, key: str, allowed: Collection[Any]) -> list[Finding]:
    """Expect a field to have one of a few values."""
    value = answer.get(key)
    if not isinstance(value, bool) and value in allowed:
        return []
    return [
        _finding(
            answer,
            f"{key} is {value!r}",
            f"$.{key}",
            " or ".join(map(str, allowed)),
            repr(value),
            f"{key}-odd",
        )
    ]


def all_there(
    answer: Answer, got: Collection[Any], wanted: Collection[Any], where: str
) -> list[Finding]:
    """Expect every message that was sent to be found."""
    missing = [item for item in wanted if item not in got]
    if not missing:
        return []
    return [
        _finding(
            answer,
            f"{where} lacks {len(missing)} of {len(wanted)} messages",
            "$",
            ", ".join(map(str, wanted)),
            ", ".join(map(str, got)) or "none",
            f"{where}:lacks",
        )
    ]


def none_twice(answer: Answer, items: str, key: str) -> list[Finding]:
    """Expect no two items of a list to have the same `key`."""
    listed = answer.get(items)
    found = [
        item.get(key)
        for item in (listed if isinstance(listed, list) else ())
        if isinstance(item, dict)
    ]
    twice = [name for place, name in enumerate(found) if name in found[:place]]
    if not twice:
        return []
    why = f"{items} has several items of {key} {twice[0]}"
    return [_finding(answer, why, f"$.{items}", "one item each", str(found), f"{items}:twice")]


def none_of(
    answer: Answer, got: Collection[Any], unwanted: Collection[Any], where: str
) -> list[Finding]:
    """Expect no message that does not belong there."""
    strange = [item for item in unwanted if item in got]
    if not strange:
        return []
    wanted = f"none of {', '.join(map(str, unwanted))}"
    said = f"{where} holds {len(strange)} messages of another time"
    return [_finding(answer, said, "$", wanted, ", ".join(map(str, got)), f"{where}:holds-others")]


def as_sent(answer: Answer, strayed: Sequence[Strayed], where: str) -> list[Finding]:
    """Say what of a message that was read back is not what was sent."""
    return [
        _finding(
            answer,
            f"{one.path} of a message is not what was sent",
            f"$.{where}.{one.path}",
            repr(one.expected),
            repr(one.actual),
            f"strayed:{one.path}",
        )
        for one in strayed
    ]


def not_kept(answer: Answer, text: str, kept: Collection[Any]) -> list[Finding]:
    """Expect a history not to hold the text of a message that is not to be stored."""
    if text not in kept:
        return []
    why = "a message for who is online alone is in the history"
    return [_finding(answer, why, "$", "not there", repr(text), "kept-for-good")]


def between(answer: Answer, people: Collection[Any] | None, pair: Collection[Any]) -> list[Finding]:
    """Expect a message of two people to be from one of them to the other."""
    if people is None or set(people) == set(pair):
        return []
    return [
        _finding(
            answer,
            "the history of two people shows what others sent",
            "$.MsgList[].From_Account",
            ", ".join(map(str, pair)),
            ", ".join(map(str, people)),
            "of-others",
        )
    ]


def at_most(
    answer: Answer, number: int, size: int, what: str = "messages", path: str = "$.MsgList"
) -> list[Finding]:
    """Expect an answer to hold no more messages, or other things, than were asked for."""
    if number <= size:
        return []
    return [
        _finding(
            answer,
            f"at most {size} {what} were asked for and {number} are there",
            path,
            f"at most {size}",
            number,
            "overfull-history",
        )
    ]


def complete(answer: Answer, done: bool) -> list[Finding]:
    """Expect a walk through the history to end with Complete 1."""
    if done:
        return []
    return [
        _finding(answer, "the walk does not end", "$.Complete", 1, answer.get("Complete"), "no-end")
    ]


def key_form(answer: Answer, number: int) -> list[Finding]:
    """Expect MsgKey to be made of the message's own sequence, random number and time."""
    key, sent = answer.get("MsgKey"), answer.get("MsgTime")
    found = _KEY.fullmatch(key) if isinstance(key, str) and len(key) <= 50 else None
    if found and int(found[2]) == number and int(found[3]) == sent:
        return []
    return [
        _finding(
            answer,
            f"the key {key!r} is not made of the message's own values",
            "$.MsgKey",
            f"seq_{number}_{sent}, at most 50 characters",
            repr(key),
            "key-form",
        )
    ]
