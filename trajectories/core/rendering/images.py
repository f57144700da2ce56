"""Grids as small pictures: those of pages, which browsers scale up, and those that models are shown."""

import io
from collections.abc import Iterable

from PIL import Image

from trajectories.core.problems.grids import COLOURS, Grid
from trajectories.core.rendering.palettes import CANONICAL, Palette

LONGEST_SIDE = 512
"""Pixels. Up to this, providers that cut pictures into tiles count one tile."""

LARGEST_CELL = 32
"""Pixels of a cell's side in a picture for a model, at the most, with its line."""


def grid_png(grid: Grid, palette: Palette, cell_pixels: int = 1) -> bytes:
    """A 4-bit palette PNG; browsers scale it up with `image-rendering: pixelated`."""
    height, width = len(grid), len(grid[0])
    image = Image.new("P", (width, height))
    image.putpalette(_palette_bytes(palette.colours))
    image.putdata([cell for row in grid for cell in row])
    if cell_pixels > 1:
        image = image.resize((width * cell_pixels, height * cell_pixels), Image.Resampling.NEAREST)
    stream = io.BytesIO()
    image.save(stream, format="PNG", bits=4, optimize=False)
    return stream.getvalue()


def model_png(grid: Grid) -> bytes:
    """A grid as a model is shown it: cells in the colours that prompts name, each in a frame of lines, so that cells of
    one colour can be counted. The longer side is LONGEST_SIDE pixels at the most."""
    height, width = len(grid), len(grid[0])
    step = min(LARGEST_CELL, (LONGEST_SIDE - 1) // max(height, width))
    image = Image.new("P", (width * step + 1, height * step + 1), COLOURS)
    image.putpalette(_palette_bytes((*CANONICAL.colours, CANONICAL.line)))
    for row, line in enumerate(grid):
        for column, cell in enumerate(line):
            left, top = column * step + 1, row * step + 1
            image.paste(cell, (left, top, left + step - 1, top + step - 1))
    stream = io.BytesIO()
    image.save(stream, format="PNG", bits=4, optimize=False)
    return stream.getvalue()


def _palette_bytes(colours: Iterable[str]) -> list[int]:
    values = [int(colour[place : place + 2], 16) for colour in colours for place in (1, 3, 5)]
    return values + [0] * (3 * 16 - len(values))
