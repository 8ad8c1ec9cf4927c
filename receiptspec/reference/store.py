"""What the server remembers: accounts, groups, messages and who has read them.

Nothing here knows a wire format. All of it runs in one event loop, one call after the other, so
that each call sees and leaves a whole state.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from receiptspec.reference import outside
from receiptspec.reference.calls import Call

__all__ = ["Direct", "Group", "Member", "Message", "Store"]

_REPEAT_WINDOW = 300  # seconds in which the same content and random is the same message


@dataclass(slots=True)
class Member:
    """One member; `order` rises with each join and never repeats in a group."""

    name: str
    order: int
    role: str
    joined: int
    read_seq: int = 0
    sent: int = 0


@dataclass(slots=True)
class Message:
    """A group message. `readers` maps a user to the moment from which the read is visible.

    `client_time` is when its sender's client made it, 0 where no client did.
    """

    seq: int
    sender: str
    random: int
    time: int
    content: list[Any]
    receipt: bool
    audience: dict[str, int]
    priority: str = "Normal"
    custom: str | None = None
    imported: bool = False
    recalled: bool = False
    readers: dict[str, float] = field(default_factory=dict)
    repeats: int = 0
    client_time: int = 0


@dataclass(slots=True)
class Group:
    """A group with its members in join order and its messages by sequence number."""

    id: str
    type: str
    name: str
    owner: str | None
    created: int
    capacity: int
    members: dict[str, Member] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    newest: int = 0
    orders: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    recent: dict[tuple[str, int, str], Message] = field(default_factory=dict)

    def join(self, name: str, now: int, role: str = "Member") -> None:
        """Add a member who is not one yet."""
        self.members[name] = Member(name, next(self.orders), role, now, self.newest)


@dataclass(slots=True)
class Direct:
    """A one-to-one message; `key` names it, `order` sorts it."""

    key: str
    order: int
    sender: str
    receiver: str
    seq: int
    random: int
    time: int
    content: list[Any]
    receipt: bool
    counted: bool = True
    custom: str | None = None
    peer_read: bool = False
    recalled: bool = False
    client_time: int = 0


class Store:
    """The whole state of one vendor's server; `numbers` are for groups without a name."""

    def __init__(self) -> None:
        self.numbers = itertools.count(1)
        self.accounts: dict[str, dict[str, str]] = {}
        self.groups: dict[str, Group] = {}
        self.dismissed: set[str] = set()
        self.directs: dict[frozenset[str], list[Direct]] = {}
        self._orders = itertools.count(1)
        self._seqs = itertools.count(10_001)

    # --- groups -----------------------------------------------------------------------------

    def supply_group(self, group: Group) -> Group:
        """Keep a new group."""
        self.groups[group.id] = group
        self.dismissed.discard(group.id)
        return group

    def dismiss(self, group: Group) -> None:
        """Forget a group and remember that there was one."""
        del self.groups[group.id]
        self.dismissed.add(group.id)

    def post(self, call: Call, group: Group, message: Message) -> Message:
        """Store a message under the next sequence number, or return the one that it repeats."""
        content = json.dumps(message.content, sort_keys=True)
        mark = (message.sender, message.random, content)
        if call.knob("repeats_by_random"):
            mark = ("", message.random, "")
        earlier = None if message.imported else group.recent.get(mark)
        repeated = earlier is not None and message.time - earlier.time < _REPEAT_WINDOW
        if earlier is not None and repeated and call.knob("duplicates_dropped"):
            return earlier
        group.newest += call.knob("seq_step")
        message.seq = group.newest
        group.messages[message.seq] = group.recent[mark] = message
        if message.sender in group.members:
            sender = group.members[message.sender]
            sender.read_seq, sender.sent = message.seq, message.time
        return message

    @staticmethod
    def audience(group: Group, sender: str) -> dict[str, int]:
        """Return the members that a new message waits for, with their join order."""
        return {m.name: m.order for m in group.members.values() if m.name != sender}

    # --- receipts ---------------------------------------------------------------------------

    def receipt_of(self, call: Call, group: Group, seq: int) -> Message | None:
        """Return the message of a sequence number if it has a receipt."""
        message = group.messages.get(seq)
        if message is None or call.knob("receipts_never"):
            return None
        if message.imported:
            return message if call.knob("imported_has_receipt") else None
        if message.recalled and not call.knob("recalled_keeps_receipt"):
            return None
        return message if message.receipt or call.knob("plain_has_receipt") else None

    def waiting_for(self, call: Call, group: Group, message: Message) -> dict[str, int]:
        """Return those whose read counts, with their join order, whether they have read or not."""
        people = dict(message.audience)
        if call.knob("sender_counts") and message.sender in group.members:
            people[message.sender] = group.members[message.sender].order
        if call.knob("joiners_count"):
            later = {m.name: m.order for m in group.members.values() if m.name != message.sender}
            people = {**later, **people}
        if not call.knob("leavers_count"):
            people = {name: order for name, order in people.items() if name in group.members}
        return dict(sorted(people.items(), key=lambda item: item[1]))

    def split(
        self, call: Call, group: Group, message: Message
    ) -> tuple[dict[str, int], dict[str, int]]:
        """Return who has read and who has not, in join order."""
        now = outside.ticks() - call.knob("view_lags").get(call.operation, 0.0) - call.lag
        seen = {name for name, visible in message.readers.items() if visible <= now}
        people = self.waiting_for(call, group, message)
        if call.knob("reads_by_strangers"):
            people.update({name: 10**9 for name in seen if name not in people})
        read = {name: order for name, order in people.items() if name in seen}
        return read, {name: order for name, order in people.items() if name not in seen}

    def counts(self, call: Call, group: Group, message: Message) -> tuple[int, int]:
        """Return how many have read and how many have not."""
        read, unread = self.split(call, group, message)
        reads = call.knob("first_reads") + len(read) * call.knob("read_step")
        reads += message.repeats if call.knob("repeats_count") else 0
        cap = call.knob("read_cap")
        waiting = len(unread) + len(read) * (1 - call.knob("unread_step"))
        return reads if cap is None else min(reads, cap), max(waiting, call.knob("unread_floor"))

    def read(self, call: Call, group: Group, message: Message, user: str) -> bool:
        """Let a user read a message; return whether that changed anything."""
        if call.knob("reads_lost"):
            return False
        counts = user in self.waiting_for(call, group, message)
        if not counts and not call.knob("reads_by_strangers"):
            return False
        for each in self._reached(call, group, message):
            if user in each.readers and call.knob("reads_toggle"):
                del each.readers[user]
            elif user in each.readers:
                each.repeats += 1
            else:
                each.readers[user] = outside.ticks() + call.knob("read_delay")
        return True

    def _reached(self, call: Call, group: Group, message: Message) -> list[Message]:
        spread = call.knob("reads_spread")
        if spread == "group":
            return [m for m in group.messages.values() if m.receipt]
        if spread == "earlier":
            return [m for m in group.messages.values() if m.receipt and m.seq <= message.seq]
        if spread == "seq":
            found = (g.messages.get(message.seq) for g in self.groups.values())
            return [m for m in found if m is not None]
        return [message]

    # --- one-to-one -------------------------------------------------------------------------

    def send(self, message: Direct, *, stored: bool = True) -> Direct:
        """Keep a one-to-one message; gives it sequence number, order and key."""
        message.order = next(self._orders)
        message.seq = message.seq or next(self._seqs)
        message.key = f"{message.seq}_{message.random}_{message.time}"
        if stored:
            self.between(message.sender, message.receiver).append(message)
        return message

    def between(self, one: str, other: str) -> list[Direct]:
        """Return the messages of two users, oldest first."""
        return self.directs.setdefault(frozenset((one, other)), [])

    def unread(self, user: str, peer: str) -> int:
        """Count what a user has not read in one conversation."""
        pair = self.directs.get(frozenset((user, peer)), ())
        return sum(m.counted for m in pair if m.receiver == user and m.sender == peer)

    def unread_total(self, user: str) -> int:
        """Count what a user has not read in all conversations."""
        peers = (pair for pair in self.directs if user in pair)
        return sum(self.unread(user, next(iter(pair - {user}), user)) for pair in peers)

    def mark_conversation(self, call: Call, user: str, peer: str, until: float) -> None:
        """Mark what `peer` sent up to a moment as read on the user's side."""
        for message in self.between(user, peer):
            if message.receiver == user and message.time <= until:
                message.counted = False
                message.peer_read = message.peer_read or bool(call.knob("peer_read_by_mark"))
