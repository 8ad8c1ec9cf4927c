"""A client SDK and its server's API agree on every number of the same message, and its lists."""

import pytest

from receiptspec.case import Case
from receiptspec.checks import agreement as checks
from receiptspec.checks import events, receipts
from receiptspec.findings import Finding
from receiptspec.scenes import agreement, paging


@pytest.mark.check("numbers-agree-with-the-server")
def test_the_client_shows_the_numbers_that_the_server_shows(case: Case) -> None:
    if case.given.get("kind") == "direct":
        views = case.scene(agreement.direct)
    else:
        views = case.scene(agreement.group, case.given.get("sent", "client"))
    findings: list[Finding] = []
    for view in views:
        findings += checks.same_numbers(
            view.client_answer, view.client, view.server_answer, view.server, view.when
        )
    case.judge(findings)


@pytest.mark.check("read-on-behalf-shows")
@pytest.mark.profile("standard")
def test_a_read_of_what_the_server_sent_shows(case: Case) -> None:
    new, read, *_ = case.scene(agreement.group, "server")
    why = "a member has read it with the SDK; the server's API had sent it"
    case.judge(receipts.changed(read.client_answer, new.client, read.client, "read", 1, why))


@pytest.mark.check("direct-read-shows")
@pytest.mark.profile("standard")
def test_a_read_of_a_letter_that_the_server_sent_shows(case: Case) -> None:
    _, read, *_ = case.scene(agreement.direct)
    case.judge(events.named(read.client_answer, read.client, "peer_read", True))


@pytest.mark.check("lists-agree-with-the-server")
def test_the_client_lists_the_members_that_the_server_lists(case: Case) -> None:
    findings: list[Finding] = []
    for half in case.scene(agreement.lists):
        what = "readers" if half.read else "members who have not read"
        both = (half.client, half.server)
        mine, theirs = ([user for user in listed if user != half.sender] for listed in both)
        findings += checks.same_members(half.client_answer, mine, half.server_answer, theirs, what)
    case.judge(findings)


@pytest.mark.check("lists-agree-with-counts")
@pytest.mark.profile("standard")
@pytest.mark.views
def test_the_lists_of_a_larger_group_are_as_long_as_the_counts_say(case: Case) -> None:
    half = case.scene(paging.grown, *((20, 3) if case.profile.rank > 1 else (21, 5)))
    half.read.must_be_whole()
    half.unread.must_be_whole()
    counts, owner = half.counts.receipt(half.message), half.message.conversation.owner
    findings: list[Finding] = []
    for field, members in (("read", half.read.members), ("unread", half.unread.members)):
        number, others = getattr(counts, field), len([m for m in members if m != owner])
        lengths = {len(members), others} | ({others + 1} if field == "unread" else set())
        if number is not None and number not in lengths:
            findings += receipts.disagreement(half.counts.answer, counts, field, sorted(lengths))
    case.judge(findings)
