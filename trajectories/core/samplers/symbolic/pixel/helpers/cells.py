"""Maps of a cell's colour, place and nearest neighbours."""


def most_common_colour(grid: list[list[int]]) -> int:
    """The colour with the most cells; the lower one on a tie."""
    counts = [0] * 10
    for row in grid:
        for value in row:
            counts[value] += 1
    return counts.index(max(counts))


def ranked_colour(grid: list[list[int]], background: int, rank: int) -> int:
    """The other colours by number of cells: rank 0 has the most, -1 the least; -1 where there is none."""
    counts = [0] * 10
    for row in grid:
        for value in row:
            counts[value] += 1
    order = sorted((-counts[value], value) for value in range(10) if counts[value] and value != background)
    if len(order) <= max(rank, 0):
        return -1
    return order[rank][1]


def colour_at(grid: list[list[int]], row: int, column: int) -> int:
    """The colour at a fixed place; negative places count from the far end."""
    return grid[row][column]


def constant(grid: list[list[int]], value: int) -> list[list[int]]:
    """The same number everywhere."""
    return [[value] * len(grid[0]) for row in grid]


def shifted(grid: list[list[int]], down: int, right: int) -> list[list[int]]:
    """What lies `down` rows below and `right` columns to the right of each cell; -1 outside the grid."""
    height, width = len(grid), len(grid[0])
    out = []
    for r in range(height):
        y = r + down
        if 0 <= y < height:
            row = grid[y]
            out.append([row[c + right] if 0 <= c + right < width else -1 for c in range(width)])
        else:
            out.append([-1] * width)
    return out


def count_neighbours(grid: list[list[int]], colour: int, diagonal: int) -> list[list[int]]:
    """How many of the 4 (or 8) neighbours have the colour."""
    height, width = len(grid), len(grid[0])
    out = [[0] * width for row in grid]
    steps = [(0, 1), (1, 0), (0, -1), (-1, 0)]
    if diagonal:
        steps = [*steps, (1, 1), (1, -1), (-1, 1), (-1, -1)]
    for r in range(height):
        for c in range(width):
            if grid[r][c] == colour:
                for dr, dc in steps:
                    if 0 <= r + dr < height and 0 <= c + dc < width:
                        out[r + dr][c + dc] += 1
    return out


def same_neighbours(grid: list[list[int]], diagonal: int) -> list[list[int]]:
    """How many of the 4 (or 8) neighbours have the cell's own colour."""
    out = [[0] * len(grid[0]) for row in grid]
    for colour in sorted({value for row in grid for value in row}):
        counts = count_neighbours(grid, colour, diagonal)
        for r, row in enumerate(grid):
            for c, value in enumerate(row):
                if value == colour:
                    out[r][c] = counts[r][c]
    return out


def colour_frequency_rank(grid: list[list[int]], background: int) -> list[list[int]]:
    """Rank of the cell's colour by number of cells, 0 for the most common; -1 on the background."""
    counts = [0] * 10
    for row in grid:
        for value in row:
            counts[value] += 1
    sizes = sorted({counts[value] for value in range(10) if counts[value] and value != background}, reverse=True)
    return [[-1 if value == background else sizes.index(counts[value]) for value in row] for row in grid]


def mirrored(grid: list[list[int]], upside_down: int, left_right: int) -> list[list[int]]:
    """The grid flipped top to bottom, left to right, or both."""
    rows = grid[::-1] if upside_down else grid
    return [row[::-1] if left_right else list(row) for row in rows]


def turned(grid: list[list[int]], kind: int) -> list[list[int]]:
    """A square grid mirrored on a diagonal (0 main, 1 other) or turned right (2) or left (3); -1 when not square."""
    size = len(grid)
    if size != len(grid[0]):
        return [[-1] * len(grid[0]) for row in grid]
    if kind == 0:
        return [[grid[c][r] for c in range(size)] for r in range(size)]
    if kind == 1:
        return [[grid[size - 1 - c][size - 1 - r] for c in range(size)] for r in range(size)]
    if kind == 2:
        return [[grid[size - 1 - c][r] for c in range(size)] for r in range(size)]
    return [[grid[c][size - 1 - r] for c in range(size)] for r in range(size)]


def row_number(grid: list[list[int]], from_bottom: int) -> list[list[int]]:
    """Row of each cell, from 0, counted from the top or the bottom."""
    height, width = len(grid), len(grid[0])
    return [[height - 1 - r if from_bottom else r] * width for r in range(height)]


def column_number(grid: list[list[int]], from_right: int) -> list[list[int]]:
    """Column of each cell, from 0, counted from the left or the right."""
    width = len(grid[0])
    return [[width - 1 - c if from_right else c for c in range(width)] for row in grid]


def border_distance(grid: list[list[int]]) -> list[list[int]]:
    """Ring of each cell: 0 on the border, 1 next to it, and so on."""
    height, width = len(grid), len(grid[0])
    return [[min(r, c, height - 1 - r, width - 1 - c) for c in range(width)] for r in range(height)]


def diagonal_number(grid: list[list[int]], falling: int) -> list[list[int]]:
    """Rising diagonals count row + column; falling ones the distance from the main diagonal."""
    height, width = len(grid), len(grid[0])
    return [[abs(r - c) if falling else r + c for c in range(width)] for r in range(height)]


def remainder(values: list[list[int]], divisor: int) -> list[list[int]]:
    """Each number's remainder; -1 stays."""
    return [[value % divisor if value >= 0 else -1 for value in row] for row in values]


def in_square(grid: list[list[int]], background: int, side: int, on_background: int) -> list[list[int]]:
    """1 for cells covered by some `side` x `side` square all background (or all of one other colour)."""
    height, width = len(grid), len(grid[0])
    out = [[0] * width for row in grid]
    for top in range(height - side + 1):
        for left in range(width - side + 1):
            colour = grid[top][left]
            if (colour == background) != (on_background == 1):
                continue
            if all(grid[r][c] == colour for r in range(top, top + side) for c in range(left, left + side)):
                for r in range(top, top + side):
                    for c in range(left, left + side):
                        out[r][c] = 1
    return out
