"""Receipts outlive the sessions of client SDKs: whoever was not there reads, and sees, the same."""

from dataclasses import replace

import pytest

from receiptspec.case import Case
from receiptspec.checks import direct as checks_of_two
from receiptspec.checks import paging, receipts
from receiptspec.errors import NotExercised, OnlyOfClients
from receiptspec.findings import Finding
from receiptspec.scenes import sessions


def only_of_clients(case: Case) -> None:
    if case.stage.driver.server is None:
        raise OnlyOfClients


@pytest.mark.check("every-message-is-answered")
@pytest.mark.profile("standard")
def test_what_was_sent_before_the_login_is_answered(case: Case) -> None:
    only_of_clients(case)
    findings: list[Finding] = []
    for play in (sessions.letter, sessions.group):
        scene = case.attempt(f"a {play.__name__} message of an earlier session", play)
        if scene is not None:
            again = scene.again
            findings += receipts.each_answered(again.answer, again.receipts, [scene.message.id])
    case.judge(findings[:1])


@pytest.mark.check("direct-read-shows")
@pytest.mark.profile("standard")
def test_a_read_by_who_was_not_there_shows_and_stays(case: Case) -> None:
    only_of_clients(case)
    scene = case.scene(sessions.letter)
    findings = checks_of_two.all_read(scene.seen, (scene.message,))
    found = scene.again.receipts.get(scene.message.id)
    if not findings and found is not None and found.known:
        findings = checks_of_two.all_read(scene.again, (scene.message,))
    case.judge(findings)


@pytest.mark.check("read-on-behalf-shows")
@pytest.mark.profile("standard")
def test_a_read_of_a_group_message_shows_in_the_next_session(case: Case) -> None:
    only_of_clients(case)
    scene = case.scene(sessions.group)
    seen, again = (asked.receipt(scene.message) for asked in (scene.seen, scene.again))
    why = "a member who logged in after it was sent has read it"
    unread = replace(seen, read=0)
    findings = receipts.changed(scene.seen.answer, unread, seen, "read", 1, why)
    why = "its sender logged in anew"
    findings += receipts.changed(scene.again.answer, seen, again, "read", 0, why)
    case.judge(findings[:1])


@pytest.mark.check("reader-changes-lists")
@pytest.mark.profile("standard")
def test_the_reader_of_an_earlier_message_is_listed(case: Case) -> None:
    only_of_clients(case)
    scene, answer = case.scene(sessions.group), case.scene(sessions.listed)
    if not answer.accepted or not scene.seen.receipt(scene.message).read:
        raise NotExercised(f"listing after another login is {answer.describe()}")
    members = case.stage.driver.page(answer).members
    what = "readers of what was sent before the login"
    case.judge(paging.everybody_once(answer, members, [scene.reader], [], what))
