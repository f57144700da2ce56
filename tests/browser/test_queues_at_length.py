"""Thirty items of a queue by keyboard alone, with everything one does between, and how soon the next one is there."""

import statistics
from contextlib import nullcontext
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from tests.browser.paces import accept_by_one_key
from tests.browser.test_queues import DECIDE, at, press, start
from tests.queues import make_traces, queue_of
from tests.worker import wait_for
from trajectories.models import Assignment, QueueItem, QueueSkip, QueueWork, Repair, Review
from trajectories.services.verification.queue import verify_traces

pytestmark = pytest.mark.django_db(transaction=True)
WRONG = "def transform(grid):\n    return grid\n"
LONGEST_PAINT = 150
"""Milliseconds from a key to the next trace painted that 95 of 100 items may take on a machine that has time."""

PAINTED = """
() => {
  window.painted = [];
  addEventListener("keydown", (event) => {
    if (event.key !== "a" || event.repeat) return;
    const began = performance.now(), trace = document.getElementById("trace").dataset.trace;
    const look = () => {
      if (document.getElementById("trace")?.dataset.trace === trace) requestAnimationFrame(look);
      else requestAnimationFrame(() => window.painted.push(performance.now() - began));
    };
    requestAnimationFrame(look);
  }, { capture: true });
}
"""

FILL = """
() => {
  for (const size of [100000, 1000, 1]) {
    try {
      for (let number = 0; ; number += 1) localStorage.setItem(`other:${size}:${number}`, "x".repeat(size));
    } catch { /* Nothing of this size fits any more. */ }
  }
}
"""


def stored(page: Page, count: int) -> None:
    expect(page.locator("#review-count")).to_contain_text(f"{count} by you")


def test_thirty_items_by_keys_alone(log_in, curator, lead):
    traces = make_traces(30, program=WRONG, answer=None)[::-1]
    queue = queue_of(lead, traces)
    page = log_in(curator)
    start(page, queue, traces[0])
    for number, trace in enumerate(traces):
        at(page, trace)
        match number % 5:
            case 0:
                press(page, "a", "Enter")
            case 1:
                press(page, "l", "Enter")
            case 2:
                press(page, "4", "j", "g", "a", "Enter")
            case 3 if number == 3:
                press(page, "s")
            case 3 if number == 8:
                # Mended on the way: the edit is a trace of its own, and this one is still to be decided.
                press(page, "e")
                expect(page.locator("#id_part_0")).to_be_focused()
                page.keyboard.press("Tab")
                page.keyboard.press("Control+a")
                page.keyboard.insert_text(factories.FLIP_PROGRAM)
                page.keyboard.press("Control+Enter")
                at(page, trace)
                made = Repair.objects.get().trace
                told = page.locator("#reading .notice").filter(has_text=f"You edited it: trace {made.pk}")
                expect(told).to_contain_text("Unverified")
                verify_traces(trace_ids=[made.pk])
                expect(told).to_contain_text("Pass")
                assert page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('repair:'))") == []
                press(page, "w", "Enter")
            case 3:
                press(page, "j", "b", "i", "Enter")
            case 4:
                press(page, "a", "Enter")
                if number + 1 < len(traces):
                    at(page, traces[number + 1])
                    stored(page, number)
                    press(page, "u")
                    at(page, trace)
                    press(page, "v", "Enter")
    expect(page.get_by_role("heading", name="Only what you skipped is left")).to_be_visible()
    press(page, "j")
    at(page, traces[3])
    press(page, "a", "Enter")
    expect(page.get_by_role("heading", name="Every trace has its reviews")).to_be_visible()

    standing = Review.objects.filter(superseded_by=None)
    assert standing.count() == QueueWork.objects.get().done_count == 30
    assert standing.filter(decision="accept").count() == 6 + 6 + 1 + 1
    assert set(standing.filter(decision="reject").values_list("reason", flat=True)) == {
        "lucky",
        "wrong_answer",
        "wrong_reasoning",
        "too_long",
    }
    assert list(standing.filter(score=4).values_list("step_labels", flat=True)) == [{"0": "good"}] * 6
    assert not QueueSkip.objects.exists()
    assert Repair.objects.get().original == traces[8]
    assert all(item.done_count == item.quota for item in QueueItem.objects.all())


def test_one_key_an_accepted_item_and_the_next_is_painted_at_once(log_in, curator, lead, record_property):
    traces = make_traces(21)[::-1]
    queue = queue_of(lead, traces)
    page = log_in(curator)
    page.goto(f"/queues/{queue.pk}/next/")
    accept_by_one_key(page)
    start(page, queue, traces[0])
    page.evaluate(PAINTED)
    for trace, following in pairwise(traces):
        fetched = page.expect_response(lambda response: "next/?but=" in response.url)
        with fetched if following != traces[-1] else nullcontext():
            at(page, trace)
            press(page, "a")
            at(page, following)
    stored(page, 20)
    waits = sorted(page.evaluate("window.painted"))
    assert len(waits) == Review.objects.count() == 20
    record_property("painted_p50_ms", statistics.median(waits))
    record_property("painted_p95_ms", waits[18])
    print(f"key to next trace painted: p50 {statistics.median(waits):.0f} ms, p95 {waits[18]:.0f} ms")  # noqa: T201
    # Nothing is asked of the server between key and paint: it is slow only where the machine is.
    assert statistics.median(waits) < 4 * LONGEST_PAINT


def test_a_connection_lost_before_the_server_has_it_loses_nothing(log_in, curator, lead):
    traces = make_traces(3)[::-1]
    queue = queue_of(lead, traces)
    page = log_in(curator)
    start(page, queue, traces[0])
    page.route(DECIDE, lambda route: route.abort())
    press(page, "l", "Enter")
    at(page, traces[1])
    expect(page.locator("#toasts")).to_contain_text("A decision is not stored yet: no connection to the server.")
    assert not Review.objects.exists()
    # Not even closing the page loses it.
    page.unroute(DECIDE)
    page.goto("/")
    wait_for(Review.objects.exists, "the review")
    assert Review.objects.get().reason == "lucky"
    assert QueueItem.objects.get(trace=traces[0]).done_count == 1


def test_a_lease_that_ran_out_while_nobody_took_the_item_is_as_good_as_before(log_in, curator, lead):
    traces = make_traces(3)[::-1]
    queue = queue_of(lead, traces)
    page = log_in(curator)
    start(page, queue, traces[0])
    Assignment.objects.filter(item__trace=traces[0]).update(
        state="open", reviewer=None, token=None, expires_at=None, handed_at=None
    )
    press(page, "a", "Enter")
    at(page, traces[1])
    stored(page, 1)
    assert Review.objects.get().trace == traces[0]
    assert QueueItem.objects.get(trace=traces[0]).done_count == 1


def test_a_browser_whose_storage_is_full_decides_as_before_and_says_that_it_keeps_no_draft(log_in, curator, lead):
    traces = make_traces(3)[::-1]
    queue = queue_of(lead, traces)
    page = log_in(curator)
    start(page, queue, traces[0])
    page.evaluate(FILL)
    press(page, "c")
    page.keyboard.type("Too long")
    page.keyboard.press("Escape")
    expect(page.locator("#draft-unkept")).to_be_visible()
    press(page, "v", "Enter")
    at(page, traces[1])
    accept_by_one_key(page)
    press(page, "a")
    at(page, traces[2])
    expect(page.locator("#review-count")).to_contain_text("2 by you")
    said = Review.objects.order_by("pk").values_list("trace", "decision", "comment")
    assert list(said) == [(traces[0].pk, "reject", "Too long"), (traces[1].pk, "accept", "")]
