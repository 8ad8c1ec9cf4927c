"""The pages in a real browser: what they ask for, show, filter and print."""

import importlib.util
import json
import os
from pathlib import Path

import browser
import pytest
from report_samples import hostile, of_every_outcome, report, result
from test_report_html import compared, large

from receiptspec.report import html

pytestmark = pytest.mark.skipif(
    browser.found() is None,
    reason="no Chromium on PATH (apt-get install chromium): the pages were not drawn",
)
SIZES = [(1280, "light"), (1280, "dark"), (400, "light"), (400, "dark")]


@pytest.fixture(scope="module")
def chromium():
    with browser.chromium() as started:
        yield started


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    made = {
        "run": html.render(of_every_outcome()),
        "comparison": compared(),
        "hostile": html.render(hostile()),
        "large": html.render(large()),
    }
    for name, text in made.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def draw(chromium, pages):
    drawn = []

    def open_page(name, **options):
        drawn.append(chromium.open(pages / f"{name}.html", **options))
        return drawn[-1]

    yield open_page
    for page in drawn:
        page.close()


SHOWN = "[...document.querySelectorAll('.matrix tbody tr')].filter(r => !r.hidden).length"


def choose(page, name, value):
    page.run(
        f"(() => {{ const field = document.querySelector('form.filter').elements[{name!r}];"
        f" field.value = {json.dumps(value)};"
        " field.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    return page.run(SHOWN)


@pytest.mark.parametrize("name", ["run", "comparison", "hostile"])
@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_a_page_fits_asks_for_nothing_and_complains_of_nothing(draw, name, width, scheme):
    page = draw(name, width=width, scheme=scheme)
    assert page.run("document.documentElement.scrollWidth") <= width
    assert [url.split("/")[-1] for url in page.requested()] == [f"{name}.html"]
    assert page.complaints() == []
    dark = page.run("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert dark == (scheme == "dark")


def test_a_hostile_answer_runs_nothing(draw):
    page = draw("hostile")
    page.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.run("document.scripts.length") == 1
    assert page.run("document.images.length") == 0
    assert page.complaints() == []


def test_filters_narrow_the_matrix(draw):
    page = draw("run")
    assert page.run(SHOWN) == 10
    assert choose(page, "level", "SHOULD") == 1
    assert choose(page, "level", "") == 10
    assert choose(page, "outcome", "fail") == 1
    assert choose(page, "operation", "get_group_msg_receipt") == 1
    assert page.run("document.querySelector('output').textContent") == "1 of 10 requirements"
    page.run("document.querySelector('form.filter').reset()")
    page.wait(f"{SHOWN} === 10")
    assert choose(page, "text", "gmr-03") == 1
    assert choose(page, "text", "nothing like it") == 0


def test_a_comparison_can_be_narrowed_to_its_differences(draw):
    page = draw("comparison")
    assert page.run(SHOWN) == 3
    page.run("document.querySelector('[name=unlike]').click()")
    assert page.run(SHOWN) == 2


def test_the_address_of_a_failure_opens_it(draw):
    page = draw("run", fragment="#TC-GMR-02-on-t")
    page.wait("document.getElementById('TC-GMR-02-on-t').open")
    page = draw("run")
    page.run("document.querySelector('.matrix a.fail').click()")
    page.wait("document.getElementById('TC-GMR-02-on-t').open")
    page.wait("document.getElementById('TC-GMR-02-on-t').getBoundingClientRect().top < 200")


def test_the_keyboard_is_enough(draw):
    page = draw("run")
    page.press("Tab")
    assert page.run("document.activeElement.textContent") == "Skip to the requirements"
    seen = set()
    for _ in range(40):
        page.press("Tab")
        focused = "document.activeElement"
        seen.add(page.run(f"{focused}.tagName + ' ' + ({focused}.name || {focused}.className)"))
        if page.run(f"{focused}.tagName === 'SUMMARY' && !{focused}.parentElement.open"):
            page.press("Enter")
            assert page.run(f"{focused}.parentElement.open")
            style = page.run(f"getComputedStyle({focused}).outlineStyle")
            assert style == "solid"
    assert {"BUTTON all", "SELECT level", "SELECT outcome", "INPUT text", "DIV scroll"} <= seen


def test_printing_shows_every_failure_and_no_controls(draw):
    page = draw("run", scheme="dark")
    page.scheme("dark", media="print")
    assert page.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.run("getComputedStyle(document.querySelector('form.filter')).display") == "none"
    detail = "[...document.querySelectorAll('.detail')]"
    assert page.run(f"{detail}.every(found => getComputedStyle(found).display === 'none')")
    assert page.run("getComputedStyle(document.querySelector('.printed')).display") == "block"
    page.run("dispatchEvent(new Event('beforeprint'))")
    assert page.run("[...document.querySelectorAll('details')].every(found => found.open)")
    page.run("dispatchEvent(new Event('afterprint'))")
    assert not page.run("document.querySelector('details.case').open")
    assert page.pdf().startswith(b"%PDF")


def test_500_requirements_on_5_targets_are_drawn_within_a_second(draw):
    times = []
    for _ in range(3):
        page = draw("large")
        page.wait("performance.getEntriesByName('first-contentful-paint').length > 0")
        times.append(
            page.run(
                "Math.max(performance.getEntriesByType('navigation')[0].loadEventEnd,"
                " performance.getEntriesByName('first-contentful-paint')[0].startTime)"
            )
        )
    busy = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert min(times) < 1000 * busy
    assert page.run(SHOWN) == 500


AXE = importlib.util.find_spec("axe_core_python")


@pytest.mark.skipif(AXE is None, reason="axe-core-python is not installed")
@pytest.mark.parametrize("name", ["run", "comparison"])
@pytest.mark.parametrize(("width", "scheme"), SIZES)
def test_axe_finds_nothing(draw, name, width, scheme):
    page = draw(name, width=width, scheme=scheme)
    page.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.run(Path(AXE.origin).with_name("axe.min.js").read_text(encoding="utf-8") + "; 1")
    found = page.run("axe.run().then(r => r.violations)")
    assert [(v["id"], [n["html"][:200] for n in v["nodes"][:3]]) for v in found] == []


def test_a_page_without_findings_is_drawn(chromium, tmp_path):
    (tmp_path / "clean.html").write_text(html.render(report(result())), encoding="utf-8")
    page = chromium.open(tmp_path / "clean.html")
    assert page.run("!document.getElementById('found')")
    assert "conforms" in page.run("document.title")
    page.close()
