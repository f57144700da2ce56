"""What happens when a job ends that another one waits for: the parent's bell is rung, as if it had work now.

A kind calls `tell_parent` in the transaction in which its job ends; moves by people do so by themselves. A parent whose
bell is lost is found by its own sweep, and looks at its children itself.
"""

from typing import Any

from trajectories.models import Campaign, Run, Training
from trajectories.models.leased_jobs import ChildJob
from trajectories.services.jobs.outbox import announce_campaign, announce_run, announce_training
from trajectories.services.jobs.ringers import ring

WATCHED = ("run", "freezing", "reverification", "scoring")
"""Kinds of jobs without a parent that other jobs wait for all the same."""


def parent_of(parent_job: Any | None) -> dict[str, Any]:
    """The fields of a ChildJob whose parent is this job; of a job of its own for None."""
    if parent_job is None:
        return {"parent_kind": "", "parent_id": None}
    return {"parent_kind": parent_job.job_kind.word, "parent_id": parent_job.pk}


def tell_parent(job: Any) -> None:
    """Ring for the job that waits for this one, if any does, once this transaction commits.

    Jobs that do not know their parent are told of to who keeps their ids: the bell "ended" with their kind and id. Of
    runs, campaigns and trainings, webhooks are told too.
    """
    if isinstance(job, Run):
        announce_run(job)
    elif isinstance(job, Campaign):
        announce_campaign(job)
    elif isinstance(job, Training):
        announce_training(job)
    if isinstance(job, ChildJob):
        if job.parent_kind and job.parent_id is not None:
            ring(job.parent_kind, job.parent_id)
    elif job.job_kind.word in WATCHED:
        ring("ended", job.job_kind.word, job.pk)
