"""What every driver offers: calls of its dialect, and the neutral actions on top of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from receiptspec.contract import Operation
from receiptspec.exchange import Exchange, Request
from receiptspec.neutral import Answer, Call, Conversation, Message, Receipt

__all__ = ["Driver"]


class Driver(ABC):
    """Knows one wire dialect. Pure: it builds requests and reads answers, it sends nothing."""

    #: The operation that asks for receipts.
    ask: str
    #: The user in whose name the ``ordinary-user`` credential is made.
    ordinary_user: str

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

    @abstractmethod
    def probes(self) -> list[Call]:
        """Harmless calls that tell a live target from a dead one, whatever they are answered."""

    @abstractmethod
    def is_unknown_command(self, answer: Answer) -> bool:
        """Whether the target says that it does not have the operation at all."""

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
    def named_messages(self, body: Any) -> list[Any]:
        """Return the ids of the messages that a body of `ask` names, in its order."""

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
    def renew_credential(self) -> None:
        """Make the valid credential anew for the calls to come, unlike the one before."""

    @abstractmethod
    def credentials(self) -> Mapping[str, str]:
        """Return the ways to sign that `Call.credential` may name, each with a description."""
