"""A quick yes: whether an instance fits a schema, without saying why not.

Nearly every answer of a run fits, so the validator that explains is asked about the others only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from receiptspec.dialect import Tree, is_integer, validator_of

__all__ = ["Fits", "compiled"]

Fits = Callable[[Any], bool]

_NUMBERS = (int, float)
_TYPES: Mapping[str, Fits] = {
    "object": lambda value: type(value) is dict,
    "array": lambda value: type(value) is list,
    "string": lambda value: type(value) is str,
    "integer": lambda value: is_integer(None, value),
    "number": lambda value: isinstance(value, _NUMBERS) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
}
_SILENT = frozenset({
    "$schema", "$id", "$comment", "title", "description", "default", "examples", "deprecated",
    "x-live", "x-unit", "x-requirement", "x-refused", "$defs", "then", "else",
})  # fmt: skip


def compiled(tree: Tree) -> Fits:
    """Return a predicate for a schema without references.

    A keyword that has no quick form here is left to the validator.
    """
    if isinstance(tree, bool):
        return lambda _: tree
    parts = [_part(keyword, tree) for keyword in tree if keyword not in _SILENT]
    if len(parts) == 1:
        return parts[0]
    return lambda value: all(part(value) for part in parts)


def _part(keyword: str, tree: Mapping[str, Any]) -> Fits:
    make = _MAKERS.get(keyword)
    return make(tree[keyword], tree) if make else validator_of({keyword: tree[keyword]}).is_valid


def _type(names: Any, _: Any) -> Fits:
    if isinstance(names, str):
        return _TYPES[names]
    tests = [_TYPES[name] for name in names]
    return lambda value: any(test(value) for test in tests)


def _properties(wanted: Mapping[str, Tree], _: Any) -> Fits:
    inner = [(name, compiled(sub)) for name, sub in wanted.items()]
    return lambda value: (
        type(value) is not dict or all(fits(value[name]) for name, fits in inner if name in value)
    )


def _additional(allowed: bool, tree: Mapping[str, Any]) -> Fits:
    known = tree.get("properties", {}).keys()
    return lambda value: allowed or type(value) is not dict or value.keys() <= known


def _required(names: list[str], _: Any) -> Fits:
    return lambda value: type(value) is not dict or all(name in value for name in names)


def _items(sub: Tree, _: Any) -> Fits:
    fits = compiled(sub)
    return lambda value: type(value) is not list or all(map(fits, value))


def _minimum(limit: Any, _: Any) -> Fits:
    number = _TYPES["number"]
    return lambda value: not number(value) or value >= limit


def _maximum(limit: Any, _: Any) -> Fits:
    number = _TYPES["number"]
    return lambda value: not number(value) or value <= limit


def _enum(members: list[Any], _: Any) -> Fits:
    if not all(type(member) in (int, str) for member in members):
        return validator_of({"enum": members}).is_valid
    known = {(type(member), member) for member in members}
    return lambda value: type(value) in (int, str) and (type(value), value) in known


def _const(member: Any, tree: Any) -> Fits:
    return _enum([member], tree)


def _all_of(branches: list[Tree], _: Any) -> Fits:
    tests = [compiled(branch) for branch in branches]
    return lambda value: all(test(value) for test in tests)


def _if(condition: Tree, tree: Mapping[str, Any]) -> Fits:
    test = compiled(condition)
    then, otherwise = compiled(tree.get("then", True)), compiled(tree.get("else", True))
    return lambda value: then(value) if test(value) else otherwise(value)


_MAKERS: Mapping[str, Callable[[Any, Any], Fits]] = {
    "type": _type,
    "properties": _properties,
    "additionalProperties": _additional,
    "required": _required,
    "items": _items,
    "minimum": _minimum,
    "maximum": _maximum,
    "enum": _enum,
    "const": _const,
    "allOf": _all_of,
    "if": _if,
}
