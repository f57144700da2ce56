"""The pixel view: known tasks, emitted programs, determinism and hostile tasks."""

import ast
from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_monty import Monty

from tests.core.samplers.tasks import training_spec
from trajectories.core.problems.arc import ArcPair, ArcTask
from trajectories.core.problems.grids import Grid, grid_to_lists
from trajectories.core.samplers.symbolic.candidates import Candidate, SearchBudget
from trajectories.core.samplers.symbolic.pixel import search
from trajectories.core.samplers.symbolic.pixel.catalogue import catalogue, repairs
from trajectories.core.samplers.symbolic.pixel.features import roles
from trajectories.core.samplers.symbolic.pixel.helpers import cells, lattice, layouts, objects, rays, repair

CELLS = 2_000_000
HELPER_MODULES = (cells, rays, objects, lattice, repair, layouts)
ENCLOSED = "00d62c1b"
COLOUR_SWAP = "0d3d703e"
HALVES = "0520fde7"
FRACTAL = "007bbfb7"
WALLPAPER = "29ec7d0e"
MIRRORED = "7fe24cdd"
SMALLEST_SHAPE = "a61f2674"
SOLVED = (ENCLOSED, COLOUR_SWAP, HALVES, FRACTAL, WALLPAPER, SMALLEST_SHAPE)


def _grid(array: object) -> Grid:
    return tuple(tuple(int(cell) for cell in row) for row in array)


def _task(name: str) -> tuple[ArcTask, tuple[Grid, ...]]:
    """A training task without its test outputs, and these."""
    spec, truth = training_spec(name)
    train = tuple(ArcPair(_grid(pair["input"]), _grid(pair["output"])) for pair in spec["train"])
    test = tuple(ArcPair(_grid(pair["input"]), None) for pair in spec["test"])
    return ArcTask(train, test), tuple(_grid(output) for output in truth)


@cache
def _candidates(name: str) -> tuple[Candidate, ...]:
    return tuple(search(_task(name)[0], SearchBudget(CELLS)))


@pytest.mark.parametrize("name", SOLVED)
def test_the_cheapest_fitting_program_solves_the_task(name: str) -> None:
    best = _candidates(name)[0]
    assert best.fits
    assert best.test_outputs == _task(name)[1]


@pytest.mark.parametrize("name", SOLVED)
def test_train_matches_say_which_pairs_are_reproduced(name: str) -> None:
    task, _ = _task(name)
    for candidate in _candidates(name):
        found = tuple(output == pair.output for output, pair in zip(candidate.train_outputs, task.train, strict=True))
        assert candidate.train_matches == found


@pytest.mark.parametrize("name", SOLVED)
def test_the_emitted_program_gives_the_same_outputs_and_spares_its_input(name: str) -> None:
    task, _ = _task(name)
    for candidate in _candidates(name):
        namespace: dict[str, object] = {}
        exec(candidate.program.source(), namespace)
        for pair, expected in zip((*task.train, *task.test), _outputs(candidate), strict=True):
            grid = grid_to_lists(pair.input)
            assert _grid(namespace["transform"](grid)) == expected
            assert grid == grid_to_lists(pair.input)


@pytest.fixture(scope="module")
def interpreters() -> Iterator[Monty]:
    with Monty() as pool:
        yield pool


@pytest.mark.parametrize("name", SOLVED)
def test_the_emitted_program_runs_in_the_restricted_interpreter(name: str, interpreters: Monty) -> None:
    task, _ = _task(name)
    for candidate in _candidates(name)[:3]:
        with interpreters.checkout() as session:
            session.feed_run(candidate.program.source())
            for pair, expected in zip((*task.train, *task.test), _outputs(candidate), strict=True):
                output = session.feed_run("transform(grid)", inputs={"grid": grid_to_lists(pair.input)})
                assert _grid(output) == expected


@pytest.mark.parametrize("name", SOLVED)
def test_the_emitted_program_imports_nothing(name: str) -> None:
    for candidate in _candidates(name):
        tree = ast.parse(candidate.program.source())
        assert all(isinstance(statement, ast.FunctionDef) for statement in tree.body)


def test_the_explanation_names_the_rule() -> None:
    steps = _candidates(ENCLOSED)[0].program.explain()
    assert any("no way to the border" in step.body and "yellow" in step.body for step in steps)
    assert steps[-1].body == "Every other cell keeps its colour."


