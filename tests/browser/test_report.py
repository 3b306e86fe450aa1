"""The report in a real browser: what a reader sees, with and without a script, on a desk, a telephone and paper."""

from __future__ import annotations

import importlib.util
import shutil
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dibs.report import build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = pytest.mark.browser

CHROMIUM = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), "")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
PICTURES = (
    "capacity",
    "offers",
    "matrix",
    "force",
    "building",
    "shortage",
    "flows",
    "commitments",
    "shares",
    "funding",
    "suppliers",
    "laws",
    "proof",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM:
        pytest.skip("there is no Chromium on this machine: install one to see the report in it")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install dibs[test]")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = Path(__file__).parents[1] / "unit" / "report" / "make_run.py"
    spec = importlib.util.spec_from_file_location("make_run", path)
    assert spec
    assert spec.loader
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    return build(maker.make_run(tmp_path_factory.mktemp("run"))).as_uri()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto(address)
    return page


def test_the_page_opens_without_a_complaint_and_without_asking_anybody(context: BrowserContext, address: str) -> None:
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    page.mouse.move(600, 500)
    page.select_option("#zoom", index=2)
    assert said == []
    assert [url for url in asked if not url.startswith("data:")] == [address]


def test_every_picture_is_there_and_has_a_name(page: Page) -> None:
    for name in PICTURES:
        section = page.locator(f"section#{name}")
        assert section.locator("h2").inner_text().strip()
        assert section.bounding_box()["height"] > 100  # type: ignore[index]
    assert (
        page.locator("figure.stack:visible").count() == page.locator("figure.sheet:visible").count() == page.locator(".wording:visible").count() == 1
    )
    figures = page.locator("figure")
    for n in range(figures.count()):
        assert figures.nth(n).get_attribute("aria-label"), n
    assert page.locator("svg[role=img]:not([aria-label])").count() == 0
    assert page.get_by_role("group", name="The life of every clause").is_visible()


def test_without_a_script_pictures_tables_and_switches_still_work(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1000, "height": 900})
    page = context.new_page()
    page.goto(address)
    assert page.locator("#ruler").is_hidden()
    band = page.locator("#capacity .split-platform path.band").first
    assert band.bounding_box()["width"] > 100  # type: ignore[index]
    page.locator("#by-site").check(force=True)
    assert page.locator(".split-site").is_visible()
    assert page.locator(".split-platform").is_hidden()
    page.locator("#m-0").check(force=True)
    assert page.locator(".sheet-0").is_visible()
    assert page.locator(".sheet:visible").count() == 1
    page.locator("#offers details summary").first.click()
    assert page.locator("#offers table tbody tr").first.is_visible()
    context.close()


def test_a_cell_opens_its_reasons_with_the_clause_and_its_line(page: Page) -> None:
    page.locator("#m-1").check(force=True)
    page.locator(".sheet-1 tr", has_text="cinder-west").locator(".cell").first.click()
    because = page.locator("#because")
    assert "Under first-call, training on cinder-west: may run only after it was offered first." in because.inner_text()
    assert "agreement.yaml:70:5" in because.inner_text()
    because.locator("a", has_text="first-refusal").click()
    assert page.locator("#clause-first-refusal").is_visible()


def test_the_matrix_is_walked_and_opened_with_the_keyboard(page: Page) -> None:
    page.locator("#m-1").check(force=True)
    page.locator(".sheet-1 .cell").first.focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    assert "Under first-call, api on borealis-east: may run." in page.locator("#because").inner_text()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    assert "api on aster-yard: may not run" in page.locator("#because").inner_text()


def test_tab_reaches_every_control_and_the_focus_is_seen(page: Page) -> None:
    seen = set()
    for _ in range(120):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.id || document.activeElement.closest('section')?.id || document.activeElement.tagName"))
    assert {"zoom", "by-platform", "capacity", "offers"} <= seen
    page.locator("figure.split-platform").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_arrow_keys_move_one_cursor_over_all_pictures_and_read_the_figures_out(page: Page) -> None:
    page.locator("figure.split-platform").focus()
    page.keyboard.press("ArrowLeft")
    readout = page.locator(".split-platform .readout")
    before = readout.inner_text()
    assert "Borealis Cloud" in before
    assert "wanted" in before
    page.keyboard.press("ArrowLeft")
    assert readout.inner_text() != before
    places = page.evaluate(
        "[...document.querySelectorAll('.field:not(.lens .field) .cursor')].map(c => Math.round(c.getBoundingClientRect().left)).filter(x => x > 0)"
    )
    assert len(places) >= 4
    assert len(set(places)) == 1


