"""Repairs what was lost: leases of dead workers, bells nobody heard, runs whose end nobody noticed."""

from celery import shared_task

from trajectories.services.jobs.sweeps import claim_lost_bells, claim_lost_verifications, settleable_run_ids
from trajectories.services.jobs.workers import hear_scheduler
from trajectories.services.runs.attempts import requeue_expired
from trajectories.services.runs.rounds import move_on
from trajectories.services.tallies import fold_tallies
from trajectories.tasks.runs import ring_for
from trajectories.tasks.verdicts import ring_verification


@shared_task(name="trajectories.sweep")
def sweep() -> None:
    """Write down that the scheduler has rung, and repair. Safe to run at any time, twice at once included."""
    hear_scheduler()
    for run_id in {*requeue_expired(), *claim_lost_bells()}:
        ring_for(run_id)
    ring_verification(claim_lost_verifications())
    for run_id in settleable_run_ids():
        if move_on(run_id=run_id):
            ring_for(run_id)
    fold_tallies()
