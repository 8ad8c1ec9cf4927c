"""JSON as the server takes and gives it: strict on the way in, plain on the way out."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["BROKEN", "Fraction", "read", "write"]


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


def write(value: Any) -> bytes:
    """Return compact JSON in UTF-8; a lone surrogate leaves as an escape, as it came."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _SURROGATE.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()
