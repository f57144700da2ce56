"""Voiding somebody's reviews from a moment on, and taking that back: everything is appended, nothing is changed."""

import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import islice

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from trajectories.core.curation.reviews import Decision
from trajectories.core.faults import Fault
from trajectories.models import AuditEvent, Queue, Review, ReviewVoid
from trajectories.services.curation.reopening import give_back, reopen_voided
from trajectories.services.curation.settling import lock_traces, settle_traces
from trajectories.services.locks import take_turn

BATCH = 1_000
OWN_FIELDS = ("id", "supersedes", "key", "void", "decided_at", "created_at")
"""Fields of a review that a copy of it does not take over."""


class VoidError(Fault):
    """Reviews that cannot be voided or restored; the message says why."""


@transaction.atomic
def void_reviews(
    *, actor: User, reviewer: User, since: datetime, reason: str, key: uuid.UUID, queue: Queue | None = None
) -> ReviewVoid:
    """Let every standing decision that a person took at or after `since`, or took in one queue, count for nothing.

    Traces are settled anew without them, and queues in which they were given hand the items out again, to this person
    too. The same `key` again gives the event stored the first time. Raises VoidError where there is no such decision.
    """
    take_turn("voids of", reviewer.pk)
    take_turn("assignments of", reviewer.pk)
    if (stored := ReviewVoid.objects.filter(key=key).first()) is not None:
        return stored
    standing = Review.objects.filter(reviewer=reviewer, superseded_by=None).exclude(decision=Decision.WITHDRAW)
    standing = standing.filter(queue=queue) if queue else standing
    since_then = standing.annotate(decided=Coalesce("decided_at", "created_at")).filter(decided__gte=since)
    trace_ids = _lock(since_then)
    if not trace_ids:
        text = f"{reviewer.username} has no decision since {since:%Y-%m-%d %H:%M} that counts{_where(queue)}."
        raise VoidError(text, field="since")
    event = ReviewVoid.objects.create(
        reviewer=reviewer,
        since=since,
        queue=queue,
        reason=reason.strip(),
        actor=actor,
        review_count=since_then.filter(trace__in=trace_ids).count(),
        key=key,
    )
    _supersede(event, since_then, trace_ids, _withdrawal)
    for some in _batches(trace_ids):
        reopen_voided(void=event, trace_ids=some)
    _audit(event, "void.add")
    return event


@transaction.atomic
def restore_reviews(*, actor: User, void: ReviewVoid, key: uuid.UUID) -> ReviewVoid:
    """Take a void back: what it withdrew counts again, but where the person has decided anew since.

    In queues it counts as given where the item still wants a review; what others have given meanwhile stays.
    The same `key` again, or a void that is taken back already, gives the event stored the first time.
    """
    take_turn("voids of", void.reviewer_id)
    take_turn("assignments of", void.reviewer_id)
    if (stored := ReviewVoid.objects.filter(undoes=void).first()) is not None:
        return stored
    if void.undoes_id is not None:
        raise VoidError("This event restored reviews; void them again instead.")
    withdrawn = Review.objects.filter(void=void, superseded_by=None, decision=Decision.WITHDRAW)
    trace_ids = _lock(withdrawn)
    event = ReviewVoid.objects.create(
        reviewer=void.reviewer,
        since=void.since,
        queue=void.queue,
        actor=actor,
        review_count=withdrawn.filter(trace__in=trace_ids).count(),
        undoes=void,
        key=key,
    )
    _supersede(event, withdrawn, trace_ids, _restored)
    for some in _batches(trace_ids):
        give_back(void=void, restored=event, trace_ids=some)
    _audit(event, "void.undo")
    return event


def _where(queue: Queue | None) -> str:
    return f" in the queue “{queue.title}”" if queue else ""


def _lock(reviews: QuerySet[Review]) -> list[int]:
    """Lock the traces of the reviews, all in one order before anything is written; their ids.

    Two events that touch the same traces so never wait in a circle, and what the reviews say stays so.
    """
    trace_ids = sorted(set(reviews.values_list("trace_id", flat=True)))
    for some in _batches(trace_ids):
        lock_traces(some)
    # The person may have gone on before the locks were there.
    return sorted(set(reviews.filter(trace__in=trace_ids).values_list("trace_id", flat=True)))


def _withdrawal(event: ReviewVoid, review: Review) -> Review:
    return Review(
        trace_id=review.trace_id,
        reviewer_id=review.reviewer_id,
        decision=Decision.WITHDRAW,
        supersedes=review,
        key=uuid.uuid4(),
        void=event,
    )


def _restored(event: ReviewVoid, withdrawal: Review) -> Review:
    """A copy of the review that was voided, whatever fields reviews have."""
    voided = withdrawal.supersedes
    if voided is None:
        raise VoidError(f"Review {withdrawal.pk} withdraws nothing.")
    names = [field.attname for field in Review._meta.concrete_fields if field.name not in OWN_FIELDS]
    copied = {name: getattr(voided, name) for name in names}
    decided = voided.decided_at or voided.created_at
    return Review(**copied, supersedes=withdrawal, key=uuid.uuid4(), void=event, decided_at=decided)


def _supersede(
    event: ReviewVoid,
    reviews: QuerySet[Review],
    trace_ids: Sequence[int],
    make: Callable[[ReviewVoid, Review], Review],
) -> None:
    """Supersede the reviews of these traces, which are locked, by what `make` gives, and settle the traces."""
    verb = "review.void" if event.undoes_id is None else "review.restore"
    for some in _batches(trace_ids):
        rows = reviews.filter(trace__in=some).select_related("supersedes").order_by("pk")
        made = Review.objects.bulk_create([make(event, row) for row in rows])
        settled = settle_traces(some)
        AuditEvent.objects.bulk_create(
            AuditEvent(
                actor=event.actor,
                verb=verb,
                object_type="trace",
                object_id=review.trace_id,
                data={"review": review.pk, "void": event.pk, "decision": settled[review.trace_id].as_json()},
            )
            for review in made
        )


def _batches(ids: Iterable[int]) -> Iterable[Sequence[int]]:
    remaining = iter(ids)
    while some := list(islice(remaining, BATCH)):
        yield some


def _audit(event: ReviewVoid, verb: str) -> None:
    data = {
        "void": event.pk,
        "since": event.since.isoformat(),
        "reviews": event.review_count,
        "reason": event.reason,
        **({"queue": event.queue_id} if event.queue_id else {}),
    }
    AuditEvent.objects.create(actor=event.actor, verb=verb, object_type="user", object_id=event.reviewer_id, data=data)
