"""One message through two doors: what a client SDK says of it, and what its server's API says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from receiptspec.drivers.base import Driver
from receiptspec.errors import NotExercised, OnlyOfClients
from receiptspec.neutral import Answer, Conversation, Message, Receipt
from receiptspec.scenes.direct import pair
from receiptspec.scenes.groups import Asked, asked, newborn
from receiptspec.stage import Stage

__all__ = ["Lists", "View", "both_doors", "direct", "group", "lists", "sent_by_server"]

_TOO_FAR = 3  # pages
_ARRIVAL = 3.0  # seconds at least in which a message may arrive


@dataclass(frozen=True, slots=True)
class View:
    """The receipt of one message at one moment, as the SDK and as the server shows it."""

    when: str
    client_answer: Answer
    client: Receipt
    server_answer: Answer
    server: Receipt


@dataclass(frozen=True, slots=True)
class Lists:
    """Who has read (or has not) as the SDK and as the server lists them, on all pages."""

    read: bool
    client_answer: Answer
    client: tuple[Any, ...]
    server_answer: Answer
    server: tuple[Any, ...]
    sender: Any


@dataclass(frozen=True, slots=True)
class _Known:
    """A message with what its server calls it."""

    message: Message
    name: Any


def _server(stage: Stage) -> Driver:
    if stage.driver.server is None:
        raise OnlyOfClients
    return stage.driver.server


def _sent_by_client(stage: Stage, conversation: Conversation) -> _Known:
    message = stage.say(conversation)
    name = stage.driver.server_name(conversation, message.id)
    if name is None:
        raise NotExercised("the harness does not tell what the server calls a message")
    return _Known(message, name)


def sent_by_server(
    stage: Stage, conversation: Conversation, *, receipt: bool = True
) -> tuple[Message, Any, Answer]:
    """Send past the SDKs; how they name the message is learnt from the one that gets it.

    Returns the message, what the server calls it, and how the receiver was told of it.
    """
    owner, receiver = conversation.members[:2]
    stage.listens(*conversation.members)
    number = stage.number("agreement", conversation.id, owner, receipt)
    server = _server(stage)
    sending = server.send_message(conversation, owner, receipt=receipt, number=number)
    name = server.sent_message(stage.must(sending))
    found: list[tuple[Any, Answer]] = []

    def arrived() -> bool:
        for notice in stage.heard(receiver, stage.driver.arrival):
            id_ = stage.driver.meet(conversation, notice)
            if id_ is not None and stage.driver.server_name(conversation, id_) == name:
                found.append((id_, notice))
        return bool(found)

    if not stage.await_notice(arrived, max(stage.target.consistency, _ARRIVAL)):
        raise NotExercised("no SDK told that a message of the server arrived")
    id_, notice = found[0]
    message = Message(conversation, id_, owner, wants_receipt=receipt)
    stage.dealings.sent(message)
    return message, name, notice


def _sent_by_server(stage: Stage, conversation: Conversation) -> _Known:
    message, name, _ = sent_by_server(stage, conversation)
    return _Known(message, name)


def _view(stage: Stage, known: _Known, when: str, reads: int) -> View:
    """Ask both until they agree on so many reads, or until the consistency window is over."""
    conversation, server = known.message.conversation, _server(stage)
    for _ in stage.patience():
        client_answer = stage.ask(conversation, [known.message])
        server_answer = stage.must(server.ask_receipts(conversation, [known.name]))
        mine = stage.receipts(client_answer).get(known.message.id)
        theirs = {r.message: r for r in server.receipts(server_answer)}.get(known.name)
        if mine is None or not mine.known or theirs is None or not theirs.known:
            continue
        view = View(when, client_answer, mine, server_answer, theirs)
        if _numbers(mine) == _numbers(theirs) and _reads(mine) >= reads:
            return view
    if mine is not None and theirs is not None and _numbers(mine) != _numbers(theirs):
        client_answer = stage.ask(conversation, [known.message])  # a read may have come between
        mine = stage.receipts(client_answer).get(known.message.id)
    if mine is None or not mine.known:
        raise NotExercised(f"the SDK has no receipt of the message: {client_answer.describe()}")
    if theirs is None or not theirs.known:
        raise NotExercised("the server's API has no receipt of the message")
    return View(when, client_answer, mine, server_answer, theirs)


def _numbers(receipt: Receipt) -> tuple[Any, ...]:
    return receipt.read, receipt.unread, receipt.peer_read


def _reads(receipt: Receipt) -> int:
    return receipt.read or int(bool(receipt.peer_read))


def _through_server(stage: Stage, known: _Known, user: Any) -> bool:
    """Let a user read by the server's API; say whether there is such a call."""
    server = _server(stage)
    call = server.mark_read(known.message.conversation, user, [known.name])
    if call is None or not stage.can(call.operation):
        return False
    stage.dealings.read(user, [known.message.id])
    stage.must(call)
    return True


