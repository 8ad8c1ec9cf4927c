"""Callbacks that nothing called for, or that name what is not there."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from receiptspec.errors import NotExercised
from receiptspec.neutral import Message
from receiptspec.scenes import webhooks
from receiptspec.scenes.groups import NOWHERE, asked, newborn, own
from receiptspec.scenes.reads import NOBODY
from receiptspec.scenes.webhooks import DIRECT, GROUP, REPORT
from receiptspec.stage import Stage
from receiptspec.webhooks import Callback, objects

__all__ = [
    "misnamed",
    "read_by_outsider",
    "sent_later",
    "told_ahead",
    "uncalled",
]

_APART = 2.0  # seconds after which a time is another one
_AGE = 3.2  # seconds after which the time of a message of a second before is one of the group
_BEHIND = 0.3  # seconds in which a callback comes that nothing called for, behind the others


def misnamed(stage: Stage, message: Message) -> tuple[Callback, ...]:
    """Return the callbacks about a message that name its group in other letters."""
    wanted = message.conversation.id
    named = [(c, c.get("GroupId")) for c in stage.listener().seen if c.command == GROUP]
    return tuple(
        callback
        for callback, id_ in named
        if isinstance(id_, str) and id_ != wanted and id_.lower() == wanted.lower()
    )


@dataclass(frozen=True, slots=True)
class Later:
    """Callbacks about two messages of one group, and those about messages without receipts."""

    first: Callback
    last: Callback
    unwanted: tuple[Callback, ...]


def sent_later(stage: Stage) -> Later:
    """Send a plain message, import some, and send one that asks for a receipt, seconds later."""
    told = stage.scene(webhooks.sent)
    group, first = told.message.conversation, told.came()
    silent = [stage.say(group, receipt=False)]
    with contextlib.suppress(NotExercised):
        silent += _imported(stage)
    stage.let_pass(stage.told(told.message), _APART)
    last = webhooks.Told(*webhooks.said(stage, group)).came()
    seen = [c for c in stage.listener().seen if c.command == GROUP]
    unwanted = tuple(c for c in seen if any(webhooks.names(c, message) for message in silent))
    return Later(first, last, unwanted)


def _imported(stage: Stage) -> list[Message]:
    """Import a message while callbacks are listened for, into a group of its own."""
    if not stage.can(stage.driver.import_messages(NOWHERE, 1).operation):
        return []
    place = stage.group(2)
    stage.let_age(place, _AGE)
    answer = stage.call(stage.driver.import_messages(place, 1))
    ids = stage.driver.imported(answer) if answer.accepted else []
    return [Message(place, id_, place.owner, wants_receipt=False) for id_ in ids]


def told_ahead(stage: Stage) -> tuple[Callback, ...]:
    """Return callbacks that named a message of a group before it was sent.

    Somebody who does not exist has tried to send one before.
    """
    told, listener = stage.scene(webhooks.sent), stage.listener()
    told.came()
    group, already = told.message.conversation, len(listener.seen)
    number = stage.number("ahead", group.id)
    stage.call(stage.driver.send_message(group, NOBODY, receipt=True, number=number))
    listener.wait_for(lambda _: True, _BEHIND, since=already)
    before = listener.seen
    message, _ = webhooks.said(stage, group)

    def is_ahead(callback: Callback) -> bool:
        if callback.command != GROUP or callback.get("GroupId") != group.id:
            return False
        places = [item.get("MsgSeq") for item in objects(callback.get("GroupMsgReceiptList"))]
        return any(isinstance(place, int) and place >= message.id for place in places)

    return tuple(filter(is_ahead, before))


def read_by_outsider(stage: Stage) -> tuple[Callback, ...]:
    """Return callbacks that name somebody who is no member for a reader.

    None where that read counts nevertheless: then they are right.
    """
    if stage.scene(webhooks.group_read).callback is None:
        raise NotExercised("no callback told of a read")
    listener, group = stage.listener(), own(stage)
    outsider = stage.users(len(group.members) + 1)[-1]
    message = stage.say(group)
    before = newborn(stage, group, message).receipt(message)
    stage.tries_to_read(outsider, [message])

    def told(callback: Callback) -> bool:
        items = webhooks.items_about(callback, message)
        lists = [objects(item.get("ReadReceiptMembers")) for item in items]
        named = [member.get("Member_Account") for members in lists for member in members]
        return callback.command == GROUP and outsider in named

    stage.let_show()
    listener.wait_for(told, _BEHIND)
    after = asked(stage, stage.ask(group, [message])).receipts.get(message.id)
    if after is None or after.read != before.read:
        return ()
    return tuple(filter(told, listener.seen))


@dataclass(frozen=True, slots=True)
class Uncalled:
    """Callbacks of reads that nobody has made, by what was made instead."""

    reports: tuple[Callback, ...]
    receipts: tuple[Callback, ...]
    groups: tuple[Callback, ...]


def uncalled(stage: Stage) -> Uncalled:
    """Return callbacks that nothing called for, once letters were read and conversations marked.

    Reports of who has marked nothing, receipts between people who have sent none, and what is said
    of groups but names a user.
    """
    for play in (webhooks.direct_read, webhooks.direct_together, webhooks.unread_left_then):
        with contextlib.suppress(NotExercised):
            stage.scene(play)
    users = stage.users(16)
    marked: tuple[tuple[int, int], ...] = ((11, 13),)
    unmarked: tuple[tuple[int, int], ...] = ((12, 13), (11, 12), (14, 15))
    if stage.target.read_hook is not None:  # who reads elsewhere may mark as well
        unmarked = unmarked[:1]
    idle = {(users[a], users[b]) for a, b in (*marked, *unmarked)}
    idle |= {(users[b], users[a]) for a, b in unmarked}
    silent = [{users[a], users[b]} for a, b in ((11, 13), (12, 13))]
    kinds: tuple[Callable[[Callback], bool], ...] = (
        lambda c: c.command == REPORT and _people(c, "Report_Account") in idle,
        lambda c: c.command == DIRECT and {*_people(c)} in silent,
        lambda c: c.command == GROUP and str(c.get("GroupId")) in users,
    )
    listener = stage.listener()
    listener.wait_for(lambda c: any(fits(c) for fits in kinds), _BEHIND)
    reports, receipts, groups = (tuple(filter(fits, listener.seen)) for fits in kinds)
    return Uncalled(reports, receipts, groups)


def _people(callback: Callback, first: str = "Operator_Account") -> tuple[str, str]:
    return str(callback.get(first)), str(callback.get("Peer_Account"))
