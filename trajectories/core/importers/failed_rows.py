"""Rows of calls that failed: an error beside an answer that is not there is the fault, in the error's own words."""

from collections.abc import Mapping, Sequence

from trajectories.core.importers.batch_rows import failed_call
from trajectories.core.importers.foreign_traces import ForeignTrace, Row
from trajectories.core.importers.plain_rows import RESPONSES
from trajectories.core.problems import ProblemError
from trajectories.core.records import JSON

ERRORS = ("error", "error_message", "exception")
ANSWERS = (*RESPONSES, "generation", "generations")
NO_ERRORS = frozenset(("", "none", "null", "false", "no", "no error", "n/a", "nan"))
"""What stands where an error would, when there was none."""


def error_of(row: Row) -> tuple[str, str] | None:
    """Where a row has its error, and what it says, "" for nothing; None for a row without one."""
    for name in ERRORS:
        value = row.get(name)
        if value and not (isinstance(value, str) and value.strip().lower() in NO_ERRORS):
            return name, words_of_error(value)
    return None


def words_of_error(error: JSON) -> str:
    """What an error says: its last words, or the chain of them."""
    if isinstance(error, Mapping):
        names = ("message", "error_chain_str", "error_chain_repr", "error", "detail")
        return " ".join(str(next((error[name] for name in names if error.get(name)), "")).split())
    return "" if error is True else " ".join(str(error).split())


def check_call(row: Row) -> None:
    """Raise ProblemError where a row has an error where its answer would be."""
    silent = any(name in row and not row[name] for name in ANSWERS)
    if silent and (error := error_of(row)) is not None:
        raise failed_call(*error)


def check_answered(row: Row, traces: Sequence[ForeignTrace]) -> None:
    """Raise ProblemError where a row has an error, and nothing that a model said."""
    if any(name in row for name in ERRORS) and not any(trace.completion.text.strip() for trace in traces):
        error = error_of(row)
        if error is not None:
            raise failed_call(*error)


def told_as_failed(row: Row, fault: ProblemError) -> ProblemError:
    """The fault of a row that could not be read: its error's words where it has one in place of an answer."""
    try:
        check_call(row)
    except ProblemError as failed:
        return failed
    return fault
