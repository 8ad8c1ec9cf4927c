"""Bodies laid out for reading, with the places that findings name marked.

The text is laid out token by token as it was sent: numbers, repeated keys and escapes stay as they
are, which a parser would not keep.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Piece", "layout"]

_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+)')
_AROUND = 4
_HEAD = 12
_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of one line; `mark` is what a finding says of it, empty where nothing is said."""

    text: str
    mark: str = ""


Line = list[Piece]


def layout(text: str, marks: Mapping[str, str], *, most: int = 60) -> list[Line]:
    """Return `text` in lines, each JSON path of `marks` (or what is nearest to it) marked.

    What is no JSON comes as it is. Lines far from every mark are left out beyond `most`.
    """
    try:
        lines = _Layout(text, marks).lines
    except ValueError:
        lines = [[Piece(line)] for line in text.split("\n")]
    return _shortened(lines, most)


class _Layout:
    def __init__(self, text: str, marks: Mapping[str, str]) -> None:
        self.tokens = _tokens(text)
        self.position = 0
        self.lines: list[Line] = [[]]
        self.paths: set[str] = set()
        self.marks: Mapping[str, str] = {}
        self._value("$", 0)
        self.marks = _nearest(marks, self.paths)
        self.position, self.lines = 0, [[]]
        self._value("$", 0)
        if self.position != len(self.tokens):
            raise ValueError("text behind the value")

    def _next(self) -> str:
        if self.position >= len(self.tokens):
            raise ValueError("cut short")
        self.position += 1
        return self.tokens[self.position - 1]

    def _peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def _put(self, text: str, path: str = "") -> None:
        self.lines[-1].append(Piece(text, self.marks.get(path, "")))

    def _line(self, depth: int) -> None:
        self.lines.append([Piece("  " * depth)] if depth else [])

    def _value(self, path: str, depth: int, key: str = "") -> None:
        if depth > _DEPTH:
            raise ValueError("too deep")
        self.paths.add(path)
        word = self._next()
        if word in ("{", "["):
            close = "}" if word == "{" else "]"
            if self._peek() == close:
                self._next()
                self._put(key + word + close, path)
                return
            self._put(key + word, path)
            self._inside(path, depth, close)
            return
        if word in ("}", "]", ",", ":"):
            raise ValueError("no value")
        self._put(key + word, path)

    def _inside(self, path: str, depth: int, close: str) -> None:
        index = 0
        while True:
            self._line(depth + 1)
            if close == "}":
                key = self._next()
                if key[:1] != '"' or self._next() != ":":
                    raise ValueError("no key")
                self._value(f"{path}.{key[1:-1]}", depth + 1, key + ": ")
            else:
                self._value(f"{path}[{index}]", depth + 1)
            index += 1
            word = self._next()
            if word == close:
                self._line(depth)
                self._put(close)
                return
            if word != ",":
                raise ValueError("no comma")
            self._put(",")


def _tokens(text: str) -> list[str]:
    found = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError("no token")
        found.append(match[1])
        position = match.end()
    return found


def _nearest(marks: Mapping[str, str], paths: Iterable[str]) -> dict[str, str]:
    """Put each mark where it is, else on the nearest place that holds it, but not on everything."""
    there = set(paths)
    placed: dict[str, str] = {}
    for path, note in marks.items():
        while path not in there and path:
            path = re.sub(r"(\.[^.\[]*|\[[^\]]*\]|.)$", "", path)  # noqa: PLW2901
        if path not in ("", "$"):
            placed.setdefault(path, note)
    return placed


def _shortened(lines: Sequence[Line], most: int) -> list[Line]:
    if len(lines) <= most:
        return list(lines)
    marked = [number for number, line in enumerate(lines) if any(piece.mark for piece in line)]
    kept = set(range(_HEAD if marked else most - 1))
    for number in marked[: most // (2 * _AROUND)]:
        kept |= set(range(max(0, number - _AROUND), min(len(lines), number + _AROUND + 1)))
    shown: list[Line] = []
    left_out = 0
    for number, line in enumerate(lines):
        if number in kept:
            if left_out:
                shown.append([Piece(f"⋯ {left_out} lines")])
            left_out = 0
            shown.append(line)
        else:
            left_out += 1
    return [*shown, [Piece(f"⋯ {left_out} lines")]] if left_out else shown
