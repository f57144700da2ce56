"""The admin and the page of jobs as somebody uses them who watches over compute."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests import factories
from tests.generation import chain_of_thought
from tests.jobs import make_job, model
from tests.worker import wait_for
from trajectories.models import Reverification, Run
from trajectories.services.runs.plans import Budget

COUNT_TURNS = """() => {
  window.turns = 0;
  document.addEventListener("htmx:beforeRequest", (event) => { if (event.target.id === "jobs") window.turns += 1; });
}"""


@pytest.fixture
def chief(transactional_db):
    return User.objects.create_superuser("chief", password="a long enough password")


def test_a_run_is_started_again_from_the_table_and_watched_and_cancelled_among_the_jobs(log_in, chief):
    problem = factories.make_problem(kind="numeric", statement="What is 2 + 2?", spec={}, reference="4")
    parts = {"sampler": model(), "problems": [problem], "instructions": [chain_of_thought()]}
    first = factories.plan(title="The first", budget=Budget(tokens=90_000), samples_each=6, **parts)
    page = log_in(chief)
    page.goto("/admin/")
    expect(page.locator("#jobs-panel")).to_contain_text("No worker is alive.")
    page.goto("/admin/trajectories/run/")
    page.locator(f"input[name=_selected_action][value='{first.pk}']").check()
    page.locator("select[name=action]").select_option(label="Start again with the same plan")
    page.get_by_role("button", name="Go").click()
    expect(page.locator(".asking-subject")).to_contain_text("Samples in all")
    expect(page.locator("#id_budget_tokens")).to_have_value("90000")
    page.locator("#id_title").fill("The second")
    page.locator("#id_budget_tokens").fill("80000")
    assert Run.objects.count() == 1
    page.locator("input[name=confirmed]").click()
    expect(page.get_by_role("heading", name="The second")).to_be_visible()
    second = Run.objects.latest("pk")
    assert (second.budget_tokens, second.planned_count) == (80_000, 6)

    page.get_by_role("link", name="Jobs", exact=True).click()
    row = page.locator(f"#run-{second.pk}")
    expect(row).to_contain_text("0 of 6 samples")
    expect(row).to_contain_text("of 80,000 tokens")
    row.get_by_role("button", name="Pause").click()
    expect(row.locator(".badge")).to_have_text("Paused")
    row.locator("summary").click()
    row.get_by_role("button", name="Cancel the job").click()
    expect(row.locator(".badge")).to_have_text("Cancelled")
    page.locator("#kind").select_option("judge_job")
    expect(page.get_by_role("heading", name="No such job")).to_be_visible()


def test_the_list_goes_on_by_itself_but_not_under_an_open_menu(log_in, chief):
    job = make_job("reverification")
    page = log_in(chief)
    page.goto("/jobs/")
    row = page.locator(f"#reverification-{job.pk}")
    row.locator("summary").click()
    page.evaluate(COUNT_TURNS)
    Reverification.objects.filter(pk=job.pk).update(state="running", done_count=1)
    wait_for(lambda: page.evaluate("window.turns") >= 1, "the page wants to read itself anew")
    expect(row.get_by_role("button", name="Cancel the job")).to_be_visible()
    expect(row.locator(".badge").first).to_have_text("Queued")
    page.keyboard.press("Escape")
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    expect(row.locator(".badge").first).to_have_text("Running")
