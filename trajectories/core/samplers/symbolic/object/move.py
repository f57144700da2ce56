"""Moving objects."""

from trajectories.core.samplers.symbolic.object.properties import cell_count
from trajectories.core.samplers.symbolic.values import Piece, Property, Rows


def cells_of(piece: Piece) -> list[tuple[int, int]]:
    """The places of the non-empty cells."""
    top, left, rows = piece
    return [(top + i, left + j) for i, row in enumerate(rows) for j, cell in enumerate(row) if cell]


def slide(piece: Piece, down: int, right: int, blocked: set[tuple[int, int]], size: tuple[int, int]) -> Piece:
    """Slide one object until the next step would hit a blocked cell or leave the grid."""
    top, left, rows = piece
    cells = cells_of(piece)
    steps = 0
    while steps < 30:
        ahead = [(i + down * (steps + 1), j + right * (steps + 1)) for i, j in cells]
        if any(not (0 <= i < size[0] and 0 <= j < size[1]) or (i, j) in blocked for i, j in ahead):
            break
        steps += 1
    return top + down * steps, left + right * steps, rows


def fall(pieces: list[Piece], original: Rows, down: int, right: int) -> list[Piece] | None:
    """Let every object slide in one direction until it meets another object or the edge."""
    size = (len(original), len(original[0]))
    order = sorted(
        pieces, key=lambda p: -(down * (p[0] + (down > 0) * len(p[2])) + right * (p[1] + (right > 0) * len(p[2][0])))
    )
    blocked: set[tuple[int, int]] = set()
    result = []
    for piece in order:
        moved = slide(piece, down, right, blocked, size)
        blocked.update(cells_of(moved))
        result.append(moved)
    return result


def gap_direction(piece: Piece, anchor: Piece) -> tuple[int, int]:
    """The direction (down, right) from one object to another: straight where they overlap, else slanted."""
    (top, left, rows), (a, b, other) = piece, anchor
    bottom, right = top + len(rows), left + len(rows[0])
    return (
        1 if bottom <= a else -1 if a + len(other) <= top else 0,
        1 if right <= b else -1 if b + len(other[0]) <= left else 0,
    )


def attract(pieces: list[Piece], measure: Property) -> list[Piece] | None:
    """Slide every object towards the one with the highest measure, slanted then straight, until they touch."""
    if len(pieces) < 2:
        return None
    anchor = max(pieces, key=measure)
    blocked = set(cells_of(anchor))
    result = [anchor]
    for piece in pieces:
        if piece is not anchor:
            moved = piece
            for _ in range(30):
                down, right = gap_direction(moved, anchor)
                ahead = {(i + down, j + right) for i, j in cells_of(moved)}
                if (down, right) == (0, 0) or ahead & blocked:
                    break
                moved = (moved[0] + down, moved[1] + right, moved[2])
            result.append(moved)
    return result


def move_each(pieces: list[Piece], down: int, right: int) -> list[Piece]:
    """Move every object by the same distance."""
    return [(top + down, left + right, rows) for top, left, rows in pieces]


def step_by_size(pieces: list[Piece], down: int, right: int) -> list[Piece]:
    """Move every object by its own height or width in one direction."""
    return [(top + down * len(rows), left + right * len(rows[0]), rows) for top, left, rows in pieces]


def repeat_to_edge(pieces: list[Piece], original: Rows, down: int, right: int, gap: int) -> list[Piece]:
    """Repeat every object in one direction, each copy its own size and a gap further, up to the edge."""
    height, width = len(original), len(original[0])
    result = []
    for top, left, rows in pieces:
        i, j = top, left
        while -len(rows) < i < height and -len(rows[0]) < j < width:
            result.append((i, j, rows))
            i, j = i + down * (len(rows) + gap), j + right * (len(rows[0]) + gap)
    return result


def largest_first(pieces: list[Piece]) -> list[Piece]:
    """Order the objects from the largest to the smallest."""
    return sorted(pieces, key=lambda piece: -cell_count(piece))
