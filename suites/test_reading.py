"""A read that is reported on behalf of a member counts for that member and those messages."""

import pytest

from receiptspec.case import Case
from receiptspec.checks import receipts, refusals
from receiptspec.errors import NotExercised
from receiptspec.findings import Finding
from receiptspec.neutral import Message
from receiptspec.scenes import astray, lists, names, numbered, parallel, people, reads


@pytest.mark.check("read-on-behalf-is-accepted")
def test_a_members_read_is_accepted(case: Case) -> None:
    scene = case.scene(reads.member)
    case.judge(refusals.accepted(scene.answer, "a member and two messages"))
    if case.profile.rank > 0:
        several = case.attempt("reads by owner and administrator of the group", people.many_senders)
        answers = several.answers if several is not None else ()
        why = "owner, administrator or member"
        case.judge([finding for answer in answers for finding in refusals.accepted(answer, why)])
        rush = case.attempt("reads at the same time", parallel.rush)
        refused = rush.refused if rush is not None else ()
        why = "a read at the same time as those of others"
        findings = [finding for answer in refused for finding in refusals.accepted(answer, why)]
        case.judge(findings[:1])
        alike = case.attempt("reads by members whose names are much alike", names.numbered)
        why = "a member whose name is like others"
        answers = alike.reads if alike is not None else ()
        case.judge([finding for answer in answers for finding in refusals.accepted(answer, why)])


@pytest.mark.check("read-on-behalf-shows")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_the_read_of_an_administrator_who_is_a_member_shows(case: Case) -> None:
    scene = case.scene(lists.unowned)
    if scene.read.refused or scene.administrator not in scene.members:
        raise NotExercised(f"the administrator is no member, or has not read: {scene.read.code}")
    before, after = scene.before.receipt(scene.message), scene.after.receipts
    why = "the administrator, who is a member, has read it"
    now = after.get(scene.message.id)
    case.judge(receipts.changed(scene.after.answer, before, now, "read", 1, why))


def each_read(scene: reads.Reported) -> list[Finding]:
    """Expect the second of three messages to have got what the first got, and the third nothing."""
    first, second, other = scene.messages
    before, after = scene.before.receipt(first), scene.after.receipts.get(first.id)
    got = (after.read or 0) - (before.read or 0) if after is not None else 0
    why = "a read of it and of another was reported"
    findings = receipts.changed(
        scene.after.answer,
        scene.before.receipt(second),
        scene.after.receipts.get(second.id),
        "read",
        got,
        why,
    )
    why = "reads of other messages were reported"
    findings += receipts.same(
        scene.after.answer, scene.before.receipts, scene.after.receipts, [other.id], why
    )
    return findings


@pytest.mark.check("read-on-behalf-is-accepted")
@pytest.mark.profile("standard")
def test_the_read_of_who_was_no_member_before_is_accepted(case: Case) -> None:
    answer = case.scene(reads.admitted).answer
    case.judge(refusals.accepted(answer, "a member who has tried to read before joining"))


@pytest.mark.check("read-on-behalf-shows")
@pytest.mark.profile("standard")
def test_the_read_of_who_was_no_member_before_shows(case: Case) -> None:
    scene = case.scene(reads.admitted)
    message = scene.messages[0]
    if not scene.answer.accepted:
        raise NotExercised(f"no read was reported: it is {scene.answer.describe()}")
    after = scene.after.receipts.get(message.id)
    why = "a member read it who had tried to before joining"
    before = scene.before.receipt(message)
    case.judge(receipts.changed(scene.after.answer, before, after, "read", 1, why))


@pytest.mark.check("read-on-behalf-shows")
def test_a_reported_read_shows_in_the_counts(case: Case) -> None:
    scene = case.scene(reads.member)
    if scene.answer.refused:
        raise NotExercised(f"no read was reported: it is {scene.answer.describe()}")
    message = scene.messages[0]
    before, after = scene.before.receipt(message), scene.after.receipts.get(message.id)
    if after is None or (before.read, before.unread) == (after.read, after.unread):
        why = "a read was reported"
        case.judge(receipts.changed(scene.after.answer, before, after, "read", 1, why))
    if case.profile.rank > 0:
        case.judge(under_one_number(case))


