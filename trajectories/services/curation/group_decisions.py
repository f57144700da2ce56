"""Deciding on all samples of a problem at once, and taking that back at once: one transaction, ordinary reviews.

What is written is what single decisions write, in a number of statements that does not depend on that of the samples.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from trajectories.core.curation.groups import GroupDraft
from trajectories.core.curation.reviews import Decision, ReviewDraft, ReviewError
from trajectories.models import (
    Assignment,
    AuditEvent,
    Queue,
    QueueItem,
    QueueSkip,
    QueueWork,
    Review,
    ReviewLease,
)
from trajectories.selectors.queue_groups import last_group_decided
from trajectories.selectors.queues import current_guidelines
from trajectories.services.curation.assignments import reopen_assignments
from trajectories.services.curation.decisions import UNDONE_AT_MOST, DecidedElsewhereError
from trajectories.services.curation.group_leases import take_items
from trajectories.services.curation.review_leases import LEASE
from trajectories.services.curation.settling import lock_traces, settle_traces
from trajectories.services.locks import take_turn

State = Assignment.State


class GoneGroupError(ReviewError):
    """Samples of the group are not the reviewer's any more; nothing is stored."""

    def __init__(self, count: int, total: int) -> None:
        said = f"{count} of these {total} samples went back to the others while you were away"
        super().__init__(f"{said}, and need no review of yours now. Nothing is stored.")


@dataclass(frozen=True, slots=True)
class GroupSubmission:
    """What a page sends: the draft, the items that were on it, the key that makes sending it twice one decision, and
    the token it was made with.
    """

    draft: GroupDraft
    item_ids: Sequence[int]
    key: uuid.UUID
    token: uuid.UUID | None


@transaction.atomic
def decide_group(*, reviewer: User, queue: Queue, problem_id: int, submitted: GroupSubmission) -> int:
    """Store a decision on every sample that was on the page, or on none; the number of them.

    Each is an ordinary review. They replace the reviewer's earlier ones, if any, and count as one review of each
    sample. The same key again changes nothing. Raises ReviewError for a draft that does not answer what the queue asks,
    GoneGroupError where others have any of the samples, DecidedElsewhereError.
    """
    take_turn("assignments of", reviewer.pk)
    items = _items(queue, problem_id, submitted.item_ids)
    if (stored := Review.objects.filter(key=submitted.key).first()) is not None:
        if (stored.reviewer_id, stored.trace_id) not in {(reviewer.pk, item.trace_id) for item in items}:
            raise ReviewError("This form was already used; reload the page.", field="key")
        return len(items)
    drafts = submitted.draft.drafts({item.pk: item.trace.answer_hash for item in items})
    for item in items:
        queue.asks.check(drafts[item.pk], 0)
    assignments = _assignments(reviewer, queue, problem_id, items, submitted.token)
    reviews = _store(reviewer, queue, items, drafts, submitted.key)
    _settle(reviewer, queue, assignments, reviews)
    return len(items)


def _items(queue: Queue, problem_id: int, item_ids: Sequence[int]) -> list[QueueItem]:
    """The items that were on the page, by id. Raises ReviewError for what is none of this problem in this queue."""
    wanted = set(item_ids)
    items = QueueItem.objects.filter(queue=queue, trace__problem=problem_id, is_gold=False, pk__in=wanted)
    found = list(items.select_related("trace").defer("trace__steps", "trace__parts", "trace__facts").order_by("pk"))
    if not wanted or len(found) < len(wanted):
        raise ReviewError(f"Found {len(wanted)} samples of which {len(found)} are here; reload the page.")
    if withdrawn := next((item for item in found if item.trace.withdrawn), None):
        raise ReviewError(f"Trace {withdrawn.trace_id} was withdrawn since you opened this page; reload it.")
    return found


def _assignments(
    reviewer: User, queue: Queue, problem_id: int, items: Sequence[QueueItem], token: uuid.UUID | None
) -> list[Assignment]:
    """The reviewer's assignments to the items, locked; what has become free meanwhile is taken again."""
    ids = [item.pk for item in items]
    mine = Assignment.objects.filter(queue=queue, reviewer=reviewer, item__in=ids)
    missing = set(ids) - set(mine.values_list("item", flat=True))
    if missing and not take_items(reviewer=reviewer, queue=queue, problem_id=problem_id, item_ids=missing):
        raise GoneGroupError(len(missing), len(ids))
    locked = list(mine.select_for_update(no_key=True).order_by("pk"))
    if len(locked) < len(ids):
        raise GoneGroupError(len(ids) - len(locked), len(ids))
    if other := next((each for each in locked if each.state == State.DONE and each.token != token), None):
        raise DecidedElsewhereError(other.token)
    return locked


def _keys(key: uuid.UUID, count: int) -> list[uuid.UUID]:
    """A key for each of several reviews that one form makes: the first has the form's own, by which it is known."""
    return [key, *(uuid.uuid5(key, str(number)) for number in range(1, count))]


