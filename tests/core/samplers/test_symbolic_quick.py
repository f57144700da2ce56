"""The quick forms of operations and helpers: each gives what the one that programs show gives."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trajectories.core.samplers.symbolic.catalogue import SLANTS, WAYS
from trajectories.core.samplers.symbolic.grid import (
    blocks,
    cropping,
    lines,
    periodic,
    sections,
    shapes,
    symmetry,
    tiling,
)
from trajectories.core.samplers.symbolic.grid.colour import keep_colour, remove_colour
from trajectories.core.samplers.symbolic.memory import flatten
from trajectories.core.samplers.symbolic.object import draw, segment
from trajectories.core.samplers.symbolic.object.properties import cell_count, main_colour
from trajectories.core.samplers.symbolic.operation import MAX_SIDE
from trajectories.core.samplers.symbolic.pixel import expressions
from trajectories.core.samplers.symbolic.pixel import quick as quick_maps
from trajectories.core.samplers.symbolic.pixel.expressions import call
from trajectories.core.samplers.symbolic.pixel.helpers import cells, objects, rays
from trajectories.core.samplers.symbolic.quick import (
    QUICK,
    QUICK_DRAW,
    QUICK_ON_PIECES,
    QUICK_PIECES,
    QUICK_WITH_ORIGINAL,
)
from trajectories.core.samplers.symbolic.quick.pieces import MAX_PIECES, find_objects

Rows = list[list[int]]

YES_NO, NUMBERS = ((False,), (True,)), ((1, 1), (1, 2), (2, 1), (2, 2), (3, 3))
COLOURS, BLOCKS = ((0,), (1,), (2,)), ((2, 2), (3, 3), (1, 3), (3, 1), (2, 5))
DIRECTIONS: tuple[tuple[tuple[int, int], ...], ...] = (
    *((way,) for way in (WAYS | SLANTS).values()),
    (WAYS["left"], WAYS["right"]),
    (WAYS["up"], WAYS["down"]),
    tuple(WAYS.values()),
    tuple(SLANTS.values()),
)
DETAILS: dict[Callable[..., Any], tuple[tuple[Any, ...], ...]] = {
    blocks.mark_empty_blocks: BLOCKS,
    blocks.mark_separate_blocks: BLOCKS,
    keep_colour: ((1,), (2,)),
    remove_colour: ((1,), (2,)),
    cropping.crop_at_colour_of: COLOURS,
    cropping.crop_colour: COLOURS,
    lines.shoot: tuple((ways,) for ways in DIRECTIONS),
    lines.shoot_colour: tuple((1, ways) for ways in DIRECTIONS),
    periodic.continue_pattern: ((3, 5), (7, 4)),
    periodic.repair_columns: COLOURS,
    periodic.repair_pattern: COLOURS,
    periodic.repair_rows: COLOURS,
    sections.cut_equal: NUMBERS,
    segment.find_boxes: YES_NO,
    segment.find_objects: ((False, False), (False, True), (True, False), (True, True)),
    shapes.grow: YES_NO,
    shapes.keep_border: YES_NO,
    shapes.keep_core: YES_NO,
    shapes.mark_around: YES_NO,
    shapes.mark_holes: ((), *YES_NO),
    symmetry.repair_symmetry: COLOURS,
    tiling.scale_down: NUMBERS,
    tiling.scale_up: NUMBERS,
    tiling.tile: NUMBERS,
}
"""The details that operations are tried with; those that are not here have none."""


def grids(colours: int, side: int = 9) -> st.SearchStrategy[Rows]:
    """Grids of few colours, so that shapes, holes and repetitions come about."""
    sizes = st.tuples(st.integers(1, side), st.integers(1, side))
    cell = st.integers(0, colours - 1)
    return sizes.flatmap(lambda size: st.lists(
        st.lists(cell, min_size=size[1], max_size=size[1]), min_size=size[0], max_size=size[0]
    ))  # fmt: skip


def repeated(block: Rows) -> Rows:
    """A picture that repeats, with a flaw where it is large enough."""
    rows = [(row * 4)[:11] for row in (block * 4)[:10]]
    rows[len(rows) // 2][-1] = 2
    return rows


PICTURES = st.one_of(grids(2), grids(3), grids(4), grids(2, 4).map(repeated))


@pytest.mark.parametrize("function", [*QUICK, *QUICK_PIECES], ids=lambda function: function.__name__)
@given(grid=PICTURES)
@settings(max_examples=60, deadline=None)
def test_a_quick_operation_gives_what_the_operation_gives(function: Callable[..., Any], grid: Rows) -> None:
    twin = QUICK.get(function) or QUICK_PIECES[function]
    for details in DETAILS.get(function, ((),)):
        expected, found = function(grid, *details), twin(len(grid[0]), flatten(grid), *details)
        if function in QUICK:
            assert found == (None if not expected else (len(expected[0]), flatten(expected))), details
        else:
            flat = [(top, left, (len(rows[0]), flatten(rows))) for top, left, rows in expected or () if rows]
            assert [piece for piece in found or [] if piece[2][1]] == flat, details


def flat_pieces(pieces: Any) -> list[tuple[int, int, tuple[int, bytes]]]:
    return [(top, left, (len(rows[0]), flatten(rows))) for top, left, rows in pieces]


@given(grid=PICTURES, other=PICTURES)
@settings(max_examples=150, deadline=None)
def test_a_quick_operation_that_sees_the_original_gives_what_the_operation_gives(grid: Rows, other: Rows) -> None:
    cells = (len(grid[0]), flatten(grid))
    like = [(row * 9)[: len(grid[0])] for row in (other * 9)[: len(grid)]]  # often the two are of one size
    for original in (other, like):
        base = (len(original[0]), flatten(original))
        for function, twin in QUICK_WITH_ORIGINAL.items():
            for details in DETAILS.get(function, ((),)):
                expected = function(grid, original, *details)
                found = twin(*cells, base, *details)
                assert found == (None if not expected else (len(expected[0]), flatten(expected))), (function, details)
        for pieces in filter(None, (segment.find_objects(grid, True, True), segment.find_boxes(grid, False))):
            moved = [(top - 1, left + 2, rows) for top, left, rows in pieces]  # some stick out
            for placed in (pieces, moved):
                for draws, quick in QUICK_DRAW.items():
                    expected = draws(placed, original)
                    assert quick(flat_pieces(placed), base) == (len(expected[0]), flatten(expected)), draws


@given(grid=PICTURES)
@settings(max_examples=60, deadline=None)
def test_a_quick_operation_on_pieces_gives_what_the_operation_gives(grid: Rows) -> None:
    assert list(QUICK_ON_PIECES) == [draw.colour_by]
    pieces = segment.find_objects(grid, False, True)
    for measure in (cell_count, main_colour) if pieces else ():
        expected = draw.colour_by(pieces, measure, {1: 5, 2: 0}, 7)
        found = QUICK_ON_PIECES[draw.colour_by](pieces, flat_pieces(pieces), measure, {1: 5, 2: 0}, 7)
        assert found == flat_pieces(expected)


def test_too_many_objects_are_none() -> None:
    for count, known in ((MAX_PIECES, True), (MAX_PIECES + 1, False)):
        cells_left = [1 if place % 2 == 0 and place < 2 * count else 0 for place in range(MAX_SIDE * MAX_SIDE)]
        grid = [cells_left[start : start + MAX_SIDE] for start in range(0, len(cells_left), MAX_SIDE)]
        grid = [row for spaced in grid for row in (spaced, [0] * MAX_SIDE)]
        found = find_objects(MAX_SIDE, flatten(grid), False, False)
        assert (found is not None) is (segment.find_objects(grid, False, False) is not None) is known


MAPS: dict[Callable[..., Any], tuple[tuple[Any, ...], ...]] = {
    cells.count_neighbours: ((1, 0), (1, 1)),
    cells.in_square: ((0, 2, 1), (0, 2, 0), (0, 3, 1)),
    cells.same_neighbours: ((0,), (1,)),
    cells.shifted: ((1, 0), (-1, 0), (0, 1), (0, -2), (-1, 1), (2, 0), (0, 20)),
    objects.connected_parts: tuple((0, kind) for kind in range(6)),
    rays.nearest_colour: ((0, 0), (0, 1)),
    rays.nearest_distance: ((0, 0), (0, 1)),
}
"""Helpers of one grid, with the details that they are tried with."""

OF_PARTS: dict[Callable[..., Any], tuple[tuple[Any, ...], ...]] = {
    objects.colours_of: ((0,), (-1,)),
    objects.mirrored_in_box: ((0, 1), (1, 0), (1, 1)),
    objects.place_in_box: tuple((kind,) for kind in range(5)),
    objects.positions: tuple((side,) for side in range(4)),
    objects.symmetric: ((0,), (1,)),
}
"""Helpers of the parts of a grid with their details; those that are not here have none."""


@given(grid=PICTURES)
@settings(max_examples=150, deadline=None)
def test_a_quick_map_is_the_map(grid: Rows) -> None:
    for function, every in MAPS.items():
        for details in every:
            assert quick_maps.PLAIN[function](grid, *details) == function(grid, *details), (function, details)
    for kind in (0, 1, 2, 4):
        parts = objects.connected_parts(grid, 0, kind)
        for function in (objects.colours_of, objects.depths, objects.touching_colours):
            for details in OF_PARTS.get(function, ((),)):
                found = quick_maps.PLAIN[function](grid, parts, *details)
                assert found == function(grid, parts, *details), (function, details)
        numbers = objects.sizes(parts)
        assert quick_maps.how_many_alike(numbers) == objects.how_many_alike(numbers)
        for function, (twin, place) in quick_maps.BOXED.items():
            first = (grid, parts) if place else (parts,)
            more = ((numbers,),) if function is objects.paint_boxes else OF_PARTS.get(function, ((),))
            for details in more:
                found = twin(quick_maps.boxes_of(parts), *first, *details)
                assert found == function(*first, *details), (function, details)


def test_every_quick_map_is_tried() -> None:
    tried = {*MAPS, objects.colours_of, objects.depths, objects.touching_colours, objects.how_many_alike}
    assert tried == set(quick_maps.PLAIN)


@given(grid=PICTURES)
@settings(max_examples=150, deadline=None)
def test_a_flat_map_holds_the_numbers_of_the_map(grid: Rows) -> None:
    parts = call(objects.connected_parts, "grid", "background", 0)
    rows = call(rays.row_count, "grid", "background")
    seen = [call(rays.first_colour, "grid", "background", 0, right) for right in (-1, 1)]
    down = call(rays.first_colour, "grid", "background", 1, 0)
    scope, plain = (expressions.Scope(grid=grid, background=0) for _ in range(2))
    for asked in (
        call(objects.paint, "grid", parts, call(objects.sizes, parts)),
        call(cells.remainder, rows, 2),
        call(rays.extreme, rows, 1),
        call(rays.extreme, rows, 0),
        call(rays.between, *seen),
        call(rays.agreed, call(rays.between, *seen), down),
        call(rays.directions_seen, [*seen, down]),
        call(cells.row_number, "grid", 1),
        call(cells.column_number, "grid", 0),
        call(cells.border_distance, "grid"),
        call(cells.diagonal_number, "grid", 1),
        call(rays.edge_colour, "grid", 3),
    ):
        numbers = [number for row in plain.value(asked) for number in row]
        assert scope.flat(asked) == (len(grid[0]), bytes(number + expressions.OFFSET for number in numbers)), asked.text


def test_numbers_beyond_a_flat_map_are_cut_and_not_taken_further() -> None:
    large = [[expressions.LARGEST + 1, 7]]
    scope = expressions.Scope(grid=large, background=0)
    assert scope.flat("grid") == (2, bytes([expressions.LARGEST + 2, 9]))
    assert scope.flat(call(cells.remainder, "grid", 2)) == (2, bytes([3, 3]))
