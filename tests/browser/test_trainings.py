"""A training from the release it learns from to the sampler that it makes; its worker is stood in for."""

import re

import pytest
from playwright.sync_api import expect

from tests.trainings import ToldTrainer, make_release, write_outcome
from trajectories.models import Training
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.training.work import train_next


@pytest.fixture(autouse=True)
def _folders(settings, tmp_path):
    settings.TRAINING_DIR, settings.ARTEFACT_DIR = tmp_path / "training", tmp_path / "artefacts"


def test_a_training_is_asked_for_from_a_release_and_its_page_says_what_came_of_it(log_in, lead, monkeypatch):
    def act(task, report):
        for step in range(1, 6):
            report.point(step, loss=1 / step)
        return write_outcome(task, facts={"told": {"Rows": 3}})

    ToldTrainer(act).install(monkeypatch)
    base, release = ensure_symbolic(), make_release(3)
    page = log_in(lead)
    page.goto(f"/releases/{release.pk}/")
    page.locator(f"a[href*='trainings/new/?release={release.pk}']").first.click()
    page.get_by_role("link", name=ToldTrainer.label).click()
    expect(page.get_by_label("Release", exact=True)).to_have_value(str(release.pk))
    page.locator("[name=base]").select_option(str(base.pk))
    page.locator("[name=parameter_steps]").fill("-4")
    page.get_by_role("button", name="Train").click()
    expect(page.get_by_text("Found -4, expected").first).to_be_visible()
    page.locator("[name=parameter_steps]").fill("5")
    page.get_by_role("button", name="Train").click()
    page.wait_for_url(re.compile(r"/trainings/\d+/$"))
    expect(page.locator("#job")).to_contain_text("It begins when a worker that is meant to train is free.")
    menu, read_anew = page.locator("#job details.menu"), re.compile(r"/trainings/\d+/$")
    menu.locator("summary").click()
    for _ in range(2):  # what came the first time has been dealt with when it comes again
        with page.expect_response(read_anew):
            pass
    expect(page.get_by_role("button", name="Cancel the job")).to_be_visible()
    menu.locator("summary").click()
    train_next(job_id=Training.objects.get().pk)
    expect(page.locator("#job")).to_contain_text("It made the sampler", timeout=20_000)
    page.reload()
    drawn = page.locator("[id^=figure-curves]").first
    drawn.evaluate("slot => slot.scrollIntoView()")
    expect(drawn.locator(".plot-area svg").first).to_be_visible()
    expect(page.get_by_text("Rows", exact=True)).to_be_visible()
    page.get_by_role("link", name="Start a run with it").click()
    made = Training.objects.get().sampler
    expect(page.get_by_label("Sampler", exact=True)).to_have_value(str(made.pk))
