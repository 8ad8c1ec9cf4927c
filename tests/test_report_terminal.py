"""What a terminal shows fits it: no name is broken, however narrow it is."""

import errno
import io

import pytest
from report_samples import of_every_outcome, report, result

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


class Gone(io.StringIO):
    def write(self, _text):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")


def test_a_reader_who_has_gone_is_told_to_the_caller():
    with pytest.raises(BrokenPipeError):
        terminal.show(report(result()), file=Gone())
