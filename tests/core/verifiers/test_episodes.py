"""Verdicts on episodes, each by taking the actions again."""

import pytest

from tests.worlds import world_plan
from trajectories.core.agents import AGENTS, Surroundings
from trajectories.core.agents.playing import play
from trajectories.core.agents.telling import tell_episode
from trajectories.core.problems.episodes import make_episodes
from trajectories.core.records import Outcome, StepKind, TraceRecord
from trajectories.core.verifiers.episodes import EpisodeVerifier
from trajectories.core.worlds import make_world

PLAN = world_plan("maze", {"size": 5, "wall": "none"}, [], seed=3, steps=60)


def verdict(actions, results=(), number=0, plan=PLAN):
    problem = list(make_episodes(plan, number + 1, split="train"))[number]
    return EpisodeVerifier().verify(problem, TraceRecord(actions, "", "", results=tuple(results)), None)


def way(world):
    """The shortest way, in words: first across, then down; without a wall nothing is in between."""
    (x, y), (goal_x, goal_y) = world.state, world.goal
    across = ["right"] * (goal_x - x) or ["left"] * (x - goal_x)
    return across + (["down"] * (goal_y - y) or ["up"] * (y - goal_y))


@pytest.fixture
def world():
    made = make_world(PLAN)
    made.reset(options={"episode": 0})
    return made


def test_the_shortest_way_scores_all_and_a_detour_less(world):
    shortest = way(world)
    best = verdict(shortest)
    assert (best.outcome, best.score, best.evidence["shortest"]) == (Outcome.PASS, 1.0, len(shortest))
    assert best.message == f"the goal was reached in {len(shortest)} steps; the shortest way takes {len(shortest)}"
    back = {"left": "right", "right": "left", "up": "down", "down": "up"}
    x, y = world.state
    aside = next(a for a, ok in (("left", x > 0), ("up", y > 0), ("right", x < 4)) if ok and a != shortest[0])
    detour = verdict([aside, back[aside], *shortest])
    assert detour.outcome is Outcome.PASS
    assert detour.score == pytest.approx(len(shortest) / (len(shortest) + 2))


def test_what_does_not_reach_the_goal_fails_with_what_was_in_vain(world):
    x = world.state[0]
    found = verdict(["left"] * (x + 3))
    reached = found.evidence["reached"]
    assert (found.outcome, found.score, reached) == (Outcome.FAIL, 0.0, False)
    assert found.evidence["violations"] == 3
    assert found.evidence["first_violation"] == x + 1
    assert "3 of the actions in vain" in found.message


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        (None, "no action was taken"),
        ([], "no action was taken"),
        ("up", "no action was taken"),
        ([1, 2], "no action was taken"),
        (["fly"], "no action of this world: Found the action 'fly'; expected some of up, right, down, left."),
    ],
)
def test_what_is_no_list_of_actions_fails(actions, message):
    found = verdict(actions)
    assert (found.outcome, found.score, found.message) == (Outcome.FAIL, 0.0, message)


def test_a_result_that_never_came_fails_an_episode_that_reached_its_goal():
    world = make_world(PLAN)
    episode = play(world, AGENTS["random"](Surroundings.of(world), {}, 1), 0, 1)
    for seed in range(2, 50):
        if episode.reached:
            break
        episode = play(world, AGENTS["random"](Surroundings.of(world), {}, 1), 0, seed)
    result = tell_episode(episode, world.actions, {})
    told = [step.body for step in result.steps if step.kind is StepKind.TOOL_RESULT]
    assert verdict(result.answer, told).outcome is Outcome.PASS
    lying = [*told[:-1], "You are at (9, 9): the goal."]
    found = verdict(result.answer, lying)
    assert (found.outcome, found.message) == (Outcome.FAIL, f"result {len(told)} that the trace tells never came")
    assert verdict(result.answer, [*told, "And a coin."]).evidence["first_untrue"] == len(told) + 1


def test_actions_after_the_end_are_counted_and_left_out(world):
    shortest = way(world)
    found = verdict([*shortest, "up", "up"])
    assert (found.outcome, found.evidence["left_over"], found.evidence["taken"]) == (Outcome.PASS, 2, len(shortest))


def test_a_world_that_is_not_here_is_no_fault_of_the_trace():
    problem = next(iter(make_episodes(PLAN, 1, split="train")))
    problem.spec["world"] = "gymnasium:Nowhere-v7"
    found = EpisodeVerifier().verify(problem, TraceRecord(["up"], "", ""), None)
    assert found.outcome is Outcome.ERROR
    assert "found no environment 'Nowhere-v7' registered with Gymnasium" in found.message
