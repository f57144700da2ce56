from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.prompts.problems import FLIP, arc, question, rows
from trajectories.core.problems.grids import grid_to_lists, parse_grid
from trajectories.core.prompts import Variation, draw_variation, variation_from_json
from trajectories.core.prompts.variation import SYMMETRIES, restore_rows, vary_grid, vary_problem
from trajectories.core.records import ProblemKind

variations = st.builds(
    Variation, symmetry=st.integers(0, 7), colours=st.permutations(range(10)).map(tuple), order=st.just(())
)


@given(variations, rows)
def test_a_grid_comes_back_as_it_was(variation, grid):
    shown = vary_grid(variation, parse_grid(grid))
    assert restore_rows(variation, grid_to_lists(shown)) == grid


@given(variations, rows)
def test_a_grid_keeps_its_cells_but_for_their_colours(variation, grid):
    shown = vary_grid(variation, parse_grid(grid))
    before = Counter(variation.colours[cell] for row in grid for cell in row)
    assert Counter(cell for row in shown for cell in row) == before


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("identity", [[1, 2], [3, 4]]),
        ("flip-columns", [[2, 1], [4, 3]]),
        ("flip-rows", [[3, 4], [1, 2]]),
        ("rotate-180", [[4, 3], [2, 1]]),
        ("transpose", [[1, 3], [2, 4]]),
        ("rotate-90", [[3, 1], [4, 2]]),
        ("rotate-270", [[2, 4], [1, 3]]),
        ("anti-transpose", [[4, 2], [3, 1]]),
    ],
)
def test_a_symmetry_does_what_its_name_says(name, shown):
    grid = parse_grid([[1, 2], [3, 4]])
    assert grid_to_lists(vary_grid(Variation(symmetry=SYMMETRIES.index(name)), grid)) == shown


def test_what_is_no_rectangle_gets_its_colours_back_and_nothing_else():
    variation = Variation(symmetry=4, colours=(1, 0, *range(2, 10)))
    assert restore_rows(variation, [[0, 12], [1]]) == [[1, 12], [0]]


@given(variations, st.integers(0, 2**62))
def test_a_variation_survives_being_stored(variation, seed):
    for each in (variation, draw_variation(seed, 4)):
        assert variation_from_json(each.to_json()) == each


def test_the_same_seed_draws_the_same_and_others_draw_all():
    assert draw_variation(7, 3) == draw_variation(7, 3)
    drawn = [draw_variation(seed, 3) for seed in range(200)]
    assert {each.symmetry for each in drawn} == set(range(8))
    assert {each.order for each in drawn} == {(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)}
    assert {each.colours[0] for each in drawn} == {0}
    assert len({each.colours for each in drawn}) > 190


def test_one_part_switched_off_leaves_the_others_as_they_are():
    whole, part = draw_variation(7, 3), draw_variation(7, 3, colours=False)
    assert (part.symmetry, part.order) == (whole.symmetry, whole.order)
    assert part.colours == tuple(range(10))


def test_a_problem_is_varied_as_a_whole():
    problem = vary_problem(Variation(symmetry=1, order=(1, 0)), arc())
    assert problem.spec["train"][0] == {"input": [[0, 5]], "output": [[5, 0]]}
    assert problem.spec["test"] == [{"input": [[9, 8, 7]]}]
    assert arc().spec == FLIP


def test_an_order_for_another_number_of_pairs_is_passed_over():
    assert vary_problem(Variation(order=(2, 1, 0)), arc()).spec["train"] == FLIP["train"]


def test_questions_have_no_variations():
    problem = question(ProblemKind.NUMERIC)
    assert vary_problem(Variation(symmetry=3), problem) is problem


@pytest.mark.parametrize(
    "fields", [{"symmetry": 8}, {"symmetry": -1}, {"colours": (0,) * 10}, {"colours": (1, 2)}, {"order": (1, 2)}]
)
def test_what_is_no_variation_is_refused(fields):
    with pytest.raises(ValueError, match="expected"):
        Variation(**fields)