def under_one_number(case: Case) -> list[Finding]:
    """Expect the read of the message in the body, whatever was read under that address."""
    scene = case.attempt("calls with the same address", numbered.told)
    if scene is None or scene.fresh is None or scene.after is None:
        return []
    findings: list[Finding] = []
    for message in scene.messages:
        before, after = scene.fresh.receipts.get(message.id), scene.after.receipts.get(message.id)
        if before is not None and before.known and scene.after.answer.accepted:
            why = "its read was reported with the address of another"
            findings += receipts.changed(scene.after.answer, before, after, "read", 1, why)
    return findings


@pytest.mark.check("each-message-of-a-batch-is-read")
def test_each_message_that_is_named_gets_the_read(case: Case) -> None:
    findings = each_read(case.scene(reads.member))
    if case.profile.rank > 0:
        scene = case.scene(reads.full_batch, case.given.get("size", 50))
        if scene.answer.accepted:
            findings += all_counted(scene, *scene.messages)
        twice = case.attempt("a call that names a message twice", reads.named_twice)
        if twice is not None and twice.answer.accepted:
            first, last = twice.messages
            findings += all_counted(twice, last)
            if not has_risen(twice, first):  # how often a read in one call counts is open
                findings += all_counted(twice, first)
        findings += beside_others(case) + overlapping(case)
    case.judge(findings)


def overlapping(case: Case) -> list[Finding]:
    """Expect each message that calls name to be read, whatever an earlier call has named."""
    scene = case.attempt("calls that name some of the same messages", reads.overlapping)
    if scene is None or not scene.after.answer.accepted:
        return []
    reported = reads.Reported(scene.after.answer, scene.once, scene.before, scene.after)
    missed = [message for message in scene.again if not has_risen(reported, message)]
    findings = all_counted(reported, *scene.once, *missed)
    before, after = scene.before.receipts, scene.after.receipts
    ids = [message.id for message in scene.others]
    why = "only others were named by the calls that reported reads"
    return findings + receipts.same(scene.after.answer, before, after, ids, why)


def beside_others(case: Case) -> list[Finding]:
    """Expect a message to be read whatever the same call names before it, where it is accepted."""
    found = case.attempt("messages that cannot be read any more", astray.amid)
    if found is None:
        return []
    answers, scene = found
    for what, answer in answers.items():
        case.observe(f"a read of {what}", answer.describe())
    return all_counted(scene, *scene.messages) if scene is not None else []


def has_risen(scene: reads.Reported, message: Message) -> bool:
    before, after = scene.before.receipts.get(message.id), scene.after.receipts.get(message.id)
    return before is not None and after is not None and (after.read or 0) > (before.read or 0)


def all_counted(scene: reads.Reported, *messages: Message) -> list[Finding]:
    """Expect each of some messages to have one reader more."""
    findings: list[Finding] = []
    for message in messages:
        before, after = scene.before.receipts.get(message.id), scene.after.receipts.get(message.id)
        if before is not None and before.known:
            findings += receipts.changed(
                scene.after.answer, before, after, "read", 1, "a read of all was reported"
            )
    return findings


@pytest.mark.check("full-batch-of-reads-is-accepted")
@pytest.mark.profile("standard")
def test_a_full_batch_is_accepted(case: Case) -> None:
    scene = case.scene(reads.full_batch, case.given["size"])
    case.judge(refusals.accepted(scene.answer, f"{case.given['size']} messages"))


@pytest.mark.check("overfull-batch-of-reads-is-not-processed")
@pytest.mark.profile("standard")
def test_an_overfull_batch_is_not_counted_in_full(case: Case) -> None:
    scene = case.scene(reads.full_batch, case.given["size"])
    case.observe(f"{case.given['size']} messages", scene.answer.describe())
    if scene.answer.refused:
        return
    counted = [m for m in scene.messages if (r := scene.after.receipts.get(m.id)) and r.read]
    if len(counted) == len(scene.messages):
        case.judge(refusals.refused(scene.answer, f"{len(counted)} messages, all counted,"))


@pytest.mark.check("outsider-does-not-count")
def test_an_outsiders_read_does_not_count(case: Case) -> None:
    unchanged(case, case.scene(reads.outsider), "somebody who is no member read")


