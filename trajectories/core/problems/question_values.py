"""Values in the cells of a file of questions."""

import json

from trajectories.core.problems import ProblemError, describe
from trajectories.core.problems.documents import check_text, parse_json_text
from trajectories.core.records import JSON


def is_nothing(value: JSON) -> bool:
    """Whether a cell is empty."""
    return value is None or (isinstance(value, str) and not value.strip())


def read_text(value: JSON, column: str) -> str | None:
    """Text or a number as text; None where there is nothing. Raises ProblemError."""
    if is_nothing(value):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ProblemError(column, f"found {describe(value)}, expected text or a number")
    return check_text(value.strip() if isinstance(value, str) else json.dumps(value), column)


def read_json(text: str, column: str) -> JSON:
    """JSON that a cell holds as text. Raises ProblemError."""
    try:
        return parse_json_text(text)
    except ProblemError as fault:
        raise ProblemError(column, fault.detail) from fault