def _store(
    reviewer: User, queue: Queue, items: Sequence[QueueItem], drafts: Mapping[int, ReviewDraft], key: uuid.UUID
) -> dict[int, Review]:
    """Store the reviews, by item, settle their traces, and write the audit events."""
    trace_ids = [item.trace_id for item in items]
    lock_traces(trace_ids)
    before = Review.objects.filter(trace__in=trace_ids, reviewer=reviewer, superseded_by=None)
    latest = {review.trace_id: review for review in before}
    guidelines = current_guidelines(queue)
    reviews = [
        Review(
            trace_id=item.trace_id,
            reviewer=reviewer,
            decision=drafts[item.pk].decision,
            reason=drafts[item.pk].reason,
            comment=drafts[item.pk].comment.strip(),
            supersedes=latest.get(item.trace_id),
            key=own,
            seconds=drafts[item.pk].seconds,
            queue=queue,
            guidelines=guidelines,
        )
        for item, own in zip(items, _keys(key, len(items)), strict=True)
    ]
    Review.objects.bulk_create(reviews)
    ReviewLease.objects.filter(trace__in=trace_ids, holder=reviewer).delete()
    _record(reviewer, queue, reviews)
    return {item.pk: review for item, review in zip(items, reviews, strict=True)}


def _record(reviewer: User, queue: Queue, reviews: Sequence[Review]) -> None:
    """Settle the traces of the reviews, which are locked, and write an audit event for each."""
    settled = settle_traces([review.trace_id for review in reviews])
    AuditEvent.objects.bulk_create(
        AuditEvent(
            actor=reviewer,
            verb=f"review.{review.decision}",
            object_type="trace",
            object_id=review.trace_id,
            data={
                "review": review.pk,
                "queue": queue.pk,
                "together": len(reviews),
                "decision": settled[review.trace_id].as_json(),
            },
        )
        for review in reviews
    )


def _settle(reviewer: User, queue: Queue, assignments: Sequence[Assignment], reviews: Mapping[int, Review]) -> None:
    """Count the reviews: in the assignments, under one token, in the items, and in the reviewer's work."""
    fresh = [each.item_id for each in assignments if each.state != State.DONE]
    before = sum(each.seconds or 0.0 for each in assignments if each.state == State.DONE)
    token, now = uuid.uuid4(), timezone.now()
    for each in assignments:
        review = reviews[each.item_id]
        each.review, each.seconds = review, review.seconds
        each.state, each.token, each.expires_at, each.decided_at = State.DONE, token, None, now
    fields = ("review", "seconds", "state", "token", "expires_at", "decided_at")
    Assignment.objects.bulk_update(assignments, fields)
    QueueItem.objects.filter(pk__in=fresh).update(done_count=F("done_count") + 1)
    seconds = sum(review.seconds or 0.0 for review in reviews.values()) - before
    QueueWork.objects.filter(queue=queue, reviewer=reviewer).update(
        done_count=F("done_count") + len(fresh), seconds=F("seconds") + seconds, seen_at=Now()
    )
    QueueSkip.objects.filter(item__in=[each.item_id for each in assignments], reviewer=reviewer).delete()


@transaction.atomic
def undo_group(*, reviewer: User, queue: Queue, key: uuid.UUID) -> int | None:
    """Take back all that the reviewer decided together last in a queue, among their newest; the problem, None for none.

    The samples are theirs again, under one lease. The same `key` again takes nothing more back.
    """
    take_turn("assignments of", reviewer.pk)
    if (stored := Review.objects.filter(key=key, reviewer=reviewer).select_related("trace").first()) is not None:
        return stored.trace.problem_id
    group = last_group_decided(queue, reviewer, most=UNDONE_AT_MOST)
    if group is None:
        return None
    done = Assignment.objects.filter(queue=queue, reviewer=reviewer, state=State.DONE, token=group.token)
    assignments = list(done.select_for_update(no_key=True).order_by("pk"))
    items = QueueItem.objects.in_bulk([each.item_id for each in assignments])
    trace_ids = [item.trace_id for item in items.values()]
    lock_traces(trace_ids)
    standing = Review.objects.filter(trace__in=trace_ids, reviewer=reviewer, superseded_by=None)
    taken_back = list(standing.exclude(decision=Decision.WITHDRAW).order_by("trace"))
    if not taken_back:
        # A lead has voided all of them.
        return None
    withdrawals = [
        Review(trace_id=review.trace_id, reviewer=reviewer, decision=Decision.WITHDRAW, supersedes=review, key=own)
        for review, own in zip(taken_back, _keys(key, len(taken_back)), strict=True)
    ]
    Review.objects.bulk_create(withdrawals)
    _record(reviewer, queue, withdrawals)
    _reopen(reviewer, queue, assignments)
    _reopen_elsewhere(reviewer, trace_ids)
    return group.problem_id


def _reopen(reviewer: User, queue: Queue, assignments: Sequence[Assignment]) -> None:
    """Put decided assignments back on their reviewer's screen, under one token."""
    QueueItem.objects.filter(pk__in=[each.item_id for each in assignments]).update(done_count=F("done_count") - 1)
    seconds = sum(each.seconds or 0.0 for each in assignments)
    QueueWork.objects.filter(queue=queue, reviewer=reviewer).update(
        done_count=F("done_count") - len(assignments), seconds=F("seconds") - seconds
    )
    Assignment.objects.filter(pk__in=[each.pk for each in assignments]).update(
        state=State.LEASED, token=uuid.uuid4(), expires_at=Now() + LEASE, review=None, seconds=None
    )


def _reopen_elsewhere(reviewer: User, trace_ids: Iterable[int]) -> None:
    """What is taken back is wanted again in other queues that have the trace too."""
    others = Assignment.objects.filter(reviewer=reviewer, item__trace__in=trace_ids, state=State.DONE, is_gold=False)
    for trace_id in others.order_by("item__trace").values_list("item__trace", flat=True).distinct():
        reopen_assignments(reviewer=reviewer, trace_id=trace_id)
