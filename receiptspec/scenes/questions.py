"""Questions about messages that nobody has read, some of which have no receipt or do not exist."""

from __future__ import annotations

from dataclasses import replace

from receiptspec.errors import NotExercised
from receiptspec.neutral import Message
from receiptspec.scenes.groups import LATER, Asked, ask, good
from receiptspec.stage import Stage


def missing_first(stage: Stage) -> tuple[int, Message, Asked]:
    """Ask for a message that does not exist and for one with a receipt, in this order."""
    scene = good(stage)
    beyond = stage.driver.absent([message.id for message in scene.messages])
    return beyond, scene.messages[0], ask(stage, scene.group, beyond, scene.messages[0])


def mixed(stage: Stage) -> Asked:
    """Ask for a message with a receipt and for one without, in one call."""
    scene = good(stage)
    if scene.plain is None:
        raise NotExercised("no plain message is known")
    return ask(stage, scene.group, scene.messages[0], scene.plain)


def plain_only(stage: Stage) -> Asked:
    """Ask for a message that did not ask for receipts."""
    scene = good(stage)
    if scene.plain is None:
        raise NotExercised("no plain message is known")
    return ask(stage, scene.group, scene.plain)


def plain_message(stage: Stage) -> Message:
    """Return a message that did not ask for receipts."""
    plain = good(stage).plain
    if plain is None:
        raise NotExercised("no plain message is known")
    return plain


def no_message(stage: Stage) -> Message:
    """Return a message that does not exist, far beyond the newest."""
    scene = good(stage)
    beyond = stage.driver.absent([message.id for message in scene.messages])
    return Message(scene.group, beyond, scene.group.owner, True)


def unknown(stage: Stage) -> tuple[int, Asked]:
    """Ask for a message that does not exist, far beyond the newest."""
    scene = good(stage)
    beyond = stage.driver.absent([message.id for message in scene.messages])
    return beyond, ask(stage, scene.group, beyond)


def wrapped(stage: Stage) -> tuple[tuple[int, Asked], ...]:
    """Ask for ids that become one that exists when only their lowest bits are kept."""
    scene = good(stage)
    id_ = scene.messages[0].id
    if not isinstance(id_, int):
        return ()
    others = (id_ + 2**32, id_ + 2**64, -id_)
    return tuple((other, ask(stage, scene.group, other)) for other in others)


def wrapped_conversations(stage: Stage) -> tuple[tuple[int, Asked], ...]:
    """Ask for a message in conversations whose ids become its own in fewer bits or without sign."""
    scene = good(stage)
    id_ = scene.group.id
    if not isinstance(id_, int):
        return ()
    others = (id_ + 2**64, id_ ^ 2**60, -id_)
    return tuple(
        (other, ask(stage, replace(scene.group, id=other), scene.messages[0])) for other in others
    )


def asked_twice(stage: Stage) -> tuple[Asked, Asked]:
    """Ask the same twice while nothing happens."""
    scene = good(stage)
    return ask(stage, scene.group, *scene.messages), ask(stage, scene.group, *scene.messages)


def reordered(stage: Stage) -> Asked:
    """Ask for the messages of the ready scene in another order."""
    scene = good(stage)
    return ask(stage, scene.group, *reversed(scene.messages))


def split(stage: Stage) -> tuple[Asked, ...]:
    """Ask for each message of the ready scene alone."""
    scene = good(stage)
    return tuple(ask(stage, scene.group, message) for message in scene.messages)


def later_unread(stage: Stage) -> Asked:
    """Ask once more for messages that nobody has read, some seconds after they were sent."""
    scene = good(stage)
    if not stage.target.writes:
        raise NotExercised("who owns the messages of the fixture may read them meanwhile")
    stage.let_pass(scene.fresh.answer, LATER)
    return ask(stage, scene.group, *scene.messages)
