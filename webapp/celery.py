"""The Celery application: the doorbell. The database is the queue of record."""

import os
import warnings

from celery import Celery
from celery.exceptions import CPendingDeprecationWarning, SecurityWarning

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
# Celery warns of root because a task may then do anything; our messages are ids in JSON and name no code.
warnings.filterwarnings("ignore", category=SecurityWarning)
# It also announces, at every lost connection, a default of its next version.
warnings.filterwarnings("ignore", category=CPendingDeprecationWarning, module="celery")

app = Celery("minicolumn")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["trajectories"])
