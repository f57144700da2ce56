import json

from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.problems.grids import parse_grid
from trajectories.core.verifiers.grid_compare import GridMatch, compare_grid, preview_value

EXPECTED = parse_grid([[1, 2, 3], [4, 5, 6]])

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=20,
)
grids = st.tuples(st.integers(1, 5), st.integers(1, 5)).flatmap(
    lambda shape: st.lists(
        st.lists(st.integers(0, 9), min_size=shape[1], max_size=shape[1]), min_size=shape[0], max_size=shape[0]
    )
)


def test_right_grid() -> None:
    found = compare_grid([[1, 2, 3], [4, 5, 6]], EXPECTED)
    assert (found.match, found.cells_wrong, found.near_miss) == (GridMatch.RIGHT, 0, None)


def test_wrong_cells_are_counted() -> None:
    found = compare_grid([[9, 2, 9], [4, 5, 0]], EXPECTED)
    assert (found.match, found.cells_wrong, found.message) == (GridMatch.WRONG_CELLS, 3, "3 of 6 cells wrong")


def test_wrong_shape_names_both_shapes() -> None:
    found = compare_grid([[1, 2, 3]], EXPECTED)
    assert found.match is GridMatch.WRONG_SHAPE
    assert found.message == "the grid is 1 by 3, expected 2 by 3"
    assert found.cells_wrong is None


def test_ragged_rows_are_their_own_case_and_are_kept_for_showing() -> None:
    found = compare_grid([[1, 2, 3], [4, 5]], EXPECTED)
    assert found.match is GridMatch.RAGGED
    assert found.predicted == [[1, 2, 3], [4, 5]]
    assert "found 2 cells, expected 3" in found.message


def test_what_is_not_a_grid_says_why() -> None:
    for value, words in (
        ("[[1]]", "the text"),
        (None, "None"),
        ([[1, 2, 3], [4, 5, True]], "True"),
        ([[1.0, 2, 3], [4, 5, 6]], "1.0"),
        ([[1, 2, 10], [4, 5, 6]], "10"),
        ([[1, 2, -1], [4, 5, 6]], "-1"),
        ([[1, 2, "3"], [4, 5, 6]], "'3'"),
        ([], "0 rows"),
        ([[0] * 31] * 31, "31 rows"),
        ({"grid": [[1]]}, "dict"),
    ):
        found = compare_grid(value, EXPECTED)
        assert found.match is GridMatch.NOT_A_GRID, value
        assert words in found.message
        assert found.predicted is None


@given(json_values, grids)
def test_comparing_is_total_and_agrees_with_plain_equality(value: object, expected: list[list[int]]) -> None:
    # As JSON: for Python's own equality `true` is 1.
    same = json.dumps(value) == json.dumps(expected)
    assert (compare_grid(value, parse_grid(expected)).match is GridMatch.RIGHT) == same


@given(grids, grids)
def test_two_grids_are_right_exactly_when_equal(predicted: list[list[int]], expected: list[list[int]]) -> None:
    found = compare_grid(predicted, parse_grid(expected))
    assert (found.match is GridMatch.RIGHT) == (predicted == expected)
    if len(predicted) == len(expected) and len(predicted[0]) == len(expected[0]):
        differing = sum(a != b for r, s in zip(predicted, expected, strict=True) for a, b in zip(r, s, strict=True))
        assert found.cells_wrong == differing
    else:
        assert found.match is GridMatch.WRONG_SHAPE


@given(json_values)
def test_a_preview_is_short_and_storable(value: object) -> None:
    preview = preview_value(value)
    assert len(preview) <= 310
    preview.encode("utf-8")


def test_a_preview_of_a_huge_integer_is_short() -> None:
    assert preview_value(10**5000) == "an integer of more than 60 digits"
