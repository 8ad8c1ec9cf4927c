"""What stands beside faults and variants as data: what excludes what, and what nobody can break."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from receiptspec import resources, yamltext

__all__ = ["Alternatives", "alternatives", "consequences", "unbreakable"]


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Sets of variants of which a server can have one, and pairs to keep apart."""

    groups: tuple[frozenset[str], ...] = ()
    apart: frozenset[frozenset[str]] = frozenset()


def alternatives(vendor: str) -> Alternatives:
    """Return which variants of a vendor exclude each other."""
    data = _data("reference/variants/alternatives.yaml").get(vendor, {})
    return Alternatives(
        _sets(data.get("alternatives", ())), frozenset(_sets(data.get("apart", ())))
    )


def unbreakable(vendor: str) -> Mapping[str, str]:
    """Return the tested rows of a vendor that need no fault, each with the reason."""
    found: Mapping[str, str] = _data("reference/faults/unbreakable.yaml").get(vendor, {})
    return found


def consequences(vendor: str, requirement: str) -> Collection[str]:
    """Return the rows of a vendor that cannot be right either when this one is broken."""
    found: Collection[str] = (
        _data("reference/faults/consequences.yaml").get(vendor, {}).get(requirement, ())
    )
    return found


def _sets(lists: Collection[Collection[str]]) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(names) for names in lists)


@cache
def _data(name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = yamltext.load(resources.path(name)).data
    return found
