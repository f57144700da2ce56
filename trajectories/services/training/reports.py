"""What a trainer tells while it trains, stored about once a second, and how it is stopped."""

import math
import time
from typing import Any

from django.conf import settings
from django.db.models import Max, QuerySet

from trajectories.adapters.training.base import StoppedError, TrainerError
from trajectories.models import Training, TrainingPoint
from trajectories.services.jobs.outages import patiently

SECONDS = 1.0
LONGEST_NOTE = 300


class WorkedTime:
    """For how long workers have been at a training: those before, whose claims ended in whatever way, and this one."""

    def __init__(self, training: Training) -> None:
        self._before, self._began = training.worked_seconds, time.monotonic()

    @property
    def seconds(self) -> int:
        """As of now."""
        return self._before + round(time.monotonic() - self._began)

    @property
    def over(self) -> str:
        """What is said of a training that has taken longer than it may, "" of any other."""
        hours = settings.TRAINING_HOURS
        if self._before + time.monotonic() - self._began <= hours * 3600:
            return ""
        return f"The training had not ended after {hours} hours (TRAINING_HOURS) and was stopped."


class StoredReport:
    """A report of the training whose lease is held by `held`, see adapters.training.base.Report."""

    def __init__(self, training: Training, held: QuerySet[Training], worked: WorkedTime) -> None:
        self._training, self._held, self._worked = training, held, worked
        self._changes: dict[str, Any] = {}
        self._points: dict[int, dict[str, float]] = {}
        self._told = 0.0
        self._farthest: int | None = None

    def progress(self, done: int, total: int, unit: str) -> None:
        """See Report."""
        self._changes |= {"done_count": done, "total_count": total, "unit": unit[:40]}
        self.check()

    def point(self, step: int, **values: float) -> None:
        """See Report. Raises TrainerError for a value that is no number: what was learnt is worth nothing then."""
        for name, value in values.items():
            if not math.isfinite(value):
                raise TrainerError(f"The {name.replace('_', ' ')} at step {step} was {value}; expected a number.")
        self._points.setdefault(step, {}).update(values)
        self.check()

    def note(self, message: str) -> None:
        """See Report."""
        self._changes["note"] = message[:LONGEST_NOTE]
        self.check()

    def check(self) -> None:
        """See Report."""
        if time.monotonic() - self._told >= SECONDS:
            self.flush()

    def flush(self) -> None:
        """Store what was told. Raises StoppedError where the lease is gone, TrainerError where time is up."""
        self._told = time.monotonic()
        if over := self._worked.over:
            raise TrainerError(over)
        changes, points = self._changes, self._points
        self._changes, self._points = {}, {}
        if not patiently(lambda: self._store(changes, points)):
            raise StoppedError

    def _store(self, changes: dict[str, Any], points: dict[int, dict[str, float]]) -> bool:
        if points and max(points) > self._reached():
            # It has come farther than ever: claims that were ended from outside, as by each restart, count no longer.
            changes = {**changes, "claims": 0}
        held = bool(self._held.update(**changes)) if changes else self._held.exists()
        if held and points:
            rows = [TrainingPoint(training=self._training, step=step, values=each) for step, each in points.items()]
            TrainingPoint.objects.bulk_create(
                rows, update_conflicts=True, unique_fields=["training", "step"], update_fields=["values"]
            )
            self._farthest = max(self._reached(), *points)
        return held

    def _reached(self) -> int:
        """The farthest step that any claim has told."""
        if self._farthest is None:
            told = TrainingPoint.objects.filter(training=self._training)
            self._farthest = told.aggregate(step=Max("step", default=0))["step"]
        return self._farthest
