"""The line between reading and deciding is moved by mouse and by keys, and stays where it was put."""

import pytest
from playwright.sync_api import Page, expect

from tests.boxes import box_of
from tests.queues import make_traces, queue_of
from tests.worker import wait_for
from trajectories.models import Review

pytestmark = pytest.mark.django_db(transaction=True)


def expect_width(page: Page, pixels: int) -> None:
    # Looked at until it holds: the box that the browser's own protocol tells may be that of the frame before the key.
    expect(page.locator(".trace-side")).to_have_css("width", f"{pixels}px")


def test_the_decision_form_is_widened_and_stays_so_over_items_and_pages(log_in, curator, lead):
    queue = queue_of(lead, make_traces(3))
    page = log_in(curator)
    page.goto(f"/queues/{queue.pk}/next/")
    line = page.get_by_role("separator", name="Width of the decision form")
    first = page.locator("#trace").get_attribute("data-trace")
    expect_width(page, 400)
    line.focus()
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
    expect_width(page, 464)
    expect(line).to_have_attribute("aria-valuenow", "29")
    assert page.locator("#trace").get_attribute("data-trace") == first, "an arrow went to another trace"
    page.locator("h1").focus()
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    expect(page.locator(f"#trace:not([data-trace='{first}'])")).to_be_visible()
    expect_width(page, 464)
    wait_for(Review.objects.exists, "the review")
    page.goto(f"/traces/{first}/")
    expect(line).to_be_visible()
    expect_width(page, 464)
    box = box_of(line)
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(200, box["y"] + 200, steps=5)
    page.mouse.up()
    page.wait_for_function("document.querySelector('.trace-side').clientWidth > 464")
    left = page.locator(".trace-reading").evaluate("reading => reading.clientWidth")
    assert left >= 330, "nothing is left to read in"
    line.focus()
    page.keyboard.press("Home")
    expect_width(page, 400)


def test_a_page_that_is_renewed_leaves_the_keys_on_the_line(log_in, curator, lead):
    queue = queue_of(lead, make_traces(1))
    page = log_in(curator)
    page.goto(f"/queues/{queue.pk}/next/")
    line = page.get_by_role("separator", name="Width of the decision form")
    line.focus()
    page.locator("#trace").evaluate("trace => { trace.dataset.old = ''; }")
    target = "document.querySelector('[data-decide]')"
    page.evaluate(f"htmx.ajax('GET', location.href, {{ target: {target}, swap: 'outerHTML' }})")
    expect(page.locator("#trace:not([data-old])")).to_be_visible()
    expect(line).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect_width(page, 416)
