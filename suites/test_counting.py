"""The numbers of a receipt count who has read a message and who has not."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from receiptspec.case import Case
from receiptspec.checks import receipts, refusals
from receiptspec.errors import NotExercised
from receiptspec.findings import Finding
from receiptspec.neutral import Message, Receipt
from receiptspec.scenes import (
    agreement,
    counting,
    groups,
    lifecycle,
    names,
    parallel,
    people,
    questions,
    standing,
)
from receiptspec.stage import Stage


def just_sent(case: Case) -> groups.Ready:
    """Return a group with messages that nobody had the time to read."""
    ready = case.scene(groups.good)
    if not case.stage.target.writes:
        raise NotExercised("needs a new message; the target may not be written to")
    return ready


def known(ready: groups.Ready) -> list[Receipt]:
    """Return the receipts of its messages that have numbers."""
    found = [ready.fresh.receipts.get(message.id) for message in ready.messages]
    return [receipt for receipt in found if receipt is not None and receipt.known]


@pytest.mark.check("new-message-is-unread")
def test_nobody_has_read_a_new_message(case: Case) -> None:
    ready = just_sent(case)
    findings: list[Finding] = []
    for receipt in known(ready):
        findings += receipts.fresh_read(ready.fresh.answer, receipt)
    if case.profile.rank > 0:
        findings += made_again(case)
    case.judge(findings)


def made_again(case: Case) -> list[Finding]:
    """Expect nobody to have read a message of a group whose id a dismissed one had."""
    scene = case.attempt("the id of a dismissed group", people.reborn)
    if scene is None:
        return []
    receipt = scene.after.receipts.get(scene.message.id)
    if not scene.after.answer.accepted or receipt is None or not receipt.known:
        return []
    return receipts.fresh_read(scene.after.answer, receipt)


@pytest.mark.check("new-message-waits-for-somebody")
def test_somebody_has_not_read_a_new_message(case: Case) -> None:
    ready = just_sent(case)
    findings: list[Finding] = []
    for receipt in known(ready):
        findings += receipts.fresh_unread(ready.fresh.answer, receipt, len(ready.group.members))
    left = (
        case.attempt("a group that some have left", people.thinned) if case.profile.rank else None
    )
    if left is not None:
        message, fresh, _ = left
        members = len(message.conversation.members)
        findings += receipts.fresh_unread(fresh.answer, fresh.receipt(message), members)
    case.judge(findings)


def steps(case: Case, field: str, sign: int) -> list[Finding]:
    """Judge one field over the steps of the reading scene."""
    scene = case.scene(counting.reading)
    a, b, c = scene.messages
    fresh = {message.id: scene.fresh.receipt(message) for message in scene.messages}
    findings: list[Finding] = []
    for message, step, by, why in (
        (a, scene.one, 1, "one member has read it"),
        (b, scene.marked, 1, "another member has read it"),
        (
            c,
            scene.everybody,
            len(scene.group.members) - 2,
            "all but one of the others have read it",
        ),
    ):
        after = step.receipts.get(message.id)
        if step.answer.accepted:
            findings += receipts.changed(
                step.answer, fresh[message.id], after, field, sign * by, why
            )
    findings += kept(scene, field, sign)
    if case.profile.rank > 0:
        findings += many(case, field, sign) + crosswise(case, field) + watched(case, field, sign)
    return findings


def kept(scene: counting.Reading, field: str, sign: int) -> list[Finding]:
    """Expect a read not to be taken back by reading again; whether it counts again is open."""
    message = scene.messages[0].id
    one, marked = scene.one.receipts.get(message), scene.marked.receipts.get(message)
    if one is None or marked is None:
        return []
    was, now = getattr(one, field), getattr(marked, field)
    if was is None or now is None or (now - was) * sign >= 0:
        return []
    why = "who had read it has read it again"
    return receipts.changed(scene.marked.answer, one, marked, field, 0, why)


def watched(case: Case, field: str, sign: int) -> list[Finding]:
    """Judge one field of a message to a crowd, and of one that is not the owner's."""
    findings: list[Finding] = []
    for scene, why in (
        (people.crowded, f"{people.READING} of {people.CROWD} members have read it"),
        (people.by_member, "the owner has read what another member had sent"),
        (people.of_outsider, "owner and a member have read what somebody outside had sent"),
        (people.of_administrator, "all members have read what the administrator had sent"),
        (people.added_again, "a member has read it and was added again without leaving"),
    ):
        seen = case.attempt(why, scene)
        if seen is None:
            continue
        before, after = seen.before.receipt(seen.message), seen.after.receipts.get(seen.message.id)
        if seen.after.answer.accepted:
            by = sign * len(seen.readers)
            findings += receipts.changed(seen.after.answer, before, after, field, by, why)
    for several, why in (
        (people.many_senders, "among messages of owner, administrator and members"),
        (people.returning, "after people left, came back and came later"),
        (people.adorned, "among messages with more than a text"),
        (people.optional, "among messages with options"),
        (names.read_apart, "in a group whose id is long"),
        (people.survivors, "when who sent it has left"),
        (people.reborn_read, "in a group that has the id of a dismissed one"),
    ):
        findings += of_several(case, several, field, sign, why)
    return findings + one_by_one(case, field, sign) + interrupted(case, field, sign)


