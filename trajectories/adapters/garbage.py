"""Looking for garbage seldom, and not among what a process has held for long, while work makes many records.

Python looks for objects that only hold each other once there are 700 new ones, and now and then among all that there
are. Those of Django, of libraries and of models are half a million, and one look at them takes a fifth of a second;
some hundred samples bring one about.
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
    """Of the whole process: how many blocks are open, what the thresholds were, and whether to undo the setting
    aside."""

    blocks: int = 0
    usual: tuple[int, int, int] = (0, 0, 0)
    sets_aside: bool = False

    def begin(self) -> None:
        """Open a block."""
        self.blocks += 1
        if self.blocks > 1:
            return
        self.usual, self.sets_aside = gc.get_threshold(), gc.get_freeze_count() == 0
        gc.set_threshold(MADE, *self.usual[1:])
        if self.sets_aside:
            gc.freeze()

    def end(self) -> None:
        """Close one."""
        self.blocks -= 1
        if self.blocks:
            return
        gc.set_threshold(*self.usual)
        if self.sets_aside:
            gc.unfreeze()


_lock = threading.Lock()
_state = _State()


@contextmanager
def garbage_of_now() -> Iterator[None]:
    """Look for garbage seldom, and only among what is made from here on, until this ends; by the last block to end
    where there are several. What was set aside for the life of the process, as in a web server, stays so."""
    with _lock:
        _state.begin()
    try:
        yield
    finally:
        with _lock:
            _state.end()
