"""Asking for one answer, with the samples drawn while the page is open."""

import re

from playwright.sync_api import expect

from tests.core.samplers.test_symbolic_steps import SPEC
from tests.factories import make_problem
from trajectories.models import Run
from trajectories.services.runs.embedded_sampling import sample_next_batch
from trajectories.services.verification.queue import verify_traces

ANSWER = [[[0, 0, 0], [0, 0, 0], [0, 2, 1]]]


def work(run: Run) -> None:
    """What a worker does for one bell."""
    verify_traces(trace_ids=sample_next_batch(run_id=run.pk).trace_ids)
    run.refresh_from_db()


def test_a_budget_is_spent_and_the_answer_grows_on_the_page(log_in, lead):
    make_problem(name="two-steps", spec=SPEC, reference=ANSWER)
    page = log_in(lead)
    page.goto("/runs/")
    page.get_by_role("link", name="Ask", exact=True).first.click()
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("[data-faults]")).to_contain_text("expected one of a problem, a question and an ARC task")
    page.get_by_label("A problem that is here").fill("two-steps")
    page.get_by_label("Strategy").select_option("mixed")
    page.get_by_label("At most so many samples").fill("40")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page).to_have_url(re.compile(r"/ask/\d+/$"))
    asked = page.locator("#asked")
    expect(asked).to_contain_text("No sample is verified yet")

    run = Run.objects.get()
    work(run)
    expect(asked.locator(".ask-guess")).to_contain_text("of the weight")
    expect(page.locator("#board")).to_contain_text("distinct output")
    while run.state not in Run.ENDED_STATES:
        work(run)
    expect(asked.locator("h2").first).to_have_text("Answer")
    expect(asked.locator(".ask-guess")).to_contain_text("Pass")
    expect(asked).not_to_have_attribute("hx-trigger", "every 2s")

    page.get_by_label("Way of choosing").select_option("two-guesses")
    page.get_by_role("button", name="Choose by it").click()
    expect(page).to_have_url(re.compile(r"way=two-guesses"))
    expect(page.locator("#asked .ask-guess").first).to_contain_text("Guess 1")
    page.locator("#asked .ask-guess").first.get_by_role("link", name=re.compile("trace")).first.click()
    expect(page).to_have_url(re.compile(r"/traces/\d+/$"))
