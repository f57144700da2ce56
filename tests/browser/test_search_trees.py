"""The search tree by keys: arrows, folding, opening a trace."""

import re

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.views.test_search_trees import grow

pytestmark = pytest.mark.django_db(transaction=True)


def test_arrows_walk_fold_and_open(log_in, lead, transactional_db):
    run, problem = factories.make_run(strategy="revise"), factories.make_problem()
    first = grow(run, problem)
    children = [grow(run, problem, first) for _ in range(6)]
    below = grow(run, problem, children[0])
    page = log_in(lead)
    page.goto(f"/runs/{run.pk}/problems/{problem.pk}/tree/")
    root = page.get_by_role("treeitem").first
    expect(root).to_have_attribute("aria-expanded", "false")  # nothing right, and much below
    expect(page.get_by_role("link", name=f"Trace {below.pk}")).to_be_hidden()
    root.focus()
    page.keyboard.press("ArrowRight")
    expect(root).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")  # it is open: to its child
    expect(page.locator(":focus").get_by_role("link", name=f"Trace {below.pk}")).to_be_visible()
    page.keyboard.press("End")
    expect(page.locator(":focus")).to_have_attribute("aria-label", re.compile("5 attempts"))
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    expect(root).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("e")
    expect(page.get_by_role("link", name=f"Trace {children[5].pk}")).to_be_visible()
    root.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/traces/{children[0].pk}/")
