import re

import pytest
from markdown_it import MarkdownIt
from report_samples import HOSTILE, finding, hostile, of_every_outcome, report, result

from receiptspec.report import markdown


def tokens(text):
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        yield token
        yield from token.children or ()


def headings(text):
    return re.findall(r"^(#+ .*)$", text, re.MULTILINE)


def test_the_headline_comes_first_and_failures_before_warnings():
    text = markdown.render(of_every_outcome())
    kinds = [line for line in headings(text) if line.startswith(("## ", "### "))]
    assert kinds == [
        "## Read-receipt contract",
        "### Errors of the suite",
        "### Failures",
        "### Warnings",
        "### Inconclusive",
        "### Known deviation",
        "### Not exercised",
        "### Observations",
    ]
    assert "| sound | ✅ conforms | 10 of 10 | 0 | 0 | 0 |" in text


def test_a_failure_has_all_there_is_to_know():
    text = markdown.render(report(result("fail")))
    shown = "".join(token.content for token in tokens(text) if token.type in ("text", "fence"))
    for words in (
        "TC-GMR-01 MUST on t",
        "expected 3",
        "HTTP 200",
        "curl -sS",
        "Impact",
        "--seed 7",
    ):
        assert words in shown


def test_observations_of_one_kind_are_one_row():
    lacking = [f"operation_{n}" for n in range(30)]
    seen = [
        {"key": f"what breaks {name} at once", "value": f"the target does not have {name} (10003)"}
        for name in lacking
    ]
    seen += [{"key": "order of items", "value": "kept"}, {"key": "size", "value": "kept"}]
    row = result("observed", level="MAY", observations=seen)
    text = markdown.render(report(row))
    rows = [line for line in text.splitlines() if line.startswith("| TC-GMR-01")]
    assert len(rows) == 3
    assert "what breaks … at once: operation" in rows[0]
    assert rows[0].endswith(" and 24 more | the target does not have … (10003) |")
    assert rows[1].endswith("| order of items | kept |")


@pytest.mark.parametrize("limit", [markdown.LIMIT, 5000])
def test_a_long_summary_is_cut_between_sections(limit):
    rows = [result("fail", f"TC-GMR-{n}") for n in range(400)]
    rows += [result("warning", f"TC-X-{n}", level="SHOULD") for n in range(50)]
    text = markdown.render(report(*rows), limit=limit)
    assert len(text.encode()) <= limit
    assert len(text.encode()) > limit - 2500
    assert text.count("```") % 2 == 0
    assert text.count("<details>") == text.count("</details>")
    left = int(re.search(r"Left out here for its length: (\d+) × fail, 50 × warning", text)[1])
    assert left + text.count("#### ") == 400


def test_many_targets_and_long_strings_keep_the_limit():
    long = "界" * 100_000
    found = finding(long, path=long, expected=long, actual=long)
    rows = [result("fail", target=f"t{n}{long}", findings=[found]) for n in range(200)]
    text = markdown.render(report(*rows, stale=[f"t0{long}"] * 30))
    assert len(text.encode()) <= markdown.LIMIT


def test_hostile_strings_stay_text():
    text = markdown.render(hostile())
    found = list(tokens(text))
    kinds = {token.type for token in found}
    assert not kinds & {"link_open", "image", "html_inline", "s_open", "em_open"}
    html = [token.content.strip() for token in found if token.type == "html_block"]
    assert html == ["<details><summary>request and answer</summary>", "</details>"]
    assert "@everyone" not in re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    assert "\x1b" not in text
    assert "\u202e" not in text
    text.encode("utf-8")


@pytest.mark.parametrize("text", [HOSTILE, "a\n# b", "`" * 9, "~~~\n```\n````", "- x\n\n1. y"])
def test_no_text_leaves_its_line_or_its_block(text):
    inline = [token.type for token in tokens("x " + markdown.plain(text))]
    assert set(inline) <= {"paragraph_open", "inline", "text", "text_special", "paragraph_close"}
    (fence,) = MarkdownIt().parse(markdown.fence(text, "sh"))
    assert (fence.type, fence.info) == ("fence", "sh")


def test_a_partial_run_says_so():
    text = markdown.render(report(result(), complete=False, code=2))
    assert "cut short" in text
    assert "✅" not in text


def test_what_is_newer_than_the_pin_says_so():
    assert "new in 2026-12, fails nobody yet" in markdown.render(
        report(result("fail", new=True, since="2026-12"))
    )


def test_an_outage_is_told_once():
    rows = [result("inconclusive", f"TC-GMR-{n}", reason="nobody answers") for n in range(200)]
    text = markdown.render(report(*rows))
    assert text.count("nobody answers") == 1
    assert "TC-GMR-0" in text
    assert "and 192 more" in text
