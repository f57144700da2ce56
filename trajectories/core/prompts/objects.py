"""Objects, sections and changed cells of a grid as text: what the views of an ARC task show besides its grids.

The ten segmentations of John & Motani (2023, arXiv 2310.05146) are these with and without the grid; coordinates count
rows and columns from 0, as programs do.
"""

from collections import Counter
from collections.abc import Iterable

from trajectories.core.problems.grids import Grid, grid_shape

MAX_CHANGES = 300
"""Changed cells that are listed; a grid that changes more is better seen whole."""

Cell = tuple[int, int]


def ground_of(grid: Grid) -> int:
    """The colour that objects lie on: black (0) where there is any, else the most frequent one."""
    counts = Counter(cell for row in grid for cell in row)
    return 0 if counts[0] else counts.most_common(1)[0][0]


def find_parts(grid: Grid, *, corners: bool, many: bool) -> list[list[Cell]]:
    """Connected cells off the ground, in reading order of their first cells.

    Cells touch at sides, with `corners` also at corners; with `many` an object may have several colours.
    """
    ground = ground_of(grid)
    left = {(row, column) for row, cells in enumerate(grid) for column, cell in enumerate(cells) if cell != ground}
    parts = []
    for start in sorted(left):
        if start in left:
            left.discard(start)
            part = [start]
            for row, column in part:
                for near in _neighbours(row, column, corners):
                    if near in left and (many or grid[near[0]][near[1]] == grid[row][column]):
                        left.discard(near)
                        part.append(near)
            parts.append(sorted(part))
    return parts


def _neighbours(row: int, column: int, corners: bool) -> list[Cell]:
    near = [(row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1)]
    if corners:
        near += [(row + i, column + j) for i in (-1, 1) for j in (-1, 1)]
    return near


def parts_by_colour(grid: Grid) -> list[list[Cell]]:
    """All cells of each colour off the ground, in order of colour."""
    ground = ground_of(grid)
    colours = sorted({cell for row in grid for cell in row} - {ground})
    return [
        [(row, column) for row, cells in enumerate(grid) for column, cell in enumerate(cells) if cell == colour]
        for colour in colours
    ]


def describe_parts(grid: Grid, parts: Iterable[list[Cell]]) -> str:
    """A line for each object: colours, cells, place, and its box with "." for what is not of it."""
    lines = [_size_line(grid)]
    for number, part in enumerate(parts, 1):
        inside = set(part)
        top, left = min(row for row, _ in part), min(column for _, column in part)
        bottom, right = max(row for row, _ in part), max(column for _, column in part)
        colours = sorted({grid[row][column] for row, column in part})
        box = " | ".join(
            " ".join(str(grid[row][column]) if (row, column) in inside else "." for column in range(left, right + 1))
            for row in range(top, bottom + 1)
        )
        named = f"colour {colours[0]}" if len(colours) == 1 else f"colours {', '.join(map(str, colours))}"
        lines.append(
            f"- object {number}: {named}, {_cells(len(part))}, rows {top}-{bottom}, columns {left}-{right}: {box}"
        )
    return "\n".join(lines if len(lines) > 1 else [*lines, "- no objects"])


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _size_line(grid: Grid) -> str:
    rows, columns = grid_shape(grid)
    return f"- {rows} by {columns} cells, ground {ground_of(grid)}"


def describe_lines(grid: Grid, word: str) -> str:
    """The runs of equal cells of each row, or of each column: "row 3: 0 x4, 2 x1"."""
    lines = grid if word == "row" else tuple(zip(*grid, strict=True))
    return "\n".join([_size_line(grid), *(f"- {word} {place}: {_runs(line)}" for place, line in enumerate(lines))])


def _runs(line: tuple[int, ...]) -> str:
    runs: list[list[int]] = []
    for cell in line:
        if runs and runs[-1][0] == cell:
            runs[-1][1] += 1
        else:
            runs.append([cell, 1])
    return ", ".join(f"{cell} x{count}" for cell, count in runs)


def describe_sections(grid: Grid) -> str:
    """The parts between full lines of one colour other than black, in reading order; without such lines the whole."""
    rows = _spans([len(set(row)) == 1 and row[0] != 0 for row in grid])
    columns = _spans([len(set(line)) == 1 and line[0] != 0 for line in zip(*grid, strict=True)])
    if len(rows) * len(columns) < 2:
        rows, columns = [(0, len(grid))], [(0, len(grid[0]))]
    lines = [_size_line(grid)]
    for down, (top, bottom) in enumerate(rows):
        for across, (left, right) in enumerate(columns):
            box = " | ".join(" ".join(map(str, row[left:right])) for row in grid[top:bottom])
            place = f"rows {top}-{bottom - 1}, columns {left}-{right - 1}"
            lines.append(f"- section {down},{across}: {place}: {box}")
    return "\n".join(lines)


def _spans(divides: list[bool]) -> list[tuple[int, int]]:
    """(from, to) of the stretches between dividing lines, to exclusive."""
    spans, start = [], None
    for place, line in enumerate([*divides, True]):
        if line and start is not None:
            spans.append((start, place))
            start = None
        elif not line and start is None:
            start = place
    return spans


def describe_changes(before: Grid, after: Grid) -> str:
    """Which cells the output changes, by the colours they have and get; or how the size changes."""
    if grid_shape(before) != grid_shape(after):
        (rows, columns), (new_rows, new_columns) = grid_shape(before), grid_shape(after)
        return f"- the size changes: {rows} by {columns} becomes {new_rows} by {new_columns}"
    changes: dict[tuple[int, int], list[str]] = {}
    for row, (old, new) in enumerate(zip(before, after, strict=True)):
        for column, pair in enumerate(zip(old, new, strict=True)):
            if pair[0] != pair[1]:
                changes.setdefault(pair, []).append(f"({row},{column})")
    count = sum(map(len, changes.values()))
    if count > MAX_CHANGES:
        return "\n".join(f"- {old} becomes {new}: {_cells(len(places))}" for (old, new), places in changes.items())
    lines = [f"- {old} becomes {new}: {' '.join(places)}" for (old, new), places in changes.items()]
    return "\n".join(lines) if lines else "- no cell changes"
