import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.prompts.problems import arc, rows
from trajectories.core.problems.arc import task_of
from trajectories.core.problems.grids import parse_grid
from trajectories.core.prompts import PromptError
from trajectories.core.prompts.objects import describe_changes, describe_lines, describe_sections, find_parts
from trajectories.core.prompts.shipped import EXPERT_VIEWS, VIEW_WORDS
from trajectories.core.prompts.views import (
    PICTURES,
    SEGMENTATIONS,
    WORDS,
    read_view,
    render_encoding,
    render_task,
    render_view,
)

TWO_DIAGONAL = parse_grid([[1, 0, 0], [0, 1, 0], [0, 2, 0]])


@pytest.mark.parametrize(
    ("word", "objects"),
    [("colours", ["1 |", "2"]), ("sides", ["1", "1", "2"]), ("corners", ["1 . |", "2"]), ("multicolour", ["1 . |"])],
)
def test_each_segmentation_finds_its_objects(word, objects):
    text = SEGMENTATIONS[word][2](TWO_DIAGONAL)
    assert text.count("- object") == len(objects)


def test_an_object_is_given_with_place_and_shape():
    text = SEGMENTATIONS["multicolour"][2](TWO_DIAGONAL)
    assert text.splitlines() == [
        "- 3 by 3 cells, ground 0",
        "- object 1: colours 1, 2, 3 cells, rows 0-2, columns 0-1: 1 . | . 1 | . 2",
    ]


def test_rows_and_columns_are_runs():
    grid = parse_grid([[1, 1, 2], [3, 3, 3]])
    assert describe_lines(grid, "row").splitlines()[1:] == ["- row 0: 1 x2, 2 x1", "- row 1: 3 x3"]
    assert describe_lines(grid, "column").splitlines()[3] == "- column 2: 2 x1, 3 x1"


def test_sections_lie_between_full_lines():
    grid = parse_grid([[1, 5, 2], [5, 5, 5], [3, 5, 4]])
    assert [line.rsplit(": ", 1)[1] for line in describe_sections(grid).splitlines()[1:]] == ["1", "2", "3", "4"]


def test_a_grid_without_dividing_lines_is_one_section():
    assert describe_sections(parse_grid([[0, 1], [2, 0]])).endswith(": 0 1 | 2 0")


def test_changed_cells_are_grouped_by_colours():
    before, after = parse_grid([[0, 0, 1]]), parse_grid([[2, 2, 1]])
    assert describe_changes(before, after) == "- 0 becomes 2: (0,0) (0,1)"
    assert describe_changes(before, before) == "- no cell changes"
    assert describe_changes(before, parse_grid([[1]])) == "- the size changes: 1 by 3 becomes 1 by 1"


@given(rows, st.booleans(), st.booleans())
def test_objects_part_the_cells_off_the_ground(grid, corners, many):
    parts = find_parts(parse_grid(grid), corners=corners, many=many)
    cells = [cell for part in parts for cell in part]
    assert len(cells) == len(set(cells))
    assert many or all(len({grid[row][column] for row, column in part}) == 1 for part in parts)


def test_there_are_at_least_twenty_expert_views_and_all_differ():
    task = task_of(arc({**arc().spec, "train": [{"input": [[0, 5, 1], [0, 5, 1]], "output": [[0, 5, 2], [0, 5, 2]]}]}))
    rendered = {view: render_task(read_view(view), task) for view in EXPERT_VIEWS}
    assert len(set(rendered.values())) == len(EXPERT_VIEWS) >= 20
    said = {word for view in EXPERT_VIEWS for word in view.split("-")}
    assert said | {PICTURES} == set(WORDS) == set(VIEW_WORDS), "experts are shown texts, whatever the model sees"


@pytest.mark.parametrize("view", EXPERT_VIEWS)
def test_every_view_shows_every_training_pair_and_test_input(view):
    text = render_task(read_view(view), task_of(arc()))
    for label in ("Example 1 input", "Example 1 output", "Example 2 output", "Test 1 input"):
        assert re.search(rf"^{label}", text, re.MULTILINE)
    assert "Test 1 output" not in text
    cells = text.split("Test 1 input", 1)[1]
    assert all(digit in cells for digit in "789")


def test_encoding_and_view_are_parts_of_the_whole():
    view, task = read_view("digits-sizes-sides-pixels"), task_of(arc())
    assert "Example 1 input (2 by 2):\n1 2\n3 4" in render_encoding(view, task)
    assert "object 1" not in render_encoding(view, task)
    assert "1 2\n3 4" not in render_view(view, task)
    assert render_view(read_view("digits"), task) == render_encoding(read_view("rows"), task) == ""


@pytest.mark.parametrize("view", ["grid", "object", "pixel", ""])
def test_the_views_of_the_symbolic_sampler_can_be_shown(view):
    assert "1 2\n3 4" in render_task(read_view(view), task_of(arc()))


@pytest.mark.parametrize(
    ("view", "said"),
    [
        ("digits-shapes", "Found the view word 'shapes', expected one of digits"),
        ("digits-json", "one encoding"),
        ("sides-corners", "one segmentation"),
        ("digits-digits", "each word once"),
        ("pixels", "shows no grids"),
    ],
)
def test_a_view_that_is_none_is_refused(view, said):
    with pytest.raises(PromptError, match=said):
        read_view(view)
