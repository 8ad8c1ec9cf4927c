"""Calls that depart from a good one as a requirement row says: pure, and named for people."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from receiptspec.dialect import RawJson, canonical, dumps
from receiptspec.errors import ContractError
from receiptspec.neutral import Call

__all__ = ["is_of_caller", "vary"]

_KEYS = {
    "query",
    "rename",
    "headers",
    "method",
    "path",
    "raw",
    "bytes",
    "credential",
    "body",
    "everywhere",
    "replace",
    "ending",
    "head",
    "tail",
    "written",
    "python",
    "label",
    "of",
}

#: What of a call says who makes it, and how.
_CALLER = frozenset({"credential", "label", "method", "query", "rename"})


def _on_lines(body: Any) -> str:
    """Write a body with all the white space that JSON allows, around it as well."""
    text = json.dumps(body, ensure_ascii=False, indent="\t", separators=(" ,", " : "))
    return "\r\n \t" + text.replace("\n", "\r\n") + " \n"


def _reversed(node: Any) -> Any:
    """Turn the order of the members of every object."""
    if isinstance(node, dict):
        return {key: _reversed(node[key]) for key in reversed(node)}
    return [_reversed(item) for item in node] if isinstance(node, list) else node


def _escaped(text: str) -> str:
    """Escape the first letter of every text, and each solidus."""
    escaped = re.sub(r'"([A-Za-z@])', lambda found: f'"\\u{ord(found[1]):04x}', text)
    return escaped.replace("/", r"\/")


#: Ways to write a body otherwise, right and wrong ones, by what a row calls them.
_WRITTEN: Mapping[str, Callable[[str], str]] = {
    "as a text": lambda text: dumps(text).decode("utf-8"),
    "in an array": lambda text: f"[{text}]",
    "without a comma": lambda text: text.replace(',"', ' "', 1),
    "without quotes": lambda text: re.sub(r'"(\w+)":', r"\1:", text),
    "on lines": lambda text: _on_lines(json.loads(text)),
    "in ASCII": lambda text: json.dumps(json.loads(text)),
    "backwards": lambda text: json.dumps(
        _reversed(json.loads(text)), ensure_ascii=False, separators=(",", ":")
    ),
    "with escapes": _escaped,
    "in another way": lambda text: _escaped(_on_lines(_reversed(json.loads(text)))),
    "as a form": lambda text: urlencode(json.loads(text)),
    "in single quotes": lambda text: text.replace('"', "'"),
    "with a byte that is no UTF-8": lambda text: f'{text[:-1]},"X":"\udcff"}}',
}


def is_of_caller(change: Mapping[str, Any]) -> bool:
    """Whether a departure leaves the body and the place of a call as they are, whatever these."""
    return change.keys() <= _CALLER


def vary(call: Call, change: Mapping[str, Any]) -> Call:
    """Return `call` with one departure.

    ``query``, ``headers``: values to set, ``null`` to leave out. ``rename``: names of query
    parameters. ``method``, ``path``, ``credential``: replaced. ``raw``, ``bytes``: the whole body;
    ``head``: what stands before it; ``tail``: what follows it; ``ending``: what stands for its last
    brace; ``written``: how else it is written; ``python``: written as Python would print it.
    ``body``: ``{set: {…}, drop: […], rename: {old: new}, add: {…}, negate: […], quote: […], wrap:
    […], zeros: […], plus: […], each: {…}, inside: {…}, copy: {…}, count: {…}, halve: […], stretch:
    {…}}`` on top-level fields; ``add`` adds to numbers, ``negate`` turns their sign, ``quote``
    turns them to text, ``wrap`` makes each the only item of a list, ``zeros`` writes them with a
    leading 0, ``plus`` with a sign, ``each`` sets fields in each item of a list, ``inside`` renames
    them there, to ``null`` to leave them out, ``copy`` gives a field what another holds, ``count``
    makes a list of so many numbers from its first one on, ``halve`` puts half a character into a
    text, ``stretch`` repeats the last letter of a text until it has so many characters.
    ``everywhere``: fields whose value is replaced wherever it stands. ``replace``: another body.
    ``of``: fields without which a call is none that this is about. Raises `ContractError` for any
    other key.
    """
    unknown = change.keys() - _KEYS
    if unknown:
        raise ContractError(f"a call cannot be varied by {', '.join(sorted(unknown))}")
    if change.get("written", "in an array") not in _WRITTEN:
        raise ContractError(f"a body cannot be written {change['written']}")
    raw = change.get("bytes", change["raw"].encode("utf-8") if "raw" in change else call.raw)
    if "head" in change:
        raw = change["head"].encode("utf-8") + dumps(call.body)
    if "tail" in change:
        raw = dumps(call.body) + change["tail"].encode("utf-8")
    if "ending" in change:
        raw = dumps(call.body)[:-1] + change["ending"].encode("utf-8")
    if "written" in change:
        body = dumps(_varied(call.body, change)).decode("utf-8")
        raw = _WRITTEN[change["written"]](body).encode("utf-8", "surrogateescape")
    if change.get("python"):
        raw = repr(call.body).encode("utf-8")
    return replace(
        call,
        query={**call.query, **change.get("query", {})},
        rename={**call.rename, **change.get("rename", {})},
        headers={**call.headers, **change.get("headers", {})},
        method=change.get("method", call.method),
        path=change.get("path", call.path),
        credential=change.get("credential", call.credential),
        raw=raw,
        body=_varied(call.body, change),
        label=change.get("label") or _name(change),
    )


def _varied(body: Any, change: Mapping[str, Any]) -> Any:
    if "replace" in change:
        return change["replace"]
    result = _body(body, change.get("body", {}))
    for field, new in change.get("everywhere", {}).items():
        result = _everywhere(result, body[field], new)
    return result


def _body(body: Any, change: Mapping[str, Any]) -> Any:
    if not change:
        return body
    result = copy.deepcopy(dict(body))
    for key in change.get("drop", ()):
        result.pop(key, None)
    for old, new in change.get("rename", {}).items():
        result[new] = result.pop(old)
    result.update(change.get("set", {}))
    for key, amount in change.get("add", {}).items():
        result[key] += amount
    for key in change.get("negate", ()):
        result[key] = -result[key]
    for key in change.get("quote", ()):
        value = result[key]
        result[key] = [str(item) for item in value] if isinstance(value, list) else str(value)
    for key in change.get("wrap", ()):
        result[key] = [result[key]]
    for key in change.get("zeros", ()):
        result[key] = RawJson(f"0{result[key]}")
    for key in change.get("plus", ()):
        result[key] = RawJson(f"+{result[key]}")
    for key, fields in change.get("each", {}).items():
        result[key] = [{**item, **fields} for item in result[key]]
    for key, names in change.get("inside", {}).items():
        result[key] = [_renamed(item, names) for item in result[key]]
    for key, other in change.get("copy", {}).items():
        result[key] = result[other]
    for key, size in change.get("count", {}).items():
        result[key] = [result[key][0] + step for step in range(size)]
    for key in change.get("halve", ()):
        place = _last_letter(result[key])
        halved = f"{result[key][:place]}\ud83d{result[key][place:]}"
        result[key] = RawJson(json.dumps(halved))
    for key, size in change.get("stretch", {}).items():
        result[key] = _stretched(result[key], size)
    return result


def _renamed(item: Mapping[str, Any], names: Mapping[str, str | None]) -> dict[str, Any]:
    renamed = {names.get(key, key): value for key, value in item.items()}
    return {key: value for key, value in renamed.items() if key is not None}


def _last_letter(text: str) -> int:
    return max(index for index, letter in enumerate(text) if letter.isalpha())


def _stretched(text: str, size: int) -> str:
    place = _last_letter(text)
    return text[:place] + text[place] * (size - len(text)) + text[place:]


def _everywhere(node: Any, old: Any, new: Any) -> Any:
    """Return `node` with one value replaced wherever it stands."""
    if isinstance(node, dict):
        return {key: _everywhere(value, old, new) for key, value in node.items()}
    if isinstance(node, list):
        return [_everywhere(item, old, new) for item in node]
    return new if node == old else node


def _name(change: Mapping[str, Any]) -> str:
    parts: list[str] = []
    for kind in ("query", "headers"):
        for name, value in change.get(kind, {}).items():
            parts.append(f"no {name}" if value is None else f"{name}={value}")
    parts += [f"{new} instead of {old}" for old, new in change.get("rename", {}).items()]
    if "method" in change:
        parts.append(f"method {change['method']}")
    if "path" in change:
        parts.append(f"path {change['path']}")
    if "credential" in change:
        parts.append(f"credential {change['credential']}")
    if "raw" in change:
        parts.append(f"body {change['raw']!r}" if change["raw"] else "an empty body")
    parts += [f"{change['head']!r} before the body"] if "head" in change else []
    parts += [f"{change['tail']!r} behind the body"] if "tail" in change else []
    parts += [f"a body that ends in {change['ending']!r}"] if "ending" in change else []
    parts += [f"the body {change['written']}"] if "written" in change else []
    parts += ["a body as Python prints it"] if change.get("python") else []
    body = change.get("body", {})
    parts += [f"no {name}" for name in body.get("drop", ())]
    parts += [f"{new} instead of {old}" for old, new in body.get("rename", {}).items()]
    parts += [f"{name}={canonical(value)}" for name, value in body.get("set", {}).items()]
    parts += [f"{name} as text" for name in body.get("quote", ())]
    parts += [f"{name} in a list" for name in body.get("wrap", ())]
    parts += [f"{name} with a leading zero" for name in body.get("zeros", ())]
    parts += [f"{name} + {amount}" for name, amount in body.get("add", {}).items()]
    parts += [f"{name} below zero" for name in body.get("negate", ())]
    parts += [f"{name} with a plus sign" for name in body.get("plus", ())]
    for name, fields in body.get("each", {}).items():
        parts += [f"{name}[].{key}={canonical(value)}" for key, value in fields.items()]
    for name, names in body.get("inside", {}).items():
        parts += [f"{name}[].{new or 'nothing'} instead of {old}" for old, new in names.items()]
    parts += [f"{name} like {other}" for name, other in body.get("copy", {}).items()]
    parts += [f"{size} {name}" for name, size in body.get("count", {}).items()]
    parts += [f"half a character in {name}" for name in body.get("halve", ())]
    parts += [f"{name} of {size} characters" for name, size in body.get("stretch", {}).items()]
    parts += [f"{name}={canonical(new)}" for name, new in change.get("everywhere", {}).items()]
    return ", ".join(parts) or "the ordinary call"
