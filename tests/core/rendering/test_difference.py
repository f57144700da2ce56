import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.rendering.difference import difference
from trajectories.core.verifiers.grid_compare import GridMatch

EXPECTED = ((1, 2), (3, 4))

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=3), children, max_size=3),
    max_leaves=15,
)


def test_a_right_grid_has_nothing_to_mark():
    found = difference([[1, 2], [3, 4]], EXPECTED)
    assert found.match is GridMatch.RIGHT
    assert (found.wrong, found.missing, found.extra) == ((), (), ())
    assert found.badge == "right"


def test_wrong_cells_are_named_by_row_and_column():
    found = difference([[1, 9], [9, 4]], EXPECTED)
    assert found.wrong == ((0, 1), (1, 0))
    assert found.badge == "2 of 4 cells wrong"
    assert found.summary == "Difference: 2 of 4 cells wrong"


def test_a_wrong_shape_is_drawn_on_the_union():
    found = difference([[1, 2, 7]], EXPECTED)
    assert (found.height, found.width) == (2, 3)
    assert found.missing == ((1, 0), (1, 1))
    assert found.extra == ((0, 2),)
    assert found.badge == "1x3 instead of 2x2"
    assert found.summary == "Difference: 1x3 instead of 2x2, 2 missing cells, 1 extra cell"


def test_ragged_rows_are_drawn_as_they_are():
    found = difference([[1], [3, 4, 5]], EXPECTED)
    assert found.match is GridMatch.RAGGED
    assert found.missing == ((0, 1),)
    assert found.extra == ((1, 2),)
    assert found.badge == "ragged: rows of 1 to 3 cells"


@pytest.mark.parametrize(
    ("value", "badge"), [(None, "no answer"), ("12/34", "not a grid"), ([], "not a grid"), ([[10]], "not a grid")]
)
def test_what_is_no_grid_is_not_drawn(value, badge):
    found = difference(value, EXPECTED)
    assert found.badge == badge
    assert not found.rows
    assert found.missing == ()


def test_an_all_black_answer_is_an_answer():
    found = difference([[0, 0], [0, 0]], EXPECTED)
    assert found.match is GridMatch.WRONG_CELLS
    assert len(found.wrong) == 4


def test_a_near_miss_is_said():
    assert difference([[2, 1], [4, 3]], EXPECTED).near_miss == "right after mirroring left to right"


@given(json_values)
def test_any_value_can_be_held_against_a_grid(value):
    found = difference(value, EXPECTED)
    marked = [*found.wrong, *found.missing, *found.extra]
    assert len(set(marked)) == len(marked)
    assert all(0 <= y < found.height and 0 <= x < found.width for y, x in marked)
    assert (found.match is GridMatch.RIGHT) == (value == [[1, 2], [3, 4]])
