"""What a task looks like, in numbers: the training pairs and the test inputs, never a test output.

Each feature is the share of the pairs (or of the inputs, or of the outputs) for which a statement holds, and for the
statements that matter most also whether it holds for all of them.
"""

from collections.abc import Callable, Sequence

from trajectories.core.problems.arc import ArcTask
from trajectories.core.problems.grids import Grid
from trajectories.core.samplers.symbolic.frames import count_colours, lattice
from trajectories.core.samplers.symbolic.object.segment import find_objects
from trajectories.core.samplers.symbolic.operation import to_rows

Statement = Callable[[Grid, Grid], bool]
VERSION = 1
"""Raised when the same task gets other features: what was learnt by others is then no longer read."""


def _shape(grid: Grid) -> tuple[int, int]:
    return len(grid), len(grid[0])


def _colours(grid: Grid) -> set[int]:
    return {cell for row in grid for cell in row}


def _filled(grid: Grid) -> set[int]:
    return _colours(grid) - {0}


def _same_size(a: Grid, b: Grid) -> bool:
    return _shape(a) == _shape(b)


def _smaller(a: Grid, b: Grid) -> bool:
    return len(b) <= len(a) and len(b[0]) <= len(a[0]) and _shape(a) != _shape(b)


def _larger(a: Grid, b: Grid) -> bool:
    return len(b) >= len(a) and len(b[0]) >= len(a[0]) and _shape(a) != _shape(b)


def _multiple(a: Grid, b: Grid) -> bool:
    return _larger(a, b) and len(b) % len(a) == 0 and len(b[0]) % len(a[0]) == 0


def _divisor(a: Grid, b: Grid) -> bool:
    return _smaller(a, b) and len(a) % len(b) == 0 and len(a[0]) % len(b[0]) == 0


def _half(a: Grid, b: Grid) -> bool:
    """The output is half of the input, perhaps but for a line between the halves."""
    (height, width), (rows, columns) = _shape(a), _shape(b)
    return (rows == height and columns * 2 in (width, width - 1)) or (
        columns == width and rows * 2 in (height, height - 1)
    )


def _changes(a: Grid, b: Grid) -> set[tuple[int, int]]:
    return {(x, y) for upper, lower in zip(a, b) for x, y in zip(upper, lower) if x != y} if _same_size(a, b) else set()


def _changed_share(a: Grid, b: Grid) -> float:
    if not _same_size(a, b):
        return 1.0
    wrong = sum(x != y for upper, lower in zip(a, b) for x, y in zip(upper, lower))
    return wrong / (len(a) * len(a[0]))


def _inside(small: Grid, large: Grid) -> bool:
    (height, width), (rows, columns) = _shape(large), _shape(small)
    return any(
        all(large[i + k][j : j + columns] == small[k] for k in range(rows))
        for i in range(height - rows + 1)
        for j in range(width - columns + 1)
    )


def _recoloured(a: Grid, b: Grid) -> bool:
    """Every colour becomes one colour, wherever it is."""
    pairs = {(x, y) for upper, lower in zip(a, b) for x, y in zip(upper, lower)}
    return _same_size(a, b) and len(pairs) == len({x for x, _ in pairs}) and bool(_changes(a, b))


def _mirrored(grid: Grid) -> bool:
    return grid == grid[::-1] or all(row == row[::-1] for row in grid)


def _objects(grid: Grid) -> int:
    return len(find_objects(to_rows(grid), True, True) or ())


