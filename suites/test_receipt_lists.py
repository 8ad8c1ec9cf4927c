"""Receipts that name people name the right ones."""

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import pytest

from receiptspec.case import Case
from receiptspec.checks import receipts, values
from receiptspec.errors import NotExercised
from receiptspec.findings import Finding
from receiptspec.neutral import Conversation
from receiptspec.scenes import (
    across,
    afterwards,
    counting,
    exchanges,
    groups,
    lifecycle,
    meanwhile,
    neighbours,
    pairs,
    people,
    positions,
    questions,
    standing,
    turnover,
)
from receiptspec.stage import Stage


class Look(NamedTuple):
    """An answer, who has read which message, and the members, the sender first.

    Those who are `open` and those who are `loose` are as in `meanwhile.Glance`.
    """

    asked: groups.Asked
    readers: Mapping[object, Collection[object]]
    members: tuple[object, ...]
    open: tuple[object, ...] = ()
    loose: tuple[object, ...] = ()


def of_fixture(case: Case) -> list[groups.Asked]:
    """Return answers about the messages of a fixture, which anybody may read at any time."""
    if case.stage.target.writes:
        return []
    found = [case.scene(groups.good).fresh]
    still, answers = case.scene(standing.repeated) if still_asked(case) else (None, ())
    return found if still is None else [*found, *answers]


def still_asked(case: Case) -> bool:
    """Whether there is a fixture, and time to ask for it in several ways."""
    return case.profile.rank > 0 and not case.stage.target.writes


def must_name(asked: Sequence[groups.Asked]) -> None:
    """Raise `NotExercised` where no answer has a list to judge."""
    lists = (
        users
        for step in asked
        for receipt in step.receipts.values()
        for users in (receipt.readers, receipt.non_readers)
    )
    if all(users is None for users in lists):
        raise NotExercised("no answer names anybody, and nobody can be made to read")


def alone_as_together(case: Case, *, reading: bool) -> list[Finding]:
    """Expect a message of a fixture to have the same list whatever it is asked for with."""
    still, _ = case.scene(standing.repeated)
    if still is None:
        raise NotExercised("somebody reads the messages of the fixture meanwhile")
    must_name([still.before])
    findings: list[Finding] = []
    for _, step in still.between:
        for id_, receipt in step.receipts.items():
            known = still.before.receipts.get(id_)
            wanted = (known.readers if reading else known.non_readers) if known else None
            if wanted is not None:
                findings += receipts.listed(step.answer, receipt, reading, wanted)
    why = ", unlike in the answers before and after, about other messages"
    return [replace(finding, message=finding.message + why) for finding in findings[:1]]


def lost_on_the_way(case: Case) -> list[Finding]:
    """Expect all members of a fixture but one in the lists of each message: they have one sender.

    Others who are in them may have left.
    """
    members = case.scene(groups.good).group.members
    known = [
        (step.answer, receipt, {*receipt.readers, *receipt.non_readers})
        for step in of_fixture(case)
        for receipt in step.receipts.values()
        if receipt.readers is not None and receipt.non_readers is not None
    ]
    if not known or not members:
        return []
    left = [frozenset(members) - named for _, _, named in known]
    never = frozenset.intersection(*left)
    if len(frozenset.union(*left)) < 2:
        return []
    sender = never if len(never) == 1 else frozenset()
    wanted = [member for member in members if member not in sender]
    for (answer, receipt, named), missing in zip(known, left, strict=True):
        if missing - sender:
            return receipts.covered(answer, receipt, named & frozenset(wanted), wanted)
    return []


def steps(case: Case) -> list[Look]:
    """Return answers about groups with who has read what."""
    return [look for looks in step_by_step(case) for look in looks]


