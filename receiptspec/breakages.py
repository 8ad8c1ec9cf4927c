"""Ways to break one keyword at one site of a valid body: proposals, verified by `mutations`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from receiptspec.alternatives import Flat, Node
from receiptspec.boundaries import distinct
from receiptspec.dialect import RawJson, type_name

__all__ = ["MISSING", "Code", "Proposal", "Step", "proposals"]

Code = int | str
UNKNOWN = "x_receiptspec_unknown"
"""The name of the property that mutations add where unknown ones are forbidden."""


class _Missing:
    def __repr__(self) -> str:
        return "missing"


MISSING = _Missing()
"""Stands in `Mutation.was` and `Mutation.now` where there is no value."""


_WRONG: tuple[tuple[str, Any], ...] = (
    ("null", None),
    ("boolean", True),
    ("integer", 1),
    ("integral float", RawJson("1.0")),
    ("float", 1.5),
    ("numeric string", "1"),
    ("word string", "word"),
    ("array", []),
    ("object", {}),
)

Step = str | int


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change that may break one keyword at `steps`; `make` builds the site's new value."""

    steps: tuple[Step, ...]
    keyword: str
    variant: str
    codes: frozenset[Code] | None
    was: Any
    make: Callable[[], Any]


def proposals(node: Node, value: Any, steps: tuple[Step, ...] = ()) -> Iterator[Proposal]:
    """Yield changes to a valid value, each meant to break one keyword at or below `node`."""
    flat = next((one for one in node.flats if one.allows(value)), None)
    if flat is None:
        return
    yield from _wrong_types(flat, node, value, steps)
    site = _Site(flat, value, steps)
    match type_name(value):
        case "integer" | "number":
            yield from site.numbers()
        case "string":
            yield from site.texts()
        case "array":
            yield from site.arrays()
            if value:
                yield from proposals(flat.items, value[0], (*steps, 0))
        case "object":
            yield from site.objects()
            for name, child in flat.properties.items():
                if name in value:
                    yield from proposals(child, value[name], (*steps, name))


def _same(value: Any) -> Any:
    return value


def _codes(flat: Flat, keyword: str) -> frozenset[Code] | None:
    """The documented codes; for a wrong type those of a list of members are right as well."""
    refused = flat.get("x-refused", {})
    if keyword not in refused:
        return None
    words = (keyword, "enum", "const") if keyword == "type" else (keyword,)
    return frozenset(code for word in words if word in refused for code in refused[word]["codes"])


def _wrong_types(flat: Flat, node: Node, value: Any, steps: tuple[Step, ...]) -> Iterator[Proposal]:
    types = list(dict.fromkeys(name for each in node.flats for name in each.types))
    for name, wrong in _WRONG:
        variant = f"{name} for {' or '.join(types)}"
        yield Proposal(steps, "type", variant, _codes(flat, "type"), value, partial(_same, wrong))


