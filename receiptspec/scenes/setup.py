"""What has to happen before anybody reads: groups, messages, histories."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Call, Conversation, Kind, Message, Receipt
from receiptspec.scenes.calls import sandbox
from receiptspec.scenes.direct import Passing
from receiptspec.scenes.groups import (
    Asked,
    ask,
    asked,
    good,
    newborn,
    settled,
    tries_to_read,
    until_shown,
)
from receiptspec.scenes.membership import open_house
from receiptspec.scenes.people import survivors
from receiptspec.scenes.wording import sent_text
from receiptspec.stage import Stage

__all__ = ["Sequence"]

_WITH_RECEIPT = (2, 3, 5)  # of the messages of a sequence, by their place


@dataclass(frozen=True, slots=True)
class Sequence:
    """The ids that a group gave its messages, and the answer of the last."""

    answer: Answer
    ids: tuple[Any, ...]
    group: Conversation


def sequence(stage: Stage, length: int) -> Sequence:
    """Send so many messages to a group, one after the other, some asking for receipts.

    The first two are of the same words. Before the last but one a message of several parts is sent,
    and one is refused there, before the last one is sent elsewhere.
    """
    group, elsewhere = stage.scene(sandbox).conversation, stage.scene(open_house)

    def numbered(turn: object, *, receipt: bool = False) -> Call:
        number = stage.number("sequence", turn)
        return stage.driver.send_message(group, group.owner, receipt=receipt, number=number)

    calls = [numbered(turn, receipt=turn in _WITH_RECEIPT) for turn in range(length)]
    calls[:2] = [stage.driver.with_texts(call, "said twice") for call in calls[:2]]
    answers = [stage.must(call) for call in calls[:-2]]
    for parts, label in (
        (("one part", "and another"), "a message of two parts"),
        ((), "a message without a part"),
    ):
        odd = stage.driver.with_texts(numbered(label), *parts)
        answer = stage.call(replace(odd, label=label))
        answers += [answer] if answer.accepted else []
    answers.append(stage.must(calls[-2]))
    stage.say(elsewhere, receipt=False)
    answers.append(stage.must(calls[-1]))
    return Sequence(answers[-1], tuple(map(stage.named, answers)), group)


def around_online(stage: Stage) -> Sequence:
    """Send a message to those who are online alone, between two that are stored.

    The numbers are those of the two.
    """
    group, driver = stage.scene(sandbox).conversation, stage.driver
    before = stage.say(group, receipt=False)
    number = stage.number("online", group.id)
    call = driver.send_message(group, group.owner, receipt=False, number=number)
    answer = stage.call(driver.for_those_online(call))
    if not answer.accepted:
        raise NotExercised(f"a message for those online is {answer.describe()}")
    after = stage.say(group, receipt=False)
    return Sequence(stage.told(after), (before.id, after.id), group)


def around_refused(stage: Stage) -> Sequence:
    """Send a message in the name of nobody, which is refused, between two that are stored.

    The numbers are those of the two.
    """
    group, driver = stage.scene(sandbox).conversation, stage.driver
    before = stage.say(group, receipt=False)
    number = stage.number("refused", group.id)
    call = driver.send_message(group, driver.nobody(), receipt=True, number=number)
    answer = stage.call(call)
    if not answer.refused:
        raise NotExercised(f"a message of nobody is {answer.describe()}")
    after = stage.say(group, receipt=False)
    return Sequence(stage.told(after), (before.id, after.id), group)


def at_hand(stage: Stage) -> Sequence:
    """Return the numbers of messages that were sent one after the other for another purpose."""
    ready_ = good(stage)
    if not stage.target.writes:
        raise NotExercised("needs new messages; the target may not be written to")
    ids = tuple(message.id for message in ready_.messages)
    return Sequence(stage.told(ready_.messages[-1]), ids, ready_.group)


def after_recall(stage: Stage, length: int) -> Sequence:
    """Send one more message to the group of `sequence` when its last one is recalled."""
    first = stage.scene(sequence, length)
    group = first.group
    stage.must(stage.driver.recall(Message(group, first.ids[-1], group.owner, False)))
    number = stage.number("sequence", "recalled")
    answer = stage.must(stage.driver.send_message(group, group.owner, receipt=False, number=number))
    return Sequence(answer, (*first.ids, stage.driver.sent_message(answer)), group)


@dataclass(frozen=True, slots=True)
class Repeated:
    """A message that was sent twice, and which are kept; `before` and `after` tell of the first.

    `before` is ``None`` where nobody can read. `around` are the numbers of the messages sent before
    and after the second time, the last answer being that of the latter.
    """

    sequence: Sequence
    kept: frozenset[Any]
    message: Message
    before: Asked | None
    after: Asked
    around: Sequence


def repeated(stage: Stage) -> Repeated:
    """Send a message, let a member read it, send another, the first once more, and a third."""
    group = stage.scene(sandbox).conversation
    call = stage.driver.send_message(
        group, group.owner, receipt=True, number=stage.number("repeated")
    )
    first = stage.must(call)
    message = Message(group, stage.named(first), group.owner, True)
    before = None
    fresh = newborn(stage, group, message)
    if tries_to_read(stage, group.members[1], message):
        before = settled(stage, fresh, (message,), {message.id: 1})
    between = stage.say(group, receipt=False)
    again = stage.call(call)
    last = stage.say(group, receipt=False)
    around = Sequence(stage.told(last), (between.id, last.id), group)
    ids = (message.id, stage.driver.sent_message(again))
    there = _kept(stage, group, ids, last.id)
    kept = before.receipts.get(message.id) if before is not None else None

    def unchanged(found: dict[Any, Receipt]) -> bool:
        now = found.get(message.id)
        return kept is None or (now is not None and now.read == kept.read)

    after = asked(stage, stage.settle(group, [message], unchanged))
    return Repeated(Sequence(again, ids, group), there, message, before, after, around)


def _kept(stage: Stage, group: Conversation, ids: tuple[Any, ...], plain: Any) -> frozenset[Any]:
    """Return which messages are in the history, or have receipts where that cannot be looked at."""
    try:
        history = until_shown(stage, group, {*ids, plain} - {None})
    except NotExercised:
        known = ask(stage, group, *(id_ for id_ in ids if id_ is not None)).receipts
        return frozenset(id_ for id_, receipt in known.items() if receipt.known)
    return frozenset(stage.driver.group_history(history))


def repeated_at_once(stage: Stage) -> tuple[tuple[Answer, ...], Answer]:
    """Send the same message several times at once; return what was accepted, and the history."""
    group = stage.scene(sandbox).conversation
    number = stage.number("repeated at once")
    call = stage.driver.send_message(group, group.owner, receipt=False, number=number)
    answers = tuple(answer for answer in stage.at_once([call] * 4) if answer.accepted)
    return answers, stage.call(stage.driver.look_at_group(group))


def foreign_senders(stage: Stage) -> tuple[Answer, Answer]:
    """Send in the name of an account that is no member, and of one that does not exist."""
    outsider = stage.users(5)[4]
    group = stage.scene(sandbox).conversation
    call = stage.driver.send_message(group, group.owner, receipt=False, number=stage.number("from"))
    return (
        stage.patiently(stage.driver.without_member(call, outsider)),
        stage.patiently(stage.driver.without_member(call, stage.driver.nobody())),
    )


def left_sender(stage: Stage) -> Answer:
    """Send in the name of somebody who has left the group."""
    message = stage.scene(survivors).messages[0]
    group, number = message.conversation, stage.number("left", message.conversation.id)
    call = stage.driver.send_message(group, group.owner, receipt=False, number=number)
    call = stage.driver.without_member(call, message.sender)
    return stage.patiently(replace(call, label="a sender who has left the group"))


def misnamed(stage: Stage) -> tuple[Message, Asked]:
    """Ask for a receipt under the name that the one-to-one operation has for it."""
    group = stage.scene(sandbox).conversation
    call = stage.driver.send_message(group, group.owner, receipt=True, number=stage.number("name"))
    answer = stage.must(stage.driver.misnamed_wish(call))
    message = Message(group, stage.driver.sent_message(answer), group.owner, False)
    return message, asked(stage, stage.ask(group, [message]))


def declined(stage: Stage) -> tuple[Message, Asked]:
    """Say that no receipt is wanted, in place of saying nothing."""
    group = stage.scene(sandbox).conversation
    call = stage.driver.send_message(
        group, group.owner, receipt=False, number=stage.number("declined")
    )
    sent = stage.named(stage.must(stage.driver.declined_wish(call)))
    message = Message(group, sent, group.owner, False)
    return message, asked(stage, stage.ask(group, [message]))


@dataclass(frozen=True, slots=True)
class Own:
    """A group with an id of our own: made, made again, a message to it, and that asked for.

    `sent` is ``None`` where no group was named, `found` where nothing was sent.
    """

    name: str
    made: Answer
    again: Answer
    sent: Answer | None = None
    found: Asked | None = None


def longest_id(stage: Stage) -> tuple[str, Answer]:
    """Make a group with an id of our own, as long as it may be, not in one case, with marks."""
    name = f"rs{stage.namespace}{stage.anew}-Own_Group.1+~".ljust(48, "z")
    return name, stage.patiently(_named_so(stage, name))


def _named_so(stage: Stage, name: str) -> Call:
    owner, other = stage.users(2)
    return stage.driver.make_group(stage.driver.group_type, "own", owner, [other], name)


def own_id(stage: Stage) -> Own:
    """Make a group with an id of our own, use it, and try to make it again.

    The id is a plain one where one of every kind is refused.
    """
    owner, other = stage.users(2)
    type_ = stage.driver.group_type
    name, made = stage.scene(longest_id)
    if not made.accepted:
        name = f"rs{stage.namespace}{stage.anew}own"
        made = stage.must(_named_so(stage, name))
    call = _named_so(stage, name)
    stage.let_show()
    again = stage.call(call)
    id_ = stage.driver.made_group(made)
    if id_ is None:
        return Own(name, made, again)
    group = Conversation(Kind.GROUP, id_, type_, owner, (owner, other))
    number = stage.number("own id")
    sent = stage.patiently(stage.driver.send_message(group, owner, receipt=True, number=number))
    if not sent.accepted:
        return Own(name, made, again, sent)
    message = stage.noted(group, sent, owner)
    return Own(name, made, again, sent, newborn(stage, group, message))


def history(
    stage: Stage, texts: tuple[str, ...]
) -> tuple[tuple[Message, ...], tuple[str, ...], Answer]:
    """Send awkward texts to a group and read them back."""
    group = stage.scene(sandbox).conversation
    messages, taken = [], []
    for turn, text in enumerate(texts):

        def with_number(*parts: object) -> Call:
            number = stage.number("text", *parts)
            return stage.driver.send_message(group, group.owner, receipt=False, number=number)

        answer = sent_text(stage, with_number, text, turn)
        if answer is not None:
            messages.append(Message(group, stage.named(answer), group.owner, False))
            taken.append(text)
    shown = until_shown(stage, group, [message.id for message in messages])
    return tuple(messages), tuple(taken), shown


def in_parts(stage: Stage, texts: tuple[str, ...]) -> tuple[Any, Answer]:
    """Send one message of several texts to a group; return its id and the history."""
    group = stage.scene(sandbox).conversation
    number = stage.number("in parts")
    call = stage.driver.send_message(group, group.owner, receipt=False, number=number)
    sent = stage.named(stage.must(stage.driver.with_texts(call, *texts)))
    history = stage.until(
        lambda: stage.call(stage.driver.look_at_group(group)),
        lambda shown: not shown.accepted or sent in stage.driver.group_history(shown),
    )
    return sent, history


def for_the_moment(stage: Stage) -> Passing:
    """Send a group a message for who is online alone, then another; look until that is there."""
    group = stage.scene(sandbox).conversation
    number = stage.number("for the moment", group.id)
    call = stage.driver.send_message(group, group.owner, receipt=False, number=number)
    text = f"message for the moment {number}"
    sent = stage.must(stage.driver.for_the_moment(stage.driver.with_texts(call, text)))
    message = stage.say(group, receipt=False)
    history = until_shown(stage, group, [message.id])
    if not history.accepted or message.id not in stage.driver.group_history(history):
        raise NotExercised("the message that was sent after it is not in the history")
    return Passing(sent, text, history)


def letters(
    stage: Stage, texts: tuple[str, ...]
) -> tuple[tuple[Any, ...], tuple[str, ...], Answer]:
    """Send awkward texts to one person and read them back."""
    a, b = stage.users(2)
    conversation = Conversation(Kind.DIRECT, None, "direct", a, (a, b))
    keys, taken = [], []
    for turn, text in enumerate(texts):

        def with_number(*parts: object) -> Call:
            number = stage.number("letter", *parts)
            return stage.driver.send_message(conversation, a, receipt=False, number=number)

        answer = sent_text(stage, with_number, text, turn)
        if answer is not None:
            keys.append(stage.named(answer))
            taken.append(text)
    shown = stage.until(
        lambda: stage.call(stage.driver.look(conversation, a)),
        lambda shown: not shown.accepted or set(keys) <= set(stage.driver.direct_history(shown)),
    )
    return tuple(keys), tuple(taken), shown


@dataclass(frozen=True, slots=True)
class Taken:
    """Messages that were recalled by one call and others that were not; the history after that.

    `over` is the answer to a call for one of `spared` and all that are recalled already, more than
    one may name. `later` is the history after that, and after the first call came once more.
    """

    messages: tuple[Message, ...]
    spared: tuple[Message, ...]
    answer: Answer
    history: Answer
    over: Answer
    later: Answer


def recalled_together(stage: Stage, most: int) -> Taken:
    """Recall as many messages as one call may, all but some of those that were sent, and look.

    One of those that are left has the text of a recalled one, another its random number. Then the
    same call comes again, and one that names one of them too.
    """
    group, driver = stage.group(2), stage.driver
    number = stage.number("recalled", group.id)

    def post(number: int, text: str) -> Message:
        call = driver.send_message(group, group.owner, receipt=True, number=number)
        return stage.post(group, driver.with_texts(call, text))

    first = post(number, "a text to recall")
    sent = tuple(stage.say(group) for _ in range(most))
    alike = (post(number + 1, "a text to recall"), post(number, "another text"))
    messages = (first, *sent[1:])
    taken = {message.id for message in messages}
    # who is told a repetition by its random number alone is no message of its own
    spared = tuple(message for message in (*sent[:1], *alike) if message.id not in taken)
    call = driver.joined([driver.recall(message) for message in messages])
    if call is None:
        raise NotExercised("one call recalls one message")
    stage.let_show()
    answer = stage.patiently(call)
    shown = until_recalled(stage, messages)
    stage.call(call)
    full = driver.joined([driver.recall(message) for message in (*messages, *spared[:1])])
    over = stage.call(full or call)
    said = driver.recalled(over) if over.accepted else {}
    taken_too = tuple(message for message in spared[:1] if said.get(message.id) == 0)
    later = until_recalled(stage, (*messages, *taken_too))
    return Taken(messages, spared, answer, shown, over, later)


def recalled(stage: Stage) -> tuple[Message, Answer, Answer]:
    """Recall a message and look at the history."""
    group = stage.group(2)
    message = stage.say(group)
    stage.let_show()
    answer = stage.patiently(stage.driver.recall(message))
    return message, answer, until_recalled(stage, (message,))


def recalled_ahead(stage: Stage) -> tuple[Message, Answer]:
    """Recall the number that a group gives next, send the message, and look at the history.

    `NotExercised` where it has got another number.
    """
    group = stage.scene(recalled)[0].conversation
    last = stage.say(group, receipt=False)
    stage.call(stage.driver.recall(replace(last, id=last.id + 1)))
    message = stage.say(group, receipt=False)
    if message.id != last.id + 1:
        raise NotExercised("the next message has not got the next number")
    return message, until_shown(stage, group, [message.id])


def until_recalled(stage: Stage, messages: tuple[Message, ...]) -> Answer:
    """Look at the history of a group until it shows these messages as recalled."""
    group = messages[0].conversation

    def marked(shown: Answer) -> bool:
        kept = stage.driver.group_history(shown)
        return all(m.id in kept and stage.driver.is_recalled(kept[m.id]) for m in messages)

    return stage.until(lambda: stage.call(stage.driver.look_at_group(group)), marked)


def imported(stage: Stage) -> tuple[Answer, list[Any], Asked | None]:
    """Import two messages into a group and ask for their receipts.

    The newest message before them has one.
    """
    group = stage.scene(sandbox).conversation
    stage.say(group)
    stage.let_age(group, 4.2)
    answer = stage.call(stage.driver.import_messages(group, 2))
    ids = stage.driver.imported(answer) if answer.accepted else []
    return answer, ids, asked(stage, stage.ask(group, ids)) if ids else None


def long_parts(stage: Stage, call: Call, size: int) -> Answer:
    """Send two texts in one message that are too long together, and neither of them is alone."""
    return stage.call(stage.driver.with_texts(call, *("x" * (size * 6 // 10),) * 2))


def long_text(stage: Stage, call: Call, size: int) -> Answer:
    """Make a call longer than the documents allow: by its text, or by repeating what it lists."""
    if "MsgBody" in call.body:
        return stage.call(stage.driver.with_texts(call, "x" * size))
    key = next(key for key, value in call.body.items() if isinstance(value, list))
    items = call.body[key] * (size // 60)
    return stage.call(Call(call.operation, {**call.body, key: items}, label=f"over {size} bytes"))
