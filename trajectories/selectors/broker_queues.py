"""How many bells wait in the queues, and for how long."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings

from trajectories.adapters.broker_queues import BrokerAwayError, QueueDepth, ask_broker, ask_database


@dataclass(frozen=True, slots=True)
class Queues:
    """The queues that workers serve, most urgent first; `trouble` says why they could not be read, else empty."""

    rows: Sequence[QueueDepth]
    trouble: str = ""

    @property
    def waiting(self) -> int:
        """Bells that wait in all queues together."""
        return sum(row.waiting for row in self.rows)

    @property
    def oldest_seconds(self) -> float | None:
        """How long the bell that waits longest has waited; None where none waits or the broker does not tell."""
        return max((row.oldest_seconds for row in self.rows if row.oldest_seconds is not None), default=None)


def get_queues() -> Queues:
    """Read the queues: in one query where they are in the database, else from the broker."""
    names = list(
        dict.fromkeys(
            (*settings.WORKER_QUEUES, *settings.QUICK_QUEUES, *settings.FILE_QUEUES, *settings.TRAINING_QUEUES)
        )
    )
    if getattr(settings, "CELERY_BROKER_TRANSPORT", ""):  # ours, of the queue inside the database
        return Queues(ask_database(names))
    try:
        return Queues(ask_broker(settings.CELERY_BROKER_URL, names))
    except BrokerAwayError as fault:
        return Queues([], str(fault))
