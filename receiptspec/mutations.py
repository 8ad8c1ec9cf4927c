"""Bodies that break exactly one keyword at one site.

A body with two violations hides bugs: the target may refuse it for the other reason. So each
mutation is verified with the validator, and what cannot be broken alone is not offered. One
exception: at a site with ``enum`` or ``const`` a value of another type is no member either; that
is the same mistake, and counts as ``type``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from receiptspec.alternatives import root
from receiptspec.breakages import MISSING, Code, Proposal, Step, proposals
from receiptspec.dialect import RawJson, dumps
from receiptspec.errors import SchemaError
from receiptspec.jsonschemas import Schema, Violation, violations
from receiptspec.strategies import from_schema

__all__ = ["MISSING", "Mutation", "RawJson", "dumps", "mutated", "mutations", "verify"]


@dataclass(frozen=True, slots=True)
class Mutation:
    """A body with one violation.

    `at` is the JSON pointer of the broken site with ``*`` for any array item, ``""`` for the body
    itself. `codes` are the error codes that the documents allow for it, None where they name
    none. `was` and `now` are the values of the site, `MISSING` where there is none.
    """

    body: Any
    at: str
    keyword: str
    variant: str
    codes: frozenset[Code] | None
    was: Any
    now: Any

    @property
    def label(self) -> str:
        """One line for people: ``/GroupId: required (missing)``."""
        return f"{self.at or '/'}: {self.keyword} ({self.variant})"

    @property
    def coercible(self) -> bool:
        """Whether a lenient reader gets the meant type out of it without loss: ``"1"`` for 1."""
        given, _, wanted = self.variant.partition(" for ")
        return self.keyword == "type" and any(
            given in _COERCIBLE.get(name, ()) for name in wanted.split(" or ")
        )


_COERCIBLE = {
    "integer": ("numeric string", "integral float", "boolean"),
    "number": ("numeric string", "boolean"),
    "string": ("integer", "float", "integral float", "boolean"),
    "boolean": ("integer", "word true"),
}


def mutations(schema: Schema, valid_body: Any) -> list[Mutation]:
    """List every known way to break one keyword of a valid body, always in the same order.

    Sites that the body does not reach (absent properties, empty arrays) are not broken: see
    `strategies.fullest`. Of an array the first item stands for all. The bodies share their
    unbroken parts with `valid_body`: do not change them. Raises SchemaError where `valid_body`
    is not valid.
    """
    found = violations(schema, valid_body)
    if found:
        where = f"{schema.name}: the body to break is not valid"
        raise SchemaError(f"{where}: {found[0].path}: {found[0].message}")
    made = (_applied(one, valid_body) for one in proposals(root(schema), valid_body))
    unique: dict[tuple[str, str, bytes], Mutation] = {}
    for mutation in made:
        if verify(schema, mutation):
            unique.setdefault((mutation.at, mutation.keyword, dumps(mutation.body)), mutation)
    return list(unique.values())


def mutated(
    schema: Schema, live: Mapping[str, SearchStrategy[Any]] | None = None
) -> SearchStrategy[Mutation]:
    """Return a strategy: a random valid body, one random keyword of it broken.

    Raises SchemaError, when drawn from, where nothing of a body can be broken.
    """
    bodies = from_schema(schema, live=live)

    @st.composite
    def broken(draw: st.DrawFn) -> Mutation:
        body = draw(bodies)
        known = list(proposals(root(schema), body))
        start = draw(st.integers(0, max(0, len(known) - 1)))
        for proposal in known[start:] + known[:start]:
            mutation = _applied(proposal, body)
            if verify(schema, mutation):
                return mutation
        raise SchemaError(f"{schema.name}: nothing of {str(body)[:200]} can be broken")

    return broken()


def verify(schema: Schema, mutation: Mutation) -> bool:
    """Whether the mutation breaks what it claims, and nothing else."""
    return _is_claimed(violations(schema, mutation.body), mutation)


def _is_claimed(found: list[Violation] | tuple[Violation, ...], mutation: Mutation) -> bool:
    kinds = {(one.steps, one.keyword) for one in found}
    if mutation.keyword == "type":
        typed = {steps for steps, keyword in kinds if keyword == "type"}
        kinds -= {(steps, word) for steps in typed for word in ("enum", "const")}
    if len(kinds) != 1:
        return False
    if all((one.at, one.keyword) == (mutation.at, mutation.keyword) for one in found):
        return True
    (_, keyword), *_ = kinds
    if keyword == mutation.keyword and found[0].at == mutation.at:
        return True
    branches = [branch for one in found for branch in one.branches]
    return keyword in ("anyOf", "oneOf") and any(_is_claimed(b, mutation) for b in branches)


def _applied(proposal: Proposal, body: Any) -> Mutation:
    now = proposal.make()
    return Mutation(
        _replaced(body, proposal.steps, now),
        _pointer(proposal.steps),
        proposal.keyword,
        proposal.variant,
        proposal.codes,
        proposal.was,
        now,
    )


def _pointer(steps: tuple[Step, ...]) -> str:
    names = ("*" if isinstance(step, int) else step for step in steps)
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)


def _replaced(body: Any, steps: tuple[Step, ...], now: Any) -> Any:
    """A copy of `body` in which another value stands at `steps`; all else is shared."""
    if not steps:
        return now
    first, rest = steps[0], steps[1:]
    if now is MISSING and not rest:
        return {name: value for name, value in body.items() if name != first}
    changed = list(body) if isinstance(body, list) else dict(body)
    changed[first] = _replaced(body[first], rest, now)  # type: ignore[index]
    return changed
