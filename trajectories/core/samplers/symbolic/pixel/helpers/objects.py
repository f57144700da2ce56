"""Connected parts of a grid, and maps of their properties."""


def connected_parts(grid: list[list[int]], background: int, kind: int) -> list[list[tuple[int, int]]]:
    """Connected parts as lists of (row, column), in reading order.

    Kind 0: one colour, joined at sides; 1: one colour, also at corners; 2: any colours, also at corners; 3: any
    colours, joined at sides; 4: background, joined at sides; 5: background, also at corners.
    """
    height, width = len(grid), len(grid[0])
    steps = [(0, 1), (1, 0), (0, -1), (-1, 0)]
    if kind in (1, 2, 5):
        steps = [*steps, (1, 1), (1, -1), (-1, 1), (-1, -1)]
    seen = [[(value == background) != (kind >= 4) for value in row] for row in grid]
    parts = []
    for top in range(height):
        for left in range(width):
            if seen[top][left]:
                continue
            seen[top][left] = True
            part = [(top, left)]
            for r, c in part:
                for dr, dc in steps:
                    y, x = r + dr, c + dc
                    inside = 0 <= y < height and 0 <= x < width
                    if inside and not seen[y][x] and (kind in (2, 3) or grid[y][x] == grid[r][c]):
                        seen[y][x] = True
                        part.append((y, x))
            parts.append(part)
    return parts


def paint(grid: list[list[int]], parts: list[list[tuple[int, int]]], numbers: list[int]) -> list[list[int]]:
    """Each part's number on its cells, -1 elsewhere."""
    out = [[-1] * len(grid[0]) for row in grid]
    for part, number in zip(parts, numbers):
        for r, c in part:
            out[r][c] = number
    return out


def paint_boxes(grid: list[list[int]], parts: list[list[tuple[int, int]]], numbers: list[int]) -> list[list[int]]:
    """Each part's number on the rectangle around it, -1 elsewhere; later parts go on top."""
    out = [[-1] * len(grid[0]) for row in grid]
    for part, number in zip(parts, numbers):
        top, left, bottom, right = box(part)
        for r in range(top, bottom + 1):
            for c in range(left, right + 1):
                out[r][c] = number
    return out


def box(part: list[tuple[int, int]]) -> tuple[int, int, int, int]:
    """The rectangle around some cells: top, left, bottom, right, all inside."""
    rows = [r for r, c in part]
    columns = [c for r, c in part]
    return min(rows), min(columns), max(rows), max(columns)


def sizes(parts: list[list[tuple[int, int]]]) -> list[int]:
    """Number of cells of each part."""
    return [len(part) for part in parts]


def heights(parts: list[list[tuple[int, int]]]) -> list[int]:
    """Rows that each part spans."""
    return [max(r for r, c in part) - min(r for r, c in part) + 1 for part in parts]


def widths(parts: list[list[tuple[int, int]]]) -> list[int]:
    """Columns that each part spans."""
    return [max(c for r, c in part) - min(c for r, c in part) + 1 for part in parts]


def longer_sides(parts: list[list[tuple[int, int]]]) -> list[int]:
    """0 for parts wider than high, 1 for higher than wide, 2 for as wide as high."""
    return [2 if h == w else (1 if h > w else 0) for h, w in zip(heights(parts), widths(parts))]


def filled_boxes(parts: list[list[tuple[int, int]]]) -> list[int]:
    """1 for parts that are full rectangles, 2 for full squares, else 0."""
    out = []
    for size, height, width in zip(sizes(parts), heights(parts), widths(parts)):
        out.append(0 if size != height * width else (2 if height == width else 1))
    return out


def at_border(grid: list[list[int]], parts: list[list[tuple[int, int]]]) -> list[int]:
    """1 for parts that touch the border of the grid, else 0."""
    bottom, right = len(grid) - 1, len(grid[0]) - 1
    return [1 if any(r in (0, bottom) or c in (0, right) for r, c in part) else 0 for part in parts]


def hole_counts(parts: list[list[tuple[int, int]]]) -> list[int]:
    """How many separate holes each part has (other cells that cannot leave its rectangle by sides)."""
    out = []
    for part in parts:
        top, left, bottom, right = box(part)
        local = [[1] * (right - left + 3) for r in range(bottom - top + 3)]
        for r, c in part:
            local[r - top + 1][c - left + 1] = 0
        out.append(len(connected_parts(local, 0, 0)) - 1)
    return out


def colours_of(grid: list[list[int]], parts: list[list[tuple[int, int]]], rank: int) -> list[int]:
    """Each part's most (rank 0) or least (rank -1) common colour; the lower one on a tie."""
    out = []
    for part in parts:
        counts = [0] * 10
        for r, c in part:
            counts[grid[r][c]] += 1
        order = sorted((-counts[colour], colour) for colour in range(10) if counts[colour])
        out.append(order[rank][1])
    return out


def varieties(grid: list[list[int]], parts: list[list[tuple[int, int]]]) -> list[int]:
    """Number of different colours of each part."""
    return [len({grid[r][c] for r, c in part}) for part in parts]


def colour_cells(grid: list[list[int]], parts: list[list[tuple[int, int]]], colour: int) -> list[int]:
    """Number of cells of one colour in each part."""
    return [sum(1 for r, c in part if grid[r][c] == colour) for part in parts]


