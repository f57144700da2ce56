"""Writing reviews: append-only events, with what follows from them kept in the same transaction."""

import uuid

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F

from trajectories.core.reviews import Decision, Judgement, ReviewError, Standing, settle
from trajectories.models import AuditEvent, Problem, Review, Trace
from trajectories.selectors.reviews import last_decision, latest_review, standing_reviews


@transaction.atomic
def submit_review(*, reviewer: User, trace: Trace, judgement: Judgement, key: uuid.UUID) -> Review:
    """Store a reviewer's word on a trace; it supersedes their earlier word, if any.

    The same `key` again gives the review stored the first time. Raises ReviewError when the judgement is not valid
    for this trace or when the key belongs to another review.
    """
    judgement.check(len(trace.steps))
    _lock(trace)
    if (stored := _stored(reviewer, key)) is not None:
        if stored.trace_id != trace.pk:
            raise ReviewError("key", "This form was already used for another trace; reload the page.")
        return stored
    review = Review.objects.create(
        trace=trace,
        reviewer=reviewer,
        decision=judgement.decision,
        score=judgement.score,
        reason=judgement.reason,
        comment=judgement.comment.strip(),
        step_labels=dict(judgement.step_labels),
        supersedes=latest_review(trace=trace, reviewer=reviewer),
        key=key,
        seconds=judgement.seconds,
    )
    _record(review)
    return review


@transaction.atomic
def undo_last_review(*, reviewer: User, key: uuid.UUID, trace: Trace | None = None) -> Review | None:
    """Withdraw the reviewer's last standing decision (on `trace` only, where given); None where there is none.

    Nothing is deleted: the withdrawal is a review that supersedes. The same `key` again withdraws nothing more.
    """
    while True:
        if (stored := _stored(reviewer, key)) is not None:
            return stored
        last = last_decision(reviewer=reviewer, trace=trace)
        if last is None:
            return None
        _lock(last.trace)
        if latest_review(trace=last.trace, reviewer=reviewer) == last:
            break
        # The reviewer judged or withdrew in another window while this one waited for the lock: look again.
    review = Review.objects.create(
        trace=last.trace, reviewer=reviewer, decision=Decision.WITHDRAW, supersedes=last, key=key
    )
    _record(review)
    return review


def _lock(trace: Trace) -> None:
    """Take the row lock under which everything derived from a trace's reviews is changed."""
    Trace.objects.select_for_update().only("pk").get(pk=trace.pk)


def _stored(reviewer: User, key: uuid.UUID) -> Review | None:
    stored = Review.objects.filter(key=key).first()
    if stored is not None and stored.reviewer_id != reviewer.pk:
        raise ReviewError("key", "This form was already used; reload the page.")
    return stored


def _record(review: Review) -> None:
    """Settle the trace anew, keep the problem's counter and write the audit event; the trace is locked."""
    trace = review.trace
    before = Trace.objects.values_list("decision", flat=True).get(pk=trace.pk)
    after = settle(word.decision for word in standing_reviews(trace))
    if after != before:
        Trace.objects.filter(pk=trace.pk).update(decision=after)
        change = (after == Standing.ACCEPTED) - (before == Standing.ACCEPTED)
        if change:
            Problem.objects.filter(pk=trace.problem_id).update(accepted_count=F("accepted_count") + change)
    trace.decision = after
    AuditEvent.objects.create(
        actor=review.reviewer,
        verb=f"review.{review.decision}",
        object_type="trace",
        object_id=trace.pk,
        data={"review": review.pk, "decision": {"before": before, "after": str(after)}},
    )
