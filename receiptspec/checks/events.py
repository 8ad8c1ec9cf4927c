"""What a sender is notified of: what was read, once, in order, and nobody else."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from receiptspec.findings import Finding
from receiptspec.neutral import Answer, Conversation, Kind, Receipt

__all__ = [
    "NUMBERS",
    "agrees",
    "asks",
    "each_once",
    "named",
    "nothing",
    "notified",
    "once",
    "ordered",
    "placed",
    "repeated",
    "right_messages",
    "unread",
]

Heard = Sequence[tuple[Answer, Receipt]]
#: What a notification and a pull both say of a message.
NUMBERS = ("read", "unread", "peer_read")


def _finding(
    answer: Answer, message: str, path: str, expected: object, actual: object, signature: str
) -> Finding:
    return Finding(message, path, str(expected), str(actual), signature, (answer.exchange,))


def notified(evidence: Answer, reads: int, told: int, what: str) -> list[Finding]:
    """Expect each of `reads` to have been notified in time."""
    if told >= reads:
        return []
    return [
        _finding(
            evidence,
            f"the sender was told of {told} of {reads} reads of {what}",
            "notifications",
            f"one for each of {reads} reads",
            told,
            f"not-notified:{what}",
        )
    ]


def right_messages(heard: Heard, wanted: Collection[Any], evidence: Answer) -> list[Finding]:
    """Expect notifications to name the messages that were read, and only those."""
    findings = []
    named_ = {receipt.message for _, receipt in heard}
    for answer, receipt in heard:
        if receipt.message not in wanted:
            findings.append(
                _finding(
                    answer,
                    f"a notification names message {receipt.message}, which nobody has read",
                    f"{receipt.path}.msgID",
                    " or ".join(map(str, wanted)),
                    receipt.message,
                    "notice-of-another-message",
                )
            )
    missing = [name for name in wanted if name not in named_]
    if missing and heard:
        findings.append(
            _finding(
                evidence,
                f"no notification names {', '.join(map(str, missing[:5]))}, read with the others",
                "notifications",
                ", ".join(map(str, wanted)),
                ", ".join(map(str, named_)),
                "notice-misses-a-message",
            )
        )
    return findings


def unread(answer: Answer, receipt: Receipt) -> list[Finding]:
    """Say that a notification names a message that nobody was asked to read."""
    return [
        _finding(
            answer,
            f"a notification names message {receipt.message}, which nobody has read",
            f"{receipt.path}.msgID",
            "a message that was read",
            receipt.message,
            "notice-of-an-unread-message",
        )
    ]


def agrees(heard: Heard, pulled: Receipt) -> list[Finding]:
    """Expect the last notification of a message to say what a pull says."""
    about = [(answer, receipt) for answer, receipt in heard if receipt.message == pulled.message]
    if not about:
        return []
    answer, last = about[-1]
    findings = []
    for field in NUMBERS:
        told, got = getattr(last, field), getattr(pulled, field)
        if got is not None and told != got:
            name = "isPeerRead" if field == "peer_read" else last.name(field)
            findings.append(
                _finding(
                    answer,
                    f"the last notification says {name} {told}, a pull {got}",
                    f"{last.path}.{name}",
                    got,
                    told,
                    f"notice-disagrees:{field}",
                )
            )
    return findings


def counts_up(heard: Heard, readers: int) -> list[Finding]:
    """Expect the notifications of a message, one for each of its readers, to count up to all."""
    told = [(answer, receipt) for answer, receipt in heard if receipt.read is not None]
    if len(told) < readers or not told:
        return []
    answer, most = max(told, key=lambda pair: pair[1].read or 0)
    if (most.read or 0) >= readers:
        return []
    return [
        _finding(
            answer,
            f"{len(told)} notifications of {readers} readers count {most.read} at most",
            most.place("read"),
            readers,
            most.read,
            "notices-count-too-few",
        )
    ]


def asks(answer: Answer, wish: Any, wanted: bool, message: Any) -> list[Finding]:
    """Expect a received message to tell whether its sender wants a receipt."""
    if wish is wanted:
        return []
    return [
        _finding(
            answer,
            f"message {message} comes with needReadReceipt {wish}, it was sent with {wanted}",
            "$.params.message.needReadReceipt",
            wanted,
            "none" if wish is None else wish,
            f"wish:{wanted}",
        )
    ]


def once(heard: Heard, message: Any, reads: int) -> list[Finding]:
    """Expect no more different notifications of a message than it was read.

    One that says again what was said is harmless: it holds numbers, not a difference.
    """
    about = [(answer, receipt) for answer, receipt in heard if receipt.message == message]
    said = {(r.read, r.unread, r.peer_read) for _, r in about}
    if len(said) <= reads:
        return []
    return [
        _finding(
            about[-1][0],
            f"{len(said)} different notifications of a message that was read {reads} times",
            "notifications",
            f"at most {reads}",
            len(said),
            "notified-too-often",
        )
    ]


def repeated(heard: Heard, message: Any) -> int:
    """Return how many notifications of a message say what another has said."""
    about = [receipt for _, receipt in heard if receipt.message == message]
    return len(about) - len({(r.read, r.unread, r.peer_read) for r in about})


def ordered(heard: Heard, window: float = 0.0) -> list[Finding]:
    """Expect the count of readers of a message never to fall from one notification to the next.

    Of quick reads one may be told `window` seconds later than another.
    """
    newest: dict[Any, int] = {}
    since: dict[Any, float] = {}
    for answer, receipt in heard:
        if receipt.read is None:
            continue
        before, moment = newest.get(receipt.message, -1), answer.exchange.started
        if receipt.read < before:
            if moment - since[receipt.message] < window:
                continue
            return [
                _finding(
                    answer,
                    f"a notification says {receipt.read} readers after one that said {before}",
                    receipt.place("read"),
                    f"at least {before}",
                    receipt.read,
                    "notices-out-of-order",
                )
            ]
        if receipt.read > before:
            since[receipt.message] = moment
        newest[receipt.message] = receipt.read
    return []


def each_once(answer: Answer, twice: Sequence[Any]) -> list[Finding]:
    """Expect an answer to name each message once; `twice` are those that it names again."""
    return [
        _finding(
            answer,
            f"the answer holds two receipts of message {name}",
            "$.result.receipts",
            "one receipt for each message",
            "two",
            "receipt-twice",
        )
        for name in twice[:1]
    ]


def nothing(heard: Heard, who: str, why: str) -> list[Finding]:
    """Expect nobody to have been notified."""
    return [
        _finding(
            answer,
            f"{who} is notified of message {receipt.message}: {why}",
            receipt.path,
            "no notification",
            "one",
            f"notified:{who}",
        )
        for answer, receipt in heard[:1]
    ]


def placed(
    answer: Answer, receipt: Receipt, conversation: Conversation, sender: Any
) -> list[Finding]:
    """Expect a receipt to name the group, or of two people the one who did not send its message."""
    if conversation.kind is Kind.GROUP:
        return named(answer, receipt, "conversation", conversation.id)
    other = next(user for user in conversation.members if user != sender)
    return named(answer, receipt, "peer", other)


def named(answer: Answer, receipt: Receipt, field: str, wanted: Any) -> list[Finding]:
    """Expect a receipt to name its conversation, or a read to be called one."""
    names = {"conversation": "groupID", "peer": "userID", "peer_read": "isPeerRead"}
    got = getattr(receipt, field)
    if got == wanted:
        return []
    return [
        _finding(
            answer,
            f"{names[field]} of a receipt is {got!r}",
            f"{receipt.path}.{names[field]}",
            wanted,
            "none" if got is None else got,
            f"{names[field]}:wrong",
        )
    ]
