"""Maps of what a cell sees along straight lines, and of whole rows and columns."""


def first_colour(grid: list[list[int]], background: int, down: int, right: int) -> list[list[int]]:
    """The first colour other than the background met from each cell in one direction; -1 if none."""
    height, width = len(grid), len(grid[0])
    out = [[-1] * width for row in grid]
    rows = range(height - 1, -1, -1) if down > 0 else range(height)
    columns = range(width - 1, -1, -1) if right > 0 else range(width)
    for r in rows:
        y = r + down
        if not 0 <= y < height:
            continue
        for c in columns:
            x = c + right
            if 0 <= x < width:
                out[r][c] = grid[y][x] if grid[y][x] != background else out[y][x]
    return out


def ray_length(grid: list[list[int]], background: int, down: int, right: int) -> list[list[int]]:
    """Steps to the first cell that is not background in one direction; -1 if there is none."""
    height, width = len(grid), len(grid[0])
    out = [[-1] * width for row in grid]
    rows = range(height - 1, -1, -1) if down > 0 else range(height)
    columns = range(width - 1, -1, -1) if right > 0 else range(width)
    for r in rows:
        y = r + down
        if not 0 <= y < height:
            continue
        for c in columns:
            x = c + right
            if 0 <= x < width:
                if grid[y][x] != background:
                    out[r][c] = 1
                elif out[y][x] > 0:
                    out[r][c] = out[y][x] + 1
    return out


def between(first: list[list[int]], second: list[list[int]]) -> list[list[int]]:
    """The colour seen in two opposite directions when it is the same in both; else -1."""
    return [[a if a == b else -1 for a, b in zip(one, two)] for one, two in zip(first, second)]


def agreed(first: list[list[int]], second: list[list[int]]) -> list[list[int]]:
    """The colour that one or both of two maps have where they do not contradict each other; else -1."""
    out = []
    for one, two in zip(first, second):
        out.append([a if b in (a, -1) else (b if a == -1 else -1) for a, b in zip(one, two)])
    return out


def row_colour(grid: list[list[int]], background: int) -> list[list[int]]:
    """The only colour of the cell's row besides the background; -1 if none, -2 if several."""
    out = []
    for row in grid:
        colours = sorted({value for value in row if value != background})
        value = -1 if not colours else (colours[0] if len(colours) == 1 else -2)
        out.append([value] * len(row))
    return out


def column_colour(grid: list[list[int]], background: int) -> list[list[int]]:
    """The only colour of the cell's column besides the background; -1 if none, -2 if several."""
    columns = row_colour([list(column) for column in zip(*grid)], background)
    return [list(row) for row in zip(*columns)]


def row_contains(grid: list[list[int]], colour: int) -> list[list[int]]:
    """1 where the cell's row has the colour, else 0."""
    return [[1 if colour in row else 0] * len(row) for row in grid]


def column_contains(grid: list[list[int]], colour: int) -> list[list[int]]:
    """1 where the cell's column has the colour, else 0."""
    flags = [1 if colour in column else 0 for column in zip(*grid)]
    return [list(flags) for row in grid]


def diagonal_contains(grid: list[list[int]], colour: int, falling: int) -> list[list[int]]:
    """1 where the cell's falling (or rising) diagonal has the colour, else 0."""
    sign = -1 if falling else 1
    lines = sorted({r + sign * c for r, row in enumerate(grid) for c, value in enumerate(row) if value == colour})
    return [[1 if r + sign * c in lines else 0 for c in range(len(grid[0]))] for r in range(len(grid))]


def row_count(grid: list[list[int]], background: int) -> list[list[int]]:
    """Number of cells in the cell's row that are not background."""
    return [[sum(1 for value in row if value != background)] * len(row) for row in grid]


def column_count(grid: list[list[int]], background: int) -> list[list[int]]:
    """Number of cells in the cell's column that are not background."""
    counts = [sum(1 for value in column if value != background) for column in zip(*grid)]
    return [list(counts) for row in grid]


def row_variety(grid: list[list[int]]) -> list[list[int]]:
    """Number of different colours in the cell's row."""
    return [[len(set(row))] * len(row) for row in grid]


def column_variety(grid: list[list[int]]) -> list[list[int]]:
    """Number of different colours in the cell's column."""
    counts = [len(set(column)) for column in zip(*grid)]
    return [list(counts) for row in grid]


def extreme(values: list[list[int]], largest: int) -> list[list[int]]:
    """1 where a map has its largest (or smallest) number, -1 left out, else 0."""
    numbers = [value for row in values for value in row if value >= 0]
    if not numbers:
        return [[0] * len(row) for row in values]
    best = max(numbers) if largest else min(numbers)
    return [[1 if value == best else 0 for value in row] for row in values]


def edge_colour(grid: list[list[int]], side: int) -> list[list[int]]:
    """Colour at an end of the cell's own line: 0 left, 1 right end of its row, 2 top, 3 bottom of its column."""
    if side == 0:
        return [[row[0]] * len(row) for row in grid]
    if side == 1:
        return [[row[-1]] * len(row) for row in grid]
    return [list(grid[0 if side == 2 else -1]) for row in grid]


def nearest_distance(grid: list[list[int]], background: int, diagonal: int) -> list[list[int]]:
    """Steps to the nearest cell that is not background (0 on it), in 4 or 8 directions; -1 if there is none."""
    height, width = len(grid), len(grid[0])
    out = [[-1 if value == background else 0 for value in row] for row in grid]
    steps = [(0, 1), (1, 0), (0, -1), (-1, 0)]
    if diagonal:
        steps = [*steps, (1, 1), (1, -1), (-1, 1), (-1, -1)]
    front = [(r, c) for r in range(height) for c in range(width) if out[r][c] == 0]
    while front:
        following = []
        for r, c in front:
            for dr, dc in steps:
                y, x = r + dr, c + dc
                if 0 <= y < height and 0 <= x < width and out[y][x] < 0:
                    out[y][x] = out[r][c] + 1
                    following.append((y, x))
        front = following
    return out


def nearest_colour(grid: list[list[int]], background: int, diagonal: int) -> list[list[int]]:
    """Colour of the nearest cell that is not background, in 4 or 8 directions; -1 if none or if two are as near."""
    height, width = len(grid), len(grid[0])
    distance = nearest_distance(grid, background, diagonal)
    out = [[-1 if value == background else value for value in row] for row in grid]
    steps = [(0, 1), (1, 0), (0, -1), (-1, 0)]
    if diagonal:
        steps = [*steps, (1, 1), (1, -1), (-1, 1), (-1, -1)]
    order = sorted((distance[r][c], r, c) for r in range(height) for c in range(width) if distance[r][c] > 0)
    for steps_away, r, c in order:
        colours = set()
        for dr, dc in steps:
            y, x = r + dr, c + dc
            if 0 <= y < height and 0 <= x < width and distance[y][x] == steps_away - 1:
                colours.add(out[y][x])
        out[r][c] = min(colours) if len(colours) == 1 else -1
    return out


def directions_seen(seen: list[list[list[int]]]) -> list[list[int]]:
    """In how many of several maps a cell has a colour."""
    rows, columns = range(len(seen[0])), range(len(seen[0][0]))
    return [[sum(1 for one in seen if one[r][c] >= 0) for c in columns] for r in rows]