def interrupted(case: Case, field: str, sign: int) -> list[Finding]:
    """Judge one field of a message sent after an import, and that none forgets its readers."""
    found = case.attempt("reads before and after an import", lifecycle.interrupted)
    if found is None or not found[0].before.answer.accepted:
        return []
    scene, read = found
    first, *_, newest = scene.messages
    before, after = scene.before, scene.after
    findings: list[Finding] = []
    if field == "read":
        was, now = read.receipts.get(first.id), before.receipts.get(first.id)
        if was is not None and was.known:
            why = "older messages were imported"
            findings += receipts.changed(before.answer, was, now, field, 0, why)
    # what becomes unread by an import is said of conversations: only numbers of readers are kept
    for message in scene.messages if field == "read" else (newest,):
        one = before.receipts.get(message.id)
        if one is not None and one.known and after.answer.accepted:
            why = "being read when others were recalled and imported"
            now = after.receipts.get(message.id)
            findings += receipts.changed(after.answer, one, now, field, sign, why)
    return findings


def one_by_one(case: Case, field: str, sign: int) -> list[Finding]:
    """Judge one field of a message that one after the other has read."""
    found = case.attempt("reads one by one", counting.one_by_one)
    if found is None:
        return []
    message, fresh, steps = found
    findings: list[Finding] = []
    for number, step in enumerate(steps, 1):
        after = step.receipts.get(message.id)
        if step.answer.accepted:
            why = f"{number} have read it one by one"
            by = sign * number
            findings += receipts.changed(step.answer, fresh.receipt(message), after, field, by, why)
    return findings[:1]


def of_several(
    case: Case, play: Callable[[Stage], groups.Several], field: str, sign: int, why: str
) -> list[Finding]:
    """Judge one field of messages that different people have read."""
    scene = case.attempt(f"reads {why}", play)
    if scene is None:
        return []
    findings: list[Finding] = []
    for message in scene.messages if scene.after.answer.accepted else ():
        before, after = scene.before.receipts.get(message.id), scene.after.receipts.get(message.id)
        if before is not None and before.known:
            by = len(scene.readers[message.id])
            reason = f"being read by {by} {why}"
            findings += receipts.changed(
                scene.after.answer, before, after, field, sign * by, reason
            )
    return findings


def crosswise(case: Case, field: str) -> list[Finding]:
    """Compare two messages that as many members have read, whoever was first."""
    scene = case.scene(counting.permuted)
    one, other = (message.id for message in scene.messages)
    findings: list[Finding] = []
    for step in scene.steps:
        if step.answer.accepted and one in step.receipts and step.receipts[one].known:
            after = step.receipts.get(other)
            why = f"as many members have read it as have read message {one}; there it"
            findings += receipts.changed(step.answer, step.receipts[one], after, field, 0, why)
    return findings


