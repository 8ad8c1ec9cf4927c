"""Some types of groups have receipts, others do not."""

import pytest

from receiptspec.case import Case
from receiptspec.checks import receipts, refusals
from receiptspec.errors import Inconclusive, NotExercised
from receiptspec.findings import Finding
from receiptspec.scenes import groups


def each_type(case: Case) -> list[tuple[str, groups.Asked]]:
    found, reasons = [], []
    for type_ in case.given["types"]:
        try:
            found.append((type_, case.scene(groups.other_type, type_)))
        except NotExercised as reason:
            reasons.append(f"{type_}: {reason}")
    if not found:
        raise NotExercised("; ".join(reasons))
    return found


@pytest.mark.check("group-type-is-supported")
def test_a_supported_type_has_receipts(case: Case) -> None:
    found = each_type(case)
    if all(case.stage.is_gated(asked.answer) for _, asked in found):
        raise Inconclusive(
            f"no type of group has receipts (code {found[0][1].answer.code}): is the feature "
            "switched on for this application?"
        )
    findings: list[Finding] = []
    for type_, asked in found:
        findings += refusals.accepted(asked.answer, f"a {type_} group")
        if asked.answer.accepted and not any(r.known for r in asked.receipts.values()):
            findings += receipts.each_answered(asked.answer, {}, [f"in a {type_} group"])
    case.judge(findings)


@pytest.mark.check("group-type-is-unsupported")
def test_an_unsupported_type_has_no_receipts(case: Case) -> None:
    findings: list[Finding] = []
    for type_, asked in each_type(case):
        if asked.answer.accepted and any(r.known for r in asked.receipts.values()):
            findings += refusals.refused(asked.answer, f"a message of {type_}")
    case.judge(findings)


@pytest.mark.check("unsupported-group-type-has-its-code")
def test_an_unsupported_type_is_refused_with_its_code(case: Case) -> None:
    findings: list[Finding] = []
    for type_, asked in each_type(case):
        items = tuple(asked.receipts.values())
        why = f"a message of {type_}"
        findings += refusals.code_among(asked.answer, case.given["codes"], why, items=items)
    case.judge(findings)
