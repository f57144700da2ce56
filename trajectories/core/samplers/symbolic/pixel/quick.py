"""The helpers that the search asks most often, written to be quick: the same values as `helpers`, which programs show.

A test holds each against the helper that it stands for. Those of parts are given the rectangles around them too.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from trajectories.core.samplers.symbolic.pixel.helpers import cells, objects, rays

Grid = list[list[int]]
Part = list[tuple[int, int]]
Box = tuple[int, int, int, int]
SIDES, CORNERS = ((0, 1), (1, 0), (0, -1), (-1, 0)), ((1, 1), (1, -1), (-1, 1), (-1, -1))
SHAPES_KEPT = 512
"""Sizes of grids whose cells' neighbours are remembered."""


@lru_cache(maxsize=SHAPES_KEPT)
def neighbours(height: int, width: int, diagonal: bool) -> Sequence[Sequence[tuple[int, int]]]:
    """The cells beside each cell of a grid, in the order in which parts grow; row by row."""
    steps = SIDES + CORNERS if diagonal else SIDES
    return [
        [(r + a, c + b) for a, b in steps if 0 <= r + a < height and 0 <= c + b < width]
        for r in range(height)
        for c in range(width)
    ]


def connected_parts(grid: Grid, background: int, kind: int) -> list[Part]:
    """See objects.connected_parts."""
    width = len(grid[0])
    near = neighbours(len(grid), width, kind in (1, 2, 5))
    many = kind in (2, 3)
    # What was taken or belongs to no part is None, which is no colour.
    left: list[list[int | None]] = [
        [None if (value == background) != (kind >= 4) else value for value in row] for row in grid
    ]
    parts = []
    for top, row in enumerate(left):
        for start, value in enumerate(row):
            if value is None:
                continue
            row[start] = None
            part = [(top, start)]
            for r, c in part:
                for y, x in near[r * width + c]:
                    found = left[y][x]
                    if found is not None and (many or found == value):
                        left[y][x] = None
                        part.append((y, x))
            parts.append(part)
    return parts


def boxes_of(parts: Iterable[Part]) -> list[Box]:
    """The rectangle around each part."""
    found = []
    for part in parts:
        columns = [cell[1] for cell in part]
        found.append((min(part)[0], min(columns), max(part)[0], max(columns)))
    return found


def at_border(boxes: Sequence[Box], grid: Grid, parts: Sequence[Part]) -> list[int]:  # noqa: ARG001
    """See objects.at_border."""
    last, end = len(grid) - 1, len(grid[0]) - 1
    return [int(top == 0 or left == 0 or bottom == last or right == end) for top, left, bottom, right in boxes]


def heights(boxes: Sequence[Box], parts: Sequence[Part]) -> list[int]:  # noqa: ARG001
    """See objects.heights."""
    return [box[2] - box[0] + 1 for box in boxes]


def widths(boxes: Sequence[Box], parts: Sequence[Part]) -> list[int]:  # noqa: ARG001
    """See objects.widths."""
    return [box[3] - box[1] + 1 for box in boxes]


def positions(boxes: Sequence[Box], parts: Sequence[Part], side: int) -> list[int]:  # noqa: ARG001
    """See objects.positions."""
    return [box[side] for box in boxes]


def longer_sides(boxes: Sequence[Box], parts: Sequence[Part]) -> list[int]:
    """See objects.longer_sides."""
    return [2 if h == w else (1 if h > w else 0) for h, w in zip(heights(boxes, parts), widths(boxes, parts))]


def filled_boxes(boxes: Sequence[Box], parts: Sequence[Part]) -> list[int]:
    """See objects.filled_boxes."""
    sides = zip(heights(boxes, parts), widths(boxes, parts))
    return [0 if len(part) != h * w else (2 if h == w else 1) for part, (h, w) in zip(parts, sides)]