def many(case: Case, field: str, sign: int) -> list[Finding]:
    """Judge one field of many messages of which one member has read the newest in one go."""
    batch = case.scene(counting.batch)
    read = {message.id for message in batch.read}
    findings: list[Finding] = []
    for fresh, step in zip(batch.before, batch.after, strict=False):
        for id_, before in fresh.receipts.items() if step.answer.accepted else ():
            by = sign if id_ in read else 0
            why = "one member has read it among many" if by else "one member has read others"
            if before.known:
                after = step.receipts.get(id_)
                findings += receipts.changed(step.answer, before, after, field, by, why)
    ends = zip(batch.ends, ("first", "last"), (0, -1), strict=True)
    for message, which, place in ends if batch.alone else ():
        fresh, step = batch.after[place], batch.alone[place]
        why = f"a member has read it, the {which} of many"
        unread = fresh.receipts.get(message.id)
        if step.answer.accepted and unread is not None and unread.known:
            after = step.receipts.get(message.id)
            findings += receipts.changed(step.answer, unread, after, field, sign, why)
    return findings


@pytest.mark.check("read-raises-read-count")
def test_one_read_raises_the_read_count_by_one(case: Case) -> None:
    case.judge(steps(case, "read", +1))


@pytest.mark.check("read-lowers-unread-count")
def test_one_read_lowers_the_unread_count_by_one(case: Case) -> None:
    case.judge(steps(case, "unread", -1))


@pytest.mark.check("read-by-all-leaves-nobody")
def test_when_all_others_have_read_nobody_is_left(case: Case) -> None:
    scene = case.scene(counting.reading)
    last = scene.everybody
    case.judge(receipts.nothing_left(last.answer, last.receipt(scene.messages[0])))


@pytest.mark.check("no-more-readers-than-members")
def test_reading_again_does_not_make_more_readers_than_members(case: Case) -> None:
    scene = case.scene(counting.reading)
    message, members = scene.messages[0], len(scene.group.members)
    before, after = scene.one.receipt(message), scene.marked.receipt(message)
    case.observe("repeated reads that were accepted", scene.repeats)
    case.observe("a repeated read counts again", "no" if after.read == before.read else "yes")
    findings: list[Finding] = []
    for step in (scene.marked, scene.everybody):
        findings += receipts.within(
            step.answer, step.receipt(message), members, "one of them read it again and again"
        )
    if case.profile.rank > 0:
        findings += insistent(case)
        findings += through_both_doors(case)
    case.judge(findings[:1])


def through_both_doors(case: Case) -> list[Finding]:
    """Expect no more readers than members where they read with an SDK and by its server's API."""
    if case.stage.driver.server is None:
        return []
    scene = case.attempt("reads with the SDK and by the API", agreement.both_doors)
    if scene is None:
        return []
    messages, seen = scene
    findings: list[Finding] = []
    for message in messages:
        receipt, answer = seen.receipts.get(message.id), seen.answer
        if receipt is not None and receipt.known:
            why = "its readers read it with the SDK and by the server's API"
            members = len(message.conversation.members)
            findings += receipts.within(answer, receipt, members, why)
    return findings


def insistent(case: Case) -> list[Finding]:
    """Expect no more readers than members either where one call or one person insists."""
    findings: list[Finding] = []
    found = case.attempt("a member who insists on reading", counting.insistent)
    if found is not None:
        message, steps = found
        for step, why in steps:
            findings += no_more_than_members(step, message, why)
    turns = case.attempt("two members who read in turns", counting.turn_about)
    if turns is not None:
        first, second, step = turns
        for message in (first, second):
            why = "the two others read it in turns, alone and with another message"
            findings += no_more_than_members(step, message, why)
    return findings


def no_more_than_members(step: groups.Asked, message: Message, why: str) -> list[Finding]:
    """Expect a message to have no more readers than its group has members."""
    receipt = step.receipts.get(message.id)
    if not step.answer.accepted or receipt is None or not receipt.known:
        return []
    return receipts.within(step.answer, receipt, len(message.conversation.members), why)


@pytest.mark.check("no-more-readers-than-members")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_reading_again_later_does_not_make_more_readers_than_members(case: Case) -> None:
    message, step = case.scene(counting.turned_later)
    why = "the two others read it again some seconds later"
    case.judge(no_more_than_members(step, message, why))


