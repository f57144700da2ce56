"""What can be noticed about the pairs of a task: true, computed facts, as the first steps of a trace."""

from collections.abc import Sequence

from trajectories.core.problems.arc import ArcTask
from trajectories.core.problems.grids import Grid, grid_shape
from trajectories.core.records import Step, StepKind
from trajectories.core.samplers.symbolic.frames import count_colours
from trajectories.core.samplers.symbolic.object.segment import find_objects
from trajectories.core.samplers.symbolic.operation import to_rows

Pairs = Sequence[tuple[Grid, Grid]]


def observe(task: ArcTask, view: str) -> tuple[Step, ...]:
    """Steps on sizes and colours, then on what the view looks at: symmetry, objects or single cells."""
    pairs = [(pair.input, pair.output) for pair in task.train if pair.output is not None]
    tests = [pair.input for pair in task.test]
    special = {"grid": _symmetry, "object": _objects, "pixel": _changes}[view]
    found = [
        ("Sizes", _sizes(pairs)), ("Colours", _colours(pairs, tests)), (_SPECIAL_TITLES[view], special(pairs)),
    ]  # fmt: skip
    return tuple(Step(StepKind.OBSERVATION, title, " ".join(lines)) for title, lines in found if lines)


_SPECIAL_TITLES = {"grid": "Symmetry and parts", "object": "Objects", "pixel": "Changed cells"}


def _show(grid: Grid) -> str:
    height, width = grid_shape(grid)
    return f"{height}×{width}"


def _sizes(pairs: Pairs) -> list[str]:
    shapes = [(grid_shape(a), grid_shape(b)) for a, b in pairs]
    if all(a == b for a, b in shapes):
        sizes = sorted({_show(a) for a, _ in pairs})
        return [f"Every output has the size of its input ({', '.join(sizes)})."]
    listed = "; ".join(f"pair {n}: {_show(a)} to {_show(b)}" for n, (a, b) in enumerate(pairs, 1))
    lines = [f"The size changes ({listed})."]
    ratios = {(b[0] / a[0], b[1] / a[1]) for a, b in shapes}
    outputs = {b for _, b in shapes}
    if len(ratios) == 1:
        down, across = ratios.pop()
        lines.append(f"Heights change by the factor {down:g} and widths by {across:g} in every pair.")
    elif len(outputs) == 1:
        lines.append(f"Every output is {_show(pairs[0][1])}, whatever the input's size.")
    elif all(b[0] <= a[0] and b[1] <= a[1] for a, b in shapes):
        lines.append("No output is larger than its input, so a part of the input may be cut out.")
    return lines


def _set(grid: Grid) -> set[int]:
    return {cell for row in grid for cell in row}


def _join(colours: set[int]) -> str:
    return ", ".join(map(str, sorted(colours)))


def _colours(pairs: Pairs, tests: Sequence[Grid]) -> list[str]:
    before, after = [_set(a) for a, _ in pairs], [_set(b) for _, b in pairs]
    lines = []
    shared = set.intersection(*before)
    if shared:
        lines.append(f"Every input contains colour{'s' if len(shared) > 1 else ''} {_join(shared)}.")
    new = set.intersection(*(b - a for a, b in zip(before, after)))
    if new:
        lines.append(f"Every output adds colour{'s' if len(new) > 1 else ''} {_join(new)}, absent from its input.")
    lost = set.intersection(*(a - b for a, b in zip(before, after)))
    if lost:
        lines.append(f"Colour{'s' if len(lost) > 1 else ''} {_join(lost)} never survive{'' if len(lost) > 1 else 's'}.")
    if all(b <= a for a, b in zip(before, after)):
        lines.append("No output has a colour that its input lacks.")
    backgrounds = {count_colours(to_rows(a))[0] for a, _ in pairs}
    if len(backgrounds) == 1:
        lines.append(f"The most frequent input colour is always {backgrounds.pop()}.")
    unseen = {cell for grid in tests for cell in _set(grid)} - {cell for colours in before for cell in colours}
    if unseen:
        lines.append(f"The test has colour{'s' if len(unseen) > 1 else ''} {_join(unseen)} that no training input has.")
    return lines


def _symmetric(grid: Grid) -> set[str]:
    found = set()
    if all(row == row[::-1] for row in grid):
        found.add("left-right symmetric")
    if grid == grid[::-1]:
        found.add("top-bottom symmetric")
    if grid == tuple(zip(*grid)):
        found.add("symmetric in the main diagonal")
    return found


def _symmetry(pairs: Pairs) -> list[str]:
    inputs = set.intersection(*(_symmetric(a) for a, _ in pairs))
    outputs = set.intersection(*(_symmetric(b) for _, b in pairs))
    lines = []
    if inputs:
        lines.append(f"All inputs are {' and '.join(sorted(inputs))}.")
    if outputs:
        lines.append(f"All outputs are {' and '.join(sorted(outputs))}.")
    if outputs - inputs:
        lines.append("The outputs are more regular than the inputs, so something may be mirrored or completed.")
    parts = sum(_contains(a, b) for a, b in pairs)
    if parts and any(grid_shape(a) != grid_shape(b) for a, b in pairs):
        lines.append(f"In {parts} of {len(pairs)} pairs the output appears unchanged inside the input.")
    return lines or ["Neither all inputs nor all outputs share a mirror axis."]


def _contains(large: Grid, small: Grid) -> bool:
    (height, width), (rows, columns) = grid_shape(large), grid_shape(small)
    return any(
        all(large[i + k][j : j + columns] == small[k] for k in range(rows))
        for i in range(height - rows + 1)
        for j in range(width - columns + 1)
    )


def _count(grid: Grid) -> int | None:
    pieces = find_objects(to_rows(grid), True, True)
    return len(pieces) if pieces else None


def _objects(pairs: Pairs) -> list[str]:
    counts = [(_count(a), _count(b)) for a, b in pairs]
    listed = "; ".join(
        f"pair {n}: {'many' if a is None else a} to {'many' if b is None else b}" for n, (a, b) in enumerate(counts, 1)
    )
    lines = [f"Connected objects that are not 0, corners touching, from input to output ({listed})."]
    if all(b == 1 for _, b in counts):
        lines.append("Every output holds exactly one object.")
    elif all(a == b for a, b in counts):
        lines.append("The number of objects stays the same.")
    elif all(a is not None and b is not None and b < a for a, b in counts):
        lines.append("Objects disappear or merge in every pair.")
    return lines


def _changes(pairs: Pairs) -> list[str]:
    if any(grid_shape(a) != grid_shape(b) for a, b in pairs):
        return ["Inputs and outputs differ in size, so cells have to be read through a change of coordinates."]
    changed: list[set[tuple[int, int]]] = [
        {(x, y) for upper, lower in zip(a, b) for x, y in zip(upper, lower) if x != y} for a, b in pairs
    ]
    counts = [sum(x != y for upper, lower in zip(a, b) for x, y in zip(upper, lower)) for a, b in pairs]
    lines = [f"Cells that change: {', '.join(f'{n} in pair {i}' for i, n in enumerate(counts, 1))}."]
    kinds = set.union(*changed)
    if 0 < len(kinds) <= 4:
        lines.append("The only changes are " + ", ".join(f"{a} to {b}" for a, b in sorted(kinds)) + ".")
    return lines
