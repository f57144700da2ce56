"""Operations of the DSL on any grid: they never raise, never change their input, and give valid values or None."""

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic_monty import Monty

from trajectories.core.problems.grids import MAX_SIDE, parse_grid
from trajectories.core.samplers.symbolic import values
from trajectories.core.samplers.symbolic.catalogue import build_catalogue
from trajectories.core.samplers.symbolic.emit import ALIASES, write_library
from trajectories.core.samplers.symbolic.frames import BACKGROUND, RANKED, SHAPES_RANKED
from trajectories.core.samplers.symbolic.object import phrases
from trajectories.core.samplers.symbolic.operation import Op, write_value
from trajectories.core.samplers.symbolic.values import Rows

# Colours are skewed to 0 so that shapes, holes and blank lines occur.
COLOURS = st.sampled_from([0, 0, 0, 0, 1, 1, 2, 3, 9])


@st.composite
def grids(draw: st.DrawFn, most: int = 9) -> Rows:
    height, width = draw(st.integers(1, most)), draw(st.integers(1, most))
    return draw(st.lists(st.lists(COLOURS, min_size=width, max_size=width), min_size=height, max_size=height))


SAMPLE_INPUTS: list[Rows] = [[[1, 2, 3, 9], [0, 1, 0, 1]], [[3, 2, 1, 9], [0, 0, 0, 0]]]
SAMPLE_OUTPUTS: list[Rows] = [[[2, 2], [0, 5]], [[2, 2], [0, 0]]]
PICTURE: Rows = [[0, 1, 1, 0], [0, 1, 1, 2], [0, 0, 0, 0], [3, 0, 9, 0]]
OPS = build_catalogue(SAMPLE_INPUTS, SAMPLE_OUTPUTS)
FROM_GRID = [op for op in OPS if op.takes == "grid"]
FROM_PIECES = [op for op in OPS if op.takes == "pieces"]
SLOW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check(op: Op, value: Any, original: Rows) -> Any:
    """Apply an operation and check what it promises; gives the result."""
    before = copy.deepcopy((value, original))
    result = op.apply(value, original)
    assert (value, original) == before, f"{op.key} changed its input"
    if result is None:
        return None
    if op.gives == "grid":
        assert parse_grid(result)
        assert all(type(row) is list for row in result)
    else:
        for top, left, rows in result:
            assert type(top) is type(left) is int
            assert parse_grid(rows)
    return result


@pytest.mark.parametrize("op", FROM_GRID, ids=lambda op: op.key)
@SLOW
@given(grid=grids(), original=grids())
def test_an_operation_on_a_grid_gives_a_valid_value_or_none(op: Op, grid: Rows, original: Rows) -> None:
    check(op, grid, original)
    check(op, grid, grid)


@pytest.mark.parametrize("op", FROM_PIECES, ids=lambda op: op.key)
@SLOW
@given(data=st.data(), grid=grids())
def test_an_operation_on_pieces_gives_a_valid_value_or_none(op: Op, data: st.DataObject, grid: Rows) -> None:
    cut = data.draw(st.sampled_from([one for one in FROM_GRID if one.gives == "pieces"]))
    pieces = cut.apply(grid, grid)
    if pieces is not None:
        check(op, pieces, grid)


@pytest.mark.parametrize("op", FROM_GRID, ids=lambda op: op.key)
@pytest.mark.parametrize("grid", [[[0]], [[7]], [[0] * MAX_SIDE] * MAX_SIDE, [[4] * MAX_SIDE] * 2], ids=str)
def test_the_smallest_the_largest_and_plain_grids_are_no_special_case(op: Op, grid: Rows) -> None:
    check(op, [row[:] for row in grid], [row[:] for row in grid])


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.key)
def test_the_emitted_source_of_an_operation_stands_alone(op: Op) -> None:
    namespace: dict[str, Any] = {}
    exec(write_library([op.function, *[value for value in op.args if callable(value)]]), namespace)
    grid = [[0, 1, 1, 0], [0, 1, 1, 2], [0, 0, 0, 0], [3, 0, 9, 0]]
    cut = next(one for one in FROM_GRID if one.gives == "pieces" and one.apply(grid, grid))
    value = grid if op.takes == "grid" else cut.apply(grid, grid)
    details = [namespace[arg.__name__] if callable(arg) else arg for arg in op.args]
    found = namespace[op.function.__name__](value, *([grid] if op.original else []), *details)
    expected = op.apply(value, grid)
    assert found == expected or (expected is None and (not found or len(found) > MAX_SIDE or len(found[0]) > MAX_SIDE))


def call_of(op: Op) -> tuple[str, Any, str]:
    """(source of the function, a value it takes, the expression that applies it to `value` and `grid`)."""
    details = [write_value(arg) for arg in op.args]
    call = f"{op.function.__name__}({', '.join(['value', *(['grid'] if op.original else []), *details])})"
    cut = next(one for one in FROM_GRID if one.gives == "pieces" and one.apply(PICTURE, PICTURE))
    value = PICTURE if op.takes == "grid" else cut.apply(PICTURE, PICTURE)
    return write_library([op.function, *[arg for arg in op.args if callable(arg)]]), value, call


def as_lists(value: Any) -> Any:
    """A value with tuples as lists: an interpreter may give back either."""
    return [as_lists(part) for part in value] if isinstance(value, list | tuple) else value


def test_the_portable_interpreter_runs_every_operation_alike() -> None:
    with Monty() as pool, pool.checkout() as session:
        for op in OPS:
            source, value, call = call_of(op)
            session.feed_run(source, skip_type_check=True)
            found = session.feed_run(call, inputs={"value": value, "grid": PICTURE}, skip_type_check=True)
            expected = op.apply(value, PICTURE)
            if expected is not None:
                assert as_lists(found) == as_lists(expected), op.key


def test_operations_have_distinct_keys_and_short_titles() -> None:
    keys = [op.key for op in OPS]
    assert len(set(keys)) == len(keys)
    assert all(0 < len(op.title) <= 80 and not op.title.endswith(".") for op in OPS)


def test_the_aliases_of_emitted_programs_are_those_of_the_operations() -> None:
    assert all(hasattr(values, name) for name in ALIASES)


def test_every_change_to_objects_is_phrased() -> None:
    assert all(words for _, _, words in phrases.CHANGES)


@pytest.mark.parametrize("frame", [BACKGROUND, RANKED, SHAPES_RANKED], ids=lambda frame: frame.enter.__name__)
@given(grid=grids())
def test_leaving_a_frame_undoes_entering_it(frame: Any, grid: Rows) -> None:
    assert frame.leave(frame.enter(grid, grid), grid) == grid
