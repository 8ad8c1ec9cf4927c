"""Every named variant: one freedom each that the documents leave, so that the server conforms."""

from __future__ import annotations

from collections.abc import Mapping

from receiptspec.reference.behaviour import Variant
from receiptspec.reference.variants import (
    answers,
    carriage,
    clocks,
    excess,
    gates,
    habits,
    lateness,
    letters,
    moments,
    order,
    pages,
    standby,
    volcengine,
    volcengine_habits,
)

__all__ = ["VARIANTS"]

_ALL = [
    *answers.ALL,
    *carriage.ALL,
    *clocks.ALL,
    *excess.ALL,
    *gates.ALL,
    *habits.ALL,
    *lateness.ALL,
    *letters.ALL,
    *moments.ALL,
    *order.ALL,
    *pages.ALL,
    *standby.ALL,
    *volcengine.ALL,
    *volcengine_habits.ALL,
]

#: Variants by name.
VARIANTS: Mapping[str, Variant] = {variant.name: variant for variant in _ALL}

if len(VARIANTS) != len(_ALL):
    raise ValueError("two variants share a name")
