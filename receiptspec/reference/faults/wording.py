"""Faults of texts that are changed, or kept out, on their way."""

from __future__ import annotations

import gzip
import re
import unicodedata
from collections.abc import Callable
from typing import Any

from receiptspec.reference.behaviour import Fault
from receiptspec.reference.calls import Call, Reply
from receiptspec.reference.faults.families import ASK, rewrites

__all__ = ["ALL"]

_LETTER, _SEND, _HISTORY = "sendmsg", "send_group_msg", "group_msg_get_simple"
_BLOCK = 16 * 1024
_ATTACKS = re.compile(rb"<script|\\.\\./|' or |\\$\\{", re.IGNORECASE)
_PAGE = b"<html><head><title>Request blocked</title></head><body>403 Forbidden</body></html>"


def _rewritten(change: Callable[[str], str]) -> Callable[[Call], None]:
    """Return an edit of every text of a message."""

    def request(call: Call) -> None:
        body = call.body if isinstance(call.body, dict) else {}
        items = body.get("MsgBody")
        for item in items if isinstance(items, list) else ():
            content = item.get("MsgContent") if isinstance(item, dict) else None
            if isinstance(content, dict) and isinstance(content.get("Text"), str):
                content["Text"] = change(content["Text"])

    return request


def _without(pattern: str, put: str = "") -> Callable[[str], str]:
    found = re.compile(pattern, re.DOTALL)
    return lambda text: found.sub(put, text)


def _parts(change: Callable[[list[Any]], list[Any]]) -> Callable[[Call], None]:
    """Return an edit of the elements of a one-to-one message."""

    def request(call: Call) -> None:
        items = call.body.get("MsgBody") if isinstance(call.body, dict) else None
        if isinstance(items, list) and all(isinstance(item, dict) for item in items):
            call.body["MsgBody"] = change(items)

    return request


def _numbers_as_text(items: list[Any]) -> list[Any]:
    for item in items:
        content = item.get("MsgContent")
        for key, value in content.items() if isinstance(content, dict) else ():
            content[key] = str(value) if isinstance(value, float) else value
    return items


def _texts_alone(items: list[Any]) -> list[Any]:
    """Keep the texts of a message that has some."""
    return [item for item in items if item.get("MsgType") == "TIMTextElem"] or items


def _each_once(items: list[Any]) -> list[Any]:
    return [item for turn, item in enumerate(items) if item not in items[:turn]]


def _folded(text: str) -> str:
    """Replace letters of full width by ASCII."""
    wide = {c: unicodedata.normalize("NFKC", c) for c in text if "\uff01" <= c <= "\uff5e"}
    return "".join(wide.get(c, c) for c in text)


def _kept_out(call: Call, sent: Reply) -> None:
    if _ATTACKS.search(call.incoming.body):
        sent.status, sent.body = 403, _PAGE
        sent.header("Content-Type", "text/html")


def _cut_at_block(sent: Reply) -> None:
    sent.body = sent.body[:_BLOCK]


def _block_lost(sent: Reply) -> None:
    sent.body = sent.body[:_BLOCK] + sent.body[_BLOCK + 4096 :]


def _badly_packed(change: Callable[[bytes], bytes]) -> Callable[[Call, Reply], None]:
    """Compress where that is asked for, and spoil what comes of it."""

    def reply(call: Call, sent: Reply) -> None:
        if "gzip" in (call.incoming.header("Accept-Encoding") or ""):
            sent.header("Content-Encoding", "gzip")
            sent.body = change(gzip.compress(sent.body))

    return reply


def _packed_without(key: str) -> Callable[[Call, dict[str, Any]], None]:
    """Leave the last of a list out where the answer may be compressed."""

    def edit(call: Call, answer: dict[str, Any]) -> None:
        found = answer.get("Result", answer)
        listed = found.get(key) if isinstance(found, dict) else None
        if listed and "gzip" in (call.incoming.header("Accept-Encoding") or ""):
            listed.pop()

    return edit


