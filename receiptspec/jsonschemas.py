"""The JSON Schemas of our contracts: loading them, and judging instances by them.

Every keyword of a schema is either honoured or an error that names it; `receiptspec.dialect`
says what each means.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit
from urllib.request import url2pathname

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError as _MalformedSchema
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from referencing import Registry, Resource
from referencing.exceptions import NoSuchResource, Unresolvable
from referencing.jsonschema import DRAFT202012

from receiptspec.dialect import (
    BREAKABLE,
    RawJson,
    StrictValidator,
    Tree,
    canonical,
    dumps,
    is_integer,
    names_codes,
    type_name,
)
from receiptspec.errors import SchemaError
from receiptspec.fitting import Fits, compiled

__all__ = [
    "RawJson",
    "Schema",
    "Tree",
    "Violation",
    "canonical",
    "dumps",
    "from_mapping",
    "live_names",
    "load",
    "type_name",
    "validator",
    "violations",
]

_SINGLE = frozenset({"items", "if", "then", "else"})
_LISTS = frozenset({"allOf", "anyOf", "oneOf"})
_MAPS = frozenset({"properties", "$defs"})
_ANNOTATIONS = frozenset({
    "$schema", "$id", "$comment", "title", "description", "default", "examples", "deprecated",
    "x-live", "x-unit", "x-requirement", "x-refused", "x-open",
})  # fmt: skip
_KNOWN = BREAKABLE | _SINGLE | _LISTS | _MAPS | _ANNOTATIONS | {"$ref"}
_MEMORY = "https://schemas.invalid/"


@dataclass(frozen=True, eq=False)
class Schema:
    """One checked schema; equal only to itself, so that what is made from it can be cached."""

    name: str
    document: Tree
    registry: Registry[Any]

    @cached_property
    def tree(self) -> Tree:
        """The schema with each ``$ref`` replaced by ``allOf`` of what it points to."""
        resolver = self.registry.resolver(_base(self.document))
        return _inlined(self.document, resolver, self.name, ())

    @cached_property
    def requirements(self) -> tuple[str, ...]:
        """The ``x-requirement`` ids of all sites, each once, in order."""
        return tuple(dict.fromkeys(_requirements(self.tree)))

    @cached_property
    def fits(self) -> Fits:
        """Whether an instance has no violation; quicker than looking for one."""
        return compiled(self.tree)

    @cached_property
    def _validator(self) -> Validator:
        made: Validator = StrictValidator(self.document, registry=self.registry)
        return made


def live_names(schema: Schema) -> tuple[str, ...]:
    """Return the ``x-live`` names that the smallest instance needs, each once."""
    return tuple(dict.fromkeys(_live_names(schema.tree)))


def _live_names(node: Any) -> Iterator[str]:
    if not isinstance(node, Mapping):
        return
    if "x-live" in node:
        yield node["x-live"]
    for name in node.get("required", ()):
        yield from _live_names(node.get("properties", {}).get(name))
    yield from _live_names(node.get("items"))
    for inner in node.get("allOf", ()):
        yield from _live_names(inner)


def _requirements(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        if isinstance(node.get("x-requirement"), str):
            yield node["x-requirement"]
        for inner in node.values():
            yield from _requirements(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _requirements(inner)


def _base(document: Tree) -> str:
    return str(document["$id"]) if isinstance(document, Mapping) else ""


def load(path: Path | str) -> Schema:
    """Read a schema file, and the files beside it that it refers to; each path is read once.

    Raises SchemaError for a keyword outside the dialect (naming it and its JSON pointer), a
    malformed schema, a reference that leads nowhere or back to itself, or an unreadable file.
    """
    return _load(str(path))


@lru_cache(maxsize=512)
def _load(path: str) -> Schema:
    return _loaded(Path(path).resolve())


@lru_cache(maxsize=512)
def _loaded(path: Path) -> Schema:
    return _schema(path.as_uri(), path.name, _read(path), Registry(retrieve=_retrieve))  # type: ignore[call-arg]


def from_mapping(
    tree: Tree, *, name: str = "schema", siblings: Mapping[str, Tree] | None = None
) -> Schema:
    """Make a schema from plain data; `siblings` are files by name that ``$ref`` may point to."""
    registry: Registry[Any] = Registry()
    for other, content in (siblings or {}).items():
        uri = urljoin(_MEMORY, other)
        registry = registry.with_resource(
            uri, DRAFT202012.create_resource(_checked(content, other, uri))
        )
    return _schema(urljoin(_MEMORY, "main.json"), name, tree, registry)


def _schema(uri: str, name: str, tree: Tree, registry: Registry[Any]) -> Schema:
    document = _checked(tree, name, uri)
    registry = registry.with_resource(uri, DRAFT202012.create_resource(document))
    schema = Schema(name, document, registry)
    _ = schema.tree
    return schema


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SchemaError(f"{path}: cannot be read: {error}") from error


def _retrieve(uri: str) -> Resource[Any]:
    parts = urlsplit(uri)
    if parts.scheme != "file":
        raise NoSuchResource(ref=uri)  # type: ignore[call-arg]
    path = Path(url2pathname(parts.path))
    return DRAFT202012.create_resource(_checked(_read(path), path.name, uri))


def _checked(tree: Any, name: str, uri: str) -> Tree:
    """`tree` with its own address as the only ``$id``, every keyword in it known."""
    copied = _copied(tree, name, "")
    try:
        Draft202012Validator.check_schema(copied)
    except _MalformedSchema as error:
        raise SchemaError(f"{name}#{_pointer(error.absolute_path)}: {error.message}") from error
    return {"$id": uri, **copied} if isinstance(copied, dict) else copied


def _copied(tree: Any, name: str, at: str) -> dict[str, Any] | bool:
    if isinstance(tree, bool):
        return tree
    if not isinstance(tree, Mapping):
        raise SchemaError(f"{name}#{at}: a schema is an object or a boolean, not {tree!r}")
    for keyword in tree:
        _check_keyword(keyword, tree[keyword], name, f"{at}/{_escape(keyword)}")
    return {
        keyword: _copied_value(keyword, value, name, f"{at}/{_escape(keyword)}")
        for keyword, value in tree.items()
        if keyword != "$id"
    }


def _copied_value(keyword: str, value: Any, name: str, at: str) -> Any:
    if keyword in _SINGLE:
        return _copied(value, name, at)
    if keyword in _LISTS and isinstance(value, list):
        return [_copied(item, name, f"{at}/{index}") for index, item in enumerate(value)]
    if keyword in _MAPS and isinstance(value, Mapping):
        return {key: _copied(item, name, f"{at}/{_escape(key)}") for key, item in value.items()}
    return value


def _check_keyword(keyword: str, value: Any, name: str, at: str) -> None:
    if keyword not in _KNOWN:
        raise SchemaError(f"{name}#{at}: keyword {keyword!r} is not supported")
    wrong = {
        "additionalProperties": not isinstance(value, bool),
        "x-maxBytes": not is_integer(None, value) or value < 0,
        "x-live": not isinstance(value, str),
        "x-requirement": not isinstance(value, str),
        "x-refused": not names_codes(value),
        "x-open": not isinstance(value, bool),
    }
    if wrong.get(keyword, False):
        raise SchemaError(f"{name}#{at}: {keyword!r} cannot be {json.dumps(value)[:80]}")


def _inlined(tree: Any, resolver: Any, name: str, trail: tuple[int, ...]) -> Tree:
    if isinstance(tree, bool):
        return tree
    kept = {key: value for key, value in tree.items() if key not in ("$id", "$defs", "$ref")}

    def one(inner: Any) -> Tree:
        return _inlined(inner, resolver, name, trail)

    def inner(keyword: str, value: Any) -> Any:
        if keyword in _LISTS:
            return [one(item) for item in value]
        if keyword in _MAPS:
            return {key: one(item) for key, item in value.items()}
        return one(value) if keyword in _SINGLE else value

    result: dict[str, Any] = {key: inner(key, value) for key, value in kept.items()}
    if "$ref" in tree:
        target = _followed(tree["$ref"], resolver, name, trail)
        result["allOf"] = [target, *result.get("allOf", [])]
    return result


def _followed(ref: str, resolver: Any, name: str, trail: tuple[int, ...]) -> Tree:
    try:
        found = resolver.lookup(ref)
    except Unresolvable as error:
        raise _reason(error) or SchemaError(f"{name}: $ref {ref!r} leads nowhere") from error
    if id(found.contents) in trail:
        raise SchemaError(f"{name}: $ref {ref!r} leads back to itself, which is not supported")
    return _inlined(found.contents, found.resolver, name, (*trail, id(found.contents)))


def _reason(error: BaseException | None) -> SchemaError | None:
    while error is not None and not isinstance(error, SchemaError):
        error = error.__cause__ or error.__context__
    return error


@dataclass(frozen=True, slots=True)
class Violation:
    """One keyword that an instance breaks.

    `steps` lead to `instance`, the value in question (for ``required``: to the missing property).
    `expected` is the keyword's value, `site` its JSON pointer in the schema (``$ref`` and ``if``
    leave no step in it), `requirement` the ``x-requirement`` of the site or else of the nearest
    site around it. `branches`: what each alternative of ``anyOf``, ``oneOf`` complained about.
    """

    steps: tuple[str | int, ...]
    keyword: str
    site: str
    expected: Any
    message: str
    instance: Any
    requirement: str | None
    branches: tuple[tuple[Violation, ...], ...] = ()

    @property
    def at(self) -> str:
        """The JSON pointer to the value with ``*`` for an array index: ``/List/*/Id``."""
        return _pointer("*" if isinstance(step, int) else step for step in self.steps)

    @property
    def path(self) -> str:
        """The JSON path to the value: ``$.List[0].Id``."""
        return "$" + "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in self.steps)

    @property
    def generic_path(self) -> str:
        """The same for any array item: ``$.List[*].Id``."""
        return "$" + "".join("[*]" if isinstance(s, int) else f".{s}" for s in self.steps)

    @property
    def wanted(self) -> str:
        """What stands at the keyword, in words: ``an integer``, ``0 or 1``, ``at least 0``."""
        value = self.expected
        if self.keyword == "type":
            names = [value] if isinstance(value, str) else list(value)
            return " or ".join(f"{'an' if n[0] in 'aeio' else 'a'} {n}" for n in names)
        if self.keyword in ("enum", "const"):
            members = value if self.keyword == "enum" else [value]
            return " or ".join(canonical(member) for member in members)
        if self.keyword == "required":
            return f"a field {self.steps[-1]}"
        if self.keyword in ("anyOf", "oneOf"):
            names = sorted({str(inner.steps[-1]) for each in self.branches for inner in each})
            return f"one of {', '.join(names)}" if names else "one of several forms"
        words = {"minimum": "at least {}", "maximum": "at most {}"}.get(self.keyword)
        return words.format(value) if words else f"{self.keyword} {canonical(value)}"

    @property
    def actual(self) -> str:
        """The value as short JSON text, or ``missing``."""
        if self.keyword == "required":
            return "missing"
        text = canonical(self.instance)
        return text if len(text) <= 120 else text[:120] + "…"


def _escape(step: object) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")


def _pointer(steps: Iterable[str | int]) -> str:
    return "".join(f"/{_escape(step)}" for step in steps)


def validator(schema: Schema) -> Validator:
    """Return the strict validator of a schema, made once."""
    return schema._validator


def violations(schema: Schema, instance: Any) -> list[Violation]:
    """List all that an instance breaks, ordered by place; empty where it is valid."""
    found = [_violation(schema, error) for error in schema._validator.iter_errors(instance)]
    return sorted(found, key=lambda one: (one.path, one.keyword, one.site))


def _violation(schema: Schema, error: ValidationError) -> Violation:
    branches: dict[Any, list[Violation]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.schema_path[0], []).append(_violation(schema, inner))
    steps = tuple(error.absolute_path)
    route = list(error.absolute_schema_path)
    if error.validator == "required":
        route[-1:] = ["properties", steps[-1]]
    return Violation(
        steps=steps,
        keyword=str(error.validator),
        site=_pointer(error.absolute_schema_path),
        expected=error.validator_value,
        message=error.message if len(error.message) <= 300 else error.message[:300] + "…",
        instance=error.instance,
        requirement=_requirement(schema, route),
        branches=tuple(tuple(each) for each in branches.values()),
    )


def _requirement(schema: Schema, route: list[str | int]) -> str | None:
    """The innermost requirement along a route; a site that refers wins over what it refers to."""
    node: Any = schema.document
    resolver = schema.registry.resolver(_base(schema.document))
    found: str | None = None
    own: str | None = None
    for step in [*route, None]:
        while isinstance(node, Mapping) and "$ref" in node and step not in node:
            found = own = own or node.get("x-requirement") or found
            target = resolver.lookup(node["$ref"])
            node, resolver = target.contents, target.resolver
        here = node.get("x-requirement") if isinstance(node, Mapping) else None
        own = own or (here if isinstance(here, str) else None)
        found = own or found
        own = None
        node = _stepped(node, step)
    return found


def _stepped(node: Any, step: str | int | None) -> Any:
    if isinstance(node, list) and isinstance(step, int):
        return node[step]
    return node.get(step) if isinstance(node, Mapping) else None
