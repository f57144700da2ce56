"""Having traces cut into other steps: asking for it, and doing it some thousand traces at a time under a lease.

What a trace was stored with stays, and so do step labels: each review names the segmentation that it counts by.
"""

import uuid

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.db.models.functions import Now

from trajectories.adapters.chat_api.calls.records import input_tokens_of
from trajectories.core.faults import Fault
from trajectories.core.selections import Selection
from trajectories.models import AuditEvent, Run, Sampler, SegmentationJob, Trace
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.traces import spread_over, traces_in
from trajectories.services.curation.model_segmentations import ask_next
from trajectories.services.endpoints.calls import CallBudget
from trajectories.services.jobs.leases import LEASE, claim_job, lost_of, release_job
from trajectories.services.jobs.ringers import ring
from trajectories.services.locks import lock_run
from trajectories.services.runs.cutting import CutEstimate, Cutting, check_call_budget, estimate_cuts

CHUNK = 2_000
"""Traces of one transaction."""
CHUNKS_PER_BELL = 10
LOOKED_AT = 16
"""Traces whose length an estimate goes by."""

State = SegmentationJob.State


@transaction.atomic
def plan_segmentation(
    *, actor: User | None, selection: Selection, cutting: Cutting, budget: CallBudget | None = None
) -> SegmentationJob:
    """A queued job over the traces that are selected now, which is rung for; a language model may take `budget`.

    Raises Fault for an empty selection, or a way of cutting or a budget that is none.
    """
    cutting.check()
    budget = budget or CallBudget()
    check_call_budget(budget, cutting.sampler)
    traces = traces_in(selection, EVERYTHING)
    total = traces.count()
    if not total:
        raise Fault("Found no trace in this selection, expected at least one.")
    job = SegmentationJob.objects.create(
        selection=selection.to_json(),
        segmentation=cutting.segmentation,
        sampler=cutting.sampler,
        last_id=traces.aggregate(last=Max("pk"))["last"],
        total_count=total,
        budget_cost=budget.cost,
        budget_tokens=budget.tokens,
        created_by=actor,
    )
    AuditEvent.objects.create(
        actor=actor,
        verb="segmentation.planned",
        object_type="segmentationjob",
        object_id=job.pk,
        data={"selection": job.selection, **cutting.to_json(), "traces": total},
    )
    ring("segmentation", job.pk)
    return job


def estimate_segmentation(*, selection: Selection, sampler: Sampler) -> CutEstimate:
    """What a language model takes to cut the traces that are selected now, by the length of some of them. Raises Fault
    for an empty selection, ValueError for a sampler whose parameters are no settings."""
    traces = traces_in(selection, EVERYTHING)
    total = traces.count()
    if not total:
        raise Fault("Found no trace in this selection, expected at least one.")
    looked_at = spread_over(traces, LOOKED_AT)
    tokens = sum(input_tokens_of([{"role": "user", "content": trace.reasoning.body}]) for trace in looked_at)
    return estimate_cuts(sampler=sampler, traces=total, tokens=tokens * total / len(looked_at))


@transaction.atomic
def segment_run(*, run_id: int) -> SegmentationJob | None:
    """The job that cuts the traces of a run that has finished, where a language model was chosen to; None where none
    was, or it was asked for already. One that is gone on with and finishes again is asked for again."""
    run = lock_run(run_id)
    if run.segmenter is None or run.state != Run.State.FINISHED or run.segmented_at == run.finished_at:
        return None
    Run.objects.filter(pk=run.pk).update(segmented_at=run.finished_at)
    return plan_segmentation(
        actor=run.created_by, selection=Selection(run=run.pk), cutting=Cutting(sampler=run.segmenter)
    )


def segment_next(*, job_id: int) -> bool:
    """Have the next traces of a job cut; returns whether there is more to do.

    Safe to call at any time and twice at once: a lease lets one worker through, and the cursor moves in the transaction
    that changes the traces.
    """
    if asks_model(job_id=job_id):
        return ask_next(job_id=job_id)
    token = uuid.uuid4()
    if not claim_job(_active(job_id), token, state=State.RUNNING):
        return False
    chunks = 0
    while chunks < CHUNKS_PER_BELL:
        count = _segment_chunk(job_id, token)
        if count is None:
            return False
        if not count:
            release_job(SegmentationJob.objects.filter(pk=job_id), token, claims=0)
            _active(job_id).filter(state=State.RUNNING).update(state=State.FINISHED, finished_at=Now())
            return False
        chunks += 1
    release_job(SegmentationJob.objects.filter(pk=job_id), token, claims=0)
    return _active(job_id).exists()


def lost_segmentations() -> list[int]:
    """Jobs that nobody works on and whose bell is long unanswered, marked as rung; runs whose end nobody heard of get
    theirs first."""
    ended = Run.objects.filter(segmenter__isnull=False, state=Run.State.FINISHED)
    for run_id in ended.exclude(segmented_at=F("finished_at")).values_list("pk", flat=True):
        segment_run(run_id=run_id)
    return lost_of(SegmentationJob)


@transaction.atomic
def _segment_chunk(job_id: int, token: uuid.UUID) -> int | None:
    """Change the next traces and move the cursor: how many there were; None where the lease or the job is lost."""
    held = SegmentationJob.objects.filter(pk=job_id, lease_token=token, state=State.RUNNING)
    job = held.select_for_update(no_key=True).first()
    if job is None:
        return None
    left = traces_in(Selection.from_json(job.selection), EVERYTHING).filter(pk__gt=job.cursor, pk__lte=job.last_id)
    ids = list(left.order_by("pk").values_list("pk", flat=True)[:CHUNK])
    if ids:
        others = Trace.objects.filter(pk__in=ids).exclude(segmentation=job.segmentation)
        # In one order, so that two jobs over the same traces wait for each other and never in a circle.
        rows = list(others.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
        changed = Trace.objects.filter(pk__in=rows).update(segmentation=job.segmentation)
        held.update(
            cursor=ids[-1],
            claims=1,
            lease_expires_at=Now() + LEASE,
            done_count=F("done_count") + len(ids),
            changed_count=F("changed_count") + changed,
        )
    return len(ids)


def asks_model(*, job_id: int) -> bool:
    """Whether a language model does a job."""
    return SegmentationJob.objects.filter(pk=job_id, sampler__isnull=False).exists()


def _active(job_id: int) -> QuerySet[SegmentationJob]:
    return SegmentationJob.objects.filter(pk=job_id, state__in=SegmentationJob.ACTIVE_STATES)
