"""Forms as a person fills them in: what is folded away, where a refusal leads, and the way to start on a phone."""

import re

import pytest
from playwright.sync_api import expect

from tests.boxes import box_of
from tests.factories import make_problem, make_problem_set, make_sampler
from trajectories.adapters.chat_api import ChatSettings
from trajectories.models import Run, Sampler
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.prompts.instructions import ensure_shipped_instructions, ensure_symbolic_views

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def world(lead):
    ensure_shipped_instructions()
    ensure_symbolic_views()
    ensure_symbolic()
    tasks, sums = make_problem_set(title="Tasks"), make_problem_set(title="Sums")
    for _ in range(3):
        make_problem(problem_set=tasks)
        make_problem(problem_set=sums, kind="numeric", spec={}, statement="What is 2 + 2?", reference="4")
    settings = ChatSettings(base_url="http://127.0.0.1:9/v1", model="none")
    model = make_sampler(kind=Sampler.Kind.CHAT, title="A model", parameters=settings.as_parameters())
    return {"tasks": tasks, "sums": sums, "model": model}


def test_a_refused_form_has_the_focus_on_its_first_fault_and_leads_to_the_others(log_in, world, lead):
    page = log_in(lead)
    page.goto("/runs/new/")
    limits = page.locator("#plan-limits")
    expect(limits).not_to_have_attribute("open", re.compile(""))
    limits.locator("summary").click()
    page.get_by_label("Time budget in minutes").fill("0")
    limits.locator("summary").click()
    page.get_by_label("Samples each").fill("0")
    page.get_by_label("Temperature").fill("warm")
    page.get_by_role("button", name="Start the run").click()

    summary = page.locator("[data-faults]")
    expect(summary).to_contain_text("3 things need a change.")
    expect(page.get_by_label("Samples each")).to_be_focused()
    expect(page.get_by_label("Samples each")).to_be_in_viewport()
    expect(limits).to_have_attribute("open", "")
    limits.locator("summary").click()
    expect(page.get_by_label("Time budget in minutes")).to_be_hidden()
    summary.get_by_role("link", name="Time budget in minutes").click()
    expect(page.get_by_label("Time budget in minutes")).to_be_focused()
    expect(page.get_by_label("Time budget in minutes")).to_be_in_viewport()
    described = page.get_by_label("Time budget in minutes").get_attribute("aria-describedby")
    assert "id_budget_minutes_error" in described
    assert not Run.objects.exists()


def test_what_was_opened_by_hand_is_open_on_the_next_visit(log_in, world, lead):
    page = log_in(lead)
    page.goto("/runs/new/")
    page.locator("#plan-diversity summary").click()
    page.goto("/runs/new/")
    expect(page.locator("#plan-diversity")).to_have_attribute("open", "")
    expect(page.locator("#plan-strategy")).not_to_have_attribute("open", re.compile(""))
    page.locator("#plan-diversity summary").click()
    page.goto("/runs/new/")
    expect(page.locator("#plan-diversity")).not_to_have_attribute("open", re.compile(""))


def test_a_model_is_told_what_is_usual_for_the_set_until_somebody_chooses(log_in, world, lead):
    page = log_in(lead)
    page.goto(f"/runs/new/?sampler={world['model'].pk}&set={world['tasks'].name}")
    program, number = page.get_by_label("ARC program", exact=True), page.get_by_label("Number, step by step")
    any_kind = page.get_by_label("Chain of thought", exact=True)
    expect(program).to_be_checked()
    page.get_by_label("Problem set").select_option(label="Sums")
    expect(number).to_be_checked()
    expect(program).not_to_be_checked()
    expect(page.locator("#estimate")).to_contain_text("Samples in all")
    page.get_by_label("Problem set").select_option(label="All sets")
    expect(any_kind).to_be_checked()
    expect(number).not_to_be_checked()
    page.get_by_label("Answer at once", exact=True).check()
    page.get_by_label("Problem set").select_option(label="Tasks")
    expect(any_kind).to_be_checked()
    expect(program).not_to_be_checked()


def test_a_run_starts_on_a_phone_without_scrolling(log_in, world, lead):
    page = log_in(lead)
    page.set_viewport_size(PHONE)
    page.goto(f"/runs/new/?set={world['tasks'].name}")
    start = page.get_by_role("button", name="Start the run")
    expect(start).to_be_in_viewport(ratio=1)
    expect(page.locator("#estimate-brief")).to_have_text("72 samples")
    page.get_by_label("At most").fill("1")
    expect(page.locator("#estimate-brief")).to_have_text("24 samples")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    # What is last on the page is not under the bar.
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    last = box_of(page.get_by_role("button", name="First prompts"))
    assert last["y"] + last["height"] <= box_of(start)["y"]
    start.click()
    page.wait_for_url(re.compile(r"/runs/\d+/$"))
    assert Run.objects.get().planned_count == 24


def test_a_small_form_of_a_page_is_refused_like_a_large_one(log_in, world, lead):
    page = log_in(lead)
    page.goto(f"/runs/new/?set={world['tasks'].name}")
    page.get_by_role("button", name="Start the run").click()
    page.wait_for_url(re.compile(r"/runs/\d+/$"))
    page.get_by_text("Change the budget").click()
    page.get_by_label("Time budget in minutes").fill("0")
    page.locator("#budget").get_by_role("button", name="Save").click()
    expect(page.locator("[data-faults]")).to_contain_text("Found 0, expected a number from 0.1 to 525,600.")
    expect(page.get_by_label("Time budget in minutes")).to_be_focused()
    expect(page.get_by_label("Time budget in minutes")).to_have_value("0")
    # The page is that of the run: what it asks for by itself has the run's address.
    with page.expect_response(re.compile(r"/runs/\d+/\?part=live")) as found:
        pass
    assert found.value.status == 200


def test_the_login_page_says_what_was_not_found(live_app, page, lead):
    page.goto("/login/")
    expect(page.locator(".label-line", has_text="Username").locator(".required")).to_be_visible()
    page.get_by_label("Username").fill(lead.username)
    page.get_by_label("Password").fill("nothing of the kind")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("Found no account with this name and password.")
    expect(page.locator("[data-faults]")).to_be_focused()
