"""Work that is done a batch at a time, for a while."""

import time
from collections.abc import Callable


def repeat_for(seconds: float, work: Callable[[], int]) -> int:
    """Do `work`, which returns how many things it did, for so long or until it does none; returns how many it did in
    all."""
    end, done = time.monotonic() + seconds, 0
    while (count := work()) and (done := done + count) and time.monotonic() < end:
        pass
    return done
