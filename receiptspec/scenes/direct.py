"""Two people: messages that one sends and the other reads."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Conversation, Kind, Message, Receipt
from receiptspec.scenes.groups import LATER, Asked, asked
from receiptspec.scenes.together import refused_together
from receiptspec.stage import Stage

_LONGEST_NAME = 32
_PAGES = 8  # of a history, after the first


def pair(stage: Stage, first: int = 0, second: int = 1) -> Conversation:
    """Return the conversation of two users of the pool; the first is the sender."""
    users = stage.users(max(first, second) + 1)
    a, b = users[first], users[second]
    return Conversation(Kind.DIRECT, None, "direct", a, (a, b))


def unwritten(stage: Stage, first: int, second: int) -> Conversation:
    """Return the conversation of two users of the pool who have written nothing to each other.

    What is played anew has two of its own: pages end elsewhere where a history has grown.
    """
    if not stage.anew:
        return pair(stage, first, second)
    namespace = f"{stage.namespace}{stage.anew}"
    people = tuple(stage.user(index, namespace) for index in (first, second))
    stage.make_users(people)
    return Conversation(Kind.DIRECT, None, "direct", people[0], people)


def seen_by(stage: Stage, conversation: Conversation, viewer: Any) -> Asked:
    """Ask for the messages of two people as one of them sees them, page by page.

    The answer is that of the first page: there are others where an answer would be too large.
    """
    call = stage.driver.look(conversation, viewer)
    first = answer = stage.call(call)
    receipts = dict(asked(stage, first).receipts)
    for _ in range(_PAGES):
        following = stage.driver.look_on(call, answer) if answer.accepted else None
        if following is None or stage.driver.looked_through(answer):
            break
        answer = stage.call(following)
        receipts = {**asked(stage, answer).receipts, **receipts}
    return Asked(first, receipts)


@dataclass(frozen=True, slots=True)
class Letters:
    """Three messages of A to B: before, after B read the middle one, and after the others."""

    conversation: Conversation
    messages: tuple[Message, ...]
    before: Asked
    read: Answer | None
    after: Asked
    after_by_receiver: Asked
    again: Answer | None
    batch: Answer | None
    whole: Asked
    back: Message
    back_after: Receipt | None


def letters(stage: Stage) -> Letters:
    """A sends three messages that ask for receipts, B one; B reads A's middle one, then the others.

    `messages` begins with the one that was read first; the second is older, the third newer.
    """
    conversation = unwritten(stage, 2, 3)
    b = conversation.members[1]
    older, middle, newer = (stage.say(conversation) for _ in range(3))
    messages = (middle, older, newer)
    back = stage.say(conversation, sender=b)
    before = until_listed(stage, conversation, (*messages, back))
    if not before.answer.accepted:
        raise NotExercised(f"the history is not to be had: {before.answer.describe()}")
    read = stage.tries_to_read(b, messages[:1])
    after = until_read(stage, conversation, messages[:1])
    shown = [after.receipts.get(message.id) for message in messages[:1]]
    if all(receipt is not None and receipt.peer_read for receipt in shown):
        after_by_receiver = until_read(stage, conversation, messages[:1], viewer=b)
    else:
        after_by_receiver = seen_by(stage, conversation, b)
    again = _read_again(stage, b, messages[:1])
    batch = stage.tries_to_read(b, messages[1:])
    whole = until_read(stage, conversation, messages)
    return Letters(
        conversation,
        messages,
        before,
        read,
        after,
        after_by_receiver,
        again,
        batch,
        whole,
        back,
        whole.receipts.get(back.id),
    )


def later(stage: Stage) -> Asked:
    """Look once more at the messages of `letters`, some seconds after all were acknowledged."""
    scene = stage.scene(letters)
    stage.let_pass(scene.whole.answer, LATER)
    return seen_by(stage, scene.conversation, scene.conversation.owner)


def replied(stage: Stage) -> tuple[Message, Asked]:
    """Let A read what B has sent in `letters`, and look as B."""
    scene = stage.scene(letters)
    a, b = scene.conversation.members
    stage.reads(a, [scene.back])
    return scene.back, until_read(stage, scene.conversation, (scene.back,), viewer=b)


def _read_again(stage: Stage, user: Any, messages: tuple[Message, ...]) -> Answer | None:
    call = stage.driver.mark_read(messages[0].conversation, user, [m.id for m in messages])
    return stage.patiently(call) if call is not None else None


def until_listed(stage: Stage, conversation: Conversation, messages: tuple[Message, ...]) -> Asked:
    """Look as the owner until all messages are listed that have to be."""
    told = [m.id for m in messages if stage.driver.tells(conversation.owner, m)]
    return stage.until(
        lambda: seen_by(stage, conversation, conversation.owner),
        lambda found: not found.answer.accepted or found.receipts.keys() >= set(told),
    )


def until_read(
    stage: Stage, conversation: Conversation, messages: tuple[Message, ...], viewer: Any = None
) -> Asked:
    """Look, as the owner or as `viewer`, until all messages show as read by the peer.

    What was seen last is returned when the consistency window is over.
    """
    viewer = conversation.owner if viewer is None else viewer
    untold = [m.id for m in messages if not stage.driver.tells(viewer, m)]

    def read(found: Asked) -> bool:
        receipts = [found.receipts.get(m.id) for m in messages if m.id not in untold]
        receipts += [found.receipts[id_] for id_ in untold if id_ in found.receipts]
        return not found.answer.accepted or all(r is not None and r.peer_read for r in receipts)

    return stage.until(lambda: seen_by(stage, conversation, viewer), read)


def keeps_history(stage: Stage) -> None:
    """Raise `NotExercised` where the vendor has no history of two people."""
    if not stage.driver.keeps_history:
        raise NotExercised("there is no history to page through")


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that was sent in an unusual way, and perhaps acknowledged, as both sides see it."""

    message: Message
    by_sender: Asked
    by_receiver: Asked