@pytest.mark.check("outsider-does-not-count")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_the_read_of_who_has_left_before_does_not_count(case: Case) -> None:
    scene, why = case.scene(astray.missed), "somebody who had left before it was sent read"
    case.observe(why, scene.of_leaver.describe())
    ids = [scene.message.id]
    before, after = scene.before.receipts, scene.left.receipts
    case.judge(receipts.same(scene.left.answer, before, after, ids, why))


@pytest.mark.check("reads-stay-with-their-message")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_reading_numbers_that_no_message_has_leaves_the_newest_alone(case: Case) -> None:
    scene = case.scene(astray.missed)
    for what, answer in scene.answers.items():
        case.observe(f"a read of {what}", answer.describe())
    why = "numbers were read that no message has"
    ids, before, after = [scene.message.id], scene.left.receipts, scene.after.receipts
    case.judge(receipts.same(scene.after.answer, before, after, ids, why))


@pytest.mark.check("new-message-is-unread")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_nobody_has_read_a_message_whose_number_was_read_before(case: Case) -> None:
    scene = case.scene(astray.missed)
    receipt = scene.after.receipts.get(scene.next.id)
    if receipt is None or not receipt.known:
        raise NotExercised(f"no receipt of message {scene.next.id} to judge")
    case.judge(receipts.fresh_read(scene.after.answer, receipt))


@pytest.mark.check("ghost-does-not-count")
def test_the_read_of_nobody_does_not_count(case: Case) -> None:
    unchanged(case, case.scene(reads.ghost), "an account that does not exist read")


def unchanged(case: Case, scene: reads.Reported, why: str) -> None:
    case.observe(why, scene.answer.describe())
    ids = [message.id for message in scene.messages]
    case.judge(
        receipts.same(scene.after.answer, scene.before.receipts, scene.after.receipts, ids, why)
    )


@pytest.mark.check("read-makes-no-receipt")
def test_reading_a_plain_message_makes_no_receipt(case: Case) -> None:
    scene = case.scene(reads.plain)
    case.observe("a read of a message without receipt", scene.answer.describe())
    why = "a message that did not ask for a receipt, once read,"
    case.judge(
        receipts.no_receipt(
            scene.after.answer,
            scene.after.receipts,
            scene.messages[0].id,
            case.given.get("codes"),
            why,
        )
    )


@pytest.mark.check("sender-reading-is-observed")
def test_what_becomes_of_the_senders_read_is_recorded(case: Case) -> None:
    scene = case.scene(reads.sender)
    message = scene.messages[0]
    before, after = scene.before.receipts.get(message.id), scene.after.receipts.get(message.id)
    case.observe("the sender's own read", scene.answer.describe())
    if before is not None and after is not None:
        case.observe(
            "the sender's own read counts", "no" if after.read == (before.read or 0) + 1 else "yes"
        )


@pytest.mark.check("large-group-has-no-receipts")
@pytest.mark.profile("standard")
def test_a_group_beyond_the_limit_has_no_receipts(case: Case) -> None:
    answer, asked = case.scene(reads.large_group, case.given["members"])
    case.observe(f"sending in a group of {case.given['members']}", answer.describe())
    if asked is not None and any(receipt.known for receipt in asked.receipts.values()):
        case.judge(refusals.refused(asked.answer, f"a group of {case.given['members']}"))


@pytest.mark.check("large-group-has-no-receipts")
@pytest.mark.profile("standard")
def test_a_group_at_the_limit_has_receipts(case: Case) -> None:
    members = case.given["members"] - 1
    message, done = case.scene(reads.full_group, members)
    found = [
        finding
        for what, answer in done.items()
        if answer.refused and answer.code in case.given["too_large"]
        for finding in refusals.accepted(answer, f"{what} in a group of {members}")
    ]
    answer = done.get("asking for a receipt")
    if message is not None and answer is not None and answer.accepted:
        found += receipts.each_answered(answer, case.stage.receipts(answer), [message.id])
    elif not found:
        told = ", ".join(f"{what} is {answer.describe()}" for what, answer in done.items())
        raise NotExercised(f"in a group of {members}, {told}")
    case.judge(found)
