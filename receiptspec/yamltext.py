"""YAML files read as JSON-like data that remembers its lines.

YAML 1.1 takes ``on``, ``no``, ``1_000`` and ``12:30`` for something else; here only ``true``,
``false``, ``null`` and plain decimal numbers are not text.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from receiptspec.errors import ConfigurationError

__all__ = ["YamlFile", "load", "rewrite"]

_MAX_NODES = 200_000
_MAX_DEPTH = 100
_MAX_BITS = 128
_DEEP = re.compile(rf"^[ \t]*(?:[-?:][ \t]+){{{_MAX_DEPTH}}}|^ {{{_MAX_DEPTH}}}", re.MULTILINE)
_TAG = "tag:yaml.org,2002:"
_TAGS = {_TAG + name for name in ("bool", "float", "int", "map", "null", "seq", "str")}
_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


for _tag, _pattern, _first in (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ["n", "~", ""]),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    ("float", r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+]?[0-9]+)?", "-+0123456789"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), list(_first)
    )


@dataclass(frozen=True, slots=True)
class YamlFile:
    """`data` as plain dicts, lists and scalars; `lines` maps a path in it to its line, from 1."""

    file: Path
    data: Any
    lines: dict[tuple[str | int, ...], int]

    def line(self, path: tuple[str | int, ...]) -> int | None:
        """Return the line of `path`, or of the nearest parent that has one."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None

    def error(
        self, what: str, path: tuple[str | int, ...] = (), *, fix: str | None = None
    ) -> ConfigurationError:
        """Return the error that names the file, the line and the path."""
        dotted = ".".join(str(part) for part in path) or None
        return ConfigurationError(what, file=self.file, line=self.line(path), path=dotted, fix=fix)


def load(file: Path) -> YamlFile:
    """Read `file`.

    Raises `ConfigurationError` when it is missing, is not text, is no YAML, or repeats a key.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError("no such file", file=file) from None
    except OSError as error:
        raise ConfigurationError(f"cannot be read: {error.strerror}", file=file) from None
    except UnicodeDecodeError:
        raise ConfigurationError("cannot be read: not UTF-8", file=file, fix="save it so") from None
    result = YamlFile(file, None, {})
    loader = _Loader(text)
    try:
        _must_be_flat(text, result)
        node = loader.get_single_node()
        data = _construct(loader, node, (), result, ()) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        tab = mark is not None and text.split("\n")[mark.line : mark.line + 1]
        what = error.problem or error.context
        if mark is not None and tab and tab[0][mark.column : mark.column + 1] == "\t":
            what = "a tab, where only spaces may stand"
        raise ConfigurationError(
            f"not YAML: {what}",
            file=file,
            line=mark.line + 1 if mark else None,
        ) from None
    except yaml.YAMLError as error:
        first = (str(error).splitlines() or ["unreadable"])[0]
        raise ConfigurationError(f"not YAML: {first}", file=file) from None
    finally:
        loader.dispose()
    return YamlFile(file, data, result.lines)


def _must_be_flat(text: str, into: YamlFile) -> None:
    """Refuse what is nested so deeply that the parser would end the process."""
    depth = deepest = 0
    for bracket in re.findall(r"[\[{\]}]", text):
        depth += 1 if bracket in "[{" else -(depth > 0)
        deepest = max(deepest, depth)
    if deepest <= _MAX_DEPTH and not _DEEP.search(text):
        return
    depth = 0
    event: Any
    try:
        for event in yaml.parse(text, Loader=_Loader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _MAX_DEPTH:
                raise _too_deep(event.start_mark, into)
    except yaml.scanner.ScannerError as error:  # libyaml looks ahead, and has a limit of its own
        if "nesting depth" not in str(error.problem):
            raise
        raise _too_deep(error.problem_mark, into) from None


def _too_deep(mark: Any, into: YamlFile) -> ConfigurationError:
    into.lines[()] = mark.line + 1
    return into.error(f"nested too deeply: over {_MAX_DEPTH} levels")


def _construct(
    loader: Any, node: Any, path: tuple[str | int, ...], into: YamlFile, inside: tuple[Any, ...]
) -> Any:
    into.lines.setdefault(path, node.start_mark.line + 1)
    if len(into.lines) > _MAX_NODES:
        raise into.error("too large: over 200000 values", path)
    if node.tag not in _TAGS:
        tag = node.tag.replace(_TAG, "!!")
        raise into.error(f"the tag {tag[:80]} is not supported", path, fix="leave it out")
    if isinstance(node, yaml.ScalarNode):
        return _scalar(loader, node, path, into)
    if any(node is outer for outer in inside):
        raise into.error("an anchor that holds itself", path, fix="write out what it stands for")
    inside = (*inside, node)
    if isinstance(node, yaml.SequenceNode):
        return [
            _construct(loader, item, (*path, index), into, inside)
            for index, item in enumerate(node.value)
        ]
    return _mapping(loader, node, path, into, inside)


def _scalar(loader: Any, node: Any, path: tuple[str | int, ...], into: YamlFile) -> Any:
    kind = node.tag.removeprefix(_TAG)
    try:
        value = loader.construct_object(node)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        what = "a number that is too long" if len(node.value) > _MAX_BITS else f"is no {kind}"
        raise into.error(what, path, fix="write it as text, in quotes") from None
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        raise into.error("a number that is too long", path, fix="write it as text, in quotes")
    if isinstance(value, float) and not math.isfinite(value):
        raise into.error(f"{node.value[:80]!r} is no finite number", path)
    return value


def _mapping(
    loader: Any, node: Any, path: tuple[str | int, ...], into: YamlFile, inside: tuple[Any, ...]
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, yaml.ScalarNode):
            raise into.error("a key must be plain text", path)
        key = str(key_node.value)
        into.lines[*path, key] = key_node.start_mark.line + 1
        if key == "<<" and not key_node.style:
            fix = "write the fields out"
            raise into.error("merge keys (<<) are not supported", (*path, key), fix=fix)
        if key in result:
            raise into.error(f"{key!r} stands here twice", (*path, key), fix="remove one of them")
        result[key] = _construct(loader, value_node, (*path, key), into, inside)
    return result


def rewrite(file: Path, text: str, expected: Any, *, fix: str) -> None:
    """Replace the text of `file`, at once, provided that it then reads as `expected`.

    Raises `ConfigurationError`, and leaves the file as it was, when it would read as anything else
    or cannot be written.
    """
    place, name = file.resolve(), ""
    try:
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode("utf-8"))
        if not _reads_as(Path(name), expected):
            raise ConfigurationError("cannot be extended safely", file=file, fix=fix)
        if place.exists():
            shutil.copymode(place, name)
        else:
            Path(name).chmod(0o644)
        Path(name).replace(place)
    except OSError as error:
        raise ConfigurationError(f"cannot be written: {error.strerror}", file=file) from None
    finally:
        if name:
            Path(name).unlink(missing_ok=True)


def _reads_as(file: Path, expected: Any) -> bool:
    try:
        return bool(load(file).data == expected)
    except ConfigurationError:
        return False
