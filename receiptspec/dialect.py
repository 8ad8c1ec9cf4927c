"""The words of our JSON Schema dialect: values, patterns, and the strict validator.

A subset of 2020-12 in which every keyword is either honoured or an error. Numbers are strict:
``1.0`` is not an integer, because clients in typed languages refuse it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

__all__ = [
    "BREAKABLE",
    "RawJson",
    "StrictValidator",
    "Tree",
    "canonical",
    "dumps",
    "is_integer",
    "names_codes",
    "regex",
    "type_name",
    "validator_of",
]

Tree = Mapping[str, Any] | bool
"""A schema as plain data, every ``$ref`` of it already followed where we say so."""

BREAKABLE = frozenset({
    "required", "type", "enum", "const", "minimum", "maximum", "minLength", "maxLength",
    "x-maxBytes", "minItems", "maxItems", "uniqueItems", "pattern", "additionalProperties",
})  # fmt: skip
"""Keywords that an instance can violate, and that ``x-refused`` may therefore name."""


class RawJson(str):
    """A number token written as it stands: ``RawJson("1.0")``, ``RawJson("1e3")``."""

    __slots__ = ()
    is_json_number = True

    def __repr__(self) -> str:
        return f"RawJson({str(self)!r})"


def _is_raw(value: object) -> bool:
    return bool(getattr(value, "is_json_number", False))


def _text(value: Any, *, sort: bool) -> str:
    if isinstance(value, Mapping):
        keys = sorted(value) if sort else list(value)
        inner = (f"{_text(key, sort=sort)}:{_text(value[key], sort=sort)}" for key in keys)
        return "{" + ",".join(inner) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(_text(item, sort=sort) for item in value) + "]"
    if _is_raw(value):
        return str(value)
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def dumps(body: Any) -> bytes:
    """Write a body as compact UTF-8 JSON; raw number tokens stand as written.

    Raises ValueError for NaN and infinities, UnicodeEncodeError for lone surrogates.
    """
    return _text(body, sort=False).encode()


def canonical(value: Any) -> str:
    """One text for equal values: keys sorted; ``1``, ``1.0``, ``true`` and ``"1"`` all differ."""
    return _text(value, sort=True)


def type_name(value: object) -> str:
    """Return the JSON type of a value: ``integer`` and ``number`` are told apart."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float) or _is_raw(value):
        return "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "array"


@lru_cache(maxsize=1024)
def regex(pattern: str) -> re.Pattern[str]:
    r"""Compile a schema's pattern as ECMA-262 means it: ``$`` is the end, ``\d`` is ASCII."""
    pieces = re.findall(r"\\.|\[(?:\\.|[^\]\\])*\]|.", pattern, flags=re.DOTALL)
    return re.compile("".join(r"\Z" if piece == "$" else piece for piece in pieces), re.ASCII)


# --- the validator ------------------------------------------------------------------------------


def _number(value: Any) -> Any:
    """`value` as something that compares with numbers, or None where it cannot."""
    if not _is_raw(value):
        return value
    try:
        number = Decimal(str(value))
    except ArithmeticError:
        return None
    return None if number.is_nan() else number


def _minimum(check: Any, limit: Any, value: Any, _: Any) -> Iterator[ValidationError]:
    if check.is_type(value, "number") and (n := _number(value)) is not None and n < limit:
        yield ValidationError(f"{value!r} is less than {limit}")


def _maximum(check: Any, limit: Any, value: Any, _: Any) -> Iterator[ValidationError]:
    if check.is_type(value, "number") and (n := _number(value)) is not None and n > limit:
        yield ValidationError(f"{value!r} is greater than {limit}")


def _max_bytes(check: Any, limit: int, value: Any, _: Any) -> Iterator[ValidationError]:
    if check.is_type(value, "string"):
        size = len(value.encode("utf-8", "surrogatepass"))
        if size > limit:
            yield ValidationError(f"{size} bytes in UTF-8 are more than {limit}")


def _pattern(check: Any, pattern: str, value: Any, _: Any) -> Iterator[ValidationError]:
    if check.is_type(value, "string") and not regex(pattern).search(value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


def _enum(_: Any, members: list[Any], value: Any, __: Any) -> Iterator[ValidationError]:
    if canonical(value) not in {canonical(member) for member in members}:
        yield ValidationError(f"{value!r} is not one of {members!r}")


def _const(_: Any, member: Any, value: Any, __: Any) -> Iterator[ValidationError]:
    if canonical(value) != canonical(member):
        yield ValidationError(f"{member!r} was expected")


def _unique(check: Any, wanted: bool, value: Any, _: Any) -> Iterator[ValidationError]:
    if wanted and check.is_type(value, "array") and len({*map(canonical, value)}) < len(value):
        yield ValidationError("items are not unique")


def _required(check: Any, names: list[str], value: Any, _: Any) -> Iterator[ValidationError]:
    if check.is_type(value, "object"):
        for name in names:
            if name not in value:
                yield ValidationError(f"{name!r} is missing", path=(name,))


def is_integer(_: Any, value: object) -> bool:
    """Whether a value is a Python int and no boolean; shaped as a type check of jsonschema."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: Any, value: object) -> bool:
    return _is_raw(value) or (isinstance(value, (int, float)) and not isinstance(value, bool))


def _is_string(_: Any, value: object) -> bool:
    return isinstance(value, str) and not _is_raw(value)


StrictValidator: Any = extend(  # type: ignore[no-untyped-call]
    Draft202012Validator,
    validators={
        "minimum": _minimum,
        "maximum": _maximum,
        "x-maxBytes": _max_bytes,
        "pattern": _pattern,
        "enum": _enum,
        "const": _const,
        "uniqueItems": _unique,
        "required": _required,
    },
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many(
        {"integer": is_integer, "number": _is_number, "string": _is_string}
    ),
)


def validator_of(tree: Tree) -> Validator:
    """Return the strict validator of plain data without references."""
    made: Validator = StrictValidator(dict(tree) if isinstance(tree, Mapping) else tree)
    return made


def names_codes(value: Any) -> bool:
    """Whether a value has the shape of ``x-refused``: ``{KEYWORD: {codes: [int or str]}}``."""
    return isinstance(value, Mapping) and all(
        keyword in BREAKABLE
        and isinstance(entry, Mapping)
        and set(entry) == {"codes"}
        and isinstance(entry["codes"], list)
        and all(is_integer(None, code) or isinstance(code, str) for code in entry["codes"])
        for keyword, entry in value.items()
    )
