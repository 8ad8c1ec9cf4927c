"""A receipt says which conversation it belongs to, and a call is about one conversation."""

import contextlib

import pytest

from receiptspec.case import Case
from receiptspec.checks import direct as checks_of_two
from receiptspec.checks import events as checks
from receiptspec.checks import paging as pages
from receiptspec.checks import receipts, refusals
from receiptspec.errors import NotExercised, OnlyOfClients
from receiptspec.findings import Finding, distinct
from receiptspec.neutral import Answer, Kind
from receiptspec.scenes import counting, direct, events, groups, oddities, paging, reads


@pytest.mark.check("receipt-names-its-conversation")
def test_a_receipt_names_its_conversation(case: Case) -> None:
    findings: list[Finding] = []
    if case.given["kind"] == "group":
        ready = case.scene(groups.good)
        for receipt in ready.fresh.receipts.values():
            if receipt.known:
                answer = ready.fresh.answer
                findings += checks.named(answer, receipt, "conversation", ready.group.id)
    else:
        letters = case.scene(direct.letters)
        peer = letters.conversation.members[1]
        for message in letters.messages:
            found = letters.before.receipts.get(message.id)
            if found is not None and found.known:
                findings += checks.named(letters.before.answer, found, "peer", peer)
    case.judge(findings[:1])


@pytest.mark.check("receipt-names-its-conversation")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_every_receipt_of_the_run_names_its_conversation(case: Case) -> None:
    driver, dealings = case.stage.driver, case.stage.dealings
    if driver.server is None:
        raise OnlyOfClients
    kind = Kind.GROUP if case.given["kind"] == "group" else Kind.DIRECT
    case.scene(groups.good) if kind is Kind.GROUP else answered(case)
    findings: list[Finding] = []
    for answer in dealings.pulled:
        for receipt in driver.receipts(answer):
            message = dealings.message(receipt.message) if receipt.known else None
            if message is not None and message.conversation.kind is kind:
                findings += checks.placed(answer, receipt, message.conversation, message.sender)
    case.judge(findings[:1])


@pytest.mark.check("mixed-conversations-are-refused")
def test_messages_of_two_conversations_are_refused(case: Case) -> None:
    answers = [case.scene(events.mixed, case.operation.name)]
    if case.profile.rank > 0:
        answers.append(case.scene(events.mixed_people, case.operation.name))
    why = "messages of two conversations"
    findings: list[Finding] = []
    for answer in answers:
        findings += refusals.refused(answer, why)
        case.observe(why, answer.describe())
    case.judge(findings)


@pytest.mark.check("empty-list-is-observed")
def test_what_becomes_of_an_empty_list_is_recorded(case: Case) -> None:
    answer = case.scene(events.unlisted)
    case.observe("an empty list", answer.describe())
    if not case.stage.driver.over_http:
        for finding in refusals.lost(answer, "an empty list"):
            case.stage.blame("documented-calls-work", finding)


@pytest.mark.check("documented-calls-work")
@pytest.mark.profile("standard")
def test_a_call_about_nothing_is_answered(case: Case) -> None:
    if case.stage.driver.server is None:
        raise OnlyOfClients
    case.judge(refusals.lost(case.scene(events.unlisted), "an empty list"))


def owed(case: Case) -> None:
    """Judge calls of the whole run that an SDK owes an answer: some of each kind were made then."""
    if case.stage.driver.server is None:
        raise OnlyOfClients
    scenes = (counting.reading, reads.member, direct.letters, events.interleaved)
    for scene in (*scenes, paging.half_read, paging.turned):
        with contextlib.suppress(NotExercised):
            case.scene(scene)
    with contextlib.suppress(NotExercised):
        answered(case)
    case.judge(case.witnessed_so_far())


@pytest.mark.check("every-message-is-answered")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_no_pull_of_the_run_is_refused(case: Case) -> None:
    owed(case)


@pytest.mark.check("read-on-behalf-is-accepted")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_no_read_of_the_run_is_refused(case: Case) -> None:
    owed(case)


@pytest.mark.check("direct-read-is-accepted")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_no_read_of_a_letter_is_refused_in_the_run(case: Case) -> None:
    owed(case)


@pytest.mark.check("members-are-listed")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_no_list_of_the_run_is_refused(case: Case) -> None:
    owed(case)


@pytest.mark.check("walk-visits-everybody-once")
@pytest.mark.profile("standard")
@pytest.mark.late
def test_no_following_page_of_the_run_is_refused(case: Case) -> None:
    owed(case)


def answered(case: Case, size: int = 30) -> events.Answered:
    """Return letters with a reply that were read in one call, where an SDK is judged."""
    if case.stage.driver.server is None:
        raise OnlyOfClients
    return case.scene(events.answered, size)


def beyond(case: Case, size: int = 30) -> events.Beyond:
    """Return what was pulled of these letters afterwards."""
    return case.scene(events.beyond, size)


def described(answer: Answer | None) -> str:
    return "done by the hook" if answer is None else answer.describe()


@pytest.mark.check("plain-message-has-no-receipt")
@pytest.mark.profile("standard")
def test_a_plain_letter_has_no_receipt(case: Case) -> None:
    scene, why = answered(case), "a one-to-one message that did not ask for a receipt"
    found, codes = scene.of_plain, case.given.get("codes")
    case.judge(receipts.no_receipt(found.answer, found.receipts, scene.plain.id, codes, why))


