"""Spans: named pieces of work with the time they took, told to whoever watches over the installation (webapp.tracing).

Where nobody watches nothing is done. What a span is told is written down elsewhere by others: ids, counts and names of
ours, never a text of a model or a person, and no secret.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

Facts = Mapping[str, str | int]


class Tracer(Protocol):
    """Keeps spans."""

    def span(self, name: str, facts: Facts, parent: str | None) -> AbstractContextManager[None]:
        """Keep the block as a span within that of `parent`, else within the one that is open. An error that leaves the
        block is told by its type."""
        ...

    def note(self, facts: Facts) -> None:
        """Add facts to the open span, where there is one."""
        ...

    def parent(self) -> str | None:
        """The open span as other processes are told of it (W3C Trace Context, `traceparent`)."""
        ...


_tracer: Tracer | None = None
NOTHING: Facts = {}


def tell_spans_to(tracer: Tracer | None) -> None:
    """Have spans kept from now on; None for no more."""
    global _tracer  # noqa: PLW0603 (one for the process, as loggers are)
    _tracer = tracer


def span(name: str, facts: Facts = NOTHING, parent: str | None = None) -> AbstractContextManager[None]:
    """See Tracer.span. The ids that the block is about (log_context.about) and the acting project come with it."""
    return nullcontext() if _tracer is None else _tracer.span(name, facts, parent)


def note(facts: Facts) -> None:
    """See Tracer.note."""
    if _tracer is not None:
        _tracer.note(facts)


def open_span() -> str | None:
    """See Tracer.parent."""
    return None if _tracer is None else _tracer.parent()
