"""Looking for garbage seldom, and not among what a process has held for long, while work makes many records.

Python looks for objects that only hold each other once there are 700 new ones, and now and then among all that there
are. Those of Django, of libraries and of models are half a million, and one look at them takes a fifth of a second;
some hundred samples or rows bring one about.
"""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MADE = 20_000
"""So many new objects bring about a look at the newest: most records of a claim have gone by themselves by then."""


@dataclass(slots=True)
class _State:
    """Of the whole process: how many blocks are open, what the thresholds were, and whether something was set aside.
    To ask Python for the latter takes as long as a look: it counts."""

    blocks: int = 0
    usual: tuple[int, int, int] = (0, 0, 0)
    has_set_aside: bool = False

    def begin(self) -> None:
        """Open a block."""
        self.blocks += 1
        if self.blocks > 1:
            return
        self.usual = gc.get_threshold()
        gc.set_threshold(MADE, *self.usual[1:])
        if not self.has_set_aside:  # once, for the life of the process
            self.has_set_aside = True
            gc.collect()
            gc.freeze()

    def end(self) -> None:
        """Close one."""
        self.blocks -= 1
        if not self.blocks:
            gc.set_threshold(*self.usual)


_lock = threading.Lock()
_state = _State()


@contextmanager
def garbage_of_now() -> Iterator[None]:
    """Look for garbage seldom until this ends, by the last block to end where there are several. What a process holds
    when its first block begins is set aside for good, as a web server does with what it has imported."""
    with _lock:
        _state.begin()
    try:
        yield
    finally:
        with _lock:
            _state.end()
