"""Which run, attempt, trace or job a line of the log, and a span, is about."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from structlog.contextvars import bound_contextvars

from trajectories.adapters import tracing

PAIR = re.compile(r"([a-z]+(?: [a-z]+)*) (\d[\d.]*)")


@contextmanager
def about(**ids: int | str | None) -> Iterator[None]:
    """Add these ids (`run`, `attempt`, `trace`, `job`, `kind`) to every line that is logged within the block, and to
    the open span. They are numbers and names of ours, never text of a model or a person."""
    with bound_contextvars(**ids):
        tracing.note({f"minicolumn.{name}": value for name, value in ids.items() if value is not None})
        yield


def ids_of(payers: Iterable[str]) -> dict[str, str]:
    """What calls are about, by the names of who pays for them ("attempt 7"); several of one kind with commas."""
    found: dict[str, str] = {}
    for payer in payers:
        for words, number in PAIR.findall(payer):
            name = words.replace(" ", "_")
            found[name] = f"{found[name]},{number}" if name in found else number
    return found
