"""Worlds: seeded, limited, changed by schedule, and refused in one sentence."""

import sys

import pytest

from tests.worlds import EVERY_WORLD, world_plan
from trajectories.core.faults import Fault
from trajectories.core.problems.episodes import make_episodes
from trajectories.core.worlds import make_world
from trajectories.core.worlds.offices import LIMITED_AFTER
from trajectories.core.worlds.replaying import take_again
from trajectories.core.worlds.schedules import WorldPlan


@pytest.mark.parametrize("name", EVERY_WORLD)
def test_an_episode_is_the_same_whatever_was_played_before(name):
    plan = world_plan(*EVERY_WORLD[name], steps=20)
    one, other = make_world(plan), make_world(plan)
    for number in (0, 5, 3):
        other.reset(options={"episode": number})
    actions = [one.actions[place % len(one.actions)] for place in (3, 1, 0, 2, 2, 1, 3, 0)]
    first, second = take_again(one, 4, actions, draw=True), take_again(other, 4, actions, draw=True)
    assert first == second
    assert other.episode == 4
    assert all(other.observation_space.contains(other.observation_space.sample()) for _ in range(3))


def test_walls_turn_at_their_episode_and_within_one():
    maze = make_world(world_plan("maze", {"size": 5}, [{"episode": 2, "step": 3, "set": {"wall": "upright"}}], steps=9))
    maze.reset(options={"episode": 1})
    across = maze.picture()
    assert [row.count(5) for row in across] == [0, 0, 4, 0, 0]
    changed = []
    maze.reset(options={"episode": 2})
    while not maze.has_ended:
        _, _, _, _, told = maze.step(0 if maze.taken % 2 else 2)
        changed.append(told["changed"])
    assert changed[:5] == [False, False, False, True, False][: len(changed)]
    maze.reset(options={"episode": 3})
    assert sum(row[2] == 5 for row in maze.picture()) >= 3, "what has changed stays so"


def test_start_and_goal_of_an_episode_that_changes_are_free_all_along():
    plan = world_plan("maze", {"size": 5}, [{"episode": 0, "step": 1, "set": {"wall": "upright"}}])
    maze = make_world(plan)
    for number in range(40):
        maze.reset(seed=number, options={"episode": 0})
        for place in (maze.state, maze.goal):
            assert 2 not in place or place == (2, 2)


def test_tools_fail_by_chance_lie_after_a_change_and_are_limited():
    office = make_world(
        world_plan("flaky-tools", {"failing": 0, "slow": 0}, [{"episode": 1, "set": {"office": "south"}}])
    )
    right = ["look_up_north", "convert_bank", "book"]
    assert take_again(office, 0, right).reached
    late = take_again(office, 1, right)
    assert not late.reached
    assert late.seen[-1].text == "book: refused, the amount is not the price; start again."
    assert take_again(office, 1, ["look_up_south", "convert_bank", "book"]).reached
    often = take_again(office, 0, ["look_up_north"] * (LIMITED_AFTER + 1))
    assert often.seen[-1].text == "look_up_north: 429, too many calls in a row."
    broken = make_world(world_plan("flaky-tools", {"failing": 90, "slow": 0}, []))
    said = [seen.text for seen in take_again(broken, 0, ["look_up_north", "wait"] * 20).seen]
    assert said.count("look_up_north: 503, the service is not available.") > 10


def test_the_key_comes_before_the_door():
    world = make_world(world_plan("key-and-door", {"size": 5}, []))
    world.reset(options={"episode": 0})
    assert world.goal[2] == 1
    assert world.shortest() > abs(world.goal[0] - world.state[0]) + abs(world.goal[1] - world.state[1]) - 1


def test_the_rule_of_the_grid_task_shifts():
    world = make_world(world_plan("shifting-arc", {"rule": "turn-90"}, [{"episode": 1, "set": {"rule": "turn-180"}}]))
    assert take_again(world, 0, ["turn", "submit"]).reached
    assert not take_again(world, 1, ["turn", "submit"]).reached
    assert take_again(world, 1, ["turn", "turn", "submit"]).reached


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        (("atlantis", {}, []), "Found the world 'atlantis'; expected one of maze, flaky-tools"),
        (("maze", {"size": 2}, []), "Size: found 2, expected a whole number from 3 to 200."),
        (("maze", {"wall": "round"}, []), "Wall: found 'round', expected one of across, upright, none."),
        (("maze", {"door": 1}, []), "Found the setting 'door' of the world 'maze'; expected some of size, wall."),
        (("maze", {}, [{"episode": 3, "set": {"size": 7}}]), "The change in episode 3 gives the world other states"),
        (("maze", {}, [{"episode": 3, "set": {"wall": "odd"}}]), "Wall: found 'odd'"),
        (("maze", {}, [{"episode": -1, "set": {"wall": "none"}}]), "Change 1, episode: found -1, expected 0 to"),
        (("maze", {}, [{"episode": 1}]), "Change 1: found None under set, expected settings by name."),
        (("gymnasium:CartPole-v1", {}, []), "expected observations that can be counted"),
        (("gymnasium:FrozenLake-v1", {"size": 3}, []), "unexpected keyword argument 'size'"),
        (("gymnasium:FrozenLake-v1", {}, [{"episode": 1, "step": 2, "set": {"is_slippery": False}}]), "within an epi"),
    ],
)
def test_what_cannot_be_had_is_refused_in_a_sentence(plan, message):
    with pytest.raises(Fault) as refused:
        list(make_episodes(world_plan(*plan) if plan[0] in EVERY else raw_plan(*plan), 5, split="train"))
    assert message in str(refused.value)


EVERY = {"maze"}


def raw_plan(name, settings, changes):
    return WorldPlan.from_json({"world": name, "settings": settings, "changes": changes, "seed": 1, "steps": 20})


def test_a_name_never_imports_a_module(tmp_path, monkeypatch):
    """Gymnasium would import what stands before a colon."""
    (tmp_path / "unasked_module.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(Fault, match="found no environment 'unasked_module:Maze-v0' registered"):
        make_world(raw_plan("gymnasium:unasked_module:Maze-v0", {}, []))
    assert "unasked_module" not in sys.modules
