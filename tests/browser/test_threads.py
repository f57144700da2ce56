"""Remarks by keyboard: on a step, on selected words, which are then marked; none of it is a decision."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests import factories
from tests.queues import queue_of
from trajectories.models import Review, Thread, ThreadEvent, Trace

pytestmark = pytest.mark.django_db(transaction=True)
STEPS = [
    {"kind": "text", "title": "One", "body": "Each row is turned.", "depth": 0, "data": {}},
    {"kind": "text", "title": "Two", "body": "So **each row** is turned, and each row is kept.", "data": {}},
]
SELECT = """(nth) => {
    const body = document.querySelector("#step-1 .step-body");
    const walker = document.createTreeWalker(body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        for (let at = node.data.indexOf("each row"); at >= 0; at = node.data.indexOf("each row", at + 1)) {
            if (nth--) continue;
            document.getSelection().setBaseAndExtent(node, at, node, at + "each row".length);
            return;
        }
    }
}"""


@pytest.fixture
def trace(transactional_db) -> Trace:
    return factories.make_trace(reasoning="\n\n".join(step["body"] for step in STEPS), steps=STEPS)


MARKED = "(words) => [...(CSS.highlights.get('remarked') ?? [])].map(String).join('|') === words.join('|')"


def expect_marked(page: Page, words: list[str]) -> None:
    """Wait until just these words are marked: it is done a moment after the panel has come."""
    page.wait_for_function(MARKED, arg=words)


def test_words_are_remarked_on_marked_and_settled_by_keyboard(log_in, curator: User, trace):
    page = log_in(curator)
    page.goto(f"/traces/{trace.pk}/")
    expect(page.locator("[data-remark]")).to_be_visible()
    page.evaluate(SELECT, 1)
    page.keyboard.press("m")
    expect(page.locator("#remark-about")).to_contain_text("“each row” in step 2")
    expect(page.locator("#remark_body")).to_be_focused()
    page.keyboard.type("Does this follow?")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".thread")).to_contain_text("Does this follow?")
    expect(page.locator("#remark_body")).not_to_be_focused()  # keys are about the trace again
    thread = Thread.objects.get()
    assert thread.start == trace.reasoning.body.rindex("each row")
    expect_marked(page, ["each row"])
    # It was no decision.
    assert not Review.objects.exists()
    page.locator(".thread summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("It does not.")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Resolve")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".thread")).to_contain_text("resolved it")
    expect_marked(page, [])
    assert list(ThreadEvent.objects.order_by("pk").values_list("kind", flat=True)) == ["comment", "resolve"]


def test_without_a_selection_it_is_about_the_current_step(log_in, curator: User, trace):
    page = log_in(curator)
    page.goto(f"/traces/{trace.pk}/")
    expect(page.locator("[data-remark]")).to_be_visible()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("m")
    expect(page.locator("#remark-about")).to_contain_text("About step 2")
    page.keyboard.type("Good.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".thread")).to_contain_text("Step 2")
    assert Thread.objects.get().step == 1


def test_the_timeline_unfolds_on_a_key(log_in, curator: User, trace):
    page = log_in(curator)
    page.goto(f"/traces/{trace.pk}/")
    page.keyboard.press("y")
    expect(page.locator("#timeline")).to_contain_text("sampled")


def test_the_first_error_settles_the_other_steps_by_two_keys(log_in, curator: User, transactional_db):
    steps = [{"kind": "text", "title": f"Step {number}", "body": f"Words {number}."} for number in range(4)]
    trace = factories.make_trace(reasoning="\n\n".join(step["body"] for step in steps), steps=steps)
    page = log_in(curator)
    page.goto(f"/traces/{trace.pk}/")
    expect(page.locator("[data-label-step=bad]")).to_be_visible()
    page.keyboard.press("q")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("b")
    labels = page.locator(".step [data-step-label]")
    expect(labels).to_have_text(["good", "bad", "after the error", "after the error"])
    # Taken back, nothing follows from it any more; further on, the same key settles the steps anew.
    page.keyboard.press("b")
    expect(labels).to_have_text(["", "", "", ""])
    page.keyboard.press("j")
    page.keyboard.press("b")
    expect(labels).to_have_text(["good", "good", "bad", "after the error"])
    page.reload()
    expect(page.locator("[name=first_error]")).to_be_checked()
    expect(labels).to_have_text(["good", "good", "bad", "after the error"])
    page.keyboard.press("w")
    page.keyboard.press("Shift+Enter")
    expect(page.get_by_role("heading", name="Your decision")).to_be_visible()
    review = Review.objects.get()
    assert review.step_labels == {"0": "good", "1": "good", "2": "bad", "3": "unseen"}
    text = trace.reasoning.body
    assert {index: text[start:end] for index, (start, end) in review.step_spans.items()} == {
        str(number): f"Words {number}." for number in range(4)
    }


def test_on_the_curation_screen_another_key_remarks_and_what_is_open_shows_on_the_trace(log_in, curator, lead, trace):
    run = factories.make_run()
    Trace.objects.filter(pk=trace.pk).update(run=run)
    trace.refresh_from_db()
    queue = queue_of(lead, [trace])
    page = log_in(curator)
    page.goto(f"/queues/{queue.pk}/next/")
    expect(page.locator("[data-remark]")).to_be_visible()
    page.evaluate(SELECT, 1)
    page.keyboard.press("p")
    expect(page.locator("#remark-about")).to_contain_text("“each row” in step 2")
    page.locator("#remark_fault").select_option("unsupported")
    page.locator("#remark_body").focus()
    page.keyboard.type("Why?")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".thread")).to_contain_text("Why?")
    expect_marked(page, ["each row"])
    # The panel that came back has the key of this screen, and m still asks the lead.
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("p")
    expect(page.locator("#remark-about")).to_contain_text("About step 1")
    page.keyboard.press("Escape")
    page.keyboard.press("m")
    expect(page.locator("#id_flag")).to_be_focused()
    assert not Review.objects.exists()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Every trace has its reviews")).to_be_visible()
    page.goto(f"/traces/{trace.pk}/")
    expect(page.get_by_role("link", name="1 open remark")).to_be_visible()
    page.locator(".thread summary").click()
    page.get_by_role("button", name="Resolve").click()
    expect(page.locator(".thread")).to_contain_text("resolved it")
    page.reload()
    expect(page.locator(".thread.resolved")).to_be_visible()
    expect(page.get_by_role("link", name="1 open remark")).to_have_count(0)
