"""Grids as SVG paths, one per colour, in units of one cell.

A node per cell costs seconds and gigabytes on a page of grids; one path per colour does not (see docs/benchmarks.md).
All functions take rows of unequal length too, because wrong answers have them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trajectories.core.rendering.palettes import Palette

Rows = Sequence[Sequence[int]]
EXPORT_CELL_PIXELS = 20


@dataclass(frozen=True, slots=True)
class DigitLayer:
    """All digits of one colour as one SVG text: x and y positions and the characters."""

    colour: int
    xs: str
    ys: str
    text: str


def colour_paths(rows: Rows) -> list[tuple[int, str]]:
    """(colour, path data) in order of colour: one stroke of width 1 through each run of equal cells in a row.

    Strokes with relative moves take half the bytes of outlined boxes, also where boxes of several rows are joined.
    """
    parts: dict[int, list[str]] = {}
    pens: dict[int, tuple[int, int]] = {}
    for y, row in enumerate(rows):
        for colour, left, width in _runs(row):
            if colour in pens:
                pen_x, pen_y = pens[colour]
                parts[colour].append(f"m{left - pen_x} {y - pen_y}h{width}")
            else:
                parts[colour] = [f"M{left} {y}.5h{width}"]
            pens[colour] = (left + width, y)
    return [(colour, "".join(strokes)) for colour, strokes in sorted(parts.items())]


def _runs(row: Sequence[int]) -> list[tuple[int, int, int]]:
    """(colour, left, width) of the maximal runs of one colour."""
    runs = []
    start = 0
    for x in range(1, len(row) + 1):
        if x == len(row) or row[x] != row[start]:
            runs.append((row[start], start, x - start))
            start = x
    return runs


def line_path(height: int, width: int) -> str:
    """The lines around and between the cells of a full rectangle."""
    across = "".join(f"M0 {y}h{width}" for y in range(height + 1))
    down = "".join(f"M{x} 0v{height}" for x in range(width + 1))
    return across + down


def digit_layers(rows: Rows) -> list[DigitLayer]:
    """One text per colour; positions are cell centres."""
    places: dict[int, list[tuple[int, int]]] = {}
    for y, row in enumerate(rows):
        for x, colour in enumerate(row):
            places.setdefault(colour, []).append((x, y))
    return [
        DigitLayer(
            colour=colour,
            xs=" ".join(f"{x}.5" for x, _ in cells),
            ys=" ".join(f"{y}.5" for _, y in cells),
            text=str(colour) * len(cells),
        )
        for colour, cells in sorted(places.items())
    ]


def cell_boxes(cells: Sequence[tuple[int, int]], inset: float = 0.0) -> str:
    """A path with one square around each (row, column), drawn `inset` of a cell inside its edge."""
    side = f"{1 - 2 * inset:g}"
    return "".join(f"M{x + inset:g} {y + inset:g}h{side}v{side}h-{side}z" for y, x in cells)


def cell_hatching(cells: Sequence[tuple[int, int]]) -> str:
    """A path with three diagonal strokes in each (row, column); strokes of neighbours join."""
    return "".join(f"M{x} {y}.5l.5-.5M{x} {y + 1}l1-1M{x}.5 {y + 1}l.5-.5" for y, x in cells)


def standalone_svg(rows: Rows, palette: Palette) -> str:
    """A complete SVG file of a full rectangle, with its colours written into it."""
    height, width = len(rows), len(rows[0])
    paths = "".join(f'<path stroke="{palette.colours[colour]}" d="{data}"/>' for colour, data in colour_paths(rows))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-0.05 -0.05 {width + 0.1:g} {height + 0.1:g}"'
        f' width="{width * EXPORT_CELL_PIXELS}" height="{height * EXPORT_CELL_PIXELS}" fill="none">{paths}'
        f'<path stroke="{palette.line}" stroke-width="0.06" d="{line_path(height, width)}"/></svg>\n'
    )
