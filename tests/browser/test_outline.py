"""The outline as a tree: folding what is under a step, by mouse and by keys."""

import pytest
from playwright.sync_api import expect

from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_step_folds_what_is_under_it(log_in, curator):
    depths = [0, 1, 2, 1, 0]
    steps = [
        {"kind": "subtask", "title": f"Step {number}", "body": "Text.", "depth": depth, "data": {}}
        for number, depth in enumerate(depths)
    ]
    trace = factories.make_trace(steps=steps)
    page = log_in(curator)
    page.goto(f"/traces/{trace.pk}/")
    entries = page.locator(".outline li[data-depth]")
    expect(entries).to_have_count(5)
    inner, outer = (page.get_by_role("button", name=f"Steps under Step {number}") for number in (1, 0))
    inner.click()
    expect(entries.nth(2)).to_be_hidden()
    expect(entries.nth(3)).to_be_visible()
    outer.focus()
    page.keyboard.press("Enter")
    expect(outer).to_have_attribute("aria-expanded", "false")
    expect(entries.nth(3)).to_be_hidden()
    expect(entries.nth(4)).to_be_visible()
    outer.click()
    expect(entries.nth(3)).to_be_visible()
    expect(entries.nth(2)).to_be_hidden()  # as it was left