def hole_counts(boxes: Sequence[Box], parts: Sequence[Part]) -> list[int]:
    """See objects.hole_counts."""
    found = []
    for part, (top, left, bottom, right) in zip(parts, boxes):
        height, width = bottom - top + 1, right - left + 1
        # A hole needs a cell with the part on all four sides of it.
        if height < 3 or width < 3 or len(part) == height * width:
            found.append(0)
            continue
        local = [[1] * (width + 2) for _ in range(height + 2)]
        for r, c in part:
            local[r - top + 1][c - left + 1] = 0
        found.append(len(connected_parts(local, 0, 0)) - 1)
    return found


def symmetric(boxes: Sequence[Box], parts: Sequence[Part], left_right: int) -> list[int]:
    """See objects.symmetric."""
    found = []
    for part, (top, left, bottom, right) in zip(parts, boxes):
        if len(part) == (bottom - top + 1) * (right - left + 1):
            found.append(1)
            continue
        kept = set(part)
        if left_right:
            found.append(int(kept.issuperset([(r, left + right - c) for r, c in part])))
        else:
            found.append(int(kept.issuperset([(top + bottom - r, c) for r, c in part])))
    return found


def shape_numbers(boxes: Sequence[Box], parts: Sequence[Part]) -> list[int]:
    """See objects.shape_numbers."""
    known: dict[Any, int] = {}
    found = []
    for part, (top, left, bottom, right) in zip(parts, boxes):
        size = bottom - top + 1, right - left + 1
        full = len(part) == size[0] * size[1]
        shape = size if full else frozenset([(r - top, c - left) for r, c in part])
        found.append(known.setdefault(shape, len(known)))
    return found


def place_in_box(boxes: Sequence[Box], grid: Grid, parts: Sequence[Part], kind: int) -> Grid:  # noqa: ARG001
    """See objects.place_in_box."""
    out = [[-1] * len(grid[0]) for _ in grid]
    for top, left, bottom, right in boxes:
        width = right - left + 1
        across = list(range(width)) if kind == 1 else list(range(width - 1, -1, -1))
        ring = [min(c, width - 1 - c) for c in range(width)]
        for r in range(top, bottom + 1):
            if kind in (1, 3):
                line = across
            elif kind == 4:
                depth = min(r - top, bottom - r)
                line = [min(depth, side) for side in ring]
            else:
                line = [r - top if kind == 0 else bottom - r] * width
            out[r][left : right + 1] = line
    return out


def mirrored_in_box(
    boxes: Sequence[Box],
    grid: Grid,
    parts: Sequence[Part],  # noqa: ARG001
    upside_down: int,
    left_right: int,
) -> Grid:
    """See objects.mirrored_in_box."""
    out = [[-1] * len(grid[0]) for _ in grid]
    for top, left, bottom, right in boxes:
        for r in range(top, bottom + 1):
            line = grid[top + bottom - r if upside_down else r][left : right + 1]
            out[r][left : right + 1] = line[::-1] if left_right else line
    return out


def paint_boxes(boxes: Sequence[Box], grid: Grid, parts: Sequence[Part], numbers: Sequence[int]) -> Grid:  # noqa: ARG001
    """See objects.paint_boxes."""
    out = [[-1] * len(grid[0]) for _ in grid]
    for (top, left, bottom, right), number in zip(boxes, numbers):
        line = [number] * (right - left + 1)
        for r in range(top, bottom + 1):
            out[r][left : right + 1] = line
    return out


def touching_colours(grid: Grid, parts: Sequence[Part]) -> list[int]:
    """See objects.touching_colours."""
    width = len(grid[0])
    near = neighbours(len(grid), width, False)
    found = []
    for part in parts:
        around = {grid[y][x] for r, c in part for y, x in near[r * width + c]}
        around.discard(grid[part[0][0]][part[0][1]])
        found.append(-1 if not around else (min(around) if len(around) == 1 else -2))
    return found


