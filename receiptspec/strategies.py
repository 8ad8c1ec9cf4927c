"""Hypothesis strategies for what our JSON Schemas allow, the values that break servers included.

Built on Hypothesis' public API alone. Everything that is generated validates.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from receiptspec.alternatives import Flat, Node, root
from receiptspec.boundaries import Labelled, boundaries, fullest, smallest
from receiptspec.dialect import canonical, regex
from receiptspec.errors import SchemaError
from receiptspec.jsonschemas import Schema
from receiptspec.texts import INTEGERS, exact_texts, fitted, special_texts

__all__ = ["Labelled", "boundaries", "from_schema", "fullest", "smallest"]

_SHORT = 48  # characters of an ordinary random text
_FEW = 6  # items of an ordinary random array
_CHARACTERS = st.characters(exclude_categories=["Cs"])


def from_schema(
    schema: Schema,
    *,
    live: Mapping[str, SearchStrategy[Any]] | None = None,
    extra: bool = False,
) -> SearchStrategy[Any]:
    """Return a strategy for the values that a schema allows; made once for equal arguments.

    `live` gives the strategies for sites with that ``x-live`` name; their values are taken as
    they come. `extra` adds unknown properties where ``additionalProperties`` permits them.
    Raises SchemaError where nothing can satisfy the schema.
    """
    named = tuple(sorted((live or {}).items(), key=lambda pair: pair[0]))
    return _compiled(schema, named, extra)


@lru_cache(maxsize=256)
def _compiled(
    schema: Schema, live: tuple[tuple[str, SearchStrategy[Any]], ...], extra: bool
) -> SearchStrategy[Any]:
    return _Compiler(schema.name, dict(live), extra).site(root(schema))


class _Compiler:
    def __init__(self, name: str, live: dict[str, SearchStrategy[Any]], extra: bool) -> None:
        self._name, self._live, self._extra = name, live, extra

    def site(self, node: Node) -> SearchStrategy[Any]:
        if not node.flats:
            raise SchemaError(f"{self._name}: nothing satisfies {str(node.tree)[:200]}")
        if node.live in self._live:
            return self._live[node.live]
        made = st.one_of([self._flat(flat) for flat in node.flats])
        return made if node.exact else made.filter(node.allows)

    def _flat(self, flat: Flat) -> SearchStrategy[Any]:
        if flat.members is not None:
            return st.sampled_from(flat.members).map(copy.deepcopy)
        return st.one_of([self._typed(name, flat) for name in flat.types])

    def _typed(self, name: str, flat: Flat) -> SearchStrategy[Any]:
        match name:
            case "null":
                return st.none()
            case "boolean":
                return st.booleans()
            case "integer":
                return _integers(flat)
            case "number":
                return _numbers(flat)
            case "string":
                return _texts(flat)
            case "array":
                return self._arrays(flat)
            case _:
                return self._objects(flat)

    def _arrays(self, flat: Flat) -> SearchStrategy[list[Any]]:
        least, most = flat.get("minItems", 0), flat.get("maxItems")
        if not flat.items.flats or most == 0:
            return st.just([]) if least == 0 else st.nothing()
        items = self.site(flat.items)
        few = max(least, _FEW) if most is None else min(most, max(least, _FEW))
        unique = canonical if flat.get("uniqueItems") else None
        return st.lists(items, min_size=least, max_size=few, unique_by=unique)

    def _objects(self, flat: Flat) -> SearchStrategy[dict[str, Any]]:
        sites = {name: self.site(node) for name, node in flat.properties.items()}
        needed = {name: sites.pop(name) for name in flat.required if name in sites}
        known = st.fixed_dictionaries(needed, optional=sites)
        if not self._extra or not flat.get("additionalProperties", True):
            return known
        names = st.text(_CHARACTERS, max_size=_SHORT).filter(
            lambda name: name not in flat.get("properties", {}) and name not in flat.required
        )
        more = st.dictionaries(names, _ANYTHING, max_size=2)
        return st.builds(lambda unknown, body: {**unknown, **body}, more, known)


def _integers(flat: Flat) -> SearchStrategy[int]:
    low, high = flat.get("minimum"), flat.get("maximum")
    low = None if low is None else math.ceil(low)
    high = None if high is None else math.floor(high)
    if low is not None and high is not None and low > high:
        return st.nothing()
    special = [n for n in (low, high, *INTEGERS) if n is not None and flat.allows(n)]
    ordinary = st.integers(low, high)
    return ordinary | st.sampled_from(list(dict.fromkeys(special))) if special else ordinary


def _numbers(flat: Flat) -> SearchStrategy[int | float]:
    low, high = flat.get("minimum"), flat.get("maximum")
    floats = st.floats(
        None if low is None else float(low),
        None if high is None else float(high),
        allow_nan=False,
        allow_infinity=False,
    ).filter(flat.allows)
    return floats | _integers(flat)


def _texts(flat: Flat) -> SearchStrategy[str]:
    known = list(dict.fromkeys(text for _, text in [*special_texts(flat), *exact_texts(flat)]))
    ordinary = _ordinary(flat)
    return ordinary | st.sampled_from(known) if known else ordinary


def _ordinary(flat: Flat) -> SearchStrategy[str]:
    least, most, limit = flat.get("minLength", 0), flat.get("maxLength"), flat.get("x-maxBytes")
    if any(top is not None and least > top for top in (most, limit)):
        return st.nothing()
    if "pattern" in flat.schema:
        return _matching(flat)
    longest = max(least, _SHORT)
    for top in (most, limit):
        longest = longest if top is None else min(longest, top)
    texts = st.text(_CHARACTERS, min_size=least, max_size=longest)
    return texts if limit is None else texts.map(lambda text: fitted(text, least, most, limit))


def _matching(flat: Flat) -> SearchStrategy[str]:
    texts = st.from_regex(regex(flat.schema["pattern"]), alphabet=st.characters(codec="utf-8"))
    bounded = {"minLength", "maxLength", "x-maxBytes"} & flat.schema.keys()
    return texts.filter(flat.allows) if bounded else texts


_ANYTHING: SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(_CHARACTERS, max_size=8),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.text(_CHARACTERS, max_size=8), inner, max_size=2)
    ),
    max_leaves=4,
)
