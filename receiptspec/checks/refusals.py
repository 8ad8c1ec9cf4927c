"""Was a call refused that must be, for a reason that the documents give, and nothing else?"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from receiptspec.contract import CodeId
from receiptspec.findings import Finding
from receiptspec.neutral import Answer, Receipt, Verdict

__all__ = [
    "accepted",
    "code_among",
    "done",
    "empty_handed",
    "lost",
    "not_answered",
    "out_of_step",
    "refused",
    "silence",
    "status_among",
]


_OTHER_METHODS = ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND")


def refused(
    answer: Answer, why: str, *, items: Collection[Receipt] = (), or_http_error: bool = False
) -> list[Finding]:
    """Expect a refusal in the dialect.

    An accepted answer with an item that carries an error code refuses item by item, which counts:
    one thing was broken, and the rest of the list may be answered.
    `or_http_error` also takes a client error of HTTP without an envelope, and Not Implemented,
    which is what HTTP has for a method that nobody there knows. What HTTP says to any other method
    than POST is open: a redirect and no answer at all are fine then as well.
    """
    if answer.refused:
        return []
    if answer.accepted and not all(item.known for item in items):
        return []
    status = answer.exchange.response.status if answer.exchange.response else None
    if or_http_error and status is not None and (400 <= status < 500 or status == 501):
        return []
    if or_http_error and _is_open(answer) and not answer.accepted:
        return []
    return [
        Finding(
            f"{answer.operation} with {why} is {answer.describe()}",
            "$" if answer.accepted else "response",
            "a refusal",
            _came_back(answer),
            f"not-refused:{why}",
            (answer.exchange,),
        )
    ]


def empty_handed(answer: Answer, why: str, fields: Collection[str]) -> list[Finding]:
    """Expect that who is refused gets nothing of what was asked for, which stands in `fields`.

    An item that has an error code of its own is nothing of it.
    """
    if not answer.refused:
        return []
    return [
        Finding(
            f"{answer.operation} with {why} is {answer.describe()}, and gets {name}",
            f"$.{name}",
            "nothing beside the refusal",
            str(answer.get(name))[:200],
            f"data:{why}:{name}",
            (answer.exchange,),
        )
        for name in fields
        if _has_items(answer.get(name))
    ]


def _has_items(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_items(item) for item in value.values())
    if not isinstance(value, list):
        return False
    return any(not (isinstance(item, dict) and item.get("Code")) for item in value)


def done(
    what: str,
    seen: Answer,
    refused: Iterable[Answer],
    before: object = "what was there before",
    after: object = "something else",
) -> list[Finding]:
    """Say that something has changed though each call that would have changed it was refused."""
    answers = tuple(refused)
    why = ", ".join(dict.fromkeys(answer.exchange.request.label for answer in answers))
    return [
        Finding(
            f"the {what} have changed, though all calls with {why} were refused",
            what,
            str(before),
            str(after),
            f"done:{what}:{why}",
            (seen.exchange, *(answer.exchange for answer in answers)),
        )
    ]


def code_among(
    answer: Answer,
    allowed: Collection[CodeId] | None,
    why: str,
    *,
    items: Collection[Receipt] = (),
) -> list[Finding]:
    """Expect a refusal to carry one of the codes that the documents allow for its reason.

    ``None`` stands for documents that name none: any will do. One that ends with an asterisk stands
    for all that begin so. Says nothing of an answer that is no refusal: that is another
    requirement's matter.
    """
    codes: list[tuple[str, CodeId | None]] = []
    if allowed is None:
        return []
    if answer.refused:
        codes = [(answer.code_path, answer.code)]
    elif answer.accepted:
        codes = [(f"{item.path}.Code", item.code) for item in items if not item.known]
    return [
        Finding(
            f"{answer.operation} with {why} is refused with code {code}",
            path,
            _codes(allowed),
            str(code),
            f"code:{why}:{code}",
            (answer.exchange,),
        )
        for path, code in codes
        if not any(_is(code, one) for one in allowed)
    ]


def _is(code: CodeId | None, allowed: CodeId) -> bool:
    if isinstance(allowed, str) and allowed.endswith("*"):
        return isinstance(code, str) and code.startswith(allowed[:-1])
    return code == allowed


def status_among(answer: Answer, allowed: Collection[int], why: str) -> list[Finding]:
    """Expect a refusal to come under one of the documented HTTP statuses of its code."""
    status = answer.exchange.response.status if answer.exchange.response else None
    if not allowed or not answer.refused or status is None or status in allowed:
        return []
    return [
        Finding(
            f"{answer.operation} with {why} is refused ({answer.code}) under HTTP {status}",
            "HTTP status",
            _codes(allowed),
            str(status),
            f"refusal-status:{why}:{status}",
            (answer.exchange,),
        )
    ]


def accepted(answer: Answer, why: str, *, note: str = "") -> list[Finding]:
    """Expect a documented call to be accepted; `note` says what may explain it if it is not."""
    if answer.accepted:
        return []
    return [
        Finding(
            f"{answer.operation} with {why} is {answer.describe()}" + (f"; {note}" if note else ""),
            answer.code_path if answer.refused else "response",
            "an accepted call",
            _came_back(answer),
            f"not-accepted:{why}:{answer.code if answer.refused else answer.verdict}",
            (answer.exchange,),
        )
    ]


def not_answered(answer: Answer, why: str) -> list[Finding]:
    """Expect bad input to be answered: no error page, no silence, no dropped connection.

    Under another method than POST only an error page counts.
    """
    status = answer.exchange.response.status if answer.exchange.response else None
    if status == 501 and answer.exchange.request.method != "POST":
        return []
    if _is_open(answer):
        return []
    silent = answer.verdict is Verdict.TROUBLE and (status is None or status >= 500)
    if not silent and (status is None or status < 500):
        return []
    return [
        Finding(
            f"{answer.operation} with {why} breaks the target, which answers other calls",
            "response",
            "an answer in the vendor's form",
            answer.note or f"HTTP {status}",
            f"not-answered:{answer.operation}:{answer.note.partition(':')[0] or status}",
            (answer.exchange,),
        )
    ]


def _is_open(answer: Answer) -> bool:
    """Whether a call by another method than POST got no answer, or was sent elsewhere."""
    response = answer.exchange.response
    if answer.exchange.request.method not in _OTHER_METHODS:
        return False
    return response is None or 300 <= response.status < 400


def out_of_step(answer: Answer, why: str) -> list[Finding]:
    """Say that a good call is not understood behind a bad one on the same connection."""
    return [
        Finding(
            f"{answer.operation} is {answer.describe()} when it follows {why} on its connection",
            "response",
            "an answer in the vendor's form",
            answer.describe(),
            f"out-of-step:{why}",
            (answer.exchange,),
        )
    ]


def lost(answer: Answer, why: str) -> list[Finding]:
    """Expect a call to get an answer at all, whatever it says."""
    if answer.verdict is not Verdict.TROUBLE:
        return []
    return [
        Finding(
            f"{answer.operation}: {why} gets no answer",
            "response",
            "an answer",
            answer.note,
            f"lost:{why}",
            (answer.exchange,),
        )
    ]


def silence(answer: Answer, what: str) -> list[Finding]:
    """Say that no callback came about something; `answer` is the exchange around it."""
    return [
        Finding(
            f"no callback came after {what}",
            "callback",
            "one within a few seconds",
            "none",
            f"silent:{what}",
            (answer.exchange,),
        )
    ]


def _codes(codes: Collection[CodeId] | Collection[int]) -> str:
    return " or ".join(str(code) for code in sorted(codes, key=str))


def _came_back(answer: Answer) -> str:
    if answer.refused:
        return f"code {answer.code}" + (f" ({answer.info})" if answer.info else "")
    return answer.describe()
