"""Grids as text, to paste elsewhere."""

from collections.abc import Mapping

from trajectories.core.identity import canonical_json
from trajectories.core.problems.arc import render_grid
from trajectories.core.problems.grids import Grid, grid_to_lists


def as_json(grid: Grid) -> str:
    """Nested lists."""
    return canonical_json(grid_to_lists(grid))


def as_digits(grid: Grid) -> str:
    """One line of digits per row."""
    return "\n".join("".join(map(str, row)) for row in grid)


def as_numpy(grid: Grid) -> str:
    """A NumPy literal of 8-bit integers."""
    rows = ",\n          ".join(f"[{', '.join(map(str, row))}]" for row in grid)
    return f"np.array([{rows}], dtype=np.int8)"


def grid_texts(grid: Grid) -> Mapping[str, str]:
    """All forms by the title a person picks them by."""
    return {
        "JSON": as_json(grid),
        "Digits": as_digits(grid),
        "NumPy": as_numpy(grid),
        "As in a prompt": render_grid(grid),
    }
