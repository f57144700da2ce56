"""A campaign from the launch page to the gate, in the browser; workers are stood in for."""

import re

import pytest
from playwright.sync_api import expect

from tests.campaigns import finish, two_sets
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
    expect(page.locator("#overrule")).to_have_count(0)
