"""A vendor's contract as an OpenAPI 3.1 document: data in, data out.

Operations that share a path and tell each other apart by the query (``/?Action=NAME``) stand at
``/#NAME``: a fragment never reaches the wire, so clients send the right path, and the constants of
the query become required parameters. The ABNF of OpenAPI has no way to write two POST at a path.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from receiptspec import jsonschemas
from receiptspec.boundaries import fullest
from receiptspec.contract import Code, Contract, Operation, Requirement
from receiptspec.jsonschemas import Schema

__all__ = ["document"]

_JSON = "application/json"
_SUCCESS = 200
_HERE = "#/components/schemas/"


def document(contract: Contract, *, server: str | None = None) -> dict[str, Any]:
    """Return the OpenAPI document of a contract; `server` stands instead of the vendor's own."""
    calling = contract.calling
    servers = [{"url": server}] if server else [_server(one) for one in calling.get("servers", ())]
    schemes = {name: _scheme(one) for name, one in calling.get("credentials", {}).items()}
    general = [row for row in contract.requirements if row.operation is None]
    made: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": contract.title,
            "version": contract.release,
            "description": (
                f"What {contract.title} documents about read receipts, as receiptspec knows it. "
                "The texts are ours; x-documents names the sources, x-requirements the sentences."
            ),
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "servers": servers,
        "tags": [_tag(contract, name) for name in _services(contract)],
        "security": [{name: [] for name in schemes}] if schemes else [],
        "paths": _paths(contract),
        "components": {"schemas": _schemas(contract), "securitySchemes": schemes},
        "x-documents": {
            key: _full(title=one.title, url=one.url, date=one.date)
            for key, one in contract.documents.items()
        },
        "x-error-codes": [_code(code) for code in contract.codes.values()],
        "x-requirements": [_requirement(row) for row in general],
    }
    for optional in ("servers", "security"):
        if not made[optional]:
            del made[optional]
    return made


def _full(**fields: Any) -> dict[str, Any]:
    """Return the fields that say something."""
    return {name: value for name, value in fields.items() if value not in ("", None, (), [], {})}


def _server(entry: Mapping[str, Any]) -> dict[str, Any]:
    return _full(url=entry["url"], description=entry.get("about"))


def _scheme(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "apiKey",
        "name": entry["name"],
        "in": entry["in"],
        "description": entry["about"],
    }


def _services(contract: Contract) -> list[str]:
    return list(dict.fromkeys(_service(one, contract) for one in contract.operations.values()))


def _service(operation: Operation, contract: Contract) -> str:
    return operation.service or contract.vendor


def _tag(contract: Contract, name: str) -> dict[str, Any]:
    about = contract.calling.get("services", {}).get(name)
    return _full(name=name, description=about)


def _code(code: Code) -> dict[str, Any]:
    return {
        **_full(code=code.code, number=code.number, meaning=code.meaning, kind=code.kind),
        "retry": code.retry,
        **_full(status=list(code.status)),
    }


def _requirement(row: Requirement) -> dict[str, Any]:
    return _full(
        id=row.id,
        level=None if row.excluded else str(row.level),
        text=row.text,
        source=row.source,
        strength=row.strength if row.document else None,
        impact=row.impact,
        since=row.since,
        excluded=row.excluded,
    )


# --- paths --------------------------------------------------------------------------------------


def _paths(contract: Contract) -> dict[str, Any]:
    shared = Counter(_split(one)[0] for one in contract.operations.values())
    rows: defaultdict[str, list[Requirement]] = defaultdict(list)
    for row in contract.requirements:
        rows[row.operation or ""].append(row)
    paths: dict[str, Any] = {}
    for operation in contract.operations.values():
        path, _ = _split(operation)
        key = f"{path}#{operation.name}" if shared[path] > 1 else path
        entry = _operation(contract, operation, rows[operation.name])
        paths[key] = {operation.method.lower(): entry}
    return paths