def test_choosing_a_version_zooms_every_picture_at_once(page: Page) -> None:
    wide = page.locator("#offers .window").first.bounding_box()
    before = page.locator("#force .life").nth(3).bounding_box()
    page.select_option("#zoom", label="first-call")
    after = page.locator("#force .life").nth(3).bounding_box()
    assert after["width"] > 2 * before["width"]  # type: ignore[index]
    assert page.locator(".ruler .ticks").inner_text().split()[:2] == ["2025", "Feb"]
    assert page.locator("#capacity .split-platform .ys").inner_text() != ""
    page.keyboard.press("Escape")
    page.select_option("#zoom", index=0)
    assert page.locator("#offers .window").first.bounding_box() == wide


def test_a_drag_over_the_ruler_shows_that_stretch_and_a_double_click_all(page: Page) -> None:
    box = page.locator(".ruler .plot").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 10, steps=5)
    page.mouse.up()
    assert page.locator("html[data-zoom]").count() == 1
    assert "2025" in page.locator("#zoom option:checked").inner_text()
    page.mouse.dblclick(box["x"] + box["width"] * 0.5, box["y"] + 10)
    assert page.locator("html[data-zoom]").count() == 0


def test_hovering_a_notice_dates_and_names_it_and_a_click_leads_to_its_row(page: Page) -> None:
    mark = page.locator("#offers .plot .mark").first
    mark.scroll_into_view_if_needed()
    page.wait_for_timeout(100)
    mark.hover()
    tip = page.locator("#tip")
    assert "accelerators offered to Borealis Cloud on" in tip.inner_text()
    assert "journal entry" in tip.inner_text()
    mark.click()
    row = page.locator("#offer-O-0001")
    assert row.is_visible()
    assert "found" in (row.get_attribute("class") or "")


def test_every_question_has_the_number_under_which_the_list_names_it(page: Page) -> None:
    listed = page.eval_on_selector_all("nav li a", "all => all.map(a => a.getAttribute('href').slice(1))")
    assert listed == page.eval_on_selector_all("main > section", "all => all.map(section => section.id)")


@pytest.mark.parametrize("width", [360, 1280])
def test_no_two_parties_of_a_flow_stand_on_each_other(browser: Browser, address: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(address)
    tops = page.eval_on_selector_all(".payees", "all => all.map(one => [...one.children].map(span => span.getBoundingClientRect().top))")
    assert max(len(year) for year in tops) == 9
    assert all(later - earlier > 12 for year in tops for earlier, later in pairwise(year))
    over = page.eval_on_selector_all(
        ".flow", "all => all.filter(one => one.querySelector('svg').getBoundingClientRect().height > one.clientHeight + 1)"
    )
    assert not over
    context.close()


def test_the_cursor_reads_out_what_counted_what_is_due_and_what_is_expected(page: Page) -> None:
    figure = page.locator("[data-picture='burndown-cloud-commitment']")
    figure.focus()
    page.keyboard.press("ArrowLeft")
    assert "Jun 2026: counted so far 4.3 bn" in figure.locator(".readout").inner_text()
    assert "due 12 bn" in figure.locator(".readout").inner_text()


@pytest.mark.parametrize("width", [360, 760, 1000, 1600])
def test_nothing_runs_over_the_edge(browser: Browser, address: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    page.goto(address)
    for control in ("#by-operator", "#by-site", "#m-1", "#f-1"):
        page.locator(control).check(force=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, control
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_the_page_in_light_and_dark(browser: Browser, address: str, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address)
    ratios = page.evaluate(
        """() => {
          const value = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
          const linear = (v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
          const light = (hex) => { const c = [1, 3, 5].map((n) => linear(parseInt(hex.slice(n, n + 2), 16) / 255));
            return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]; };
          const page = light(value("--page"));
          return Object.fromEntries(["--ink", "--soft", "--red", "--slate"].map((name) => { const it = light(value(name));
            return [name, (Math.max(it, page) + 0.05) / (Math.min(it, page) + 0.05)]; }));
        }"""
    )
    assert all(ratio >= 4.5 for ratio in ratios.values()), ratios
    context.close()


def test_on_paper_controls_are_gone_and_every_version_is_there(page: Page) -> None:
    page.emulate_media(media="print")
    assert page.locator("#ruler").is_hidden()
    assert page.locator(".switch:visible").count() == 0
    assert page.locator(".sheet:visible").count() == page.locator(".sheet").count() == 5
    assert page.pdf(prefer_css_page_size=True)[:5] == b"%PDF-"
