"""What the numbers of receipts mean.

Totals are compared as differences: the documents leave open whether the sender counts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from receiptspec.contract import CodeId
from receiptspec.findings import Finding
from receiptspec.neutral import Answer, Receipt

__all__ = [
    "changed",
    "disagreement",
    "each_answered",
    "fresh_read",
    "fresh_unread",
    "no_receipt",
    "no_receipt_code",
    "nothing_left",
    "same",
    "within",
]

Receipts = Mapping[Any, Receipt]


def _finding(
    answer: Answer, message: str, path: str, expected: object, actual: object, signature: str
) -> Finding:
    return Finding(message, path, str(expected), str(actual), signature, (answer.exchange,))


def each_answered(answer: Answer, receipts: Receipts, asked: Sequence[Any]) -> list[Finding]:
    """Expect one item with data for every message that has a receipt."""
    findings = []
    for message in asked:
        receipt = receipts.get(message)
        if receipt is None or not receipt.known:
            got = "no item" if receipt is None else f"Code {receipt.code}"
            findings.append(
                _finding(
                    answer,
                    f"message {message} asked for a receipt and gets {got}",
                    receipt.path if receipt else "$",
                    f"an item with data for {message}",
                    got,
                    f"unanswered:{got}",
                )
            )
    return findings


def fresh_read(answer: Answer, receipt: Receipt) -> list[Finding]:
    """Expect nobody to have read a message that was just sent."""
    if receipt.read in (0, None):
        return []
    return [
        _finding(
            answer,
            f"a message that nobody has read has {receipt.name('read')} {receipt.read}",
            receipt.place("read"),
            0,
            receipt.read,
            "fresh-read",
        )
    ]


def fresh_unread(answer: Answer, receipt: Receipt, members: int) -> list[Finding]:
    """Expect somebody, and not more than everybody, to have a new message unread."""
    if receipt.unread is None or 0 < receipt.unread <= members:
        return []
    return [
        _finding(
            answer,
            f"{receipt.name('unread')} is {receipt.unread}; nobody of {members} has read it",
            receipt.place("unread"),
            f"1 to {members}",
            receipt.unread,
            "fresh-unread",
        )
    ]


def changed(
    answer: Answer, before: Receipt, after: Receipt | None, field: str, by: int, why: str
) -> list[Finding]:
    """Expect `field` (``read`` or ``unread``) to have moved by exactly `by`."""
    was = getattr(before, field)
    now = getattr(after, field) if after is not None else None
    if was is None or (after is not None and now is None) or now == was + by:
        return []
    name = before.name(field)
    return [
        _finding(
            answer,
            f"{name} of message {before.message} is {now} after {why}, was {was}",
            (after or before).place(field),
            was + by,
            "no item" if now is None else now,
            f"{field}:{by:+d}:{_step(was, now)}",
        )
    ]


def _step(was: int, now: int | None) -> str:
    return "gone" if now is None else f"{now - was:+d}"


def same(
    answer: Answer, before: Receipts, after: Receipts, messages: Collection[Any], why: str
) -> list[Finding]:
    """Expect the numbers of `messages` to be what they were."""
    findings = []
    for message in messages:
        one, two = before.get(message), after.get(message)
        if one is None or not one.known:
            continue
        for field in ("read", "unread"):
            findings += changed(answer, one, two, field, 0, why)
    return findings


def within(answer: Answer, receipt: Receipt, members: int, why: str) -> list[Finding]:
    """Expect that not more members have read a message than there are."""
    if receipt.read is None or receipt.read <= members:
        return []
    return [
        _finding(
            answer,
            f"{receipt.read} members have read a message in a group of {members} after {why}",
            receipt.place("read"),
            f"at most {members}",
            receipt.read,
            "more-readers-than-members",
        )
    ]


def nothing_left(answer: Answer, receipt: Receipt) -> list[Finding]:
    """Expect nobody but perhaps the sender to be left when all others have read."""
    if receipt.unread is None or receipt.unread in (0, 1):
        return []
    return [
        _finding(
            answer,
            f"all other members have read and {receipt.name('unread')} is still {receipt.unread}",
            receipt.place("unread"),
            "0 (or 1, the sender)",
            receipt.unread,
            "somebody-left",
        )
    ]


def no_receipt(
    answer: Answer, receipts: Receipts, message: Any, codes: Collection[CodeId], why: str
) -> list[Finding]:
    """Expect a message without receipt data to have none: by its item, or by the whole answer."""
    if answer.refused and answer.code in codes:
        return []
    receipt = receipts.get(message)
    if answer.accepted and receipt is not None and not receipt.known:
        return []
    got = answer.describe() if receipt is None else f"Code {receipt.code}"
    if answer.accepted and receipt is None:
        got = "no item"
    return [
        _finding(
            answer,
            f"{why} gets {got}",
            f"{receipt.path}.Code" if receipt else "$",
            f"an item or an answer with code {' or '.join(map(str, codes))}",
            got,
            f"receipt-for:{why}:{got}",
        )
    ]


def no_receipt_code(
    answer: Answer, receipts: Receipts, message: Any, codes: Collection[CodeId], why: str
) -> list[Finding]:
    """Expect an item that says "no receipt" to say it with the documented code."""
    receipt = receipts.get(message)
    if not answer.accepted or receipt is None or receipt.known or receipt.code in codes:
        return []
    return [
        _finding(
            answer,
            f"{why} gets an item with code {receipt.code}",
            f"{receipt.path}.Code",
            " or ".join(map(str, codes)),
            receipt.code,
            f"item-code:{receipt.code}",
        )
    ]


def disagreement(
    answer: Answer, receipt: Receipt, field: str, lengths: Sequence[int]
) -> list[Finding]:
    """Say that a count is none of the lengths that its list may have."""
    return [
        _finding(
            answer,
            f"{receipt.name(field)} is {getattr(receipt, field)}, its list says otherwise",
            receipt.place(field),
            " or ".join(map(str, lengths)),
            getattr(receipt, field),
            f"list-length:{field}",
        )
    ]
