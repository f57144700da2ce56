"""A run that adapts, from its plan to the tree of a revision, with a real worker and a real endpoint."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.endpoint import sampler_for
from tests.factories import FLIP_PROGRAM, make_problem, make_problem_set
from trajectories.models import Run, Trace
from trajectories.services.prompts.instructions import ensure_shipped_instructions
from trajectories.stand_ins.fake_endpoint import Answer, FakeEndpoint
from trajectories.stand_ins.fake_endpoint.answers import IDENTITY, program_text

pytestmark = pytest.mark.django_db(transaction=True)
SLOW = 60_000  # milliseconds; a worker on a busy machine takes its time


def flip_learner(prompt, asked_before):
    """Wrong at first; right once it is told what its program did."""
    program = FLIP_PROGRAM if "Your program" in prompt else IDENTITY
    return Answer(f"{program_text(program)}\n(sample {asked_before})")


@pytest.fixture
def endpoint(transactional_db):
    with FakeEndpoint(answerer=flip_learner) as endpoint:
        ensure_shipped_instructions()
        sampler_for(endpoint, concurrency=2, input_price=1, output_price=2)
        yield endpoint


def open_plan(page: Page) -> None:
    page.goto("/runs/new/")
    expect(page.locator("[data-choose]").first).to_be_attached()


def test_a_revising_run_is_planned_watched_and_its_tree_read(log_in, lead, endpoint, celery_worker_process):
    problem = make_problem(problem_set=make_problem_set(title="Small set"))
    page = log_in(lead)
    open_plan(page)
    page.get_by_label("Sampler").select_option(label="Fake")
    expect(page.get_by_label("ARC program", exact=True)).to_be_checked()
    page.get_by_label("Samples each").fill("2")
    page.locator("#plan-strategy > summary").click()
    page.get_by_label(re.compile("^Revise")).check()
    page.get_by_label("Rounds").locator("visible=true").fill("1")
    page.get_by_label("Parents").fill("1")
    estimate = page.locator("#estimate")
    expect(estimate).to_contain_text("2, up to 4")
    expect(estimate).to_contain_text("at most")

    page.keyboard.press("Escape")
    page.keyboard.press("v")
    dialog = page.locator("#dialog")
    expect(dialog).to_contain_text("Example 1 input")
    expect(dialog).to_contain_text(problem.name)
    dialog.get_by_role("button", name="Close").click()
    assert endpoint.calls == []

    page.get_by_role("button", name="Start the run").click()
    expect(page).to_have_url(re.compile(r"/runs/\d+/$"))
    rounds = page.locator("table.rounds tbody tr")
    page.locator("#round-0-first").focus()
    expect(rounds).to_have_count(2, timeout=SLOW)
    expect(page.locator("#round-0-first")).to_be_focused()
    expect(page.locator("#controls")).to_contain_text("Finished", timeout=SLOW)
    expect(rounds.nth(1)).to_contain_text("revision")
    expect(rounds.nth(1)).to_contain_text("100%")
    run = Run.objects.get()
    assert (run.planned_count, run.correct_count) == (4, 2)

    rounds.nth(1).get_by_role("link").click()
    expect(page.locator(".trace-table tbody tr")).to_have_count(2)
    page.locator(".trace-table .row-target").first.click()
    tree = page.locator(".lineage")
    revised = Trace.objects.filter(run=run, attempt__round=1)
    expect(tree.get_by_role("link")).to_have_count(3)
    expect(tree.locator("[aria-current]")).to_contain_text("revision")
    parent = revised.first().parent
    tree.get_by_role("link").first.click()
    expect(page.locator(f"#trace[data-trace='{parent.pk}']")).to_be_visible()
    expect(page.locator(".lineage [aria-current]")).to_contain_text(str(parent.pk))


def test_the_plan_shows_what_suits_the_sampler_and_chooses_groups_at_once(log_in, lead, endpoint):
    make_problem(problem_set=make_problem_set(title="Small set"))
    page = log_in(lead)
    open_plan(page)
    expect(page.get_by_text("Views of the symbolic search")).to_be_visible()
    page.locator("#plan-strategy > summary").click()
    expect(page.get_by_text("Needs a language model.").first).to_be_visible()
    expect(page.get_by_text("ARC: experts")).to_be_hidden()
    page.get_by_label("Sampler").select_option(label="Fake")
    expect(page.get_by_text("Views of the symbolic search")).to_be_hidden()
    expect(page.get_by_text("Needs a language model.").first).to_be_hidden()
    expect(page.get_by_text("Numbers")).to_be_hidden()

    experts = page.locator(".choice-group", has_text="ARC: experts")
    experts.locator("summary").click()
    experts.get_by_role("button", name="Choose all").click()
    expect(experts.locator("[data-chosen]")).to_have_text("25 of 25")
    expect(page.locator("#estimate")).to_contain_text("208")
    page.get_by_label("Find an instruction").fill("by row")
    expect(experts.locator("[data-choice]:visible")).to_have_count(2)
    experts.get_by_role("button", name="Choose none").click()
    expect(experts.locator("[data-chosen]")).to_have_text("23 of 25")
    expect(page.get_by_label("Rounds").locator("visible=true")).to_have_count(0)

    page.get_by_role("link", name="Experts: 20 views x 3").click()
    expect(page.locator(".choice-group", has_text="ARC: experts").locator("[data-chosen]")).to_have_text("20 of 25")
    expect(page.locator("#estimate")).to_contain_text("60, up to 180")
