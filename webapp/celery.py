"""The Celery application: the doorbell. The database is the queue of record."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")

app = Celery("minicolumn")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["trajectories"])
