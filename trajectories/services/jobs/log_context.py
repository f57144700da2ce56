"""Which run, attempt, trace or job a line of the log is about."""

from contextlib import AbstractContextManager

from structlog.contextvars import bound_contextvars


def about(**ids: int | str | None) -> AbstractContextManager[None]:
    """Give every line that is logged within it these ids (`run`, `attempt`, `trace`, `job`, `kind`): numbers and words
    of ours, never a text of a model or of a person."""
    return bound_contextvars(**ids)
