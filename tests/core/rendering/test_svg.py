"""Paths are checked by painting them again."""

import re

from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.rendering.palettes import CANONICAL
from trajectories.core.rendering.svg import (
    cell_boxes,
    cell_hatching,
    colour_paths,
    digit_layers,
    line_path,
    standalone_svg,
)

COMMAND = re.compile(r"([Mm])(-?\d+) (-?\d+)(\.5)?h(\d+)")

rows_of_any_length = st.lists(st.lists(st.integers(0, 9), min_size=0, max_size=30), min_size=1, max_size=30)


def paint(paths: list[tuple[int, str]]) -> dict[tuple[int, int], int]:
    """Cells by (row, column); fails where a cell is painted twice or a path holds anything else."""
    cells: dict[tuple[int, int], int] = {}
    for colour, data in paths:
        assert COMMAND.sub("", data) == ""
        x = y = 0
        for kind, first, second, _, run in COMMAND.findall(data):
            x, y = (int(first), int(second)) if kind == "M" else (x + int(first), y + int(second))
            for place in range(x, x + int(run)):
                assert (y, place) not in cells
                cells[y, place] = colour
            x += int(run)
    return cells


@given(rows_of_any_length)
def test_painting_the_paths_gives_the_grid_back(rows):
    wanted = {(y, x): colour for y, row in enumerate(rows) for x, colour in enumerate(row)}
    assert paint(colour_paths(rows)) == wanted


def test_one_path_per_colour_and_one_stroke_per_run():
    assert colour_paths([[1, 1, 2], [2, 1, 1]]) == [(1, "M0 0.5h2m-1 1h2"), (2, "M2 0.5h1m-3 1h1")]


def test_a_black_grid_is_drawn_like_any_other():
    assert colour_paths([[0, 0], [0, 0]]) == [(0, "M0 0.5h2m-2 1h2")]


@given(rows_of_any_length)
def test_every_cell_has_its_digit(rows):
    found = {}
    for layer in digit_layers(rows):
        xs, ys = layer.xs.split(), layer.ys.split()
        assert layer.text == str(layer.colour) * len(xs)
        found |= {(y, x): layer.colour for x, y in zip(xs, ys, strict=True)}
    assert found == {(f"{y}.5", f"{x}.5"): c for y, row in enumerate(rows) for x, c in enumerate(row)}


def test_lines_surround_every_cell():
    assert line_path(1, 2) == "M0 0h2M0 1h2M0 0v1M1 0v1M2 0v1"


def test_marks_are_drawn_at_row_and_column():
    assert cell_boxes([(2, 5)], 0.1) == "M5.1 2.1h0.8v0.8h-0.8z"
    assert cell_hatching([(2, 5)]) == "M5 2.5l.5-.5M5 3l1-1M5.5 3l.5-.5"


def test_a_file_has_its_colours_written_into_it():
    text = standalone_svg([[1, 2]], CANONICAL)
    assert text.startswith(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-0.05 -0.05 2.1 1.1" width="40" height="20"'
    )
    assert 'stroke="#0074D9"' in text
    assert 'stroke="#FF4136"' in text
    assert "class=" not in text