def _split(operation: Operation) -> tuple[str, list[tuple[str, str]]]:
    """Split a path from the constants in its query."""
    path, _, query = operation.path.partition("?")
    constants = [*parse_qsl(query, keep_blank_values=True), *operation.query.items()]
    return path or "/", constants


def _operation(contract: Contract, operation: Operation, rows: list[Requirement]) -> dict[str, Any]:
    documents = [contract.documents[key] for key in operation.documents]
    codes = [contract.codes[code] for code in sorted(operation.codes, key=str)]
    made: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "description": _description(operation, [one.title for one in documents], codes),
        "tags": [_service(operation, contract)],
    }
    addressed = next((one for one in documents if one.url), None)
    if addressed is not None:
        made["externalDocs"] = {"url": addressed.url, "description": addressed.title}
    made["parameters"] = _parameters(contract, operation)
    if operation.request is not None and operation.method != "GET":
        made["requestBody"] = {"required": True, "content": {_JSON: _body(contract, operation)}}
    made["responses"] = _responses(operation, codes)
    made["x-error-codes"] = [_code(code) for code in codes]
    made["x-requirements"] = [_requirement(row) for row in rows]
    extra = _full(
        **{"x-rate": operation.rate, "x-group-types": dict(operation.group_types)},
    )
    return {**made, **extra, "x-writes": operation.writes, "x-optional": operation.optional}


def _description(operation: Operation, titles: list[str], codes: list[Code]) -> str:
    lines = [f"Documented in: {'; '.join(titles)}."] if titles else []
    if operation.rate:
        lines.append(f"At most {operation.rate} calls a second.")
    if operation.optional:
        lines.append("Not every edition has this operation.")
    if codes:
        lines.append("Documented error codes:")
        lines += [f"- `{code.code}` {code.meaning}" for code in codes]
    return "\n".join(lines)


def _parameters(contract: Contract, operation: Operation) -> list[dict[str, Any]]:
    _, constants = _split(operation)
    fixed = dict(constants)
    made: list[dict[str, Any]] = [
        {
            "name": name,
            "in": "query",
            "description": "Tells operations at one path apart; always this value.",
            "required": True,
            "schema": {"type": "string", "const": value},
            "example": value,
        }
        for name, value in constants
    ]
    for entry in contract.calling.get("parameters", ()):
        if entry["name"] in fixed and entry["in"] == "query":
            continue
        one = {
            "name": entry["name"],
            "in": entry["in"],
            "description": entry["about"],
            "required": entry.get("required", False),
            "schema": entry.get("schema", {"type": "string"}),
        }
        made.append({**one, **({"example": entry["example"]} if "example" in entry else {})})
    if operation.method == "GET" and operation.request is not None:
        made += _fields(jsonschemas.load(operation.request), fixed)
    return made


