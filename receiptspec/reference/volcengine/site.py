"""What the handlers of the Volcengine face share: the app, its keys, its state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from receiptspec.reference import outside
from receiptspec.reference.calls import Shrug
from receiptspec.reference.volcengine.fields import INT32, INT64, Fields
from receiptspec.reference.volcengine.signature import Keys
from receiptspec.reference.volcengine.state import Conversation, State

__all__ = ["Site"]


@dataclass
class Site:
    """One app of one account; `clock` is what signatures are judged by."""

    app: int
    keys: Keys
    state: State = field(default_factory=State)
    clock: Callable[[], float] = outside.now

    def enter(self, fields: Fields) -> None:
        """Take AppId: AppNotFound for another one."""
        app = fields.long("AppId", high=INT32)
        if app != self.app:
            fields.call.refuse("AppId", "unknown", "AppNotFound", "the app does not exist")

    def conversation(self, fields: Fields) -> Conversation:
        """Take AppId and ConversationShortId and return the conversation."""
        short = fields.long("ConversationShortId", low=-INT64 - 1)
        self.enter(fields)
        found = self.state.find(fields.call, short)
        if found is None:
            info = "the conversation does not exist"
            fields.call.refuse("ConversationShortId", "unknown", "ConversationNotFound", info)
            raise Shrug
        return found
