"""What is done to groups in one call or in passing: each thing as if it were done alone."""

from __future__ import annotations

from receiptspec.errors import NotExercised
from receiptspec.neutral import Answer, Conversation, Kind, Message
from receiptspec.scenes.calls import sandbox
from receiptspec.scenes.membership import Told, told_members
from receiptspec.scenes.setup import Sequence, imported, until_recalled
from receiptspec.stage import Stage

__all__ = [
    "after_import",
    "ended",
    "members_after_repeats",
    "members_named_twice",
    "recalled_beside_unknown",
]

_MANY = 60  # members of a group that is more than a few people, and may still have receipts


def after_import(stage: Stage) -> Sequence:
    """Send one more message to the group that old ones were imported into."""
    _, ids, _ = stage.scene(imported)
    if not ids:
        raise NotExercised("no message could be imported")
    group = stage.scene(sandbox).conversation
    message = stage.say(group, receipt=False)
    return Sequence(stage.told(message), (*ids, message.id), group)


def members_after_repeats(stage: Stage) -> Told:
    """Add who is there, and newcomers beside nobody and a member; remove two, one a guest.

    What of its parts a refused call has done is open: they are done again, each alone.
    """
    driver = stage.driver
    group = stage.group(4, promoted=True)
    owner, deputy, member, last = group.members
    *_, outsider, newcomer, late = stage.users(8)
    stage.call(driver.add_members(group, [owner, deputy, member, member]))
    wanted = [owner, member, last]
    for user, before in ((newcomer, driver.nobody()), (late, member)):
        beside = stage.call(driver.add_members(group, [before, user]))
        if not beside.accepted:
            stage.adds(driver.add_members(group, [user]))
        if not beside.accepted or driver.added(beside).get(user) == 1:
            wanted.append(user)
    if not stage.call(driver.remove_member(group, outsider, deputy)).accepted:
        stage.must(driver.remove_member(group, deputy))
    return told_members(stage, group, tuple(wanted))


def members_named_twice(stage: Stage) -> Told:
    """Make a group whose owner is among its first members, and somebody twice."""
    driver, (owner, member, other) = stage.driver, stage.users(3)
    name, first = f"rs{stage.namespace}", [member, owner, other, member]
    made = stage.call(driver.make_group(driver.group_type, name, owner, first))
    id_ = driver.made_group(made) if made.accepted else None
    if id_ is None:
        raise NotExercised(f"a group that names members twice is {made.describe()}")
    people = (owner, member, other)
    group = Conversation(Kind.GROUP, id_, driver.group_type, owner, people)
    return told_members(stage, group, people)


def recalled_beside_unknown(
    stage: Stage, type_: str
) -> tuple[tuple[Message, ...], Answer, Answer] | None:
    """Recall two messages in a group of some type, and between them one that is not there.

    ``None`` where the whole call is refused for it.
    """
    driver = stage.driver
    group = stage.group(2, type_=type_)
    first, last = stage.say(group, receipt=False), stage.say(group, receipt=False)
    unknown = Message(group, last.id + 1000, group.owner, wants_receipt=False)
    call = driver.joined([driver.recall(message) for message in (first, unknown, last)])
    if call is None:
        raise NotExercised("one call recalls one message")
    stage.let_show()
    answer = stage.patiently(call)
    if not answer.accepted:
        return None
    return (first, last), answer, until_recalled(stage, (first, last))


def ended(stage: Stage, what: str) -> Answer:
    """Dismiss a group that is larger than others, of another type, or has lost a message; ask."""
    driver = stage.driver
    group = _made(stage, what)
    stage.must(driver.dismiss(group))
    return stage.until(
        lambda: stage.call(driver.ask_members(group)), lambda answer: not answer.accepted
    )


def _made(stage: Stage, what: str) -> Conversation:
    if what == "crowd":
        return stage.group(_MANY)
    if what != "recall":
        return stage.group(1, type_=what)
    group = stage.group(2)
    stage.must(stage.driver.recall(stage.say(group)))
    return group
