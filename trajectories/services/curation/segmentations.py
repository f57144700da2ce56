"""Having traces cut into other steps: asking for it, and doing it some thousand traces at a time under a lease.

What a trace was stored with stays, and so do step labels: each review names the segmentation that it counts by.
"""

import uuid

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Max, QuerySet
from django.db.models.functions import Now

from trajectories.core.faults import Fault
from trajectories.core.prompts.segmentation import check_segmentation
from trajectories.core.selections import Selection
from trajectories.models import AuditEvent, SegmentationJob, Trace
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.traces import traces_in
from trajectories.services.jobs.leases import LEASE, claim_job, lost_jobs, release_job
from trajectories.services.jobs.ringers import ring

CHUNK = 2_000
"""Traces of one transaction."""
CHUNKS_PER_BELL = 10
State = SegmentationJob.State


@transaction.atomic
def plan_segmentation(*, actor: User | None, selection: Selection, segmentation: str) -> SegmentationJob:
    """A queued job over the traces that are selected now, which is rung for.

    Raises Fault for an empty selection or a segmentation that is not known.
    """
    check_segmentation(segmentation)
    traces = traces_in(selection, EVERYTHING)
    total = traces.count()
    if not total:
        raise Fault("Found no trace in this selection, expected at least one.")
    job = SegmentationJob.objects.create(
        selection=selection.to_json(),
        segmentation=segmentation,
        last_id=traces.aggregate(last=Max("pk"))["last"],
        total_count=total,
        created_by=actor,
    )
    AuditEvent.objects.create(
        actor=actor,
        verb="segmentation.planned",
        object_type="segmentationjob",
        object_id=job.pk,
        data={"selection": job.selection, "segmentation": segmentation, "traces": total},
    )
    ring("segmentation", job.pk)
    return job


def segment_next(*, job_id: int) -> bool:
    """Have the next traces of a job cut; returns whether there is more to do.

    Safe to call at any time and twice at once: a lease lets one worker through, and the cursor moves in the transaction
    that changes the traces.
    """
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
    """Jobs that nobody works on and whose bell is long unanswered, marked as rung."""
    return lost_jobs(SegmentationJob.objects.filter(state__in=SegmentationJob.ACTIVE_STATES))


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


def _active(job_id: int) -> QuerySet[SegmentationJob]:
    return SegmentationJob.objects.filter(pk=job_id, state__in=SegmentationJob.ACTIVE_STATES)