@dataclass(frozen=True, slots=True)
class _Site:
    """Where a value stands in a body, and the alternative that it meets."""

    flat: Flat
    value: Any
    steps: tuple[Step, ...]

    def _propose(self, keyword: str, variant: str, make: Callable[[], Any]) -> Proposal:
        return Proposal(self.steps, keyword, variant, _codes(self.flat, keyword), self.value, make)

    def _plain(self, keyword: str, variant: str, now: Any) -> Proposal:
        return self._propose(keyword, variant, partial(_same, now))

    def _listed(self) -> tuple[str, list[Any]]:
        if "const" in self.flat.schema:
            return "const", [self.flat.schema["const"]]
        return "enum", list(self.flat.get("enum", ()))

    def numbers(self) -> Iterator[Proposal]:
        """Break bounds and membership of a number."""
        low, high = self.flat.get("minimum"), self.flat.get("maximum")
        if low is not None:
            yield self._plain("minimum", "limit-1", low - 1)
        if high is not None:
            yield self._plain("maximum", "limit+1", high + 1)
        keyword, members = self._listed()
        numbers = [n for n in members if type_name(n) in ("integer", "number")]
        if numbers:
            yield self._plain(keyword, "above the highest", max(numbers) + 1)
            yield self._plain(keyword, "far above", max(numbers) + 1000)
            yield self._plain(keyword, "below the lowest", min(numbers) - 1)

    def texts(self) -> Iterator[Proposal]:
        """Break lengths, membership and pattern of a string."""
        least, most = self.flat.get("minLength"), self.flat.get("maxLength")
        if least:
            yield self._plain("minLength", "limit-1", _resized(self.value, least - 1))
        if most is not None:
            yield self._plain("maxLength", "limit+1", _resized(self.value, most + 1))
            yield self._plain("maxLength", "limit+1, multibyte", "é" * (most + 1))
        limit = self.flat.get("x-maxBytes")
        if limit is not None:
            yield self._plain("x-maxBytes", "limit+1", _resized(self.value, limit + 1))
            for name, char in (("two", "é"), ("three", "读"), ("four", "😀")):
                number, rest = divmod(limit + 1, len(char.encode()))
                text = "a" * rest + char * number
                yield self._plain("x-maxBytes", f"limit+1, {name}-byte characters", text)
        yield from self._members()
        if "pattern" in self.flat.schema:
            yield from self._unmatched()

    def _members(self) -> Iterator[Proposal]:
        keyword, members = self._listed()
        if not members:
            return
        text = self.value
        yield self._plain(keyword, "unknown word", "x-unknown")
        yield self._plain(keyword, "empty", "")
        yield self._plain(keyword, "other case", text.swapcase())
        yield self._plain(keyword, "trailing space", f"{text} ")

    def _unmatched(self) -> Iterator[Proposal]:
        text, size = self.value, len(self.value)
        changed = (
            ("trailing line end", text + "\n"),
            ("last character a space", text[:-1] + " "),
            ("first character a space", " " + text[1:]),
            ("empty", ""),
            ("other case", text.swapcase()),
            ("letters only", "x" * size),
            ("digits only", "0" * size),
            ("punctuation only", "!" * size),
            ("not ASCII", "é" * size),
            ("one exclamation mark", "!"),
        )
        for variant, now in changed:
            yield self._plain("pattern", variant, now)

    def arrays(self) -> Iterator[Proposal]:
        """Break sizes and uniqueness of an array."""
        items = self.value
        least, most = self.flat.get("minItems"), self.flat.get("maxItems")
        if least:
            yield self._plain("minItems", "limit-1", items[: least - 1])
        if most is not None:
            yield self._propose("maxItems", "limit+1", lambda: self._grown(most + 1))
        if self.flat.get("uniqueItems") and items:
            kept = items if most is None or len(items) < most else items[:-1]
            yield self._plain("uniqueItems", "first item twice", [*kept, items[0]])

    def _grown(self, size: int) -> list[Any]:
        items = list(self.value)
        missing = size - len(items)
        if items and not self.flat.get("uniqueItems"):
            return items + [items[0]] * missing
        if not self.flat.get("uniqueItems"):
            return distinct(self.flat.items, 1) * missing
        return items + distinct(self.flat.items, missing, tuple(items))

    def objects(self) -> Iterator[Proposal]:
        """Take away required properties, add an unknown one."""
        for name in self.flat.required:
            codes = self._missing_codes(name)
            was = self.value[name]
            yield Proposal(
                (*self.steps, name), "required", "missing", codes, was, partial(_same, MISSING)
            )
        if not self.flat.get("additionalProperties", True):
            now = {**self.value, UNKNOWN: 1}
            yield self._plain("additionalProperties", "unknown property", now)

    def _missing_codes(self, name: str) -> frozenset[Code] | None:
        flats = self.flat.properties[name].flats
        known = [codes for flat in flats if (codes := _codes(flat, "required")) is not None]
        return frozenset().union(*known) if known else None


def _resized(text: str, size: int) -> str:
    """`text` cut or filled to that many characters, with one of its own where it has any."""
    fill = text[-1:] if text[-1:].isascii() and text else "a"
    return text[:size] + fill * (size - len(text))
