"""Deterministic valid bodies: the smallest, the fullest, and each keyword's limit exactly met."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, count, islice
from typing import Any

from receiptspec.alternatives import Flat, Node, root
from receiptspec.dialect import canonical
from receiptspec.errors import SchemaError
from receiptspec.jsonschemas import Schema
from receiptspec.texts import INTEGERS, exact_texts, shortest, special_texts

__all__ = ["Labelled", "boundaries", "distinct", "fullest", "smallest"]


@dataclass(frozen=True, slots=True)
class Labelled:
    """A valid body: what is special about it, and where (JSON pointer, ``*`` for any item)."""

    body: Any
    at: str
    label: str


def smallest(schema: Schema, live_values: Mapping[str, Any] | None = None) -> Any:
    """Return the minimal valid body: nothing optional, shortest, nearest to zero.

    `live_values` gives the value of sites with that ``x-live`` name. Raises SchemaError where
    no such body is valid.
    """
    return _Maker(schema.name, dict(live_values or {}), full=False).value(root(schema))


def fullest(schema: Schema, live_values: Mapping[str, Any] | None = None) -> Any:
    """Return a minimal valid body with every optional property and at least one item a list.

    The body to break when each site is to be reached. Raises SchemaError as `smallest` does.
    """
    return _Maker(schema.name, dict(live_values or {}), full=True).value(root(schema))


def boundaries(schema: Schema, live_values: Mapping[str, Any] | None = None) -> list[Labelled]:
    """List each keyword's valid side once, around the minimal body, always in the same order.

    A site with a live value keeps it. Equal bodies are listed once, under the first label.
    """
    maker = _Maker(schema.name, dict(live_values or {}), full=False)
    top = root(schema)
    found: dict[str, Labelled] = {}
    for one in maker.around(top, ""):
        found.setdefault(canonical(one.body), one)
    return [one for one in found.values() if top.allows(one.body)]


def distinct(node: Node, number: int, avoid: tuple[Any, ...] = ()) -> list[Any]:
    """Return up to `number` different valid values of a site, none equal to one of `avoid`."""
    maker = _Maker("", {}, full=False)
    return maker.different(node, number, avoid)


class _Maker:
    def __init__(self, name: str, live: dict[str, Any], full: bool) -> None:
        self._name, self._live, self._full = name, live, full

    # --- one value ----------------------------------------------------------------------------

    def value(self, node: Node) -> Any:
        if node.live in self._live:
            return self._live[node.live]
        for flat in node.flats:
            for value in self._proposals(flat):
                if node.allows(value):
                    return value
        raise SchemaError(f"{self._name}: no minimal value for {str(node.tree)[:200]}")

    def _proposals(self, flat: Flat) -> Iterator[Any]:
        if flat.members is not None:
            yield from flat.members
            return
        for name in sorted(flat.types, key=lambda name: name == "null"):
            yield from self._typed(name, flat)

    def _typed(self, name: str, flat: Flat) -> Iterator[Any]:
        match name:
            case "null":
                yield None
            case "boolean":
                yield from (False, True)
            case "integer" | "number":
                yield from _nearest_to_zero(flat)
            case "string":
                yield shortest(flat)
            case "array":
                wanted = flat.get("minItems", 0)
                if self._full and flat.get("maxItems", 1) > 0 and flat.items.flats:
                    wanted = max(wanted, 1)
                yield self._array(flat, wanted)
            case _:
                yield from self._objects(flat)

    def _objects(self, flat: Flat) -> Iterator[dict[str, Any]]:
        if self._full:
            yield {name: self.value(node) for name, node in flat.properties.items()}
        yield {name: self.value(flat.properties[name]) for name in flat.required}

    def _array(self, flat: Flat, size: int, first: tuple[Any, ...] = ()) -> list[Any]:
        missing = size - len(first)
        if missing <= 0:
            return list(first)
        if not flat.get("uniqueItems"):
            return [*first, *([self.value(flat.items)] * missing)]
        own = [] if first else [self.value(flat.items)]
        return [*first, *own, *self.different(flat.items, missing - len(own), (*first, *own))]

    def different(self, node: Node, number: int, avoid: tuple[Any, ...]) -> list[Any]:
        seen = {canonical(value) for value in avoid}
        return list(islice(self._fresh(node, seen), max(number, 0)))

    def _fresh(self, node: Node, seen: set[str]) -> Iterator[Any]:
        for flat in node.flats:
            for value in self._many(flat):
                key = canonical(value)
                if key not in seen and node.allows(value):
                    seen.add(key)
                    yield value

    def _many(self, flat: Flat) -> Iterator[Any]:
        """Many values, the simple ones first; finite, so that whoever filters them ends."""
        if flat.members is not None:
            yield from flat.members
            return
        for name in flat.types:
            if name in ("integer", "number"):
                low, high = flat.get("minimum"), flat.get("maximum")
                start = math.ceil(low) if low is not None else min(1, math.floor(high or 1))
                yield from range(start, start + 200_000)
                yield from range(start, start - 1_000, -1)
            elif name == "string":
                yield from _numbered(flat)
            elif name == "object":
                yield from self._varied(flat)
            elif name == "array":
                for size in range(50):
                    yield self._array(flat, flat.get("minItems", 0) + size)
            else:
                yield from self._typed(name, flat)

    def _varied(self, flat: Flat) -> Iterator[dict[str, Any]]:
        base = next(self._objects(flat))
        yield base
        for name, node in flat.properties.items():
            for value in self._fresh(node, {canonical(base.get(name))}):
                yield {**base, name: value}

    # --- values around the smallest -----------------------------------------------------------

    def around(self, node: Node, at: str) -> Iterator[Labelled]:
        """Yield the values of one site that are worth a try; `at` is the site's pointer."""
        yield Labelled(self.value(node), at, "smallest")
        if node.live in self._live:
            return
        for flat in node.flats:
            for one in self._around(flat, at):
                if node.exact or node.allows(one.body):
                    yield one

    def _around(self, flat: Flat, at: str) -> Iterator[Labelled]:
        if flat.members is not None:
            yield from (Labelled(m, at, f"enum {canonical(m)[:40]}") for m in flat.members)
            return
        for name in flat.types:
            match name:
                case "integer" | "number":
                    yield from _around_number(flat, at, whole=name == "integer")
                case "string":
                    texts = chain(exact_texts(flat), special_texts(flat))
                    yield from (Labelled(text, at, label) for label, text in texts)
                case "array":
                    yield from self._around_array(flat, at)
                case "object":
                    yield from self._around_object(flat, at)
                case _:
                    values = self._typed(name, flat)
                    yield from (Labelled(value, at, canonical(value)) for value in values)

    def _around_object(self, flat: Flat, at: str) -> Iterator[Labelled]:
        base = {name: self.value(flat.properties[name]) for name in flat.required}
        yield Labelled(base, at, "every optional property absent")
        optional = [name for name in flat.properties if name not in base]
        for name in optional:
            body = {**base, name: self.value(flat.properties[name])}
            yield Labelled(body, f"{at}/{_escaped(name)}", "present")
        if len(optional) > 1:
            every = {name: self.value(node) for name, node in flat.properties.items()}
            yield Labelled(every, at, "every optional property present")
            for name in optional:
                body = {key: value for key, value in every.items() if key != name}
                yield Labelled(body, f"{at}/{_escaped(name)}", "absent")
        for name, node in flat.properties.items():
            for one in self.around(node, f"{at}/{_escaped(name)}"):
                yield Labelled({**base, name: one.body}, one.at, one.label)

    def _around_array(self, flat: Flat, at: str) -> Iterator[Labelled]:
        least, most = flat.get("minItems", 0), flat.get("maxItems")
        yield Labelled(self._array(flat, least), at, f"minItems ({least})")
        if most is not None:
            full = self._array(flat, most)
            if len(full) == most:
                yield Labelled(full, at, f"maxItems ({most})")
        if most == 0 or not flat.items.flats:
            return
        if not flat.get("uniqueItems") and (most is None or most >= 2):
            yield Labelled(self._array(flat, max(2, least)), at, "equal items")
        for one in self.around(flat.items, f"{at}/*"):
            yield Labelled(self._array(flat, least, (one.body,)), one.at, one.label)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _nearest_to_zero(flat: Flat) -> Iterator[int | float]:
    low, high = flat.get("minimum"), flat.get("maximum")
    if low is not None and low > 0:
        yield from (math.ceil(low), low)
    elif high is not None and high < 0:
        yield from (math.floor(high), high)
    else:
        yield 0


def _around_number(flat: Flat, at: str, *, whole: bool) -> Iterator[Labelled]:
    for keyword, rounded in (("minimum", math.ceil), ("maximum", math.floor)):
        if keyword in flat.schema:
            limit = flat.schema[keyword]
            yield Labelled(rounded(limit) if whole else limit, at, f"{keyword} ({limit})")
    numbers = INTEGERS if whole else (*INTEGERS, 0.5, -0.5, 1e-7, 1e300)
    yield from (Labelled(n, at, str(n)) for n in numbers if flat.allows(n))


def _numbered(flat: Flat) -> Iterator[str]:
    base = shortest(flat)
    yield base
    letters = "0123456789abcdefghijklmnopqrstuvwxyz"
    for number in islice(count(), 20_000):
        digits = "".join(letters[number // 36**place % 36] for place in range(_places(number)))
        yield from (digits, base + digits, digits + base, base[: -len(digits)] + digits)


def _places(number: int) -> int:
    places = 1
    while number >= 36**places:
        places += 1
    return places