def group(stage: Stage, sent: str) -> tuple[View, ...]:
    """A message of a group, sent through one door and read through both."""
    _server(stage)
    conversation = stage.group(4)
    _, one, other, _ = conversation.members
    make = _sent_by_client if sent == "client" else _sent_by_server
    known = make(stage, conversation)
    views = [_view(stage, known, "nobody has read it", 0)]
    stage.reads(one, [known.message])
    views.append(_view(stage, known, "one member has read it with the SDK", 1))
    if _through_server(stage, known, other):
        views.append(_view(stage, known, "another member's read came by the server's API", 2))
    return tuple(views)


def both_doors(stage: Stage) -> tuple[tuple[Message, ...], Asked]:
    """Two of three members read a message with the SDK, then by the API; another the other way.

    What is refused the second time has not happened.
    """
    server = _server(stage)
    conversation = stage.group(3)
    first, second = (_sent_by_client(stage, conversation) for _ in range(2))
    messages = (first.message, second.message)
    newborn(stage, conversation, *messages)
    for user in conversation.members[1:]:
        stage.reads(user, [first.message])
        for known in (first, second):
            call = server.mark_read(conversation, user, [known.name])
            if call is None or not stage.can(call.operation):
                raise NotExercised("the server's API has no call that reads")
            stage.dealings.read(user, [known.message.id])
            stage.call(call)
        stage.tries_to_read(user, [second.message])
    stage.let_show()
    return messages, asked(stage, stage.ask(conversation, messages))


def direct(stage: Stage) -> tuple[View, ...]:
    """Two one-to-one messages, each sent through one door and read through the other."""
    _server(stage)
    conversation = pair(stage, 1, 4)
    receiver = conversation.members[1]
    views = []
    known = _sent_by_server(stage, conversation)
    views.append(_view(stage, known, "it came by the server's API, unread", 0))
    stage.reads(receiver, [known.message])
    views.append(_view(stage, known, "its receiver has read it with the SDK", 1))
    known = _sent_by_client(stage, conversation)
    views.append(_view(stage, known, "it came from the SDK, unread", 0))
    if _through_server(stage, known, receiver):
        views.append(_view(stage, known, "its receiver's read came by the server's API", 1))
    return tuple(views)


def _members(
    stage: Stage, driver: Driver, conversation: Conversation, name: Any, read: bool
) -> tuple[Answer, tuple[Any, ...]]:
    """Return who is listed, on as many pages as it takes, and the last answer."""
    members: list[Any] = []
    cursor: Any = None
    for _ in range(len(conversation.members) + _TOO_FAR):
        call = driver.list_members(conversation, name, read=read, cursor=cursor, count=100)
        if call is None:
            raise NotExercised("there are no lists of members")
        answer = stage.must(call)
        page = driver.page(answer)
        members += page.members
        if page.last is not False or not isinstance(page.cursor, str):
            break
        cursor = page.cursor
    return answer, tuple(members)


def lists(stage: Stage) -> tuple[Lists, ...]:
    """Who has read a message of a group and who has not, when one of three has."""
    server = _server(stage)
    conversation = stage.group(4)
    known = _sent_by_client(stage, conversation)
    stage.reads(conversation.members[1], [known.message])
    _view(stage, known, "one member has read it", 1)
    found = []
    for read in (True, False):

        def both(read: bool = read) -> Lists:
            mine = _members(stage, stage.driver, conversation, known.message.id, read)
            theirs = _members(stage, server, conversation, known.name, read)
            return Lists(read, *mine, *theirs, conversation.owner)

        found.append(stage.until(both, lambda lists: set(lists.client) == set(lists.server)))
    return tuple(found)
