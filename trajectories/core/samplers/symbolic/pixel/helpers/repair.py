"""Maps that guess a cell from the pattern of the whole grid: repetition and symmetry."""


def repeating(grid: list[list[int]], hole: int) -> list[list[int]]:
    """What the smallest repeating tile (with no contradiction outside `hole`) says of each cell; -1 if nothing."""
    height, width = len(grid), len(grid[0])
    order = sorted((y * x, y, x) for y in range(1, height + 1) for x in range(1, width + 1) if y * x < height * width)
    for _, down, right in order:
        tile = [[-1] * right for r in range(down)]
        good = True
        for r in range(height):
            line = tile[r % down]
            for c in range(width):
                value = grid[r][c]
                if value != hole:
                    if line[c % right] == -1:
                        line[c % right] = value
                    elif line[c % right] != value:
                        good = False
                        break
            if not good:
                break
        if good:
            return [[tile[r % down][c % right] for c in range(width)] for r in range(height)]
    return [[-1] * width for row in grid]


def best_axis(grid: list[list[int]], hole: int) -> int:
    """Sum of two columns that mirror each other best outside `hole`; -1 if no axis near the middle is without fault."""
    width = len(grid[0])
    best, best_score = -1, 0
    for total in range(width // 2, 2 * width - 1 - width // 2):
        score = 0
        good = True
        for row in grid:
            for c in range(max(0, total - width + 1), (total + 1) // 2):
                a, b = row[c], row[total - c]
                if a != hole and b != hole:
                    if a != b:
                        good = False
                        break
                    score += 1
            if not good:
                break
        if good and score > best_score:
            best, best_score = total, score
    return best


def symmetric_partner(grid: list[list[int]], hole: int) -> list[list[int]]:
    """Holes filled from their mirror images about the grid's own axes; -1 where no image is known."""
    height, width = len(grid), len(grid[0])
    out = [[-1 if value == hole else value for value in row] for row in grid]
    turned_grid = [list(column) for column in zip(*grid)]
    across = best_axis(grid, hole)
    down = best_axis(turned_grid, hole)
    for _ in range(2):
        for r in range(height):
            for c in range(width):
                if out[r][c] >= 0:
                    continue
                images = []
                if across >= 0:
                    images.append((r, across - c))
                if down >= 0:
                    images.append((down - r, c))
                if across >= 0 and down >= 0 and across - down == 0 and height == width:
                    images.append((c, r))
                for y, x in images:
                    if out[r][c] < 0 and 0 <= y < height and 0 <= x < width and out[y][x] >= 0:
                        out[r][c] = out[y][x]
    return out
