"""What the numbers of receipts mean.

Totals are compared as differences: the documents leave open whether the sender counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from receiptspec import strictjson
from receiptspec.contract import CodeId
from receiptspec.findings import Finding, distinct
from receiptspec.neutral import Answer, Receipt

__all__ = [
    "changed",
    "claimed",
    "covered",
    "disagreement",
    "disjoint",
    "each_answered",
    "elsewhere",
    "flag",
    "fresh_read",
    "fresh_unread",
    "has_list",
    "listed",
    "no_receipt",
    "no_receipt_code",
    "not_listed",
    "nothing_left",
    "rounded",
    "same",
    "spelt_otherwise",
    "taken_for",
    "told_otherwise",
    "unasked",
    "users_rounded",
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
        if receipt is None and (spelt := spelt_otherwise(answer, message)):
            findings.append(_misspelt(answer, message, spelt))
        elif receipt is None or not receipt.known:
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


@dataclass(frozen=True, slots=True)
class Spelling:
    """A field by another type than it should have: its path, how it is written, what is there."""

    path: str
    how: str
    shown: str

    @property
    def said(self) -> str:
        """What to tell of it."""
        name = self.path.rpartition(".")[2]
        return f"is there, but its {name} is {self.how}"


def spelt_otherwise(answer: Answer, message: Any) -> Spelling | None:
    """Return how an item names a message, where that is by another type."""
    if not isinstance(message, int):
        return None
    for path, value in strictjson.walk(answer.value):
        if "[" not in path or path.endswith("]") or not isinstance(value, str):
            continue
        if isinstance(value, strictjson.RawNumber):
            if _is_number(value, message):
                return Spelling(path, "not written as an integer", str(value))
        elif value == str(message):
            return Spelling(path, "text", f'"{value}"')
    return None


def _is_number(token: str, number: int) -> bool:
    """Whether a number that is not written as an integer is, in a double, what `number` is."""
    try:
        return float(token) == float(number)
    except OverflowError:
        return False


def _misspelt(answer: Answer, message: Any, spelt: Spelling) -> Finding:
    return _finding(
        answer,
        f"the item of message {message} {spelt.said}",
        spelt.path,
        f"{message}, an integer",
        spelt.shown,
        f"unanswered:{spelt.said}",
    )


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
    """Expect `field` (``read`` or ``unread``) to have moved by exactly `by`.

    The numbers of an item without data mean nothing.
    """
    was = getattr(before, field) if before.known else None
    now = getattr(after, field) if after is not None else None
    if was is not None and after is not None and not after.known:
        return _no_data(answer, after, why)
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


def _no_data(answer: Answer, receipt: Receipt, why: str) -> list[Finding]:
    code = f"Code {receipt.code}"
    return [
        _finding(
            answer,
            f"message {receipt.message} has no data any more ({code}) after {why}",
            receipt.path,
            "an item with data",
            code,
            f"no-data:{code}",
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
        moves = [changed(answer, one, two, field, 0, why) for field in ("read", "unread")]
        findings += distinct([finding for move in moves for finding in move])
    return findings


def told_otherwise(answer: Answer, before: Receipts, after: Receipts, why: str) -> list[Finding]:
    """Expect what is told of each message to be what it was; in which order it comes is open."""
    findings = []
    for message in sorted({*before, *after}, key=str):
        one, two = before.get(message), after.get(message)
        was, now = _told(one), _told(two)
        if was != now:
            what = f"message {message} has {now} after {why}, was {was}"
            path = two.path if two is not None else "$"
            findings.append(_finding(answer, what, path, was, now, f"told-otherwise:{why}"))
    return findings


def _told(receipt: Receipt | None) -> str:
    """Say what a receipt tells, lists in an order of our own."""
    if receipt is None:
        return "no item"
    if not receipt.known:
        return f"Code {receipt.code}"
    told = (
        (receipt.read_key, _counted(receipt.read, receipt.readers)),
        (receipt.unread_key, _counted(receipt.unread, receipt.non_readers)),
        (receipt.peer_key, receipt.peer_read),
        ("conversation", receipt.conversation),
    )
    return ", ".join(f"{name} {value}" for name, value in told if value is not None) or "nothing"


def _counted(number: int | None, people: Collection[Any] | None) -> str | None:
    """Say how many there are, and who."""
    if people is None:
        return None if number is None else str(number)
    named = f"[{', '.join(sorted(map(str, people)))}]"
    return named if number is None else f"{number} {named}"


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
    answer: Answer, receipts: Receipts, message: Any, codes: Collection[CodeId] | None, why: str
) -> list[Finding]:
    """Expect a message without receipt data to have none: by its item, or by the whole answer.

    Without `codes` a refusal with any code that is a number says so.
    """
    if answer.refused and (isinstance(answer.code, int) if codes is None else answer.code in codes):
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
            f"an item or an answer with code {' or '.join(map(str, codes or ['of an error']))}",
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


def listed(
    answer: Answer,
    receipt: Receipt,
    reading: bool,
    wanted: Collection[Any],
    tolerated: Collection[Any] = (),
) -> list[Finding]:
    """Expect the list of those who have read (or, not `reading`, have not) to hold `wanted`.

    Says nothing of `tolerated` users, nor where the answer has no such list.
    """
    got = receipt.readers if reading else receipt.non_readers
    if got is None:
        return []
    field = "read" if reading else "unread"
    missing = [user for user in wanted if user not in got]
    extra = [user for user in got if user not in wanted and user not in tolerated]
    return [
        _finding(
            answer,
            f"{receipt.name(field)} of message {receipt.message} {what} {_named(users)}",
            receipt.place(field),
            _named(sorted(wanted, key=str)) or "nobody",
            _named(got) or "nobody",
            f"{field}-list:{kind}",
        )
        for what, users, kind in (("lacks", missing, "lacks"), ("has", extra, "has"))
        if users
    ]


def _named(users: Collection[Any]) -> str:
    shown = [str(user) for user in list(users)[:6]]
    return ", ".join(shown) + (", …" if len(users) > 6 else "")


def disjoint(answer: Answer, receipt: Receipt) -> list[Finding]:
    """Expect nobody in both lists, nor twice in one."""
    readers, others = receipt.readers or (), receipt.non_readers or ()
    findings = []
    both = [user for user in dict.fromkeys(readers) if user in others]
    if both:
        findings.append(
            _finding(
                answer,
                f"{_named(both)} both has and has not read message {receipt.message}",
                receipt.path,
                "nobody in both lists",
                _named(both),
                "in-both-lists",
            )
        )
    for field, users in (("read", readers), ("unread", others)):
        twice = [user for user, times in Counter(users).items() if times > 1]
        if twice:
            findings.append(
                _finding(
                    answer,
                    f"{receipt.name(field)} of {receipt.message} names {_named(twice)} twice",
                    receipt.place(field),
                    "everybody once",
                    _named(users),
                    f"{field}-list:twice",
                )
            )
    return findings


def not_listed(answer: Answer, receipt: Receipt, user: Any, who: str) -> list[Finding]:
    """Expect `user` in neither list."""
    return [
        _finding(
            answer,
            f"{receipt.name(field)} of message {receipt.message} names {who}",
            receipt.place(field),
            f"nobody but members other than {who}",
            _named(users),
            f"{field}-list:{who}",
        )
        for field, users in (("read", receipt.readers), ("unread", receipt.non_readers))
        if users is not None and user in users
    ]


def flag(answer: Answer, receipt: Receipt, expected: bool, why: str) -> list[Finding]:
    """Expect the receipt to say whether the other of two people has read."""
    if receipt.peer_read is None or receipt.peer_read is expected:
        return []
    return [
        _finding(
            answer,
            f"{receipt.peer_key} of message {receipt.message} is "
            f"{str(receipt.peer_read).lower()}; {why}",
            f"{receipt.path}.{receipt.peer_key}",
            str(expected).lower(),
            str(receipt.peer_read).lower(),
            f"peer-read:{expected}",
        )
    ]


def unasked(answer: Answer, receipts: Sequence[Receipt], asked: Collection[Any]) -> list[Finding]:
    """Expect no item but for messages that were asked for."""
    return [
        _finding(
            answer,
            f"an item answers for message {receipt.message}, which was not asked for",
            receipt.path,
            _named(sorted(asked, key=str)),
            receipt.message,
            "unasked-item",
        )
        for receipt in receipts
        if receipt.message not in asked
    ]


def repeated(answer: Answer, receipts: Sequence[Receipt], asked: Sequence[Any]) -> list[Finding]:
    """Expect one item of a message that was named once."""
    told = Counter(receipt.message for receipt in receipts)
    places = {receipt.message: receipt.path for receipt in receipts}
    return [
        _finding(
            answer,
            f"message {message} was asked for once and has {told[message]} items",
            places[message],
            "one item",
            f"{told[message]} items",
            "item-repeated",
        )
        for message, times in Counter(asked).items()
        if times == 1 < told[message]
    ]


def elsewhere(answer: Answer, receipts: Sequence[Receipt], conversation: Any) -> list[Finding]:
    """Expect every item to name the conversation that was asked about."""
    return [
        _finding(
            answer,
            f"the item of message {receipt.message} names conversation {receipt.conversation}",
            receipt.path,
            conversation,
            receipt.conversation,
            "another-conversation",
        )
        for receipt in receipts
        if receipt.conversation is not None and receipt.conversation != conversation
    ]


def claimed(answer: Answer, receipt: Receipt, conversation: Any) -> list[Finding]:
    """Say that a message of another conversation is shown as one of this conversation."""
    if receipt.conversation != conversation:
        return elsewhere(answer, [receipt], conversation)
    return [
        _finding(
            answer,
            f"the item of message {receipt.message}, which is of another conversation, "
            f"names conversation {conversation}",
            receipt.path,
            "no item, or an empty one",
            conversation,
            "foreign-message-claimed",
        )
    ]


def rounded(
    answer: Answer, what: str, path: str, number: Any, known: Collection[Any]
) -> list[Finding]:
    """Expect an integer beyond 2^53 to have kept all its digits.

    A number that is none of the `known` ones but is what one of them becomes in a double lost some.
    """
    if not isinstance(number, int) or number in known:
        return []
    twins = [
        k for k in known if isinstance(k, int) and k > 2**53 and _as_double(number) == _as_double(k)
    ]
    if not twins:
        return []
    return [
        _finding(
            answer,
            f"{what} {twins[0]} comes back as {number}",
            path,
            twins[0] if len(twins) == 1 else f"one of {_named(twins)}",
            number,
            f"rounded:{what}",
        )
    ]


def users_rounded(
    answer: Answer, receipt: Receipt, members: Sequence[Any], *, sure: bool
) -> list[Finding]:
    """Expect the users of both lists to have kept all their digits.

    A stranger is what a member has become only if that one is in no list. It is `sure` where the
    first of the members is the sender and nobody else was ever there; elsewhere a stranger may have
    left, whose id is not that of a double by chance, and one who is in no list is the sender.
    """
    named = [*(receipt.readers or ()), *(receipt.non_readers or ())]
    missing = [user for user in members[sure:] if user not in named]
    if not sure and len(missing) < 2:
        return []
    findings: list[Finding] = []
    for user in dict.fromkeys(named):
        if not isinstance(user, int) or user in members:
            continue
        if sure:
            findings += rounded(answer, "user", receipt.path, user, missing)
            continue
        lost = [k for k in missing if isinstance(k, int) and user in _shortened(k)]
        findings += _became(answer, lost, user, receipt.path)
    return findings


def _became(answer: Answer, lost: Sequence[int], user: int, path: str) -> list[Finding]:
    """Say that one of the `lost` users comes back as another."""
    if not lost:
        return []
    return [
        _finding(
            answer,
            f"user {lost[0]} comes back as {user}",
            path,
            lost[0] if len(lost) == 1 else f"one of {_named(lost)}",
            user,
            "rounded:user",
        )
    ]


def _shortened(number: int) -> set[int]:
    """Return what an id becomes in a double or in 53 bits, where hardly another id is that.

    At least one of 256 ids has to be in the way: closer to 2^53, doubles are ids like others.
    """
    over = number.bit_length() - 53
    found = {number % 2**53} if number % 2**53 > 2**32 and over > 0 else set()
    if over >= 8:
        found |= {int(float(number)), number >> over << over, int(Decimal(repr(float(number))))}
    return found - {number, 0}


def _as_double(number: int) -> float:
    return float(f"{float(number):.15g}") if abs(number) < 2**63 else float(number)


def covered(
    answer: Answer, receipt: Receipt, listed_: Collection[Any], members: Collection[Any]
) -> list[Finding]:
    """Expect the two lists together to hold all members but the sender, and nobody else."""
    missing = [user for user in members if user not in listed_]
    extra = [user for user in listed_ if user not in members]
    if not missing and not extra:
        return []
    what = f"do not name {_named(missing)}" if missing else f"name {_named(extra)}, no member"
    return [
        _finding(
            answer,
            f"the lists of message {receipt.message} {what}",
            receipt.path,
            _named(members),
            _named(sorted(listed_, key=str)),
            f"lists-cover:{'missing' if missing else 'extra'}",
        )
    ]


def taken_for(answer: Answer, receipt: Receipt, asked: Any, exists: Any) -> list[Finding]:
    """Say that an id was taken for the one beside it."""
    return [
        _finding(
            answer,
            f"asked for {asked}, it answers with what belongs to {exists}",
            receipt.path,
            f"nothing of {exists}",
            receipt.message,
            "taken-for-another",
        )
    ]


def has_list(answer: Answer, receipt: Receipt, reading: bool, name: str) -> list[Finding]:
    """Expect a list that cannot be empty to be there, under its name."""
    if (receipt.readers if reading else receipt.non_readers) is not None:
        return []
    return [
        _finding(
            answer,
            f"the item of message {receipt.message} has no array of integers {name}",
            f"{receipt.path}.{name}",
            "an array of integers",
            "none such",
            f"no-list:{name}",
        )
    ]
