"""A schema site taken apart into flat alternatives that generators can walk.

``allOf`` is merged; ``anyOf``, ``oneOf`` and ``if`` become alternatives. Where an alternative
says less than the site (``oneOf``, ``if``, two patterns), `Node.exact` is False and whoever
makes a value asks `Node.allows`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from typing import Any

from receiptspec.dialect import Tree, canonical, validator_of
from receiptspec.jsonschemas import Schema

__all__ = ["Flat", "Node", "root"]

_SCALARS = ("null", "boolean", "integer", "number", "string")
_COMBINE = frozenset({"allOf", "anyOf", "oneOf", "if", "then", "else"})
_IMPLIED = {
    "object": {"properties", "required", "additionalProperties"},
    "array": {"items", "minItems", "maxItems", "uniqueItems"},
    "string": {"minLength", "maxLength", "pattern", "x-maxBytes"},
    "integer": {"minimum", "maximum"},
}


class Node:
    """One site of a schema: its alternatives and the judgement on a value. Equal only to itself."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree

    @cached_property
    def flats(self) -> tuple[Flat, ...]:
        """The alternatives that can be met at all; empty where nothing is valid."""
        unique = {canonical(flat): flat for flat in _alternatives(self.tree)}
        flats = (Flat(each) for each in unique.values())
        return tuple(flat for flat in flats if flat.possible)

    @cached_property
    def exact(self) -> bool:
        """Whether each value of an alternative is a value of the site."""
        return not _conditional(self.tree) and len({*_patterns(self.tree)}) < 2

    @cached_property
    def live(self) -> str | None:
        """The ``x-live`` name of the site."""
        return next((flat.schema["x-live"] for flat in self.flats if "x-live" in flat.schema), None)

    def allows(self, value: Any) -> bool:
        """Whether the value is valid here."""
        return bool(self._validator.is_valid(value))

    @cached_property
    def _validator(self) -> Any:
        return validator_of(self.tree)


