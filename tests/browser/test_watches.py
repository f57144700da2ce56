"""A sample is looked at while it is drawn: what comes is added, and who reads is left alone."""

import uuid

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.factories import make_instruction, make_problem, make_trace, plan
from tests.views.test_watches import chat
from trajectories.models import Attempt, AttemptWatch, Run

pytestmark = pytest.mark.django_db(transaction=True)


def step(number):
    body = f"Body {number}. " + "It is long. " * 200
    return {"kind": "text", "title": f"Thought {number}", "body": body, "depth": 0, "data": {}}


@pytest.fixture
def attempt(lead):
    view = make_instruction(style="program", suits="chat")
    run = plan(actor=lead, sampler=chat(streaming=True), problems=[make_problem()], instructions=[view], samples_each=1)
    Run.objects.filter(pk=run.pk).update(state="running")
    Attempt.objects.filter(run=run).update(state="leased", lease_token=uuid.uuid4())
    return run.attempts.get()


def tell(attempt, **values):
    AttemptWatch.objects.filter(attempt=attempt).update(told_at=timezone.now(), asked_at=timezone.now(), **values)


def scrolled(page):
    return page.evaluate("Math.round(window.scrollY)")


def test_what_comes_is_added_and_neither_scroll_nor_focus_nor_words_move(log_in, curator, attempt):
    page = log_in(curator)
    page.goto(f"/runs/{attempt.run_id}/")
    page.get_by_role("link", name=attempt.problem.name, exact=True).last.click()
    expect(page.get_by_text("It waits for its turn at the model")).to_be_visible()
    tell(attempt, take=1, calls=2, revision=1, steps=[step(0), step(1)], text="It turns ")
    expect(page.locator("#step-1")).to_contain_text("Body 1.")
    expect(page.locator("#watch-text")).to_have_text("It turns ")
    page.locator("#step-1").focus()
    page.evaluate("window.scrollTo(0, 300)")
    first = page.locator("#step-0").element_handle()
    tell(attempt, steps=[step(0), step(1), step(2)], text="It turns every row.")
    expect(page.locator("#step-2")).to_contain_text("Body 2.")
    expect(page.locator("#watch-text")).to_have_text("It turns every row.")
    assert scrolled(page) == 300
    assert page.evaluate("document.activeElement.id") == "step-1"
    assert first.evaluate("step => step.isConnected"), "what was there is another element now"


def test_who_follows_sees_the_end_and_the_whole_is_a_key_away(log_in, curator, attempt):
    page = log_in(curator)
    page.goto(f"/runs/{attempt.run_id}/attempts/{attempt.pk}/")
    expect(page.get_by_role("button", name="Follow")).to_be_visible()
    page.keyboard.press("f")
    tell(attempt, take=1, calls=1, revision=1, steps=[step(number) for number in range(4)], text="Now")
    expect(page.locator("#watch-text")).to_be_in_viewport()
    page.mouse.wheel(0, -400)
    expect(page.get_by_role("button", name="Follow")).to_have_attribute("aria-pressed", "false")
    there = scrolled(page)
    trace = make_trace(problem=attempt.problem, run=attempt.run, attempt=attempt)
    Attempt.objects.filter(pk=attempt.pk).update(state="done", lease_token=None)
    expect(page.get_by_text("The sample is complete")).to_be_attached()
    assert abs(scrolled(page) - there) < 200, "the notice moves what is below it and nothing else"
    page.keyboard.press("o")
    expect(page).to_have_url(f"{page.url.split('/runs/')[0]}/traces/{trace.pk}/")
