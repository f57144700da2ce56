import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.problems.grids import parse_grid
from trajectories.core.verifiers.near_miss import explain_near_miss

L_SHAPE = [[3, 0, 0, 0], [3, 0, 0, 0], [3, 7, 0, 0], [0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("predicted", "expected", "kind", "text"),
    [
        ([[1, 2], [3, 4]], [[2, 1], [4, 3]], "symmetry", "right after mirroring left to right"),
        ([[1, 2], [3, 4]], [[3, 4], [1, 2]], "symmetry", "right after mirroring top to bottom"),
        ([[1, 2], [3, 4]], [[4, 3], [2, 1]], "symmetry", "right after turning by 180 degrees"),
        ([[1, 2, 3]], [[1], [2], [3]], "symmetry", "right after turning by 90 degrees clockwise"),
        ([[1, 2], [3, 4]], [[3, 1], [4, 2]], "symmetry", "right after turning by 90 degrees clockwise"),
        ([[1, 2], [3, 4]], [[2, 4], [1, 3]], "symmetry", "right after turning by 90 degrees anticlockwise"),
        ([[1, 2], [3, 4]], [[1, 3], [2, 4]], "symmetry", "right after mirroring along the main diagonal"),
        ([[1, 2], [3, 4]], [[4, 2], [3, 1]], "symmetry", "right after mirroring along the other diagonal"),
        ([[3, 3, 7], [7, 0, 3]], [[7, 7, 3], [3, 0, 7]], "colours", "right after swapping 3 and 7"),
        ([[1, 1, 2], [0, 0, 2]], [[5, 5, 2], [0, 0, 2]], "colours", "right after changing 1 to 5"),
        (
            L_SHAPE,
            [[0, 0, 0, 0], [0, 0, 3, 0], [0, 0, 3, 0], [0, 0, 3, 7]],
            "offset",
            "right after moving 1 down and 2 right",
        ),
        (
            [[1, 2, 3], [4, 5, 6], [0, 0, 0]],
            [[1, 2, 3], [4, 5, 6]],
            "shape",
            "right after cropping 1 row at the bottom",
        ),
        ([[1, 2, 3]], [[1, 2, 3, 4]], "shape", "right but for what is missing: 1 column at the right"),
        ([[1, 2, 3, 4]], [[1, 2], [3, 4]], "shape", "right after laying the cells out in rows of 2"),
        (
            [[1, 2, 3, 4, 5]] * 2 + [[1, 2, 3, 4, 4]],
            [[1, 2, 3, 4, 5]] * 3,
            "cells",
            "right but for 1 of 15 cells",
        ),
    ],
)
def test_the_change_that_makes_it_right(
    predicted: list[list[int]], expected: list[list[int]], kind: str, text: str
) -> None:
    found = explain_near_miss(parse_grid(predicted), parse_grid(expected))
    assert found is not None
    assert (found.kind, found.text) == (kind, text)


def test_a_right_grid_is_no_near_miss() -> None:
    assert explain_near_miss(parse_grid(L_SHAPE), parse_grid(L_SHAPE)) is None


def test_an_unrelated_grid_is_no_near_miss() -> None:
    assert explain_near_miss(parse_grid([[1, 2], [2, 1]]), parse_grid([[1, 2, 3], [4, 5, 6], [7, 8, 9]])) is None
    assert explain_near_miss(parse_grid([[1, 1], [2, 3]]), parse_grid([[4, 5], [5, 6]])) is None


def test_merging_two_colours_is_no_permutation() -> None:
    found = explain_near_miss(parse_grid([[1, 2, 3, 1, 2]]), parse_grid([[4, 4, 3, 4, 4]]))
    assert found is None


cells = st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=3, max_size=3)


@given(cells, st.permutations(range(10)))
def test_every_colour_permutation_is_found(grid: list[list[int]], order: list[int]) -> None:
    predicted, expected = parse_grid(grid), parse_grid([[order[cell] for cell in row] for row in grid])
    found = explain_near_miss(predicted, expected)
    assert (found is None) == (predicted == expected)
    assert found is None or found.kind in ("colours", "symmetry")
