"""What the server remembers: conversations, participants, messages and who has read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeVar

from receiptspec.reference import outside
from receiptspec.reference.calls import Call

__all__ = ["GROUP", "LIVE", "SINGLE", "Conversation", "Message", "Participant", "State"]

SINGLE, GROUP, LIVE = 1, 2, 100
T = TypeVar("T")
_FIRST = 1_709_040_620_191_372_977
_THIRD = 3
_COARSE = 256  # ids of this size share a double with their neighbours, but for one in 256


@dataclass(slots=True)
class Participant:
    """One member; `order` rises with each join."""

    user: int
    order: int
    joined: int
    role: int = 0
    level: int = 0
    nick: str = ""
    ext: dict[str, str] = field(default_factory=dict)
    read_index: int = 0


@dataclass(slots=True)
class Message:
    """A message. `audience` maps who it waits for to their join order."""

    id: int
    index: int
    sender: int
    type: int
    content: str
    created: int
    client_id: str
    ext: dict[str, str]
    audience: dict[int, int]
    readers: dict[int, float] = field(default_factory=dict)
    recalled: bool = False
    closed: bool = False


@dataclass(slots=True)
class Conversation:
    """A conversation with its participants in join order and its messages by id."""

    id: int
    type: int
    owner: int
    core: dict[str, Any]
    created: int
    inbox: int = 0
    participants: dict[int, Participant] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    by_client_id: dict[tuple[int, str], Message] = field(default_factory=dict)
    newest: int = 0
    joins: int = 0

    def join(self, user: int, **more: Any) -> Participant:
        """Add a participant or describe one anew."""
        known = self.participants.get(user)
        self.joins += known is None
        order = known.order if known else self.joins
        joined = known.joined if known else int(outside.now())
        self.participants[user] = Participant(user, order, joined, **more)
        return self.participants[user]

    def forget(self, user: int) -> None:
        """Know nothing of a user, nor of what that user has read."""
        self.participants.pop(user, None)
        for message in self.messages.values():
            message.readers.pop(user, None)

    def index(self) -> int:
        """Return the place of a new message: microseconds, always rising."""
        self.newest = max(self.newest + 1, int(outside.now() * 1_000_000))
        return self.newest


def _uneven(number: int) -> int:
    """Return the next number from here on that no double holds."""
    while number % _COARSE in (0, 1, _COARSE - 1):
        number += 2
    return number


class State:
    """All conversations of one app."""

    def __init__(self) -> None:
        self.conversations: dict[int, Conversation] = {}
        self.marks: dict[tuple[Any, ...], int] = {}
        self._last = _FIRST

    def new_id(self, call: Call) -> int:
        """Return a 19-digit id that no double holds exactly, odd and even in turns."""
        step = call.knob("ve_id_step") or 2 * (5_000 + outside.below(50_000)) + 1
        self._last = _uneven(self._last + step)
        return self._last

    def new_message(self, call: Call, place: Conversation) -> int:
        """Return the id of the next message of a conversation."""
        if call.knob("ve_ids_of_conversation"):
            return _uneven(_FIRST + 20_001 * (len(place.messages) + 1))
        return self.new_id(call)

    def find(self, call: Call, conversation: int) -> Conversation | None:
        """Return the conversation of an id."""
        return _get(call, self.conversations, conversation)

    def message(self, call: Call, conversation: Conversation, message: int) -> Message | None:
        """Return the message of an id, in that conversation alone."""
        return _get(call, conversation.messages, message)

    # --- receipts ---------------------------------------------------------------------------

    @staticmethod
    def waiting_for(call: Call, place: Conversation, message: Message) -> dict[int, int]:
        """Return those whose read counts, with their join order, whether they have read or not."""
        people = dict(message.audience)
        if call.knob("sender_counts"):
            people[message.sender] = 0
        if call.knob("joiners_count"):
            later = {p.user: p.order for p in place.participants.values()}
            people |= {u: order for u, order in later.items() if u != message.sender}
        if not call.knob("leavers_count"):
            people = {u: order for u, order in people.items() if u in place.participants}
        return dict(sorted(people.items(), key=lambda item: item[1]))

    def split(
        self, call: Call, place: Conversation, message: Message, late: float = 0.0
    ) -> tuple[list[int], list[int]]:
        """Return who has read, some time ago, and who has not, in join order."""
        now = outside.ticks() - call.lag - late
        seen = {user for user, visible in message.readers.items() if visible <= now}
        people = self.waiting_for(call, place, message)
        if call.knob("reads_by_strangers"):
            people |= {user: 0 for user in seen if user not in people}
        read = [user for user in people if user in seen]
        return read, [user for user in people if user not in seen]

    def read(self, call: Call, place: Conversation, message: Message, user: int) -> bool:
        """Let a user read a message; return whether it waits for that user."""
        if user == message.sender:
            self._own_read(call, message)
        counts = user in self.waiting_for(call, place, message)
        if (
            message.closed
            or call.knob("reads_lost")
            or not (counts or call.knob("reads_by_strangers"))
        ):
            return False
        if self._is_lost(call, message, user):
            return False
        for each in self._reached(call, place, message):
            if user in each.readers and call.knob("reads_toggle"):
                del each.readers[user]
            else:
                each.readers.setdefault(user, outside.ticks() + call.knob("read_delay"))
        return True

    @staticmethod
    def _is_lost(call: Call, message: Message, user: int) -> bool:
        """Whether a read comes too near to another, or too often; let that do what it ought not."""
        latest = max((v for k, v in message.readers.items() if k != user), default=0.0)
        apart = call.knob("ve_reads_apart")
        if apart and outside.ticks() - latest < apart:
            return True
        kind, times = call.knob("ve_rereads"), call.memory("rereads")
        times[message.id, user] = times.get((message.id, user), 0) + 1
        if kind == "others" and user in message.readers:
            message.readers = {user: message.readers[user]}
        elif kind == "reader" and times[message.id, user] == _THIRD:
            message.readers.pop(user, None)
            return True
        return False

    @staticmethod
    def _own_read(call: Call, message: Message) -> None:
        """Let senders' own reads do what they ought not to, where they do anything."""
        own = call.knob("ve_own_reads")
        if own == "listed":
            message.audience[message.sender] = 0
        elif own == "turned":
            message.readers |= dict.fromkeys(message.audience, outside.ticks())
        elif own == "closed":
            message.closed = True

    def _reached(self, call: Call, place: Conversation, message: Message) -> list[Message]:
        spread = call.knob("reads_spread")
        if spread == "group":
            return list(place.messages.values())
        if spread == "earlier":
            return [m for m in place.messages.values() if m.index <= message.index]
        if spread == "everywhere":
            return [m for c in self.conversations.values() for m in c.messages.values()]
        if spread == "next":
            later = [m for m in place.messages.values() if m.index > message.index]
            return [message, *later[:1]]
        return [message]


def _get(call: Call, known: dict[int, T], wanted: int) -> T | None:
    lookup = call.knob("ve_lookup")
    if wanted in known or lookup == "exact":
        return known.get(wanted)
    if lookup == "double":
        return next((v for k, v in known.items() if float(k) == float(wanted)), None)
    return next((v for k, v in known.items() if abs(k - wanted) <= 1), None)
