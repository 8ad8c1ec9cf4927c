"""Texts that have to survive, and how one is sent that something on the way may keep out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from receiptspec.neutral import Answer, Call, Message, Verdict
from receiptspec.scenes.groups import until_shown
from receiptspec.stage import Stage

__all__ = ["ODD", "TEXTS", "Large", "large", "packed", "sent_text", "texts"]

_PRINTABLE = (
    "plain",
    "quotes \" and ' and \\ and /",
    "lines\nand\ttabs",
    "多语言 한국어 עברית العربية",
    "👩‍👩‍👧‍👦 🇪🇺 e\u0301 \u200b zero width",
    "<b>&amp;</b> %s {0} $x `x`",
)
_WITH_ZERO = "zero\0and more"  # may be refused
#: What text has to survive: scripts, emoji, joiners, quotes, escapes, control characters, what
#: looks like something else than a text, and length.
TEXTS = (
    *_PRINTABLE,
    "\u0001\u0008\u001b[1m\u001f\u007f",
    "1+1 %20 %2B \\u0041 \\n &#65;  two  blanks",
    "\ufeffmark\ufeff line\u2028and\u2029paragraph",
    "42",
    '{"a":1}',
    "returns\r\nand\rreturns\r\n",
    _WITH_ZERO,
    "long " + "0123456789 äöü " * 330,
)
#: More of it, which a filter of texts may refuse: signs that are not seen, letters that look like
#: others, signs that are taken for others, what looks like a command, words for nothing, numbers,
#: blanks at both ends, what are no characters, length.
ODD = (
    "❤\ufe0f \u202aa\u202bb\u202cc\u202dd\u202ee\u202c \u2066f\u2067g\u2068h\u2069"
    " i\u00a0j\u00adk \u0080\u0085\u009f",
    "\U00020000\U0002a6d6 \ue000\uf8ff\U000f0000 ＡＢｃ１２！ İıſß ﬁ Å 👍🏻👍🏼👍🏽👍🏾👍🏿",
    "100%% it''s so \\\\ -- or so ... :) :-( (c) `` <<a>>",
    "a <script>alert(1)</script> b <@name> c\\/d",
    "c ${x} {{y}} #{z} <%= a %> d",
    "e' or '1'='1' -- ../../f /* g */ h // i # j",
    "see http://example.com/?a=b&c=d and https://example.com/",
    "null",
    "undefined",
    "None",
    "007",
    "1e5",
    "true",
    "  blanks  ",
    "\ufffd \ufffe\uffff",
    "longer " + "0123456789" * 840,
)
_MANY = 10  # long messages that make a large answer
_OTHERS_STATUSES = (401, 407, 429, 502, 503, 504, 511)  # of gateways, for reasons of their own


def texts(brief: bool) -> tuple[str, ...]:
    """Return awkward texts; all that is printable of them in one where one request has to do."""
    return (" ".join(_PRINTABLE),) if brief else TEXTS


@dataclass(frozen=True, slots=True)
class Large:
    """The messages of a group that fill a large answer, that answer, and the same compressed."""

    messages: tuple[Message, ...]
    texts: tuple[str, ...]
    answer: Answer
    packed: Answer


def large(stage: Stage) -> Large:
    """Send so many long messages that their history is larger than servers send at once."""
    group = stage.group(2)
    texts = tuple(f"{turn} of the large " + f"{turn}123456789" * 700 for turn in range(_MANY))
    messages = []
    for text in texts:
        number = stage.number("large", text)
        call = stage.driver.send_message(group, group.owner, receipt=False, number=number)
        messages.append(stage.post(group, stage.driver.with_texts(call, text), receipt=False))
    answer = until_shown(stage, group, [message.id for message in messages])
    return Large(tuple(messages), texts, answer, packed(stage, stage.driver.look_at_group(group)))


def packed(stage: Stage, call: Call) -> Answer:
    """Send a call that says that the answer may be compressed."""
    return stage.call(replace(call, headers={**call.headers, "Accept-Encoding": "gzip"}))


def sent_text(
    stage: Stage, with_number: Callable[..., Call], text: str, turn: int
) -> Answer | None:
    """Send a text; ``None`` where it is one that may be refused, and is, or where it is kept out.

    `with_number` makes a call with a plain text, and with a number made from what it is given.
    """
    call = stage.driver.with_texts(with_number(turn, text), text)
    answer = stage.patiently(call)
    if _is_error_page(answer) and _lets_others_in(stage, with_number(turn, text, "plain")):
        again = stage.call(call)
        if _is_error_page(again):
            stage.keeps_out(again)
            return None
        answer = again
    if answer.accepted or text in ODD or text == _WITH_ZERO:
        return answer if answer.accepted else None
    return stage.must(call)


def _is_error_page(answer: Answer) -> bool:
    """Whether an answer is in no form of the vendor's, nor one that gateways give at times."""
    response = answer.exchange.response
    if answer.verdict is not Verdict.TROUBLE or response is None:
        return False
    return response.status != 200 and response.status not in _OTHERS_STATUSES


def _lets_others_in(stage: Stage, plain: Call) -> bool:
    return stage.call(plain).accepted
