"""Ways to declare faults of Volcengine's face; names, rows and levels are filled in here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from receiptspec.reference.behaviour import PASS, SHRUG, Fault, Refuses
from receiptspec.reference.calls import Call, Refusal, Reply
from receiptspec.reference.volcengine.state import Conversation

__all__ = [
    "ASK",
    "HASH",
    "MISMATCH",
    "WRONG",
    "accepted",
    "asked",
    "bends",
    "bytes_of",
    "decides",
    "done",
    "edits",
    "failures",
    "items",
    "judges",
    "kind_of",
    "lists",
    "metadata",
    "miscoded",
    "noting_leavers",
    "place_of",
    "placed",
    "receipts",
    "refused_if",
    "replies",
    "results",
    "tolerated",
    "unread_again",
    "without",
]

ASK = "GetMessagesReadReceipt"
MISMATCH = "SignatureDoesNotMatch"
HASH, WRONG = ("X-Content-Sha256", "wrong"), ("Signature", "wrong")
Document = dict[str, Any]

#: Rows of level MUST; every other row with faults is a SHOULD.
_MUST = frozenset(
    (1, 2, 3, 5, 6, 7, 8, 9, 11, 12, 20, 23, 24, 25, 26, 27, 28, 31, 32, 34, 36, 37, 56, 59)
) | frozenset((60, 61, 65, 67, 69, 70, 71, 80, 87, 88, 89, 101))


_SHOULD = frozenset(f"VE-GMRR-{row}" for row in ("20a", "69a", "71a", "83a", "93a", "108"))


def _declared(name: str, row: int | str, cls: str, more: Mapping[str, Any]) -> Document:
    requirement = row if isinstance(row, str) else f"VE-GMRR-{row:02}"
    must = row not in _SHOULD if isinstance(row, str) else row in _MUST
    level = "MUST" if must else "SHOULD"
    return {
        "name": f"ve-{name}",
        "vendor": "volcengine",
        "operation": ASK,
        "requirement": requirement,
        "level": level,
        "cls": cls,
        **more,
    }


def bends(name: str, row: int | str, knobs: Mapping[str, Any], **more: Any) -> Fault:
    """Decide questions of the handlers another way."""
    return Fault(knobs=knobs, **_declared(name, row, "counting", more))


def judges(name: str, row: int | str, refuses: Refuses, **more: Any) -> Fault:
    """Decide refusals by a function."""
    return Fault(refuses=refuses, **_declared(name, row, "leniency", more))


def decides(violations: tuple[tuple[str, str], ...], decision: int | str) -> Refuses:
    """Return a decision of refusals by place and reason; ``*`` stands for every reason."""

    def refuses(_call: Call, place: str, reason: str, _code: int | str) -> int | str | None:
        matches = (place, reason) in violations or (place, "*") in violations
        return decision if matches else None

    return refuses


def tolerated(name: str, row: int | str, *violations: tuple[str, str], **more: Any) -> Fault:
    """Go on after a violation as if the value were right."""
    return judges(name, row, decides(violations, PASS), **more)


def accepted(name: str, row: int | str, *violations: tuple[str, str], **more: Any) -> Fault:
    """Answer a violation with an empty success."""
    return judges(name, row, decides(violations, SHRUG), **more)


def miscoded(
    name: str, row: int | str, code: str, *violations: tuple[str, str], **more: Any
) -> Fault:
    """Refuse a violation with a code that does not fit it."""
    how = {"cls": "code", "level": "SHOULD", **more}
    return judges(name, row, decides(violations, code), **how)


def refused_if(
    name: str, row: int | str, code: str, test: Callable[[Call], bool], **more: Any
) -> Fault:
    """Refuse what is documented to work."""

    def request(call: Call) -> None:
        if test(call):
            raise Refusal(code, "refused")

    return Fault(request=request, **_declared(name, row, "limits", more))


def edits(
    name: str, row: int | str, edit: Callable[[Call, Document], object], **more: Any
) -> Fault:
    """Change the answer's document."""

    def answer(call: Call, document: Document) -> None:
        edit(call, document)

    return Fault(answer=answer, **_declared(name, row, "shape", more))


def results(name: str, row: int | str, edit: Callable[[Document], object], **more: Any) -> Fault:
    """Change the document of a success."""
    return edits(name, row, lambda _c, a: edit(a) if "Result" in a else None, **more)


