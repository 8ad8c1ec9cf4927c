"""JSON read from bytes with nothing lost and nothing forgiven.

A document is parsed as far as it can be, and every departure from RFC 8259 or from what our
contracts can rely on becomes a `Problem` with its JSON path: clients disagree about each of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["LONE", "Document", "Duplicates", "Problem", "RawNumber", "broken", "read", "walk"]

_BOM = b"\xef\xbb\xbf"
LONE = "lone surrogate"  # the kind of problem that half a character is
_MAX_DIGITS = 4000  # CPython refuses to convert longer integers by default


class RawNumber(str):
    """A number token that is not a plain integer, kept as written: ``1.0``, ``1e3``, ``NaN``."""

    __slots__ = ()
    is_json_number = True

    def __repr__(self) -> str:
        return str(self)


class Duplicates(dict[str, Any]):
    """An object in which a key stood more than once; the last value won, as in every client."""

    __slots__ = ("repeated",)

    def __init__(self, pairs: list[tuple[str, Any]], repeated: tuple[str, ...]) -> None:
        super().__init__(pairs)
        self.repeated = repeated


@dataclass(frozen=True, slots=True)
class Problem:
    """One departure from strict JSON: `kind` is stable, `path` a JSON path such as ``$.a[0]``.

    `detail` is as stable and tells departures of one kind apart; it may be empty.
    """

    kind: str
    path: str
    expected: str
    actual: str
    detail: str = ""

    @property
    def message(self) -> str:
        """One line for people."""
        return f"{self.kind} at {self.path}: expected {self.expected}, got {self.actual}"


@dataclass(frozen=True, slots=True)
class Document:
    """What the bytes say: `value` (``None`` and `readable` False when nothing could be read)."""

    value: Any
    problems: tuple[Problem, ...]
    readable: bool

    @property
    def is_object(self) -> bool:
        """Whether the document is one JSON object."""
        return self.readable and isinstance(self.value, dict)


def _integer(token: str) -> int | RawNumber:
    return RawNumber(token) if len(token) > _MAX_DIGITS else int(token)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) == len(pairs):
        return result
    seen: set[str] = set()
    repeated = tuple(k for k, _ in pairs if k in seen or seen.add(k))  # type: ignore[func-returns-value]
    return Duplicates(pairs, repeated)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs,
    parse_int=_integer,
    parse_float=RawNumber,
    parse_constant=RawNumber,
    strict=True,
)


def _quote(text: str, limit: int = 60) -> str:
    return repr(text if len(text) <= limit else text[:limit] + "…")


def _decode(body: bytes, problems: list[Problem]) -> str:
    if body.startswith(_BOM):
        problems.append(Problem("byte order mark", "$", "no byte order mark", "EF BB BF"))
        body = body[len(_BOM) :]
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        bad = body[error.start : error.start + 4].hex(" ").upper()
        problems.append(
            Problem("invalid UTF-8", "$", "UTF-8 text", f"bytes {bad} at offset {error.start}")
        )
        return body.decode("utf-8", errors="replace")


def read(body: bytes) -> Document:
    """Read one JSON document; never raises, whatever the bytes are."""
    problems: list[Problem] = []
    text = _decode(body, problems)
    start = len(text) - len(text.lstrip(" \t\r\n"))

    def unreadable(kind: str, expected: str, actual: str, detail: str = "") -> Document:
        problem = Problem(kind, "$", expected, actual, detail)
        return Document(None, (*problems, problem), readable=False)

    if start == len(text):
        return unreadable("empty body", "one JSON document", f"{len(body)} bytes")
    try:
        value, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        near = _quote(text[error.pos : error.pos + 40])
        actual = f"{error.msg} at {error.pos}: {near}"
        return unreadable("not JSON", "one JSON document", actual, _mistake(text, error))
    except RecursionError:
        return unreadable("nested too deeply", "a depth that a parser survives", "over the limit")
    rest = text[end:].strip(" \t\r\n")
    if rest:
        problems.append(Problem("trailing data", "$", "nothing after the document", _quote(rest)))
    problems.extend(_value_problems(value))
    return Document(value, tuple(problems), readable=True)


def _mistake(text: str, error: json.JSONDecodeError) -> str:
    """Name a common mistake of syntax, in the same words under every version of Python."""
    here = text[error.pos :]
    if here.startswith(("//", "/*", "#")):
        return "comment"
    if re.match(r",\s*[}\]]", here) or re.search(r",\s*[}\]]$", text[: error.pos + 1]):
        return "trailing comma"
    if here.startswith("<"):
        return "markup"
    if not here.strip() or error.msg.startswith("Unterminated string"):
        return "cut short"
    return ""


def _generic(path: str) -> str:
    return re.sub(r"\[[0-9]+\]", "[*]", path)


def _value_problems(value: Any) -> Iterator[Problem]:
    for path, node in walk(value):
        if isinstance(node, Duplicates):
            for key in node.repeated:
                place = _child(path, key)
                yield Problem("duplicate key", place, "each key once", _quote(key), _generic(place))
        elif isinstance(node, RawNumber):
            if node in ("NaN", "Infinity", "-Infinity"):
                yield Problem("not a JSON number", path, "a JSON number", str(node), _generic(path))
        elif isinstance(node, str) and _SURROGATE.search(node):
            yield Problem(LONE, path, "Unicode text", ascii(node)[:60])


_SURROGATE = re.compile("[\ud800-\udfff]")


def _child(path: str, key: str) -> str:
    return f"{path}.{key}" if key.isidentifier() else f"{path}[{json.dumps(key)}]"


def walk(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every node with its JSON path, parents first, without recursion."""
    stack: list[tuple[str, Any]] = [("$", value)]
    while stack:
        path, node = stack.pop()
        yield path, node
        if isinstance(node, dict):
            stack.extend((_child(path, key), child) for key, child in reversed(node.items()))
        elif isinstance(node, list):
            indices = range(len(node) - 1, -1, -1)
            stack.extend((f"{path}[{index}]", node[index]) for index in indices)


def broken(body: bytes) -> str:
    """Say what bytes are that begin as JSON does and cannot be read."""
    text = body.decode(errors="replace").rstrip()
    try:
        json.loads(text, parse_int=str)
    except (json.JSONDecodeError, RecursionError) as error:
        ends = isinstance(error, json.JSONDecodeError) and (
            error.pos >= len(text) or error.msg.startswith("Unterminated")
        )
        return "JSON that is cut off" if ends else "broken JSON"
    return "broken JSON"