def step_by_step(case: Case) -> Iterator[list[Look]]:
    """Yield answers about groups with who has read what, what takes the fewest requests first."""
    ready = case.scene(groups.good)
    if case.stage.target.writes:
        nobody: dict[object, set[object]] = {m.id: set() for m in ready.messages}
        asked = [ready.fresh]
        if case.profile.rank > 0:  # twice, in another order, one by one: the same lists
            asked += [*case.scene(questions.asked_twice), case.scene(questions.reordered)]
            asked += case.scene(questions.split)
        yield [Look(step, nobody, ready.group.members) for step in asked]
    scene = case.attempt("receipts of messages that were read", counting.reading)
    if scene is None:
        return
    a, b, c = (message.id for message in scene.messages)
    first, second, *rest = scene.group.members[1:]
    everybody = {a: {first, second, *rest}, b: {second}, c: {second, *rest}}
    looks = [
        (scene.one, {a: {first}, b: set(), c: set()}),
        (scene.marked, {a: {first}, b: {second}, c: set()}),
        (scene.everybody, everybody),
    ]
    yield [Look(step, readers, scene.group.members) for step, readers in looks]
    if case.profile.rank > 0:
        crossed = case.scene(counting.permuted)
        one, other = (message.id for message in crossed.messages)
        members = crossed.messages[0].conversation.members
        x, y = members[1:3]
        rounds = ({one: {x}, other: {y}}, {one: {x, y}, other: {x, y}})
        yield [Look(*it, members) for it in zip(crossed.steps, rounds, strict=True)]
        yield watched(case)
        yield read_by_many(case)
        yield among_many(case)
        yield coming_and_going(case)
        yield [Look(case.scene(counting.interrupted), everybody, scene.group.members)]


def watched(case: Case) -> list[Look]:
    """Return answers about what is not the owner's, beside a recall, and of two people."""
    found: list[Look] = []
    for scene in (people.by_member, people.added_again, pairs.returned):
        seen = case.attempt("receipts of another group", scene)
        if seen is None:
            continue
        members = seen.message.conversation.members
        present = sender_first(seen.message.sender, members)
        found.append(Look(seen.before, {seen.message.id: set()}, present))
        if scene is people.added_again:  # what a second addition does to a reader is open
            left = tuple(member for member in present if member not in seen.readers)
            found.append(Look(seen.after, {seen.message.id: set()}, left, seen.readers))
        else:
            found.append(Look(seen.after, {seen.message.id: set(seen.readers)}, present))
        for own in seen.others:
            present = sender_first(own.sender, members)
            found.append(Look(seen.after, {own.id: set()}, present))
    with case.optional("receipts beside a message that was recalled"):
        spared = case.scene(lifecycle.spared)
        older, newer = (message.id for message in spared.extra["others"])
        read = {older: set(), newer: set(spared.extra["readers"])}
        asked = (spared.before, spared.after, *spared.extra["looks"])
        found += [Look(step, read, spared.group.members) for step in asked]
    for view in case.attempt("many messages of two people", exchanges.views) or ():
        for message in view.messages:
            members = message.conversation.members
            readers = members[1:] if message.id in view.read else ()
            found.append(Look(view.asked, {message.id: readers}, members))
    pair = case.attempt("receipts of two people", pairs.read)
    if pair is None:
        return found
    first, *others = (message.id for message in pair.messages)
    nobody: dict[object, set[object]] = {id_: set() for id_ in (first, *others)}
    members = pair.conversation.members
    found.append(Look(pair.before, nobody, members))
    if pair.after is not None:
        found.append(Look(pair.after, nobody | {first: {members[1]}}, members))
    for play in (pairs.read_on, pairs.reopened):
        on = case.scene(play).after
        if on is not None:
            read_by = nobody | {first: {members[1]}, others[1]: {members[1]}}
            found.append(Look(on, read_by, members))
    return found


def sender_first(sender: object, members: Sequence[object]) -> tuple[object, ...]:
    return (sender, *(member for member in members if member != sender))


