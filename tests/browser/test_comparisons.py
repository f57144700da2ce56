"""Pairs compared by keyboard alone: A, B, tie, both bad, skip, undo, and the end."""

import pytest
from django.db.models.functions import Now
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests import factories
from tests.worker import wait_for
from trajectories.models import Comparison, ComparisonLease
from trajectories.selectors.comparisons import standing_comparisons

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def problem(db):
    made = factories.make_problem(kind="numeric", statement="What is 6 times 7?", spec={}, reference=42)
    for number in range(4):
        factories.make_trace(problem=made, answer=40 + number, program="", steps=[], reasoning=f"Path {number}.")
    return made


def at_pair(page: Page, *, after: str = "") -> str:
    """Wait until another pair than `after` is on the screen; its token."""
    pair = page.locator(f"#comparison[data-token]:not([data-token='{after}'])")
    expect(pair.locator("[data-key=a] kbd")).to_be_visible()
    expect(page.locator("body:not([aria-busy=true])")).to_be_attached()
    return str(pair.get_attribute("data-token"))


def test_pairs_are_compared_by_keys_until_nothing_is_left(log_in, curator, problem):
    page = log_in(curator)
    page.goto(reverse("trace_list"))
    page.get_by_text("Related", exact=True).click()
    page.get_by_role("link", name="Compare").click()
    token = at_pair(page)
    for key in ("a", "b", "t", "x"):
        page.keyboard.press(key)
        token = at_pair(page, after=token)
    page.keyboard.press("u")
    token = at_pair(page, after=token)
    expect(page.locator("#comparison")).to_contain_text("is undone")
    page.keyboard.press("s")
    token = at_pair(page, after=token)
    page.keyboard.press("a")
    at_pair(page, after=token)
    page.keyboard.press("b")
    expect(page.get_by_text("Nothing left to compare")).to_be_visible()
    said = [each.verdict for each in Comparison.objects.order_by("pk")]
    assert said[2:6] == ["tie", "both_bad", "withdraw", "skip"]
    assert {*said[:2], *said[6:]} <= {"first", "second"}
    assert all(each.seconds is not None for each in standing_comparisons())
    assert standing_comparisons().exclude(verdict="skip").count() == 5


def test_a_held_key_compares_one_pair_and_leaving_frees_the_next(log_in, curator, problem):
    page = log_in(curator)
    page.goto(reverse("comparison_next"))
    token = at_pair(page)
    for _ in range(6):
        page.keyboard.down("a")
    page.keyboard.up("a")
    at_pair(page, after=token)
    assert Comparison.objects.count() == 1
    lease = ComparisonLease.objects.get()
    page.goto(reverse("home"))
    free = ComparisonLease.objects.filter(pk=lease.pk, expires_at__lte=Now())
    assert wait_for(free.exists, "the pair to be let go of")
