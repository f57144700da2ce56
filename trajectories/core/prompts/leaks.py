"""Whether a reference answer has got into a prompt. None is known where prompts are made; what a person writes into a
template may still hold one.
"""

from collections.abc import Sequence

from trajectories.core.problems.arc import task_of
from trajectories.core.problems.kinds import is_grids
from trajectories.core.prompts.base import Message
from trajectories.core.prompts.grid_answers import Rows, find_grids
from trajectories.core.prompts.pictures import write_out
from trajectories.core.records import JSON, PublicProblem

SMALLEST_GRID = 4
"""Cells. Grids of fewer, and texts of fewer characters than SHORTEST_TEXT, turn up by chance."""

SHORTEST_TEXT = 12
MOST_GRIDS = 500


def grids_worth_checking(text: str) -> list[Rows]:
    """The grids in a text that are large enough to be somebody's answer."""
    return [grid for grid in find_grids(text, MOST_GRIDS) if sum(map(len, grid)) >= SMALLEST_GRID]


def find_leak(problem: PublicProblem, reference: JSON, messages: Sequence[Message]) -> str:
    """What of the reference answer the messages show, in a few words; "" for nothing.

    A test output that is also a training grid or a test input is no leak: the problem itself shows it.
    """
    said = write_out("\n\n".join(str(message["content"]) for message in messages if message["role"] != "assistant"))
    if not is_grids(problem.kind):
        answers = reference if isinstance(reference, list) else [reference]
        long = [text for text in answers if isinstance(text, str) and len(text) >= SHORTEST_TEXT]
        shown = problem.statement + str(problem.spec)
        return "the reference answer" if any(text in said and text not in shown for text in long) else ""
    task = task_of(problem)
    visible = [pair.input for pair in (*task.train, *task.test)] + [pair.output for pair in task.train]
    known = {grid for grid in visible if grid is not None}
    for number, expected in enumerate(reference or (), 1):
        grid = None if expected is None else tuple(tuple(row) for row in expected)
        if grid is not None and grid not in known and [list(row) for row in grid] in grids_worth_checking(said):
            return f"the output of test {number}"
    return ""