class Flat:
    """One alternative: a schema without references and combinators at its top."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self.schema = schema

    def get(self, keyword: str, default: Any = None) -> Any:
        """Return a keyword's value."""
        return self.schema.get(keyword, default)

    def allows(self, value: Any) -> bool:
        """Whether the value is valid under this alternative."""
        return bool(self._validator.is_valid(value))

    @cached_property
    def _validator(self) -> Any:
        return validator_of(self.schema)

    @cached_property
    def types(self) -> tuple[str, ...]:
        """The JSON types, declared or implied by the keywords; where anything goes, the scalars."""
        declared = self.schema.get("type")
        if declared is not None:
            return (declared,) if isinstance(declared, str) else tuple(declared)
        implied = tuple(name for name, words in _IMPLIED.items() if words & self.schema.keys())
        return implied or _SCALARS

    @cached_property
    def members(self) -> tuple[Any, ...] | None:
        """The values of ``const`` or ``enum`` that are valid; None where neither is given."""
        if "const" in self.schema:
            listed = [self.schema["const"]]
        elif "enum" in self.schema:
            listed = self.schema["enum"]
        else:
            return None
        return tuple(value for value in listed if self.allows(value))

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The names of required properties, in order."""
        return tuple(self.schema.get("required", ()))

    @cached_property
    def properties(self) -> dict[str, Node]:
        """The properties that may be present, required ones among them."""
        trees = self.schema.get("properties", {})
        if self.schema.get("additionalProperties", True):
            trees = {**trees, **{name: True for name in self.required if name not in trees}}
        nodes = {name: Node(tree) for name, tree in trees.items()}
        return {name: node for name, node in nodes.items() if node.flats}

    @cached_property
    def items(self) -> Node:
        """The site of each array item."""
        return Node(self.schema.get("items", True))

    @cached_property
    def possible(self) -> bool:
        """Whether any value can meet this alternative."""
        if self.members is not None:
            return bool(self.members)
        if self.types != ("object",):
            return bool(self.types)
        return all(name in self.properties for name in self.required)


@lru_cache(maxsize=512)
def root(schema: Schema) -> Node:
    """Return the top site of a schema, made once."""
    return Node(schema.tree)


def _conditional(tree: Tree) -> bool:
    if isinstance(tree, bool):
        return False
    inner = (*tree.get("allOf", ()), *tree.get("anyOf", ()))
    return "oneOf" in tree or "if" in tree or any(_conditional(each) for each in inner)


def _patterns(tree: Tree) -> list[str]:
    if isinstance(tree, bool):
        return []
    own = [tree["pattern"]] if "pattern" in tree else []
    inner = (*tree.get("allOf", ()), *tree.get("anyOf", ()))
    return own + [pattern for each in inner for pattern in _patterns(each)]


def _alternatives(tree: Tree) -> list[dict[str, Any]]:
    if isinstance(tree, bool):
        return [{}] if tree else []
    flats = [{key: value for key, value in tree.items() if key not in _COMBINE}]
    for each in tree.get("allOf", ()):
        flats = _crossed(flats, _alternatives(each))
    for keyword in ("anyOf", "oneOf"):
        if keyword in tree:
            flats = _crossed(flats, [f for each in tree[keyword] for f in _alternatives(each)])
    return _branched(flats, tree) if "if" in tree else flats


def _branched(flats: list[dict[str, Any]], tree: Mapping[str, Any]) -> list[dict[str, Any]]:
    condition = tree["if"]
    chosen = _crossed(_alternatives(condition), _alternatives(tree.get("then", True)))
    spared = [_without(flat, condition) for flat in flats]
    return [
        *_crossed(spared, _alternatives(tree.get("else", True))),
        *_crossed(flats, chosen),
    ]


def _without(flat: dict[str, Any], condition: Tree) -> dict[str, Any]:
    """`flat` less the listed values that meet a condition on one property, to spare a filter."""
    if isinstance(condition, bool) or len(condition.get("properties", {})) != 1:
        return flat
    if condition.keys() - {"type", "properties", "required"}:
        return flat
    (name, met), *_ = condition["properties"].items()
    node = Node(flat.get("properties", {}).get(name, True))
    listed = [flat.members for flat in node.flats]
    if not listed or None in listed:
        return flat
    values = [value for members in listed for value in members or ()]
    rest = [value for value in values if not validator_of(met).is_valid(value)]
    narrowed = {"allOf": [flat["properties"][name], {"enum": rest}]} if rest else False
    return {**flat, "properties": {**flat["properties"], name: narrowed}}


def _crossed(
    left: Iterable[dict[str, Any]], right: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    others = list(right)
    merged = (_merged(a, b) for a in left for b in others)
    return [each for each in merged if each is not None]


def _merged(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any] | None:
    """What meets both; None where the types, constants or lists leave nothing. `a` wins ties."""
    result = {**b, **a}
    for keyword in a.keys() & b.keys():
        if keyword in _MERGE:
            result[keyword] = _MERGE[keyword](a[keyword], b[keyword])
    result.update(_merged_properties(a, b))
    dead = result.get("type") == [] or result.get("enum") == []
    if "const" in a and "const" in b:
        dead = dead or canonical(a["const"]) != canonical(b["const"])
    return None if dead else result


def _merged_properties(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    if "properties" not in a and "properties" not in b:
        return {}
    first, second = a.get("properties", {}), b.get("properties", {})
    merged: dict[str, Tree] = {}
    for name in {**first, **second}:
        left = first.get(name, a.get("additionalProperties", True))
        right = second.get(name, b.get("additionalProperties", True))
        if left is True or right is True:
            merged[name] = right if left is True else left
        else:
            merged[name] = {"allOf": [left, right]}
    return {"properties": merged}


def _common_types(a: Any, b: Any) -> list[str]:
    left = [a] if isinstance(a, str) else a
    right = [b] if isinstance(b, str) else b
    kept = [one for one in left if one in right or (one == "integer" and "number" in right)]
    narrower = [one for one in right if one == "integer" and "number" in left]
    return list(dict.fromkeys([*kept, *narrower]))


def _common_members(a: list[Any], b: list[Any]) -> list[Any]:
    known = {canonical(value) for value in b}
    return [value for value in a if canonical(value) in known]


_MERGE: dict[str, Any] = {
    "type": _common_types,
    "enum": _common_members,
    "required": lambda a, b: [*a, *(name for name in b if name not in a)],
    "items": lambda a, b: {"allOf": [a, b]},
    "uniqueItems": lambda a, b: a or b,
    "additionalProperties": lambda a, b: a and b,
    "x-refused": lambda a, b: {**b, **a},
    **dict.fromkeys(("minimum", "minLength", "minItems"), max),
    **dict.fromkeys(("maximum", "maxLength", "maxItems", "x-maxBytes"), min),
}
