"""What a reader meets: the published pages in Chromium, on a telephone, on a desk and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

PAGES = (
    "index.html",
    "bariatric_surgery/index.html",
    "hospitalisation_and_earnings/index.html",
    "talking_therapies/index.html",
)
WIDTHS = (360, 1280)

SMALLEST_TEXT = 9.0
"""CSS pixels: the smallest type that is still read at arm's length, in a chart's labels."""

TOUCHING = 1.0
"""CSS pixels by which two labels' boxes may meet: a box is a little taller than its letters."""

AXE = {
    "resultTypes": ["violations"],  # the others in brief: half the time
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
}

OPEN_EVERYTHING = "document.querySelectorAll('details').forEach(one => { one.open = true; })"

LABELS = """
() => [...document.querySelectorAll('svg')].filter(svg => svg.getClientRects().length).map(svg => {
    const box = one => (({left, top, right, bottom}) => ({left, top, right, bottom}))(one.getBoundingClientRect());
    const texts = [...svg.querySelectorAll('text')].filter(text => text.textContent.trim());
    return {chart: box(svg), labels: texts.map(text => ({text: text.textContent, ...box(text)}))};
})
"""


@pytest.fixture(params=WIDTHS, ids=lambda width: f"{width}px")
def page(request: pytest.FixtureRequest, browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": request.param, "height": 800}, bypass_csp=True)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("file", PAGES)
def test_a_page_never_scrolls_sideways(page: Page, site: Path, file: str):
    page.goto((site / file).as_uri())
    page.evaluate(OPEN_EVERYTHING)
    content, window = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert content <= window


@pytest.mark.parametrize("file", PAGES)
def test_a_page_asks_no_other_host_for_anything(page: Page, site: Path, file: str):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    address = (site / file).as_uri()
    page.goto(address, wait_until="networkidle")
    assert asked == [address]


@pytest.mark.parametrize("file", PAGES)
def test_a_page_has_no_fault_that_axe_finds(page: Page, site: Path, file: str):
    page.goto((site / file).as_uri())
    page.evaluate(OPEN_EVERYTHING)
    found = Axe().run(page, options=AXE)
    assert found.response["passes"]
    assert [fault["id"] for fault in found.response["violations"]] == []


@pytest.mark.parametrize("file", PAGES)
def test_a_charts_labels_are_large_enough_inside_it_and_apart(page: Page, site: Path, file: str):
    page.goto((site / file).as_uri())
    charts = page.evaluate(LABELS)
    assert charts
    for chart in charts:
        frame = chart["chart"]
        for position, one in enumerate(chart["labels"]):
            assert one["bottom"] - one["top"] >= SMALLEST_TEXT, one["text"]
            assert frame["left"] - TOUCHING <= one["left"], one["text"]
            assert one["right"] <= frame["right"] + TOUCHING, one["text"]
            for other in chart["labels"][position + 1 :]:
                across = min(one["right"], other["right"]) - max(one["left"], other["left"])
                down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
                assert min(across, down) <= TOUCHING, (one["text"], other["text"])


@pytest.mark.parametrize("file", PAGES)
def test_a_page_reads_without_script(browser: Browser, site: Path, file: str):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / file).as_uri())
    assert "than it would have been on this comparison" in page.inner_text("main")
    assert page.locator("svg:visible").count() > 0
    assert page.locator("script").count() == 0
    context.close()


def test_numbers_behind_a_chart_open_without_script(browser: Browser, site: Path):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "bariatric_surgery/index.html").as_uri())
    assert not page.locator("#pay-numbers").is_visible()
    page.get_by_text("Numbers behind the chart: pay", exact=True).click()
    assert page.locator("#pay-numbers").is_visible()
    context.close()


def test_paper_shows_the_wide_chart_and_every_number(browser: Browser, site: Path):
    context = browser.new_context(viewport={"width": 360, "height": 800})
    page = context.new_page()
    page.goto((site / "bariatric_surgery/index.html").as_uri())
    assert page.locator("svg.narrow").first.is_visible()
    page.emulate_media(media="print")
    assert page.locator("svg.wide").first.is_visible()
    assert not page.locator("svg.narrow").first.is_visible()
    assert page.locator("#pay-numbers").is_visible()
    context.close()


def test_the_front_page_leads_to_each_evaluation_and_back(page: Page, site: Path):
    page.goto((site / "index.html").as_uri())
    page.get_by_role("link", name="Bariatric surgery").click()
    assert page.title() == "Bariatric surgery: what it does to people's work"
    page.get_by_role("link", name="All evaluations of this release").click()
    assert page.get_by_role("heading", level=1).inner_text() == "What health interventions do to people's work"