_CHANGED: tuple[tuple[str, str, Callable[[str], str], str], ...] = (
    ("selectors-dropped", _SEND, _without("\ufe0f"), "U+FE0F is dropped"),
    (
        "directions-dropped",
        _LETTER,
        _without("[\u202a-\u202e\u2066-\u2069]"),
        "signs of direction are dropped",
    ),
    ("c1-controls-dropped", _SEND, _without("[\x80-\x9f]"), "U+0080 to U+009F are dropped"),
    ("hard-blanks-softened", _LETTER, _without("\xa0", " "), "U+00A0 becomes a blank"),
    ("soft-hyphens-dropped", _SEND, _without("\xad"), "U+00AD is dropped"),
    (
        "rare-ideographs-lost",
        _LETTER,
        _without("[\U00020000-\U0002ffff]", "?"),
        "? for U+20000 and above",
    ),
    (
        "private-use-dropped",
        _SEND,
        _without("[\ue000-\uf8ff\U000f0000-\U0010fffd]"),
        "signs of private use are dropped",
    ),
    ("full-width-folded", _LETTER, _folded, "letters of full width become ASCII"),
    ("dotted-capital-folded", _SEND, _without("\u0130", "i"), "U+0130 becomes i"),
    ("skin-tones-dropped", _LETTER, _without("[\U0001f3fb-\U0001f3ff]"), "skin tones are dropped"),
    ("percents-halved", _SEND, _without("%%", "%"), "%% becomes %"),
    ("quotes-halved", _LETTER, _without("''", "'"), "'' becomes '"),
    ("dashes-joined", _SEND, _without(" -- ", " \u2014 "), "-- becomes a dash"),
    ("smileys-drawn", _LETTER, _without(r":\)", "\u263a"), ":) becomes a picture"),
    ("scripts-removed", _SEND, _without("<script>.*?</script>"), "<script> elements are removed"),
    (
        "templates-filled",
        _LETTER,
        _without(r"\$\{.*?\}|\{\{.*?\}\}"),
        "${x} and {{y}} are removed",
    ),
    ("links-replaced", _SEND, _without(r"https?://\S+", "[link]"), "[link] for an address"),
    (
        "words-for-nothing-emptied",
        _LETTER,
        _without(r"\A(null|undefined|None)\Z", " "),
        "a blank for the text null",
    ),
    ("leading-zeros-dropped", _LETTER, _without(r"\A0+(?=[0-9]+\Z)"), "007 becomes 7"),
    ("powers-written-out", _SEND, _without(r"\A1e5\Z", "100000.0"), "1e5 becomes 100000.0"),
    ("truth-capitalised", _LETTER, _without(r"\Atrue\Z", "True"), "true becomes True"),
    ("texts-stripped", _SEND, str.strip, "blanks at both ends are dropped"),
    ("comments-removed", _LETTER, _without(r"/\*.*?\*/"), "what stands in /* and */ is dropped"),
    ("escapes-dropped", _LETTER, _without("\x1b"), "U+001B is dropped"),
    ("mentions-unwrapped", _SEND, _without(r"<@(\w+)>", r"@\1"), "<@name> becomes @name"),
    ("slashes-unescaped", _LETTER, _without(r"\\/", "/"), "a backslash before a slash is dropped"),
    ("no-characters-dropped", _SEND, _without("[\ufffe\uffff]"), "U+FFFE and U+FFFF are dropped"),
    ("replacements-dropped", _LETTER, _without("\ufffd"), "U+FFFD is dropped"),
    ("texts-end-at-8000", _SEND, lambda text: text[:8000], "a text ends after 8000 characters"),
)

_SHOULD: dict[str, Any] = {"level": "SHOULD"}

ALL: list[Fault] = [
    *(
        Fault(
            name=name,
            requirement="TC-GEN-34",
            operation=operation,
            request=_rewritten(change),
            shows=shows,
            cls="encoding",
            **_SHOULD,
        )
        for name, operation, change, shows in _CHANGED
    ),
    *(
        Fault(
            name=name,
            requirement="TC-GEN-34",
            operation=_LETTER,
            request=_parts(change),
            shows=shows,
            cls="encoding",
            **_SHOULD,
        )
        for name, change, shows in (
            ("places-in-text", _numbers_as_text, "Latitude and Longitude become texts"),
            ("parts-beside-text-lost", _texts_alone, "beside a text other elements are dropped"),
            ("equal-parts-once", _each_once, "of equal elements of a message one is kept"),
        )
    ),
    Fault(
        name="attacks-kept-out",
        requirement="TC-GEN-01",
        operation=_SEND,
        reply=_kept_out,
        cls="transport",
        shows="HTTP 403 with a page for a text that looks like an attack",
    ),
    rewrites(
        "large-answers-cut",
        "TC-GEN-07",
        _cut_at_block,
        operation=_HISTORY,
        shows="an answer ends after 16 KB",
    ),
    rewrites(
        "large-answers-lose-a-block",
        "TC-GEN-34",
        _block_lost,
        operation=_HISTORY,
        shows="4 KB are missing behind 16 KB of an answer",
        **_SHOULD,
    ),
    *(
        Fault(
            name=name,
            requirement="TC-GEN-07",
            operation=operation,
            reply=_badly_packed(change),
            cls="transport",
            shows=shows,
        )
        for name, operation, change, shows in (
            ("packed-answers-cut", ASK, lambda b: b[:-8], "gzip without its end"),
            ("packed-answers-padded", ASK, lambda b: b + b"\r\n", "a line end behind gzip"),
            ("packed-twice", ASK, gzip.compress, "gzip in gzip that is announced once"),
        )
    ),
    *(
        Fault(
            name=name,
            vendor=vendor,
            requirement=row,
            operation=operation,
            answer=_packed_without(key),
            cls="transport",
            shows="the last item is left out where the answer may be compressed",
        )
        for name, vendor, row, operation, key in (
            ("packed-items-lost", "tencent", "TC-GEN-07", ASK, "GroupMsgReceiptList"),
            (
                "ve-packed-items-lost",
                "volcengine",
                "VE-GMRR-101",
                "GetMessagesReadReceipt",
                "ReadReceipt",
            ),
        )
    ),
]
