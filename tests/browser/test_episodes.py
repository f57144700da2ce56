"""The player of an episode: by keys and by itself, at the address of its step, and beside another."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Route, expect

from tests.endpoint import sampler_for
from tests.services.runs.test_episodes_models import draw, plan_for
from tests.worlds import agent, make_world_set, plan_episodes, play_all, world_plan
from trajectories.models import Trace
from trajectories.services.prompts.instructions import ensure_shipped_instructions
from trajectories.stand_ins.fake_endpoint import FakeEndpoint, Walker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def episodes(transactional_db):
    """The same episode by an agent with a memory, and by a language model; both reach the goal in several steps."""
    ensure_shipped_instructions()
    changes = [{"episode": 0, "step": 2, "set": {"wall": "upright"}}]
    world = make_world_set(world_plan("maze", {"size": 6}, changes, seed=4, steps=60), 1)
    by_agent = play_all(plan_episodes(world, sampler=agent("fast-slow")))
    with FakeEndpoint(answerer=Walker()) as endpoint:
        by_model = draw(plan_for(sampler_for(endpoint), world))
    return [Trace.objects.get(run=run) for run in (by_agent, by_model)]


def test_an_episode_is_walked_by_keys_played_and_watched_beside_another(log_in, lead, episodes):
    learnt, model = episodes
    steps = len(model.answer)
    assert steps > 3
    page = log_in(lead)
    page.goto(reverse("trace_detail", args=[model.pk]))
    page.get_by_role("link", name="Watch").click()
    status = page.get_by_role("status").filter(has_text="Step")
    expect(status).to_contain_text(f"Step 0 of {steps}")
    stage = page.locator(".episode-stage")
    expect(stage.locator("dt").first).to_have_text("Task")
    expect(stage).to_contain_text("Then says")
    expect(stage).to_contain_text("I go")
    expect(stage.locator(".world-walked")).to_have_count(0)

    page.keyboard.press("ArrowRight")
    expect(status).to_contain_text(f"Step 1 of {steps}")
    expect(page).to_have_url(re.compile(r"step=1"))
    expect(stage.locator("dt").first).to_have_text(model.answer[0])
    page.keyboard.press("ArrowLeft")
    expect(status).to_contain_text("Step 0 of")
    page.reload()
    expect(status).to_contain_text("Step 0 of")

    # Three keys while the first step is on its way are three steps, in two requests.
    asked: list[Route] = []

    def hold_the_first(route: Route) -> None:
        asked.append(route)
        if len(asked) > 1:
            route.continue_()

    page.route("**/episode/**", hold_the_first)
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    while not asked:
        page.wait_for_timeout(20)
    asked[0].continue_()
    expect(status).to_contain_text(f"Step 3 of {steps}")
    assert len(asked) == 2
    page.unroute("**/episode/**")
    page.keyboard.press("Home")
    expect(status).to_contain_text("Step 0 of")

    page.get_by_role("link", name="3", exact=True).click()
    expect(stage).to_contain_text("the world has changed")
    page.get_by_role("button", name="Play").click()
    expect(status).to_contain_text(f"Step {steps} of {steps}")
    expect(stage).to_contain_text("goal reached")
    expect(page.get_by_role("button", name="Play")).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_role("link", name="Next step")).to_have_attribute("aria-disabled", "true")

    page.get_by_label("Beside").select_option(str(learnt.pk))
    page.get_by_role("button", name="Show").click()
    expect(stage).to_have_count(2)
    expect(stage.nth(0).get_by_role("heading")).to_have_text(f"{model.sampler}, trace {model.pk}")
    expect(stage.nth(1).get_by_role("heading")).to_have_text(f"{learnt.sampler}, trace {learnt.pk}")
    page.keyboard.press("Home")
    expect(status).to_contain_text(f"Step 0 of {max(steps, len(learnt.answer))}")
    expect(stage.nth(1)).to_contain_text("Then decides")
    page.get_by_role("link", name="Alone").click()
    expect(stage).to_have_count(1)
