"""Steering one job of any kind, with the permission that its page asks for."""

from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.http import Http404, HttpRequest

from trajectories.api.auth import asking, require
from trajectories.api.faults import ApiProblem
from trajectories.models import JOB_KINDS
from trajectories.tasks.jobs import ControlDeniedError, steer_job


def steer_one(request: HttpRequest, kind: str, verb: str, job_id: int) -> Any:
    """Do to a job what somebody asks for; the job as it is then. Raises ApiProblem with status 403 for who may not,
    JobError where it is in no state for that, and Http404."""
    try:
        return steer_job(actor=asking(request), kind=kind, verb=verb, job_id=job_id)
    except ControlDeniedError as refusal:
        require(asking(request), *refusal.missing)
        raise ApiProblem(403, f"You may not steer this {JOB_KINDS[kind].noun}.") from refusal
    except ObjectDoesNotExist as fault:
        raise Http404(f"There is no {JOB_KINDS[kind].noun} {job_id}.") from fault
