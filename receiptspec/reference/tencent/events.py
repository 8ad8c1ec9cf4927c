"""What users who are connected are told: messages for them, and reads of what they sent."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from receiptspec.reference.calls import Call
from receiptspec.reference.store import Direct, Group, Message, Store
from receiptspec.reference.tencent.webhooks import Webhooks

__all__ = ["DirectArrival", "DirectRead", "Event", "Events", "GroupArrival", "GroupRead"]


@dataclass(frozen=True, slots=True)
class GroupArrival:
    """A group has a new message."""

    group: Group
    message: Message


@dataclass(frozen=True, slots=True)
class DirectArrival:
    """Somebody has sent a one-to-one message."""

    message: Direct


@dataclass(frozen=True, slots=True)
class GroupRead:
    """Group messages were read; each comes with how many have and have not."""

    group: Group
    counts: tuple[tuple[Message, int, int], ...]


@dataclass(frozen=True, slots=True)
class DirectRead:
    """The receiver has read one-to-one messages."""

    reader: str
    messages: tuple[Direct, ...]


Event = GroupArrival | DirectArrival | GroupRead | DirectRead


class Events(Webhooks):
    """Tells webhooks, and those who are there to hear it."""

    def __init__(
        self,
        app: int,
        store: Store,
        url: str | None = None,
        token: str | None = None,
        *,
        mute: bool = False,
    ) -> None:
        super().__init__(app, url, token, mute=mute)
        self._store = store
        self._listening: dict[str, list[asyncio.Queue[Event]]] = {}
        self._told: dict[tuple[str, Any], Any] = {}

    @contextlib.contextmanager
    def listening(self, user: str) -> Iterator[asyncio.Queue[Event]]:
        """Yield a queue of what the user is told from now on."""
        queue: asyncio.Queue[Event] = asyncio.Queue()
        queues = self._listening.setdefault(user, [])
        queues.append(queue)
        try:
            yield queue
        finally:
            queues.remove(queue)

    def _tell(self, user: str, event: Event) -> None:
        for queue in self._listening.get(user, ()):
            queue.put_nowait(event)

    def group_message(self, group: Group, message: Message) -> None:
        """Hand a message to the members that it waits for."""
        for name in message.audience:
            self._tell(name, GroupArrival(group, message))

    def direct_message(self, message: Direct) -> None:
        """Hand a message to its receiver."""
        if message.receiver != message.sender:
            self._tell(message.receiver, DirectArrival(message))

    def group_receipts(
        self,
        call: Call,
        store: Store,
        group: Group,
        messages: Sequence[tuple[Message, Sequence[str]]],
        platform: str = "RESTAPI",
    ) -> bool:
        """Tell the sender of each message that was read by somebody who had not."""
        agreed = super().group_receipts(call, store, group, messages, platform)
        items: dict[str, list[tuple[Message, int, int]]] = {}
        for message, readers in messages:
            counts = store.counts(call, group, message)
            if readers and self._told.get((group.id, message.seq)) != counts:
                self._told[(group.id, message.seq)] = counts
                items.setdefault(message.sender, []).append((message, *counts))
        for sender, told in items.items():
            self._tell(sender, GroupRead(group, tuple(told)))
        return agreed

    def direct_receipts(
        self, call: Call, operator: str, peer: str, keys: Sequence[str], platform: str = "RESTAPI"
    ) -> None:
        """Tell the sender of messages that their receiver has read."""
        super().direct_receipts(call, operator, peer, keys, platform)
        fresh = [key for key in keys if (peer, key) not in self._told]
        self._told.update({(peer, key): True for key in fresh})
        by_key = {message.key: message for message in self._store.between(operator, peer)}
        messages = tuple(by_key[key] for key in fresh if key in by_key)
        if messages:
            self._tell(peer, DirectRead(operator, messages))