def read_by_many(case: Case) -> list[Look]:
    """Return answers about messages of several senders, of several kinds, in groups of any size."""
    found: list[Look] = []
    plays = (people.many_senders, people.returning, people.adorned, people.fair)
    for play in (*plays, people.two, people.large):
        scene = case.attempt("receipts of another group", play)
        if scene is None:
            continue
        for message in scene.messages:
            present = sender_first(message.sender, scene.members)
            readers = scene.readers[message.id]
            found.append(Look(scene.before, {message.id: ()}, present))
            found.append(Look(scene.after, {message.id: readers}, present))
    with case.optional("receipts in a large group"):  # whose lists may end somewhere
        crowd = case.scene(people.crowded)
        sender, *others = crowd.message.conversation.members
        for asked, readers in ((crowd.before, ()), (crowd.after, crowd.readers)):
            read = {crowd.message.id: readers}
            found.append(Look(asked, read, (sender,), loose=tuple(others)))
    with case.optional("receipts in a group of one"):
        message, asked = case.scene(people.alone)
        found.append(Look(asked, {message.id: ()}, message.conversation.members))
    return found


def coming_and_going(case: Case) -> list[Look]:
    """Return answers about messages that were read before others came and left."""
    found = [of_glance(it) for it in case.attempt("others go on", meanwhile.glances) or ()]
    for play in (
        afterwards.read_after_changes,
        afterwards.own_reads,
        afterwards.turned,
        afterwards.stepwise,
        afterwards.refused,
        afterwards.of_far_users,
        afterwards.of_least_user,
        across.of_one_reader,
        across.read_again,
        across.at_once,
        across.among_writes,
        across.by_most,
        across.thinned,
        across.returned_sender,
        turned_over,
        neighbours.unnamed_read,
    ):
        found += map(of_glance, case.attempt("receipts after something else", play) or ())
    with case.optional("receipts when a read position was moved"):
        moved = case.scene(positions.moved)
        untouched: dict[object, set[object]] = {id_: set() for id_ in moved.after.receipts}
        owner, mover, *others = moved.group.members
        found.append(Look(moved.after, untouched, (owner, *others), (mover,)))
    with case.optional("a letter whose receiver's position was moved"):
        letter = case.scene(positions.of_receiver)
        sender, receiver = letter.message.conversation.members
        found.append(Look(letter.asked, {letter.message.id: ()}, (sender,), (receiver,)))
    scene = case.attempt("receipts while people come and go", people.outlived)
    if scene is None:
        return found
    id_ = scene.message.id
    looks = [
        Look(asked, {id_: set(who)}, there, loose=gone) for asked, there, who, gone in scene.looks
    ]
    return found + looks


def turned_over(stage: Stage) -> tuple[meanwhile.Glance, ...]:
    """Return what was answered about a group in which people leave and come."""
    return stage.scene(turnover.turnover).glances


def of_glance(seen: meanwhile.Glance) -> Look:
    """Return what a scene has looked at and what has to be seen."""
    readers = {seen.message.id: set(seen.readers)}
    return Look(seen.asked, readers, seen.there, seen.open, seen.loose)


def among_many(case: Case) -> list[Look]:
    """Return answers about many messages, of which one member reads the newest, one both ends."""
    batch = case.scene(counting.batch)
    members = batch.messages[0].conversation.members
    nobody: dict[object, set[object]] = {message.id: set() for message in batch.messages}
    by_one = nobody | {message.id: {members[1]} for message in batch.read}
    by_two = by_one | {m.id: {*by_one[m.id], members[2]} for m in batch.ends}
    found = [Look(step, nobody, members) for step in batch.before]
    found += [Look(step, by_one, members) for step in batch.after]
    return found + [Look(step, by_two, members) for step in batch.alone]


def listed(case: Case, *, reading: bool) -> list[Finding]:
    """Expect everybody in the list where they belong."""
    return until_found(case, lambda looks: misplaced(case, looks, reading=reading))


def until_found(
    case: Case,
    judge: Callable[[Sequence[Look]], list[Finding]],
    found: Sequence[Finding] = (),
) -> list[Finding]:
    """Judge what was answered; ask for no more when there is something to be found."""
    findings = [*found]
    for looks in step_by_step(case) if not case.is_news(found) else ():
        findings += judge(looks)
        if case.is_news(findings):
            break
    return findings


