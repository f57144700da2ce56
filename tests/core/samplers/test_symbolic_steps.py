"""Next steps of programs: what the symbolic sampler proposes to a search, one step at a time."""

from dataclasses import replace

import pytest

from tests.core.samplers.tasks import make_request
from trajectories.core.problems.arc import task_of
from trajectories.core.samplers.symbolic.sampler import CHAIN, SymbolicSampler
from trajectories.core.samplers.symbolic.steps import StepError, arrange_steps, next_steps, toolbox

SPEC = {
    "train": [
        {"input": [[1, 2, 0], [0, 0, 0], [0, 3, 0]], "output": [[0, 0, 0], [0, 2, 0], [0, 3, 1]]},
        {"input": [[4, 0, 0], [0, 5, 0], [0, 0, 0]], "output": [[0, 0, 0], [0, 0, 0], [0, 5, 4]]},
        {"input": [[6, 7, 0], [8, 0, 0], [0, 0, 0]], "output": [[0, 0, 0], [0, 0, 6], [0, 7, 8]]},
    ],
    "test": [{"input": [[1, 0, 0], [0, 2, 0], [0, 0, 0]]}],
}
FLIP_AND_FALL = task_of(make_request(SPEC).problem)
"""Mirrored, then everything falls: no single operation does both."""


def test_a_program_that_needs_two_steps_is_reached_by_two():
    first = next_steps(FLIP_AND_FALL, "grid", ())
    assert not first.ranked[0].fits
    assert first.evaluated > 100
    mirrored = next(chain for chain in first.chains if chain == ("flip_columns()",))
    second = next_steps(FLIP_AND_FALL, "grid", mirrored)
    assert second.ranked[0].fits, "what fits is proposed first"
    assert second.chains[0] == ("flip_columns()", "fall_down()")
    assert second.ranked[0].test_outputs == (((0, 0, 0), (0, 0, 0), (0, 2, 1)),)


def test_next_steps_differ_in_what_they_do_and_lead_nowhere_back():
    chain = ("flip_columns()",)
    found = next_steps(FLIP_AND_FALL, "grid", chain)
    made = [(*each.train_outputs, *each.test_outputs) for each in found.ranked]
    start = tuple(pair.input for pair in (*FLIP_AND_FALL.train, *FLIP_AND_FALL.test))
    assert len(set(made)) >= len(made) - 1, "an exchange of colours may give what another step gives"
    assert start not in made
    assert all(each[: len(chain)] == chain and len(each) > len(chain) for each in found.chains)


def test_only_the_object_view_finds_objects():
    grid, objects = (next_steps(FLIP_AND_FALL, view, ()) for view in ("grid", "object"))
    assert all(candidate.view == "grid" for candidate in grid.ranked)
    assert any(candidate.view == "object" for candidate in objects.ranked)


def test_the_work_bounds_what_is_looked_at():
    little = next_steps(FLIP_AND_FALL, "object", (), work=5_000)
    assert little.evaluated < next_steps(FLIP_AND_FALL, "object", ()).evaluated
    assert little.work < 10_000


def test_the_order_of_draws_is_the_seeds_alone():
    found = next_steps(FLIP_AND_FALL, "grid", ())
    assert arrange_steps(found, (), 0.0, 1) == list(range(len(found.ranked)))
    warm = arrange_steps(found, (), 1.0, 1)
    assert warm == arrange_steps(found, (), 1.0, 1) != arrange_steps(found, (), 1.0, 2)
    assert sorted(warm) == list(range(len(found.ranked)))


@pytest.mark.parametrize(
    ("chain", "message"),
    [
        (("__import__('os')",), "is none of this task's"),
        (("recolour([1])",), "is none of this task's"),
        (("flip_columns()",) * 201, "found|has 201 operations"),
    ],
)
def test_a_chain_that_is_none_of_the_task_is_refused_and_nothing_of_it_runs(chain, message):
    with pytest.raises(StepError, match=message):
        next_steps(FLIP_AND_FALL, "grid", chain)


def test_every_operation_is_found_again_by_its_key():
    tools = toolbox(FLIP_AND_FALL)
    assert all(op.key == key for key, op in tools.ops.items())
    assert len(tools.ops) > 100


def test_the_sampler_goes_on_from_what_it_said_before():
    sampler = SymbolicSampler()

    def ask(steps, ordinal=0, view="grid"):
        request = replace(make_request(SPEC, view=view, ordinal=ordinal), steps=steps)
        ((_, result),) = sampler.sample([request])
        return result

    first = ask(())
    assert first.facts[CHAIN]
    second = ask(("flip_columns()",))
    assert second.facts[CHAIN] == ["flip_columns()", "fall_down()"]
    assert second.program.startswith(("Rows =", "def ", "#"))
    assert ask((), ordinal=10_000).kind == "exhausted"
    assert ask((), view="pixel").kind == "view"
    assert ask(("nonesuch()",)).kind == "steps"
