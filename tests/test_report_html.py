import re
from html.parser import HTMLParser

from pace import within
from report_samples import HOSTILE, exchange, hostile, of_every_outcome, report, result, unanswered

from receiptspec.report import comparison, html


class Page(HTMLParser):
    """Reads a page and notes what it holds; unbalanced elements are an error."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.tags = [], [], [], []
        self.attributes, self.texts = [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attributes]
        given = dict(attributes)
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given["href"])
        if tag not in {"meta", "link", "br", "input"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        if self.open and self.open[-1] not in ("script", "style"):
            self.texts.append(text)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


def test_the_headline_gives_each_target_its_verdict():
    text = Page(html.render(of_every_outcome())).text
    assert "sound ✓ conforms 10 of 10 testable requirements exercised" in text
    assert "t ✗ the suite itself failed: please report this 5 of 9 testable" in text


def test_the_matrix_has_a_row_for_each_requirement_and_links_to_its_section():
    text = html.render(of_every_outcome())
    page = Page(text)
    assert text.count('<tr data-l="') == 10
    linked = {link[1:] for link in page.links if link.startswith("#")}
    assert linked <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert "TC-GMR-02-on-t" in linked
    assert 'data-l="SHOULD" data-o="get_group_msg_receipt" data-r="pass warning" data-u="1"' in text


def test_a_failure_shows_all_there_is_to_know():
    text = html.render(report(result("fail")))
    shown = Page(text).text
    for words in (
        "fail TC-GMR-01 MUST on t · get_group_msg_receipt ReadNum is 4 · expected 3",
        "Every question is answered.",
        "Source: Pulling read receipts · response fields · 2025-10-23",
        "at $.List[0].ReadNum expected 3 actual 4",
        "POST http://127.0.0.1:1/v4/x?",
        "Answer · HTTP 200 · 38 bytes · 1.5 ms",
        "curl -sS http://127.0.0.1:1/v4/x",
        "The sender's app never shows the message as read.",
        "receiptspec run --target t --requirement TC-GMR-01 --seed 7",
    ):
        assert words in shown
    assert '<mark>&#34;ReadNum&#34;: 4</mark><i class="said">expected 3</i>' in text
    assert 'href="https://vendor.example/doc/1"' in text


def test_a_request_without_an_answer_says_why():
    shown = Page(html.render(report(result("fail", exchanges=[unanswered()])))).text
    assert "No answer connection reset" in shown


def test_a_partial_run_says_so():
    shown = Page(html.render(report(result(), complete=False, code=2))).text
    assert "The run was cut short" in shown
    assert "? interrupted" in shown


def test_observations_that_differ_come_first():
    def saw(target, value, key="order"):
        seen = [{"key": key, "value": value}, {"key": "same", "value": "yes"}]
        return result("observed", target=target, level="MAY", observations=seen)

    shown = Page(html.render(report(saw("a", "kept"), saw("b", "reversed")))).text
    assert "The targets differ requirement what a b TC-GMR-01 order kept reversed" in shown
    assert shown.index("reversed") < shown.index("1 are the same on every target")


def harmless(text):
    page = Page(text)
    assert page.tags.count("script") == 1
    assert not {"img", "iframe", "object", "embed", "base"} & set(page.tags)
    for tag, name, value in page.attributes:
        assert not name.startswith("on"), (tag, name)
        if name in ("href", "src", "action"):
            assert re.match(r"#|https?://|data:,$", value), value
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\ud800-\udfff]", text)
    text.encode("utf-8")
    return page


def test_hostile_strings_stay_text():
    page = harmless(html.render(hostile()))
    assert "</script><script>alert(1)</script><img src=x onerror=alert(2)>" in page.text
    assert "{{7*7}}" in page.text
    assert not [link for link in page.links if "evil" in link or "javascript" in link]


def test_hostile_strings_of_a_comparison_stay_text():
    before = report(result(target=HOSTILE, text=HOSTILE), targets=[HOSTILE])
    found = comparison.compare(before, hostile())
    assert found["changes"]
    harmless(html.comparison(found, before, hostile()))


def test_nothing_outside_is_asked_for():
    for text in (html.render(of_every_outcome()), compared()):
        addresses = re.findall(r"""(?:src|href)=["']?([^"' >]*)""", text)
        assert addresses
        assert not [a for a in addresses if not re.match(r"https://vendor\.example|#|data:,$", a)]
        assert "@import" not in text
        assert "url(" not in text
        policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)[1]
        assert "default-src 'none'" in policy
        assert re.search(r"script-src '?(&#39;)?sha256-", policy)


def compared():
    before = report(result("pass", "A"), result("fail", "B"), result("pass", "C"))
    after = report(result("fail", "A"), result("pass", "B"), result("pass", "C"))
    found = comparison.compare(before, after)
    return html.comparison(found, before, after)


def test_a_comparison_shows_differences_first():
    page = Page(compared())
    shown = page.text
    assert (
        shown.index("✗ Got worse") < shown.index("Got worse: 1") < shown.index("Newly passing: 1")
    )
    assert "A-on-t" in page.ids
    rows = re.findall(r'<span class="id">(\w)</span>', compared())
    assert rows == ["A", "B", "C"]


def large(failing=0.1):
    rows = []
    for target in range(5):
        for number in range(500):
            bad = (number * 7 + target) % 100 < failing * 100
            rows.append(
                result(
                    "fail" if bad else "pass",
                    f"TC-GMR-{number:03}",
                    f"target-{target}",
                    text=f"Requirement {number} is kept as the document says, in every case.",
                    operation=f"operation_{number % 20}",
                    timeline=[
                        [1795252320.0 + number + n / 10, 12.5, f"operation_{number % 20}", 200]
                        for n in range(4)
                    ],
                )
            )
    return report(*rows, valid=False)


def test_500_requirements_on_5_targets_take_less_than_1_5_mb():
    for failing in (0.1, 1.0):
        with within(1.5):
            text = html.render(large(failing))
        assert len(text.encode()) < 1_500_000
        links = set(re.findall(r'href="#([^"]+)"', text))
        assert links <= set(re.findall(r'id="([^"]+)"', text))
        assert ("more in report.json" in text) == (failing == 1.0)


def test_what_is_newer_than_the_pin_says_so():
    assert (
        "new in 2026-12, fails nobody yet"
        in Page(html.render(report(result("fail", new=True, since="2026-12")))).text
    )


def test_lines_to_a_harness_are_shown_as_such():
    made = exchange(request={**exchange()["request"], "url": "harness:/alice"})
    shown = Page(html.render(report(result("fail", exchanges=[made])))).text
    assert "The same line for the harness" in shown
    assert "HTTP" not in shown
