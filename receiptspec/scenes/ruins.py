"""Bodies of which several fields are broken at once: what counts is only that they are answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

__all__ = ["put", "ruins"]

_BEYOND, _BELOW = 2**64, -(2**63) - 1  # the first that no integer of 64 bits holds, signed or not
_LONG = "x" * 300
_HALF = "\ud800"  # of a surrogate pair
_IDS = ("group", "user", "member", "operator", "peer", "new-user")

Fields = dict[str, Any]
Breaks = Callable[[Mapping[str, Any], int], Any]  # a field's schema and its place -> a value


def _another(field: Mapping[str, Any], place: int) -> Any:
    """Put a number for a text, a text for anything else; lists hold what they should not."""
    match field.get("type"):
        case "string":
            return 1
        case "array":
            items = field.get("items", {})
            broken = _members(items, _another)
            return [*([broken] if broken else []), _another(items, place)]
        case _:
            return "x"


def _nested(field: Mapping[str, Any], place: int) -> Any:
    if field.get("type") == "array":
        broken = _members(field.get("items", {}), _nested)
        return [broken] if broken else "x"
    return ["x"] if place % 2 else {"x": 1}


def _beyond(field: Mapping[str, Any], place: int) -> Any:
    """Put numbers that fit no 64 bits, and nothing where there is none."""
    match field.get("type"):
        case "integer" | "number":
            return _BELOW if place % 2 else _BEYOND
        case "array":
            items = field.get("items", {})
            found = _members(items, _beyond) or _beyond(items, place)
            return None if found is None else [found]
        case _:
            return None


def _odd(field: Mapping[str, Any], place: int) -> Any:
    """Put a long text, or one with a NUL, and nothing where there is none."""
    match field.get("type"):
        case "string":
            return f"{_LONG}\0" if place % 2 else f"a\0{_LONG}"
        case "array":
            items = field.get("items", {})
            found = _members(items, _odd) or _odd(items, place)
            return None if found is None else [found]
        case _:
            return None


def _members(schema: Mapping[str, Any], breaks: Breaks) -> Fields:
    """Break the fields of an object; those for which there is nothing to put are left out."""
    fields = schema.get("properties", {})
    broken = {name: breaks(field, place) for place, (name, field) in enumerate(fields.items())}
    return {name: value for name, value in broken.items() if value is not None}


def _halved(schema: Mapping[str, Any], body: Mapping[str, Any]) -> Fields:
    """Put half a character into what is kept as a text: not into ids."""
    found: dict[str, Any] = {}
    for name, field in schema.get("properties", {}).items():
        value = body.get(name)
        if field.get("type") == "string":
            if field.get("x-live") not in _IDS and "enum" not in field:
                found[name] = _HALF
        elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
            found[name] = [_in_content(item) for item in value]
    return found


def _in_content(node: Any, *, inside: bool = False) -> Any:
    """Put half a character for the texts of what stands within an object of a list."""
    if isinstance(node, dict):
        inner = {key: isinstance(value, dict) or inside for key, value in node.items()}
        return {key: _in_content(value, inside=inner[key]) for key, value in node.items()}
    return _HALF if inside and isinstance(node, str) else node


def ruins(schema: Mapping[str, Any], body: Mapping[str, Any]) -> Iterator[tuple[str, Fields]]:
    """Yield what to put for several fields of a good body, and how to call that.

    Who checks the needed fields first does not come to the others, so those are broken alone too.
    """
    optional = [name for name in schema.get("properties", {}) if name not in body]
    others = _members(schema, _another)
    yield "values of another type", others
    yield "lists and objects", _members(schema, _nested)
    yield "numbers beyond 64 bits", _members(schema, _beyond)
    yield "long texts and a NUL", _members(schema, _odd)
    yield "halves of characters", _halved(schema, body)
    yield (
        "what is optional",
        {name: others[name] if place % 2 else None for place, name in enumerate(optional)},
    )


def put(body: Mapping[str, Any], fields: Fields) -> bytes:
    """Write a body with these fields; whatever is no ASCII is escaped."""
    return json.dumps({**body, **fields}).encode("ascii")
