"""What the operations beside the receipts tell of messages and members."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any

from receiptspec.findings import Finding
from receiptspec.neutral import Answer

__all__ = ["as_sent", "described", "foreign", "kept_place", "rising", "shown_once", "unasked"]


def shown_once(
    answer: Answer, shown: Sequence[Any], wanted: Collection[Any], why: str
) -> list[Finding]:
    """Expect each message that was asked for to be shown, and none twice."""
    found = []
    for id_ in wanted:
        times = shown.count(id_)
        if times != 1:
            what = "is not shown" if not times else f"is shown {times} times"
            message = f"message {id_}, asked for {why}, {what}"
            found.append(_finding(answer, message, "one item", f"{times}", f"{what[:8]}:{why}"))
    return found[:1]


def as_sent(
    answer: Answer, id_: Any, fields: Mapping[str, tuple[Any, Any]], why: str
) -> list[Finding]:
    """Expect what a message is shown with to be what it was sent with."""
    return [
        _finding(
            answer,
            f"message {id_}, asked for {why}, is shown with another {name} than it was sent with",
            repr(sent),
            repr(told),
            f"another {name}",
        )
        for name, (sent, told) in fields.items()
        if sent != told
    ][:1]


def rising(answer: Answer, places: Sequence[tuple[Any, Any]], why: str) -> list[Finding]:
    """Expect messages, oldest first, to have rising places, none of them twice."""
    for (one, first), (two, second) in pairwise(places):
        if first >= second:
            what = "the same place as" if first == second else "a place before"
            message = f"message {two}, asked for {why}, has {what} the older message {one}"
            return [
                _finding(answer, message, f"more than {first}", f"{second}", "no rising places")
            ]
    return []


def kept_place(answer: Answer, id_: Any, before: Any, now: Any, why: str) -> list[Finding]:
    """Expect a message to be where it was."""
    if before == now:
        return []
    message = f"message {id_}, asked for {why}, has another place than before"
    return [_finding(answer, message, f"{before}", f"{now}", "another place")]


def foreign(answer: Answer, id_: Any) -> list[Finding]:
    """Say that a message of another conversation is shown as one of this."""
    message = f"message {id_} of another conversation is shown"
    return [_finding(answer, message, "no item", f"{id_}", "a foreign message")]


def unasked(
    answer: Answer, shown: Sequence[Any], wanted: Collection[Any], why: str
) -> list[Finding]:
    """Expect no other message of the conversation to be shown than those that were asked for."""
    more = [id_ for id_ in shown if id_ not in wanted]
    if not more:
        return []
    message = f"message {more[0]} is shown, where others were asked for {why}"
    return [_finding(answer, message, "no item", f"{more[0]}", f"unasked:{why}")]


def described(
    answer: Answer,
    told: Collection[Any],
    there: Collection[Any],
    gone: Collection[Any],
    failed: Collection[Any],
) -> list[Finding]:
    """Expect just the members to be described, and nobody who is one to have failed to be added."""
    found = []
    for user in there:
        if user not in told and user not in failed:
            what = f"member {user} is not described"
            found.append(_finding(answer, what, "a description", "none", "member missing"))
    for user in gone:
        if user in told:
            what = f"user {user}, who is no member, is described as one"
            found.append(_finding(answer, what, "no description", f"{user}", "no member"))
    for user in failed:
        if user in told:
            what = f"user {user} was said not to have been added, and is a member"
            found.append(_finding(answer, what, "no failure", f"{user}", "failed and added"))
    return found[:1]


def _finding(answer: Answer, message: str, expected: str, actual: str, kind: str) -> Finding:
    return Finding(message, "$.Result", expected, actual, f"neighbour:{kind}", (answer.exchange,))
