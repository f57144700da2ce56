import json

import pytest

from trajectories.core.strategies.plans import Diversity, RunPlan

KEPT = {"views": {"arc": [1, 2], "text": [3]}, "temperatures": [0.0, 1.0], "samples_each": 3}


@pytest.mark.parametrize("spread", [False, True])
@pytest.mark.parametrize(("kind", "views"), [("arc", [1, 2]), ("text", [3])])
def test_a_problem_is_looked_at_by_the_views_of_its_kind(kind, views, spread):
    plan = RunPlan.from_json({**KEPT, "spread": spread})
    slots = plan.list_slots(kind)
    assert len(slots) == len(set(slots)) == plan.count_slots(kind)
    assert sorted({slot.instruction for slot in slots}) == views
    assert sorted({slot.temperature for slot in slots}) == ([0.0, 0.5, 1.0] if spread else [0.0, 1.0])
    assert {slot.ordinal for slot in slots} == {0, 1, 2}


def test_a_plan_from_before_kinds_shows_every_problem_all_views():
    old = RunPlan.from_json({"instruction_ids": [5, 6], "temperatures": [1.0], "samples_each": 1})
    assert [slot.instruction for slot in old.list_slots("arc")] == [5, 6]
    assert old.count_slots("numeric") == 2


def test_a_plan_comes_back_as_it_was_kept():
    plan = RunPlan(
        problem_ids=[1, 2],
        instruction_ids=[3],
        views={"arc": [3]},
        temperatures=[0.0, 1.2],
        spread=True,
        samples_each=8,
        settings={"rounds": 2},
        diversity=Diversity(examples=2, colours=True),
        example_pool=[9],
        recalls=False,
        prompt_tokens=900,
    )
    assert RunPlan.from_json(json.loads(json.dumps(plan.to_json()))) == plan
    assert "agent" not in plan.to_json()


def test_a_run_that_keeps_no_plan_has_the_defaults():
    plan = RunPlan.from_json({})
    assert plan.problem_ids is None
    assert (plan.recalls, plan.prompt_tokens, plan.agent) == (True, None, None)
