"""The slots of a language model: its calls in flight, shared evenly by the runs and the jobs that use it, in all
projects that call the same model at the same address with the same key.

A run's calls are its leased attempts; those of a job are only known to its worker, so a job counts as one that uses its
share. Whoever comes new may for a while meet calls of others that have not ended yet.
"""

import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection
from django.db.models import Count, Q
from django.db.models.functions import Now

from trajectories.adapters.acting import acting_in, acting_project
from trajectories.models import Attempt, GenerationJob, JudgeJob, Run, Sampler, SegmentationJob
from trajectories.selectors.projects import open_projects
from trajectories.selectors.samplers import called

CallingJob = JudgeJob | GenerationJob | SegmentationJob | Run
"""A job whose worker makes calls to a language model; a run where it has its steps judged."""


@dataclass(frozen=True, slots=True)
class Slots:
    """Calls that a session may have in flight, attempts it holds, and attempts of its run that anybody holds."""

    allowed: int
    mine: int
    of_run: int


Holder = tuple[int, int]
"""A run by its project and its id."""


def run_slots(*, run: Run, lease_token: uuid.UUID, concurrency: int) -> Slots:
    """The slots of one session of a run."""
    held, this = _held(run.sampler), (acting_project(), run.pk)
    mine = sum(count for (token, _), count in held.items() if token == lease_token)
    others = {holder for _, holder in held if holder != this}
    users = 1 + len(others) + _busy_jobs(run.sampler)
    allowed = min(concurrency - (held.total() - mine), _share(concurrency, users))
    return Slots(max(0, allowed), mine, sum(count for (_, holder), count in held.items() if holder == this))


def job_slots(*, sampler: Sampler, holder: CallingJob, concurrency: int) -> int:
    """Calls that the worker of a job may have in flight; one at the least, so that no run starves it."""
    held = _held(sampler)
    users = 1 + len({run for _, run in held}) + _busy_jobs(sampler, beside=holder)
    return max(1, min(concurrency - held.total(), _share(concurrency, users)))


def _share(concurrency: int, users: int) -> int:
    return max(1, concurrency // users)


def _places(sampler: Sampler) -> Iterator[tuple[int, bool]]:
    """Let each project act in which the endpoint of a sampler may be called, and say whether it is the one that acted;
    one of a sampler without an endpoint is that one alone."""
    here = acting_project()
    for project in open_projects() if sampler.has_endpoint else [here]:
        with acting_in(project):
            yield project, project == here


def _same(sampler: Sampler, before: str, *, is_here: bool) -> Q:
    """Samplers whose calls are to be counted with those of a sampler: any version of it, and whatever else calls the
    same. `before` is how a row leads to its sampler."""
    same = Q(**{f"{before}name": sampler.name}) if is_here else Q(pk=None)
    if sampler.has_endpoint:
        calls_it = {f"{before}kind": sampler.kind, f"{before}parameters__contains": called(sampler)}
        same |= Q(**calls_it)
    return same


def _held(sampler: Sampler) -> Counter[tuple[uuid.UUID | None, Holder]]:
    """How many attempts are held for an endpoint, by lease and run."""
    found: Counter[tuple[uuid.UUID | None, Holder]] = Counter()
    for project, is_here in _places(sampler):
        of_it = _same(sampler, "run__sampler__", is_here=is_here)
        in_flight = Attempt.objects.filter(of_it, state=Attempt.State.LEASED, lease_expires_at__gt=Now())
        for token, run, count in in_flight.order_by().values_list("lease_token", "run_id").annotate(Count("pk")):
            found[token, (project, run)] += count
    return found


_ANY_BUSY = """
SELECT EXISTS (SELECT 1 FROM trajectories_judgejob WHERE lease_expires_at > statement_timestamp())
    OR EXISTS (SELECT 1 FROM trajectories_generationjob WHERE lease_expires_at > statement_timestamp())
    OR EXISTS (SELECT 1 FROM trajectories_segmentationjob WHERE lease_expires_at > statement_timestamp())
    OR EXISTS (SELECT 1 FROM trajectories_run WHERE lease_expires_at > statement_timestamp())
"""


def _is_any_busy() -> bool:
    """Whether a worker is at any job that makes calls. Mostly none is, and every claim of attempts asks."""
    with connection.cursor() as cursor:
        cursor.execute(_ANY_BUSY)
        return bool(cursor.fetchone()[0])


def _busy_jobs(sampler: Sampler, beside: CallingJob | None = None) -> int:
    """Jobs that a worker is at and that use the endpoint, but for one of the project that acts."""
    return sum(_busy_here(sampler, beside if is_here else None, is_here=is_here) for _, is_here in _places(sampler))


def _busy_here(sampler: Sampler, beside: CallingJob | None, *, is_here: bool) -> int:
    if not _is_any_busy():
        return 0
    by_it = _same(sampler, "sampler__", is_here=is_here)
    judges = Sampler.objects.filter(_same(sampler, "", is_here=is_here)).values_list("pk", flat=True)
    found = 0
    for model, uses in (
        (JudgeJob, by_it),
        (GenerationJob, by_it | _same(sampler, "solver__", is_here=is_here)),
        (SegmentationJob, by_it),
        (Run, Q(plan__step_judge__in=list(judges))),
    ):
        jobs = model._default_manager.filter(uses, lease_expires_at__gt=Now())
        found += (jobs.exclude(pk=beside.pk) if isinstance(beside, model) else jobs).count()
    return found
