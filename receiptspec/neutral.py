"""The words that all vendors share: calls, answers, conversations, messages, receipts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from receiptspec.contract import CodeId
from receiptspec.exchange import Exchange
from receiptspec.strictjson import Document

__all__ = [
    "Answer",
    "Call",
    "Conversation",
    "Kind",
    "Message",
    "Page",
    "Receipt",
    "Strayed",
    "Verdict",
]


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

    `raw` replaces the body's bytes; `query` overrides single parameters (``None`` leaves one out)
    and `rename` renames them;
    `credential` names one of the driver's ways to sign; `label` says why the call is made; `user`
    is who makes it, where every user has a client of their own.
    """

    operation: str
    body: Any = field(default_factory=dict)
    raw: bytes | None = None
    query: Mapping[str, str | None] = field(default_factory=dict)
    rename: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str | None] = field(default_factory=dict)
    method: str | None = None
    path: str | None = None
    credential: str = "valid"
    label: str = ""
    user: str = ""

    @property
    def strays(self) -> bool:
        """Whether it goes elsewhere or travels otherwise, so that anybody on the way may end it."""
        return self.path is not None or "Transfer-Encoding" in self.headers


@dataclass(frozen=True, slots=True)
class Answer:
    """An exchange as its dialect reads it.

    `code` is the error code of a refusal, else ``None``, `info` what stands beside it and
    `code_path` where; `spoken` says whether the body is
    recognisably the dialect's, however broken.
    """

    operation: str
    verdict: Verdict
    exchange: Exchange
    document: Document | None = None
    code: CodeId | None = None
    note: str = ""
    spoken: bool = False
    request_body: Any = None
    info: str = ""
    code_path: str = "$.ErrorCode"

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
    readers: tuple[Any, ...] | None = None
    non_readers: tuple[Any, ...] | None = None
    peer_read: bool | None = None
    conversation: Any = None
    path: str = "$"
    read_key: str = "read"
    unread_key: str = "unread"
    peer_key: str = "peer read"
    peer: Any = None

    @property
    def told(self) -> Iterator[str]:
        """The names of the fields that tell who has read; an empty list tells of nobody."""
        if self.known:
            told = {
                self.read_key: self.read if self.readers is None else self.readers or None,
                self.unread_key: self.unread
                if self.non_readers is None
                else self.non_readers or None,
                self.peer_key: self.peer_read,
            }
            yield from (name for name, value in told.items() if value is not None)

    def place(self, field: str) -> str:
        """Return the JSON path of ``read`` or ``unread``."""
        return f"{self.path}.{self.read_key if field == 'read' else self.unread_key}"

    def name(self, field: str) -> str:
        """Return the vendor's name of ``read`` or ``unread``."""
        return self.read_key if field == "read" else self.unread_key


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the members who have, or have not, read a message.

    `key` is the name under which members are listed. `last` is ``None`` and `cursor` is ``None``
    where the answer does not say; `flag` is the name under which it says that the page is the last.
    """

    members: tuple[Any, ...]
    cursor: Any
    last: bool | None
    flag: str | None
    message: Any
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Strayed:
    """A field of what is read back that is not what was sent; `content` tells it from the rest."""

    path: str
    expected: Any
    actual: Any
    content: bool = False
