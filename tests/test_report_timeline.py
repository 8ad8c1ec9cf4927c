from report_samples import exchange, result

from receiptspec.report import timeline

START = 1795252320.0


def sent(*entries):
    return [[START + at, taken, operation, status] for at, taken, operation, status in entries]


def test_a_run_without_times_has_no_timeline():
    assert timeline.of_target("t", [result()], {}) is None


def test_each_operation_has_a_lane():
    row = result(
        timeline=sent((0, 2, "a", 200), (5, 4, "a", 500), (5, 8, "a", 0), (10, 1000, "b", 200))
    )
    drawn = timeline.of_target("t", [row, result(target="u")], {})
    assert (drawn.requests, drawn.seconds) == (4, 11.0)
    first, second = drawn.lanes
    assert (first.operation, first.requests, first.median, first.slowest) == ("a", 3, 4, 8)
    assert first.fine == "M0 2v10"
    assert first.odd == "M454.5 2v10"
    assert first.statuses == "1 × no answer, 1 × 200, 1 × 500"
    assert second.fine == "M909.1 2v10"
    assert drawn.ticks[0] == (0.0, "0 s")
    assert len(drawn.ticks) <= 9


def test_many_requests_take_bounded_room():
    entries = sent(*((number / 1000, 1, "a", 200) for number in range(100_000)))
    drawn = timeline.of_target("t", [result(timeline=entries)], {})
    assert drawn.requests == 100_000
    assert len(drawn.lanes[0].fine) < 140_000


def test_what_a_finding_rests_on_is_marked():
    row = result(
        "fail",
        exchanges=[exchange(operation="a", started=START + 5)],
        timeline=sent((0, 0, "a", 200), (10, 0, "a", 200)),
    )
    drawn = timeline.of_target("t", [row], {("t", "TC-GMR-01"): "here"})
    assert drawn.marks == [(500.0, 0, "TC-GMR-01", "here")]
