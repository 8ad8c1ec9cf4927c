"""What has to happen before anybody reads: accounts, groups, members, messages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from receiptspec.errors import NotExercised, StaleFixture
from receiptspec.neutral import Answer, Call, Conversation, Kind, Message, Receipt
from receiptspec.scenes.calls import good_call, sandbox
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
from receiptspec.scenes.people import crowded, reborn
from receiptspec.scenes.wording import sent_text
from receiptspec.stage import Stage

__all__ = ["Sequence", "Told", "told_members"]

_PAGES = 9  # of a large group's members
_WITH_RECEIPT = (2, 3, 5)  # of the messages of a sequence, by their place


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, what was expected to be in it, and what was."""

    answer: Answer
    wanted: Any
    got: Any


@dataclass(frozen=True, slots=True)
class Sequence:
    """The ids that a group gave its messages, and the answer of the last."""

    answer: Answer
    ids: tuple[Any, ...]
    group: Conversation


def sequence(stage: Stage, length: int) -> Sequence:
    """Send so many messages to a group, one after the other, some asking for receipts.

    Before the last but one a message of several parts is sent, and one is refused there, before the
    last one is sent elsewhere.
    """
    group, elsewhere = stage.scene(sandbox).conversation, stage.scene(open_house)

    def numbered(turn: object, *, receipt: bool = False) -> Call:
        number = stage.number("sequence", turn)
        return stage.driver.send_message(group, group.owner, receipt=receipt, number=number)

    calls = [numbered(turn, receipt=turn in _WITH_RECEIPT) for turn in range(length)]
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


def own_id(stage: Stage) -> Own:
    """Make a group with an id of our own, use it, and try to make it again."""
    owner, other = stage.users(2)
    name = f"rs{stage.namespace}{stage.anew}-Own_Group.1+~"
    name = name.ljust(48, "z")  # as long as it may be, and not in one case
    type_ = stage.driver.group_type
    call = stage.driver.make_group(type_, "own", owner, [other], name)
    made = stage.must(call)
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


def open_house(stage: Stage) -> Conversation:
    """Make a group whose members come and go."""
    return stage.group(2)


def added(stage: Stage) -> tuple[Any, Answer, Answer]:
    """Add somebody twice."""
    newcomer = stage.users(6)[5]
    call = stage.driver.add_members(stage.scene(open_house), [newcomer])
    return newcomer, stage.must(call), stage.patiently(call)


def added_with(stage: Stage) -> tuple[Any, Any, Answer]:
    """Add somebody who is there and somebody who is not, in one call."""
    group = stage.scene(open_house)
    member, _, _ = stage.scene(added)
    newcomer = stage.users(7)[6]
    call = stage.driver.add_members(group, [member, newcomer])
    return member, newcomer, stage.patiently(call)


def ghost_added(stage: Stage) -> Answer:
    """Add an account that does not exist."""
    call = stage.driver.add_members(stage.scene(open_house), ["rs-no-such-user"])
    return stage.patiently(call)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """An account that was unknown at first: the answers to a letter to it and to its addition."""

    name: Any
    sent: Answer
    added: Answer


def enrolled(stage: Stage) -> Enrolled:
    """Write to an account that does not exist and add it to a group; again when it exists."""
    driver, (sender,), group = stage.driver, stage.users(1), stage.scene(open_house)
    name = f"rs{stage.namespace}{stage.anew}-late"
    imports = driver.make_users([name])
    if not imports:
        raise NotExercised("users need not be made")
    pair = Conversation(Kind.DIRECT, None, "direct", sender, (sender, name))
    number = stage.number("enrolled", name)
    send = replace(
        driver.send_message(pair, sender, receipt=True, number=number),
        label="a receiver who was unknown before",
    )
    add = driver.add_members(group, [name])
    if stage.call(send).accepted or driver.added(stage.call(add)).get(name):
        raise NotExercised("an account that nobody has made is there")
    for call in imports:
        stage.must(call)
    added_ = stage.until(
        lambda: stage.patiently(add),
        lambda answer: not answer.accepted or bool(driver.added(answer).get(name)),
    )
    return Enrolled(name, stage.patiently(send), added_)


