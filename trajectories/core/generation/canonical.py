"""One form for all ARC tasks that differ only by symmetry, colours, and the order and role of their pairs."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby, islice, permutations, product
from math import factorial, prod

from trajectories.core.identity import text_hash
from trajectories.core.problems import ProblemError
from trajectories.core.records import JSON

SYMMETRIES = 8
MOST_ORDERS = 720
"""Orders that are tried for pairs that look the same on their own; with more, they keep the order they have."""

_Grid = tuple[bytes, ...]
_Pair = tuple[_Grid, _Grid]
_Form = tuple[tuple[int, ...], bytes]


def canonical_hash(spec: Mapping[str, JSON], reference: JSON) -> str:
    """SHA-256 of the canonical form of a task: equal for its 8 symmetries, any exchange of its 10 colours, any order of
    its pairs, and for pairs moved between training and test.

    A test pair whose output is unknown counts by its input alone. Raises ProblemError where the spec is no ARC task.
    """
    try:
        pairs = _pairs(spec, reference)
    except (KeyError, TypeError, ValueError, IndexError) as fault:
        raise ProblemError("spec", f"found no ARC task ({fault!r}), expected train and test pairs") from fault
    shapes, cells = min(_form(symmetry, pairs) for symmetry in range(SYMMETRIES))
    return text_hash(f"{shapes}:{cells.hex()}")


def _pairs(spec: Mapping[str, JSON], reference: JSON) -> list[_Pair]:
    outputs = list(reference) if isinstance(reference, list | tuple) else []
    pairs = [(_grid(pair["input"]), _grid(pair["output"])) for pair in spec["train"]]
    for place, pair in enumerate(spec["test"]):
        known = place < len(outputs) and outputs[place] is not None
        pairs.append((_grid(pair["input"]), _grid(outputs[place]) if known else ()))
    return pairs


def _grid(rows: JSON) -> _Grid:
    return tuple(bytes(row) for row in rows)


def _form(symmetry: int, pairs: Iterable[_Pair]) -> _Form:
    """The smallest form of a task in one of its symmetries."""
    turned = [(_turn(symmetry, first), _turn(symmetry, second)) for first, second in pairs]
    keyed = sorted(((_recoloured([pair]), pair) for pair in turned), key=lambda entry: entry[0])
    groups = [[pair for _, pair in group] for _, group in groupby(keyed, key=lambda entry: entry[0])]
    return min(_recoloured(order) for order in _orders(groups))


def _orders(groups: Sequence[Sequence[_Pair]]) -> Iterable[list[_Pair]]:
    """The orders of the pairs in which those that differ on their own stand sorted."""
    if prod(factorial(len(group)) for group in groups) > MOST_ORDERS:
        return [[pair for group in groups for pair in group]]
    arranged = product(*(permutations(group) for group in groups))
    return ([pair for group in order for pair in group] for order in islice(arranged, MOST_ORDERS))


def _turn(symmetry: int, grid: _Grid) -> _Grid:
    """Bits: 4 exchanges rows and columns, then 2 reverses the rows, 1 each row."""
    rows: Iterable[bytes] = [bytes(column) for column in zip(*grid, strict=True)] if symmetry & 4 else grid
    rows = list(rows)[::-1] if symmetry & 2 else rows
    return tuple(row[::-1] for row in rows) if symmetry & 1 else tuple(rows)


def _recoloured(pairs: Sequence[_Pair]) -> _Form:
    """Sizes and cells of the pairs, colours numbered in the order in which they appear."""
    grids = [grid for pair in pairs for grid in pair]
    shapes = tuple(side for grid in grids for side in (len(grid), len(grid[0]) if grid else 0))
    cells = b"".join(row for grid in grids for row in grid)
    seen = bytes(dict.fromkeys(cells))
    return shapes, cells.translate(bytes.maketrans(seen, bytes(range(len(seen)))))
