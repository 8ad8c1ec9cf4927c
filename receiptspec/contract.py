"""A vendor's contract: operations, codes, documents and requirement rows, frozen."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from receiptspec import resources, yamltext
from receiptspec.errors import ConfigurationError, ContractError
from receiptspec.findings import Level

__all__ = ["Code", "Contract", "Document", "Operation", "Requirement", "load", "vendors"]

CodeId = int | str


@dataclass(frozen=True, slots=True)
class Document:
    """A page that the vendor published. `key` is what a requirement's source names."""

    key: str
    title: str
    url: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """A documented error code; `kind` says what a caller may conclude from it."""

    code: CodeId
    meaning: str
    kind: str
    retry: bool = False
    number: int | None = None
    status: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Operation:
    """One call. `rate` is the documented number of calls a second, ``None`` if not stated.

    `query` holds the parameters that name the call itself, where its path does not.

    `core` operations are about receipts themselves; the others set the scene for them.
    """

    name: str
    path: str
    summary: str
    method: str = "POST"
    service: str = ""
    query: Mapping[str, str] = field(default_factory=dict)
    rate: int | None = None
    documents: tuple[str, ...] = ()
    codes: frozenset[CodeId] = frozenset()
    group_types: Mapping[str, bool] = field(default_factory=dict)
    writes: bool = True
    optional: bool = False
    core: bool = False
    request: Path | None = None
    response: Path | None = None


@dataclass(frozen=True, slots=True)
class Requirement:
    """One documented, testable sentence. `given` parametrises its check.

    It is `about` fields of receipts: where no answer tells any of them, it was not exercised.
    """

    id: str
    vendor: str
    text: str
    level: Level
    check: str | None
    operation: str | None
    document: Document | None
    section: str = ""
    strength: str = "stated"
    impact: str = ""
    since: str = ""
    excluded: str = ""
    given: Mapping[str, Any] = field(default_factory=dict)
    about: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Requirement({self.id})"

    @property
    def source(self) -> str:
        """The document, its section and its address in one line."""
        if self.document is None:
            return ""
        parts = [self.document.title, self.section, self.document.url, self.document.date]
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True, slots=True)
class Contract:
    """All that one vendor documents.

    `calling` is what all calls have in common. `server` is the contract of what clients talk to,
    where this one is a client's: its operations set the stage and are not judged.
    """

    vendor: str
    title: str
    release: str
    dialect: str
    documents: Mapping[str, Document]
    codes: Mapping[CodeId, Code]
    operations: Mapping[str, Operation]
    requirements: tuple[Requirement, ...]
    revisions: Mapping[str, Any]
    envelope: Path | None = None
    earlier: tuple[str, ...] = ()
    calling: Mapping[str, Any] = field(default_factory=dict)
    server: Contract | None = None

    def __repr__(self) -> str:
        return f"Contract({self.vendor}@{self.release})"

    @property
    def releases(self) -> tuple[str, ...]:
        """Every release that a target may pin, the oldest first."""
        brought = {row.since for row in self.requirements if row.since}
        return tuple(sorted({*self.earlier, *brought, self.release}))

    @staticmethod
    def is_new(row: Requirement, pin: str) -> bool:
        """Whether a target that keeps to the release `pin`, if any, need not know the row yet."""
        return bool(pin) and row.since > pin

    @property
    def calls(self) -> Mapping[str, Operation]:
        """Every operation that can be called: those of the server and the contract's own."""
        if self.server is None:
            return self.operations
        return {**self.server.operations, **self.operations}

    def requirement(self, identifier: str) -> Requirement:
        """Return one row; raises ``KeyError`` for an unknown id."""
        for row in self.requirements:
            if row.id == identifier:
                return row
        raise KeyError(identifier)

    def kind(self, code: CodeId | None) -> str | None:
        """Return the kind of a documented code, ``None`` for an undocumented one."""
        known = self.codes.get(code) if code is not None else None
        if known is None and self.server is not None:
            return self.server.kind(code)
        return known.kind if known else None


def vendors() -> tuple[str, ...]:
    """Return the names of the vendors whose contracts are packaged."""
    base = resources.path("schemas")
    return tuple(sorted(entry.parent.name for entry in base.glob("*/contract.yaml")))


@cache
def load(vendor: str) -> Contract:
    """Load and validate ``schemas/<vendor>/contract.yaml``.

    Raises `ContractError` when the data contradicts its schema or itself.
    """
    base = resources.path("schemas")
    try:
        source = yamltext.load(base / vendor / "contract.yaml")
    except ConfigurationError as error:
        raise ContractError(str(error)) from None
    _validate(source, json.loads((base / "contract.schema.json").read_text(encoding="utf-8")))
    return _build(source.data, base / vendor, source)