def crowd_added(stage: Stage, size: int) -> Answer:
    """Add more members at once than one call may."""
    names = [f"rs{stage.namespace}-c{index}" for index in range(size)]
    return stage.patiently(stage.driver.add_members(stage.scene(open_house), names))


def room_added(stage: Stage, type_: str) -> Answer:
    """Add a member to a room that takes none."""
    newcomer = stage.users(6)[5]
    group = stage.group(1, type_=type_)
    return stage.patiently(stage.driver.add_members(group, [newcomer]))


def outsider_removed(stage: Stage) -> Answer:
    """Remove somebody who is no member."""
    outsider = stage.users(5)[4]
    return stage.patiently(stage.driver.remove_member(stage.scene(open_house), outsider))


def removed_twice(stage: Stage) -> Answer:
    """Remove a member, and again when it is none any more."""
    group = stage.scene(open_house)
    _, newcomer, _ = stage.scene(added_with)
    call = stage.driver.remove_member(group, newcomer)
    stage.must(call)
    return stage.call(call)


def members(stage: Stage) -> Told:
    """Ask for the members of a group; some may have come to a fixture, or left it.

    Raises `StaleFixture` where those of a fixture are others than it says.
    """
    group = good(stage).group
    if stage.target.writes:
        return told_members(stage, group, group.members)
    if not group.members:
        raise NotExercised("fixtures name no members")
    told = _until_all_listed(stage, group)
    listed, number = told.got
    changed = len(listed) == len(set(listed)) == number and set(listed) != set(group.members)
    if told.answer.accepted and changed:
        raise StaleFixture(
            f"the group {group.id} has other members than members says, {number} in all"
        )
    return told


def told_members(stage: Stage, group: Conversation, wanted: tuple[Any, ...]) -> Told:
    """Ask for the members of a group until these are listed."""
    answer = stage.until(
        lambda: stage.call(stage.driver.ask_members(group)),
        lambda found: (
            stage.is_final(found)
            or (found.accepted and set(stage.driver.members(found)[0]) == set(wanted))
        ),
    )
    return Told(answer, wanted, stage.driver.members(answer))


def members_after_changes(stage: Stage) -> Told:
    """Ask for the members of a group that two have left and one has joined."""
    group = stage.group(5)
    newcomer = stage.users(7)[6]
    gone = group.members[1], group.members[3]
    stage.must(stage.driver.quietly(stage.driver.remove_member(group, *gone)))
    stage.adds(stage.driver.add_members(group, [newcomer]))
    wanted = (*(member for member in group.members if member not in gone), newcomer)
    return told_members(stage, group, wanted)


def members_after_removals(stage: Stage, most: int) -> tuple[Told, Told]:
    """Remove members, some in one call and as many as one call may in another; ask after each."""
    if not stage.driver.over_http:
        raise NotExercised("every member would be a program of its own")
    some, left = 9, 3
    group = stage.group(some + most + left)
    gone = group.members[left : left + some]
    stage.must(stage.driver.remove_member(group, *gone))
    stayed = tuple(member for member in group.members if member not in gone)
    first = _until_all_listed(stage, replace(group, members=stayed))
    stage.must(stage.driver.remove_member(group, *stayed[left:]))
    return first, told_members(stage, group, stayed[:left])


def members_added_at_once(stage: Stage, size: int, full: tuple[Any, ...]) -> Told:
    """Add many members in one call, and ask for the members.

    `NotExercised` where some have to be let in by somebody, or a group is `full` before: a code.
    """
    group = stage.group(1)
    _, *others = stage.users(size + 1)
    answer = stage.call(stage.driver.add_members(group, others))
    if answer.code in full or stage.contract.kind(answer.code) == "throttled":
        raise NotExercised(f"to add {size} members is {answer.describe()}")
    if not answer.accepted:
        return Told(answer, (), ((), 0))
    if stage.driver.kept_out(answer):
        raise NotExercised("who was to be added is no member yet")
    return _until_all_listed(stage, replace(group, members=(group.owner, *others)))


def members_of_reborn(stage: Stage) -> Told:
    """Ask for the members of a group that has the id of a larger one that was dismissed."""
    group = stage.scene(reborn).group
    return told_members(stage, group, group.members)


