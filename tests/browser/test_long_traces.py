"""Reading a long trace: links to steps, keys, and the search, across what is not in the page yet."""

import pytest
from playwright.sync_api import expect

from tests.factories import make_trace


@pytest.fixture
def long(log_in, curator):
    bare = {"kind": "text", "depth": 0, "data": {}}
    steps = [{**bare, "title": f"Thought {n}", "body": f"body {n} " * 40} for n in range(1_050)]
    return log_in(curator), make_trace(steps=steps)


def test_a_link_to_a_step_far_down_leads_there(long):
    page, trace = long
    page.goto(f"/traces/{trace.pk}/#step-1040")
    expect(page.locator("#step-1040")).to_be_in_viewport()
    expect(page.locator("#step-1040")).to_contain_class("kind-text current")
    expect(page.locator('[data-outline="1040"]')).to_have_attribute("aria-current", "step")
    expect(page.locator("#step-1040 .step-body")).to_contain_text("body 1040")


def test_keys_go_on_into_what_is_not_in_the_page_yet(long):
    page, trace = long
    page.goto(f"/traces/{trace.pk}/#step-98")
    expect(page.locator("#step-98")).to_contain_class("kind-text current")
    for index in (99, 100, 101):
        page.keyboard.press("j")
        expect(page.locator(f"#step-{index}")).to_contain_class("kind-text current")
    expect(page.locator("#step-101")).to_be_in_viewport()


def test_the_search_jumps_to_a_step(long):
    page, trace = long
    page.goto(f"/traces/{trace.pk}/")
    page.keyboard.press("/")
    page.keyboard.type("body 777 ")
    page.get_by_role("link", name="778 Thought 777").click()
    expect(page.locator("#step-777")).to_be_in_viewport()
    assert page.url.endswith("#step-777")
    # The address leads others there.
    page.reload()
    expect(page.locator("#step-777")).to_be_in_viewport()
