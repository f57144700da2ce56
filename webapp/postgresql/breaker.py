"""Not waiting for a database that was away a moment ago."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg


class Breaker:
    """While the database is away one caller at a time tries it, and the others are refused at once.

    Otherwise every thread of a web server would wait its full time for the same answer, and pages would queue behind
    them. `retry` is the pause between two tries in seconds.
    """

    def __init__(self, retry: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._retry = retry
        self._clock = clock
        self._lock = threading.Lock()
        self._is_away = False
        self._next_try = 0.0

    @property
    def is_away(self) -> bool:
        """Whether the last try found the database away."""
        return self._is_away

    @contextmanager
    def watch(self, wait: float) -> Iterator[None]:
        """Watch one try to connect, which takes at most about `wait` seconds.

        Raises psycopg.OperationalError at once where another caller found the database away and is to try it again.
        """
        with self._lock:
            if self._is_away and self._clock() < self._next_try:
                raise psycopg.OperationalError("the database did not answer a moment ago")
            self._next_try = self._clock() + wait
        try:
            yield
        except psycopg.OperationalError:
            with self._lock:
                self._is_away, self._next_try = True, self._clock() + self._retry
            raise
        with self._lock:
            self._is_away = False
