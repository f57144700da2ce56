"""Keeping a lease alive from the side, while its holder does one long thing."""

import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from django.db import DatabaseError, connection

from trajectories.adapters.acting import carried

logger = logging.getLogger(__name__)


class KeptLease:
    """Calls `renew` every `seconds` from a thread with a connection of its own; `lost` once that says False."""

    def __init__(self, renew: Callable[[], bool], seconds: float) -> None:
        self.lost = False
        self._renew, self._seconds = renew, seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=carried(self._beat), name="lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        try:
            while not self._ended.wait(self._seconds):
                self._renew_once()
        finally:
            connection.close()

    def _renew_once(self) -> None:
        try:
            self.lost = not self._renew()
        except DatabaseError:
            # The database may be restarting: a lease outlives some missed beats, and a lost one is noticed on storing.
            logger.warning("A lease could not be renewed", exc_info=True)
            connection.close()
