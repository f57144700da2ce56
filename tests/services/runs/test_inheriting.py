"""Agents that go on from a mind of an earlier run: with all it had learnt, with its memory alone, or its weights."""

import pytest
from django.urls import reverse

from tests.pages import squeezed
from tests.worlds import agent, make_world_set, plan_episodes, play_all, world_plan
from trajectories.core.agents.playing import unpack
from trajectories.models import Episode, Mind, Problem, Run, Trace
from trajectories.services.prompts.instructions import ensure_episode_instruction
from trajectories.services.runs.lifecycle import plan_run
from trajectories.services.runs.plans import Plan, PlanError

pytestmark = pytest.mark.django_db


def plan_on(problem_set, mind, parts="all", sampler=None):
    problems = list(Problem.objects.filter(problem_set=problem_set).order_by("pk"))
    made = Plan(problems, [ensure_episode_instruction()], [0.0], 1, mind=mind, mind_parts=parts)
    return plan_run(actor=None, title="Goes on", sampler=sampler or agent(), plan=made, seed=7)


@pytest.fixture
def source():
    run = play_all(plan_episodes(make_world_set()))
    return Mind.objects.get(run=run)


def test_a_mind_is_gone_on_from_whole_or_in_parts_and_stays_as_it_is(source):
    episodes = make_world_set(world_plan("maze", {"size": 5}, [], seed=2), title="Another maze")
    before = (bytes(source.weights), sorted(source.transitions.values_list("state", "action", "after", "visits")))
    firsts = {}
    for parts in ("all", "memory", "weights"):
        run = play_all(plan_on(episodes, source, parts))
        mind = Mind.objects.get(run=run)
        assert (run.state, mind.went_on_from, mind.episodes) == ("finished", source, 6)
        first = Episode.objects.get(mind=mind, number=0)
        assert first.trace.facts["went_on_from"] == source.pk
        # What it knew as its first episode began: the network's values of all states that it remembers.
        firsts[parts] = first
        assert bool(first.values) == (parts != "weights")
        steps = unpack(bytes(mind.weights))["taken"]
        fresh = sum(len(each) for each in Trace.objects.filter(run=run).values_list("answer", flat=True))
        assert (steps > fresh) == (parts != "memory"), "an optimiser that goes on has taken the steps of both runs"
    assert firsts["all"].values != firsts["memory"].values
    source.refresh_from_db()
    assert before == (
        bytes(source.weights), sorted(source.transitions.values_list("state", "action", "after", "visits")),
    )  # fmt: skip
    again = [play_all(plan_on(episodes, source)) for _ in range(2)]
    assert len({tuple(Trace.objects.filter(run=run).order_by("pk").values_list("content_hash")) for run in again}) == 1


def test_what_cannot_be_gone_on_from_is_refused_with_the_reason(source):
    larger = make_world_set(world_plan("maze", {"size": 7}, []), title="A larger maze")
    same = Problem.objects.get(pk=source.run.plan["problem_ids"][0]).problem_set
    with pytest.raises(PlanError, match="expected a world of the same size and kind"):
        plan_on(larger, source)
    with pytest.raises(PlanError, match="which can go on from its memory alone"):
        plan_on(same, source, sampler=agent("q-learning"))
    assert play_all(plan_on(same, source, "memory", sampler=agent("q-learning"))).state == "finished"
    with pytest.raises(PlanError, match="Found 'half', expected one of all, memory, weights"):
        plan_on(same, source, "half")
    Run.objects.filter(pk=source.run_id).update(state="running")
    source.refresh_from_db()
    with pytest.raises(PlanError, match="The run of the mind is running; expected one that is paused or has ended"):
        plan_on(same, source)


def test_the_page_of_a_mind_leads_to_a_run_that_goes_on_and_names_those_that_did(client, lead, source):
    client.force_login(lead)
    assert f"{reverse('run_new')}?mind={source.pk}" in squeezed(client.get(reverse("mind_detail", args=[source.pk])))
    form = client.get(reverse("run_new"), {"mind": source.pk}).context["form"]
    assert (form["mind"].value(), form["mind_parts"].value(), form["sampler"].value()) == (
        source.pk, "all", source.run.sampler_id,
    )  # fmt: skip
    values = {name: form[name].value() for name in form.fields if form[name].value() not in (None, "")}
    response = client.post(reverse("run_new"), values)
    assert response.status_code == 302, response.context["form"].errors
    run = play_all(Run.objects.latest("pk"))
    mind = Mind.objects.get(run=run)
    assert mind.went_on_from == source
    assert f"what mind {source.pk} had learnt" in squeezed(client.get(reverse("mind_detail", args=[mind.pk])))
    assert f'gone on from by <a href="{reverse("mind_detail", args=[mind.pk])}"' in squeezed(
        client.get(reverse("mind_detail", args=[source.pk]))
    )
    assert client.post(reverse("run_new"), {**values, "mind": 10**9}).status_code == 422
