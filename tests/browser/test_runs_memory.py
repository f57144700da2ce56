"""A run with a memory in the browser: planned, its prompts seen, what was shown followed, and its control begun."""

import re

from playwright.sync_api import expect

from tests import factories
from tests.browser.looks import looks_fine
from tests.campaigns import mirror_task
from tests.endpoint import sampler_for
from trajectories.models import Run, Trace
from trajectories.stand_ins.fake_endpoint import FakeEndpoint


def test_memory_is_planned_seen_in_the_prompts_followed_and_measured(log_in, lead):
    sampler = sampler_for(FakeEndpoint(), input_price=1.0, output_price=1.0)
    problem = mirror_task(1)
    view = factories.make_instruction(
        view="digits", style="program", suits="chat", problem_kind="arc", title="Programs"
    )
    for number in (2, 3):
        factories.make_trace(
            problem=mirror_task(number), decision="accepted", reasoning=f"Rows of {number} are turned."
        )
    page = log_in(lead)
    page.goto(f"/runs/new/?problem={problem.pk}&sampler={sampler.pk}")
    page.get_by_role("checkbox", name="Programs").check()
    page.locator("#plan-memory summary").click()
    page.get_by_label("Traces from memory").fill("2")
    page.get_by_label("Traces from memory").press("Tab")
    expect(page.locator("#estimate")).to_contain_text("Memory holds 2 traces of 2 problems now.")
    looks_fine(page, "run-new-memory")
    page.get_by_role("button", name="First prompts").click()
    expect(page.locator("#dialog-body")).to_contain_text("Rows of 2 are turned.")
    page.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Start the run").click()
    page.wait_for_url(re.compile(r"/runs/\d+/$"))
    run = Run.objects.get(sampler=sampler)
    shown = list(Trace.objects.filter(decision="accepted").values_list("pk", flat=True))
    trace = factories.make_trace(run=run, problem=problem, instruction=view, facts={"memory": shown, "examples": ["x"]})
    page.reload()
    expect(page.get_by_text("2 traces of the nearest other problems, accepted by people")).to_be_visible()
    looks_fine(page, "run-memory")
    page.goto(f"/traces/{trace.pk}/")
    facts = page.get_by_role("region", name="Facts")
    expect(facts.locator(f"a[href='/traces/{shown[0]}/']")).to_be_visible()
    looks_fine(page, "trace-memory")
    page.goto(f"/traces/?remembered={shown[0]}")
    expect(page.get_by_text(f"Shown trace {shown[0]}").first).to_be_visible()
    page.goto(f"/runs/{run.pk}/")
    page.get_by_role("button", name="The same without memory").click()
    expect(page.get_by_text("samples each, for about the same cost.")).to_be_visible()
    expect(page.get_by_role("link", name="With memory against without")).to_be_visible()
    assert Run.objects.get(control_of=run).kept_plan.memory.count == 0
