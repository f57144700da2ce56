"""Searching without interruption: Python's search for cycles of garbage walks over all that a search remembers."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_garbage_runs() -> Iterator[None]:
    """Leave out the garbage collector's runs for a while, which took a third of a search: it makes hundreds of
    thousands of tuples and lists that all stay until its end, and no cycles but those it breaks itself.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
