"""A campaign from the launch page to the gate, in the browser; workers are stood in for."""

import re

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.browser.looks import looks_fine
from tests.campaigns import CoachingTrainer, begin, finish, mirror_task, two_sets
from trajectories.adapters.training import TRAINERS
from trajectories.core.campaigns.gates import GateTest
from trajectories.models import Campaign


@pytest.fixture(autouse=True)
def _folders(settings, tmp_path):
    settings.TRAINING_DIR, settings.ARTEFACT_DIR = tmp_path / "training", tmp_path / "artefacts"


def test_a_campaign_is_begun_from_its_template_watched_and_overruled(log_in, lead):
    two_sets(training=6, held_out=6)
    page = log_in(lead)
    page.goto("/campaigns/")
    page.get_by_role("link", name="Embedded ARC learner").click()
    for label, value in {"Samples each": "2", "Held-out samples each": "2", "Generations": "1"}.items():
        page.get_by_label(label, exact=True).fill(value)
    page.get_by_label("Seconds for a task").fill("0.1")
    page.get_by_label("Generations", exact=True).press("Tab")
    expect(page.locator("#estimate")).to_contain_text(re.compile(r"Runs\s*4"))
    page.get_by_role("button", name="Start the campaign").click()
    page.wait_for_url("**/campaigns/*/")
    expect(page.locator("#live")).to_contain_text("0 of 1 generation measured")
    with page.expect_response(lambda response: "part=live" in response.url):
        page.get_by_label("Cancel").click()
    # What comes after the answer says that the answer has been dealt with.
    with page.expect_request(lambda request: "part=live" in request.url):
        expect(page.get_by_role("button", name="Cancel the job")).to_be_visible()
    expect(page.get_by_role("button", name="Cancel the job")).to_be_visible()
    page.keyboard.press("Escape")
    campaign = finish(Campaign.objects.get())
    assert (campaign.state, campaign.state_reason) == ("finished", "")
    assert campaign.generations.get(number=1, arm="champion").sampler.parent == campaign.first_sampler
    page.reload()
    expect(page.locator("#gate")).to_contain_text("Of 6 held-out problems")
    expect(page.get_by_role("rowheader", name="1: control")).to_be_visible()
    drawn = page.locator("#figure-pass")
    # Not Playwright's own: that waits for a figure to stand still which is swapped as soon as it is reached.
    drawn.evaluate("slot => slot.scrollIntoView()")
    expect(drawn.locator(".plot-area svg").first).to_be_visible()
    expect(drawn.locator("tbody tr")).to_have_count(3)
    page.get_by_label("Reason").fill("Its programs are shorter.")
    page.get_by_role("button", name=re.compile("Promote it|Take it back")).click()
    expect(page.locator("#gate")).to_contain_text("Its programs are shorter.")
    expect(page.locator("#overrule form")).to_have_count(0)


def test_what_matters_for_some_choices_alone_is_asked_for_beside_these(log_in, lead):
    two_sets(training=6, held_out=6)
    page = log_in(lead)
    page.goto("/campaigns/new/")
    votes, scorer, share = (
        page.get_by_label(label, exact=True)
        for label in ("Least share of votes", "Learned scorer", "Share of earlier generations, %")
    )
    control = page.get_by_label("The control learns from")
    for field in (votes, scorer, share):
        expect(field).to_be_hidden()
    expect(control).to_be_visible()
    page.get_by_label("Learn from", exact=True).select_option("consensus")
    expect(votes).to_be_visible()
    page.get_by_label("Learn from", exact=True).select_option("scorer")
    expect(scorer).to_be_visible()
    expect(votes).to_be_hidden()
    for key in TRAINERS:
        page.get_by_label("Trainer", exact=True).select_option(key)
        expect(page.locator(f"#trainer-{key}")).to_be_visible()
        expect(page.locator("details[id^=trainer-]").filter(visible=True)).to_have_count(1)
    page.get_by_label("Generations learnt from").select_option("share")
    expect(share).to_be_visible()
    share.fill("200")
    page.get_by_label("Generations learnt from").select_option("all")
    page.get_by_label("Control arm").uncheck()
    expect(control).to_be_hidden()
    page.get_by_role("button", name="Start the campaign").click()
    expect(page.locator(".errorlist").first).to_be_visible()
    expect(share).to_be_visible()
    looks_fine(page, "campaign-form-chosen")


def test_a_curriculum_is_drawn_and_its_clone_without_one_stands_beside_it(log_in, lead, monkeypatch):
    monkeypatch.setitem(TRAINERS, CoachingTrainer.key, CoachingTrainer())
    sets = [factories.make_problem_set(title=title) for title in ("Training", "Held out")]
    for number in range(16):
        family = ("rows-1", "rows-2")[number % 2]
        mirror_task(number, problem_set=sets[0], family=family)
        mirror_task(1_000 + number, problem_set=sets[1], family=family, split="eval")
    plain = {"sets": sets, "generations": 2, "control": False, "test": GateTest.NONE}
    plain["instructions"] = [factories.make_instruction(problem_kind="arc")]
    campaign = finish(begin(lead, curriculum=True, title="One after the other", **plain))
    assert (campaign.state, campaign.state_reason) == ("finished", "")
    clone = finish(begin(lead, sampler=campaign.first_sampler, cloned_from=campaign, title="All", **plain))
    page = log_in(lead)
    page.goto(f"/campaigns/{campaign.pk}/")
    card = page.locator("#curriculum")
    expect(card.get_by_role("img", name=re.compile("2 families, 2 open, 1 prerequisites"))).to_be_visible()
    expect(card.locator(".curriculum-family")).to_have_count(2)
    expect(card.get_by_role("row", name=re.compile("^rows-2 rows-1 8 8"))).to_contain_text("since generation 2")
    beside = page.locator("#relatives")
    expect(beside).to_contain_text("Differs in: curriculum, prerequisites.")
    expect(beside.get_by_role("rowheader", name="2")).to_be_visible()
    looks_fine(page, "campaign-curriculum")
    # As after many generations: what is too wide scrolls within its card.
    card.get_by_role("columnheader").first.evaluate("cell => { cell.style.minWidth = '2000px' }")
    assert card.evaluate("card => card.scrollWidth <= card.clientWidth")
    page.get_by_role("link", name="The same without curriculum").click()
    expect(page.locator("[name=curriculum]")).not_to_be_checked()
    expect(page.locator("[name=prerequisites]")).to_have_value("rows-2: rows-1")
    page.goto(f"/campaigns/{clone.pk}/")
    expect(page.locator("#curriculum")).to_have_count(0)
    expect(page.locator("#relatives").get_by_role("link", name="One after the other")).to_be_visible()