def misplaced(case: Case, looks: Sequence[Look], *, reading: bool) -> list[Finding]:
    findings: list[Finding] = []
    joining = reading and any(look.loose for look in looks) and joining_reads(case)
    for step, readers, (owner, *others), open_, loose in looks:
        for message, who in readers.items():
            receipt = step.receipts.get(message)
            if step.answer.accepted and receipt is not None:
                wanted = [user for user in others if (user in who) is reading]
                may = [user for user in loose if (user in who) is reading or joining]
                tolerated = [owner, *open_, *may]
                findings += receipts.listed(step.answer, receipt, reading, wanted, tolerated)
    return findings


def joining_reads(case: Case) -> bool:
    """Whether who joins may become a reader by that: moving the read index makes readers here."""
    moved = case.attempt("receipts when a read position was moved", positions.moved)
    return moved is None or any(receipt.read for receipt in moved.after.receipts.values())


@pytest.mark.check("receipt-list-is-an-array")
def test_the_receipts_come_in_an_array(case: Case) -> None:
    answers = [case.scene(groups.ready).fresh.answer]
    if case.profile.rank > 0:
        with contextlib.suppress(NotExercised):
            answers += [asked.answer for asked in case.scene(questions.split)]
    path = ".".join(("$", *case.given["at"]))
    findings: list[Finding] = []
    for answer in answers:
        found = answer.value
        for key in case.given["at"]:
            found = found.get(key) if isinstance(found, dict) else None
        if answer.accepted and not isinstance(found, list):
            findings += values.equal(answer, path, [], found, "the receipts are in no array")
    case.judge([*findings[:1], *case.witnessed_so_far()])


@pytest.mark.check("receipt-has-its-list")
def test_a_receipt_has_its_lists_under_their_names(case: Case) -> None:
    reading, name = case.given["read"], case.given["name"]
    findings: list[Finding] = []
    if not case.stage.target.writes:
        there = [r for step in of_fixture(case) for r in step.receipts.values()]
        if all((r.readers if reading else r.non_readers) is None for r in there):
            raise NotExercised(f"no item has {name}, and nobody can be made to read")
    for step, readers, (_, *others), *_ in steps(case):
        for message, who in readers.items():
            receipt = step.receipts.get(message)
            somebody = bool(who) if reading else len(who) < len(others)
            if step.answer.accepted and receipt is not None and somebody:
                findings += receipts.has_list(step.answer, receipt, reading, name)
    case.judge([*findings[:1], *case.witnessed_so_far()])


@pytest.mark.check("readers-are-listed")
@pytest.mark.views
def test_who_has_read_is_listed(case: Case) -> None:
    if still_asked(case):
        case.judge(alone_as_together(case, reading=True))
        return
    case.scene(counting.reading)
    case.judge(listed(case, reading=True))


@pytest.mark.check("non-readers-are-listed")
@pytest.mark.views
def test_who_has_not_read_is_listed(case: Case) -> None:
    if not case.stage.target.writes:
        case.profile.at_least("standard")
        case.judge(alone_as_together(case, reading=False))
        return
    case.judge(listed(case, reading=False))


@pytest.mark.check("receipt-lists-are-disjoint")
@pytest.mark.views
def test_nobody_is_named_twice(case: Case) -> None:
    findings: list[Finding] = []
    asked = [look.asked for look in steps(case)] + of_fixture(case)
    must_name(asked)
    for step in asked:
        for receipt in step.receipts.values():
            findings += receipts.disjoint(step.answer, receipt)
    case.judge(findings)


@pytest.mark.check("sender-is-in-no-list")
def test_the_sender_is_in_no_list(case: Case) -> None:
    pair = case.scene(pairs.fresh)
    ids: dict[object, tuple[object, ...]] = {message.id: () for message in pair.messages}
    findings = senders_listed([Look(pair.before, ids, pair.conversation.members)])
    case.judge(until_found(case, senders_listed, findings))


