"""Keeping what was said elsewhere of imported traces, and taking it over as one's own where that is asked for."""

import uuid
from collections.abc import Sequence

from django.contrib.auth.models import User

from trajectories.core.judged_rows import ForeignReview
from trajectories.core.records import VerdictRecord
from trajectories.core.reviews import REJECTION_REASONS, Decision, Judgement, Standing, settle
from trajectories.core.storable import storable_json
from trajectories.models import ImportedReview, ImportedVerdict, Trace
from trajectories.services.reviews import submit_review

OTHER = "other"


def store_imported_verdicts(*, trace: Trace, verdicts: Sequence[VerdictRecord]) -> None:
    """Keep a new trace's verdicts from elsewhere. Raises ValueError or TypeError for evidence that cannot be stored."""
    ImportedVerdict.objects.bulk_create(
        ImportedVerdict(
            trace=trace,
            verifier=verdict.verifier,
            version=verdict.version,
            outcome=verdict.outcome.value,
            score=verdict.score,
            message=verdict.message,
            evidence=storable_json(verdict.evidence),
            seconds=verdict.seconds,
            engine=verdict.engine,
        )
        for verdict in verdicts
    )


def store_imported_reviews(*, trace: Trace, reviews: Sequence[ForeignReview], adopted_by: User | None = None) -> None:
    """Keep a new trace's reviews from elsewhere; `adopted_by` makes what they come to a review of their own."""
    ImportedReview.objects.bulk_create(
        ImportedReview(
            trace=trace,
            pseudonym=review.pseudonym,
            decision=review.decision.value,
            score=review.score,
            reason=review.reason,
            comment=review.comment,
            step_labels=dict(review.step_labels),
        )
        for review in reviews
    )
    if adopted_by is not None and reviews:
        submit_review(reviewer=adopted_by, trace=trace, judgement=_adopted(reviews), key=uuid.uuid4())


def _adopted(reviews: Sequence[ForeignReview]) -> Judgement:
    """What several words come to: one rejection outweighs the rest. Score and labels are those of a lone review."""
    rejected = settle(review.decision.value for review in reviews) is Standing.REJECTED
    decisive = next(review for review in reviews if (review.decision is Decision.REJECT) is rejected)
    lone = reviews[0] if len(reviews) == 1 else None
    names = ", ".join(review.pseudonym for review in reviews)
    reason = "" if not rejected else decisive.reason if decisive.reason in REJECTION_REASONS else OTHER
    return Judgement(
        decision=decisive.decision,
        score=lone.score if lone else None,
        reason=reason,
        comment=f"Taken over from {names}. {decisive.comment}".strip()[:10_000],
        step_labels=lone.step_labels if lone else {},
    )
