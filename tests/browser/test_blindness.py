"""A curator reviews without knowing what others said, and knows it afterwards."""

import uuid

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from playwright.sync_api import expect

from tests.factories import make_trace, make_verdict
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.services.curation.reviews import submit_review


@pytest.fixture
def reviewed(lead):
    trace = make_trace(correctness="pass")
    make_verdict(trace=trace, verifier="model_judge:correctness", outcome="fail", message="It guesses.")
    word = ReviewDraft(Decision.REJECT, score=2, reason="lucky", comment="Only luck.")
    submit_review(reviewer=lead, trace=trace, draft=word, key=uuid.uuid4())
    return trace


def test_what_others_said_comes_with_ones_own_decision(log_in, curator, reviewed):
    page = log_in(curator)
    page.goto(reverse("trace_list"))
    expect(page.get_by_role("navigation", name="Main")).not_to_contain_text("Releases")
    expect(page.locator("#traces")).to_contain_text("not by you")
    page.goto(reverse("trace_detail", args=[reviewed.pk]))
    for words in ("Only luck.", "It guesses.", "lena", "Rejected"):
        expect(page.locator("#trace")).not_to_contain_text(words)
    page.keyboard.press("a")
    page.keyboard.press("Shift+Enter")
    for words in ("Only luck.", "It guesses.", "lena", "Rejected"):
        expect(page.locator("#trace")).to_contain_text(words)
    page.keyboard.press("u")
    expect(page.get_by_text("Your decision on this trace is undone.")).to_be_visible()
    expect(page.locator("#trace")).not_to_contain_text("Only luck.")


def test_a_refused_click_says_which_permission_is_missing(log_in, curator, reviewed):
    page = log_in(curator)
    page.goto(reverse("trace_detail", args=[reviewed.pk]))
    page.keyboard.press("a")
    curator.groups.clear()
    curator.user_permissions.set(Permission.objects.filter(codename="view_trace"))
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("“Can add review” (trajectories.add_review)")