@pytest.mark.check("every-message-is-answered")
@pytest.mark.profile("standard")
def test_every_letter_of_a_long_list_is_answered(case: Case) -> None:
    scene = answered(case)
    findings: list[Finding] = []
    if scene.whole.answer.accepted:
        ids = [message.id for message in scene.messages]
        findings = receipts.each_answered(scene.whole.answer, scene.whole.receipts, ids)
    case.judge(findings + among_odd(case))


def among_odd(case: Case) -> list[Finding]:
    """Expect receipts beside a message that has none, and of one that is named twice.

    Whether a list may be so is open: what is refused is observed.
    """
    scene = case.scene(oddities.odd_lists)
    findings: list[Finding] = []
    for label, seen in scene.pulls.items():
        case.observe(label, seen.answer.describe())
        if seen.answer.accepted:
            ids = [scene.first.id, scene.last.id]
            findings += receipts.each_answered(seen.answer, seen.receipts, ids)
    return findings


@pytest.mark.check("each-message-of-a-batch-is-read")
@pytest.mark.profile("standard")
def test_a_message_is_read_whatever_stands_before_it(case: Case) -> None:
    if case.stage.driver.server is None:
        raise OnlyOfClients
    scene = case.scene(oddities.odd_lists)
    findings: list[Finding] = []
    for label, read in scene.reads.items():
        case.observe(label, read.answer.describe())
        if read.answer.accepted:
            for message in read.messages:
                one, two = read.before.receipt(message), read.after.receipts.get(message.id)
                more = int(message.id in read.fresh)
                answer = read.after.answer
                findings += receipts.changed(answer, one, two, "read", more, label)
    case.judge(distinct(findings))


@pytest.mark.check("page-holds-at-most-its-size")
@pytest.mark.profile("standard")
def test_a_later_page_holds_at_most_what_was_asked_for(case: Case) -> None:
    if case.stage.driver.server is None:
        raise OnlyOfClients
    answer = case.scene(oddities.smaller_page)
    if not answer.accepted:
        raise NotExercised(f"a smaller page after a larger is {answer.describe()}")
    case.judge(pages.at_most([answer], [case.stage.driver.page(answer)], 1))


@pytest.mark.check("direct-read-stays-with-its-message")
@pytest.mark.profile("standard")
def test_the_read_of_a_reply_leaves_what_it_answers(case: Case) -> None:
    scene = answered(case)
    case.judge(checks_of_two.none_read(scene.replied, scene.messages[:1], "a reply was read"))


@pytest.mark.check("direct-read-stays-with-its-message")
@pytest.mark.profile("standard")
def test_the_reads_of_one_person_leave_what_was_sent_to_another(case: Case) -> None:
    scene = answered(case)
    why = "another person has read other messages of its sender"
    case.judge(checks_of_two.none_read(scene.of_beside, scene.beside, why))


@pytest.mark.check("new-direct-message-is-unread")
@pytest.mark.profile("standard")
def test_a_letter_is_read_by_nobody_but_its_receiver(case: Case) -> None:
    scene, after = answered(case), beyond(case)
    case.observe("a receipt of what was sent to somebody else", described(after.answers[1]))
    case.judge(
        checks_of_two.none_read(after.of_beside, scene.beside[:1], "only a third person read it")
    )


@pytest.mark.check("read-makes-no-receipt")
@pytest.mark.profile("standard")
def test_a_plain_letter_that_is_read_has_no_receipt(case: Case) -> None:
    scene, after = answered(case), beyond(case)
    found, codes = after.of_plain, case.given.get("codes")
    why = "a one-to-one message that did not ask for a receipt, once read,"
    case.judge(receipts.no_receipt(found.answer, found.receipts, scene.plain.id, codes, why))


@pytest.mark.check("asking-changes-nothing")
@pytest.mark.profile("standard")
def test_messages_stay_read_however_often_they_are_asked_for(case: Case) -> None:
    scene, after = answered(case), beyond(case)
    findings: list[Finding] = []
    if scene.whole.answer.accepted and not checks_of_two.all_read(scene.whole, scene.messages):
        findings = [
            f for again in after.again for f in checks_of_two.all_read(again, scene.messages)
        ]
    ids = [message.id for message in case.scene(events.skipped).messages]
    first, *others = after.group_again
    for again in others:
        why = "being asked for again"
        findings += receipts.same(again.answer, first.receipts, again.receipts, ids, why)
    case.judge(distinct(findings)[:1])


@pytest.mark.check("full-batch-of-reads-is-accepted")
@pytest.mark.profile("standard")
def test_a_full_batch_of_letters_is_accepted(case: Case) -> None:
    size = case.given["size"]
    scene = answered(case, size)
    case.judge(refusals.accepted(scene.batch, f"{size} one-to-one messages"))


@pytest.mark.check("each-message-of-a-batch-is-read")
@pytest.mark.profile("standard")
def test_each_message_of_a_batch_is_read_and_no_other(case: Case) -> None:
    letters = answered(case, case.given.get("size", 30))
    findings: list[Finding] = []
    if letters.batch.accepted and letters.whole.answer.accepted:
        findings += checks_of_two.all_read(letters.whole, letters.messages)
    scene = case.scene(events.skipped)
    if scene.answer.accepted and scene.after.answer.accepted:
        first, between, last = scene.messages
        before, after = scene.before.receipts, scene.after.receipts
        why = "the messages before and behind it were read"
        findings += receipts.same(scene.after.answer, before, after, [between.id], why)
        for message in (first, last):
            start, why = scene.before.receipt(message), "it was read with another"
            findings += receipts.changed(
                scene.after.answer, start, after.get(message.id), "read", 1, why
            )
    case.judge(findings)
