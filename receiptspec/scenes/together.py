"""Calls that are made at the same time, none of which concerns another."""

from __future__ import annotations

from collections.abc import Sequence

from receiptspec.neutral import Answer, Call
from receiptspec.stage import Stage

__all__ = ["refused_together"]

_PASSING = frozenset({"transient", "throttled"})
_OVER = 0.3  # seconds after which what was begun is done


def refused_together(
    stage: Stage, calls: Sequence[Call], answers: Sequence[Answer]
) -> tuple[Answer, ...]:
    """Return the refusals of calls made at the same time that are accepted when made alone.

    To say that a call may be tried again is no refusal, nor that what it names does not show yet.
    """
    refused = [
        (call, answer)
        for call, answer in zip(calls, answers, strict=True)
        if answer.refused
        and stage.is_final(answer)
        and stage.contract.kind(answer.code) not in _PASSING
    ]
    if refused:
        stage.rest(_OVER)
    return tuple(answer for call, answer in refused if stage.call(call).accepted)