@pytest.mark.check("reads-stay-with-their-message")
def test_reading_one_message_leaves_the_others_alone(case: Case) -> None:
    scene = case.scene(counting.reading)
    _, b, c = (message.id for message in scene.messages)
    why = "another message was read"
    case.judge(
        [
            *(left_alone(case) if case.profile.rank > 0 else ()),
            *(older_ones(case) if case.profile.rank > 0 else ()),
            *receipts.same(scene.one.answer, scene.fresh.receipts, scene.one.receipts, [b, c], why),
            *receipts.same(
                scene.marked.answer, scene.fresh.receipts, scene.marked.receipts, [c], why
            ),
            *receipts.same(
                scene.everybody.answer, scene.marked.receipts, scene.everybody.receipts, [b], why
            ),
        ]
    )


def older_ones(case: Case) -> list[Finding]:
    """Expect of many messages the older to keep their numbers, and then all but the ends."""
    batch = case.scene(counting.batch)
    read = {message.id for message in batch.read}
    findings: list[Finding] = []
    for fresh, step in zip(batch.before, batch.after, strict=False):
        if step.answer.accepted:
            left = [id_ for id_ in fresh.receipts if id_ not in read]
            why = "newer messages were read"
            findings += receipts.same(step.answer, fresh.receipts, step.receipts, left, why)
    ends = {message.id for message in batch.ends}
    for fresh, step in zip(batch.after, batch.alone, strict=False):
        if step.answer.accepted:
            left = [id_ for id_ in fresh.receipts if id_ not in ends]
            why = "the first message and the last were read"
            findings += receipts.same(step.answer, fresh.receipts, step.receipts, left, why)
    return findings


def left_alone(case: Case) -> list[Finding]:
    """Expect the numbers of messages to stay when another is recalled."""
    scene = case.attempt("messages beside one that was recalled", lifecycle.spared)
    if scene is None or not scene.after.answer.accepted:
        return []
    ids = [message.id for message in scene.extra["others"]]
    why = "another message was recalled"
    findings: list[Finding] = []
    for look in (scene.after, *scene.extra["looks"]):
        findings += receipts.same(look.answer, scene.before.receipts, look.receipts, ids, why)
    return findings


@pytest.mark.check("asking-changes-nothing")
def test_asking_twice_gets_the_same_numbers(case: Case) -> None:
    if standing.stands(case.stage):
        case.judge(standing_still(case))
        return
    ready = case.scene(groups.good)
    one, two = case.scene(questions.asked_twice)
    ids = [message.id for message in ready.messages]
    why = "being asked for"
    findings = receipts.same(one.answer, ready.fresh.receipts, one.receipts, ids, why)
    findings += receipts.same(two.answer, one.receipts, two.receipts, ids, why)
    if case.profile.rank == 0:
        case.judge(findings)
        return
    turned = case.scene(questions.reordered)
    why = "being asked for in another order"
    findings += receipts.same(turned.answer, two.receipts, turned.receipts, ids, why)
    for message, alone in zip(ready.messages, case.scene(questions.split), strict=True):
        why = "being asked for alone"
        findings += receipts.same(alone.answer, two.receipts, alone.receipts, [message.id], why)
    case.judge(findings)


def standing_still(case: Case) -> list[Finding]:
    """Expect the same of messages that stand, and no number to come back that was replaced."""
    found, answers = case.scene(standing.repeated)
    flip = standing.flipped(answers, case.stage.target.consistency)
    if flip is not None:
        later, back, message, field = flip
        one, two = later.receipts[message], back.receipts[message]
        why = f"being {getattr(two, field)} earlier"
        return receipts.changed(back.answer, one, two, field, 0, why)
    if found is None:
        rising = standing.counting(case.scene(standing.paced))
        if rising is not None:
            first, second, message = rising
            was, now = first.receipts[message], second.receipts.get(message)
            why = "being asked for, each time alike"
            return receipts.changed(second.answer, was, now, "read", 0, why)
        raise NotExercised("somebody reads the messages of the fixture meanwhile")
    findings: list[Finding] = []
    for why, asked in found.between:
        ids = case.stage.driver.named_messages(asked.answer.request_body)
        findings += receipts.same(asked.answer, found.before.receipts, asked.receipts, ids, why)
    return findings


