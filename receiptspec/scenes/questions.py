"""Questions about messages that nobody has read, some of which have no receipt or do not exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Message
from receiptspec.scenes.groups import LATER, Asked, ask, good, newborn
from receiptspec.stage import Stage


def missing_first(stage: Stage, missing: int = 1) -> tuple[int, Message, Asked]:
    """Ask for messages that do not exist and for one with a receipt, in this order.

    Returned are the first of those, this one and what was answered.
    """
    scene = good(stage)
    beyond = stage.driver.absent([message.id for message in scene.messages])
    many = range(beyond, beyond + missing)
    return beyond, scene.messages[0], ask(stage, scene.group, *many, scene.messages[0])


def behind_many(stage: Stage, sizes: Sequence[int]) -> tuple[Message, Asked]:
    """Ask for a message behind many that do not exist, as many as the target takes of `sizes`.

    Raises `NotExercised` where it has no item behind a single one, or no list is taken.
    """
    beyond, message, few = stage.scene(missing_first)
    if not few.answer.accepted or message.id not in few.receipts:
        raise NotExercised("a message has no item beside one that does not exist")
    for size in sizes:
        many = ask(stage, good(stage).group, *range(beyond, beyond + size), message)
        if many.answer.accepted:
            return message, many
    raise NotExercised(f"the list is {many.answer.describe()}")


@dataclass(frozen=True, slots=True)
class Foretold:
    """A message that was asked for before it was sent, and what is answered since then.

    `page` is who has not read it, where the vendor lists that.
    """

    message: Message
    after: Asked
    page: Answer | None


def foretold(stage: Stage) -> Foretold:
    """Ask for the message that will be the next, send it, and ask again.

    Ids that rise by the same few from message to message can be foretold.
    """
    group = stage.group(2)
    one, two = stage.say(group).id, stage.say(group).id
    if not (isinstance(one, int) and isinstance(two, int) and one < two < one + 100):
        raise NotExercised("nobody can tell which id the next message will have")
    following = 2 * two - one
    listing = stage.driver.list_members(group, following, read=False, cursor=None, count=5)
    ask(stage, group, following)
    if listing is not None:
        stage.call(listing)
    message = stage.say(group)
    if message.id != following:
        raise NotExercised("the next message had another id than was to be expected")
    after = newborn(stage, group, message)
    page = stage.patiently(listing) if listing is not None else None
    return Foretold(message, after, page)


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
    message = no_message(stage)
    return message.id, ask(stage, message.conversation, message)


def next_one(stage: Stage) -> tuple[Message, Asked]:
    """Ask for the message that comes next in a group.

    Where every group has numbers of its own, others have one of that number.
    Raises `NotExercised` where messages are not numbered one by one.
    """
    taken = [message.id for message in good(stage).messages]
    numbered = all(isinstance(id_, int) and id_ < 2**32 for id_ in taken)
    if not numbered or not stage.driver.over_http:
        raise NotExercised("messages are not numbered one by one")
    group = stage.group(2)
    newest = stage.say(group)
    newborn(stage, group, newest).receipt(newest)
    following = replace(newest, id=newest.id + 1)
    return following, ask(stage, group, following)


def of_empty_group(stage: Stage) -> Asked:
    """Ask for a message that does not exist in a group in which nobody has sent anything."""
    return ask(stage, stage.group(1), no_message(stage).id)


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
