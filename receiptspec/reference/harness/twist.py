"""What a twist of the packaged client is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Twist", "fault", "free"]


@dataclass(frozen=True)
class Twist:
    """One named way to differ: the row that it breaks or whose freedom it uses, and what shows.

    `cls` is the kind of mistake, empty for a variant. `also` names the rows that a fault breaks
    besides, as a consequence.
    """

    name: str
    requirement: str
    shows: str
    knobs: Mapping[str, Any] = field(default_factory=dict)
    cls: str = ""
    also: tuple[str, ...] = ()


def fault(
    name: str,
    requirement: str,
    cls: str,
    shows: str,
    also: tuple[str, ...] = (),
    **knobs_: Any,
) -> Twist:
    """Declare a fault: one broken promise."""
    return Twist(name, requirement, shows, knobs_, cls, also)


def free(name: str, requirement: str, shows: str, **knobs_: Any) -> Twist:
    """Declare a variant: one freedom used."""
    return Twist(name, requirement, shows, knobs_)


#: What is shown forever shows no read of any kind, wherever it comes from.