def test_candidates_come_by_rising_cost_and_fitting_ones_first() -> None:
    candidates = _candidates(ENCLOSED)
    fits = [candidate.fits for candidate in candidates]
    assert fits == sorted(fits, reverse=True)
    costs = [candidate.program.cost for candidate in candidates if candidate.fits]
    assert costs == sorted(costs)
    assert len({candidate.program.key for candidate in candidates}) == len(candidates)


def test_near_misses_are_given_where_nothing_fits() -> None:
    near = [candidate for candidate in _candidates(MIRRORED) if not candidate.fits]
    assert near
    assert all(False in candidate.train_matches for candidate in near)


def test_the_same_task_gives_the_same_candidates() -> None:
    task, _ = _task(HALVES)
    again = tuple(search(task, SearchBudget(CELLS)))
    assert [candidate.program.source() for candidate in again] == [
        candidate.program.source() for candidate in _candidates(HALVES)
    ]
    assert [candidate.test_outputs for candidate in again] == [
        candidate.test_outputs for candidate in _candidates(HALVES)
    ]


def test_test_outputs_are_never_read() -> None:
    task, truth = _task(ENCLOSED)
    shown = ArcTask(
        task.train, tuple(ArcPair(pair.input, output) for pair, output in zip(task.test, truth, strict=True))
    )
    assert [candidate.program.source() for candidate in search(shown, SearchBudget(CELLS))] == [
        candidate.program.source() for candidate in _candidates(ENCLOSED)
    ]


def test_a_small_budget_ends_the_search_early() -> None:
    task, _ = _task(WALLPAPER)
    cells = sum(len(pair.input) * len(pair.input[0]) for pair in (*task.train, *task.test))
    budget = SearchBudget(20 * cells)
    list(search(task, budget))
    assert budget.exhausted
    assert budget.left > -20 * cells


def test_nothing_is_tried_where_no_size_rule_fits() -> None:
    pairs = (ArcPair(((1, 2),), ((1,), (2,), (3,))), ArcPair(((1, 2), (0, 0)), ((1, 1, 1, 1, 1),)))
    task = ArcTask(pairs, (ArcPair(((1,),), None),))
    budget = SearchBudget(CELLS)
    assert list(search(task, budget)) == []
    assert budget.left == CELLS


@st.composite
def _grids(draw: st.DrawFn) -> Grid:
    rows, columns = draw(st.integers(1, 5)), draw(st.integers(1, 5))
    cells = st.lists(st.integers(0, 9), min_size=columns, max_size=columns).map(tuple)
    return tuple(draw(st.lists(cells, min_size=rows, max_size=rows)))


@st.composite
def _tasks(draw: st.DrawFn) -> ArcTask:
    """Tasks of small grids; half of them keep the size, so that rules are learned."""
    train = []
    for _ in range(draw(st.integers(1, 3))):
        before = draw(_grids())
        after = tuple(row[::-1] for row in before) if draw(st.booleans()) else draw(_grids())
        train.append(ArcPair(before, after))
    return ArcTask(tuple(train), (ArcPair(draw(_grids()), None),))


@settings(max_examples=12, deadline=None)
@given(_tasks())
def test_any_task_gives_candidates_whose_programs_agree_with_them(task: ArcTask) -> None:
    for candidate in search(task, SearchBudget(200_000)):
        namespace: dict[str, object] = {}
        exec(candidate.program.source(), namespace)
        for pair, expected in zip((*task.train, *task.test), _outputs(candidate), strict=True):
            assert _grid(namespace["transform"](grid_to_lists(pair.input))) == expected
        assert candidate.program.explain()


def _outputs(candidate: Candidate) -> tuple[Grid | None, ...]:
    return (*candidate.train_outputs, *candidate.test_outputs)


def test_variables_of_programs_hide_no_helper_and_no_other_variable() -> None:
    features = [*catalogue("grid", tuple(range(10))), *repairs("grid", 0)]
    names = [part.name for part in (*features, *roles("grid"))]
    helpers = {name for module in HELPER_MODULES for name, value in vars(module).items() if callable(value)}
    assert len(set(names)) == len(names)
    assert not helpers & set(names)
    assert all(name.isidentifier() for name in names)


def test_a_part_larger_than_a_byte_holds_is_asked_about_as_the_program_sees_it():
    task, _ = _task("db93a21d")
    for candidate in search(task, SearchBudget(3_000_000)):
        namespace: dict[str, object] = {}
        exec(candidate.program.source(), namespace)
        for pair, expected in zip(task.train, candidate.train_outputs, strict=True):
            assert namespace["transform"](grid_to_lists(pair.input)) == (expected and grid_to_lists(expected))
