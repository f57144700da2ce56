"""Properties by which objects are compared. Each takes a piece and returns a number or another comparable value."""

from trajectories.core.samplers.symbolic.grid.colour import colours_by_count
from trajectories.core.samplers.symbolic.grid.shapes import mark_holes, reach_from_edge
from trajectories.core.samplers.symbolic.object.segment import find_objects
from trajectories.core.samplers.symbolic.values import Piece


def cell_count(piece: Piece) -> int:
    """The number of non-empty cells."""
    return sum(1 for row in piece[2] for cell in row if cell)


def box_area(piece: Piece) -> int:
    """The area of the bounding box."""
    return len(piece[2]) * len(piece[2][0])


def height_of(piece: Piece) -> int:
    """The height."""
    return len(piece[2])


def width_of(piece: Piece) -> int:
    """The width."""
    return len(piece[2][0])


def top_of(piece: Piece) -> int:
    """The row of the top edge."""
    return piece[0]


def left_of(piece: Piece) -> int:
    """The column of the left edge."""
    return piece[1]


def colour_count(piece: Piece) -> int:
    """The number of different non-empty colours."""
    return len({cell for row in piece[2] for cell in row if cell})


def main_colour(piece: Piece) -> int:
    """The most frequent non-empty colour, 0 without any."""
    colours = colours_by_count(piece[2])
    return colours[0] if colours else 0


def rare_colour(piece: Piece) -> int:
    """The least frequent non-empty colour, 0 without any."""
    colours = colours_by_count(piece[2])
    return colours[-1] if colours else 0


def rare_cells(piece: Piece) -> int:
    """The number of cells that do not have the most frequent non-empty colour."""
    main = main_colour(piece)
    return sum(1 for row in piece[2] for cell in row if cell and cell != main)


def empty_cells(piece: Piece) -> int:
    """The number of empty cells in the bounding box."""
    return sum(row.count(0) for row in piece[2])


def hole_cells(piece: Piece) -> int:
    """The number of enclosed empty cells."""
    return sum(row.count(0) for row in piece[2]) - len(reach_from_edge(piece[2], False))


def hole_count(piece: Piece) -> int:
    """The number of separate enclosed regions."""
    return len(find_objects(mark_holes(piece[2]), False, False) or [])


def has_hole(piece: Piece) -> bool:
    """Whether it encloses empty cells."""
    return hole_cells(piece) > 0


def is_full(piece: Piece) -> bool:
    """Whether it fills its bounding box."""
    return all(cell for row in piece[2] for cell in row)


def is_square(piece: Piece) -> bool:
    """Whether its bounding box is a square."""
    return len(piece[2]) == len(piece[2][0])


def is_full_square(piece: Piece) -> bool:
    """Whether it is a filled square."""
    return len(piece[2]) == len(piece[2][0]) and all(cell for row in piece[2] for cell in row)


def is_symmetric(piece: Piece) -> bool:
    """Whether it equals its left-right mirror image."""
    return all(row == row[::-1] for row in piece[2])


def symmetry_count(piece: Piece) -> int:
    """How many of the mirror axes left-right and up-down it has."""
    rows = piece[2]
    return int(all(row == row[::-1] for row in rows)) + int(rows == rows[::-1])


def is_wide(piece: Piece) -> int:
    """Whether it is wider than tall (1), taller than wide (-1) or neither (0)."""
    height, width = len(piece[2]), len(piece[2][0])
    return (width > height) - (width < height)


def shape_of(piece: Piece) -> tuple[tuple[bool, ...], ...]:
    """The shape without its colours."""
    return tuple(tuple(cell > 0 for cell in row) for row in piece[2])


def picture_of(piece: Piece) -> tuple[tuple[int, ...], ...]:
    """The exact picture."""
    return tuple(tuple(row) for row in piece[2])


def turned_shape_of(piece: Piece) -> tuple[tuple[bool, ...], ...]:
    """The shape up to flips and turns."""
    shapes = []
    rows = [[cell > 0 for cell in row] for row in piece[2]]
    for _ in range(4):
        rows = [list(column) for column in zip(*rows[::-1])]
        shapes.append(tuple(tuple(row) for row in rows))
        shapes.append(tuple(tuple(row[::-1]) for row in rows))
    return min(shapes)


def size_of(piece: Piece) -> tuple[int, int]:
    """The height and width."""
    return len(piece[2]), len(piece[2][0])
