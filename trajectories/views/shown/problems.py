"""What the task of an ARC problem is drawn from."""

from typing import Any

from trajectories.models import Problem


def grid_size(problem: Problem) -> int:
    """Longest side in pixels for the grids of a task: large ones need more for their cells to be told apart."""
    pairs = [*problem.spec["train"], *problem.spec["test"]]
    grids = [pair[key] for pair in pairs for key in ("input", "output") if key in pair]
    cells = max(max(len(grid), len(grid[0])) for grid in grids)
    return 120 if cells <= 12 else 192 if cells <= 20 else 210


def show_tests(problem: Problem) -> list[dict[str, Any]]:
    """Each test input with its expected output, None where it is not known."""
    reference = problem.reference or []
    return [
        {"input": pair["input"], "expected": reference[place] if place < len(reference) else None}
        for place, pair in enumerate(problem.spec["test"])
    ]
