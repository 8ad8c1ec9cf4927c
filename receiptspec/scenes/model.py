"""The walk of the model, made once for all requirements that it can break."""

from __future__ import annotations

from receiptspec.model import Deviation, explore
from receiptspec.stage import Stage

__all__ = ["walks"]


def walks(stage: Stage, examples: int, steps: int) -> tuple[Deviation, ...]:
    """Return what the model found; see `receiptspec.model.explore`."""
    return explore(stage, examples, steps)
