"""What every driver offers: calls of its dialect, and the neutral actions on top of them."""

from __future__ import annotations

import html
import re
import time
import zlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import urljoin, urlsplit

from receiptspec.client import Client
from receiptspec.contract import CodeId, Operation
from receiptspec.errors import NotExercised
from receiptspec.exchange import Exchange, Request
from receiptspec.harness import Harnesses
from receiptspec.neutral import Answer, Call, Conversation, Message, Page, Receipt, Strayed
from receiptspec.targets import Harness

__all__ = ["Driver", "evidence"]

_TITLE = re.compile(rb"<title[^>]*>([^<]{1,200})", re.IGNORECASE)
_LONGEST = 60
_LONG_NAME = "_-aZ" * 8  # as long as the id of a user may be; no digits, or two could be one


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
    #: How many of them may already come with the call that makes it.
    at_creation: int
    #: The user in whose name the ``ordinary-user`` credential is made.
    ordinary_user: str = ""
    #: The credential whose signature leaves the Host header out, empty where none covers it.
    hostless: str = ""
    #: The type of group that has receipts.
    group_type: str
    #: Types of groups that show nothing before their owner has sent a first message.
    wakened: Collection[str] = frozenset()
    #: Operations that say who is a member.
    joinings: Collection[str] = frozenset()
    #: Codes that say that somebody is no member.
    outside_codes: Collection[CodeId] = frozenset()
    #: Codes of who is no member yet: that somebody has joined may show later.
    unjoined_codes: Collection[CodeId] = frozenset()
    #: Codes that say that there is no such account.
    nobody_codes: Collection[CodeId] = frozenset()
    #: Codes of no kind of their own that may say that a user does not exist.
    stranger_codes: Collection[CodeId] = frozenset()
    #: Whether only messages that ask for a receipt have one.
    receipts_are_wished: bool = True
    #: What ``x-live`` names stand for, as far as the driver knows it from the target's settings.
    constants: Mapping[str, Any] = MappingProxyType({})
    #: The number of the app, as callbacks name it, empty where they name none.
    app: str = ""
    #: The notification that tells a sender of reads, empty where there is none.
    event: str = ""
    #: The notification that tells a receiver of a message, empty where there is none.
    arrival: str = ""

    def arrived(self, answer: Answer) -> tuple[Any, Any]:
        """Return the id of the message that an `arrival` brings, and whether it asks to be read.

        ``None`` stands for what it does not tell.
        """
        return None, None

    @property
    def server(self) -> Driver | None:
        """The dialect of the server behind a client, ``None`` where the target is a server."""
        return None

    def server_name(self, conversation: Conversation, message: Any) -> Any:
        """Return what the server behind a client calls a message, ``None`` if that is not told."""
        return None

    #: Calls that write and leave conversations, members and messages as they are.
    harmless: frozenset[str] = frozenset()

    def written(self, call: Call) -> Any:
        """Return the body of a call without what the target itself gave for it."""
        return call.body

    def owes(self, call: Call) -> tuple[str, list[Any]] | None:
        """Return what a documented call of a client does, and with which messages.

        It may ``read`` or ``ask``, ``list`` from the start or ``list on``.
        """
        return None

    def meet(self, conversation: Conversation, answer: Answer) -> Any:
        """Keep the message that an `arrival` brings, and return its id."""
        return None

    def carry(self, client: Client) -> Client | Harnesses:
        """Return what takes the requests of this driver to the target."""
        return client

    #: Seconds by which the target's clock is ahead of ours, as its answers tell.
    ahead: float = 0.0

    #: Seconds by which what times messages is ahead of ours, ``None`` where none was sent.
    stamped: float | None = None

    #: Seconds by which the target's clock may be behind what is known of it.
    doubt: float = 0.0

    @property
    def aheads(self) -> tuple[float, ...]:
        """Seconds by which the target's clocks may be ahead of ours, those of `now` first."""
        return (self.ahead,) if self.stamped is None else (self.ahead, self.stamped)

    def now(self) -> int:
        """Return the target's time in whole Unix seconds."""
        return int(time.time() + self.ahead)

    def earliest(self) -> int:
        """Return the target's time by that of its clocks, or ours, which is behind the others.

        As far behind as may be, where it is in doubt.
        """
        return int(time.time() + min(0.0, *self.aheads) - self.doubt)

    #: Whether every call is an HTTP request, with headers that may vary.
    over_http: bool = True

    def tells(self, viewer: Any, message: Message) -> bool:
        """Whether somebody who asks has to be told of a message's receipt, its sender or not."""
        return True

    #: What `misfit` can make wrong in a receipt.
    misfits: tuple[str, ...] = ()

    def joined(self, calls: Sequence[Call]) -> Call | None:
        """Return one call that names what all `calls` name; ``None`` where none can."""
        return None

    def under_number(self, call: Call, number: int) -> Call | None:
        """Return a call that has this number in its address, if there is any that says nothing."""
        return None

    def absent(self, messages: Sequence[Any]) -> Any:
        """Return the id of a message that does not exist, far beyond the newest of `messages`."""
        return max(messages) + 1000

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
        """Return the smallest valid body with what the live system wants of it: times, texts.

        Raises `NotExercised` for an operation of which no call is made from a schema.
        """

    def user(self, namespace: str, index: int) -> Any:
        """Return the id of a user of a run: in both cases, with signs, some as long as may be.

        Every third has digits alone, and others are the beginning of the long one two before, or
        that of three before with another sign. Whoever folds, cuts or counts the ids of users, or
        takes text for a number, gets another one.
        """
        if index in (3, 9):
            return str(self.user(namespace, index - 2))[:-1]
        if index in (4, 16):
            head, dash, tail = str(self.user(namespace, index - 3)).rpartition("-")
            return f"{head}{dash and '_'}{tail}"
        if index % 3 == 2:
            return f"90000{zlib.crc32(namespace.encode()):010d}{index:03d}"
        name = f"Rs{namespace}-U{index}"
        return name if index % 3 != 1 else f"{name}{_LONG_NAME[len(name) :]}"

    def plain_user(self, namespace: str, index: int) -> Any:
        """Return the id of a user of a run, a short one, where others are refused."""
        return f"rs{namespace}u{index}"

    def nobody(self) -> Any:
        """Return the id of a user who does not exist, or is in no conversation."""
        return "rs-no-such-user"

    def far_users(self, namespace: str) -> tuple[Any, ...]:
        """Return users beside the pool, one with a small number and one with a very large one."""
        del namespace
        return ()

    def look_alikes(self, namespace: str) -> tuple[Any, ...]:
        """Return a user, three whose digits are part of that one's, and one nearly the same.

        Nothing where users are no numbers.
        """
        del namespace
        return ()

    def least_user(self) -> Any:
        """Return the user with the lowest number, ``None`` where users are no numbers."""
        return None

    def joint_pairs(self, namespace: str) -> tuple[tuple[Any, Any], ...]:
        """Return pairs of users whose ids make the same text when they are joined."""
        del namespace
        return ()

    # Each neutral action is the calls it takes, and how to read what came back.

    @abstractmethod
    def make_users(self, names: Sequence[str], *, otherwise: bool = False) -> list[Call]:
        """Calls that make the users exist; empty where the vendor needs none.

        `otherwise` they are of the other operation that does it, if there is one.
        """

    def make_again(self, user: Any) -> list[Call]:
        """Calls that make a user again who is there, each in another way than `make_users`."""
        return []

    @abstractmethod
    def make_group(
        self, type_: str, name: str, owner: Any, members: Sequence[Any], id_: str | None = None
    ) -> Call:
        """Call that makes a group with an owner and further members."""

    @abstractmethod
    def made_group(self, answer: Answer) -> Any:
        """Return the id of the group that was made, ``None`` when the answer has none."""

    def made_type(self, answer: Answer) -> Any:
        """Return the type of the group that was made, ``None`` where that is not told."""
        return None

    def promoted(self, call: Call) -> Call:
        """Return a call that makes an administrator of the first member it gives a group."""
        raise _absent("promoted")

    def make_pair(self, one: Any, other: Any, name: str = "") -> Call | None:
        """Call that opens the conversation of two people; ``None`` where none is needed."""
        return None

    def was_there(self, answer: Answer) -> Any:
        """Return whether an answer of `make_pair` says that there was one, ``None`` if silent."""
        return None

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

    def list_members(
        self, conversation: Conversation, message: Any, *, read: bool, cursor: Any, count: int
    ) -> Call | None:
        """Call for a page of who has (not) read; ``None`` where the vendor has no pages.

        `cursor` is ``None`` for the first page.
        """
        return None

    def page(self, answer: Answer) -> Page:
        """Read an accepted answer of `list_members`."""
        raise _absent("page")

    def look(self, conversation: Conversation, viewer: Any, *, size: int = 50) -> Call:
        """Call for the messages of two people as one of them sees them, `size` at a time."""
        raise _absent("look")

    def within(self, call: Call, since: int, until: int) -> Call:
        """Narrow a call of `look` to the messages of some seconds."""
        raise _absent("within")

    #: Whether the messages of two people are kept, and read back page by page.
    keeps_history: bool = False

    def look_on(self, call: Call, answer: Answer) -> Call | None:
        """Call for the page after `answer`; ``None`` when the answer names no place to go on."""
        raise _absent("look_on")

    def looked_through(self, answer: Answer) -> bool:
        """Whether an answer of `look` says that nothing follows."""
        raise _absent("looked_through")

    def misfit(self, call: Call, what: str, third: Any) -> Call:
        """Return a receipt that is wrong in one of `misfits`, or in ``order of people``."""
        raise _absent("misfit")

    def optioned(self, call: Call) -> list[tuple[bool, Call]]:
        """Return messages with options, and whether each is to be counted as unread."""
        return []

    def respelt(self, call: Call) -> list[Call]:
        """Return receipts that spell the name of a message as it was not given out."""
        return []

    def mark_conversation(
        self, conversation: Conversation, user: Any, *, until: int | None = None
    ) -> Call | None:
        """Call by which `user` marks a whole conversation as read, up to a Unix time."""
        raise _absent("mark_conversation")

    def count_unread(self, user: Any, peers: Sequence[Any] | None) -> Call:
        """Call for the unread counts of a user, in all or by peer."""
        raise _absent("count_unread")

    def unread_of_all(self, answer: Answer) -> int | None:
        """Read the unread count of all conversations of an answer of `count_unread`."""
        raise _absent("unread_of_all")

    def unread_counts(self, answer: Answer) -> Mapping[Any, int]:
        """Read the unread counts by peer of an answer of `count_unread`."""
        raise _absent("unread_counts")

    def unread_unknown(self, answer: Answer) -> Collection[Any]:
        """Read the peers of an answer of `count_unread` for whom it says that it failed."""
        raise _absent("unread_unknown")

    def without_owner(self, call: Call) -> Call:
        """Return a call that makes a group which nobody owns."""
        raise _absent("without_owner")

    def roomy(self, call: Call) -> Call:
        """Return a call that makes a group which may have more members than get receipts."""
        raise _absent("roomy")

    def from_administrator(self, user: Any) -> Conversation:
        """Return the conversation of whoever calls with a user."""
        raise _absent("from_administrator")

    def without_sender(self, call: Call) -> Call:
        """Return a call that names no sender: whoever calls sends."""
        raise _absent("without_sender")

    def for_the_moment(self, call: Call) -> Call:
        """Return a call that sends a message to who is online alone; nothing keeps it."""
        raise _absent("for_the_moment")

    def with_everything(self, call: Call) -> Call:
        """Return a call that sends a message between two people with every option there is."""
        raise _absent("with_everything")

    def for_those_online(self, call: Call) -> Call:
        """Return a call that sends a message to those who are online alone, never stored."""
        raise _absent("for_those_online")

    def unusual(self, call: Call) -> list[Call]:
        """Return calls that send a message between two people as few do, each in one way."""
        return []

    def in_other_elements(self, call: Call) -> list[Call]:
        """Return calls that send to one person what is no text, or more than one text."""
        return []

    def with_numbers(self, call: Call, sequence: int, random: int) -> Call | None:
        """Return a call that sends to one person under two numbers of one's own, if there are."""
        return None

    #: Fields of bodies that say nothing of what a call does to a conversation.
    chatter: frozenset[str] = frozenset()

    def concerns(self, body: Mapping[str, Any]) -> Any:
        """Return what stands for the conversation that a call is about, ``None`` if none is named.

        A group is its id; two people whose conversation has none are a set of both.
        """
        return self.conversation_named(body)

    def concerns_people(self, conversation: Conversation) -> Any:
        """Return what `concerns` returns for a conversation."""
        return conversation.id if conversation.id is not None else frozenset(conversation.members)

    def conversation_named(self, body: Any) -> Any:
        """Return what a recorded body names its group by; ``None`` where that cannot be told."""
        del body
        return None

    def page_wanted(self, body: Any) -> tuple[Any, bool, int] | None:
        """Return message, readers or not, and size that a recorded request for a page names.

        ``None`` where that cannot be told: then nothing is concluded from the answer.
        """
        del body
        return None

    @abstractmethod
    def named_messages(self, body: Any) -> list[Any]:
        """Return the ids of the messages that a body of `ask` names, in its order."""

    @abstractmethod
    def add_members(self, conversation: Conversation, users: Sequence[Any]) -> Call:
        """Call that adds users to a group, at most `at_once` of them."""

    @abstractmethod
    def remove_member(self, conversation: Conversation, *users: Any) -> Call:
        """Call that removes users from a group."""

    @abstractmethod
    def dismiss(self, conversation: Conversation) -> Call:
        """Call that ends a group."""

    @abstractmethod
    def recall(self, message: Message) -> Call:
        """Call that takes a message back."""

    # Set-up, as far as it is documented.

    def added(self, answer: Answer) -> Mapping[Any, Any]:
        """Return what became of each user that was to be added: 0 failed, 1 added, 2 was there."""
        raise _absent("added")

    def adorned_members(self, call: Call) -> Call:
        """Return a call of `add_members` that says more of each, in the name of no member."""
        return call

    def kept_out(self, answer: Answer) -> list[Any]:
        """Return who is no member yet, or not at all, as the answer to `add_members` says."""
        return []

    @abstractmethod
    def ask_members(self, conversation: Conversation, offset: int = 0) -> Call:
        """Call for the members of a group, those after the first `offset` where there are pages."""

    def few_members(self, conversation: Conversation) -> Call:
        """Call for the first member of a group, where it may be said how many are wanted."""
        raise _absent("few_members")

    def members(self, answer: Answer) -> tuple[tuple[Any, ...], Any]:
        """Return the members that an answer lists, and the number that it gives."""
        raise _absent("members")

    def read_position(self, answer: Answer, user: Any) -> Any:
        """Return up to which message a member has read the conversation, ``None`` if not told."""
        raise _absent("read_position")

    def move_read_position(
        self, conversation: Conversation, user: Any, position: int
    ) -> Call | None:
        """Call that moves up to where a user has read; ``None`` where there is none."""
        return None

    def ask_read_positions(self, conversation: Conversation) -> Call | None:
        """Call for up to where members have read; ``None`` where there is none."""
        return None

    def look_at_messages(self, conversation: Conversation, messages: Sequence[Any]) -> Call:
        """Call for messages by their ids."""
        raise _absent("look_at_messages")

    def place_of(self, item: Mapping[str, Any]) -> Any:
        """Return the position of a message of a history in its conversation."""
        raise _absent("place_of")

    def shown_messages(self, answer: Answer) -> list[Mapping[str, Any]]:
        """Return what an answer about messages says of each, in its order."""
        raise _absent("shown_messages")

    def shown_id(self, item: Mapping[str, Any]) -> Any:
        """Return the id of a message that an answer shows."""
        raise _absent("shown_id")

    def shown_place(self, item: Mapping[str, Any]) -> Any:
        """Return the conversation that a shown message is said to be of, ``None`` for none."""
        raise _absent("shown_place")

    def shown_as_sent(self, item: Mapping[str, Any], call: Call) -> Mapping[str, tuple[Any, Any]]:
        """Return, by field, what a message was sent with and what an answer shows of that."""
        raise _absent("shown_as_sent")

    def with_odd_content(self, call: Call) -> Call:
        """Return a call that sends what is hard to write down: control characters, many bytes."""
        raise _absent("with_odd_content")

    def look_at_group(self, conversation: Conversation) -> Call:
        """Call for the newest messages of a group."""
        raise _absent("look_at_group")

    def group_history(self, answer: Answer) -> Mapping[Any, Mapping[str, Any]]:
        """Return the messages of a group by id."""
        raise _absent("group_history")

    def direct_history(self, answer: Answer) -> Mapping[Any, Mapping[str, Any]]:
        """Return the messages of two people by id."""
        raise _absent("direct_history")

    def shown_time(self, item: Mapping[str, Any]) -> int | None:
        """Return the second of a message of a history, ``None`` where that is not told."""
        return None

    def look_back(self, conversation: Conversation, message: Any, size: int) -> Call:
        """Call for at most `size` messages of a group, back from one of them."""
        raise _absent("look_back")

    def people_of(self, item: Mapping[str, Any]) -> tuple[Any, Any] | None:
        """Return who has sent a message of a history to whom, ``None`` where that is not told."""
        return None

    def strayed(self, sent: Answer, item: Mapping[str, Any]) -> list[Strayed]:
        """Return what of a message of a history is not what sending it said and was told."""
        return []

    def is_recalled(self, item: Mapping[str, Any]) -> bool:
        """Whether a message of a history is marked as recalled."""
        raise _absent("is_recalled")

    def recalled(self, answer: Answer) -> Mapping[Any, Any]:
        """Return the code for each message that was to be recalled."""
        raise _absent("recalled")

    def texts_of(self, item: Mapping[str, Any]) -> list[Any]:
        """Return the texts of a message of a history, one for each of its parts."""
        raise _absent("texts_of")

    def with_texts(self, call: Call, *texts: str) -> Call:
        """Return a call that sends other texts, each as a part of one message."""
        raise _absent("with_texts")

    def without_member(self, call: Call, sender: Any) -> Call:
        """Return a call that sends in the name of somebody else."""
        raise _absent("without_member")

    def adorned(self, call: Call, users: Sequence[Any]) -> list[Call]:
        """Return calls that send with more than a text: other kinds, options, mentions of users.

        `users` are all of the conversation, the sender first.
        """
        return []

    def failed_users(self, answer: Answer) -> list[Any]:
        """Return the users that an answer says could not be made."""
        return []

    def quietly(self, call: Call) -> Call:
        """Return a call that changes who is a member and tells nobody, if there is one."""
        return call

    def beside_wish(self, call: Call, users: Sequence[Any]) -> list[Call]:
        """Return calls that ask for a receipt beside one of the other options each.

        `users` are all of the conversation, the sender first.
        """
        return []

    def with_name(self, call: Call, name: str) -> Call:
        """Return a call that sends under another id of the sender's."""
        raise _absent("with_name")

    def with_name_of(self, call: Call, other: Call) -> Call:
        """Return a call that sends under the id that another has of its sender."""
        raise _absent("with_name_of")

    def without_name(self, call: Call) -> Call:
        """Return a call that sends under no id of the sender's."""
        raise _absent("without_name")

    def begun(self, call: Call, *positions: int) -> Call:
        """Return a call that adds members who have read so far, each up to a position."""
        raise _absent("begun")

    def misnamed_wish(self, call: Call) -> Call:
        """Return a call that asks for a receipt under a name that means nothing there."""
        raise _absent("misnamed_wish")

    def declined_wish(self, call: Call) -> Call:
        """Return a call that says that it wants no receipt."""
        raise _absent("declined_wish")

    def sent_at(self, answer: Answer) -> int | None:
        """Return the target's Unix time at which a message was sent, ``None`` if not told."""
        return None

    def import_messages(self, conversation: Conversation, count: int, random: int = 1) -> Call:
        """Call that imports old messages into a group, their random numbers from `random` on."""
        raise _absent("import_messages")

    def import_results(self, answer: Answer) -> int:
        """Return of how many imported messages an answer says what became of them."""
        raise _absent("import_results")

    def imported(self, answer: Answer) -> list[Any]:
        """Return the ids of the messages that were imported."""
        raise _absent("imported")

    def import_users(self, names: Sequence[str]) -> Call:
        """Call that makes many users at once."""
        raise _absent("import_users")

    @abstractmethod
    def hook_input(
        self, conversation: Conversation, user: Any, messages: Sequence[Any]
    ) -> dict[str, Any]:
        """Return the JSON object that a target's read hook gets."""

    def readers(self, client: Client, harness: Harness) -> Harnesses:
        """Return the client SDKs of users, behind `harness`, logged in to the same server."""
        raise _absent("readers")

    def reading(self, user: Any, messages: Sequence[Message]) -> Request:
        """Return the line by which the harness of a user reads messages."""
        raise _absent("reading")

    @abstractmethod
    def renew_credential(self, *, plain: bool = False) -> None:
        """Make the valid credential anew for the calls to come, unlike the one before.

        `plain` avoids whatever in its form a target may stumble over.
        """

    @abstractmethod
    def credentials(self) -> Mapping[str, str]:
        """Return the ways to sign that `Call.credential` may name, each with a description."""


def _absent(action: str) -> NotExercised:
    return NotExercised(f"this vendor has no call or field for it ({action.replace('_', ' ')})")
