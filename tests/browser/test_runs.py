"""Starting a run and watching it, with the samples drawn while the page is open."""

import re

from playwright.sync_api import expect

from tests.factories import make_problem, make_problem_set, plan
from tests.samplers import SAMPLERS
from trajectories.models import Run
from trajectories.services.runs.embedded_sampling import sample_next_batch
from trajectories.services.verification.queue import verify_traces


def work(run: Run) -> None:
    """What a worker does for one bell."""
    report = sample_next_batch(run_id=run.pk, samplers=SAMPLERS)
    verify_traces(trace_ids=report.trace_ids)


def test_a_run_is_planned_watched_and_steered(log_in, lead):
    problem_set = make_problem_set(title="Small set")
    for _ in range(2):
        make_problem(problem_set=problem_set)
    page = log_in(lead)
    page.goto("/runs/new/")
    expect(page.locator("#estimate")).to_contain_text("48")
    page.get_by_label("Samples each").fill("4")
    expect(page.locator("#estimate")).to_contain_text("24")
    page.get_by_label("Temperature").fill("warm")
    page.get_by_role("button", name="Start the run").click()
    expect(page.locator("#id_temperatures_error")).to_contain_text("expected numbers such as 0 or 0.7")
    expect(page.locator("[data-faults]")).to_contain_text("Temperature: Found 'warm'")
    expect(page.get_by_label("Temperature")).to_be_focused()
    page.get_by_label("Temperature").fill("1")
    page.get_by_role("button", name="Start the run").click()
    expect(page).to_have_url(re.compile(r"/runs/\d+/$"))
    run = Run.objects.get()

    live, latest = page.locator("#live"), page.locator("#latest")
    expect(live).to_contain_text("waiting for a worker")
    page.get_by_role("link", name="New run like this").focus()
    work(run)
    expect(live).to_contain_text("of 24 planned")
    expect(live.locator(".outcome-bar")).to_have_attribute("aria-label", "6 right, 6 wrong")
    expect(page.locator("#controls")).to_contain_text("Running")
    expect(latest.locator("li")).to_have_count(12)
    expect(page.get_by_role("link", name="New run like this")).to_be_focused()

    page.keyboard.press("p")
    expect(page.locator("#controls")).to_contain_text("Paused")
    page.keyboard.press("p")
    expect(page.locator("#controls")).to_contain_text("Queued")
    work(run)
    expect(page.locator("#controls")).to_contain_text("Finished")
    expect(live.locator(".outcome-bar")).to_have_attribute("aria-label", "12 right, 12 wrong")
    expect(live).not_to_have_attribute("hx-trigger", "every 2s")


def test_what_one_points_at_holds_still(log_in, lead):
    run = plan(problems=[make_problem(), make_problem()], samples_each=3)
    work(run)
    page = log_in(lead)
    page.goto(f"/runs/{run.pk}/")
    first = page.locator("#latest li").first
    newest = first.inner_text()
    first.hover()
    # What stands above grows and shrinks meanwhile: the pointer has not left what is moved away beneath it.
    page.locator("#live").evaluate(
        "live => live.prepend(Object.assign(document.createElement('p'), {textContent: 'A word'}))"
    )
    expect(page.locator("#live p", has_text="A word")).to_have_count(0)
    work(run)
    expect(page.locator("#live")).to_contain_text("ended")
    assert first.inner_text() == newest
    expect(page.locator("#controls")).to_contain_text("Finished")
