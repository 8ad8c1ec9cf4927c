"""What the target calls while messages are sent and read."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Conversation, Message, Receipt
from receiptspec.scenes import people
from receiptspec.scenes.direct import pair
from receiptspec.scenes.groups import Asked, asked, newborn, own, settled
from receiptspec.scenes.unread import SECOND, aged, marking, of_all
from receiptspec.stage import Stage
from receiptspec.webhooks import Callback, objects

__all__ = [
    "COMMANDS",
    "DIRECT",
    "GROUP",
    "REPORT",
    "Left",
    "Told",
    "conversation_read",
    "direct_read",
    "direct_together",
    "garbled",
    "group_read",
    "is_about",
    "items_about",
    "marked_again",
    "names",
    "said",
    "sent",
    "sent_after_changes",
    "unread_left",
    "unread_left_then",
]

_PATIENCE = 3.0  # seconds at least in which a callback may come
GROUP = "Group.CallbackAfterReadReceipt"
REPORT = "C2C.CallbackAfterMsgReport"
DIRECT = "C2C.CallbackAfterMsgReadReceipt"
COMMANDS = (GROUP, REPORT, DIRECT)


@dataclass(frozen=True, slots=True)
class Told:
    """A message, the callback about it if one came, and the counts asked for afterwards.

    `callbacks` are all that came about what was done; `looks` what was told of the message since
    then, none of it where that does not show. `what` says in words what was sent.
    """

    message: Message
    callback: Callback | None
    counts: Asked | None = None
    callbacks: tuple[Callback, ...] = ()
    looks: tuple[Receipt, ...] = ()
    what: str = "a message"

    def came(self) -> Callback:
        """Return the callback about the message, or raise `NotExercised` where none came."""
        if self.callback is None:
            raise NotExercised("no callback about the message came")
        return self.callback


def _patience(stage: Stage) -> float:
    """Return in how many seconds a callback may come: when is not said."""
    return max(_PATIENCE, stage.target.consistency)


def names(callback: Callback, message: Message) -> bool:
    """Whether a callback lists a message of a group."""
    return bool(items_about(callback, message))


def items_about(callback: Callback, message: Message) -> list[dict[str, Any]]:
    """Return what a callback tells of a message of a group."""
    if callback.get("GroupId") != message.conversation.id:
        return []
    items = objects(callback.get("GroupMsgReceiptList"))
    return [item for item in items if item.get("MsgSeq") == message.id]


def said(stage: Stage, group: Conversation) -> tuple[Message, Callback | None]:
    """Send a message that asks for a receipt; return it and the callback about it."""
    listener = stage.listener()
    message = stage.say(group)
    return message, listener.wait_for(partial(is_about, message), _patience(stage))


def sent(stage: Stage) -> Told:
    """Send a message that asks for a receipt and wait for the callback about it."""
    message, callback = said(stage, own(stage))
    return Told(message, callback, newborn(stage, message.conversation, message))


def sent_in(stage: Stage, type_: str) -> Told:
    """Send a message that asks for a receipt to a group of another type; wait for the callback.

    Where none comes, the receipt is asked for.
    """
    message, callback = said(stage, stage.group(2, type_=type_))
    if callback is not None:
        return Told(message, callback)
    return Told(message, None, asked(stage, stage.ask(message.conversation, [message])))


def tells_of_read(callback: Callback, message: Message) -> bool:
    """Whether a callback counts a read of a message, or names somebody who has read it."""
    items = items_about(callback, message)
    return any(item.get("ReadNum") or item.get("ReadReceiptMembers") for item in items)


def group_read(stage: Stage) -> Told:
    """Read a group message on behalf of a member and wait for a callback that tells of it.

    What is asked meanwhile, until the read shows, is kept: a callback may count as any of it.
    """
    told = stage.scene(sent)
    message, listener = told.message, stage.listener()
    before = told.counts.receipts.get(message.id) if told.counts else None
    looks: list[Receipt] = []

    def shows(receipts: dict[Any, Receipt]) -> bool:
        now = receipts.get(message.id)
        looks.extend([now] if now is not None else [])
        was = (before.read, before.unread) if before is not None else (None, None)
        return now is not None and (now.read or 0) > (was[0] or 0) and now.unread != was[1]

    stage.reads(message.conversation.members[1], [message])
    counts = asked(stage, stage.settle(message.conversation, [message], shows))
    listener.wait_for(lambda c: tells_of_read(c, message), 1.0)
    found = tuple(c for c in listener.seen if c.command == GROUP and tells_of_read(c, message))
    settled = counts.answer.accepted and shows(dict(counts.receipts))
    return Told(message, found[0] if found else None, counts, found, tuple(looks) * settled)


@dataclass(frozen=True, slots=True)
class Together:
    """A message that one call read with another, read before by somebody else.

    `callbacks` are those that told of its read, `looks` what was told of it since then, none where
    it does not show; `every` are all callbacks about the message, also when nobody was left.
    """

    message: Message
    reader: Any
    callbacks: tuple[Callback, ...]
    looks: tuple[Receipt, ...]
    every: tuple[Callback, ...]


def read_together(stage: Stage) -> Together:
    """Read two messages in one call, in the name of a user whose id has digits alone.

    Another has read the first; then all others read the second.
    """
    if stage.scene(group_read).callback is None:
        raise NotExercised("no callback told of a read")
    listener, group = stage.listener(), own(stage)
    if len(group.members) < 4:
        raise NotExercised("there are too few members")
    _, another, reader, *rest = group.members
    first, message = messages = (stage.say(group), stage.say(group))
    before = newborn(stage, group, *messages)
    stage.reads(another, [first])
    settled(stage, before, messages, {first.id: 1})
    stage.reads(reader, messages)
    was, looks = before.receipts.get(message.id), list[Receipt]()

    def shows(receipts: dict[Any, Receipt]) -> bool:
        now = receipts.get(message.id)
        looks.extend([now] if now is not None else [])
        both = was is not None and now is not None and (now.read or 0) > (was.read or 0)
        return both and (now.unread if now else None) != (was.unread if was else None)

    answer = stage.settle(group, messages, shows)
    listener.wait_for(lambda c: tells_of_read(c, message), 1.0)
    found = tuple(c for c in listener.seen if tells_of_read(c, message))
    told = tuple(looks) * (answer.accepted and shows(stage.receipts(answer)))
    for user in (another, *rest):
        stage.reads(user, [message])
    enough = len(found) + len(rest)

    def ended(callback: Callback) -> bool:
        if not tells_of_read(callback, message):
            return False
        return sum(tells_of_read(c, message) for c in listener.seen) > enough

    listener.wait_for(ended, 1.0)
    every = tuple(c for c in listener.seen if names(c, message))
    return Together(message, reader, found, told, every)


def sent_otherwise(stage: Stage) -> tuple[Told, ...]:
    """Send messages with more than a text, and one to many members; wait for callbacks about them.

    Where none comes, the receipt is asked for.
    """
    listener, driver, group = stage.listener(), stage.driver, own(stage)
    number = stage.number("callbacks", group.id)
    plain = driver.send_message(group, group.owner, receipt=True, number=number)
    messages = []
    for call in driver.adorned(plain, group.members):
        answer = stage.call(call)
        if answer.accepted:
            messages.append((Message(group, stage.named(answer), group.owner, True), call.label))
    with contextlib.suppress(NotExercised):
        message = stage.say(stage.scene(people.fair).messages[0].conversation)
        size = len(message.conversation.members)
        messages.append((message, f"a message to a group of {size}"))
    found = []
    for message, what in messages:
        told = listener.wait_for(partial(is_about, message), _patience(stage))
        asked_ = None
        if told is None:
            asked_ = asked(stage, stage.ask(message.conversation, [message]))
        found.append(Told(message, told, asked_, what=what))
    return tuple(found)


def sent_after_changes(stage: Stage) -> Told:
    """Send to a group with an id of one's own that has lost a message and a member.

    Nothing is told of counts that may be late.
    """
    name = f"rs{stage.namespace}{stage.anew}-Called"
    try:
        group = stage.group(3, id_=name)
    except NotExercised:  # ids of one's own may be refused
        group = stage.group(3)
    stage.must(stage.driver.recall(stage.say(group)))
    stage.must(stage.driver.remove_member(group, group.members[-1]))
    stage.let_show()
    message, callback = said(stage, replace(group, members=group.members[:-1]))
    what = "a message to a group that has lost a message and a member"
    return Told(message, callback, newborn(stage, message.conversation, message), what=what)


def is_about(message: Message, callback: Callback) -> bool:
    """Whether a callback is the one of group receipts and lists a message."""
    return callback.command == GROUP and names(callback, message)


def _of(callback: Callback, *people: Any) -> bool:
    """Whether a callback of a one-to-one receipt is about two people, whoever is whom."""
    said = [callback.get("Operator_Account"), callback.get("Peer_Account")]
    return callback.command == DIRECT and any(user in said for user in people)


def direct_read(stage: Stage) -> Told:
    """Read a one-to-one message and wait for a callback about it.

    What was told before is of other messages: one of these two may have read some.
    """
    listener = stage.listener()
    conversation = pair(stage, 14, 15)
    message, begun = stage.say(conversation), time.time()
    stage.reads(conversation.members[1], [message])
    people = conversation.members

    def fits(callback: Callback) -> bool:
        return callback.received >= begun and _of(callback, *people)

    callback = listener.wait_for(fits, 1.0)
    return Told(message, callback, None, tuple(filter(fits, listener.seen)))


def direct_together(stage: Stage) -> tuple[tuple[Message, ...], tuple[Callback, ...]]:
    """Read two one-to-one messages in one call; return them and the callbacks about both people."""
    if not stage.scene(direct_read).callbacks:
        raise NotExercised("no callback told of a read")
    listener, conversation = stage.listener(), pair(stage, 11, 12)
    messages = (stage.say(conversation), stage.say(conversation))
    stage.reads(conversation.members[1], messages)

    def found() -> tuple[Callback, ...]:
        return tuple(c for c in listener.seen if _of(c, *conversation.members))

    def last(callback: Callback) -> bool:
        if not _of(callback, *conversation.members):
            return False
        told = str([one.get("C2CMsgInfo") for one in found()])
        return all(message.id in told for message in messages)

    listener.wait_for(last, 1.0)
    return messages, found()


@dataclass(frozen=True, slots=True)
class Left:
    """Callbacks after a conversation was marked as read, and how many unread others leave.

    `totals` are what was told of all conversations from then on, none of them where the target
    never told that anything was unread.
    """

    conversation: Conversation
    callbacks: tuple[Callback, ...]
    totals: tuple[int, ...]
    evidence: Answer


def unread_left(stage: Stage) -> Left:
    """Mark one of two conversations as read whose messages nobody has read, and count the rest."""
    if stage.scene(conversation_read).callback is None:
        raise NotExercised("no callback about a conversation that was read came")
    conversation, _ = aged(stage, 7, 6)
    other = pair(stage, 5, 6)
    stage.say(other)
    stage.say(other)
    return _left(stage, conversation, 3)


def unread_left_then(stage: Stage) -> Left:
    """Do the same between others, and mark up to a time after which one message came."""
    if stage.scene(conversation_read).callback is None:
        raise NotExercised("no callback about a conversation that was read came")
    conversation, (message,) = aged(stage, 11, 13, seconds=2 * SECOND)
    stage.say(pair(stage, 12, 13))
    newer = stage.say(conversation)
    sent_at, then = (stage.driver.sent_at(stage.told(m)) for m in (message, newer))
    if sent_at is None or then is None or then <= sent_at + 1:
        raise NotExercised(f"sent at {sent_at} and at {then}: no second lies between these")
    return _left(stage, conversation, 3, until=sent_at + 1)


def _left(stage: Stage, conversation: Conversation, unread: int, until: int | None = None) -> Left:
    """Mark a conversation as read of which, and of others, so much is unread at least."""
    listener = stage.listener()
    peer, reader = conversation.members
    stage.let_show()
    before = _total_until(stage, reader, lambda total: total >= unread)[-1]
    stage.must(marking(stage, conversation, reader, until=until))

    def fits(callback: Callback) -> bool:
        about = (callback.get("Report_Account"), callback.get("Peer_Account"))
        return callback.command == REPORT and about == (reader, peer)

    after = _total_until(stage, reader, lambda total: total < (before[0] or 0))
    listener.wait_for(fits, _patience(stage))
    after += _total_until(stage, reader, lambda _: True)
    totals = tuple(total for total, _ in after if total is not None)
    known = (before[0] or 0) > 1 and totals and min(totals) < (before[0] or 0)
    found = tuple(callback for callback in listener.seen if fits(callback))
    return Left(conversation, found, totals if known else (), after[-1][1])


def marked_again(stage: Stage) -> tuple[Left, ...]:
    """Mark a conversation that was marked before, and that of the administrator with somebody.

    Both have a new message.
    """
    again = stage.scene(unread_left_then).conversation
    reader = again.members[1]
    pair_ = stage.driver.from_administrator(reader)
    call = stage.driver.send_message(
        pair_, pair_.owner, receipt=False, number=stage.number("marked again")
    )
    places = [again]
    with contextlib.suppress(NotExercised):
        stage.must(stage.driver.without_sender(call))
        places.append(pair_)
    last = stage.say(again)
    stage.let_pass(stage.told(last), SECOND)
    return tuple(_marked(stage, place, reader) for place in places)


def _marked(stage: Stage, conversation: Conversation, reader: Any) -> Left:
    """Mark a conversation as read and wait for a callback that came since then."""
    listener = stage.listener()
    already = len(listener.seen)
    answer = stage.must(marking(stage, conversation, reader))
    people = set(conversation.members)

    def fits(callback: Callback) -> bool:
        about = {callback.get("Report_Account"), callback.get("Peer_Account")}
        return callback.command == REPORT and about == people

    callback = listener.wait_for(fits, _patience(stage), since=already)
    return Left(conversation, (callback,) if callback is not None else (), (), answer)


def _total_until(
    stage: Stage, user: Any, done: Callable[[int], bool]
) -> list[tuple[int | None, Answer]]:
    """Ask how much a user has not read in all conversations until it fits; return every answer."""
    found = []
    for _ in stage.patience():
        count = of_all(stage, user)
        total = count.number if count.answer.accepted else None
        found.append((total, count.answer))
        if total is None or done(total):
            break
    return found


def conversation_read(stage: Stage) -> Told:
    """Mark a conversation as read and wait for the callback about both, whoever is whom in it."""
    listener = stage.listener()
    conversation = pair(stage, 2, 5)
    owner, reader = conversation.members
    message = stage.say(conversation)
    stage.let_pass(stage.told(message), SECOND)  # what is of this second may be left unmarked
    begun = time.time()
    stage.must(marking(stage, conversation, reader))

    def fits(callback: Callback) -> bool:
        about = [callback.get("Report_Account"), callback.get("Peer_Account")]
        named = about in ([reader, owner], [owner, reader])
        return callback.command == REPORT and callback.received >= begun and named

    return Told(message, listener.wait_for(fits, _patience(stage)))


def garbled(stage: Stage, command: str) -> bool:
    """Whether a callback of a command came that cannot be read."""
    seen = stage.listener().seen
    return any(c.command == command and not c.document.readable for c in seen)
