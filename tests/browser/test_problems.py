"""The problem pages as a person with a keyboard, a mouse or a phone meets them."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from trajectories.models import Problem

WRONG = [[[9, 9, 7]]]


@pytest.fixture
def population(transactional_db) -> Problem:
    """A problem with 30 right and 5 wrong samples, and a neighbour."""
    problem_set = factories.make_problem_set(title="Flips")
    problem = factories.make_problem(name="flip-a", problem_set=problem_set, scored_count=35, correct_count=30)
    factories.make_problem(name="flip-b", problem_set=problem_set)
    run = factories.make_run(title="First run")
    for _ in range(30):
        factories.make_trace(problem=problem, run=run, correctness="pass", train_passed=2, train_total=2)
    for _ in range(5):
        factories.make_trace(problem=problem, run=run, answer=WRONG, correctness="fail", train_passed=0, train_total=2)
    problem.refresh_from_db()
    return problem


def overflow(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


def test_the_keyboard_finds_a_problem(log_in, lead, population):
    page = log_in(lead)
    page.goto("/problems/")
    expect(page.get_by_role("row")).to_have_count(3)
    page.keyboard.press("/")
    expect(page.get_by_label("Find by id")).to_be_focused()
    page.keyboard.type("flip-b")
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page).to_have_url(re.compile(r"/problems/\?q=flip-b$"))
    page.keyboard.press("Escape")
    expect(page.get_by_label("Find by id")).not_to_be_focused()
    page.get_by_role("link", name="flip-b").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("flip-b")
    expect(page.get_by_text("No samples yet")).to_be_visible()
    page.keyboard.press("p")
    expect(page.get_by_role("heading", level=1)).to_contain_text("flip-a")


def test_a_slow_click_after_typing_is_not_lost(log_in, lead, population):
    """Leaving the text box must not put other rows in place between pressing and letting go."""
    page = log_in(lead)
    page.goto("/problems/")
    page.get_by_label("Find by id").fill("flip-b")
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_role("link", name="flip-b").hover()
    page.mouse.down()
    page.wait_for_timeout(600)
    page.mouse.up()
    expect(page.get_by_role("heading", level=1)).to_contain_text("flip-b")


def test_an_output_filters_the_table_and_back_restores_it(log_in, curator, population):
    page = log_in(curator)
    page.goto(f"/problems/{population.pk}/")
    samples = page.locator("#board tbody tr")
    expect(samples).to_have_count(25)
    page.get_by_role("link", name="Show only output #2").click()
    expect(samples).to_have_count(5)
    expect(page).to_have_url(re.compile("answer="))
    expect(page.get_by_role("link", name="Show only output #2")).to_be_focused()
    page.go_back()
    expect(samples).to_have_count(25)
    page.keyboard.press("ArrowRight")
    expect(samples).to_have_count(10)


def test_grid_colours_and_digits_switch_at_once_and_are_remembered(log_in, curator, population):
    page = log_in(curator)
    page.goto(f"/problems/{population.pk}/")
    expect(page.locator(".grid-digits")).to_have_count(0)
    page.get_by_label("Your menu").click()
    with page.expect_response("**/preferences/"):
        page.get_by_role("group", name="Digits in grids").get_by_role("button", name="On").click()
    expect(page.locator(".grid-digits").first).to_be_visible()
    drawn = page.locator(".grid-digits").first.inner_html()
    with page.expect_response("**/preferences/"):
        page.get_by_role("button", name="Colour-blind").click()
    expect(page.locator(".thumb img").first).to_have_attribute("src", re.compile("/grids/colour-blind/"))
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-palette", "colour-blind")
    # The server draws the very digits that the script drew.
    assert page.locator(".grid-digits").first.inner_html() == drawn


def test_a_grid_can_be_copied(log_in, curator, population):
    page = log_in(curator)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"/problems/{population.pk}/")
    page.get_by_label("Copy or download input: 2 by 2 grid, 4 colours").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("np.array([[1, 2],")
    dialog.get_by_role("button", name="Copy").first.click()
    expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "[[1,2],[3,4]]"
    page.keyboard.press("n")
    expect(page.get_by_role("heading", level=1)).to_contain_text("flip-a")
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()


def test_the_question_mark_lists_the_keys_of_the_page(log_in, lead, population):
    page = log_in(lead)
    page.goto(f"/problems/{population.pk}/")
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys).to_contain_text("Sample this problem")
    expect(keys).to_contain_text("Next problem")
    page.keyboard.press("Escape")
    expect(keys).not_to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_is_wider_than_the_screen(log_in, lead, population, width, theme):
    page = log_in(lead)
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=theme)
    for address in ("/", "/problems/", f"/problems/{population.pk}/", "/no-such-page/"):
        page.goto(address)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert overflow(page) == 0, address


def test_the_list_works_without_javascript(live_app, browser, lead, population):
    context = browser.new_context(java_script_enabled=False, base_url=live_app.url)
    page = context.new_page()
    page.goto("/login/?next=/problems/")
    page.get_by_label("Username").fill(lead.username)
    page.get_by_label("Password").fill("a long enough password")
    page.get_by_role("button", name="Log in").click()
    page.get_by_label("Find by id").fill("flip-b")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("row")).to_have_count(2)
    page.get_by_label("Your menu").click()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    expect(page).to_have_url(re.compile(r"q=flip-b"))
    context.close()
