"""Receipts that stand in a target that may not be written to, asked for in several ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.scenes.groups import Asked, Ready, ask, good
from receiptspec.stage import Stage

__all__ = ["Unmoved", "unmoved"]

_ASKED = 12  # messages that are asked for alone
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Unmoved:
    """What was answered about messages together, then alone and in another order, then together."""

    before: Asked
    between: tuple[Asked, ...]
    after: Asked

    @property
    def stood(self) -> bool:
        """Whether numbers and lists were the same before and after."""
        return _told(self.before) == _told(self.after)

    def agrees(self) -> bool:
        """Whether numbers and lists between are those before."""
        wanted = _told(self.before)
        return all(
            told == wanted.get(id_, told)
            for step in self.between
            for id_, told in _told(step).items()
        )


def unmoved(stage: Stage) -> Unmoved:
    """Ask for messages of the fixture together, each alone, in another order, and together again.

    Where what is between differs, all is asked once more when the consistency window is over: what
    somebody reads may show in one view and not yet in another. Raises `NotExercised` where the
    numbers or lists never stand still.
    """
    scene, differed = good(stage), False
    for _ in range(_TRIES):
        found = _look(stage, scene)
        if found.stood and (differed or found.agrees()):
            return found
        differed = differed or found.stood
        stage.rest(stage.target.consistency)
    raise NotExercised("somebody reads the messages of the fixture meanwhile")


def _look(stage: Stage, scene: Ready) -> Unmoved:
    messages = scene.messages[:_ASKED]
    before = ask(stage, scene.group, *messages)
    between = [ask(stage, scene.group, message) for message in messages]
    between.append(ask(stage, scene.group, *reversed(messages)))
    return Unmoved(before, tuple(between), ask(stage, scene.group, *messages))


def _told(asked: Asked) -> Mapping[Any, tuple[Any, ...]]:
    return {
        id_: (now.read, now.unread, frozenset(now.readers or ()), frozenset(now.non_readers or ()))
        for id_, now in asked.receipts.items()
    }
