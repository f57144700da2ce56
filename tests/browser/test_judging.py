"""From the trace list to a model judge's word on a trace's page."""

import re

from playwright.sync_api import expect

from tests.endpoint import sampler_for
from tests.judging import judging_endpoint, rubric, works
from trajectories.models import JudgeJob, Trace
from trajectories.services.judging.work import judge_next


def work(job: JudgeJob) -> None:
    """What a worker does for the job's bells."""
    while judge_next(job_id=job.pk):
        pass


def test_a_selection_is_judged_and_read(log_in, lead):
    rubric()
    right, wrong = works("this is right", "this is wrong")
    Trace.objects.filter(pk=right.pk).update(correctness="pass")
    Trace.objects.filter(pk=wrong.pk).update(correctness="fail")
    with judging_endpoint(bias=0.5) as endpoint:
        sampler_for(endpoint)
        page = log_in(lead)
        page.goto(f"/traces/?problem={right.problem_id}")
        page.get_by_text("Actions", exact=True).click()
        page.get_by_role("link", name="Judge by a model").click()
        expect(page.locator("#estimate")).to_contain_text("2")
        expect(page.get_by_label("Opponents")).to_be_hidden()
        page.get_by_label("Compare with other traces").check()
        page.get_by_label("Opponents").fill("1")
        expect(page.locator("#estimate .strong").first).to_have_text("4")
        page.get_by_role("button", name="Start judging").click()
        expect(page).to_have_url(re.compile(r"/judging/\d+/$"))
        expect(page.locator("#controls")).to_contain_text("Queued")

        page.keyboard.press("p")
        expect(page.locator("#controls")).to_contain_text("Paused")
        page.keyboard.press("p")
        expect(page.locator("#controls")).to_contain_text("Queued")
        work(JudgeJob.objects.get())

    expect(page.locator("#controls")).to_contain_text("Finished")
    expect(page.locator("#job")).to_contain_text("of 2 traces")
    expect(page.locator("#job")).to_contain_text("100%")
    expect(page.locator("#results tbody tr")).to_have_count(2)
    page.get_by_role("navigation", name="Which results").get_by_role("link", name="Fail").click()
    expect(page.locator("#results tbody tr")).to_have_count(1)
    page.locator("#results .row-target").click()

    expect(page).to_have_url(re.compile(rf"/traces/{wrong.pk}/"))
    # Blind before one's own review, until one asks.
    page.get_by_role("link", name="Show it now").click()
    verdicts = page.locator("#verdicts")
    expect(verdicts).to_contain_text("By model judge, preferred for correctness")
    expect(verdicts).to_contain_text(f"against trace {right.pk}")
    verdicts.get_by_text("The judge’s own words").click()
    expect(verdicts).to_contain_text('"better"')
    verdicts.get_by_role("link", name=f"trace {right.pk}").click()
    page.get_by_role("link", name="Show it now").click()
    expect(page.locator("#verdicts")).to_contain_text("won 1, lost 0, tied 0 of 1 comparisons")


def test_a_rubric_is_written_with_its_messages_beside_it(log_in, lead):
    rubric()
    works("the newest work")
    page = log_in(lead)
    page.goto("/rubrics/")
    page.get_by_role("link", name="Clarity and economy").click()
    page.get_by_role("link", name="Write a new version").click()
    page.locator("[name=text]").fill("Praise what is short.")
    expect(page.locator("#preview")).to_contain_text("Praise what is short.")
    expect(page.locator("#preview")).to_contain_text("the newest work")
    page.get_by_label("Passes from").fill("99")
    expect(page.locator("#preview")).to_contain_text("as the least score that passes, expected 2 to 10")
    page.get_by_label("Passes from").fill("5")
    page.get_by_role("button", name="Save as version 2").click()
    expect(page.locator("h1")).to_contain_text("version 2")
