"""A clock that is hours ahead or behind: of every process that has loaded this, by what a file in its data folder says.

The clock is shifted where the product, Django and Celery read what time it is. The database's clock is another one, and
so is the clock that only ever goes on (`time.monotonic`): a real jump moves neither.
"""

import json
import os
import sys
import time
from collections.abc import Sequence
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import celery.app.base
import celery.worker.request
import django.utils.timezone

import webapp.sweep_requests

_real_time = time.time


def set_clocks(folder: Path, *, workers: Sequence[float], beat: float) -> None:
    """Shift the clocks of processes whose data are in this folder by seconds; workers have these shifts in turn."""
    for name, shifts in (("workers", workers), ("beat", [beat])):
        part = folder / f"clock-{name}.part"
        part.write_text(json.dumps(list(shifts)))
        part.rename(folder / f"clock-{name}")


def shift() -> float:
    """By how many seconds this process's clock is ahead now."""
    name = "beat" if "beat" in sys.argv else "workers"
    try:
        shifts: list[float] = json.loads((Path(os.environ["MINICOLUMN_VAR"]) / f"clock-{name}").read_text())
    except FileNotFoundError:
        return 0.0
    return shifts[os.getpid() % len(shifts)]


class _Likeness(type):
    """What is a time stays one."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, datetime)


class Shifted(datetime, metaclass=_Likeness):
    """The class of times, whose `now` is shifted."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
        """What the clock says."""
        return datetime.fromtimestamp(shifted_time(), tz)


def shifted_time() -> float:
    """What the clock says, in seconds."""
    return _real_time() + shift()


for module in (celery.app.base, celery.worker.request, django.utils.timezone, webapp.sweep_requests):
    vars(module)["datetime"] = Shifted
time.time = shifted_time