def failures(name: str, row: int | str, edit: Callable[[Document], object], **more: Any) -> Fault:
    """Change the Error of a failure."""

    def change(_call: Call, answer: Document) -> None:
        if "Error" in answer["ResponseMetadata"]:
            edit(answer["ResponseMetadata"]["Error"])

    return edits(name, row, change, **{"cls": "envelope", **more})


def metadata(name: str, row: int | str, edit: Callable[[Document], object], **more: Any) -> Fault:
    """Change the ResponseMetadata of a success."""
    how = {"cls": "envelope", **more}
    return results(name, row, lambda a: edit(a["ResponseMetadata"]), **how)


def items(name: str, row: int | str, edit: Callable[[Document], object], **more: Any) -> Fault:
    """Change each item of the receipts."""

    def change(_call: Call, answer: Document) -> None:
        for item in receipts(answer):
            edit(item)

    return edits(name, row, change, **more)


def lists(
    name: str, row: int | str, change: Callable[[list[Any]], list[Any]], **more: Any
) -> Fault:
    """Change the list of items of a success."""
    how = {"cls": "batching", **more}

    def edit(answer: Document) -> None:
        if receipts(answer):
            answer["Result"]["ReadReceipt"] = change(receipts(answer))

    return results(name, row, edit, **how)


def replies(name: str, row: int | str, change: Callable[[Reply], object], **more: Any) -> Fault:
    """Change status, headers, bytes or transport of the reply."""

    def reply(_call: Call, sent: Reply) -> None:
        change(sent)

    return Fault(reply=reply, **_declared(name, row, "transport", more))


def bytes_of(name: str, row: int | str, change: Callable[[bytes], bytes], **more: Any) -> Fault:
    """Change the bytes of the body."""

    def rewrite(sent: Reply) -> None:
        sent.body = change(sent.body)

    return replies(name, row, rewrite, **{"cls": "encoding", **more})


def receipts(answer: Document) -> list[Document]:
    """Return the items of an answer, if it has some."""
    found = (answer.get("Result") or {}).get("ReadReceipt")
    return found if isinstance(found, list) else []


def asked(call: Call) -> list[Any]:
    """Return the ids that a call asks for."""
    found = call.body.get("MessageIds") if isinstance(call.body, dict) else None
    return found if isinstance(found, list) else []


def place_of(call: Call) -> Conversation | None:
    """Return the conversation that a call names, if there is one."""
    number = call.body.get("ConversationShortId") if isinstance(call.body, dict) else None
    known: dict[int, Conversation] = call.site.state.conversations
    return known.get(number) if type(number) is int else None


def placed(call: Call, answer: Document, kind: int) -> Iterator[tuple[Conversation, Document]]:
    """Yield the items of an answer about a conversation of a type, each with that conversation."""
    place = place_of(call)
    if place is not None and place.type == kind:
        for item in receipts(answer):
            yield place, item


def kind_of(call: Call) -> int:
    """Return the type of the conversation that a call names, or 0."""
    found = place_of(call)
    return found.type if found else 0


def without(answer: Document, ids: Iterable[int]) -> None:
    """Leave items of messages out of an answer."""
    gone = set(ids)
    if gone and receipts(answer):
        left = [item for item in receipts(answer) if item["MessageId"] not in gone]
        answer["Result"]["ReadReceipt"] = left


def unread_again(item: Document, *users: int) -> None:
    """Put readers back among those who have not read."""
    back = [user for user in item["ReadUserIds"] if not users or user in users]
    item["ReadUserIds"] = [user for user in item["ReadUserIds"] if user not in back]
    item["UnReadUserIds"] = [*item["UnReadUserIds"], *back]
    item["ReceiverIsRead"] = item["ReceiverIsRead"] and bool(item["ReadUserIds"])


def noting_leavers(call: Call) -> None:
    """Remember under ``left`` who was taken out of which conversation."""
    place, users = place_of(call), call.body.get("ParticipantUserIds")
    if (
        call.operation == "BatchDeleteConversationParticipant"
        and place is not None
        and isinstance(users, list)
    ):
        for user in users:
            if user in place.participants:
                call.memory("left")[place.id, user] = True


def done(answer: Document) -> bool:
    """Whether an answer is not that of a refusal."""
    return "Error" not in answer["ResponseMetadata"]
