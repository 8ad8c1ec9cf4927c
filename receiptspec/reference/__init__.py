"""The embedded reference server: a strict implementation that keeps every documented promise.

It runs in a process of its own. Named faults break one promise each, named variants use one
freedom each: that is how the suite's checks are proven.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from receiptspec.reference.launcher import Server, launch
from receiptspec.reference.settings import Settings

if TYPE_CHECKING:
    from receiptspec.reference.behaviour import Behaviour, Fault, Variant

__all__ = [
    "Server",
    "Settings",
    "bent",
    "catalogue",
    "check",
    "check_harness",
    "launch",
    "serve",
]


def serve(settings: Settings) -> None:
    """Run the server in the foreground and print a ready-to-paste target block for each vendor.

    Raises `receiptspec.errors.ConfigurationError` for unknown names, a port that is taken or a
    webhook beyond loopback. Ends at SIGINT or SIGTERM.
    """
    from receiptspec.reference import serving

    serving.serve(settings)


def bent(faults: Sequence[str], variants: Sequence[str]) -> Behaviour:
    """Return how a server with these faults and variants behaves; loads only what is named.

    Raises `receiptspec.errors.ConfigurationError` for a name that is not in the catalogue.
    """
    from receiptspec.reference.behaviour import Behaviour

    known_faults: Mapping[str, Fault] = {}
    known_variants: Mapping[str, Variant] = {}
    if faults:
        from receiptspec.reference.faults import FAULTS

        known_faults = FAULTS
    if variants:
        from receiptspec.reference.variants import VARIANTS

        known_variants = VARIANTS
    return Behaviour.named(faults, variants, known_faults, known_variants)


def check(faults: Sequence[str], variants: Sequence[str]) -> None:
    """Raise `receiptspec.errors.ConfigurationError` for a name that is not in the catalogue."""
    bent(faults, variants)


def check_harness(faults: Sequence[str], variants: Sequence[str]) -> None:
    """Raise `receiptspec.errors.ConfigurationError` for a name that the harness does not know."""
    from receiptspec.errors import ConfigurationError
    from receiptspec.reference.harness.twists import FAULTS, VARIANTS

    for names, known, kind in ((faults, FAULTS, "fault"), (variants, VARIANTS, "variant")):
        for name in names:
            if name not in known:
                raise ConfigurationError(
                    f"the packaged harness has no {kind} {name!r}",
                    fix="receiptspec serve --list shows them",
                )


def catalogue() -> Iterator[str]:
    """Yield one line for each fault and variant: kind, name, requirement, what a client sees.

    Those of the packaged harness come last; they go under ``harness`` of a target.
    """
    from receiptspec.reference.faults import FAULTS
    from receiptspec.reference.harness import twists
    from receiptspec.reference.variants import VARIANTS

    for kind, known in (("fault", FAULTS), ("variant", VARIANTS)):
        for twist in known.values():
            yield f"{kind:<8} {twist.name:<40} {twist.requirement:<11} {twist.shows}"
    for kind, bends in (("fault", twists.FAULTS), ("variant", twists.VARIANTS)):
        for bend in bends.values():
            yield f"{kind:<8} {bend.name:<40} {bend.requirement:<11} {bend.shows}"