def unsigned(stage: Stage) -> Sent:
    """Send a message that names no sender, and look as the administrator and as its receiver."""
    keeps_history(stage)
    conversation = stage.driver.from_administrator(stage.users(3)[2])
    number = stage.number("from the administrator")
    call = stage.driver.send_message(conversation, conversation.owner, receipt=True, number=number)
    message = stage.post(conversation, stage.driver.without_sender(call))
    by_sender, by_receiver = (
        until_listed(stage, replace(conversation, owner=viewer), (message,))
        for viewer in conversation.members
    )
    return Sent(message, by_sender, by_receiver)


def from_administrator(stage: Stage) -> Sent:
    """Let the receiver of a message that names no sender acknowledge it, and look."""
    return _looked(stage, *stage.scene(receipt_of_unsigned))


def with_everything(stage: Stage) -> Sent:
    """Let the receiver of a message with every option acknowledge it, and look."""
    return _looked(stage, *stage.scene(receipt_of_everything))


def receipt_of_unsigned(stage: Stage) -> tuple[Message, Answer | None]:
    """Let the receiver of a message that names no sender acknowledge it."""
    return _acknowledged(stage, stage.scene(unsigned).message)


def receipt_of_everything(stage: Stage) -> tuple[Message, Answer | None]:
    """Send a message with every option, let its receiver acknowledge it."""
    keeps_history(stage)
    conversation = pair(stage, 3, 1)
    number = stage.number("every option")
    call = stage.driver.send_message(conversation, conversation.owner, receipt=True, number=number)
    return _acknowledged(stage, stage.post(conversation, stage.driver.with_everything(call)))


@dataclass(frozen=True, slots=True)
class Unusual:
    """Messages that few send so, the answers to their receipts, and what the sender sees."""

    receipts: tuple[tuple[Message, str, Answer], ...]
    seen: Asked

    @property
    def accepted(self) -> tuple[Message, ...]:
        """The messages whose receipts were accepted."""
        return tuple(message for message, _, answer in self.receipts if answer.accepted)


