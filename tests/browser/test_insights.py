"""Figures in a browser: drawn under the content policy, in the page's theme, by keyboard, and without JavaScript."""

import csv
import re

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from tests.boxes import box_of
from tests.insights import make_population
from trajectories.charts import INSIGHTS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def population(transactional_db):
    return make_population(problems=6, samples=4, runs=2)


@pytest.fixture
def console(page: Page) -> list[str]:
    """Whatever the page complained of."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    return said


def drawn(page: Page, name: str = ""):
    """The drawing of a figure once it is there."""
    figure = page.locator(f"#figure-{name} [data-plot]" if name else "[data-plot]").first
    expect(figure).to_have_attribute("data-drawn", "done")
    return figure


def scroll_to(page: Page, selector: str) -> None:
    """At once: what comes into sight is replaced by its figure meanwhile."""
    page.locator(selector).first.evaluate("each => each.scrollIntoView()")
    page.evaluate("new Promise(requestAnimationFrame)")


def colour(page: Page, selector: str) -> str:
    return page.locator(selector).first.evaluate("each => getComputedStyle(each).fill")


def test_figures_load_as_they_come_into_sight_and_break_no_rule_of_the_page(log_in, population, curator, console):
    tasks, _ = population
    page = log_in(curator)
    page.goto(f"/insights/?problem_set={tasks.pk}")
    figure = drawn(page, "pass-at-k")
    # Its layers lie on each other: without the rules that are served as a file they would stand one below the other.
    tops = figure.locator(".main-svg").evaluate_all("each => each.map(svg => svg.getBoundingClientRect().top)")
    assert len(tops) > 1
    assert max(tops) - min(tops) < 1
    assert figure.locator(".scatterlayer .trace").count() == 4
    expect(page.locator("#figure-errors [data-plot]")).to_have_count(0)
    scroll_to(page, "#figure-errors")
    drawn(page, "errors")
    for chart in INSIGHTS:
        scroll_to(page, f"#figure-{chart.name}")
    expect(page.locator("[data-drawn=done]")).to_have_count(len(INSIGHTS))
    assert console == []
    assert page.evaluate("document.querySelectorAll('style').length") == 0


def test_a_page_without_figures_loads_no_library(log_in, curator):
    page = log_in(curator)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/traces/")
    page.goto("/runs/")
    assert asked
    assert not [address for address in asked if "plotly" in address or "figures" in address]


def test_it_follows_the_theme_of_the_page_when_that_changes(log_in, population, curator):
    page = log_in(curator)
    page.emulate_media(color_scheme="light")
    page.goto(f"/insights/pass-at-k/?problem_set={population[0].pk}")
    drawn(page)
    light = colour(page, ".xtick text")
    assert light == "rgb(86, 93, 104)"
    page.emulate_media(color_scheme="dark")
    expect(page.locator(".xtick text").first).to_have_css("fill", "rgb(160, 167, 178)")
    page.emulate_media(color_scheme="light")
    expect(page.locator(".xtick text").first).to_have_css("fill", light)
    page.evaluate("import('/static/trajectories/js/theme.js').then(theme => theme.choose('theme', 'dark'))")
    expect(page.locator(".xtick text").first).to_have_css("fill", "rgb(160, 167, 178)")


def test_points_are_read_and_opened_by_keyboard(log_in, population, curator):
    tasks, runs = population
    page = log_in(curator)
    page.goto(f"/insights/score-cost/?problem_set={tasks.pk}")
    figure, reading = drawn(page), page.locator("[data-plot-reading]")
    assert "the best score is" in figure.get_attribute("aria-label")
    figure.focus()
    page.keyboard.press("ArrowRight")
    expect(reading).to_contain_text("score ")
    expect(page.locator(".hoverlayer .hovertext")).to_be_visible()
    first = reading.text_content()
    page.keyboard.press("End")
    assert reading.text_content() != first
    page.keyboard.press("Escape")
    expect(reading).to_be_empty()
    page.keyboard.press("Home")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/runs/({runs[0].pk}|{runs[1].pk})/$"))


def test_a_point_is_a_link(log_in, population, curator):
    page = log_in(curator)
    page.goto(f"/insights/verifiers/?problem_set={population[0].pk}")
    bar = drawn(page).locator(".barlayer .point path").first
    box = box_of(bar)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator(".hoverlayer .hovertext")).to_contain_text("arc_test")
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page).to_have_url(re.compile(r"/traces/\d+/$"))


def test_without_javascript_the_table_is_there(browser, browser_context_args, log_in, population, curator):
    cookies = log_in(curator).context.cookies()
    context = browser.new_context(**{**browser_context_args, "java_script_enabled": False})
    context.add_cookies(cookies)
    page = context.new_page()
    page.goto(f"/insights/?problem_set={population[0].pk}")
    page.locator("#figure-pass-at-k").get_by_role("link", name="Open this figure with its table").click()
    expect(page.get_by_role("table")).to_be_visible()
    expect(page.get_by_role("columnheader", name="cons@k", exact=True)).to_be_visible()
    expect(page.locator("[data-plot]")).to_be_hidden()
    context.close()


def test_the_table_opens_beside_the_drawing_and_its_file_holds_the_same(log_in, population, curator):
    page = log_in(curator)
    page.goto(f"/insights/difficulty/?problem_set={population[0].pk}")
    drawn(page)
    expect(page.get_by_role("table")).to_be_hidden()
    page.get_by_text("Table of these numbers").click()
    shown = page.locator("tbody data").evaluate_all("all => all.map(each => each.value)")
    with page.expect_download() as started:
        page.get_by_role("link", name="CSV").click()
    rows = list(csv.reader(started.value.path().read_text().splitlines()))
    assert [value for row in rows[1:] for value in row] == shown
    assert len(rows) == 6


@pytest.mark.parametrize(("kind", "begins"), [("png", b"\x89PNG"), ("svg", b"<svg")])
def test_a_figure_is_saved_as_a_picture(kind, begins, log_in, population, curator, console):
    page = log_in(curator)
    page.goto(f"/insights/runs/?problem_set={population[0].pk}")
    drawn(page)
    with page.expect_download() as started:
        page.locator(f"[data-plot-save={kind}]").click()
    assert started.value.suggested_filename == f"runs.{kind}"
    data = started.value.path().read_bytes()
    assert data.startswith(begins)
    assert len(data) > 8_000
    assert console == []


def test_hostile_names_are_drawn_as_text(log_in, curator, console):
    evil = '<b>bold</b><a href="https://evil.example">x</a> %{x} $a$'
    run = factories.make_run(title=evil, state="finished", plan={"samples_each": 1})
    other = factories.make_run(title="W" * 150, state="finished")
    for each in (run, other):
        factories.make_trace(run=each, correctness="pass", cost="0.1")
    page = log_in(curator)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/insights/runs/")
    figure = drawn(page)
    legend = figure.locator(".legendtext").all_text_contents()
    assert any(text.startswith("<b>bold</b><a href=") for text in legend)
    assert max(map(len, legend)) <= 32
    assert figure.locator("svg a").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert not [address for address in asked if "evil" in address]
    assert console == []


def test_the_table_stays_where_the_library_does_not_come(log_in, population, curator):
    page = log_in(curator)
    page.route("**/plotly.min.js", lambda route: route.abort())
    page.goto(f"/insights/runs/?problem_set={population[0].pk}")
    expect(page.locator("[data-plot-reading]")).to_contain_text("could not be drawn")
    expect(page.get_by_role("table")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1280])
def test_no_page_scrolls_sideways(width, log_in, population, lead):
    tasks, (run, _) = population
    page = log_in(lead)
    page.set_viewport_size({"width": width, "height": 800})
    for address in ("/insights/", f"/insights/verifiers/?problem_set={tasks.pk}", f"/runs/{run.pk}/"):
        page.goto(address)
        scroll_to(page, ".plot-card")
        drawn(page)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
