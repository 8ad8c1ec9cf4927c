"""Two people of whom one sends a dozen messages of every kind, and the other reads most of them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Conversation, Message, Receipt
from receiptspec.scenes.groups import (
    LATER,
    Asked,
    ask,
    asked,
    first_and_last,
    newborn,
    reads_again,
    tells,
)
from receiptspec.scenes.people import of_kinds
from receiptspec.stage import Stage

__all__ = ["View", "Written", "later", "views", "written"]


@dataclass(frozen=True, slots=True)
class View:
    """What was answered about messages of one of two people, those read by the other then, and why.

    Of messages that were asked for and are not in `messages` nothing is known.
    """

    asked: Asked
    messages: tuple[Message, ...]
    read: frozenset[Any]
    why: str


@dataclass(frozen=True, slots=True)
class Written:
    """A conversation whose owner has sent texts and messages with more than a text."""

    conversation: Conversation
    texts: tuple[Message, ...]
    kinds: tuple[Message, ...]
    before: View

    @property
    def messages(self) -> tuple[Message, ...]:
        """All messages, in the order in which they were sent."""
        return (*self.texts, *self.kinds)


def written(stage: Stage) -> Written:
    """Open the conversation of two people by the one with the larger id, who sends messages."""
    one, other = sorted(stage.users(8)[6:], reverse=True)
    if stage.driver.make_pair(one, other) is None:
        raise NotExercised("two people need no conversation")
    conversation = stage.pair(one, other)
    texts = tuple(stage.say(conversation) for _ in range(5))
    kinds = of_kinds(stage, conversation, *texts)
    messages = (*texts, *kinds)
    fresh = newborn(stage, conversation, *messages)
    view = View(fresh, messages, frozenset(), "nobody has read it")
    return Written(conversation, texts, kinds, view)


def read(stage: Stage) -> tuple[View, ...]:
    """Let the other read the first message, several at once, and an older one; ask for all.

    Then ask for a message that was read and for one that was not, each alone.
    """
    scene = stage.scene(written)
    other = scene.conversation.members[1]
    first, second, third, *unread = scene.texts
    stage.reads(other, [first])
    stage.reads(other, [third, *scene.kinds])
    stage.reads(other, [second])
    reads_again(stage, other, first)
    done = _ids(first, second, third, *scene.kinds)
    return tuple(
        _view(stage, messages, done, why)
        for messages, why in (
            (scene.messages, "one of two people has read some of the other's messages"),
            ((third,), "it was asked for alone"),
            (tuple(unread[:1]), "it was asked for alone"),
        )
    )


def beside_another(stage: Stage) -> tuple[View, ...]:
    """Let the sender write to another person, who reads; ask for the messages of both pairs."""
    views, scene = stage.scene(read), stage.scene(written)
    pair = stage.pair(scene.conversation.owner, stage.users(3)[2])
    one, two = stage.say(pair), stage.say(pair)
    newborn(stage, pair, one, two)
    stage.reads(pair.members[1], [one])
    why = "their sender has written to another person as well"
    return (
        _view(stage, scene.texts, views[0].read, why),
        _view(stage, (one, two), _ids(one), why),
    )


def turned(stage: Stage) -> tuple[View, ...]:
    """Ask for the texts in other orders, one of them twice, and beside ids of no message of theirs.

    These are the id of no message and that of a message of a group.
    """
    done, scene = stage.scene(read)[0].read, stage.scene(written)
    first, second, third, fourth, *_ = scene.texts
    absent = stage.driver.absent([message.id for message in scene.messages])
    foreign = stage.say(stage.group(2))
    lists: list[tuple[Any, ...]] = [
        (third.id, fourth.id, first.id),
        (fourth.id, first.id, fourth.id, second.id),
        (first.id, absent, fourth.id, second.id),
    ]
    if foreign.id not in _ids(*scene.messages):
        lists.append((first.id, foreign.id, fourth.id, third.id))
    found: list[View] = []
    for ids in lists:
        messages = tuple(message for message in scene.texts if message.id in ids)
        why = "its list has another order, or ids beside it"
        answer = stage.settle(scene.conversation, _named(scene, ids), _shown(messages, done))
        looks = first_and_last(stage, answer)
        found += [View(look, messages, done & _ids(*messages), why) for look in looks]
    return tuple(found)


def _named(scene: Written, ids: tuple[Any, ...]) -> tuple[Message, ...]:
    return tuple(Message(scene.conversation, id_, scene.conversation.owner, True) for id_ in ids)


def after_recall(stage: Stage) -> View:
    """Recall the newest message, which was read, and send another; ask for all, it among them."""
    views, scene = stage.scene(read), stage.scene(written)
    *left, taken = scene.messages
    if taken.id not in views[0].read:
        raise NotExercised("the newest message was not read")
    stage.must(stage.driver.recall(taken))
    new = stage.say(scene.conversation)
    newborn(stage, scene.conversation, new)
    messages, why = (*left, new), "a message was recalled and another was sent"
    view = _view(stage, (left[0], *left[1:], new), views[0].read, why, taken)
    if view.asked.answer.accepted:  # a recalled message in the list may be refused
        return view
    return _view(stage, messages, views[0].read, why)


def views(stage: Stage) -> tuple[View, ...]:
    """Return all that was answered about the messages of `written`, as far as it goes."""
    found = [stage.scene(written).before]
    with suppress(NotExercised):
        found += stage.scene(read)
        found += stage.scene(beside_another)
        found += stage.scene(turned)
    with suppress(NotExercised):
        found.append(stage.scene(after_recall))
    return tuple(found)


def later(stage: Stage) -> View:
    """Ask once more for the texts, some seconds after they were read."""
    views, scene = stage.scene(read), stage.scene(written)
    stage.let_pass(views[0].asked.answer, LATER)
    seen = ask(stage, scene.conversation, *scene.texts)
    return View(seen, scene.texts, views[0].read, "some seconds have passed")


def _ids(*messages: Message) -> frozenset[Any]:
    return frozenset(message.id for message in messages)


def _view(
    stage: Stage,
    messages: tuple[Message, ...],
    done: Collection[Any],
    why: str,
    *besides: Message,
) -> View:
    """Ask for messages, others behind the first, until each is read as it was."""
    wanted = (*messages[:1], *besides, *messages[1:])
    answer = stage.settle(messages[0].conversation, wanted, _shown(messages, done))
    return View(asked(stage, answer), messages, frozenset(done) & _ids(*messages), why)


def _shown(
    messages: tuple[Message, ...], done: Collection[Any]
) -> Callable[[dict[Any, Receipt]], bool]:
    """Return whether an answer shows of messages which were read."""

    def shown(found: dict[Any, Receipt]) -> bool:
        return all(
            m.id in found and tells(found[m.id], m.conversation.members[1], read=m.id in done)
            for m in messages
        )

    return shown
