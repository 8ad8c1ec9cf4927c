"""The numbers of a receipt count who has read a message and who has not."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from receiptspec.case import Case
from receiptspec.checks import receipts, refusals
from receiptspec.errors import NotExercised
from receiptspec.findings import Finding
from receiptspec.scenes import groups, kinds, lifecycle, pairs, parallel, setup
from receiptspec.stage import Stage


@pytest.mark.check("every-message-is-answered")
def test_every_message_of_a_list_is_answered(case: Case) -> None:
    ready = case.scene(groups.good)
    asked = [message.id for message in ready.messages]
    findings = receipts.each_answered(ready.fresh.answer, ready.fresh.receipts, asked[:3])
    if case.profile.rank > 0 and case.stage.target.writes:
        findings += among_many(case)
        findings += sent_by_another(case)
        findings += beside_recalled(case)
        findings += read_ones(case) + of_pairs(case) + with_more(case)
    if case.profile.rank > 0:
        findings += asked_again(case, asked)
    case.judge(findings)


def among_many(case: Case) -> list[Finding]:
    """Expect an item for each message of a list as long as the target takes."""
    batch = case.scene(groups.batch)
    case.observe(f"lists that {len(batch.messages)} messages need", len(batch.before))
    return [
        finding
        for step in (*batch.before, *batch.after)
        if step.answer.accepted
        for finding in receipts.each_answered(
            step.answer, step.receipts, case.stage.driver.named_messages(step.answer.request_body)
        )
    ]


def sent_by_another(case: Case) -> list[Finding]:
    """Expect an item for what a member has sent who is not the owner."""
    try:
        message, seen = case.scene(groups.of_member)
    except NotExercised as reason:
        case.observe("what another member sends", str(reason))
        return []
    if not seen.answer.accepted:
        return []
    return receipts.each_answered(seen.answer, seen.receipts, [message.id])


def spared(case: Case) -> groups.Changed | None:
    """Return what was told of messages before and after another was recalled, if it was."""
    try:
        scene = case.scene(lifecycle.spared)
    except NotExercised as reason:
        case.observe("messages beside one that was recalled", str(reason))
        return None
    return scene if scene.after.answer.accepted else None


def beside_recalled(case: Case) -> list[Finding]:
    """Expect items for the messages around one that was recalled; its own is open."""
    scene = spared(case)
    if scene is None:
        return []
    ids = [message.id for message in scene.extra["others"]]
    return receipts.each_answered(scene.after.answer, scene.after.receipts, ids)


def asked_again(case: Case, ids: list[Any]) -> list[Finding]:
    """Expect items in every later answer: that a new message is late is over by then."""
    whole = [*case.scene(groups.asked_twice), case.scene(groups.reordered)]
    alone = zip(case.scene(groups.split), ids, strict=True)
    asked = [(step, ids) for step in whole] + [(step, [id_]) for step, id_ in alone]
    return [
        finding
        for step, wanted in asked
        if step.answer.accepted
        for finding in receipts.each_answered(step.answer, step.receipts, wanted)
    ]


def read_ones(case: Case) -> list[Finding]:
    """Expect items for messages that were read as well, where somebody can read."""
    try:
        scene = case.scene(groups.reading)
    except NotExercised as reason:
        case.observe("messages that were read", str(reason))
        return []
    ids = [message.id for message in scene.messages]
    return [
        finding
        for step in (scene.one, scene.everybody)
        if step.answer.accepted
        for finding in receipts.each_answered(step.answer, step.receipts, ids)
    ]


def of_pairs(case: Case) -> list[Finding]:
    """Expect items for what two people have sent and read, whatever was done meanwhile."""
    findings: list[Finding] = []
    if case.stage.driver.make_pair(*case.stage.users(2)) is None:
        return []  # two people need no conversation, and have no receipts of this operation
    for play in (pairs.read, pairs.read_on, pairs.reopened):
        try:
            pair = case.scene(play)
        except NotExercised as reason:
            case.observe("messages of two people", str(reason))
            return findings
        ids = [message.id for message in pair.messages]
        if pair.after is not None and pair.after.answer.accepted:
            findings += receipts.each_answered(pair.after.answer, pair.after.receipts, ids)
    back = case.scene(pairs.returned)
    ids = [message.id for message in (back.message, *back.others)]
    for step in (back.before, back.after):
        if step.answer.accepted:
            findings += receipts.each_answered(step.answer, step.receipts, ids)
    return findings


def with_more(case: Case) -> list[Finding]:
    """Expect items for messages with more than a text, and in a group of one."""
    findings: list[Finding] = []
    try:
        scene = case.scene(groups.adorned)
        ids = [message.id for message in scene.messages]
        for step in (scene.before, scene.after):
            if step.answer.accepted:
                findings += receipts.each_answered(step.answer, step.receipts, ids)
    except NotExercised as reason:
        case.observe("messages with more than a text", str(reason))
    return findings


@pytest.mark.check("every-message-is-answered")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_every_message_is_answered_some_seconds_later(case: Case) -> None:
    findings: list[Finding] = []
    for earlier, play in (
        (case.scene(groups.good).fresh, groups.later_unread),
        (case.scene(groups.reading).everybody, groups.later),
    ):
        ids = [id_ for id_, receipt in earlier.receipts.items() if receipt.known]
        step = case.scene(play)
        if step.answer.accepted:
            findings += receipts.each_answered(step.answer, step.receipts, ids)
    case.judge(findings)


@pytest.mark.check("order-is-observed")
def test_the_order_of_items_is_recorded(case: Case) -> None:
    reordered = case.scene(groups.reordered)
    ready = case.scene(groups.good)
    wanted = [message.id for message in reversed(ready.messages)]
    got = list(reordered.receipts)
    case.observe("items in the order of the request", "yes" if got == wanted else "no")
    case.judge(())


@pytest.mark.check("new-message-is-unread")
def test_nobody_has_read_a_new_message(case: Case) -> None:
    ready = case.scene(groups.good)
    findings: list[Finding] = []
    if not case.stage.target.writes:
        raise NotExercised("needs a new message; the target may not be written to")
    for message in ready.messages:
        receipt = ready.fresh.receipts.get(message.id)
        if receipt is not None and receipt.known:
            findings += receipts.fresh_read(ready.fresh.answer, receipt)
    if case.profile.rank > 0:
        findings += made_again(case)
    case.judge(findings)


def made_again(case: Case) -> list[Finding]:
    """Expect nobody to have read a message of a group whose id a dismissed one had."""
    try:
        scene = case.scene(groups.reborn)
    except NotExercised as reason:
        case.observe("the id of a dismissed group", str(reason))
        return []
    receipt = scene.after.receipts.get(scene.message.id)
    if not scene.after.answer.accepted or receipt is None or not receipt.known:
        return []
    return receipts.fresh_read(scene.after.answer, receipt)


@pytest.mark.check("new-message-waits-for-somebody")
def test_somebody_has_not_read_a_new_message(case: Case) -> None:
    ready = case.scene(groups.good)
    findings: list[Finding] = []
    if not case.stage.target.writes:
        raise NotExercised("needs a new message; the target may not be written to")
    for message in ready.messages:
        receipt = ready.fresh.receipts.get(message.id)
        if receipt is not None and receipt.known:
            findings += receipts.fresh_unread(ready.fresh.answer, receipt, len(ready.group.members))
    case.judge(findings)


def steps(case: Case, field: str, sign: int) -> list[Finding]:
    """Judge one field over the steps of the reading scene."""
    scene = case.scene(groups.reading)
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


def kept(scene: groups.Reading, field: str, sign: int) -> list[Finding]:
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
        (groups.crowded, f"{groups.READING} of {groups.CROWD} members have read it"),
        (groups.by_member, "the owner has read what another member had sent"),
        (groups.of_outsider, "owner and a member have read what somebody outside had sent"),
        (groups.added_again, "a member has read it and was added again without leaving"),
    ):
        try:
            seen = case.scene(scene)
        except NotExercised as reason:
            case.observe(why, str(reason))
            continue
        before, after = seen.before.receipt(seen.message), seen.after.receipts.get(seen.message.id)
        if seen.after.answer.accepted:
            by = sign * len(seen.readers)
            findings += receipts.changed(seen.after.answer, before, after, field, by, why)
    for several, why in (
        (groups.many_senders, "among messages of owner, administrator and members"),
        (groups.returning, "after people left, came back and came later"),
        (groups.adorned, "among messages with more than a text"),
    ):
        findings += of_several(case, several, field, sign, why)
    return findings


def of_several(
    case: Case, play: Callable[[Stage], groups.Several], field: str, sign: int, why: str
) -> list[Finding]:
    """Judge one field of messages that different people have read."""
    try:
        scene = case.scene(play)
    except NotExercised as reason:
        case.observe(f"reads {why}", str(reason))
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
    scene = case.scene(groups.permuted)
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
    batch = case.scene(groups.batch)
    read = {message.id for message in batch.read}
    findings: list[Finding] = []
    for fresh, step in zip(batch.before, batch.after, strict=False):
        for id_, before in fresh.receipts.items() if step.answer.accepted else ():
            by = sign if id_ in read else 0
            why = "one member has read it among many" if by else "one member has read others"
            if before.known:
                after = step.receipts.get(id_)
                findings += receipts.changed(step.answer, before, after, field, by, why)
    return findings


@pytest.mark.check("read-raises-read-count")
def test_one_read_raises_the_read_count_by_one(case: Case) -> None:
    case.judge(steps(case, "read", +1))


@pytest.mark.check("read-lowers-unread-count")
def test_one_read_lowers_the_unread_count_by_one(case: Case) -> None:
    case.judge(steps(case, "unread", -1))


@pytest.mark.check("read-by-all-leaves-nobody")
def test_when_all_others_have_read_nobody_is_left(case: Case) -> None:
    scene = case.scene(groups.reading)
    last = scene.everybody
    case.judge(receipts.nothing_left(last.answer, last.receipt(scene.messages[0])))


@pytest.mark.check("no-more-readers-than-members")
def test_reading_again_does_not_make_more_readers_than_members(case: Case) -> None:
    scene = case.scene(groups.reading)
    message, members = scene.messages[0], len(scene.group.members)
    before, after = scene.one.receipt(message), scene.marked.receipt(message)
    case.observe("repeated reads that were accepted", scene.repeats)
    case.observe("a repeated read counts again", "no" if after.read == before.read else "yes")
    findings: list[Finding] = []
    for step in (scene.marked, scene.everybody):
        findings += receipts.within(
            step.answer, step.receipt(message), members, "one of them read it again and again"
        )
    case.judge(findings[:1])


@pytest.mark.check("reads-stay-with-their-message")
def test_reading_one_message_leaves_the_others_alone(case: Case) -> None:
    scene = case.scene(groups.reading)
    _, b, c = (message.id for message in scene.messages)
    why = "another message was read"
    left = spared(case) if case.profile.rank > 0 and case.stage.target.writes else None
    case.judge(
        [
            *(left_alone(left) if left is not None else ()),
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
    """Expect the older of many messages to keep their numbers when the newer ones are read."""
    batch = case.scene(groups.batch)
    read = {message.id for message in batch.read}
    findings: list[Finding] = []
    for fresh, step in zip(batch.before, batch.after, strict=False):
        if step.answer.accepted:
            left = [id_ for id_ in fresh.receipts if id_ not in read]
            why = "newer messages were read"
            findings += receipts.same(step.answer, fresh.receipts, step.receipts, left, why)
    return findings


def left_alone(scene: groups.Changed) -> list[Finding]:
    """Expect the numbers of messages to stay when another is recalled."""
    ids = [message.id for message in scene.extra["others"]]
    why = "another message was recalled"
    findings: list[Finding] = []
    for look in (scene.after, *scene.extra["looks"]):
        findings += receipts.same(look.answer, scene.before.receipts, look.receipts, ids, why)
    return findings


@pytest.mark.check("plain-message-has-no-receipt")
def test_a_message_that_did_not_ask_has_no_receipt(case: Case) -> None:
    asked, plain = case.scene(groups.plain_only), case.scene(groups.good).plain
    assert plain is not None
    why, codes = "a message that did not ask for a receipt", case.given["codes"]
    findings = receipts.no_receipt(asked.answer, asked.receipts, plain.id, codes, why)
    if case.profile.rank > 0:
        try:
            message, declined = case.scene(setup.declined)
            why = "a message that said that it wants no receipt"
            found = declined.receipts
            findings += receipts.no_receipt(declined.answer, found, message.id, codes, why)
        except NotExercised as reason:
            case.observe("a message that wants no receipt", str(reason))
        for type_, fine in case.operation.group_types.items():
            findings += plain_in(case, type_) if fine else []
    case.judge(findings)


def plain_in(case: Case, type_: str) -> list[Finding]:
    """Expect none either in a group of another type that has receipts."""
    try:
        plain = case.scene(kinds.read_in, type_).plain
    except NotExercised as reason:
        case.observe(f"a plain message in a {type_} group", str(reason))
        return []
    if plain is None:
        return []
    message, asked = plain
    why = f"a message in a {type_} group that did not ask for a receipt"
    return receipts.no_receipt(asked.answer, asked.receipts, message.id, case.given["codes"], why)


@pytest.mark.check("unknown-message-has-no-receipt")
def test_a_message_that_does_not_exist_has_no_receipt(case: Case) -> None:
    beyond, asked = case.scene(groups.unknown)
    why = "a message that does not exist"
    findings = receipts.no_receipt(asked.answer, asked.receipts, beyond, case.given["codes"], why)
    for id_, wrapped in case.scene(groups.wrapped) if case.profile.rank > 0 else ():
        if any(receipt.known for receipt in wrapped.receipts.values()):
            why = "an id that would become one that exists in fewer bits, or without its sign"
            codes = case.given["codes"]
            found = {id_: next(iter(wrapped.receipts.values()))}
            findings += receipts.no_receipt(wrapped.answer, found, id_, codes, why)
    case.judge(findings)


@pytest.mark.check("mixture-is-answered-item-by-item")
def test_good_and_missing_messages_are_told_apart(case: Case) -> None:
    mixed, ready = case.scene(groups.mixed), case.scene(groups.good)
    codes = case.given["codes"]
    if mixed.answer.refused and mixed.answer.code in codes:
        case.observe("a mixture", f"refused as a whole with {mixed.answer.code}")
        return
    assert ready.plain is not None
    why = "a message without receipt beside one with"
    case.judge(
        [
            *receipts.no_receipt(mixed.answer, mixed.receipts, ready.plain.id, codes, why),
            *receipts.each_answered(mixed.answer, mixed.receipts, [ready.messages[0].id]),
            *(between(case) if case.profile.rank > 0 else ()),
            *(behind(case) if case.profile.rank > 0 else ()),
        ]
    )


def behind(case: Case) -> list[Finding]:
    """Expect data for a message that stands behind one that does not exist."""
    beyond, message, asked = case.scene(groups.missing_first)
    if asked.answer.refused and asked.answer.code in case.given["codes"]:
        return []
    why = "a missing message before one that exists"
    codes = case.given["codes"]
    return [
        *receipts.no_receipt(asked.answer, asked.receipts, beyond, codes, why),
        *receipts.each_answered(asked.answer, asked.receipts, [message.id]),
    ]


def between(case: Case) -> list[Finding]:
    """Expect the numbers of messages to be theirs, also around one that does not exist."""
    try:
        asked, before = case.scene(groups.interrupted), case.scene(groups.reading).everybody
    except NotExercised as reason:
        case.observe("a missing message between others", str(reason))
        return []
    if not asked.answer.accepted:
        return []
    why = "being asked for around one that does not exist"
    return receipts.same(asked.answer, before.receipts, asked.receipts, [*before.receipts], why)


@pytest.mark.check("missing-receipt-has-its-code")
def test_an_item_without_data_says_so_with_its_code(case: Case) -> None:
    codes = case.given["codes"]
    plain, ready = case.scene(groups.plain_only), case.scene(groups.good)
    beyond, unknown = case.scene(groups.unknown)
    assert ready.plain is not None
    case.judge(
        [
            *receipts.no_receipt_code(
                plain.answer, plain.receipts, ready.plain.id, codes, "a plain message"
            ),
            *receipts.no_receipt_code(
                unknown.answer, unknown.receipts, beyond, codes, "an unknown message"
            ),
        ]
    )


@pytest.mark.check("asking-changes-nothing")
def test_asking_twice_gets_the_same_numbers(case: Case) -> None:
    ready = case.scene(groups.good)
    one, two = case.scene(groups.asked_twice)
    ids = [message.id for message in ready.messages]
    why = "being asked for"
    findings = receipts.same(one.answer, ready.fresh.receipts, one.receipts, ids, why)
    findings += receipts.same(two.answer, one.receipts, two.receipts, ids, why)
    if case.profile.rank == 0:
        case.judge(findings)
        return
    turned = case.scene(groups.reordered)
    why = "being asked for in another order"
    findings += receipts.same(turned.answer, two.receipts, turned.receipts, ids, why)
    for message, alone in zip(ready.messages, case.scene(groups.split), strict=True):
        why = "being asked for alone"
        findings += receipts.same(alone.answer, two.receipts, alone.receipts, [message.id], why)
    case.judge(findings)


@pytest.mark.check("asking-changes-nothing")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_the_numbers_are_the_same_some_seconds_later(case: Case) -> None:
    ready, later = case.scene(groups.good), case.scene(groups.later_unread)
    ids = [message.id for message in ready.messages]
    why = "some seconds later"
    findings = receipts.same(later.answer, ready.fresh.receipts, later.receipts, ids, why)
    try:
        scene, after = case.scene(groups.reading), case.scene(groups.later)
        ids = [message.id for message in scene.messages]
        findings += receipts.same(after.answer, scene.everybody.receipts, after.receipts, ids, why)
    except NotExercised as reason:
        case.observe("messages that were read, later", str(reason))
    case.judge(findings)


@pytest.mark.check("reads-stay-in-their-group")
def test_reading_in_one_group_leaves_another_alone(case: Case) -> None:
    here, there = case.scene(groups.separate)
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
    for scene, asked in case.scene(parallel.questions):
        known = scene.fresh if isinstance(scene, groups.Ready) else scene.everybody
        ids = [message.id for message in scene.messages]
        why = "another group was asked for at the same time"
        findings += receipts.same(asked.answer, known.receipts, asked.receipts, ids, why)
    case.judge(findings)


@pytest.mark.check("duplicates-are-observed")
def test_what_becomes_of_duplicates_is_recorded(case: Case) -> None:
    ready = case.scene(groups.good)
    answer = case.stage.ask(ready.group, [ready.messages[0], ready.messages[0]])
    count = len(case.stage.driver.receipts(answer)) if answer.accepted else answer.describe()
    case.observe("items for a message that is named twice", count)


@pytest.mark.check("long-list-is-observed")
@pytest.mark.profile("standard")
def test_what_becomes_of_a_long_list_is_recorded(case: Case) -> None:
    ready = case.scene(groups.good)
    newest = max(message.id for message in ready.messages)
    answer = case.stage.ask(ready.group, range(newest, newest + case.given["size"]))
    case.observe(f"a list of {case.given['size']}", answer.describe())


@pytest.mark.check("administrator-needs-no-membership")
def test_the_administrator_asks_without_being_a_member(case: Case) -> None:
    ready = case.scene(groups.ready)
    case.judge(refusals.accepted(ready.fresh.answer, "a group that the administrator is not in"))
