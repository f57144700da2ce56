"""How many calls run at once, how long to wait after a fault, and when to give up."""

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

SHRINK = 0.8
COOL_DOWN_SECONDS = 2.0
FIRST_BACKOFF = 0.5
LONGEST_BACKOFF = 30.0
LONGEST_RETRY_AFTER = 30.0
"""A longer `Retry-After` pauses the sampler, seen by everybody, in place of a worker that waits."""

BREAKER_CALLS = 8
"""So many calls in a row given up, each after all its tries, open the circuit."""


def backoff_seconds(tries: int, chance: float | None = None) -> float:
    """Exponential backoff with full jitter after the given number of tries (at least 1); `chance` is in [0, 1)."""
    longest = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0**tries)
    return longest * (0.5 + 0.5 * (random.random() if chance is None else chance))


class AdaptiveLimit:
    """A bound on calls in flight: each 429 takes a fifth off, at most once per cool-down; each cool-down without one
    gives one back."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._allowed = float(most)
        self._in_flight = 0
        self._changed_at = 0.0
        self._waiting: deque[asyncio.Future[None]] = deque()
        """Those that wait for a place, in the order they came."""

    @property
    def allowed(self) -> int:
        """Calls that may run at once now."""
        return max(1, min(self._most, int(self._allowed)))

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a free place and hold it."""
        if self._waiting or self._in_flight >= self.allowed:
            await self._wait()
        else:
            self._in_flight += 1
        try:
            yield
        finally:
            self._leave()

    async def _wait(self) -> None:
        """Wait until a place is given to this one."""
        place = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():
                self._leave()  # it was given one at the same moment
            raise

    def _leave(self) -> None:
        self._in_flight -= 1
        self._fill()

    def _fill(self) -> None:
        """Give free places to those that wait."""
        while self._waiting and self._in_flight < self.allowed:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                self._in_flight += 1

    async def set_most(self, most: int) -> None:
        """Change the bound that recovery leads back to."""
        self._allowed = float(most) if self._allowed >= self._most else min(self._allowed, most)
        self._most = most
        self._fill()

    def shrink(self) -> None:
        """The endpoint has too much to do."""
        if self._cooled_down():
            self._allowed = max(1.0, min(self._allowed, self._most) * SHRINK)

    def grow(self) -> None:
        """A call went well."""
        if self._allowed < self._most and self._cooled_down():
            self._allowed = min(float(self._most), self._allowed + 1)
            self._fill()

    def _cooled_down(self) -> bool:
        now = time.monotonic()
        if now - self._changed_at < COOL_DOWN_SECONDS:
            return False
        self._changed_at = now
        return True


class Breaker:
    """Counts calls given up in a row."""

    def __init__(self, calls: int = BREAKER_CALLS) -> None:
        self._calls, self._given_up = calls, 0

    def succeeded(self) -> None:
        """A call brought an answer, whatever it says."""
        self._given_up = 0

    def gave_up(self) -> bool:
        """A call was given up; returns whether the circuit opens."""
        self._given_up += 1
        return self._given_up >= self._calls