PAIRS: dict[str, Statement] = {
    "same size": _same_size,
    "output smaller": _smaller,
    "output larger": _larger,
    "output a multiple": _multiple,
    "output a divisor": _divisor,
    "output a half": _half,
    "output one cell": lambda _, b: _shape(b) == (1, 1),
    "output one line": lambda _, b: 1 in _shape(b) and _shape(b) != (1, 1),
    "output square": lambda _, b: len(b) == len(b[0]),
    "height kept": lambda a, b: len(a) == len(b),
    "width kept": lambda a, b: len(a[0]) == len(b[0]),
    "sides exchanged": lambda a, b: _shape(a) == _shape(b)[::-1] and len(a) != len(a[0]),
    "output in the input": lambda a, b: _smaller(a, b) and _inside(b, a),
    "input in the output": lambda a, b: _larger(a, b) and _inside(a, b),
    "few cells change": lambda a, b: 0 < _changed_share(a, b) <= 0.1,
    "some cells change": lambda a, b: 0.1 < _changed_share(a, b) <= 0.4,
    "most cells change": lambda a, b: _same_size(a, b) and _changed_share(a, b) > 0.4,
    "only empty cells change": lambda a, b: {x for x, _ in _changes(a, b)} == {0},
    "only to empty": lambda a, b: {y for _, y in _changes(a, b)} == {0},
    "one change of colour": lambda a, b: len(_changes(a, b)) == 1,
    "recoloured": _recoloured,
    "same colours": lambda a, b: _colours(a) == _colours(b),
    "no new colour": lambda a, b: _colours(b) <= _colours(a),
    "a new colour": lambda a, b: bool(_colours(b) - _colours(a)),
    "one colour left": lambda _, b: len(_filled(b)) == 1,
    "two colours left": lambda _, b: len(_filled(b)) == 2,
    "as many filled cells": lambda a, b: sum(map(bool, sum(a, ()))) == sum(map(bool, sum(b, ()))),
    "as many objects": lambda a, b: _objects(a) == _objects(b),
    "fewer objects": lambda a, b: _objects(a) > _objects(b) > 0,
    "one object left": lambda _, b: _objects(b) == 1,
    "output mirrored": lambda _, b: _mirrored(b),
    "output more regular": lambda a, b: _mirrored(b) and not _mirrored(a),
    "output turned over": lambda a, b: _mirrored(a) and not _mirrored(b),
}
"""Of a training pair."""

INPUTS: dict[str, Callable[[Grid], bool]] = {
    "input small": lambda a: len(a) * len(a[0]) <= 36,
    "input large": lambda a: len(a) * len(a[0]) > 200,
    "input square": lambda a: len(a) == len(a[0]),
    "input one filled colour": lambda a: len(_filled(a)) == 1,
    "input two filled colours": lambda a: len(_filled(a)) == 2,
    "input many colours": lambda a: len(_filled(a)) > 4,
    "input without empty": lambda a: 0 not in _colours(a),
    "input empty background": lambda a: count_colours(to_rows(a))[0] == 0,
    "input mostly empty": lambda a: sum(map(bool, sum(a, ()))) * 4 < len(a) * len(a[0]),
    "input mirrored": _mirrored,
    "input one object": lambda a: _objects(a) == 1,
    "input few objects": lambda a: 1 < _objects(a) <= 4,
    "input many objects": lambda a: _objects(a) > 8,
    "input lattice": lambda a: lattice(to_rows(a)) is not None,
    "input divided by a row": lambda a: any(len(set(row)) == 1 and row[0] for row in a[1:-1]),
    "input divided by a column": lambda a: any(len(set(row)) == 1 and row[0] for row in tuple(zip(*a))[1:-1]),
}
"""Of an input, those of tests too."""

TASK = ("one output size", "one ratio of sizes", "one input size", "outputs recur", "two pairs", "many pairs")
NAMES: tuple[str, ...] = (
    *PAIRS, *(f"all: {name}" for name in PAIRS), *INPUTS, *(f"all: {name}" for name in INPUTS), *TASK,
)  # fmt: skip
"""The features in the order of what `task_features` gives."""


def task_features(task: ArcTask) -> tuple[float, ...]:
    """The features of a task in the order of NAMES, each in [0, 1]."""
    pairs = [(pair.input, pair.output) for pair in task.train if pair.output is not None]
    inputs = [pair.input for pair in (*task.train, *task.test)]
    of_pairs = [[statement(a, b) for a, b in pairs] for statement in PAIRS.values()]
    of_inputs = [[statement(a) for a in inputs] for statement in INPUTS.values()]
    sizes = {_shape(b) for _, b in pairs}
    whole = (
        len(sizes) == 1,
        len({(len(b) / len(a), len(b[0]) / len(a[0])) for a, b in pairs}) == 1,
        len({_shape(a) for a in inputs}) == 1,
        len({b for _, b in pairs}) < len(pairs),
        len(pairs) <= 2,
        len(pairs) > 4,
    )
    return (
        *map(_share, of_pairs), *map(_all, of_pairs), *map(_share, of_inputs), *map(_all, of_inputs),
        *map(float, whole),
    )  # fmt: skip


def _share(held: Sequence[bool]) -> float:
    return sum(held) / len(held) if held else 0.0


def _all(held: Sequence[bool]) -> float:
    return float(bool(held) and all(held))
