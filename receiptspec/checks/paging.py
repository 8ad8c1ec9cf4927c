"""Lists that come in pages: nobody twice, nobody missing, and an end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any

from receiptspec.findings import Finding
from receiptspec.neutral import Answer, Page

__all__ = [
    "at_most",
    "cursors",
    "echoed",
    "ends",
    "everybody_once",
    "flags",
    "same_members",
    "same_rest",
]

Pages = Sequence[Page]
Answers = Sequence[Answer]


def _finding(
    answer: Answer, message: str, path: str, expected: object, actual: object, signature: str
) -> Finding:
    return Finding(message, path, str(expected), str(actual), signature, (answer.exchange,))


def at_most(answers: Answers, pages: Pages, count: int) -> list[Finding]:
    """Expect no page to hold more members than were asked for."""
    return [
        _finding(
            answer,
            f"a page of at most {count} holds {len(page.members)} members",
            "$",
            f"at most {count} members",
            len(page.members),
            f"overfull:{count}",
        )
        for answer, page in zip(answers, pages, strict=False)
        if len(page.members) > count
    ]


def flags(answers: Answers, pages: Pages, total: int, count: int) -> list[Finding]:
    """Expect the last page, and none before it, to be flagged as the last.

    `total` is how many members there are to show, in pages of `count`. A page is flagged too early
    when the pages so far have no room for all: members that lack where there was room are lost.
    """
    findings = []
    seen = 0
    for number, (answer, page) in enumerate(zip(answers, pages, strict=False), 1):
        seen += len(page.members)
        if page.last is None:
            findings.append(
                _finding(
                    answer,
                    "a page does not say whether it is the last",
                    "$",
                    "a flag that is set on the last page",
                    "none",
                    "no-flag",
                )
            )
        elif page.last and seen < total and number * count < total:
            findings.append(
                _finding(
                    answer,
                    f"a page says it is the last after {seen} of {total} members",
                    f"$.{page.flag}",
                    "not set",
                    "set",
                    "last-too-early",
                )
            )
    if not findings and len(pages) > 1 and seen >= total and pages[-1].last is False:
        findings.append(
            _finding(
                answers[-1],
                f"no page says that it is the last, also after all {total} members",
                f"$.{pages[-1].flag}",
                "set",
                "not set",
                "never-last",
            )
        )
    return findings


def cursors(answers: Answers, pages: Pages) -> list[Finding]:
    """Expect a cursor, as text, on every page that more pages follow."""
    return [
        _finding(
            answer,
            "more pages follow and there is no cursor to ask for them",
            "$.Cursor",
            "a String",
            repr(page.cursor),
            "no-cursor",
        )
        for answer, page in zip(answers, pages, strict=False)
        if page.last is False and not isinstance(page.cursor, str)
    ]


def ends(
    answers: Answers, pages: Pages, count: int, total: int, *, full: bool = True
) -> list[Finding]:
    """Expect a walk over `total` members to end in time; one empty last page is fine.

    Where pages need not be `full`, a walk may take a page for each member. A walk that stops for
    want of a cursor is no walk without an end.
    """
    allowed = max(1, -(-total // count)) + 1 if full else len(pages)
    endless = bool(pages) and pages[-1].last is False and isinstance(pages[-1].cursor, str)
    endless = endless and len(answers) == len(pages)  # a walk that was refused has its end
    if len(pages) <= allowed and not endless:
        return []
    ended = "without an end" if endless else "in all"
    return [
        _finding(
            answers[-1],
            f"a walk over {total} members by {count} takes {len(pages)} pages {ended}",
            "$",
            f"at most {allowed} pages",
            f"{len(pages)} pages {ended}",
            "long-walk",
        )
    ]


def everybody_once(
    answer: Answer,
    listed: Sequence[Any],
    wanted: Collection[Any],
    open_: Collection[Any],
    what: str,
) -> list[Finding]:
    """Expect each of `wanted` exactly once, and nobody else but perhaps `open_`."""
    counts = Counter(listed)
    twice = [member for member, number in counts.items() if number > 1]
    missing = [member for member in wanted if member not in counts]
    strange = [m for m in counts if m not in wanted and m not in open_]
    findings = []
    for kind, members in (("twice", twice), ("missing", missing), ("strange", strange)):
        if members:
            findings.append(
                _finding(
                    answer,
                    f"{what}: {_WORDS[kind]} {', '.join(map(str, members[:5]))}",
                    "$",
                    f"{', '.join(map(str, list(wanted)[:8])) or 'nobody'}, once each",
                    ", ".join(map(str, listed[:8])) or "nobody",
                    f"{what}:{kind}",
                )
            )
    return findings


_WORDS = {"twice": "listed twice:", "missing": "not listed:", "strange": "listed without cause:"}


def echoed(answer: Answer, page: Page, message: Any) -> list[Finding]:
    """Expect the answer to name the message that was asked for."""
    if page.message == message:
        return []
    return [
        _finding(
            answer,
            f"the answer about message {message} names {page.message}",
            "$.MsgSeq",
            message,
            page.message,
            "other-message",
        )
    ]


def same_members(
    answer: Answer, one: Collection[Any], two: Collection[Any], what: str
) -> list[Finding]:
    """Expect two lists to hold the same members, in whatever order."""
    if Counter(one) == Counter(two):
        return []
    return [
        _finding(
            answer,
            f"{what}: the lists differ",
            "$",
            ", ".join(map(str, sorted(one, key=str)[:8])) or "nobody",
            ", ".join(map(str, sorted(two, key=str)[:8])) or "nobody",
            f"{what}:differ",
        )
    ]


def same_rest(answer: Answer, one: Page, two: Page, what: str) -> list[Finding]:
    """Expect two pages behind one cursor to hold the same, but that one may hold fewer of them.

    One that says that it is the last has to hold all that the other does.
    """
    for page, other in ((one, two), (two, one)):
        if page.last and not {*map(repr, other.members)} <= {*map(repr, page.members)}:
            return same_members(answer, one.members, two.members, what)
    return []
