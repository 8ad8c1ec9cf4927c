"""Which row is tested by which check, and what there is to know of one row; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

from receiptspec import resources, yamltext
from receiptspec.contract import Contract, Requirement
from receiptspec.findings import Level

__all__ = ["checks", "explain", "files", "impact", "state"]

_MARK = re.compile(r"@pytest\.mark\.check\(\"([a-z0-9-]+)\"\)\s+(?:@[^\n]+\s+)*def (test_\w+)")


@cache
def checks() -> dict[str, tuple[str, ...]]:
    """Return the checks of the suites with the tests that perform them, ``file::test`` each."""
    found: dict[str, list[str]] = {}
    for file in sorted(resources.path("suites").glob("test_*.py")):
        for check, test in _MARK.findall(file.read_text(encoding="utf-8")):
            found.setdefault(check, []).append(f"{file.name}::{test}")
    return {check: tuple(tests) for check, tests in found.items()}


def files(rows: Iterable[Requirement]) -> set[str]:
    """Return the names of the files that hold the checks of rows."""
    return {test.partition("::")[0] for row in rows for test in checks().get(row.check or "", ())}


@cache
def _impacts() -> dict[str, str]:
    listed = yamltext.load(resources.path("suites/impacts.yaml")).data
    return {check: " ".join(one["impact"].split()) for one in listed for check in one["checks"]}


def impact(row: Requirement) -> str:
    """Return what clients make of it when a row is broken: as seen, or as its check implies."""
    return row.impact or ("" if row.level is Level.MAY else _impacts().get(row.check or "", ""))


def state(row: Requirement) -> str:
    """Return ``tested``, ``excluded`` or ``untested``."""
    if row.excluded:
        return "excluded"
    return "tested" if row.check in checks() else "untested"


def explain(contract: Contract, row: Requirement, faults: Sequence[str] = ()) -> str:
    """Return all there is to know of one requirement, as lines of text.

    `faults` are the names of the reference server's faults that break it.
    """
    lines = [
        f"{row.id}  {row.level}  {contract.title}, {row.operation or 'every operation'}",
        "",
        f"  {row.text}",
        "",
    ]
    if row.excluded:
        return "\n".join([*lines, f"  excluded  {row.excluded}"])
    tests = checks().get(row.check or "", ())
    fields = [
        ("source", row.source),
        ("strength", row.strength),
        ("impact", impact(row)),
        ("codes", _codes(contract, row)),
        ("check", row.check or ""),
        ("tests", ", ".join(tests)),
        ("faults", ", ".join(faults)),
        ("run", f"receiptspec run --target NAME --requirement {row.id}"),
    ]
    return "\n".join([*lines, *(f"  {name:<9} {value}" for name, value in fields if value)])


def _codes(contract: Contract, row: Requirement) -> str:
    return "; ".join(
        f"{code} ({contract.codes[code].meaning})" for code in row.given.get("codes", ())
    )
