"""Keeping what was said elsewhere of imported traces, and taking it over as one's own where that is asked for."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib.auth.models import User

from trajectories.core.curation.reviews import REJECTION_REASONS, Decision, ReviewDraft, Standing, settle
from trajectories.core.identity import canonical_json
from trajectories.core.importers.verdict_rows import ForeignReview
from trajectories.core.prompts.segmentation import MOST_STEPS
from trajectories.core.records import JSON, VerdictRecord
from trajectories.core.text.storable import storable_json
from trajectories.models import AuditEvent, ImportedReview, Review, Verdict

OTHER = "other"
VERDICT_COLUMNS = ("verifier", "version", "outcome", "score", "message", "evidence", "seconds", "engine")
"""Of an imported verdict, in the order in which a spool has them."""

REVIEW_COLUMNS = ("pseudonym", "decision", "score", "reason", "comment", "step_labels", "step_spans", "segmentation")
"""Of an imported review, likewise."""

SAID = ("decision", "score", "reason", "comment", "step_labels")
"""What a review says."""

Words = tuple[str, int | None, str, str, str]
"""The same as values, labels as canonical JSON."""


def verdict_row(verdict: VerdictRecord) -> list[JSON]:
    """A verdict from elsewhere as VERDICT_COLUMNS. Raises ValueError or TypeError for evidence that has no JSON."""
    return [
        *(verdict.verifier, verdict.version, verdict.outcome.value, verdict.score, verdict.message),
        *(storable_json(verdict.evidence), verdict.seconds, verdict.engine),
    ]


def review_row(review: ForeignReview) -> list[JSON]:
    """A review from elsewhere as REVIEW_COLUMNS."""
    return [
        *(review.pseudonym, review.decision.value, review.score, review.reason, review.comment),
        *(dict(review.step_labels), dict(review.step_spans), review.segmentation),
    ]


def review_words(decision: str, score: int | None, reason: str, comment: str, labels: JSON) -> Words:
    """What a review says, to tell two of them apart."""
    return decision, score, reason, comment, canonical_json(labels)


def imported_reviews(trace_ids: set[int]) -> dict[tuple[int, str], Words]:
    """What the imported reviews of some traces say, by trace and pseudonym."""
    rows = ImportedReview.objects.filter(trace__in=trace_ids).values_list("trace", "pseudonym", *SAID)
    return {(trace, who): review_words(*said) for trace, who, *said in rows} if trace_ids else {}


def own_reviews(trace_ids: set[int]) -> set[tuple[int, Words]]:
    """What people here said of some traces."""
    rows = Review.objects.filter(trace__in=trace_ids).values_list("trace", *SAID)
    return {(trace, review_words(*said)) for trace, *said in rows} if trace_ids else set()


def own_verdicts(trace_ids: set[int]) -> set[tuple[Any, ...]]:
    """The verdicts that were made here of some traces: trace, verifier, version, message."""
    rows = Verdict.objects.filter(trace__in=trace_ids).values_list("trace", "verifier", "version", "message")
    return set(rows) if trace_ids else set()


def adopted_review(said: Sequence[ForeignReview], step_count: int) -> dict[str, JSON] | None:
    """The review that imported reviews become when somebody adopts them as their own: the fields of SAID,
    `step_spans` and `segmentation`; None where none of them decides anything.

    Raises ReviewError.
    """
    reviews = [review for review in said if review.decision is not Decision.WITHDRAW]
    if not reviews:
        return None
    draft = _adopted(reviews)
    # Labels of other steps than the stored ones were held against those as they were read.
    draft.check(step_count if not reviews[0].segmentation else MOST_STEPS * max(step_count, 1))
    return {
        **{name: getattr(draft, name) for name in SAID},
        "decision": draft.decision.value,
        "comment": draft.comment.strip(),
        "step_labels": dict(draft.step_labels),
        "step_spans": dict(reviews[0].step_spans) if len(reviews) == 1 else {},
        "segmentation": reviews[0].segmentation if len(reviews) == 1 else "",
    }


def store_adopted_reviews(*, reviewer: User, adopted: Sequence[tuple[int, Mapping[str, JSON]]]) -> None:
    """Store the reviewer's reviews of traces that are new, each by its id; their `decision` is the caller's to keep."""
    reviews = Review.objects.bulk_create(
        Review(trace_id=trace_id, reviewer=reviewer, key=uuid.uuid4(), **said) for trace_id, said in adopted
    )
    AuditEvent.objects.bulk_create(
        AuditEvent(
            actor=reviewer,
            verb=f"review.{review.decision}",
            object_type="trace",
            object_id=review.trace_id,
            data={"review": review.pk, "decision": {"before": "", "after": str(settle([review.decision]))}},
        )
        for review in reviews
    )


def _adopted(reviews: Sequence[ForeignReview]) -> ReviewDraft:
    """The one decision that several reviews add up to: a rejection outweighs the rest. Score and labels are taken from
    a lone review only."""
    rejected = settle(review.decision.value for review in reviews) is Standing.REJECTED
    decisive = next(review for review in reviews if (review.decision is Decision.REJECT) is rejected)
    lone = reviews[0] if len(reviews) == 1 else None
    names = ", ".join(review.pseudonym for review in reviews)
    reason = "" if not rejected else decisive.reason if decisive.reason in REJECTION_REASONS else OTHER
    return ReviewDraft(
        decision=decisive.decision,
        score=lone.score if lone else None,
        reason=reason,
        comment=f"Taken over from {names}. {decisive.comment}".strip()[:10_000],
        step_labels=lone.step_labels if lone else {},
    )
