"""Members who read at the same time are all counted, and no page is torn."""

import pytest

from receiptspec.case import Case
from receiptspec.checks import paging as pages
from receiptspec.checks import receipts
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


@pytest.mark.check("non-readers-are-listed")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_who_joined_at_the_same_time_is_listed(case: Case) -> None:
    message, asked = case.scene(parallel.joined)
    owner, *others = message.conversation.members
    receipt = asked.receipt(message)
    case.judge(receipts.listed(asked.answer, receipt, False, others, [owner]))
