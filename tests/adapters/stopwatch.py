"""Stopping what takes too long, or too much memory, in this very process."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

ROOM = 2 * 1024**3


class TooLongError(BaseException):
    """Not an Exception: scorers catch those."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raises TimeoutError where the block takes longer; it gets ROOM bytes of memory more than there are in use."""

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        raise TooLongError

    with open("/proc/self/statm", encoding="ascii") as statm:
        used = int(statm.read().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGALRM, stop)
    resource.setrlimit(resource.RLIMIT_AS, (used + ROOM, hard))
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    except TooLongError as fault:
        raise TimeoutError from fault
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        signal.signal(signal.SIGALRM, before)
