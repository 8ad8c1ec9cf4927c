"""What every driver offers: calls of its dialect, and the neutral actions on top of them."""

from __future__ import annotations

import html
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit

from receiptspec.contract import Operation
from receiptspec.exchange import Exchange, Request
from receiptspec.neutral import Answer, Call, Conversation, Message, Page, Receipt

__all__ = ["Driver", "evidence"]

_TITLE = re.compile(rb"<title[^>]*>([^<]{1,200})", re.IGNORECASE)
_LONGEST = 60


def evidence(exchange: Exchange) -> str:
    """Return what tells who answered instead of the target, after a colon; empty for nothing.

    A page's title, the origin that a redirect leads to (its path may hold credentials), and the
    ``Server`` header.
    """
    response = exchange.response
    if response is None:
        return ""
    said = []
    title = _TITLE.search(response.body[:8192])
    if title is not None:
        text = " ".join(html.unescape(title[1].decode(errors="replace")).split())
        said.append(f"“{_harmless(text)}”")
    place = response.header("Location")
    if place is not None and 300 <= response.status < 400:
        said.append(_leads_to(exchange.request.url, place))
    server = response.header("Server")
    if server:
        said.append(f"from {_harmless(server)}")
    return f": {', '.join(said)}" if said else ""


def _harmless(text: str) -> str:
    """Return the beginning of a text, without any query that may be in it."""
    shown = re.sub(r"[?&].*", "…", text)
    return shown if len(shown) <= _LONGEST else shown[:_LONGEST] + "…"


def _leads_to(url: str, place: str) -> str:
    try:
        here, there = urlsplit(url), urlsplit(urljoin(url, place))
        port = f":{there.port}" if there.port else ""
    except ValueError:
        return "leads to no address"
    if (here.scheme, here.netloc) == (there.scheme, there.netloc):
        return "leads to itself" if here.path == there.path else "leads to another path there"
    return f"leads elsewhere, to {there.scheme}://{_harmless(there.hostname or '')}{port}"


