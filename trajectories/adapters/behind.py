"""Work that is done behind one's back: compressing, hashing and writing, which let go of Python's lock meanwhile."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

MOST_WAITING = 4


class Behind:
    """Runs calls in a second thread, one after the other; a caller waits while `most` are not done yet.

    An exception of a call is raised in the caller, at its next call or at `wait`. Leaving the `with` block finishes the
    calls that are queued; an exception of one of these is lost.
    """

    def __init__(self, most: int = MOST_WAITING) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="behind")
        self._waiting: deque[Future[Any]] = deque()
        self._most = most

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True)

    def run(self, call: Callable[..., Any], *values: Any) -> None:
        """Do this after all that was given before."""
        while len(self._waiting) >= self._most:
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(call, *values))

    def wait(self) -> None:
        """Return once everything is done."""
        while self._waiting:
            self._waiting.popleft().result()
