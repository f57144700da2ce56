"""From a brief to problems in a set, in a real browser: generate, review by keys, undo, change, see it in the set."""

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests.browser.paces import press
from tests.endpoint import sampler_for
from tests.generation import chain_of_thought, run_through, waiting_candidate
from tests.worker import wait_for
from trajectories.models import GenerationJob, Problem, ProblemCandidate, ReviewLease
from trajectories.services.prompts.briefs import ensure_shipped_briefs
from trajectories.stand_ins.fake_endpoint import FakeEndpoint, problem_writer

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def endpoint():
    with FakeEndpoint(answerer=problem_writer()) as running:
        yield running


def at(page: Page, candidate: ProblemCandidate) -> None:
    """Wait until this candidate is on the screen with the keys that decide on it."""
    expect(page.locator("#candidate h1")).to_contain_text(str(candidate))
    expect(page.locator("#candidate .decide-accept kbd")).to_be_visible()
    expect(page.locator("body:not([aria-busy=true])")).to_be_attached()


def test_problems_are_generated_reviewed_and_then_in_the_set(log_in, lead, endpoint):
    sampler_for(endpoint, max_output_tokens=2_000)
    chain_of_thought()
    ensure_shipped_briefs()
    page = log_in(lead)
    page.goto(reverse("problem_list"))
    page.get_by_role("link", name="Generate").click()
    page.get_by_role("link", name="New job").first.click()
    page.get_by_label("Problem set").fill("Word problems")
    page.get_by_label("Problems wanted").fill("3")
    page.get_by_label("Solved by").select_option(index=1)
    expect(page.locator("#preview .message")).to_contain_text("Write 5 new problems whose answer is one number")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("Queued")).to_be_visible()
    job = GenerationJob.objects.get()
    run_through(job)
    expect(page.get_by_text("Finished")).to_be_visible()
    press(page, "j")
    first, second, *_ = ProblemCandidate.objects.filter(job=job, state="waiting").order_by("pk")
    at(page, first)
    expect(page.locator("#candidate")).to_contain_text("samples agree")
    press(page, "a", "Enter")
    at(page, second)
    press(page, "4", "Enter")
    expect(page.locator("#candidate h1")).not_to_contain_text(str(second))
    wait_for(lambda: ProblemCandidate.objects.get(pk=second.pk).state == "rejected", "the rejection")
    assert ProblemCandidate.objects.get(pk=first.pk).state == "accepted"
    page.goto(reverse("problem_list") + "?set=word-problems")
    page.get_by_role("link", name=str(first)).click()
    expect(page.get_by_role("note")).to_contain_text("agreement of samples")
    assert Problem.objects.get().statement == first.statement


def test_a_change_an_undo_and_a_skip_by_keys(log_in, curator):
    first, second = waiting_candidate(), waiting_candidate()
    page = log_in(curator)
    page.goto(reverse("candidate_next"))
    at(page, first)
    press(page, "e")
    question = page.get_by_label("Question")
    expect(question).to_be_focused()
    # Keys that decide are letters here.
    question.fill("A kite costs 40 coins and a lamp 5. What do both cost?")
    page.get_by_label("Answer", exact=True).fill("45")
    press(page, "Control+Enter")
    expect(page.locator("#candidate")).to_contain_text("Changed by a reviewer")
    press(page, "s")
    at(page, second)
    press(page, "s")
    at(page, first)
    press(page, "a", "Enter")
    at(page, second)
    expect(page.locator(".undo-form button")).to_be_visible()
    press(page, "u")
    at(page, first)
    expect(page.get_by_text("Your decision on this candidate is undone.")).to_be_visible()
    assert not Problem.objects.exists()
    press(page, "?")
    expect(page.get_by_role("dialog")).to_contain_text("Reject: Too easy")


def test_what_one_reviewer_looks_at_nobody_else_gets_until_they_leave(log_in, curator, browser, live_app, lead):
    candidate = waiting_candidate()
    page = log_in(curator)
    page.goto(reverse("candidate_next"))
    at(page, candidate)
    other = browser.new_context(base_url=live_app.url)
    try:
        elsewhere = _logged_in(other.new_page(), lead, live_app.url)
        elsewhere.goto(reverse("candidate_next"))
        expect(elsewhere.get_by_text("The rest is being looked at")).to_be_visible()
        page.goto(reverse("problem_list"))
        wait_for(lambda: not ReviewLease.objects.filter(holder=curator).exists(), "the candidate to be let go")
        elsewhere.goto(reverse("candidate_next"))
        at(elsewhere, candidate)
    finally:
        other.close()


def _logged_in(page: Page, user: User, url: str) -> Page:
    page.goto(f"{url}/login/")
    page.get_by_label("Username").fill(user.username)
    page.get_by_label("Password").fill("a long enough password")
    page.keyboard.press("Enter")
    expect(page.get_by_text(user.username, exact=True)).to_be_visible()
    return page


def test_a_decision_without_a_connection_waits_and_goes_in_later_and_drafts_come_back(log_in, curator):
    first, second = waiting_candidate(), waiting_candidate()
    page = log_in(curator)
    with page.expect_response(lambda response: "next/?after=" in response.url):
        page.goto(reverse("candidate_next"))
    at(page, first)
    press(page, "2", "c")
    page.keyboard.type("Both fit.")
    page.reload()
    at(page, first)
    expect(page.get_by_text("Your draft is back.")).to_be_visible()
    expect(page.locator("#id_comment")).to_have_value("Both fit.")
    page.route("**/candidates/*/decide/**", lambda route: route.abort())
    press(page, "Enter")
    at(page, second)
    expect(page.locator("#toasts")).to_contain_text("A decision is not stored yet: no connection to the server.")
    assert ProblemCandidate.objects.get(pk=first.pk).state == "waiting"
    page.unroute("**/candidates/*/decide/**")
    page.get_by_role("button", name="Send now").click()
    expect(page.locator("#review-count")).to_contain_text("1 of")
    decided = first.reviews.get()
    assert (decided.decision, decided.reason, decided.comment) == ("reject", "ambiguous", "Both fit.")
    # A rejection without a reason is refused where one stands.
    press(page, "x", "Enter")
    expect(page.get_by_role("alert")).to_contain_text("a rejection needs one")
    at(page, second)
