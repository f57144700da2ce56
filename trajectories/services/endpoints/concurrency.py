"""The slots of a language model: its calls in flight, shared evenly by the runs and the jobs that use it.

A run's calls are its leased attempts; those of a job are only known to its worker, so a job counts as one that uses its
share. Whoever comes new may for a while meet calls of others that have not ended yet.
"""

import uuid
from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, Q
from django.db.models.functions import Now

from trajectories.models import Attempt, GenerationJob, JudgeJob, Run, Sampler, SegmentationJob

CallingJob = JudgeJob | GenerationJob | SegmentationJob | Run
"""A job whose worker makes calls to a language model; a run where it has its steps judged."""


@dataclass(frozen=True, slots=True)
class Slots:
    """Calls that a session may have in flight, attempts it holds, and attempts of its run that anybody holds."""

    allowed: int
    mine: int
    of_run: int


def run_slots(*, run: Run, lease_token: uuid.UUID, concurrency: int) -> Slots:
    """The slots of one session of a run."""
    held = _held(run.sampler.name)
    mine = sum(count for (token, _), count in held.items() if token == lease_token)
    others = {holder for _, holder in held if holder != run.pk}
    users = 1 + len(others) + _busy_jobs(run.sampler.name)
    allowed = min(concurrency - (held.total() - mine), _share(concurrency, users))
    return Slots(max(0, allowed), mine, sum(count for (_, holder), count in held.items() if holder == run.pk))


def job_slots(*, sampler: Sampler, holder: CallingJob, concurrency: int) -> int:
    """Calls that the worker of a job may have in flight; one at the least, so that no run starves it."""
    held = _held(sampler.name)
    users = 1 + len({run for _, run in held}) + _busy_jobs(sampler.name, beside=holder)
    return max(1, min(concurrency - held.total(), _share(concurrency, users)))


def _share(concurrency: int, users: int) -> int:
    return max(1, concurrency // users)


def _held(name: str) -> Counter[tuple[uuid.UUID | None, int]]:
    """How many attempts are held for any version of the sampler, by lease and run."""
    in_flight = Attempt.objects.filter(state=Attempt.State.LEASED, lease_expires_at__gt=Now(), run__sampler__name=name)
    counts = in_flight.order_by().values_list("lease_token", "run_id").annotate(Count("pk"))
    return Counter({(token, run_id): count for token, run_id, count in counts})


def _busy_jobs(name: str, beside: CallingJob | None = None) -> int:
    """Jobs that a worker is at and that use the sampler, but for one."""
    found = 0
    for model, uses in (
        (JudgeJob, Q(sampler__name=name)),
        (GenerationJob, Q(sampler__name=name) | Q(solver__name=name)),
        (SegmentationJob, Q(sampler__name=name)),
        (Run, Q(plan__step_judge__in=list(Sampler.objects.filter(name=name).values_list("pk", flat=True)))),
    ):
        jobs = model._default_manager.filter(uses, lease_expires_at__gt=Now())
        found += (jobs.exclude(pk=beside.pk) if isinstance(beside, model) else jobs).count()
    return found
