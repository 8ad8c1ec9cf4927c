"""Who is a member: accounts that are imported, groups that people join and leave."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from receiptspec.errors import NotExercised, StaleFixture
from receiptspec.neutral import Answer, Conversation, Kind
from receiptspec.scenes.calls import good_call
from receiptspec.scenes.groups import good
from receiptspec.scenes.people import CROWD, crowded, reborn
from receiptspec.stage import Stage

__all__ = ["Told", "told_members"]

_PAGES = 9  # of a large group's members


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, what was expected to be in it, and what was."""

    answer: Answer
    wanted: Any
    got: Any


def open_house(stage: Stage) -> Conversation:
    """Make a group whose members come and go."""
    return stage.group(2)


def added(stage: Stage) -> tuple[Any, Answer, Answer]:
    """Add somebody twice."""
    newcomer = stage.users(6)[5]
    call = stage.driver.add_members(stage.scene(open_house), [newcomer])
    first = stage.adding(call)

    def result(answer: Answer) -> Any:
        return stage.driver.added(answer).get(newcomer)

    again = stage.until(
        lambda: stage.patiently(call), lambda answer: result(answer) != result(first)
    )
    return newcomer, first, again


def added_with(stage: Stage) -> tuple[Any, Any, Any, Answer]:
    """Add somebody who is there, somebody who is not, and the owner, in one call."""
    group = stage.scene(open_house)
    member, _, _ = stage.scene(added)
    newcomer = stage.users(7)[6]
    call = stage.driver.add_members(group, [member, newcomer, group.owner])
    stage.let_show()  # of one call, what it says of the newcomer cannot be asked for again
    return member, newcomer, group.owner, stage.patiently(call)


def added_back(stage: Stage) -> tuple[Any, Answer]:
    """Remove a member and add the same one again."""
    group = stage.group(3)
    member = group.members[1]
    stage.must(stage.driver.remove_member(group, member))
    stage.let_show()
    return member, stage.patiently(stage.driver.add_members(group, [member]))


def many_added(stage: Stage) -> tuple[list[Any], Answer]:
    """Add to a group as many as there are in a crowd, or as one call may add."""
    stage.scene(crowded)
    users = list(stage.users(CROWD)[2:][: stage.driver.at_once])
    return users, stage.patiently(stage.driver.add_members(stage.group(2), users))


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
    _, newcomer, *_ = stage.scene(added_with)
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


def members_after_removals(stage: Stage, most: int) -> tuple[Told, Answer, Told | None]:
    """Remove members, some in one call and as many as one call may in another; ask after each.

    Returns also the answer to the latter, and nothing after it where that is a refusal.
    """
    if not stage.driver.over_http:
        raise NotExercised("every member would be a program of its own")
    some, left = 9, 3
    group = stage.group(some + most + left)
    gone = group.members[left : left + some]
    stage.must(stage.driver.remove_member(group, *gone))
    stayed = tuple(member for member in group.members if member not in gone)
    first = _until_all_listed(stage, replace(group, members=stayed))
    answer = stage.patiently(stage.driver.remove_member(group, *stayed[left:]))
    stage.needs(answer)
    return first, answer, told_members(stage, group, stayed[:left]) if answer.accepted else None


def too_many_removed(stage: Stage, most: int) -> Told | None:
    """Remove two members beside others who are none, one more in all than a call may name; ask.

    Returns ``None`` where that is refused.
    """
    group = stage.group(4)
    _, first, stays, last = group.members
    guests = [f"rs{stage.namespace}-g{index}" for index in range(most - 1)]
    answer = stage.call(stage.driver.remove_member(group, first, *guests, last))
    return told_members(stage, group, (group.owner, stays)) if answer.accepted else None


def begun_with(stage: Stage, most: int) -> tuple[Told | None, Answer]:
    """Make a group with one member more than a call takes, and with so many where it is refused.

    Returns who is in the larger group, ``None`` where there is none, and the last answer.
    """
    driver, (owner, *others) = stage.driver, stage.users(most + 2)
    name = f"rs{stage.namespace}"
    answer = stage.call(driver.make_group(driver.group_type, name, owner, others))
    id_ = driver.made_group(answer) if answer.accepted else None
    if id_ is not None:
        people = (owner, *others)
        group = Conversation(Kind.GROUP, id_, driver.group_type, owner, people)
        return _until_all_listed(stage, group), answer
    return None, stage.patiently(driver.make_group(driver.group_type, name, owner, others[:most]))


def members_added_at_once(stage: Stage, size: int, full: tuple[Any, ...]) -> Told:
    """Add many members in one call, and ask for the members.

    `NotExercised` where some have to be let in by somebody, or a group is `full` before: a code.
    """
    group = stage.group(1)
    _, *others = stage.users(size + 1)
    answer = stage.patiently(stage.driver.add_members(group, others))
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


def users_imported(stage: Stage, count: int) -> Answer:
    """Import more accounts at once than one call may."""
    names = [f"rs{stage.namespace}-m{index}" for index in range(count)]
    return stage.call(stage.driver.import_users(names))


@dataclass(frozen=True, slots=True)
class Imported:
    """The answer to the import of many accounts: one that was there, and one that was not.

    `left_out` is who is said to have failed there and in a list of two, and is imported alone.
    """

    known: Any
    newest: Any
    answer: Answer
    left_out: Any = None


def known_imported(stage: Stage, count: int) -> Imported:
    """Import as many accounts at once as one call may, the first ones being there already."""
    good_call(stage, stage.driver.import_users([]).operation)
    user = stage.users(1)[0]
    names = [stage.user(index) for index in range(count - 1)]
    newest = f"rs{stage.namespace}{stage.anew}-last"
    answer = stage.call(stage.driver.import_users([*names, newest]))
    failed = stage.driver.failed_users(answer) if answer.accepted else []
    left_out = next((name for name in names if name in failed and name != user), None)
    if left_out is not None and not _is_left_out(stage, user, left_out):
        left_out = None
    return Imported(user, newest, answer, left_out)


def _is_left_out(stage: Stage, known: Any, name: Any) -> bool:
    """Whether an account cannot be imported in a list and can alone."""
    if not all(stage.call(call).accepted for call in stage.driver.make_users([name])):
        return False
    again = stage.call(stage.driver.import_users([known, name]))
    return again.accepted and name in stage.driver.failed_users(again)


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
