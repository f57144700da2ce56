"""Which run, attempt, trace or job a line of the log is about."""

from contextlib import AbstractContextManager

from structlog.contextvars import bound_contextvars


def about(**ids: int | str | None) -> AbstractContextManager[None]:
    """Add these ids (`run`, `attempt`, `trace`, `job`, `kind`) to every line that is logged within the block. They are
    numbers and names of ours, never text of a model or a person."""
    return bound_contextvars(**ids)