def unusual(stage: Stage) -> Unusual:
    """Send messages with unusual numbers and options, let their receiver acknowledge each; look.

    What is refused is left out: which of them a target takes is another requirement's matter.
    """
    keeps_history(stage)
    conversation = pair(stage, 4, 3)
    number = stage.number("unusual")
    call = stage.driver.send_message(conversation, conversation.owner, receipt=True, number=number)
    receipts = []
    for one in stage.driver.unusual(call):
        try:
            message = stage.post(conversation, one)
        except NotExercised:
            continue
        answer = stage.tries_to_read(conversation.members[1], [message])
        if answer is not None:
            receipts.append((message, one.label, answer))
    if not receipts:
        raise NotExercised("no unusual message was taken, or a hook has read them")
    made = Unusual(tuple(receipts), Asked(receipts[0][2], {}))
    return replace(made, seen=until_read(stage, conversation, made.accepted))


def half_alike(stage: Stage) -> tuple[tuple[Message, ...], Answer | None, Asked]:
    """Send two messages with the same MsgRandom and two with the same MsgSeq; look.

    B has acknowledged the second and the last of them. A target may take the one for a repetition
    of the other: `NotExercised`.
    """
    keeps_history(stage)
    conversation = pair(stage, 1, 2)
    owner, reader = conversation.members
    low = stage.number("half alike") % 2**24 + 1
    numbers = ((low, low), (low + 1, low), (low + 2, low + 1), (low + 2, low + 2))
    messages = []
    for turn, (sequence, random) in enumerate(numbers):
        plain = stage.driver.send_message(conversation, owner, receipt=True, number=random)
        call = stage.driver.with_numbers(plain, sequence, random)
        if call is None:
            raise NotExercised("messages have no numbers of their sender's")
        text = f"half alike {turn}"
        messages.append(stage.post(conversation, stage.driver.with_texts(call, text)))
    before = until_listed(stage, conversation, tuple(messages))
    if len({message.id for message in messages} & before.receipts.keys()) < len(messages):
        raise NotExercised("messages that share a number are not kept apart")
    read = (messages[1], messages[3])
    answer = stage.tries_to_read(reader, read)
    return tuple(messages), answer, until_read(stage, conversation, read)


@dataclass(frozen=True, slots=True)
class Reused:
    """Two messages with the same random number, the answers that name them, and the history.

    Both may have the name of the first.
    """

    random: int
    messages: tuple[Message, ...]
    sent: tuple[Answer, ...]
    seen: Asked


def reused_random(stage: Stage) -> Reused:
    """Send two messages with the same random number, two seconds apart, and look at the history.

    Raises `NotExercised` where the target's own clock has not gone on by more than a second.
    """
    keeps_history(stage)
    conversation = unwritten(stage, 6, 0)
    number = stage.number("reused random")
    call = stage.driver.send_message(conversation, conversation.owner, receipt=True, number=number)
    first = stage.post(conversation, stage.driver.with_texts(call, "one random number"))
    sent = [stage.told(first)]
    stage.let_pass(sent[0], 2.1)
    second = stage.post(conversation, stage.driver.with_texts(call, "the same, much later"))
    sent.append(stage.told(second))
    older, newer = map(stage.driver.sent_at, sent)
    if older is None or newer is None or newer <= older + 1:
        raise NotExercised(f"sent at {older} and at {newer}: no second lies between these")
    seen = until_listed(stage, conversation, (first, second))
    if not seen.answer.accepted:
        raise NotExercised(f"the history is not to be had: {seen.answer.describe()}")
    return Reused(number, (first, second), tuple(sent), seen)


def namesakes(stage: Stage) -> tuple[tuple[Conversation, Answer], ...]:
    """Write to one person, and look at the history of two others.

    The names of the two and of the others are the same once they are joined by a sign or by none.
    """
    keeps_history(stage)
    one, middle, last = (f"{head}{stage.namespace}{stage.anew}" for head in ("rs", "s", "t"))
    looks = []
    for sign in ("_", "-", ""):
        both = (f"{one}{sign}{middle}", last)
        others = (one, f"{middle}{sign}{last}")
        if max(map(len, (*both, *others))) > _LONGEST_NAME:
            raise NotExercised("the names would be too long")
        stage.make_users((*both, *others))
        stage.say(Conversation(Kind.DIRECT, None, "direct", both[0], both))
        looks.append(Conversation(Kind.DIRECT, None, "direct", others[0], others))
    stage.let_show()
    return tuple((pair_, stage.call(stage.driver.look(pair_, pair_.owner))) for pair_ in looks)


