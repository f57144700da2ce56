"""The budget in a browser: a slider that asks for a table, curves whose points lead to problems, no JavaScript."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.insights import make_population
from trajectories.models import Trace

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def population(transactional_db):
    made = make_population(problems=6, samples=8, runs=2)
    Trace.objects.filter(correctness="pass").update(train_passed=3, train_total=3, train_error=0)
    Trace.objects.filter(correctness="fail").update(train_passed=1, train_total=3, train_error=0.5)
    return made


def test_a_move_of_the_slider_changes_the_table_and_a_point_leads_to_its_problems(log_in, population, curator):
    page: Page = log_in(curator)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.goto(f"/insights/budget/?problem_set={population[0].pk}&unit=tokens")
    slider = page.locator("#budget-step")
    slider.focus()
    slider.press("Home")
    expect(page.locator(".budget-spent strong")).to_have_text("1 sample")
    slider.press("End")
    expect(page.locator(".budget-spent strong")).to_have_text(re.compile(r"1[0-6] samples"))
    page.locator("#figure-budget-curves").evaluate("each => each.scrollIntoView()")
    expect(page.locator("#figure-budget-curves [data-plot]")).to_have_attribute("data-drawn", "done")
    figure = page.locator("#figure-budget-curves [data-plot]")
    figure.focus()
    figure.press("ArrowRight")
    figure.press("Enter")
    page.wait_for_url("**/insights/budget/problems/**")
    expect(page.locator("main h1")).to_contain_text("Won and lost")
    assert said == []


def test_it_works_without_javascript(browser, live_server, population, curator, log_in):
    page = log_in(curator)
    cookies = page.context.cookies()
    context = browser.new_context(java_script_enabled=False, base_url=live_server.url)
    context.add_cookies(cookies)
    bare = context.new_page()
    bare.goto(f"/insights/budget/?problem_set={population[0].pk}")
    bare.locator("input[name=budget]").fill("3")
    bare.get_by_role("button", name="Show").click()
    expect(bare.locator(".budget-spent strong")).to_have_text("3 samples")
    context.close()
