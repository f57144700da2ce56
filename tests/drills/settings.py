"""The settings of processes in drills: what is rung for every half minute else, is rung for every second."""

from webapp.settings import *  # noqa: F403
from webapp.settings import CELERY_BEAT_SCHEDULE

CELERY_BEAT_SCHEDULE = {
    name: {**entry, "schedule": 1, "options": {"expires": 5}} if name in ("sweep", "sweep_jobs") else entry
    for name, entry in CELERY_BEAT_SCHEDULE.items()
}