def members_of_crowd(stage: Stage) -> Told:
    """Ask for the members of a large group, page by page, until all are listed."""
    return _until_all_listed(stage, stage.scene(crowded).message.conversation)


def _until_all_listed(stage: Stage, group: Conversation) -> Told:
    return stage.until(
        lambda: _all_pages(stage, group),
        lambda told: stage.is_final(told.answer) or set(told.got[0]) == set(group.members),
    )


def _all_pages(stage: Stage, group: Conversation) -> Told:
    """Ask for page after page of members; stops where one brings nobody, or all are there."""
    found: list[Any] = []
    numbers: list[Any] = []
    for _ in range(_PAGES):
        answer = stage.call(stage.driver.ask_members(group, len(found)))
        listed, number = stage.driver.members(answer)
        found += listed
        numbers.append(number)
        whole = max(len(group.members), number if isinstance(number, int) else 0)
        if not listed or len(found) >= whole:
            break
    return Told(answer, group.members, (tuple(found), numbers[0]))


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
    """Messages that were recalled by one call and others that were not; the history after that."""

    messages: tuple[Message, ...]
    spared: tuple[Message, ...]
    answer: Answer
    history: Answer


def recalled_together(stage: Stage, most: int) -> Taken:
    """Recall as many messages as one call may, all but some of those that were sent, and look.

    One of those that are left has the text of a recalled one, another its random number.
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
    return Taken(messages, spared, answer, until_recalled(stage, messages))


def recalled(stage: Stage) -> tuple[Message, Answer, Answer]:
    """Recall a message and look at the history."""
    group = stage.group(2)
    message = stage.say(group)
    stage.let_show()
    answer = stage.patiently(stage.driver.recall(message))
    return message, answer, until_recalled(stage, (message,))


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
    stage.let_age(group, 3.2)
    answer = stage.call(stage.driver.import_messages(group, 2))
    ids = stage.driver.imported(answer) if answer.accepted else []
    return answer, ids, asked(stage, stage.ask(group, ids)) if ids else None


def users_imported(stage: Stage, count: int) -> Answer:
    """Import more accounts at once than one call may."""
    names = [f"rs{stage.namespace}-m{index}" for index in range(count)]
    return stage.call(stage.driver.import_users(names))


@dataclass(frozen=True, slots=True)
class Imported:
    """The answer to the import of many accounts: one that was there, and one that was not."""

    known: Any
    newest: Any
    answer: Answer


def known_imported(stage: Stage, count: int) -> Imported:
    """Import as many accounts at once as one call may, the first ones being there already."""
    good_call(stage, stage.driver.import_users([]).operation)
    user = stage.users(1)[0]
    names = [stage.driver.user(stage.namespace, index) for index in range(count - 1)]
    newest = f"rs{stage.namespace}{stage.anew}-last"
    return Imported(user, newest, stage.call(stage.driver.import_users([*names, newest])))


def imported_around(stage: Stage) -> tuple[tuple[Any, ...], Answer, Any]:
    """Import two accounts and, between them, a name that is too long for one.

    Returns those of the two that are not said to have failed, the answer, and that name.
    """
    one, other = (f"rs{stage.namespace}{stage.anew}-{place}" for place in ("before", "behind"))
    longest = f"rs{stage.namespace}-".ljust(40, "x")
    answer = stage.call(stage.driver.import_users([one, longest, other]))
    if not answer.accepted:
        raise NotExercised(f"a list with a name that is too long is {answer.describe()}")
    failed = stage.driver.failed_users(answer)
    return tuple(name for name in (one, other) if name not in failed), answer, longest


def newest_added(stage: Stage, *users: Any) -> Answer:
    """Add accounts that were imported to a group, where others can be added."""
    newcomer, answer, _ = stage.scene(added)
    if stage.driver.added(answer).get(newcomer) != 1:
        raise NotExercised("others cannot be added either")
    call = stage.driver.add_members(stage.scene(open_house), users)
    return stage.until(
        lambda: stage.patiently(call),
        lambda found: not found.accepted or all(stage.driver.added(found).values()),
    )


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