def _validate(source: yamltext.YamlFile, schema: dict[str, Any]) -> None:
    error = best_match(Draft202012Validator(schema).iter_errors(source.data))
    if error is not None:
        raise ContractError(str(source.error(error.message, tuple(error.absolute_path))))


def _code_id(text: str) -> CodeId:
    return int(text) if text.lstrip("-").isdigit() else text


def _build(data: dict[str, Any], base: Path, source: yamltext.YamlFile) -> Contract:
    documents = {
        key: Document(key, entry["title"], entry.get("url", ""), str(entry.get("date", "")))
        for key, entry in data["documents"].items()
    }
    codes = {
        _code_id(key): Code(
            _code_id(key),
            entry["meaning"],
            entry["kind"],
            entry.get("retry", False),
            entry.get("number"),
            tuple(entry.get("status", ())),
        )
        for key, entry in data["codes"].items()
    }
    operations = {name: _operation(name, entry, base) for name, entry in data["operations"].items()}
    envelope = data.get("envelope")
    contract = Contract(
        vendor=data["vendor"],
        title=data["title"],
        release=data["release"],
        dialect=data["dialect"],
        documents=MappingProxyType(documents),
        codes=MappingProxyType(codes),
        operations=MappingProxyType(operations),
        requirements=tuple(
            _requirement(entry, data["vendor"], documents) for entry in data["requirements"]
        ),
        revisions=MappingProxyType(data.get("revisions", {})),
        envelope=base / envelope if envelope else None,
        earlier=tuple(data.get("earlier", ())),
        calling=MappingProxyType(data.get("calling", {})),
        server=load(data["server"]) if "server" in data else None,
    )
    _cross_check(contract, source)
    return contract


def _operation(name: str, entry: dict[str, Any], base: Path) -> Operation:
    def schema(kind: str) -> Path | None:
        file = base / f"{name}.{kind}.json"
        return file if file.exists() else None

    return Operation(
        name=name,
        path=entry["path"],
        summary=entry["summary"],
        method=entry.get("method", "POST"),
        service=entry.get("service", ""),
        query=MappingProxyType(entry.get("query", {})),
        rate=entry.get("rate"),
        documents=tuple(entry["documents"]),
        codes=frozenset(entry.get("codes", ())),
        group_types=MappingProxyType(entry.get("group_types", {})),
        writes=entry.get("writes", True),
        optional=entry.get("optional", False),
        core=entry.get("core", False),
        request=schema("request"),
        response=schema("response"),
    )


def _requirement(entry: dict[str, Any], vendor: str, documents: dict[str, Document]) -> Requirement:
    source = entry.get("source", {})
    return Requirement(
        id=entry["id"],
        vendor=vendor,
        text=" ".join(entry["text"].split()),
        level=Level(entry.get("level", "MAY")),
        check=entry.get("check"),
        operation=entry.get("operation"),
        document=documents.get(source.get("doc", "")),
        section=source.get("section", ""),
        strength=source.get("strength", "stated"),
        impact=" ".join(entry.get("impact", "").split()),
        since=entry.get("since", ""),
        excluded=" ".join(entry.get("excluded", "").split()),
        given=MappingProxyType(entry.get("given", {})),
        about=tuple(entry.get("about", ())),
    )


def _cross_check(contract: Contract, source: yamltext.YamlFile) -> None:
    """Refuse what a schema cannot see: repeated ids, dangling references, missing schema files."""
    seen: set[str] = set()
    for index, row in enumerate(contract.requirements):
        where: tuple[str | int, ...] = ("requirements", index)
        if row.id in seen:
            raise ContractError(str(source.error(f"{row.id} stands here twice", where)))
        seen.add(row.id)
        if row.operation is not None and row.operation not in contract.operations:
            raise ContractError(str(source.error(f"unknown operation {row.operation!r}", where)))
        if row.since > contract.release:
            late = f"since {row.since}, after the release {contract.release}"
            raise ContractError(str(source.error(late, where)))
        if row.check and row.document is None:
            raise ContractError(str(source.error("its source names no document", where)))
    for name, operation in contract.operations.items():
        place = ("operations", name)
        if operation.request is None or operation.response is None:
            raise ContractError(str(source.error("has no request or response schema", place)))
        unknown = operation.codes - contract.codes.keys()
        if unknown:
            raise ContractError(
                str(source.error(f"undescribed codes {sorted(unknown, key=str)}", place))
            )
