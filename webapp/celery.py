"""The Celery application: the doorbell. The database is the queue of record.

A message says for which project it rings. One that says none is for the first; a sweep that says none is for all.
"""

import logging
import os
import warnings
from typing import Any

import celery
from celery import Celery, signals
from celery.exceptions import CPendingDeprecationWarning, SecurityWarning
from django.conf import settings
from django.utils.log import configure_logging

from trajectories.adapters.acting import acting_in, chosen_project
from trajectories.adapters.tracing import span

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
# Celery would have Django check itself at each start, look at no answer, and import all pages for it: half of a start.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
# Celery warns of root because a task may then do anything; our messages are ids in JSON and name no code.
warnings.filterwarnings("ignore", category=SecurityWarning)

logger = logging.getLogger(__name__)
PROJECT = "minicolumn_project"
"""The header of a message with the id of its project."""
SWEEPS = "trajectories.sweep"


class ProjectTask(celery.Task):  # type: ignore[type-arg]
    """A task that acts in the project of its message."""

    Request = "webapp.sweep_requests:SweepRequest"

    def __call__(self, *values: Any, **named: Any) -> Any:
        """Do it; called without a message, in the project that acts."""
        if self.request.called_directly:
            return super().__call__(*values, **named)
        # A worker has the headers beside what else it knows of the message, one that is done at once apart.
        project: int | None = self.request.get(PROJECT) or (self.request.headers or {}).get(PROJECT)
        parent: str | None = self.request.get("traceparent") or (self.request.headers or {}).get("traceparent")
        if project is None and self.name.startswith(SWEEPS):
            with span(self.name, parent=parent):
                return self._in_every_project(*values, **named)
        with acting_in(project), span(self.name, parent=parent):
            return super().__call__(*values, **named)

    def _in_every_project(self, *values: Any, **named: Any) -> None:
        """Sweep one project after the other. One that fails keeps no other waiting, and is raised at the end."""
        from trajectories.selectors.projects import open_projects

        fault: Exception | None = None
        for project in open_projects():
            with acting_in(project):
                try:
                    super().__call__(*values, **named)
                except Exception as raised:
                    logger.warning("%s failed in the project %d", self.name, project, exc_info=True)
                    fault = fault or raised
        if fault is not None:
            raise fault


def _say_project(headers: dict[str, Any], **_: Any) -> None:
    """Have a message say for which project it rings, where somebody has said so."""
    if (project := chosen_project()) is not None:
        headers[PROJECT] = project


def _keep_our_logs(loglevel: int | None = None, **_: Any) -> None:
    """Have workers and the scheduler write what settings.LOGGING says, from this level on: Celery would put handlers of
    its own in place, which write neither JSON nor leave secrets out."""
    configure_logging(settings.LOGGING_CONFIG, settings.LOGGING)
    logging.getLogger().setLevel(loglevel or logging.WARNING)


def _announce_nothing(**_: Any) -> None:
    """Keep Celery from announcing, at every lost connection, a default of its next version. It turns such warnings on
    when it has set up logs."""
    warnings.filterwarnings("ignore", category=CPendingDeprecationWarning, module="celery")


signals.before_task_publish.connect(_say_project, weak=False)
signals.setup_logging.connect(_keep_our_logs, weak=False)
signals.worker_ready.connect(_announce_nothing, weak=False)

app = Celery("minicolumn", task_cls=ProjectTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["trajectories"])
