"""What small change would make a wrong grid right. A near miss is never a pass; it is evidence for the curator."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from operator import ne

from trajectories.core.problems.grids import Grid, grid_shape

FEW_CELLS_SHARE = 0.1
"""At most this share of wrong cells counts as few."""

CROP_LEAST_SHARE = 0.5
"""A crop explains a wrong shape only where at least this share of the larger grid is kept."""


@dataclass(frozen=True, slots=True)
class NearMiss:
    """One explanation. `kind` is one of shape, offset, symmetry, colours, cells; `text` completes "right ..."."""

    kind: str
    text: str


@lru_cache(maxsize=512)
def explain_near_miss(predicted: Grid, expected: Grid) -> NearMiss | None:
    """The first explanation that holds, the most telling first; None where none does or the grid is right.

    Samples of one problem often go wrong in the same way, and looking for an explanation takes longer than comparing.
    """
    if predicted == expected:
        return None
    explanations: tuple[Callable[[Grid, Grid], NearMiss | None], ...] = (
        _symmetry,
        _colour_permutation,
        _offset,
        _shape_only,
        _few_cells,
    )
    return next((found for explain in explanations if (found := explain(predicted, expected)) is not None), None)


def count_wrong_cells(predicted: Grid, expected: Grid) -> int:
    """Cells that differ between two grids of one shape."""
    wrong = 0
    for found, wanted in zip(predicted, expected, strict=True):
        if found != wanted:  # most rows of a near miss are right
            wrong += sum(map(ne, found, wanted))
    return wrong


def _transpose(grid: Grid) -> Grid:
    return tuple(zip(*grid, strict=True))


def _flip_rows(grid: Grid) -> Grid:
    return grid[::-1]


def _flip_columns(grid: Grid) -> Grid:
    return tuple(row[::-1] for row in grid)


_SYMMETRIES: tuple[tuple[str, Callable[[Grid], Grid]], ...] = (
    ("mirroring left to right", _flip_columns),
    ("mirroring top to bottom", _flip_rows),
    ("turning by 180 degrees", lambda grid: _flip_rows(_flip_columns(grid))),
    ("turning by 90 degrees clockwise", lambda grid: _transpose(_flip_rows(grid))),
    ("turning by 90 degrees anticlockwise", lambda grid: _flip_rows(_transpose(grid))),
    ("mirroring along the main diagonal", _transpose),
    ("mirroring along the other diagonal", lambda grid: _flip_rows(_transpose(_flip_rows(grid)))),
)


def _colour_counts(grid: Grid) -> dict[int, int]:
    return Counter(chain.from_iterable(grid))


def _symmetry(predicted: Grid, expected: Grid) -> NearMiss | None:
    if _colour_counts(predicted) != _colour_counts(expected):
        return None  # no turn or mirror changes how many cells have a colour
    for text, change in _SYMMETRIES:
        if change(predicted) == expected:
            return NearMiss("symmetry", f"right after {text}")
    return None


def _colour_permutation(predicted: Grid, expected: Grid) -> NearMiss | None:
    if grid_shape(predicted) != grid_shape(expected):
        return None
    mapping: dict[int, int] = {}
    for found_row, wanted_row in zip(predicted, expected, strict=True):
        for found, wanted in zip(found_row, wanted_row, strict=True):
            if mapping.setdefault(found, wanted) != wanted:
                return None
    if len(set(mapping.values())) != len(mapping):
        return None
    changes = sorted((found, wanted) for found, wanted in mapping.items() if found != wanted)
    if len(changes) == 2 and changes[0] == changes[1][::-1]:
        return NearMiss("colours", f"right after swapping {changes[0][0]} and {changes[0][1]}")
    listed = ", ".join(f"{found} to {wanted}" for found, wanted in changes)
    return NearMiss("colours", f"right after changing {listed}")


def _offset(predicted: Grid, expected: Grid) -> NearMiss | None:
    """The same picture on the same background, moved; the background is the expected grid's commonest colour."""
    if grid_shape(predicted) != grid_shape(expected):
        return None
    cells = [cell for row in expected for cell in row]
    background = max(sorted(set(cells)), key=cells.count)
    found, wanted = _picture(predicted, background), _picture(expected, background)
    if found is None or wanted is None or found[2] != wanted[2]:
        return None
    moves = [
        f"{abs(distance)} {forward if distance > 0 else backward}"
        for distance, forward, backward in (
            (wanted[0] - found[0], "down", "up"),
            (wanted[1] - found[1], "right", "left"),
        )
        if distance
    ]
    return NearMiss("offset", f"right after moving {' and '.join(moves)}")


def _picture(grid: Grid, background: int) -> tuple[int, int, Grid] | None:
    """(top, left, content) of the box around everything that is not background."""
    rows = [index for index, row in enumerate(grid) if row.count(background) != len(row)]
    columns = [index for index, column in enumerate(_transpose(grid)) if column.count(background) != len(column)]
    if not rows:
        return None
    content = tuple(row[columns[0] : columns[-1] + 1] for row in grid[rows[0] : rows[-1] + 1])
    return rows[0], columns[0], content


def _shape_only(predicted: Grid, expected: Grid) -> NearMiss | None:
    """All cells in reading order but other rows, or one grid cut out of the other."""
    if grid_shape(predicted) == grid_shape(expected):
        return None
    if [cell for row in predicted for cell in row] == [cell for row in expected for cell in row]:
        return NearMiss("shape", f"right after laying the cells out in rows of {len(expected[0])}")
    if (place := _find(expected, predicted)) is not None:
        return NearMiss("shape", f"right after cropping {_margins(place, predicted, expected)}")
    if (place := _find(predicted, expected)) is not None:
        return NearMiss("shape", f"right but for what is missing: {_margins(place, expected, predicted)}")
    return None


def _find(part: Grid, whole: Grid) -> tuple[int, int] | None:
    """(row, column) where `part` lies in `whole`, if it covers enough of it to explain anything."""
    (rows, columns), (all_rows, all_columns) = grid_shape(part), grid_shape(whole)
    if rows > all_rows or columns > all_columns or rows * columns < CROP_LEAST_SHARE * all_rows * all_columns:
        return None
    for top in range(all_rows - rows + 1):
        for left in range(all_columns - columns + 1):
            if all(whole[top + index][left : left + columns] == row for index, row in enumerate(part)):
                return top, left
    return None


def _margins(place: tuple[int, int], whole: Grid, part: Grid) -> str:
    (top, left), (all_rows, all_columns), (rows, columns) = place, grid_shape(whole), grid_shape(part)
    sides = (
        (top, "row", "top"),
        (all_rows - rows - top, "row", "bottom"),
        (left, "column", "left"),
        (all_columns - columns - left, "column", "right"),
    )
    return ", ".join(f"{count} {unit}{'' if count == 1 else 's'} at the {side}" for count, unit, side in sides if count)


def _few_cells(predicted: Grid, expected: Grid) -> NearMiss | None:
    if grid_shape(predicted) != grid_shape(expected):
        return None
    wrong = count_wrong_cells(predicted, expected)
    total = len(expected) * len(expected[0])
    if wrong > max(1, int(total * FEW_CELLS_SHARE)) or wrong == total:
        return None
    return NearMiss("cells", f"right but for {wrong} of {total} cells")