class Driver(ABC):
    """Knows one wire dialect. Pure: it builds requests and reads answers, it sends nothing."""

    #: The operation that asks for receipts.
    ask: str
    #: Scheme, host and port.
    origin: str
    #: The operation by which a member of a group reads, empty where there is none.
    group_read: str
    #: How many members one call may give a group.
    at_once: int
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

    @abstractmethod
    def sensible(self, operation: str, body: Any, live: Mapping[str, Any]) -> Any:
        """Return the smallest valid body with what the live system wants of it: times, texts."""

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
    def makes(self, call: Call) -> tuple[str, Any, Any] | None:
        """Return name, id (if it is chosen) and owner of what a call makes that should not stay.

        ``None`` for a call that makes nothing of the kind.
        """

    @abstractmethod
    def ends(self, call: Call) -> Any:
        """Return the id of what a call ends, ``None`` for a call that ends nothing."""

    @abstractmethod
    def is_gone(self, answer: Answer) -> bool:
        """Whether an answer to `dismiss` says that there is no such group."""

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
    def list_members(
        self, conversation: Conversation, message: Any, *, read: bool, cursor: Any, count: int
    ) -> Call | None:
        """Call for a page of who has (not) read; ``None`` where the vendor has no pages.

        `cursor` is ``None`` for the first page.
        """

    @abstractmethod
    def page(self, answer: Answer) -> Page:
        """Read an accepted answer of `list_members`."""

    @abstractmethod
    def look(self, conversation: Conversation, viewer: Any, *, size: int = 50) -> Call:
        """Call for the messages of two people as one of them sees them, `size` at a time."""

    @abstractmethod
    def look_on(self, call: Call, answer: Answer) -> Call | None:
        """Call for the page after `answer`; ``None`` when the answer names no place to go on."""

    @abstractmethod
    def looked_through(self, answer: Answer) -> bool:
        """Whether an answer of `look` says that nothing follows."""

    @abstractmethod
    def misfit(self, call: Call, what: str, third: Any) -> Call:
        """Return a receipt that is wrong in ``from``, ``to``, ``key`` or ``malformed`` key."""

    @abstractmethod
    def mark_conversation(
        self, conversation: Conversation, user: Any, *, until: int | None = None
    ) -> Call | None:
        """Call by which `user` marks a whole conversation as read, up to a Unix time."""

    @abstractmethod
    def count_unread(self, user: Any, peers: Sequence[Any] | None) -> Call:
        """Call for the unread counts of a user, in all or by peer."""

    @abstractmethod
    def unread_counts(self, answer: Answer) -> Mapping[Any, int]:
        """Read the unread counts by peer of an answer of `count_unread`."""

    @abstractmethod
    def named_messages(self, body: Any) -> list[Any]:
        """Return the ids of the messages that a body of `ask` names, in its order."""

    @abstractmethod
    def add_members(self, conversation: Conversation, users: Sequence[Any]) -> Call:
        """Call that adds users to a group, at most `at_once` of them."""

    @abstractmethod
    def remove_member(self, conversation: Conversation, user: Any) -> Call:
        """Call that removes a user from a group."""

    @abstractmethod
    def dismiss(self, conversation: Conversation) -> Call:
        """Call that ends a group."""

    @abstractmethod
    def recall(self, message: Message) -> Call:
        """Call that takes a message back."""

    # Set-up, as far as it is documented.

    @abstractmethod
    def added(self, answer: Answer) -> Mapping[Any, Any]:
        """Return what became of each user that was to be added: 0 failed, 1 added, 2 was there."""

    @abstractmethod
    def ask_members(self, conversation: Conversation) -> Call:
        """Call for the members of a group."""

    @abstractmethod
    def members(self, answer: Answer) -> tuple[tuple[Any, ...], Any]:
        """Return the members that an answer lists, and the number that it gives."""

    @abstractmethod
    def read_position(self, answer: Answer, user: Any) -> Any:
        """Return up to which message a member has read the conversation, ``None`` if not told."""

    @abstractmethod
    def look_at_group(self, conversation: Conversation) -> Call:
        """Call for the newest messages of a group."""

    @abstractmethod
    def group_history(self, answer: Answer) -> Mapping[Any, Mapping[str, Any]]:
        """Return the messages of a group by id."""

    @abstractmethod
    def direct_history(self, answer: Answer) -> Mapping[Any, Mapping[str, Any]]:
        """Return the messages of two people by id."""

    @abstractmethod
    def is_recalled(self, item: Mapping[str, Any]) -> bool:
        """Whether a message of a history is marked as recalled."""

    @abstractmethod
    def recalled(self, answer: Answer) -> Mapping[Any, Any]:
        """Return the code for each message that was to be recalled."""

    @abstractmethod
    def text_of(self, item: Mapping[str, Any]) -> Any:
        """Return the text of a message of a history."""

    @abstractmethod
    def with_text(self, call: Call, text: str) -> Call:
        """Return a call that sends another text."""

    @abstractmethod
    def without_member(self, call: Call, sender: Any) -> Call:
        """Return a call that sends in the name of somebody else."""

    @abstractmethod
    def misnamed_wish(self, call: Call) -> Call:
        """Return a call that asks for a receipt under a name that means nothing there."""

    @abstractmethod
    def import_messages(self, conversation: Conversation, count: int) -> Call:
        """Call that imports old messages into a group."""

    @abstractmethod
    def imported(self, answer: Answer) -> list[Any]:
        """Return the ids of the messages that were imported."""

    @abstractmethod
    def import_users(self, names: Sequence[str]) -> Call:
        """Call that makes many users at once."""

    @abstractmethod
    def hook_input(
        self, conversation: Conversation, user: Any, messages: Sequence[Any]
    ) -> dict[str, Any]:
        """Return the JSON object that a target's read hook gets."""

    @abstractmethod
    def renew_credential(self, *, plain: bool = False) -> None:
        """Make the valid credential anew for the calls to come, unlike the one before.

        `plain` avoids whatever in its form a target may stumble over.
        """

    @abstractmethod
    def credentials(self) -> Mapping[str, str]:
        """Return the ways to sign that `Call.credential` may name, each with a description."""
