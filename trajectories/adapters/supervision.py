"""Child processes that are kept alive: forked from this one, started again when they end, ended together.

The parent imports everything once; the children share that memory with it, and a new one works within a moment. In
`ps -o comm` and `top` each bears the name of its place.
"""

import gc
import logging
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.2
FIRST_WAIT, LONGEST_WAIT = 0.5, 5.0
"""A child that ends soon after its start is started again after a wait that doubles."""
WELL_AFTER = 20.0
"""Seconds after which a child counts as having started well."""
STOPS = (signal.SIGTERM, signal.SIGINT)
SHELLS_CODE = 128
"""A process that a signal ended has this plus the signal's number as its exit code for a shell."""
NAME = Path("/proc/self/comm")
"""The name of this process, of at most 15 characters."""


class Supervisor:
    """Keeps one child for each place. Only for a process without other threads and without open connections: both
    would not survive a fork.

    All end with the child of a place that is `vital`.
    """

    def __init__(
        self, places: Mapping[str, Callable[[], object]], *, grace_seconds: float, vital: Collection[str] = ()
    ) -> None:
        self._places, self._grace, self._vital = dict(places), grace_seconds, vital
        self._children: dict[int, tuple[str, float]] = {}
        self._due: dict[str, float] = dict.fromkeys(places, 0.0)
        self._wait: dict[str, float] = {}
        self._stopping = False
        self._code = 0

    @property
    def children(self) -> dict[int, str]:
        """The places of the running children by process id."""
        return {pid: place for pid, (place, _) in self._children.items()}

    def add(self, place: str, run: Callable[[], object]) -> None:
        """Keep a child for one more place, from the next look on."""
        self._places[place], self._due[place] = run, 0.0

    def run(
        self, *, watch: Callable[[], object], watch_seconds: float, on_end: Callable[[int], object] = lambda _: None
    ) -> int:
        """Keep the children until SIGTERM or SIGINT, or the end of a vital one, whose exit code is returned; else 0.

        Calls `watch` now and then, and `on_end` for each child that ended.
        """
        for number in STOPS:
            signal.signal(number, self._stop)
        gc.collect()
        gc.freeze()  # pages that no collection touches stay shared
        next_watch = time.monotonic() + watch_seconds
        while not self._stopping:
            for pid in self._reap():
                on_end(pid)
            self._start_missing()
            if time.monotonic() >= next_watch:
                watch()
                next_watch = time.monotonic() + watch_seconds
            time.sleep(LOOK_SECONDS)
        self._end_all()
        return self._code

    def kill(self, pid: int) -> None:
        """End a child at once, whatever it is at."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _start_missing(self) -> None:
        running = set(self.children.values())
        for place, run in self._places.items():
            if place not in running and time.monotonic() >= self._due[place]:
                pid = fork(run, name=place)
                self._children[pid] = place, time.monotonic()

    def _reap(self) -> list[int]:
        """Notice children that have ended, and when each place gets another one."""
        ended = []
        for pid in list(self._children):
            done, status = os.waitpid(pid, os.WNOHANG)
            if not done:
                continue
            place, started = self._children.pop(pid)
            ended.append(pid)
            lived = time.monotonic() - started
            wait = FIRST_WAIT if lived > WELL_AFTER else min(2 * self._wait.get(place, FIRST_WAIT / 2), LONGEST_WAIT)
            self._wait[place], self._due[place] = wait, time.monotonic() + wait
            if not self._stopping:
                code = os.waitstatus_to_exitcode(status)
                if place in self._vital:
                    self._stopping, self._code = True, code if code >= 0 else SHELLS_CODE - code
                    continue
                how = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
                logger.warning("%s (process %d) %s; starting another one.", place.capitalize(), pid, how)
        return ended

    def _end_all(self) -> None:
        """Ask all children to end, and make those that take longer than the time of grace."""
        for pid in self._children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
        until = time.monotonic() + self._grace
        while self._children and time.monotonic() < until:
            self._reap()
            time.sleep(LOOK_SECONDS / 4)
        for pid in self._children:
            self.kill(pid)
        for pid in self._children:
            os.waitpid(pid, 0)


def fork(run: Callable[[], object], *, name: str) -> int:
    """A child with a name that calls `run` and ends; its process id."""
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        for number in STOPS:
            signal.signal(number, signal.SIG_DFL)
        with suppress(OSError):
            NAME.write_text(name)
        run()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
