"""What the handlers of the Tencent face share: the state, the credentials, the outgoing hooks."""

from __future__ import annotations

from dataclasses import dataclass, field

from receiptspec.reference import outside
from receiptspec.reference.calls import Call, Shrug
from receiptspec.reference.store import Group, Store
from receiptspec.reference.tencent.fields import Fields
from receiptspec.reference.tencent.webhooks import Webhooks

__all__ = ["RECEIPT_TYPES", "Site", "now"]

#: Group types with receipts, under their old and new names (R1).
RECEIPT_TYPES = frozenset({"Private", "Work", "Public", "ChatRoom", "Meeting"})
LARGEST_WITH_RECEIPTS = 200

NOT_PERMITTED, NO_GROUP, BAD_GROUP_ID, NO_ACCOUNT = 10007, 10010, 10015, 10019


def now(call: Call) -> int:
    """Return Unix seconds, by the server's clock."""
    return int(outside.now() + call.knob("clock_ahead"))


@dataclass
class Site:
    """One app: its credentials and all it knows."""

    app: int
    identifier: str
    key: str = field(repr=False)
    store: Store
    hooks: Webhooks

    def __post_init__(self) -> None:
        self.store.accounts.setdefault(self.identifier, {})

    def group(self, fields: Fields) -> Group:
        """Take GroupId and return its group: 10004, 10015 (malformed) or 10010 (none)."""
        call = fields.call
        name = fields.text("GroupId")
        if name and not is_group_id(name):
            call.refuse("GroupId", "malformed", BAD_GROUP_ID, "GroupId: not a group ID")
        found = self.store.groups.get(name)
        if found is None:
            reason = "dismissed" if name in self.store.dismissed else "unknown"
            call.refuse("GroupId", reason, NO_GROUP, "the group does not exist or was dismissed")
            raise Shrug
        return found

    def receipt_group(self, fields: Fields) -> Group:
        """Take GroupId and return its group, of a type that has receipts (10007)."""
        group = self.group(fields)
        self.needs_receipts(fields.call, group)
        return group

    @staticmethod
    def needs_receipts(call: Call, group: Group) -> None:
        """Refuse a group of a type without receipts."""
        if group.type not in RECEIPT_TYPES:
            call.refuse("GroupId", group.type, NOT_PERMITTED, "this group type has no receipts")

    def account(self, fields: Fields, name: str, user: str, *, code: int = NO_ACCOUNT) -> None:
        """Refuse a user who was never imported."""
        if user not in self.store.accounts:
            fields.call.refuse(f"{fields.place}{name}", "unknown", code, f"{name}: no such account")


def is_group_id(text: str) -> bool:
    """Tell whether a text could name a group: printable ASCII of at most 48 bytes."""
    return 0 < len(text) <= 48 and text.isascii() and text.isprintable()
