"""Messages as a worker takes them: which sweeps are too old to be worth anything."""

import time
from datetime import UTC, datetime
from functools import cache
from typing import ClassVar

from celery import current_app
from celery.worker.request import Request


class SweepRequest(Request):
    """Celery's own, but that what is rung for again and again does not stop because two clocks differ.

    A sweep says until when it is worth something, by the clock of the scheduler's machine. On a machine whose clock is
    ahead each would be too old, and nothing that was lost would ever be found. Here one that seems too old is left out
    where this process has begun another of its kind within its interval, as when many have piled up, and else done.
    """

    _begun: ClassVar[dict[str, float]] = {}
    _is_too_old: bool | None = None  # asked twice, decided once

    def maybe_expire(self) -> bool:  # type: ignore[override]
        """Whether it is left out because it is too old."""
        interval = _intervals().get(self.name)
        if interval is None:
            return bool(super().maybe_expire())
        if self._is_too_old is None:
            now = time.monotonic()
            since = now - self._begun.get(self.name, now - interval)
            self._is_too_old = datetime.now(UTC) > self.expires and since < interval
            if not self._is_too_old:
                self._begun[self.name] = now
        return self._is_too_old


@cache
def _intervals() -> dict[str, float]:
    """Seconds between two rings, by the task that a scheduler rings for."""
    return {entry["task"]: float(entry["schedule"]) for entry in current_app.conf.beat_schedule.values()}
