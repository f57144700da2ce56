"""Frames: a change of the grid before a program and back after it: of colours that vary, or of scale in a lattice."""

from collections.abc import Callable
from dataclasses import dataclass

from trajectories.core.samplers.symbolic.grid.sections import cut_at_lines
from trajectories.core.samplers.symbolic.values import Piece, Rows


def count_colours(grid: Rows) -> list[int]:
    """All colours of a grid, empty included, from most to least frequent; ties by colour."""
    counts: dict[int, int] = {}
    for row in grid:
        for cell in row:
            counts[cell] = counts.get(cell, 0) + 1
    return sorted(counts, key=lambda colour: (-counts[colour], colour))


def swap_background(grid: Rows, original: Rows) -> Rows:
    """Exchange colour 0 and the most frequent colour of the input, so that the background is 0."""
    background = count_colours(original)[0]
    table = {0: background, background: 0}
    return [[table.get(cell, cell) for cell in row] for row in grid]


def rank_colours(grid: Rows, original: Rows) -> Rows:
    """Rename colours by how frequent they are in the input: 0 the most frequent, 1 the next, absent ones last."""
    order = count_colours(original)
    order += [colour for colour in range(10) if colour not in order]
    return [[order.index(cell) for cell in row] for row in grid]


def unrank_colours(grid: Rows, original: Rows) -> Rows:
    """Undo the renaming by frequency in the input."""
    order = count_colours(original)
    order += [colour for colour in range(10) if colour not in order]
    return [[order[cell] for cell in row] for row in grid]


def rank_shapes(grid: Rows, original: Rows) -> Rows:
    """Rename the colours other than 0 by how frequent they are in the input: 1 the most frequent, absent ones last."""
    order = [0] + [colour for colour in count_colours(original) if colour]
    order += [colour for colour in range(10) if colour not in order]
    return [[order.index(cell) for cell in row] for row in grid]


def unrank_shapes(grid: Rows, original: Rows) -> Rows:
    """Undo the renaming of the colours other than 0."""
    order = [0] + [colour for colour in count_colours(original) if colour]
    order += [colour for colour in range(10) if colour not in order]
    return [[order[cell] for cell in row] for row in grid]


def lattice(original: Rows) -> list[Piece] | None:
    """The sections of a grid that is divided by lines into at least two rows and two columns of sections."""
    pieces = cut_at_lines(original) or []
    tops, lefts = {piece[0] for piece in pieces}, {piece[1] for piece in pieces}
    return pieces if len(tops) > 1 and len(lefts) > 1 else None


def shrink_lattice(grid: Rows, original: Rows) -> Rows | None:
    """Write each section of the input's lattice as one cell; None where a section has several colours."""
    pieces = lattice(original)
    if pieces is None or len(grid) != len(original) or len(grid[0]) != len(original[0]):
        return None
    rows: dict[int, list[int]] = {}
    for top, left, section in pieces:
        colours = {cell for row in grid[top : top + len(section)] for cell in row[left : left + len(section[0])]}
        if len(colours) != 1:
            return None
        rows.setdefault(top, []).append(colours.pop())
    return list(rows.values())


def fill_lattice(grid: Rows, original: Rows) -> Rows | None:
    """Fill each section of the input's lattice with the colour of its cell."""
    pieces = lattice(original) or []
    tops, lefts = sorted({piece[0] for piece in pieces}), sorted({piece[1] for piece in pieces})
    if len(grid) != len(tops) or len(grid[0]) != len(lefts):
        return None
    result = [row[:] for row in original]
    for top, left, section in pieces:
        colour = grid[tops.index(top)][lefts.index(left)]
        for i in range(top, top + len(section)):
            result[i][left : left + len(section[0])] = [colour] * len(section[0])
    return result


@dataclass(frozen=True, slots=True)
class Frame:
    """How a grid is changed on entering and changed back on leaving; both see the input as given."""

    enter: Callable[[Rows, Rows], Rows | None]
    leave: Callable[[Rows, Rows], Rows | None]
    enter_title: str
    leave_title: str
    cost: float


BACKGROUND = Frame(
    swap_background, swap_background, "Make the most frequent colour the background", "Put the background back", 0.5
)
RANKED = Frame(
    rank_colours, unrank_colours, "Rename colours by how frequent they are", "Put the colours' names back", 1.0
)
SHAPES_RANKED = Frame(
    rank_shapes, unrank_shapes, "Rename the colours other than 0 by how frequent they are",
    "Put the colours' names back", 0.8,
)  # fmt: skip


LATTICE = Frame(
    shrink_lattice, fill_lattice, "Write each section of the lattice as one cell", "Fill the lattice's sections", 0.5
)


def choose_frames(inputs: list[Rows], outputs: list[Rows]) -> list[Frame | None]:
    """The frames worth trying for these inputs, most promising first; None is the grid as it is."""
    backgrounds = [count_colours(rows)[0] for rows in inputs]
    tables = [tuple(count_colours(rows)) for rows in inputs]
    frames: list[Frame | None] = [None]
    if any(backgrounds):
        frames.insert(0 if all(backgrounds) else 1, BACKGROUND)
    without_zero = {tuple(c for c in table if c) for table in tables}
    if len(without_zero) > 1:
        frames.append(RANKED if any(backgrounds) else SHAPES_RANKED)
    framed = [shrink_lattice(rows, given) for rows, given in zip(outputs, inputs)]
    framed += [shrink_lattice(rows, rows) for rows in inputs]
    return [LATTICE, *frames[:2]] if all(framed) else frames
