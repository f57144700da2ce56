"""Daily limits and budgets: warning of those nearly spent, and letting jobs go on that waited for one."""

import logging

from celery import shared_task

from trajectories.models.job_kinds import RESUME
from trajectories.services.jobs.ringers import connect_bell
from trajectories.services.jobs.steering import JobError
from trajectories.services.spending.alerts import mail_alerts, note_alerts
from trajectories.services.spending.budget_alerts import note_low_budgets
from trajectories.services.spending.waiting import drop_holds, jobs_to_resume
from trajectories.tasks.jobs import KINDS

logger = logging.getLogger(__name__)


@shared_task(name="trajectories.sweep_spending")
def sweep_spending() -> None:
    """Safe to run at any time, twice at once included. What cannot be mailed keeps no job waiting."""
    for kind, job_id in jobs_to_resume():
        try:
            KINDS[kind].acts[RESUME](None, job_id)
        except JobError as refusal:
            logger.info("The %s %d does not go on: %s", kind, job_id, refusal)
    drop_holds()
    note_alerts()
    note_low_budgets()
    mail_alerts()


def ring_for_limits() -> None:
    """Look at waiting jobs soon: a limit was changed."""
    sweep_spending.delay()


connect_bell("spending", ring_for_limits)
