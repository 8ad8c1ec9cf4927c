"""What the target calls while messages are sent and read."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Call, Conversation, Message, Receipt, Verdict
from receiptspec.scenes import people
from receiptspec.scenes.direct import pair, seen_by, until_read
from receiptspec.scenes.groups import NOWHERE, Asked, asked, is_counted, newborn, own, settled
from receiptspec.scenes.reads import NOBODY
from receiptspec.scenes.unread import SECOND, aged, marking, of_all, until_unread
from receiptspec.stage import Stage
from receiptspec.webhooks import Callback

__all__ = [
    "Left",
    "Told",
    "answered_badly",
    "conversation_read",
    "direct_read",
    "direct_together",
    "garbled",
    "group_read",
    "letter_answered_badly",
    "marked_again",
    "misnamed",
    "read_in_vain",
    "sent",
    "sent_after_changes",
    "sent_later",
    "told_ahead",
    "uncalled",
    "unread_left",
    "unread_left_then",
]

_APART = 2.0  # seconds after which a time is another one
_AGE = 3.2  # seconds after which the time of a message of a second before is one of the group
_PATIENCE = 3.0  # seconds at least in which a callback may come
_BEHIND = 0.3  # seconds in which a callback comes that nothing called for, behind the others
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


def _patience(stage: Stage) -> float:
    """Return in how many seconds a callback may come: when is not said."""
    return max(_PATIENCE, stage.target.consistency)


def _names(callback: Callback, message: Message) -> bool:
    items = callback.get("GroupMsgReceiptList")
    if not isinstance(items, list):
        return False
    listed = [item.get("MsgSeq") for item in items if isinstance(item, dict)]
    return callback.get("GroupId") == message.conversation.id and message.id in listed


def _said(stage: Stage, group: Conversation) -> tuple[Message, Callback | None]:
    """Send a message that asks for a receipt; return it and the callback about it."""
    listener = stage.listener()
    message = stage.say(group)
    return message, listener.wait_for(partial(_is_about, message), _patience(stage))


def sent(stage: Stage) -> Told:
    """Send a message that asks for a receipt and wait for the callback about it."""
    message, callback = _said(stage, own(stage))
    return Told(message, callback, newborn(stage, message.conversation, message))


def sent_in(stage: Stage, type_: str) -> Told:
    """Send a message that asks for a receipt to a group of another type; wait for the callback.

    Where none comes, the receipt is asked for.
    """
    message, callback = _said(stage, stage.group(2, type_=type_))
    if callback is not None:
        return Told(message, callback)
    return Told(message, None, asked(stage, stage.ask(message.conversation, [message])))


def tells_of_read(callback: Callback, message: Message) -> bool:
    """Whether a callback counts a read of a message, or names somebody who has read it."""
    items = callback.get("GroupMsgReceiptList")
    return _names(callback, message) and any(
        isinstance(item, dict)
        and item.get("MsgSeq") == message.id
        and bool(item.get("ReadNum") or item.get("ReadReceiptMembers"))
        for item in items
    )


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
    every = tuple(c for c in listener.seen if _names(c, message))
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
        told = listener.wait_for(partial(_is_about, message), _patience(stage))
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
    message, callback = _said(stage, replace(group, members=group.members[:-1]))
    what = "a message to a group that has lost a message and a member"
    return Told(message, callback, newborn(stage, message.conversation, message), what=what)


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
    told = stage.scene(sent)
    group = told.message.conversation
    if told.callback is None:
        raise NotExercised("no callback about the message came")
    silent = [stage.say(group, receipt=False)]
    with contextlib.suppress(NotExercised):
        silent += _imported(stage)
    stage.let_pass(stage.told(told.message), _APART)
    _, callback = _said(stage, group)
    if callback is None:
        raise NotExercised("no callback about the message came")
    seen = [c for c in stage.listener().seen if c.command == GROUP]
    unwanted = tuple(c for c in seen if any(_names(c, message) for message in silent))
    return Later(told.callback, callback, unwanted)


def _imported(stage: Stage) -> list[Message]:
    """Import a message while callbacks are listened for, into a group of its own."""
    if not stage.can(stage.driver.import_messages(NOWHERE, 1).operation):
        return []
    place = stage.group(2)
    stage.let_age(place, _AGE)
    answer = stage.call(stage.driver.import_messages(place, 1))
    ids = stage.driver.imported(answer) if answer.accepted else []
    return [Message(place, id_, place.owner, wants_receipt=False) for id_ in ids]


def _is_about(message: Message, callback: Callback) -> bool:
    return callback.command == GROUP and _names(callback, message)


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
        new = callback in listener.seen[already:]
        return callback.command == REPORT and about == people and new

    callback = listener.wait_for(fits, _patience(stage))
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


@dataclass(frozen=True, slots=True)
class Badly:
    """What became of a message whose callbacks were answered with errors.

    `refused` is the refusal of a call that works where callbacks are answered well. `lost` says
    that the message has no receipt, which those have whose callbacks are answered well.
    """

    message: Message | None = None
    before: Asked | None = None
    after: Asked | None = None
    refused: Answer | None = None
    lost: bool = False


_REFUSAL = b'{"ActionStatus":"FAIL","ErrorInfo":"no","ErrorCode":1}'


def answered_badly(stage: Stage, sending: int, reading: int, waits: bool) -> Badly:
    """Send and read in a group while the listener answers with errors, of these HTTP statuses.

    If `waits`, a callback about the read is waited for, where one came before, and looked after.
    """
    listener, driver = stage.listener(), stage.driver
    group = own(stage)
    owner, member, *_ = group.members

    def sending_of(turn: str) -> Call:
        number = stage.number("answered", turn, sending)
        return driver.send_message(group, owner, receipt=True, number=number)

    def told_of(message: Message) -> Message:
        listener.wait_for(lambda c: _names(c, message), 1.0)
        return message

    for turn in ("badly", "badly again"):  # once may be passing trouble
        with listener.answering(sending, _REFUSAL, COMMANDS):
            answer = stage.at_once([sending_of(turn)])[0]  # sent again it may be taken for sent
            if answer.accepted:
                message = told_of(Message(group, stage.named(answer), owner, wants_receipt=True))
                break
        _works(stage.call(sending_of(f"well after {turn}")))
    else:
        if answer.verdict is Verdict.THROTTLED:
            raise NotExercised(f"{answer.operation} is {answer.describe()}")
        return Badly(refused=answer)

    def known(found: dict[Any, Receipt]) -> bool:
        return message.id in found and found[message.id].known

    def counted(found: dict[Any, Receipt]) -> bool:
        if not known(found):
            return False
        return is_counted(stage, message, found[message.id])

    before = asked(stage, stage.settle(group, [message], counted))
    if not known(dict(before.receipts)):
        like = stage.scene(sent)
        if like.counts is None or not before.answer.accepted:
            raise NotExercised(f"no receipt to judge: {before.answer.describe()}")
        like.counts.receipt(like.message)
        return Badly(message, before, lost=True)
    first = before.receipt(message)

    def turned(found: dict[Any, Receipt]) -> bool:
        now = found.get(message.id)
        return now is not None and now.read != first.read and now.unread != first.unread

    with listener.answering(reading, _REFUSAL, COMMANDS):
        read = stage.tries_to_read(member, [message])
        if read is None or read.accepted:
            after = stage.settle(group, [message], turned)
            if waits and stage.scene(group_read).callbacks:
                listener.wait_for(lambda c: tells_of_read(c, message), 1.0)
    if read is not None and not read.accepted:
        _works(stage.tries_to_read(member, [message]))
        return Badly(message, before, refused=read)
    if waits:
        after = stage.settle(group, [message], turned)
    return Badly(message, before, asked(stage, after))


def _works(answer: Answer | None) -> None:
    """Raise `NotExercised` unless a call works where callbacks are answered well."""
    if answer is not None and not answer.accepted:
        raise NotExercised(f"{answer.operation} is {answer.describe()}, however it is answered")


@dataclass(frozen=True, slots=True)
class Letter:
    """A message between two that was read, and its conversation marked, under bad answers."""

    message: Message
    read: Answer | None
    seen: Asked
    marking: Answer | None
    unread: int | None
    evidence: Answer


def letter_answered_badly(stage: Stage, status: int) -> Letter:
    """Acknowledge a message and mark its conversation while the listener answers with errors."""
    listener, driver = stage.listener(), stage.driver
    told = {DIRECT: bool(stage.scene(direct_read).callbacks)}
    told[REPORT] = stage.scene(conversation_read).callback is not None
    conversation, (message,) = aged(stage, 8, 9 if status >= 500 else 7)
    a, b = conversation.members
    listed = seen_by(stage, conversation, a)
    already = len(listener.seen)

    def came(command: str) -> None:
        def fits(callback: Callback) -> bool:
            return callback.command == command and callback in listener.seen[already:]

        if told[command]:
            listener.wait_for(fits, 1.0)

    if not listed.answer.accepted:
        raise NotExercised(f"the history is not to be had: {listed.answer.describe()}")
    with listener.answering(status, _REFUSAL, COMMANDS):
        read = stage.tries_to_read(b, [message])
        came(DIRECT)
        until_read(stage, conversation, (message,))
        call = driver.mark_conversation(conversation, b)
        marked = stage.call(call) if call is not None else None
        came(REPORT)
    left = until_unread(stage, b, a, 0)
    seen = until_read(stage, conversation, (message,))
    return Letter(message, read, seen, marked, left.number, left.answer)


def told_ahead(stage: Stage) -> tuple[Callback, ...]:
    """Return callbacks that named a message of a group before it was sent.

    Somebody who does not exist has tried to send one before.
    """
    told, listener = stage.scene(sent), stage.listener()
    if told.callback is None:
        raise NotExercised("no callback about the message came")
    group, already = told.message.conversation, len(listener.seen)
    number = stage.number("ahead", group.id)
    stage.call(stage.driver.send_message(group, NOBODY, receipt=True, number=number))
    listener.wait_for(lambda c: c in listener.seen[already:], _BEHIND)
    before = listener.seen
    message, _ = _said(stage, group)

    def is_ahead(item: Any) -> bool:
        place = item.get("MsgSeq") if isinstance(item, dict) else None
        return isinstance(place, int) and place >= message.id

    ours = [c for c in before if c.command == GROUP and c.get("GroupId") == group.id]
    listed = [(c, c.get("GroupMsgReceiptList")) for c in ours]
    return tuple(c for c, items in listed if isinstance(items, list) and any(map(is_ahead, items)))


@dataclass(frozen=True, slots=True)
class Vain:
    """Callbacks of reads that count nowhere: of a plain message, and of somebody outside."""

    plain: tuple[Callback, ...]
    outside: tuple[Callback, ...]


def read_in_vain(stage: Stage) -> Vain:
    """Let a member read a plain message, and somebody who is no member one that has a receipt.

    Where that counts nevertheless, the callback about it is right.
    """
    if stage.scene(group_read).callback is None:
        raise NotExercised("no callback told of a read")
    listener, group = stage.listener(), own(stage)
    outsider = stage.users(len(group.members) + 1)[-1]
    plain, message = stage.say(group, receipt=False), stage.say(group)
    before = newborn(stage, group, message).receipt(message)
    stage.tries_to_read(group.members[1], [plain])
    stage.tries_to_read(outsider, [message])

    def of_plain(callback: Callback) -> bool:
        return callback.command == GROUP and _names(callback, plain)

    def of_outsider(callback: Callback) -> bool:
        named = str(callback.get("GroupMsgReceiptList"))
        return callback.command == GROUP and _names(callback, message) and repr(outsider) in named

    stage.let_show()
    listener.wait_for(lambda c: of_plain(c) or of_outsider(c), _BEHIND)
    after = asked(stage, stage.ask(group, [message])).receipts.get(message.id)
    told = tuple(filter(of_outsider, listener.seen))
    counted = after is None or after.read != before.read
    return Vain(tuple(filter(of_plain, listener.seen)), () if counted else told)


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
    for play in (direct_read, direct_together, unread_left_then):
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


def garbled(stage: Stage, command: str) -> bool:
    """Whether a callback of a command came that cannot be read."""
    seen = stage.listener().seen
    return any(c.command == command and not c.document.readable for c in seen)
