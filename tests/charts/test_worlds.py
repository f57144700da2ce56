"""Charts of worlds: what they count is what they show."""

import pytest

from tests import factories
from tests.worlds import agent, make_world_set, plan_episodes, play_all, world_plan
from trajectories.charts import CHARTS
from trajectories.core.figures.records import Mark
from trajectories.models import Verdict
from trajectories.selectors.insights.scopes import InsightScope
from trajectories.selectors.insights.worlds import played_runs

pytestmark = pytest.mark.django_db


def test_what_stands_beside_a_figure_counts_the_episodes_that_it_shows(client, lead):
    turned = [{"episode": 4, "step": 0, "set": {"wall": "upright"}}]
    problems = make_world_set(world_plan("maze", {"size": 4}, turned, steps=6), 8)
    run = play_all(plan_episodes(problems, sampler=agent("random"), agents=2))
    # Questions and grid tasks are of the same selection ("everything"), and no part of what is shown.
    for _ in range(3):
        factories.make_verdict(trace=factories.make_trace(correctness="pass"))
    factories.make_attempt(state="failed", error_kind="timeout")
    for name in ("world-success", "world-recovery"):
        figure = CHARTS[name].build(InsightScope())
        told = {count.title: count.number for count in figure.counts}
        assert told == {
            "problems": 8, "samples": 16, "scored": 16, "cut off": 0, "refused": 0, "failed attempts": 0,
        }, name  # fmt: skip
    # The link leads to exactly these.
    client.force_login(lead)
    [link] = [count.link for count in figure.counts if count.link]
    assert f"run={run.pk}" in link
    shown = client.get(link).content.decode()
    assert "16 traces" in shown
    nothing = CHARTS["world-success"].build(InsightScope(problem_set=factories.make_problem().problem_set_id))
    assert nothing.missing
    assert {count.number for count in nothing.counts} == {0}


def test_the_shortest_way_is_of_the_episodes_shown_and_of_their_newest_verdicts():
    plan = world_plan("maze", {"size": 3}, [], steps=40)
    run = play_all(plan_episodes(make_world_set(plan, 6), sampler=agent("random")))
    [played] = played_runs(InsightScope())
    reached = Verdict.objects.filter(trace__run=run, verifier="episode", outcome="pass")
    assert reached.count() > 1
    assert played.detour == pytest.approx(sum(each.score for each in reached) / reached.count())
    # Verified again by a later version, with another score: that one counts, once.
    first = reached.order_by("pk").first()
    factories.make_verdict(
        trace=first.trace, verifier="episode", version=first.version + 1, outcome="pass", score=0.125
    )
    scores = [*(each.score for each in reached.exclude(trace=first.trace)), 0.125]
    [again] = played_runs(InsightScope())
    assert again.detour == pytest.approx(sum(scores) / len(scores))
    assert played_runs(InsightScope(instruction=factories.make_instruction().pk)) == []


def test_changes_of_several_worlds_are_told_apart_and_what_was_not_there_does_not_come_back():
    turned = [{"episode": 11, "step": 0, "set": {"wall": "upright"}}]
    maze = make_world_set(world_plan("maze", {"size": 4}, turned, steps=6), 24)
    play_all(plan_episodes(maze, sampler=agent("random")))
    figure = CHARTS["world-success"].build(InsightScope())
    assert [each.name for each in figure.series if each.mark is Mark.GUIDE] == ["World changes"]
    # On ice one step reaches no goal: nothing succeeds, before or after.
    slippery = [{"episode": 12, "step": 0, "set": {"is_slippery": True}}]
    lake = make_world_set(
        world_plan("gymnasium:FrozenLake-v1", {"is_slippery": False}, slippery, steps=1), 24, title="Ice"
    )
    play_all(plan_episodes(lake, sampler=agent("random")))
    figure = CHARTS["world-success"].build(InsightScope())
    guides = {each.name: (each.tone, each.points[0].x) for each in figure.series if each.mark is Mark.GUIDE}
    assert guides == {"maze changes": ("1", 11), "gymnasium:FrozenLake-v1 changes": ("2", 12)}
    played = {each.world: each for each in played_runs(InsightScope())}["gymnasium:FrozenLake-v1"]
    assert (played.mean_recovery.before, played.mean_recovery.episodes, played.never_recovered) == (0, None, 0)
