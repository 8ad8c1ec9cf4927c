"""Groups, members and messages that come and go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from receiptspec.neutral import Answer, Message, Receipt
from receiptspec.scenes.groups import (
    NOWHERE,
    Asked,
    Changed,
    Several,
    asked,
    has_data,
    newborn,
    settled,
    tries_to_read,
)
from receiptspec.scenes.kinds import Elsewhere, answers_to, listed_in
from receiptspec.stage import Stage

__all__ = [
    "deserted",
    "dismissed",
    "done_to_dismissed",
    "interrupted",
    "joined",
    "recalled",
    "sent_after",
    "spared",
]


def done_to_dismissed(stage: Stage) -> dict[str, Answer]:
    """Make the calls that would change a message or its group, when the group is dismissed."""
    message = stage.scene(dismissed)[0].message
    group, driver = message.conversation, stage.driver
    newcomer = stage.users(6)[5]
    return answers_to(
        stage,
        driver.send_message(group, group.owner, receipt=True, number=stage.number("late")),
        driver.mark_read(group, group.members[1], [message.id]),
        driver.add_members(group, [newcomer]),
        driver.remove_member(group, group.members[1]),
        driver.recall(message),
        driver.import_messages(group, 1),
        driver.look_at_group(group),
        driver.dismiss(group),
    )


def dismissed(stage: Stage) -> tuple[Changed, Elsewhere]:
    """Dismiss a group whose message had a receipt; ask all about it, in the words of before."""
    group = stage.group(2)
    message = stage.say(group)
    before = newborn(stage, group, message)
    before.receipt(message)

    def others() -> dict[str, Answer]:
        members = answers_to(stage, stage.driver.ask_members(group))
        return listed_in(stage, group, message.id) | members

    others()
    stage.must(stage.driver.dismiss(group))
    after = asked(stage, stage.ask(group, [message]))
    return Changed(group, message, before, after), Elsewhere(after, others())


def recalled(stage: Stage) -> Changed:
    """Recall one of two messages with receipts; ask for both."""
    group = stage.group(3)
    message, other = stage.say(group), stage.say(group)
    before = newborn(stage, group, message, other)
    before.receipt(other)
    stage.let_show()
    stage.must(stage.driver.recall(message))
    after = asked(stage, stage.ask(group, [message, other]))
    return Changed(group, message, before, after, {"other": other})


def spared(stage: Stage) -> Changed:
    """Recall a message between two others, once more after that, and ask for them each time.

    Then recall one that is not there, and it in one call with the newest of all, where one call
    recalls several.

    One member has read it and another the newer one, where reads can be made. What becomes of its
    own receipt is open, but it may stand between the others: `between` is that answer, `looks` are
    such ones that were accepted.
    """
    group = stage.group(3)
    older, taken, newer = (stage.say(group) for _ in range(3))
    others = (older, newer)
    before = newborn(stage, group, *others)
    before.receipt(newer)
    reader = group.members[1]
    readers: tuple[Any, ...] = (reader,) if tries_to_read(stage, reader, newer) else ()
    tries_to_read(stage, group.members[2], taken)
    if readers:
        before = settled(stage, before, others, {newer.id: 1})
    stage.must(stage.driver.recall(taken))

    def look(*messages: Message) -> Asked:
        return asked(
            stage, stage.settle(group, messages, lambda found: _alike(before.receipts, found))
        )

    after, between = look(*others), look(older, taken, newer)
    stage.call(stage.driver.recall(taken))
    looked = [between, look(*others)]
    if stage.driver.over_http and stage.driver.joined([stage.driver.recall(taken)]) is not None:
        unknown = stage.driver.absent([message.id for message in (older, taken, newer)])
        stage.call(stage.driver.recall(replace(taken, id=unknown)))
        several = [stage.driver.recall(message) for message in (taken, stage.say(group))]
        stage.call(stage.driver.joined(several) or several[0])
        looked.append(look(*others))
    looks = tuple(seen for seen in looked if seen.answer.accepted)
    extra = {"others": others, "readers": readers, "between": between, "looks": looks}
    return Changed(group, newer, before, after, extra)


def interrupted(stage: Stage) -> tuple[Several, Asked]:
    """Recall a message and import one, and send another after each; one member reads them all.

    Another has read the first one before the import: how that showed then is returned as well.
    """
    driver = stage.driver
    driver.import_messages(NOWHERE, 1)
    group = stage.group(4)
    first, taken = stage.say(group), stage.say(group)
    stage.must(driver.recall(taken))
    second = stage.say(group)
    fresh = newborn(stage, group, first, second)
    stage.reads(group.members[1], [first])
    read = settled(stage, fresh, (first, second), {first.id: 1})
    stage.let_age(group, 3.2)
    stage.must(driver.import_messages(group, 1))
    messages = (first, second, stage.say(group))
    before = newborn(stage, group, *messages)

    def remembered(found: Mapping[Any, Receipt]) -> bool:
        told = all(has_data(found, message) for message in messages)
        return told and (found[first.id].read or 0) >= (read.receipt(first).read or 0)

    if before.answer.accepted and has_data(read.receipts, first):
        before = asked(stage, stage.settle(group, messages, remembered))
    reader = group.members[2]
    answer = stage.reads(reader, messages)
    after = settled(stage, before, messages, {message.id: 1 for message in messages})
    readers = {message.id: (reader,) for message in messages}
    answers = (answer,) if answer is not None else ()
    return Several(messages, readers, before, after, answers, group.members), read


def sent_after(stage: Stage) -> Several:
    """Return the messages of `interrupted`."""
    return stage.scene(interrupted)[0]


def _alike(before: Mapping[Any, Receipt], after: Mapping[Any, Receipt]) -> bool:
    """Whether all that was told of messages is told again."""
    return all(
        key in after
        and (one.read, one.unread) == (after[key].read, after[key].unread)
        and set(one.readers or ()) == set(after[key].readers or ())
        for key, one in before.items()
        if one.known
    )


def joined(stage: Stage) -> Changed:
    """Add a member after a message was sent."""
    newcomer = stage.users(6)[5]
    group = stage.group(3)
    message = stage.say(group)
    before = newborn(stage, group, message)
    before.receipt(message)
    stage.lets_in(stage.driver.add_members(group, [newcomer]))
    return Changed(group, message, before, asked(stage, stage.ask(group, [message])))


def deserted(stage: Stage) -> Changed:
    """Remove a member, who had not read a message, but as all others another that is asked for."""
    group = stage.group(4)
    message, read = stage.say(group), stage.say(group)
    before = newborn(stage, group, message, read)
    before.receipt(message)
    for member in group.members[1:]:
        tries_to_read(stage, member, read)
    stage.must(stage.driver.remove_member(group, group.members[-1]))
    return Changed(group, message, before, asked(stage, stage.ask(group, [message, read])))
