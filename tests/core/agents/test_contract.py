"""What every agent keeps in every world."""

import json
from itertools import product

import numpy as np
import pytest

from tests.worlds import EVERY_WORLD, world_plan
from trajectories.core.agents import AGENTS, Surroundings, ablations
from trajectories.core.agents.playing import pack, play, unpack
from trajectories.core.agents.telling import tell_episode, thoughts_json, values_json
from trajectories.core.identity import content_hash
from trajectories.core.records import StepKind
from trajectories.core.worlds import make_world
from trajectories.core.worlds.replaying import take_again

EVERY_AGENT = {
    **{name: (name, {}) for name in AGENTS},
    **{name: ("fast-slow", {"branches": 20, **settings}) for name, settings in ablations().items()},
}
EPISODES, SEED = 5, 11


def played(world, agent, number):
    episode = play(world, agent, number, SEED + number)
    return tell_episode(episode, world.actions, {}), episode


def identity(result, episode):
    return content_hash([result.answer, [step.body for step in result.steps], thoughts_json(episode)])


@pytest.mark.parametrize(("world_name", "agent_name"), list(product(EVERY_WORLD, EVERY_AGENT)))
def test_every_agent_plays_every_world_and_goes_on_from_a_checkpoint_to_the_same_end(world_name, agent_name):
    plan = world_plan(*EVERY_WORLD[world_name], steps=25)
    name, settings = EVERY_AGENT[agent_name]
    world, make = make_world(plan), lambda around: AGENTS[name](around, settings, SEED)
    agent, other = make(Surroundings.of(world)), None
    for number in range(EPISODES):
        result, episode = played(world, agent, number)
        assert 1 <= len(result.answer) == len(episode.frames) <= 25
        assert set(result.answer) <= set(world.actions)
        assert json.loads(json.dumps([thoughts_json(episode), values_json(episode.values)])) is not None
        assert [step.kind for step in result.steps[1:4]] == [
            StepKind.HYPOTHESIS, StepKind.TOOL_CALL, StepKind.TOOL_RESULT,
        ]  # fmt: skip
        again = take_again(make_world(plan), number, result.answer)
        assert again.reached is episode.reached, "the actions alone give the same episode"
        assert [seen.text for seen in again.seen] == [frame.text for frame in episode.frames]
        if other is not None:
            assert identity(*played(make_world(plan), other, number)) == identity(result, episode)
        other = make(Surroundings.of(world))
        other.memory.load(sorted(agent.memory, key=lambda row: (row.state, -row.action)))
        other.load(unpack(pack(agent.weights())))


def test_a_setting_that_an_agent_has_not_is_refused():
    world = make_world(world_plan())
    with pytest.raises(ValueError, match="Found the setting 'wings' of the agent 'fast-slow'; expected some of fast"):
        AGENTS["fast-slow"](Surroundings.of(world), {"wings": 1}, 0)
    with pytest.raises(ValueError, match="Branches: found 0, expected a whole number from 1 to 10,000"):
        AGENTS["fast-slow"](Surroundings.of(world), {"branches": 0}, 0)


def test_a_short_run_comes_out_exactly():
    """Twenty episodes of a small maze whose wall turns at 10, both halves against neither."""
    outcomes = {}
    for name in ("fast & slow", "neither"):
        plan = world_plan("maze", {"size": 5}, [{"episode": 10, "step": 0, "set": {"wall": "upright"}}], steps=50)
        world = make_world(plan)
        agent = AGENTS["fast-slow"](Surroundings.of(world), ablations()[name], SEED)
        outcomes[name] = [play(world, agent, number, SEED + number) for number in range(20)]
    assert [episode.taken for episode in outcomes["fast & slow"]] == [
        *(7, 50, 50, 4, 3, 50, 3, 6, 50, 3),
        *(12, 50, 39, 7, 8, 50, 1, 1, 2, 19),
    ]
    assert [episode.taken for episode in outcomes["neither"]] == [
        *(3, 50, 50, 50, 4, 50, 50, 50, 50, 8),
        *(50, 50, 50, 50, 50, 41, 8, 3, 4, 50),
    ]
    assert {name: sum(episode.reached for episode in played) for name, played in outcomes.items()} == {
        "fast & slow": 14,
        "neither": 7,
    }
    shortest = [1, 6, 6, 4, 3, 6, 3, 2, 7, 3, 4, 7, 7, 5, 6, 7, 1, 1, 1, 5]
    assert [episode.shortest for episode in outcomes["neither"]] == shortest


def test_the_network_goes_on_bit_for_bit():
    world = make_world(world_plan(steps=20))
    agent = AGENTS["fast-slow"](Surroundings.of(world), {}, SEED)
    play(world, agent, 0, 1)
    kept = unpack(pack(agent.weights()))
    assert kept
    assert all(np.array_equal(kept[name], array) for name, array in agent.weights().items())
