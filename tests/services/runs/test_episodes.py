from dataclasses import replace

import pytest
from django.db.models import F

from tests.factories import assert_counters_add_up, make_problem
from tests.services.runs.test_attempts import lose_worker
from tests.worlds import agent, make_world_set, plan_episodes, play_all, world_plan
from trajectories.core.worlds.mazes import Maze
from trajectories.models import Attempt, Episode, Mind, Problem, Trace, Transition
from trajectories.services.prompts.instructions import ensure_episode_instruction
from trajectories.services.runs.attempts import claim_batch, requeue_expired
from trajectories.services.runs.embedded_sampling import sample_next_batch
from trajectories.services.runs.lifecycle import cancel_run
from trajectories.services.runs.plans import Plan, PlanError

EPISODES = 6


class Killed(BaseException):
    """What a worker dies of; nothing catches it."""


def told(run):
    """All that a run has brought, and all that its agents have learnt."""
    traces = Trace.objects.filter(run=run).order_by("attempt__ordinal", "pk")
    minds = Mind.objects.filter(run=run).order_by("ordinal")
    fields = [field.name for field in Transition._meta.fields if field.name not in ("id", "mind")]
    return (
        list(traces.values_list("content_hash", "correctness", "episode__thoughts", "episode__values")),
        [(mind.episodes, bytes(mind.weights)) for mind in minds],
        [sorted(mind.transitions.values_list(*fields), key=str) for mind in minds],
    )


def test_the_episodes_of_an_agent_follow_one_another_and_each_is_a_verified_trace(db):
    run = play_all(plan_episodes(make_world_set(), agents=2))
    assert_counters_add_up(run)
    assert (run.state, run.done_count) == ("finished", 2 * EPISODES)
    minds = list(Mind.objects.filter(run=run).order_by("ordinal"))
    assert [mind.episodes for mind in minds] == [EPISODES, EPISODES]
    assert minds[0].seed != minds[1].seed
    for mind in minds:
        played = Episode.objects.filter(mind=mind).order_by("trace")
        assert list(played.values_list("number", flat=True)) == list(range(EPISODES))
        learnt = [episode.trace.facts["learnt_from"] for episode in played.select_related("trace")]
        assert learnt == list(range(EPISODES)), "each begins with what the one before has learnt"
    trace = Trace.objects.filter(run=run).first()
    verdict = trace.verdicts.get()
    assert (verdict.verifier, verdict.evidence["shortest"]) == ("episode", trace.problem.difficulty["shortest"])
    assert run.correct_count == Trace.objects.filter(run=run, facts__reached=True).count() > 0


def test_another_run_with_the_same_seed_is_the_same(db):
    problems = make_world_set()
    first, second = (play_all(plan_episodes(problems, seed=3)) for _ in range(2))
    assert told(first) == told(second)
    assert told(first) != told(play_all(plan_episodes(problems, seed=4)))


@pytest.mark.parametrize("step", [1, 7, 23])
def test_an_episode_killed_at_any_step_goes_on_to_the_same_end(db, monkeypatch, step):
    problems = make_world_set()
    expected = told(play_all(plan_episodes(problems)))
    run = plan_episodes(problems)
    taken, real = 0, Maze.attempt

    def die(world, state, action):
        nonlocal taken
        taken += 1
        if taken == step:
            raise Killed
        return real(world, state, action)

    monkeypatch.setattr(Maze, "attempt", die)
    with pytest.raises(Killed):
        sample_next_batch(run_id=run.pk)
    Attempt.objects.filter(run=run, state="pending").update(claims=F("claims") + 1)
    assert told(play_all(run)) == expected


def test_a_worker_that_is_lost_holds_up_its_own_agent_alone(db):
    run = plan_episodes(make_world_set(), agents=2)
    batch = claim_batch(run_id=run.pk)
    assert [attempt.ordinal for attempt in batch.attempts] == [0] * EPISODES
    other = claim_batch(run_id=run.pk)
    assert [attempt.ordinal for attempt in other.attempts] == [1] * EPISODES
    lose_worker(batch)
    assert claim_batch(run_id=run.pk) is None, "a later episode must not overtake the one that is lost"
    requeue_expired()
    assert [attempt.pk for attempt in claim_batch(run_id=run.pk).attempts] == [each.pk for each in batch.attempts]


def test_a_cancelled_run_leaves_memory_and_traces_as_of_the_last_episode(db):
    run = plan_episodes(make_world_set())
    real, played = Maze.begin, []

    def cancel_at_three(world):
        played.append(world.episode)
        if world.episode == 3:
            cancel_run(actor=None, run=run)
        return real(world)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Maze, "begin", cancel_at_three)
        sample_next_batch(run_id=run.pk)
    mind = Mind.objects.get(run=run)
    assert mind.episodes == Trace.objects.filter(run=run).count() == 3
    assert max(mind.transitions.values_list("seen_episode", flat=True)) == 2


def test_what_contradicts_the_memory_overwrites_it(db):
    play_all(plan_episodes(make_world_set(episodes=12)))
    changed = Transition.objects.filter(overwritten__gt=0)
    assert changed.exists()
    for row in changed:
        assert row.former != row.after
        assert row.overwritten_episode >= 3, "nothing contradicts before the wall turns"


def test_agents_play_one_world_and_nothing_else(db):
    one, two = make_world_set(), make_world_set(world_plan(seed=2), title="Another")
    views, problems = [ensure_episode_instruction()], list(Problem.objects.filter(problem_set__in=[one, two]))
    plan = Plan(problems=problems, instructions=views, temperatures=[0.0], samples_each=1)
    with pytest.raises(PlanError, match="The episodes are of 2 worlds; expected one"):
        plan.check(agent())
    with pytest.raises(PlanError, match="plays every episode once; expected the strategy 'parallel'"):
        replace(plan, problems=problems[:1], strategy="until-solved").check(agent())
    with pytest.raises(PlanError, match="plays episodes of worlds; 'task"):
        replace(plan, problems=[make_problem()]).check(agent())
