"""The scheduler, which a clock that is set back does not stop."""

from typing import Any

from celery.beat import PersistentScheduler
from celery.utils.time import maybe_make_aware


class Scheduler(PersistentScheduler):
    """Celery's own, but that nothing was rung for in the future.

    Celery's remembers when it has rung for each entry, in its file too, and rings again that and the entry's interval
    later. Once a clock that was hours ahead is right again, it would ring for nothing in all these hours.
    """

    def tick(self, *values: Any, **named: Any) -> Any:
        """Ring for what is due; returns the seconds until it is to be asked again."""
        now = self.app.now()
        rung = [(entry, entry.last_run_at) for entry in self.schedule.values()]
        ahead = [entry for entry, last in rung if last is not None and maybe_make_aware(last) > now]
        if ahead:
            for entry in ahead:
                entry.last_run_at = now
            self._heap = None  # in which the times are at which each was due
        return super().tick(*values, **named)
