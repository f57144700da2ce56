"""Suggestions taken and overruled by keys, and what the pages of quality tell a keyboard."""

import os
import uuid
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import factories
from tests.browser.test_queues import at, press, start
from tests.queues import decide, make_traces, queue_of
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.curation.schemas import Blinding
from trajectories.models import QueueItem, Review, Trace
from trajectories.services.curation.assignments import lease_next

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nothing_is_control(monkeypatch):
    monkeypatch.setattr("trajectories.services.curation.suggestions.is_control", lambda seed, item: False)


def picture(page: Page, name: str) -> None:
    """Keep what is on the screen where SCREENSHOTS names a folder: for looking at it."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def pictures(page: Page, name: str) -> None:
    for word, (width, height), scheme in (
        ("wide", (1280, 800), "light"),
        ("narrow", (390, 844), "light"),
        ("dark", (1280, 800), "dark"),
    ):
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme=scheme)
        picture(page, f"{name}-{word}")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")


def test_one_key_takes_what_is_suggested_and_another_overrules_it(log_in, curator, lead):
    traces = make_traces(3)[::-1]
    for trace, outcome in zip(traces, ("pass", "fail", "fail"), strict=True):
        Trace.objects.filter(pk=trace.pk).update(correctness=outcome)
        factories.make_verdict(trace=trace, outcome=outcome)
    queue = queue_of(lead, traces, suggestions="verdicts")
    page = log_in(curator)
    start(page, queue, traces[0])
    expect(page.locator("#suggestion")).to_contain_text("Suggested")
    expect(page.locator("[name=decision][value=accept]")).to_be_checked()
    pictures(page, "suggestion")
    assert Review.objects.count() == 0
    press(page, "y")
    at(page, traces[1])
    expect(page.locator("[name=reason][value=wrong_answer]")).to_be_checked()
    # Changed first and then back: the key takes the suggestion as it is.
    press(page, "a", "y")
    at(page, traces[2])
    press(page, "l", "Enter")
    expect(page.locator("h1")).to_contain_text("Every trace has its reviews")
    stored = list(Review.objects.order_by("pk").values_list("decision", "reason", "suggestion_use"))
    assert stored == [("accept", "", "taken"), ("reject", "wrong_answer", "taken"), ("reject", "lucky", "changed")]


def test_definitions_are_told_to_the_keyboard_and_nothing_runs_off_the_screen(log_in, lead, curator, engineer):
    queue = queue_of(lead, make_traces(6, correctness="pass"), reviews_each=2, suggestions="verdicts")
    for person in (curator, lead):
        for number in range(5):
            draft = ReviewDraft(Decision.ACCEPT) if number % 3 else ReviewDraft(Decision.REJECT, reason="lucky")
            decide(person, lease_next(reviewer=person, queue=queue).item, draft)
    for trace in Trace.objects.all()[:3]:
        factories.make_review(trace=trace, reviewer=engineer, key=uuid.uuid4())
    page = log_in(lead)
    page.goto("/quality/")
    term = page.locator(".term").filter(has_text="Accepted unchanged")
    page.keyboard.press("Tab")  # the keyboard is in use: focus is visible
    term.focus()
    told = term.evaluate("element => getComputedStyle(element, '::after').content")
    assert "exactly what was suggested" in told
    pictures(page, "quality")
    page.set_viewport_size({"width": 1280, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.goto(f"/quality/reviewers/{curator.pk}/")
    pictures(page, "reviewer")
    page.goto(f"/queues/{queue.pk}/")
    pictures(page, "queue")


def test_what_a_queue_hides_is_hidden_on_the_traces_own_page_until_it_is_decided(log_in, curator, lead):
    traces = make_traces(1, correctness="fail")
    factories.make_verdict(trace=traces[0], outcome="fail", message="echidnas")
    queue = queue_of(lead, traces, blinding=Blinding(verdicts=True, sampler=True))
    page = log_in(curator)
    page.goto(f"/traces/{traces[0].pk}/")
    expect(page.locator("#verdicts")).to_contain_text("A queue hides what verifiers found")
    expect(page.locator("main")).not_to_contain_text("echidnas")
    pictures(page, "hidden")
    decide(curator, QueueItem.objects.get(queue=queue))
    page.reload()
    expect(page.locator("#verdicts")).to_contain_text("echidnas")
