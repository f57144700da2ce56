"""The settings of processes in drills whose clocks jump."""

import tests.drills.clock  # noqa: F401 (it shifts the clock)
from tests.drills import settings as drilled
from webapp.settings import *  # noqa: F403

CELERY_BEAT_SCHEDULE = drilled.CELERY_BEAT_SCHEDULE
