"""Canvases: grids of the output's size made from the input, and windows of the input that become the output."""

from trajectories.core.samplers.symbolic.pixel.helpers.objects import box


def cut(grid: list[list[int]], window: tuple[int, int, int, int]) -> list[list[int]]:
    """The part of the grid inside a window: top, left, bottom, right, all inside."""
    top, left, bottom, right = window
    return [list(row[left : right + 1]) for row in grid[top : bottom + 1]]


def window_of_others(grid: list[list[int]], background: int) -> tuple[int, int, int, int]:
    """The smallest window with everything but the background; the whole grid if there is nothing else."""
    cells = [(r, c) for r, row in enumerate(grid) for c, value in enumerate(row) if value != background]
    return box(cells) if cells else (0, 0, len(grid) - 1, len(grid[0]) - 1)


def window_of_colour(grid: list[list[int]], colour: int) -> tuple[int, int, int, int]:
    """The smallest window with all cells of a colour; the whole grid if it has none."""
    cells = [(r, c) for r, row in enumerate(grid) for c, value in enumerate(row) if value == colour]
    return box(cells) if cells else (0, 0, len(grid) - 1, len(grid[0]) - 1)


def window_of_part(
    grid: list[list[int]], parts: list[list[tuple[int, int]]], flags: list[int]
) -> tuple[int, int, int, int]:
    """The window around the first part flagged 1; the whole grid if there is none."""
    for part, flag in zip(parts, flags):
        if flag == 1:
            return box(part)
    return 0, 0, len(grid) - 1, len(grid[0]) - 1


def shrunk(window: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """A window without its outermost ring, where it is large enough."""
    top, left, bottom, right = window
    if bottom - top < 2 or right - left < 2:
        return window
    return top + 1, left + 1, bottom - 1, right - 1


def section(grid: list[list[int]], counts: tuple[int, int], gap: int, place: tuple[int, int]) -> list[list[int]]:
    """One of `counts` (down, across) equal sections with `gap` lines between them; `place` is (row, column)."""
    height = (len(grid) - gap * (counts[0] - 1)) // counts[0]
    width = (len(grid[0]) - gap * (counts[1] - 1)) // counts[1]
    top, left = place[0] * (height + gap), place[1] * (width + gap)
    return [list(row[left : left + width]) for row in grid[top : top + height]]


def vote(layers: list[list[list[int]]], background: int) -> list[list[int]]:
    """Per place, the most common colour of the layers besides the background; the background if all agree on it."""
    out = []
    for r in range(len(layers[0])):
        line = []
        for c in range(len(layers[0][0])):
            values = [layer[r][c] for layer in layers if layer[r][c] != background]
            order = sorted((-values.count(value), value) for value in set(values))
            line.append(order[0][1] if order else background)
        out.append(line)
    return out


def vote_count(layers: list[list[list[int]]], background: int) -> list[list[int]]:
    """Per place, how many layers are not background."""
    rows, columns = range(len(layers[0])), range(len(layers[0][0]))
    return [[sum(1 for layer in layers if layer[r][c] != background) for c in columns] for r in rows]


def enlarged(grid: list[list[int]], down: int, right: int) -> list[list[int]]:
    """Every cell as a block of `down` x `right` cells."""
    return [[value for value in row for copy in range(right)] for row in grid for copy in range(down)]


def tiled(grid: list[list[int]], down: int, right: int) -> list[list[int]]:
    """The grid repeated `down` times downwards and `right` times to the right."""
    return [list(row) * right for copy in range(down) for row in grid]


def tiled_mirrored(grid: list[list[int]], down: int, right: int, first: int) -> list[list[int]]:
    """Tiled with every second copy mirrored, in both directions; `first` says whether the first copy is mirrored."""
    out = []
    for i in range(down):
        rows = grid[::-1] if (i + first) % 2 else grid
        for row in rows:
            line = []
            for j in range(right):
                line.extend(row[::-1] if (j + first) % 2 else row)
            out.append(line)
    return out


def block_number(grid: list[list[int]], across: int, size: int) -> list[list[int]]:
    """Row (or column, with `across`) of the block of `size` that a cell of the canvas lies in."""
    return [[(c if across else r) // size for c in range(len(grid[0]))] for r in range(len(grid))]


def count_colours(grid: list[list[int]], background: int) -> int:
    """How many colours there are besides the background."""
    return len({value for row in grid for value in row if value != background})


def count_others(grid: list[list[int]], background: int) -> int:
    """How many cells are not background."""
    return sum(1 for row in grid for value in row if value != background)


def every(grid: list[list[int]], step: tuple[int, int], start: tuple[int, int]) -> list[list[int]]:
    """One cell of each block of `step` (rows, columns): the one at `start` (row, column) in the block."""
    return [list(row[start[1] :: step[1]]) for row in grid[start[0] :: step[0]]]


def block_counts(grid: list[list[int]], background: int, step: tuple[int, int], gap: int) -> list[list[int]]:
    """Per block of `step` (rows, columns) with `gap` lines between blocks: cells that are not background."""
    out = []
    for top in range(0, len(grid) - step[0] + 1, step[0] + gap):
        line = []
        for left in range(0, len(grid[0]) - step[1] + 1, step[1] + gap):
            rows = [row[left : left + step[1]] for row in grid[top : top + step[0]]]
            line.append(sum(1 for row in rows for value in row if value != background))
        out.append(line)
    return out


def block_colours(grid: list[list[int]], background: int, step: tuple[int, int], gap: int) -> list[list[int]]:
    """Per block of `step` with `gap` lines between: its most common colour besides the background, else that."""
    out = []
    for top in range(0, len(grid) - step[0] + 1, step[0] + gap):
        line = []
        for left in range(0, len(grid[0]) - step[1] + 1, step[1] + gap):
            rows = [row[left : left + step[1]] for row in grid[top : top + step[0]]]
            values = [value for row in rows for value in row if value != background]
            order = sorted((-values.count(value), value) for value in set(values))
            line.append(order[0][1] if order else background)
        out.append(line)
    return out


def block_varieties(grid: list[list[int]], step: tuple[int, int], gap: int) -> list[list[int]]:
    """Per block of `step` with `gap` lines between: number of different colours."""
    out = []
    for top in range(0, len(grid) - step[0] + 1, step[0] + gap):
        line = []
        for left in range(0, len(grid[0]) - step[1] + 1, step[1] + gap):
            line.append(len({value for row in grid[top : top + step[0]] for value in row[left : left + step[1]]}))
        out.append(line)
    return out


def side_length(grid: list[list[int]], across: int) -> int:
    """Number of rows (or of columns, with `across`)."""
    return len(grid[0]) if across else len(grid)
