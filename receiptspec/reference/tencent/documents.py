"""JSON as the server takes and gives it: strict on the way in, plain on the way out."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["BROKEN", "Fraction", "read", "read_leniently", "write"]


class Fraction(float):
    """A number that was not written as a plain integer, such as ``1.0``; never an integer here."""


class _Broken:
    """Stands for a document that is not JSON."""


BROKEN = _Broken()
_SURROGATE = re.compile("[\ud800-\udfff]")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice")
    return result


def _no_constant(token: str) -> Any:
    raise ValueError(f"{token} is no JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_once, parse_float=Fraction, parse_constant=_no_constant, strict=True
)

_LENIENT = json.JSONDecoder(parse_float=Fraction, parse_constant=_no_constant)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_COMMA_AT_END = re.compile(r",\s*([}\]])")


def read(body: bytes) -> Any:
    """Return the value of one strict JSON document, or `BROKEN`.

    Broken are also duplicate keys, ``NaN``, a byte order mark, bytes that are no UTF-8, integers
    of more than 4300 digits and nesting that no parser survives.
    """
    try:
        text = body.decode("utf-8").strip(" \t\r\n")
        value, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return BROKEN
    return value if end == len(text) else BROKEN


def read_leniently(body: bytes) -> Any:
    """Return the value of the document that some parsers see, or `BROKEN`.

    They look past comments, commas before a closing bracket, repeated keys and what follows.
    """
    try:
        text = _COMMA_AT_END.sub(r"\1", _COMMENT.sub("", body.decode("utf-8"))).lstrip(" \t\r\n")
        return _LENIENT.raw_decode(text)[0]
    except (ValueError, RecursionError):
        return BROKEN


def write(value: Any) -> bytes:
    """Return compact JSON in UTF-8; a lone surrogate leaves as an escape, as it came."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()
