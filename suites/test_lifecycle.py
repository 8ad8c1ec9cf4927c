"""Receipts while groups, members and messages come and go."""

import pytest

from receiptspec.case import Case
from receiptspec.checks import refusals
from receiptspec.scenes import groups


@pytest.mark.check("dismissed-group-is-refused")
def test_a_dismissed_group_is_refused(case: Case) -> None:
    scene = case.scene(groups.dismissed)
    case.judge(refusals.refused(scene.after.answer, "a dismissed group"))


@pytest.mark.check("dismissed-group-has-its-code")
def test_a_dismissed_group_is_refused_with_its_code(case: Case) -> None:
    scene = case.scene(groups.dismissed)
    case.judge(refusals.code_among(scene.after.answer, case.given["codes"], "a dismissed group"))
