"""Programs that the search finds: their emitted source does what the search says, on any input."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.samplers.tasks import FLIP, UNSOLVABLE, make_request, training_spec
from trajectories.core.problems.arc import ArcTask, task_of
from trajectories.core.problems.grids import Grid, grid_to_lists
from trajectories.core.samplers.symbolic.candidates import Candidate, SearchBudget
from trajectories.core.samplers.symbolic.explore import explore
from trajectories.core.samplers.symbolic.program import GridProgram, stack_layers

NAMES = ["0d3d703e", "6e82a1ae", "06df4c85", "a48eeaf7", "b1948b0a", "eb281b96"]


def find(spec: dict[str, Any], cells: int = 1_500_000) -> tuple[ArcTask, list[Candidate]]:
    task = task_of(make_request(spec).problem)
    return task, explore(task, SearchBudget(cells)).candidates


def run_source(source: str, grid: Grid) -> Any:
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    given_rows = grid_to_lists(grid)
    try:
        result = namespace["transform"](given_rows)
    except Exception:  # a program that raises has no output, whatever it raises
        result = None
    assert given_rows == grid_to_lists(grid), "the program changed its input"
    return result


@pytest.mark.parametrize("name", NAMES)
def test_emitted_programs_give_what_the_search_says(name: str) -> None:
    task, candidates = find(training_spec(name)[0], 400_000)
    assert candidates
    for candidate in candidates:
        source = candidate.program.source()
        outputs = (*candidate.train_outputs, *candidate.test_outputs)
        for pair, expected in zip((*task.train, *task.test), outputs, strict=True):
            assert run_source(source, pair.input) == (None if expected is None else grid_to_lists(expected))


def test_emitted_programs_import_nothing() -> None:
    _, candidates = find(FLIP, 200_000)
    assert candidates
    assert not any("import " in candidate.program.source() for candidate in candidates)


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_emitted_programs_agree_on_inputs_the_search_never_saw(data: st.DataObject) -> None:
    _, candidates = find(FLIP, 200_000)
    candidate = data.draw(st.sampled_from(candidates))
    height, width = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6))
    grid = data.draw(st.tuples(*[st.tuples(*[st.integers(0, 9)] * width)] * height))
    assert isinstance(candidate.program, GridProgram)
    expected = candidate.program.run(grid)
    found = run_source(candidate.program.source(), grid)
    # A program may give an oversized or empty grid where the search, which only knows ARC grids, has no output.
    if expected is not None:
        assert found == grid_to_lists(expected)


def test_the_same_task_and_budget_give_the_same_candidates() -> None:
    spec = training_spec("6e82a1ae")[0]
    first, second = find(spec, 500_000)[1], find(spec, 500_000)[1]
    assert [c.program.key for c in first] == [c.program.key for c in second]
    assert first == second or [c.test_outputs for c in first] == [c.test_outputs for c in second]


def test_fits_come_first_and_the_simplest_leads() -> None:
    _, candidates = find(FLIP)
    assert candidates[0].fits
    assert candidates[0].program.key == "flip_rows()"
    fits = [candidate.fits for candidate in candidates]
    assert fits == sorted(fits, reverse=True)


def test_where_nothing_fits_the_nearest_programs_are_given() -> None:
    _, candidates = find(UNSOLVABLE, 300_000)
    assert candidates
    assert not any(candidate.fits for candidate in candidates)


def test_a_smaller_budget_does_less() -> None:
    task = task_of(make_request(UNSOLVABLE).problem)
    little, much = SearchBudget(20_000), SearchBudget(400_000)
    assert explore(task, little).evaluated < explore(task, much).evaluated
    assert little.exhausted


def test_stacked_layers_show_the_upper_one_first_and_paint_by_their_tables() -> None:
    top, bottom = [[1, 0, 0]], [[2, 2, 0]]
    assert stack_layers([top, bottom], [None, None]) == [[1, 2, 0]]
    assert stack_layers([top, bottom], [{1: 5}, {0: 7}]) == [[5, 0, 7]]
    assert stack_layers([top, [[1]]], [None, None]) is None
