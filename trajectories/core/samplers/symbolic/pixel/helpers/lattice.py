"""Maps of grids that straight lines cut into sections."""

from trajectories.core.samplers.symbolic.pixel.helpers.objects import box


def line_colour(grid: list[list[int]], background: int) -> int:
    """The colour besides the background that fills most whole rows and columns; -1 if none does."""
    counts = [0] * 10
    for line in [*grid, *zip(*grid)]:
        if len(set(line)) == 1 and line[0] != background:
            counts[line[0]] += 1
    return counts.index(max(counts)) if max(counts) else -1


def spans(lines: list[int], length: int) -> list[tuple[int, int]]:
    """First and last number of each run without a line."""
    out = []
    start = 0
    for line in [*lines, length]:
        if line > start:
            out.append((start, line - 1))
        start = line + 1
    return out


def sections(grid: list[list[int]], background: int) -> list[list[tuple[int, int]]]:
    """Cells of each section between lines of one colour across the whole grid, in reading order; none without lines."""
    colour = line_colour(grid, background)
    if colour < 0:
        return []
    rows = [r for r, row in enumerate(grid) if set(row) == {colour}]
    columns = [c for c, column in enumerate(zip(*grid)) if set(column) == {colour}]
    out = []
    for top, bottom in spans(rows, len(grid)):
        for left, right in spans(columns, len(grid[0])):
            out.append([(r, c) for r in range(top, bottom + 1) for c in range(left, right + 1)])
    return out


def coloured_cells(grid: list[list[int]], background: int, parts: list[list[tuple[int, int]]]) -> list[int]:
    """Number of cells of each part that are not background."""
    return [sum(1 for r, c in part if grid[r][c] != background) for part in parts]


def other_colours(grid: list[list[int]], background: int, parts: list[list[tuple[int, int]]]) -> list[int]:
    """Each part's most common colour besides the background; -1 if none, the lower one on a tie."""
    out = []
    for part in parts:
        values = [grid[r][c] for r, c in part if grid[r][c] != background]
        order = sorted((-values.count(value), value) for value in set(values))
        out.append(order[0][1] if order else -1)
    return out


def same_place(grid: list[list[int]], parts: list[list[tuple[int, int]]], flags: list[int]) -> list[list[int]]:
    """The colour at the cell's place in the one part flagged 1; -1 outside parts or unless exactly one is flagged."""
    out = [[-1] * len(grid[0]) for row in grid]
    chosen = [part for part, flag in zip(parts, flags) if flag == 1]
    if len(chosen) != 1:
        return out
    model = box(chosen[0])
    for part in parts:
        top, left = part[0]
        for r, c in part:
            y, x = r - top + model[0], c - left + model[1]
            if y <= model[2] and x <= model[3]:
                out[r][c] = grid[y][x]
    return out


def section_place(parts: list[list[tuple[int, int]]], across: int) -> list[int]:
    """Row (or column, with `across`) of each section among the sections, from 0."""
    starts = sorted({part[0][across] for part in parts})
    return [starts.index(part[0][across]) for part in parts]


def section_colours(grid: list[list[int]], parts: list[list[tuple[int, int]]], flags: list[int]) -> list[int]:
    """The colour in the one flagged part at the place that the section has among the sections; -1 if there is none."""
    chosen = [part for part, flag in zip(parts, flags) if flag == 1]
    if len(chosen) != 1:
        return [-1 for part in parts]
    top, left, bottom, right = box(chosen[0])
    out = []
    for down, across in zip(section_place(parts, 0), section_place(parts, 1)):
        inside = top + down <= bottom and left + across <= right
        out.append(grid[top + down][left + across] if inside else -1)
    return out
