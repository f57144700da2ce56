"""A scorer in the browser: asked for, trained, and its reliability drawn. The worker is stood in for."""

import pytest
from playwright.sync_api import expect

from tests.scorers import make_works
from trajectories.core.scorers import fitting
from trajectories.models import Scorer
from trajectories.services.scorers.training import train_scorer_next


@pytest.fixture(autouse=True)
def _quick(settings, tmp_path, monkeypatch):
    settings.ARTEFACT_DIR = tmp_path / "artefacts"
    monkeypatch.setattr(fitting, "METHODS", {fitting.NUMBERS: fitting.METHODS[fitting.NUMBERS]})


def test_a_scorer_is_asked_for_and_its_reliability_is_drawn(log_in, lead):
    make_works()
    page = log_in(lead)
    page.goto("/scorers/")
    page.get_by_role("link", name="New scorer").first.click()
    page.get_by_label("Name", exact=False).first.fill("told")
    page.get_by_role("button", name="Train").click()
    page.wait_for_url("**/scorers/*/")
    expect(page.locator("#job")).to_contain_text("It begins when a worker is free.")
    scorer = Scorer.objects.get()
    assert train_scorer_next(job_id=scorer.pk)
    expect(page.get_by_role("link", name="Show what came of it")).to_be_visible()
    page.get_by_role("link", name="Show what came of it").click()
    expect(page.get_by_role("heading", name="On problems that it had not seen")).to_be_visible()
    drawn = page.locator(f"#figure-scorer-{scorer.pk}")
    drawn.evaluate("slot => slot.scrollIntoView()")
    expect(drawn.locator(".plot-area svg").first).to_be_visible()
    page.get_by_role("button", name="Score no more").click()
    expect(page.get_by_text("New ones are not scored.")).to_be_visible()