def _fields(schema: Schema, fixed: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield the top fields of a request without a body as parameters of the query."""
    tree = _told(schema.tree)
    for name, inner in tree.get("properties", {}).items():
        if name not in fixed:
            yield {
                "name": name,
                "in": "query",
                "required": name in tree.get("required", ()),
                "schema": inner,
            }


def _body(contract: Contract, operation: Operation) -> dict[str, Any]:
    assert operation.request is not None  # noqa: S101
    return {
        "schema": {"$ref": f"{_HERE}{operation.name}.request"},
        "examples": _named(_examples(operation.request, contract.calling.get("live", {}))),
    }


def _named(examples: list[Any]) -> dict[str, Any]:
    return {f"example-{turn}": {"value": one} for turn, one in enumerate(examples, start=1)}


def _examples(file: Path, live: Mapping[str, Any]) -> list[Any]:
    """Return the documented examples, or else a valid instance with every field."""
    schema = jsonschemas.load(file)
    tree = schema.tree
    documented = list(tree.get("examples", ())) if isinstance(tree, Mapping) else []
    return documented or [fullest(schema, live)]


def _responses(operation: Operation, codes: list[Code]) -> dict[str, Any]:
    """Return the answers by HTTP status: codes of no status of their own come with success."""
    by_status: defaultdict[int, list[Code]] = defaultdict(list)
    for code in codes:
        for status in code.status or (_SUCCESS,):
            by_status[status].append(code)
    media: dict[str, Any] = {"schema": {"$ref": f"{_HERE}{operation.name}.answer"}}
    if operation.response is not None:
        documented = jsonschemas.load(operation.response).tree
        examples = list(documented.get("examples", ())) if isinstance(documented, Mapping) else []
        if examples:
            media["examples"] = _named(examples)
    with_success = by_status.pop(_SUCCESS, [])
    text = "Accepted" + (", or refused with one of: " if with_success else "")
    made: dict[str, Any] = {
        str(_SUCCESS): {
            "description": text + ", ".join(str(code.code) for code in with_success) + ".",
            "content": {_JSON: media},
        }
    }
    for status, group in sorted(by_status.items()):
        names = ", ".join(str(code.code) for code in group)
        made[str(status)] = {
            "description": f"{HTTPStatus(status).phrase}: {names}.",
            "content": {_JSON: {"schema": {"$ref": f"{_HERE}refusal"}}},
        }
    return made


# --- schemas ------------------------------------------------------------------------------------


def _schemas(contract: Contract) -> dict[str, Any]:
    calling = contract.calling
    made: dict[str, Any] = {}
    if contract.envelope is not None:
        made["envelope"] = _component(contract.envelope)
    common = [{"$ref": f"{_HERE}envelope"}] if contract.envelope is not None else []
    made["refusal"] = {
        "description": "An answer that is not a success.",
        "allOf": [*common, calling.get("refused", {})],
    }
    for operation in contract.operations.values():
        if operation.request is not None:
            made[f"{operation.name}.request"] = _component(operation.request)
        result: list[dict[str, Any]] = []
        if operation.response is not None:
            made[f"{operation.name}.response"] = _component(operation.response)
            result = [{"$ref": f"{_HERE}{operation.name}.response"}]
        made[f"{operation.name}.answer"] = _answer(calling, common, result)
    plain: dict[str, Any] = json.loads(json.dumps(made))  # no part is shared or frozen
    return plain


def _answer(
    calling: Mapping[str, Any], common: list[dict[str, Any]], result: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return the schema of an answer: the envelope, and by what it says one of two forms."""
    if "accepted" not in calling:
        return {"allOf": [*common, *result]}
    success = [calling["success"]] if "success" in calling else []
    return {
        "allOf": common,
        "if": calling["accepted"],
        "then": {"allOf": [*result, *success]},
        "else": {"$ref": f"{_HERE}refusal"},
    }


def _component(file: Path) -> dict[str, Any]:
    """Return a schema with its references resolved, without what belongs to a file or a media."""
    told = _told(jsonschemas.load(file).tree)
    return {k: v for k, v in told.items() if k not in ("$schema", "examples")}


def _told(node: Any) -> Any:
    """Return a schema in which words say what our own keywords mean; the keywords stay."""
    if isinstance(node, list):
        return [_told(one) for one in node]
    if not isinstance(node, Mapping):
        return node
    made = {key: _inner(key, value) for key, value in node.items() if key != "$comment"}
    sentences = []
    if isinstance(node.get("x-maxBytes"), int):
        limit = node["x-maxBytes"]
        sentences.append(f"At most {limit} bytes in UTF-8.")
        made.setdefault("maxLength", limit)
    if isinstance(node.get("x-unit"), str):
        sentences.append(f"Unit: {node['x-unit']}.")
    if sentences:
        made["description"] = " ".join([*filter(None, [node.get("description")]), *sentences])
    return made


def _inner(keyword: str, value: Any) -> Any:
    """Return what stands at a keyword, told if it is a schema or schemas."""
    if keyword == "properties":
        return {name: _told(one) for name, one in value.items()}
    return _told(value) if keyword in _SCHEMAS else value


_SCHEMAS = frozenset({"items", "if", "then", "else", "not", "allOf", "anyOf", "oneOf"})
