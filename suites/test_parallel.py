"""Members who read at the same time are all counted, and no page is torn."""

import pytest

from receiptspec.case import Case
from receiptspec.checks import paging as pages
from receiptspec.checks import receipts, refusals, values
from receiptspec.errors import NotExercised
from receiptspec.findings import Finding
from receiptspec.scenes import parallel


def rush(case: Case) -> parallel.Rush:
    case.profile.at_least("standard")
    return case.scene(parallel.rush)


def counted(case: Case, field: str, sign: int) -> list[Finding]:
    scene = rush(case)
    if parallel.others(scene.messages[0], scene.answers):
        raise NotExercised("not every read was accepted, and what was not may have been noted")
    by = sign * len(scene.answers)
    findings: list[Finding] = []
    for message in scene.messages:
        before, after = scene.before.receipt(message), scene.after.receipts.get(message.id)
        why = f"{abs(by)} members have read it at once"
        findings += receipts.changed(scene.after.answer, before, after, field, by, why)
    return findings


@pytest.mark.check("read-raises-read-count")
def test_reads_at_the_same_time_are_all_counted(case: Case) -> None:
    case.judge(counted(case, "read", +1))


@pytest.mark.check("read-lowers-unread-count")
def test_reads_at_the_same_time_all_lower_the_unread_count(case: Case) -> None:
    case.judge(counted(case, "unread", -1))


@pytest.mark.check("walk-visits-everybody-once")
def test_pages_asked_meanwhile_are_not_torn(case: Case) -> None:
    scene = rush(case)
    if not scene.readers.last_answer.accepted:
        raise NotExercised("the readers are not listed")
    members = scene.messages[0].conversation.members[1:]
    findings: list[Finding] = []
    for answer, listed in scene.meanwhile:
        wanted = set(listed) & set(members)
        findings += pages.everybody_once(answer, listed, wanted, [], "a page asked meanwhile")
    findings += pages.everybody_once(
        scene.readers.last_answer,
        scene.readers.members,
        parallel.accepted_readers(scene.messages[0], scene.answers),
        parallel.others(scene.messages[0], scene.answers),
        "readers who read at once",
    )
    case.judge(findings)


@pytest.mark.check("read-raises-read-count")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_what_one_member_reads_by_calls_at_the_same_time_is_all_counted(case: Case) -> None:
    scene = case.scene(parallel.clash)
    answer, before, after = scene.after.answer, scene.before.receipts, scene.after.receipts
    findings: list[Finding] = []
    why = "a member has read it at once with others, while it was asked for"
    for message in scene.apart if answer.accepted else ():
        was = before.get(message.id)
        if was is not None and was.known:
            findings += receipts.changed(answer, was, after.get(message.id), "read", +1, why)
    case.judge(findings)


@pytest.mark.check("no-more-readers-than-members")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_reading_by_several_calls_at_once_makes_no_more_readers_than_members(case: Case) -> None:
    scene = case.scene(parallel.clash)
    receipt, members = scene.after.receipts.get(scene.again.id), scene.again.conversation.members
    if not scene.after.answer.accepted or receipt is None or not receipt.known:
        raise NotExercised("no receipt to judge")
    why = "one of them read it by several calls at once"
    case.judge(receipts.within(scene.after.answer, receipt, len(members), why))


@pytest.mark.check("walk-visits-everybody-once")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_who_has_read_by_several_calls_at_once_is_listed_once(case: Case) -> None:
    walk = case.scene(parallel.clash).readers
    if walk is None or not walk.last_answer.accepted:
        raise NotExercised("the readers are not listed")
    what = "readers, one by several calls at once"
    found = dict.fromkeys(walk.members)
    case.judge(pages.everybody_once(walk.last_answer, walk.members, found, [], what))


@pytest.mark.check("members-are-told")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_who_is_added_by_several_calls_at_once_is_one_member(case: Case) -> None:
    told, said = case.scene(parallel.added)
    case.observe("what is said to several who add one member at once", sorted(map(str, said)))
    (listed, number), answer = told.got, told.answer
    findings = refusals.accepted(answer, "a group that somebody was added to")
    if not findings:
        why = "the number of members is wrong when one was added by several calls at once"
        findings = values.equal(answer, "$.MemberNum", len(told.wanted), number, why)
        why = "others are listed when one was added by several calls at once"
        wanted, got = sorted(told.wanted, key=str), sorted(listed, key=str)
        findings += values.equal(answer, "$.MemberList", wanted, got, why)
    case.judge(findings)


@pytest.mark.check("taken-group-id-is-refused")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_an_id_that_two_want_at_once_is_given_once(case: Case) -> None:
    answers = case.scene(parallel.made)
    taken = [answer for answer in answers if answer.accepted]
    if not taken:
        raise NotExercised(f"no group could be made: it is {answers[0].describe()}")
    findings: list[Finding] = []
    for answer in taken[1:]:
        findings += refusals.refused(answer, "a group id that another call has taken at once")
    case.judge(findings)


@pytest.mark.check("non-readers-are-listed")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_who_joined_at_the_same_time_is_listed(case: Case) -> None:
    message, asked = case.scene(parallel.joined)
    owner, *others = message.conversation.members
    receipt = asked.receipt(message)
    case.judge(receipts.listed(asked.answer, receipt, False, others, [owner]))
