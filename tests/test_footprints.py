"""What tests cost, and in what order they are worth it."""

import pytest

from receiptspec.footprints import Footprints


class Sender:
    def __init__(self):
        self.sent = 0
        self.footprints = Footprints()

    def of(self, name):
        return self.footprints.of(name, lambda: self.sent)


@pytest.fixture
def played():
    """Two tests that share a scene, which uses another."""
    sender = Sender()
    with sender.of("one"):
        sender.sent += 1
        with sender.of("outer"):
            sender.sent += 2
            with sender.of("inner"):
                sender.sent += 4
    with sender.of("two"):
        sender.footprints.seen("outer")
        sender.sent += 8
    return sender.footprints


def test_requests_are_counted_where_they_were_sent(played):
    assert played.costs == {"one": 1, "outer": 2, "inner": 4, "two": 8}


def test_what_was_played_before_is_needed_as_well(played):
    assert played.needed("two") == {"two", "outer", "inner"}
    assert played.needed("inner") == {"inner"}


def test_requests_count_also_where_a_test_fails():
    sender = Sender()

    def fail():
        with sender.of("one"):
            sender.sent += 3
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert sender.footprints.costs == {"one": 3}


def test_what_is_sent_at_two_times_is_added_up():
    sender = Sender()
    for _ in range(2):
        with sender.of("users"):
            sender.sent += 2
    assert sender.footprints.costs == {"users": 4}


def test_nothing_outside_of_a_test_is_noted():
    footprints = Footprints()
    footprints.seen("scene")
    assert footprints.uses == {}


def test_the_best_for_a_request_comes_first():
    footprints = Footprints({"cheap": 1, "dear": 10, "rich": 10})
    assert footprints.best_first(
        {"cheap": 1, "dear": 1, "rich": 20}, ("dear", "cheap", "rich")
    ) == [
        "rich",
        "cheap",
        "dear",
    ]


def test_what_is_free_after_another_comes_right_behind_it(played):
    gains = {"one": 1, "two": 1}
    assert played.best_first(gains, ("two", "one")) == ["one", "two"]
    footprints = Footprints({"scene": 6, "alone": 3}, {"a": {"scene"}, "b": {"scene"}})
    order = footprints.best_first({"a": 1, "b": 3, "alone": 1}, ("a", "alone", "b"))
    assert order == ["b", "a", "alone"]


def test_the_useless_comes_last_and_the_cheaper_of_it_first():
    footprints = Footprints({"useless": 1, "dear": 5, "good": 9})
    assert footprints.best_first({"good": 1}, ("dear", "useless", "good")) == [
        "good",
        "useless",
        "dear",
    ]