def touching_colours(grid: list[list[int]], parts: list[list[tuple[int, int]]]) -> list[int]:
    """The only colour beside each part (at sides); -1 if none, -2 if several."""
    height, width = len(grid), len(grid[0])
    out = []
    for part in parts:
        colour = grid[part[0][0]][part[0][1]]
        around = set()
        for r, c in part:
            for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)):
                y, x = r + dr, c + dc
                if 0 <= y < height and 0 <= x < width and grid[y][x] != colour:
                    around.add(grid[y][x])
        out.append(-1 if not around else (min(around) if len(around) == 1 else -2))
    return out


def is_extreme(numbers: list[int], largest: int) -> list[int]:
    """1 for parts with the largest (or smallest) number, else 0."""
    best = (max(numbers) if largest else min(numbers)) if numbers else 0
    return [1 if number == best else 0 for number in numbers]


def ranks(numbers: list[int]) -> list[int]:
    """Rank of each part's number, 0 for the largest; equal numbers share a rank."""
    order = sorted(set(numbers), reverse=True)
    return [order.index(number) for number in numbers]


def how_many_alike(numbers: list[int]) -> list[int]:
    """For each part, how many parts have the same number, itself included."""
    return [numbers.count(number) for number in numbers]


def shape_numbers(parts: list[list[tuple[int, int]]]) -> list[int]:
    """Equal numbers for parts of equal shape (as they stand); numbered in reading order."""
    shapes = []
    out = []
    for part in parts:
        corner = box(part)
        shape = sorted((r - corner[0], c - corner[1]) for r, c in part)
        if shape not in shapes:
            shapes.append(shape)
        out.append(shapes.index(shape))
    return out


def symmetric(parts: list[list[tuple[int, int]]], left_right: int) -> list[int]:
    """1 for parts whose shape is mirror symmetric left to right (or top to bottom), else 0."""
    out = []
    for part in parts:
        top, left, bottom, right = box(part)
        cells = set(part)
        if left_right:
            same = all((r, left + right - c) in cells for r, c in part)
        else:
            same = all((top + bottom - r, c) in cells for r, c in part)
        out.append(1 if same else 0)
    return out


def positions(parts: list[list[tuple[int, int]]], side: int) -> list[int]:
    """Each part's first row (0), first column (1), last row (2) or last column (3)."""
    return [box(part)[side] for part in parts]


def depths(grid: list[list[int]], parts: list[list[tuple[int, int]]]) -> list[list[int]]:
    """How deep a cell lies in its part: 0 at its edge (also at the grid's), in 4 directions; -1 outside parts."""
    height, width = len(grid), len(grid[0])
    owner = paint(grid, parts, list(range(len(parts))))
    out = [[-1] * width for row in grid]
    front = []
    for part in parts:
        for r, c in part:
            for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)):
                y, x = r + dr, c + dc
                inside = 0 <= y < height and 0 <= x < width and owner[y][x] == owner[r][c]
                if not inside and out[r][c] < 0:
                    out[r][c] = 0
                    front.append((r, c))
    for r, c in front:
        for dr, dc in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            y, x = r + dr, c + dc
            if 0 <= y < height and 0 <= x < width and owner[y][x] == owner[r][c] and out[y][x] < 0:
                out[y][x] = out[r][c] + 1
                front.append((y, x))
    return out


def place_in_box(grid: list[list[int]], parts: list[list[tuple[int, int]]], kind: int) -> list[list[int]]:
    """A cell's place in the rectangle around its part: kind 0 to 3 count from top, left, bottom, right; 4 is the ring.

    Covers the whole rectangles; -1 outside them; later parts go on top.
    """
    out = [[-1] * len(grid[0]) for row in grid]
    for part in parts:
        top, left, bottom, right = box(part)
        for r in range(top, bottom + 1):
            for c in range(left, right + 1):
                sides = (r - top, c - left, bottom - r, right - c)
                out[r][c] = min(sides) if kind == 4 else sides[kind]
    return out


def mirrored_in_box(
    grid: list[list[int]], parts: list[list[tuple[int, int]]], upside_down: int, left_right: int
) -> list[list[int]]:
    """The colour at the mirrored place within the rectangle around a cell's part; -1 outside rectangles."""
    out = [[-1] * len(grid[0]) for row in grid]
    for part in parts:
        top, left, bottom, right = box(part)
        for r in range(top, bottom + 1):
            for c in range(left, right + 1):
                y = top + bottom - r if upside_down else r
                x = left + right - c if left_right else c
                out[r][c] = grid[y][x]
    return out


def enclosed(grid: list[list[int]], background: int, diagonal: int) -> list[list[int]]:
    """1 on background that cannot reach the border through background (by sides, or also corners), else 0."""
    parts = connected_parts(grid, background, 5 if diagonal else 4)
    inside = paint(grid, parts, [1 - flag for flag in at_border(grid, parts)])
    return [[1 if value == 1 else 0 for value in row] for row in inside]


def walled_in(grid: list[list[int]], colour: int) -> list[list[int]]:
    """1 on cells of other colours that cannot reach the border by sides without crossing the colour, else 0."""
    other = [[0 if value == colour else 1 for value in row] for row in grid]
    parts = connected_parts(other, 0, 0)
    inside = paint(grid, parts, [1 - flag for flag in at_border(grid, parts)])
    return [[1 if value == 1 else 0 for value in row] for row in inside]


def part_colour(grid: list[list[int]], parts: list[list[tuple[int, int]]], numbers: list[int]) -> int:
    """The most common colour of the one part flagged 1; -1 unless exactly one part is flagged."""
    chosen = [part for part, number in zip(parts, numbers) if number == 1]
    if len(chosen) != 1:
        return -1
    return colours_of(grid, chosen, 0)[0]
