"""Disputes decided by keyboard alone: a lead reads both reviews, accepts, rejects with a reason, skips, reopens."""

import re
import uuid

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests import factories
from tests.browser.paces import press
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.models import Adjudication, Trace
from trajectories.services.curation.reviews import submit_review

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def disputes(curator, engineer) -> list[Trace]:
    traces = [factories.make_trace() for _ in range(3)]
    for trace in traces:
        for person, decision in ((curator, Decision.ACCEPT), (engineer, Decision.REJECT)):
            reason = "lucky" if decision is Decision.REJECT else ""
            draft = ReviewDraft(decision, reason=reason, comment=f"Because of {person.username}.")
            submit_review(reviewer=person, trace=trace, draft=draft, key=uuid.uuid4())
    return traces


def at(page: Page, trace: Trace) -> None:
    expect(page.locator("#dispute h1")).to_contain_text(f"Trace {trace.pk}")
    expect(page.locator("#dispute [data-key=s] kbd")).to_be_visible()


def test_disputes_are_decided_by_keys(log_in, lead, disputes):
    first, second, third = disputes
    page = log_in(lead)
    page.goto(reverse("adjudication_list"))
    press(page, "j")
    at(page, first)
    for name in ("carl", "Lucky fit"):
        expect(page.locator(".opinions")).to_contain_text(name)
    press(page, "a")
    at(page, second)
    press(page, "s")
    at(page, third)
    press(page, "c")
    comment = page.get_by_label("Why (kept with the decision)")
    expect(comment).to_be_focused()
    # Keys that decide are letters here.
    page.keyboard.type("axe")
    press(page, "Escape", "x")
    expect(page.get_by_role("button", name="Invalid reasoning")).to_be_visible()
    press(page, "i")
    at(page, second)
    press(page, "u")
    at(page, third)
    press(page, "o")
    expect(page.locator("#dispute")).to_contain_text("is open again")
    # The reasons show once rejecting was asked for.
    press(page, "x", "w")
    at(page, second)
    press(page, "a")
    expect(page).to_have_url(re.compile(reverse("adjudication_list") + "$"))
    expect(page.get_by_text("Nobody disagrees")).to_be_visible()
    events = [(event.trace_id, event.decision, event.reason) for event in Adjudication.objects.order_by("pk")]
    assert events == [
        (first.pk, "accept", ""),
        (third.pk, "reject", "wrong_reasoning"),
        (third.pk, "reopen", ""),
        (third.pk, "reject", "wrong_answer"),
        (second.pk, "accept", ""),
    ]
    assert Adjudication.objects.get(reason="wrong_reasoning").comment == "axe"


def test_a_held_key_decides_one_dispute(log_in, lead, disputes):
    page = log_in(lead)
    page.goto(reverse("adjudication_detail", args=[disputes[0].pk]))
    at(page, disputes[0])
    page.keyboard.down("a")
    for _ in range(5):
        page.keyboard.down("a")
    page.keyboard.up("a")
    at(page, disputes[1])
    assert Adjudication.objects.count() == 1
