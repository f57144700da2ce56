"""Lists by keys alone: from row to row, into one, and back to the same row."""

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.browser.test_walk import press

pytestmark = pytest.mark.django_db(transaction=True)


def test_from_row_to_row_into_one_and_back_at_the_same_row(log_in, lead):
    run, problem = factories.make_run(), factories.make_problem()
    traces = [factories.make_trace(run=run, problem=problem) for _ in range(25)][::-1]
    page = log_in(lead)
    page.goto(f"/traces/?run={run.pk}")
    rows = page.locator("a.row-target")
    expect(page.locator("[data-key='.']")).to_have_count(1)
    press(page, ".")
    expect(rows.nth(0)).to_be_focused()
    press(page, *["."] * 21, ",")
    expect(rows.nth(20)).to_be_focused()
    expect(rows.nth(20)).to_be_in_viewport()
    press(page, "?")
    expect(page.locator("#keys")).to_contain_text("Next row")
    expect(page.locator("#keys")).to_contain_text("Previous row")
    press(page, "Escape")
    rows.nth(20).focus()
    press(page, "Enter")
    expect(page.locator(f"#trace[data-trace='{traces[20].pk}']")).to_be_visible()
    press(page, "?")
    # There are no rows here, and nothing is told of them.
    expect(page.locator("#keys")).to_contain_text("Trace further down the list")
    expect(page.locator("#keys")).not_to_contain_text("Next row")
    press(page, "Escape")
    page.go_back()
    expect(page.locator("a.row-target").nth(20)).to_be_focused()
    expect(page.locator("a.row-target").nth(20)).to_be_in_viewport()
    # The link back of a trace that was walked to leads to its row.
    press(page, "Enter")
    expect(page.locator(f"#trace[data-trace='{traces[20].pk}']")).to_be_visible()
    press(page, "ArrowRight")
    expect(page.locator(f"#trace[data-trace='{traces[21].pk}']")).to_be_visible()
    page.get_by_role("link", name="All in this list").focus()
    press(page, "Enter")
    expect(page.locator("a.row-target").nth(21)).to_be_focused()


@pytest.mark.parametrize("address", ["/problems/", "/runs/", "/samplers/", "/queues/", "/jobs/", "/reviews/"])
def test_every_list_goes_from_row_to_row(log_in, lead, curator, address):
    from tests.queues import queue_of

    trace = factories.make_trace()
    factories.make_review(trace=trace, reviewer=curator)
    queue_of(lead, [trace])
    page = log_in(lead)
    page.goto(address)
    press(page, ".")
    expect(page.locator("a.row-target").first).to_be_focused()