def colours_of(grid: Grid, parts: Sequence[Part], rank: int) -> list[int]:
    """See objects.colours_of."""
    found = []
    for part in parts:
        values = [grid[r][c] for r, c in part]
        colours = set(values)
        if len(colours) == 1:
            found.append(values[0])
        else:
            found.append(sorted((-values.count(colour), colour) for colour in colours)[rank][1])
    return found


def how_many_alike(numbers: Sequence[int]) -> list[int]:
    """See objects.how_many_alike."""
    counts: dict[int, int] = {}
    for number in numbers:
        counts[number] = counts.get(number, 0) + 1
    return [counts[number] for number in numbers]


def depths(grid: Grid, parts: Sequence[Part]) -> Grid:
    """See objects.depths."""
    height, width = len(grid), len(grid[0])
    near = neighbours(height, width, False)
    out = [[-1] * width for _ in grid]
    for part in parts:
        inside = set(part)
        front = [(r, c) for r, c in part if len(near[r * width + c]) < 4 or not inside.issuperset(near[r * width + c])]
        for r, c in front:
            out[r][c] = 0
        for r, c in front:
            for y, x in near[r * width + c]:
                if out[y][x] < 0 and (y, x) in inside:
                    out[y][x] = out[r][c] + 1
                    front.append((y, x))
    return out


def shifted(grid: Grid, down: int, right: int) -> Grid:
    """See cells.shifted."""
    height, width = len(grid), len(grid[0])
    if abs(right) >= width:
        return [[-1] * width for _ in grid]
    pad = [-1] * abs(right)
    return [
        (grid[r + down][right:] + pad if right >= 0 else pad + grid[r + down][:right])
        if 0 <= r + down < height
        else [-1] * width
        for r in range(height)
    ]


def count_neighbours(grid: Grid, colour: int, diagonal: int) -> Grid:
    """See cells.count_neighbours."""
    width = len(grid[0])
    near = neighbours(len(grid), width, bool(diagonal))
    out = [[0] * width for _ in grid]
    for r, row in enumerate(grid):
        if colour in row:
            for c, value in enumerate(row):
                if value == colour:
                    for y, x in near[r * width + c]:
                        out[y][x] += 1
    return out


def same_neighbours(grid: Grid, diagonal: int) -> Grid:
    """See cells.same_neighbours."""
    width = len(grid[0])
    near = neighbours(len(grid), width, bool(diagonal))
    flat = [value for row in grid for value in row]
    out = []
    for r, row in enumerate(grid):
        out.append([[flat[y * width + x] for y, x in near[r * width + c]].count(value) for c, value in enumerate(row)])
    return out


def in_square(grid: Grid, background: int, side: int, on_background: int) -> Grid:
    """See cells.in_square."""
    out = [[0] * len(grid[0]) for _ in grid]
    ones = [1] * side
    for top in range(len(grid) - side + 1):
        rows = grid[top : top + side]
        for left in range(len(grid[0]) - side + 1):
            colour = rows[0][left]
            if (colour == background) != (on_background == 1):
                continue
            wanted = [colour] * side
            if all(row[left : left + side] == wanted for row in rows):
                for r in range(top, top + side):
                    out[r][left : left + side] = ones
    return out


def nearest_distance(grid: Grid, background: int, diagonal: int) -> Grid:
    """See rays.nearest_distance."""
    width = len(grid[0])
    near = neighbours(len(grid), width, bool(diagonal))
    out = [[-1 if value == background else 0 for value in row] for row in grid]
    front = [(r, c) for r, row in enumerate(out) for c, value in enumerate(row) if value == 0]
    for r, c in front:
        for y, x in near[r * width + c]:
            if out[y][x] < 0:
                out[y][x] = out[r][c] + 1
                front.append((y, x))
    return out


