"""A client SDK and its server's API agree on every number of the same message."""

import pytest

from receiptspec.case import Case
from receiptspec.checks import agreement as checks
from receiptspec.findings import Finding
from receiptspec.scenes import agreement


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


@pytest.mark.check("lists-agree-with-the-server")
def test_the_client_lists_the_members_that_the_server_lists(case: Case) -> None:
    findings: list[Finding] = []
    for half in case.scene(agreement.lists):
        what = "readers" if half.read else "members who have not read"
        findings += checks.same_members(
            half.client_answer, half.client, half.server_answer, half.server, what
        )
    case.judge(findings)
