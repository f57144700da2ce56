"""Shorter turns for threads that answer somebody outside while another one works.

A thread that hears from a socket or a pipe waits until the one that runs Python's code gives way, which it does every
5 ms: as long as a whole exchange takes, and every exchange has several.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS = 0.0005

_lock = threading.Lock()
_usual: list[float] = []
"""How long turns were before, once for each that holds them short."""


@contextmanager
def short_turns() -> Iterator[None]:
    """Keep turns short in this process until this ends; by the last one to end where there are several."""
    with _lock:
        _usual.append(_usual[0] if _usual else sys.getswitchinterval())
        sys.setswitchinterval(SECONDS)
    try:
        yield
    finally:
        with _lock:
            usual = _usual.pop()
            if not _usual:
                sys.setswitchinterval(usual)
