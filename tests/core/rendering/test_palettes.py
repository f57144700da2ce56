from pathlib import Path

import pytest

from trajectories.core.problems.grids import COLOURS
from trajectories.core.rendering.palettes import PALETTES, palettes_css

STYLE_SHEET = Path(__file__).parents[3] / "static/trajectories/css/palettes.css"
READABLE = 3.0
"""Least contrast of a digit on its cell: WCAG 2.2, 1.4.11, for graphical objects."""


def luminance(colour: str) -> float:
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_the_style_sheet_is_made_from_the_palettes():
    assert STYLE_SHEET.read_text() == palettes_css()


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES.keys())
def test_ten_distinct_colours_with_readable_digits(palette):
    assert len({colour.lower() for colour in palette.colours}) == COLOURS
    for index, colour in enumerate(palette.colours):
        low, high = sorted((luminance(colour), luminance(palette.ink(index))))
        assert (high + 0.05) / (low + 0.05) >= READABLE, (palette.name, index)
