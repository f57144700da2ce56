"""Reading traces for their words that takes its time, so that a test can kill its worker in the middle."""

import time

from trajectories.services.traces import searches

searches.BATCH = 5
read_batch = searches.read_batch


def read_slowly() -> bool:
    """The same, later."""
    time.sleep(0.3)
    return read_batch()


searches.read_batch = read_slowly
