"""What a terminal shows fits it: no name is broken, however narrow it is."""

import errno
import io

import pytest
from report_samples import exchange, finding, of_every_outcome, report, result

from receiptspec.report import terminal

LONG = "get_group_msg_receipt_detail_of_every_member"


@pytest.mark.parametrize("width", [40, 60, 80, 100])
def test_no_name_is_broken(monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    out = io.StringIO()
    document = of_every_outcome()
    for row in document["results"]:
        row["operation"] = LONG
    terminal.show(document, file=out)
    overview = out.getvalue().partition("\nERROR ")[0]
    assert LONG in overview.replace("\n", " ").split()
    assert max(map(len, overview.splitlines())) <= max(width, len(LONG))
    for words in ("1 known deviation", "1 fail", "1 pass"):
        assert words in " ".join(overview.split())


@pytest.mark.parametrize(("width", "table"), [(40, True), (30, False)])
def test_a_table_is_drawn_where_it_fits(monkeypatch, width, table):
    monkeypatch.setenv("COLUMNS", str(width))
    out = io.StringIO()
    terminal.show(report(result()), file=out)
    assert ("operation" in out.getvalue()) is table
    assert "get_group_msg_receipt" in out.getvalue().split()


def test_a_target_that_was_not_judged_has_no_table():
    out = io.StringIO()
    away = result("inconclusive", reason="nobody is there")
    bare = result("not_exercised", "TC-GMR-02", reason="no key")
    terminal.show(report(away, bare), file=out)
    assert "nobody is there: TC-GMR-01" in out.getvalue()
    assert "no key: TC-GMR-02" in out.getvalue()
    assert "operation" not in out.getvalue()


class Gone(io.StringIO):
    def write(self, _text):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


def test_a_reader_who_has_gone_is_told_to_the_caller():
    with pytest.raises(BrokenPipeError):
        terminal.show(report(result()), file=Gone())


def test_findings_of_a_kind_in_one_operation_are_told_one_by_one_up_to_some():
    same = [finding(f"sendmsg with {name} breaks the target", "s", (1,)) for name in "abcdef"]
    text = io.StringIO()
    row = result("fail", findings=same, exchanges=[exchange(1, operation="sendmsg")])
    terminal.show(report(row), file=text)
    said = text.getvalue()
    assert [f"with {name} breaks" in said for name in "abcdef"] == [True] * 4 + [False] * 2
    assert "… and 2 more like it, in the report" in said


def test_findings_of_a_kind_are_told_once_with_their_operations():
    names = [f"operation_{number}" for number in range(5)]
    same = [finding(f"{n} is accepted", "s", (i,)) for i, n in enumerate(names, 1)]
    other = [finding(f"other {n}", f"o{n}", (1,)) for n in range(4)]
    sent = [exchange(number, operation=name) for number, name in enumerate(names, 1)]
    text = io.StringIO()
    row = result("fail", findings=[*same, *other], exchanges=sent)
    terminal.show(report(row), file=text)
    said = text.getvalue()
    assert said.count("is accepted") == 1
    assert "… and 4 more like it: operation_1, operation_2, operation_3, operation_4" in said
    assert ("other 1" in said, "other 2" in said) == (True, False)
    assert "… and 2 more, in the report" in said


@pytest.mark.parametrize(
    ("spent", "slowest", "lagged", "ends"),
    [
        (118.4, 0.05, False, "what came, came within 0.05 s: a smaller one may do"),
        (118.4, 0.0, False, "what came, came within 0.01 s: a smaller one may do"),
        (118.4, 0.05, True, "(consistency: 2s)"),
        (118.4, 1.9, False, "(consistency: 2s)"),
    ],
)
def test_a_run_that_mostly_waited_says_what_for(spent, slowest, lagged, ends):
    last = closing(spent, slowest, lagged)[-1]
    assert last.startswith("t: 118 s were let pass for writes to show (consistency: 2s)")
    assert last.endswith(ends)


def test_a_run_that_hardly_waited_does_not_speak_of_it():
    assert "let pass" not in "".join(closing(19.0, 0.0, False))


def closing(spent, slowest, lagged):
    made = report(result())
    made["targets"][0]["waiting"] = {
        "spent_s": spent,
        "window_s": 2.0,
        "slowest_s": slowest,
        "lagged": lagged,
    }
    text = io.StringIO()
    terminal.show(made, file=text)
    return text.getvalue().splitlines()
