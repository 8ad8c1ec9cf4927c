"""How much a profile may spend on a contract."""

import pytest

from receiptspec import contract as contracts
from receiptspec.case import PROFILES
from receiptspec.errors import NotExercised


@pytest.mark.parametrize(
    ("vendor", "brief"), [("tencent", True), ("volcengine", False), ("tencent-sdk", False)]
)
def test_smoke_is_brief_where_a_contract_has_more_rows_than_it_has_requests(vendor, brief):
    contract = contracts.load(vendor)
    rows = [row for row in contract.requirements if row.check]
    assert PROFILES["smoke"].is_brief(contract) is brief
    assert (len(rows) > PROFILES["smoke"].requests) is brief


@pytest.mark.parametrize("name", ["standard", "exhaustive"])
def test_a_profile_without_a_budget_is_never_brief(name):
    assert not PROFILES[name].is_brief(contracts.load("tencent"))


def test_what_is_dear_is_left_to_the_larger_profiles():
    PROFILES["standard"].at_least("standard")
    with pytest.raises(NotExercised, match="only in the standard profile"):
        PROFILES["smoke"].at_least("standard")