@pytest.mark.check("asking-changes-nothing")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_the_numbers_are_the_same_some_seconds_later(case: Case) -> None:
    ready, later = case.scene(groups.good), case.scene(questions.later_unread)
    ids = [message.id for message in ready.messages]
    why = "some seconds later"
    findings = receipts.same(later.answer, ready.fresh.receipts, later.receipts, ids, why)
    with case.optional("messages that were read, later"):
        scene, after = case.scene(counting.reading), case.scene(counting.later)
        ids = [message.id for message in scene.messages]
        findings += receipts.same(after.answer, scene.everybody.receipts, after.receipts, ids, why)
    case.judge(findings)


@pytest.mark.check("reads-stay-in-their-group")
@pytest.mark.views
def test_reading_in_one_group_leaves_another_alone(case: Case) -> None:
    here, there = case.scene(counting.separate)
    findings = receipts.same(
        there.after.answer,
        there.before.receipts,
        there.after.receipts,
        [there.message.id],
        "a message with the same id in another group was read",
    )
    small, large = here.before.receipt(here.message), there.before.receipt(there.message)
    more = len(there.group.members) - len(here.group.members)
    why = f"the same id in a group of {more} more; there it"
    fresh = small.read in (0, None) and (small.unread or 0) >= len(here.group.members) - 1
    if fresh:  # else its own numbers are wrong, and say nothing of another group's
        expected = replace(large, unread=small.unread, read=small.read)
        findings += receipts.changed(there.before.answer, expected, large, "unread", more, why)
    case.judge(findings)


@pytest.mark.check("reads-stay-in-their-group")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_two_groups_that_are_asked_for_at_once_have_their_own_numbers(case: Case) -> None:
    findings: list[Finding] = []
    for scene, ids, asked in case.scene(parallel.questions):
        known = scene.fresh if isinstance(scene, groups.Ready) else scene.everybody
        why = "another group was asked for at the same time"
        findings += receipts.same(asked.answer, known.receipts, asked.receipts, ids, why)
    case.judge(findings)


@pytest.mark.check("reads-stay-in-their-group")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_groups_whose_ids_are_alike_have_their_own_numbers(case: Case) -> None:
    scene = case.scene(names.alike)
    findings: list[Finding] = []
    steps = zip(scene.messages[:-1], scene.before, scene.after, strict=False)
    for message, before, after in steps:
        why = f"a message was read in a group whose id is like {message.conversation.id}"
        same = receipts.same(after.answer, before.receipts, after.receipts, [message.id], why)
        findings += same
    for answer in scene.left:
        findings += refusals.accepted(answer, "a group whose id is like that of a dismissed one")
    if scene.read is not None and scene.left and scene.left[0].accepted:
        why = "a group was dismissed whose id is the beginning of this one's, or like it"
        read, now, ids = scene.read.receipts, scene.left[0], [scene.messages[0].id]
        findings += receipts.same(now, read, case.stage.receipts(now), ids, why)
    marked = case.attempt("ids like one that is full of marks", names.marked)
    if marked is not None:
        for name, answer in marked.mistaken:
            findings += refusals.refused(answer, f"{name!r} in place of {marked.name!r}")
    case.judge(findings)


def hasty(case: Case, steps: slice) -> list[Finding]:
    """Expect reads to count that were made at once after another write."""
    findings: list[Finding] = []
    for step in case.scene(counting.hasty)[steps]:
        answer, after = step.after.answer, step.after.receipts.get(step.message.id)
        if answer.accepted:
            findings += receipts.changed(answer, step.before, after, "read", step.read, step.why)
    return findings


@pytest.mark.check("reads-stay-in-their-group")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_reads_in_two_groups_at_once_count_in_both(case: Case) -> None:
    case.judge(hasty(case, slice(2)))


@pytest.mark.check("read-raises-read-count")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_a_read_at_once_after_a_recall_or_a_dismissal_counts(case: Case) -> None:
    case.judge(hasty(case, slice(2, None)))


@pytest.mark.check("reads-stay-in-their-group")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_a_recall_in_one_group_leaves_another_alone(case: Case) -> None:
    scene = case.scene(names.apart)
    why = "the message of the same number in another group was recalled"
    before, after = scene.before.receipts, scene.after.receipts
    case.judge(receipts.same(scene.after.answer, before, after, [scene.message.id], why))