def lookalikes(stage: Stage) -> tuple[tuple[Conversation, Answer], ...]:
    """Write to one person, and look at histories with others whose names, as patterns, fit.

    A name that no user can be made with is left out.
    """
    keeps_history(stage)
    head = f"Rs{stage.namespace}{stage.anew}-like-"
    writer, known = f"{head}w", f"{head}axb"
    stage.make_users((writer, known))
    stage.say(Conversation(Kind.DIRECT, None, "direct", writer, (writer, known)))
    looks = []
    for sign in "_%":
        pattern = f"{head}a{sign}b"
        with contextlib.suppress(NotExercised):
            stage.make_users((pattern,))
            looks.append(Conversation(Kind.DIRECT, None, "direct", writer, (writer, pattern)))
    if not looks:
        raise NotExercised("no user can be made whose name is a pattern")
    stage.let_show()
    return tuple((pair_, stage.call(stage.driver.look(pair_, writer))) for pair_ in looks)


@dataclass(frozen=True, slots=True)
class Passing:
    """A message for who is online, and the answer of a history that shows one sent after it."""

    sent: Answer
    text: str
    history: Answer


def for_the_moment(stage: Stage) -> Passing:
    """Send a letter to who is online alone, then another one, and look until that is there."""
    keeps_history(stage)
    conversation = pair(stage, 6, 2)
    number = stage.number("for the moment", conversation.owner)
    call = stage.driver.send_message(conversation, conversation.owner, receipt=False, number=number)
    text = f"letter for the moment {number}"
    sent = stage.must(stage.driver.for_the_moment(stage.driver.with_texts(call, text)))
    message = stage.say(conversation)
    found = until_listed(stage, conversation, (message,))
    if message.id not in found.receipts:
        raise NotExercised("the message that was sent after it is not in the history")
    return Passing(sent, text, found.answer)


def _acknowledged(stage: Stage, message: Message) -> tuple[Message, Answer | None]:
    """Let the receiver acknowledge a message; return also the answer, where a call did it."""
    return message, stage.tries_to_read(message.conversation.members[1], [message])


def _looked(stage: Stage, message: Message, receipt: Answer | None) -> Sent:
    """Look from both sides at a message that was acknowledged."""
    if receipt is not None and not receipt.accepted:
        raise NotExercised(f"its receipt is {receipt.describe()}")
    conversation = message.conversation
    by_sender = until_read(stage, conversation, (message,))
    reader = conversation.members[1]
    return Sent(message, by_sender, until_read(stage, conversation, (message,), viewer=reader))


@dataclass(frozen=True, slots=True)
class Together:
    """Messages whose receipts, sent at the same time, were accepted, and what the history shows.

    `refused` are the answers to those that were refused then and not alone.
    """

    messages: tuple[Message, ...]
    seen: Asked
    refused: tuple[Answer, ...]


def at_once(stage: Stage) -> Together:
    """Let B acknowledge each of four messages by a call of its own, all at the same time."""
    keeps_history(stage)
    if stage.target.read_hook is not None:
        raise NotExercised("a read hook reads one after the other")
    conversation = pair(stage, 3, 0)
    reader = conversation.members[1]
    messages = tuple(stage.say(conversation) for _ in range(4))
    until_listed(stage, conversation, messages)
    found = [stage.driver.mark_read(conversation, reader, [message.id]) for message in messages]
    calls = [call for call in found if call is not None]
    answers = stage.at_once(calls)
    pairs = zip(messages, answers, strict=True)
    accepted = tuple(message for message, answer in pairs if answer.accepted)
    seen = until_read(stage, conversation, accepted)
    return Together(accepted, seen, refused_together(stage, calls, answers))
