"""Whatever happens in whatever order, receipts say what a model of the documents predicts."""

import pytest

from receiptspec.case import Case
from receiptspec.errors import NotExercised
from receiptspec.scenes import model

pytestmark = pytest.mark.long

STEPS = {"standard": (4, 22), "exhaustive": (40, 50)}


def judge(case: Case, check: str) -> None:
    case.profile.at_least("standard")
    if case.is_broken:
        raise NotExercised("a shorter test has found this broken already")
    found = case.scene(model.walks, *STEPS[case.profile.name])
    case.judge([deviation.finding for deviation in found if deviation.check == check])


@pytest.mark.check("read-raises-read-count")
def test_in_any_order_reads_raise_the_read_count(case: Case) -> None:
    judge(case, "read-raises-read-count")


@pytest.mark.check("read-lowers-unread-count")
def test_in_any_order_reads_lower_the_unread_count(case: Case) -> None:
    judge(case, "read-lowers-unread-count")


@pytest.mark.check("reads-stay-with-their-message")
def test_in_any_order_reads_leave_other_messages_alone(case: Case) -> None:
    judge(case, "reads-stay-with-their-message")


@pytest.mark.check("every-message-is-answered")
def test_in_any_order_every_message_is_answered(case: Case) -> None:
    judge(case, "every-message-is-answered")


@pytest.mark.check("plain-message-has-no-receipt")
def test_in_any_order_plain_messages_have_no_receipt(case: Case) -> None:
    judge(case, "plain-message-has-no-receipt")


@pytest.mark.check("reader-changes-lists")
def test_in_any_order_readers_change_lists(case: Case) -> None:
    judge(case, "reader-changes-lists")


@pytest.mark.check("walk-visits-everybody-once")
def test_in_any_order_a_walk_visits_everybody_once(case: Case) -> None:
    judge(case, "walk-visits-everybody-once")


@pytest.mark.check("no-more-readers-than-members")
def test_in_any_order_there_are_no_more_readers_than_members(case: Case) -> None:
    judge(case, "no-more-readers-than-members")


@pytest.mark.check("dismissed-group-is-refused")
def test_in_any_order_a_dismissed_group_is_refused(case: Case) -> None:
    if case.operation.name != case.stage.driver.ask:
        raise NotExercised("the model asks another operation")
    judge(case, "dismissed-group-is-refused")


@pytest.mark.check("readers-are-listed")
def test_in_any_order_who_has_read_is_listed(case: Case) -> None:
    judge(case, "readers-are-listed")


@pytest.mark.check("non-readers-are-listed")
@pytest.mark.views
def test_in_any_order_who_has_not_read_is_listed(case: Case) -> None:
    judge(case, "non-readers-are-listed")