def nearest_colour(grid: Grid, background: int, diagonal: int) -> Grid:
    """See rays.nearest_colour."""
    width = len(grid[0])
    near = neighbours(len(grid), width, bool(diagonal))
    distance = nearest_distance(grid, background, diagonal)
    out = [[-1 if value == background else value for value in row] for row in grid]
    order = sorted((steps, r, c) for r, row in enumerate(distance) for c, steps in enumerate(row) if steps > 0)
    for steps, r, c in order:
        colours = {out[y][x] for y, x in near[r * width + c] if distance[y][x] == steps - 1}
        out[r][c] = min(colours) if len(colours) == 1 else -1
    return out


def remainder_flat(flats: Sequence[bytes], divisor: int) -> bytes:
    """See cells.remainder; all numbers of flat maps are 2 too large."""
    return flats[0].translate(_remainders(divisor))


@lru_cache(maxsize=64)
def _remainders(divisor: int) -> bytes:
    return bytes([1, 1, *[(code - 2) % divisor + 2 for code in range(2, 256)]])


def extreme_flat(flats: Sequence[bytes], largest: int) -> bytes:
    """See rays.extreme; all numbers of flat maps are 2 too large."""
    known = [code for code in set(flats[0]) if code >= 2]
    best = (max(known) if largest else min(known)) if known else 0
    return flats[0].translate(bytes(3 if code == best and known else 2 for code in range(256)))


def between_flat(flats: Sequence[bytes]) -> bytes:
    """See rays.between; all numbers of flat maps are 2 too large."""
    return bytes([a if a == b else 1 for a, b in zip(*flats)])


def agreed_flat(flats: Sequence[bytes]) -> bytes:
    """See rays.agreed; all numbers of flat maps are 2 too large."""
    return bytes([a if b in (a, 1) else (b if a == 1 else 1) for a, b in zip(*flats)])


def directions_seen_flat(flats: Sequence[bytes]) -> bytes:
    """See rays.directions_seen; all numbers of flat maps are 2 too large."""
    seen = np.frombuffer(b"".join(flats), dtype=np.uint8).reshape(len(flats), -1) >= 2
    return bytes((seen.sum(axis=0, dtype=np.uint8) + 2).astype(np.uint8))


FLAT: Mapping[Callable[..., Any], Callable[..., bytes]] = {
    cells.remainder: remainder_flat,
    rays.agreed: agreed_flat,
    rays.between: between_flat,
    rays.directions_seen: directions_seen_flat,
    rays.extreme: extreme_flat,
}
"""Quick forms that make one flat map of others, cell by cell."""

BY_SIZE = frozenset({cells.border_distance, cells.column_number, cells.diagonal_number, cells.row_number})
"""Helpers whose maps depend on nothing but the size of the grid."""

PLAIN: Mapping[Callable[..., Any], Callable[..., Any]] = {
    cells.count_neighbours: count_neighbours,
    cells.in_square: in_square,
    cells.same_neighbours: same_neighbours,
    cells.shifted: shifted,
    objects.colours_of: colours_of,
    objects.connected_parts: connected_parts,
    objects.depths: depths,
    objects.how_many_alike: how_many_alike,
    objects.touching_colours: touching_colours,
    rays.nearest_colour: nearest_colour,
    rays.nearest_distance: nearest_distance,
}
"""Quick forms that take what the helpers take."""

BOXED: Mapping[Callable[..., Any], tuple[Callable[..., Any], int]] = {
    objects.at_border: (at_border, 1),
    objects.filled_boxes: (filled_boxes, 0),
    objects.heights: (heights, 0),
    objects.hole_counts: (hole_counts, 0),
    objects.longer_sides: (longer_sides, 0),
    objects.mirrored_in_box: (mirrored_in_box, 1),
    objects.paint_boxes: (paint_boxes, 1),
    objects.place_in_box: (place_in_box, 1),
    objects.positions: (positions, 0),
    objects.shape_numbers: (shape_numbers, 0),
    objects.symmetric: (symmetric, 0),
    objects.widths: (widths, 0),
}
"""Quick forms that take the rectangles around the parts first, and which of the helper's arguments the parts are."""
