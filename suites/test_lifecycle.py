"""Receipts while groups, members and messages come and go."""

import pytest

from receiptspec.case import Case
from receiptspec.checks import refusals
from receiptspec.errors import NotExercised
from receiptspec.findings import Finding
from receiptspec.neutral import Answer
from receiptspec.scenes import kinds, lifecycle, upkeep


def about_dismissed(case: Case) -> list[Answer]:
    """Return what the row's operation says of a dismissed group, or what all say."""
    _, after = case.scene(lifecycle.dismissed)
    name = case.operation.name
    if name == case.stage.driver.ask:
        return [after.asked.answer, *of_other_types(case)]
    if case.operation.writes:
        done = case.scene(lifecycle.done_to_dismissed) if case.profile.rank > 0 else {}
        ends = ended(case) if case.profile.rank > 0 else []
        return [after.asked.answer, *after.others.values(), *done.values(), *ends]
    if name in after.others:
        return [after.others[name]]
    raise NotExercised(f"the target does not have {name}")


def ended(case: Case) -> list[Answer]:
    """Return what is said of dismissed groups that are not as others are."""
    found = [
        case.attempt(f"the end of a group ({what})", upkeep.ended, what)
        for what in case.given.get("ends", ())
    ]
    return [answer for answer in found if answer is not None]


def of_other_types(case: Case) -> list[Answer]:
    """Return what is said of dismissed groups of other types that have receipts."""
    answers: list[Answer] = []
    for type_, fine in case.operation.group_types.items() if case.profile.rank > 0 else ():
        found = case.attempt(f"a dismissed {type_} group", kinds.read_in, type_) if fine else None
        if found is not None and found.gone is not None:
            answers.append(found.gone.answer)
    return answers


@pytest.mark.check("dismissed-group-is-refused")
@pytest.mark.views
def test_a_dismissed_group_is_refused(case: Case) -> None:
    findings: list[Finding] = []
    for answer in about_dismissed(case):
        findings += refusals.refused(answer, "a dismissed group")
        # what codes the call has that reports a read is not documented
        if "codes" in case.given and answer.operation != case.stage.driver.group_read:
            findings += refusals.code_among(answer, case.given["codes"], "a dismissed group")
    case.judge(findings)


@pytest.mark.check("dismissed-group-has-its-code")
@pytest.mark.views
def test_a_dismissed_group_is_refused_with_its_code(case: Case) -> None:
    findings: list[Finding] = []
    for answer in about_dismissed(case):
        findings += refusals.code_among(answer, case.given["codes"], "a dismissed group")
    case.judge(findings)
