"""Submissions of the ARC Prize: {"task": [{"attempt_1": grid, "attempt_2": grid}, ...]}, one object per test input."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trajectories.core.identity import content_hash
from trajectories.core.importers.foreign_traces import ForeignTrace, Row
from trajectories.core.importers.row_fields import read_key, text_at
from trajectories.core.problems import ProblemError, describe
from trajectories.core.records import JSON

ATTEMPTS = ("attempt_1", "attempt_2")
EXPECTED = " and ".join(ATTEMPTS)
MARK = "arc_submission"
"""The key of a row that holds one task of a submission: a list with one object per test input."""

_ATTEMPT = re.compile(r"attempt_\d+")
_NO_GRID = "no grid"


def is_submission(value: JSON) -> bool:
    """Whether a document is a submission: some task in it is a list of objects with attempts."""
    return isinstance(value, Mapping) and any(_has_attempts(task) for task in value.values())


def _has_attempts(task: JSON) -> bool:
    pairs = task if isinstance(task, list) else [task]
    return any(isinstance(each, Mapping) and any(map(_is_attempt, each)) for each in pairs)


def _is_attempt(name: Any) -> bool:
    return isinstance(name, str) and _ATTEMPT.fullmatch(name) is not None


def submission_rows(submission: Mapping[str, JSON], file: str) -> Iterator[tuple[str, dict[str, JSON]]]:
    """(task, row) for each task. All rows name the submission as their model, so that two submissions stay two."""
    model = f"{file.replace(chr(92), '/').rpartition('/')[2] or 'submission'} {content_hash(submission)[:8]}"
    for task, outputs in submission.items():
        yield task, {"problem_id": task, "model": model, MARK: outputs}


def is_submitted(row: Row) -> bool:
    """Whether a row is one task of a submission."""
    return MARK in row


def read_submitted(row: Row) -> list[ForeignTrace]:
    """A trace for each attempt at a task: what it states for every test input is its answer. Raises ProblemError."""
    key, model = read_key(row, ""), text_at(row, "model")
    return [
        ForeignTrace(key, (), attempt_text(grids), model=model, answer=grids, facts={"attempt": number})
        for number, grids in enumerate(read_attempts(row[MARK]), 1)
    ]


def read_attempts(outputs: JSON) -> list[list[JSON]]:
    """The grids of each attempt, None where it has none, test input by test input.

    An attempt that no test input has is left out. Raises ProblemError.
    """
    outputs = [outputs] if isinstance(outputs, Mapping) else outputs  # of a task with one test input
    if not isinstance(outputs, list) or not outputs:
        raise ProblemError("", f"found {describe(outputs)}, expected a list with one object per test input")
    for index, output in enumerate(outputs):
        if not isinstance(output, Mapping) or not any(map(_is_attempt, output)):
            raise ProblemError(
                f"[{index}]", f"found {describe(output)}, expected an object with {' and '.join(ATTEMPTS)}"
            )
        for name in output:
            if _is_attempt(name) and name not in ATTEMPTS:
                raise ProblemError(f"[{index}]", f"found {name}, expected {EXPECTED} alone")
    attempts = ([read_grid(output.get(name)) for output in outputs] for name in ATTEMPTS)
    return [grids for grids in attempts if any(grid is not None for grid in grids)] or [[None] * len(outputs)]


def read_grid(value: JSON) -> JSON:
    """A submitted grid, which may be JSON text; None for an empty one, as in the official scoring."""
    value = value.get("answer") if isinstance(value, Mapping) and "answer" in value else value
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value or None


def attempt_text(grids: Sequence[JSON]) -> str:
    """The grids of an attempt as a text: one below the other, as they were submitted."""
    return "\n\n".join(_NO_GRID if grid is None else json.dumps(grid) for grid in grids)