def senders_listed(looks: Sequence[Look]) -> list[Finding]:
    return [
        finding
        for look in looks
        for id_ in look.readers
        if id_ in look.asked.receipts
        for finding in receipts.not_listed(
            look.asked.answer, look.asked.receipts[id_], look.members[0], "the sender"
        )
    ]


@pytest.mark.check("receipt-lists-cover-members")
@pytest.mark.views
def test_every_other_member_is_in_one_list(case: Case) -> None:
    findings: list[Finding] = []
    if not case.stage.target.writes:
        must_name(of_fixture(case))
        if not case.scene(groups.good).group.members:
            raise NotExercised("the fixture does not say who its members are")
        findings += lost_on_the_way(case)
    case.judge(until_found(case, left_out, findings))


def left_out(looks: Sequence[Look]) -> list[Finding]:
    findings: list[Finding] = []
    for step, readers, (owner, *others), open_, loose in looks:
        for receipt in (step.receipts[id_] for id_ in readers if id_ in step.receipts):
            if receipt.readers is not None and receipt.non_readers is not None:
                both = {*receipt.readers, *receipt.non_readers} - {owner, *open_, *loose}
                findings += receipts.covered(step.answer, receipt, both, others)
    return findings


@pytest.mark.check("read-stays-read")
@pytest.mark.views
def test_who_has_read_stays_in_the_list(case: Case) -> None:
    scene = case.scene(counting.reading)
    first = scene.messages[0]
    once, again = scene.one.receipts.get(first.id), scene.marked.receipts.get(first.id)
    if once is not None and again is not None:  # some of them have read it again and again since
        readers = once.readers or ()
        step = scene.marked
        case.judge(receipts.listed(step.answer, again, True, readers, again.readers or ()))
    readers = scene.everybody.receipt(first).readers or ()
    findings: list[Finding] = []
    times = case.given["times"] if case.profile.rank > 0 else 1
    for turn in range(times):
        if turn == times - 1 and turn:
            disturb(case, scene.group)
        step = groups.asked(case.stage, case.stage.ask(scene.group, scene.messages))
        again = step.receipts.get(first.id)
        if step.answer.accepted and again is not None:
            findings = receipts.listed(step.answer, again, True, readers, again.readers or ())
        if findings:
            break
    case.judge(findings)


@pytest.mark.check("read-stays-read")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_who_has_read_is_a_reader_some_seconds_later(case: Case) -> None:
    scene, later = case.scene(counting.reading), case.scene(counting.later)
    findings: list[Finding] = []
    for message in scene.messages:
        before = scene.everybody.receipts.get(message.id)
        after = later.receipts.get(message.id)
        if before is not None and after is not None:
            readers, now = before.readers or (), after.readers or ()
            findings += receipts.listed(later.answer, after, True, readers, now)
    case.judge(findings + by_others_later(case))


def by_others_later(case: Case) -> list[Finding]:
    """Expect readers to be readers still of what another member sent, and of two people."""
    looks: list[tuple[groups.Asked, object, tuple[object, ...]]] = []
    with case.optional("a read of another member's message"):
        seen = case.scene(people.by_member)
        looks.append((case.scene(people.later_by_member), seen.message.id, seen.readers))
    with case.optional("reads of two people"):
        view = case.scene(exchanges.later)
        looks += [
            (view.asked, message.id, message.conversation.members[1:])
            for message in view.messages
            if message.id in view.read
        ]
    findings: list[Finding] = []
    for asked, id_, readers in looks:
        receipt = asked.receipts.get(id_)
        if receipt is not None:
            now = receipt.readers or ()
            findings += receipts.listed(asked.answer, receipt, True, readers, now)
    return findings


def disturb(case: Case, group: Conversation) -> None:
    """Send another message and take it back, let somebody come and go, where that can be done."""
    stage = case.stage
    with case.optional("a message taken back meanwhile"):
        stage.must(stage.driver.recall(stage.say(group)))
    guest = stage.users(len(group.members) + 1)[-1]
    with case.optional("somebody who came and went meanwhile"):
        stage.lets_in(stage.driver.add_members(group, [guest]))
        stage.must(stage.driver.remove_member(group, guest))
