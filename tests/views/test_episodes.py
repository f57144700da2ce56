"""Watching an episode."""

import pytest
from django.urls import reverse

from tests.factories import make_trace
from tests.queues import queue_of
from tests.worlds import agent, make_world_set, plan_episodes, play_all, world_plan
from trajectories.core.curation.schemas import Blinding
from trajectories.models import Trace


@pytest.fixture
def run(db):
    plan = world_plan("maze", {"size": 5}, [{"episode": 2, "step": 3, "set": {"wall": "upright"}}], steps=30)
    return play_all(plan_episodes(make_world_set(plan, 3)))


def watch(client, trace, query="", **headers):
    return client.get(reverse("trace_episode", args=[trace.pk]) + query, headers=headers)


def test_every_step_has_an_address_from_the_beginning_to_the_end(client, curator, run):
    client.force_login(curator)
    trace = Trace.objects.filter(run=run).order_by("pk")[1]
    start = watch(client, trace).content.decode()
    assert f"Step 0 of {len(trace.answer)}" in start
    assert "reach (" in start
    first = watch(client, trace, "?step=1").content.decode()
    assert f"<dt>{trace.answer[0]}</dt>" in first
    end = watch(client, trace, f"?step={len(trace.answer)}").content.decode()
    assert ("goal reached" in end) is (trace.correctness == "pass")
    assert f"Step {len(trace.answer)} of" in watch(client, trace, "?step=99999").content.decode()


def test_imagined_branches_and_the_path_that_decides_are_drawn_over_the_world(client, curator, run):
    client.force_login(curator)
    found = [
        (trace, place)
        for trace in Trace.objects.filter(run=run).select_related("episode")
        for place, thought in enumerate(trace.episode.thoughts)
        if thought["by"] == "slow" and len(thought["path"]) > 1
    ]
    trace, place = found[0]
    shown = watch(client, trace, f"?step={place}").content.decode()
    (x, y), (to_x, to_y) = trace.episode.thoughts[place]["path"][:2]
    assert f'class="world-way" d="M{x}.5 {y}.5L{to_x}.5 {to_y}.5' in shown
    assert 'class="world-branches"' in shown
    assert "walks reach the goal, the shortest in" in shown


def test_the_moment_of_change_is_marked(client, curator, run):
    client.force_login(curator)
    trace = Trace.objects.get(run=run, problem__name__endswith="-2")
    if len(trace.answer) <= 3:
        pytest.fail("the episode is too short to meet its change: choose another seed")
    assert "the world changes before step" in watch(client, trace).content.decode()
    assert "the world has changed" in watch(client, trace, "?step=4").content.decode()
    assert "the world has changed" not in watch(client, trace, "?step=3").content.decode()


def test_two_agents_are_watched_side_by_side_in_the_same_episode(client, curator, run):
    other = play_all(plan_episodes(run.problem_set, sampler=agent("random")))
    client.force_login(curator)
    trace = Trace.objects.filter(run=run).first()
    beside = Trace.objects.get(run=other, problem=trace.problem)
    shown = watch(client, trace, f"?step=1&beside={beside.pk}").content.decode()
    assert f"<dt>{trace.answer[0]}</dt>" in shown
    assert f"<dt>{beside.answer[0]}</dt>" in shown
    elsewhere = Trace.objects.filter(run=other).exclude(problem=trace.problem).first()
    assert watch(client, trace, f"?beside={elsewhere.pk}").status_code == 404


def test_the_fragment_is_the_player_alone(client, curator, run):
    client.force_login(curator)
    shown = watch(client, Trace.objects.filter(run=run).first(), "?step=1", HX_Request="true").content.decode()
    assert shown.lstrip().startswith('<div id="episode"')


def test_what_is_no_episode_has_no_player(client, curator, db):
    client.force_login(curator)
    assert watch(client, make_trace()).status_code == 404


def test_a_queue_that_hides_verdicts_hides_how_the_episode_ends(client, lead, curator, run):
    trace = Trace.objects.filter(run=run).first()
    queue_of(lead, [trace], blinding=Blinding(verdicts=True))
    client.force_login(curator)
    assert watch(client, trace).status_code == 403
