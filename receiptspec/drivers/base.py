"""What every driver offers: calls of its dialect, and the neutral actions on top of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from receiptspec.contract import CodeId, Operation
from receiptspec.exchange import Exchange, Request
from receiptspec.strictjson import Document

__all__ = [
    "Answer",
    "Call",
    "Conversation",
    "Driver",
    "Kind",
    "Message",
    "Receipt",
    "Verdict",
]

Body = Mapping[str, Any]


class Verdict(StrEnum):
    """What a target made of a request, as far as its dialect tells."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    THROTTLED = "throttled"
    GARBLED = "garbled"
    TROUBLE = "trouble"


class Kind(StrEnum):
    """Two people, or more."""

    DIRECT = "direct"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an operation, and what about it departs from the ordinary.

    `raw` replaces the body's bytes; `query` overrides single parameters (``None`` leaves one out);
    `credential` names one of the driver's ways to sign; `label` says why the call is made.
    """

    operation: str
    body: Any = field(default_factory=dict)
    raw: bytes | None = None
    query: Mapping[str, str | None] = field(default_factory=dict)
    headers: Mapping[str, str | None] = field(default_factory=dict)
    method: str | None = None
    path: str | None = None
    credential: str = "valid"
    label: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An exchange as its dialect reads it. `code` is the error code of a refusal, else ``None``."""

    operation: str
    verdict: Verdict
    exchange: Exchange
    document: Document | None = None
    code: CodeId | None = None
    note: str = ""
    request_body: Any = None

    @property
    def accepted(self) -> bool:
        """Whether the target did what it was asked."""
        return self.verdict is Verdict.ACCEPTED

    @property
    def refused(self) -> bool:
        """Whether the target refused in its dialect."""
        return self.verdict is Verdict.REFUSED

    @property
    def value(self) -> Any:
        """The parsed document, ``None`` when nothing could be read."""
        return self.document.value if self.document else None

    def get(self, key: str) -> Any:
        """Return one top-level field of the document, ``None`` when it is not there."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def describe(self) -> str:
        """Say in a few words what came back."""
        if self.verdict is Verdict.ACCEPTED:
            return "accepted"
        if self.code is not None:
            return f"{self.verdict} with code {self.code}"
        return f"{self.verdict}: {self.note}" if self.note else str(self.verdict)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A group, or two people. `members` holds every user, `owner` first."""

    kind: Kind
    id: Any
    type: str
    owner: Any
    members: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """A message that exists. `id` is what the dialect names it by."""

    conversation: Conversation
    id: Any
    sender: Any
    wants_receipt: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a target says of one message, ``None`` where the dialect or the answer is silent."""

    message: Any
    known: bool
    code: CodeId | None = None
    read: int | None = None
    unread: int | None = None
    readers: frozenset[Any] | None = None
    non_readers: frozenset[Any] | None = None
    path: str = "$"


class Driver(ABC):
    """Knows one wire dialect. Pure: it builds requests and reads answers, it sends nothing."""

    #: The operation that asks for receipts.
    ask: str

    @abstractmethod
    def build(self, operation: Operation, call: Call) -> Request:
        """Return the signed final bytes of a call."""

    @abstractmethod
    def read(self, operation: str, exchange: Exchange) -> Answer:
        """Tell accepted from refused from infrastructure trouble."""

    @abstractmethod
    def secrets(self) -> Sequence[str]:
        """Return every secret that a request of this driver may carry."""

    @abstractmethod
    def receipts(self, answer: Answer) -> tuple[Receipt, ...]:
        """Return what an accepted answer of `ask` says, in its order; skips what has no shape."""

    # Each neutral action is the calls it takes, and how to read what came back.

    @abstractmethod
    def make_users(self, names: Sequence[str]) -> list[Call]:
        """Calls that make the users exist; empty where the vendor needs none."""

    @abstractmethod
    def make_group(
        self, type_: str, name: str, owner: Any, members: Sequence[Any], id_: str | None = None
    ) -> Call:
        """Call that makes a group with an owner and further members."""

    @abstractmethod
    def made_group(self, answer: Answer) -> Any:
        """Return the id of the group that was made, ``None`` when the answer has none."""

    @abstractmethod
    def send_message(
        self, conversation: Conversation, sender: Any, *, receipt: bool, number: int
    ) -> Call:
        """Call that sends a text; `number` makes it unlike every other."""

    @abstractmethod
    def sent_message(self, answer: Answer) -> Any:
        """Return the id of the message that was sent, ``None`` when the answer has none."""

    @abstractmethod
    def mark_read(
        self, conversation: Conversation, user: Any, messages: Sequence[Any]
    ) -> Call | None:
        """Call by which `user` reads messages; ``None`` where the vendor has no such call."""

    @abstractmethod
    def ask_receipts(self, conversation: Conversation, messages: Sequence[Any]) -> Call:
        """Call that asks for the receipts of messages."""

    @abstractmethod
    def add_member(self, conversation: Conversation, user: Any) -> Call:
        """Call that adds a user to a group."""

    @abstractmethod
    def remove_member(self, conversation: Conversation, user: Any) -> Call:
        """Call that removes a user from a group."""

    @abstractmethod
    def dismiss(self, conversation: Conversation) -> Call:
        """Call that ends a group."""

    @abstractmethod
    def recall(self, message: Message) -> Call:
        """Call that takes a message back."""

    @abstractmethod
    def hook_input(
        self, conversation: Conversation, user: Any, messages: Sequence[Any]
    ) -> dict[str, Any]:
        """Return the JSON object that a target's read hook gets."""

    @abstractmethod
    def credentials(self) -> Mapping[str, str]:
        """Return the ways to sign that `Call.credential` may name, each with a description."""
