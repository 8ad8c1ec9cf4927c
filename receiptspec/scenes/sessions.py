"""What was sent or read while its sender, or its reader, was not logged in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Conversation, Message, Receipt
from receiptspec.scenes.direct import pair
from receiptspec.scenes.groups import Asked, asked
from receiptspec.scenes.paging import page_of
from receiptspec.stage import Stage

__all__ = ["Kept", "group", "letter", "listed"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A message that was read by somebody who logged in after it was sent.

    `seen` is what its sender pulled then, `again` the same after another login.
    """

    message: Message
    reader: Any
    seen: Asked
    again: Asked


def letter(stage: Stage) -> Kept:
    """A sends B a message while B is not there; B comes and reads it, A leaves and comes back."""
    return _kept(stage, pair(stage, 7, 6))


def group(stage: Stage) -> Kept:
    """Do the same in a group of two."""
    b, a = stage.users(8)[6:]
    return _kept(stage, stage.group(2, people=(a, b)))


def _kept(stage: Stage, conversation: Conversation) -> Kept:
    sender, reader = conversation.members
    stage.listens(sender)
    stage.leaves(reader)
    message = stage.say(conversation)
    answer = stage.tries_to_read(reader, [message])
    if answer is not None and not answer.accepted:
        raise NotExercised(f"sending a receipt is {answer.describe()}")

    def read(receipts: Mapping[Any, Receipt]) -> bool:
        receipt = receipts.get(message.id)
        return receipt is not None and bool(receipt.read or receipt.peer_read)

    seen = asked(stage, stage.settle(conversation, [message], read))
    stage.leaves(sender)
    again = asked(stage, stage.settle(conversation, [message], read))
    if not again.answer.accepted:
        raise NotExercised(f"pulling after another login is {again.answer.describe()}")
    return Kept(message, reader, seen, again)


def listed(stage: Stage) -> Answer:
    """List who has read the message of `group`, as its sender after another login."""
    scene = stage.scene(group)

    def there(answer: Answer) -> bool:
        return not answer.accepted or scene.reader in stage.driver.page(answer).members

    return stage.until(lambda: page_of(stage, scene.message, read=True), there)
