"""Right credentials open, wrong ones do not, and the refusal says which mistake it was."""

import pytest

from receiptspec.case import Case
from receiptspec.checks import refusals
from receiptspec.findings import Finding


@pytest.mark.check("credential-serves-many-calls")
def test_one_credential_serves_many_calls(case: Case) -> None:
    call = case.good_call(repeatable=True)
    findings: list[Finding] = []
    for _ in range(case.given["times"] if case.profile.rank > 0 else 1):
        findings = findings or refusals.accepted(case.stage.call(call), "a credential used before")
    case.judge([*findings, *case.witnessed_so_far()])
