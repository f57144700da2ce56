"""Reading reviews. A review stands until another of the same reviewer supersedes it."""

import uuid
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import QuerySet

from trajectories.core.curation.reviews import Decision
from trajectories.models import Review, Trace


def latest_review(*, trace: Trace, reviewer: User) -> Review | None:
    """The end of a reviewer's chain on a trace, a withdrawal included; None where they never said anything."""
    return Review.objects.filter(trace=trace, reviewer=reviewer, superseded_by=None).first()


SAID_BEFORE = """
SELECT * FROM trajectories_review WHERE key = %(key)s
UNION ALL
SELECT * FROM trajectories_review AS review WHERE trace_id = %(trace)s AND reviewer_id = %(reviewer)s AND key <> %(key)s
    AND NOT EXISTS (SELECT 1 FROM trajectories_review AS later WHERE later.supersedes_id = review.id)
"""


@dataclass(frozen=True, slots=True)
class SaidBefore:
    """The review that a form's key belongs to, whosever it is, and the end of a reviewer's chain on a trace."""

    by_key: Review | None
    latest: Review | None


def said_before(*, trace: Trace, reviewer: User, key: uuid.UUID) -> SaidBefore:
    """What a new review of a trace has to know, in one statement. `latest` is told where `by_key` is None."""
    found = list(Review.objects.raw(SAID_BEFORE, {"trace": trace.pk, "reviewer": reviewer.pk, "key": key}))
    by_key = next((review for review in found if review.key == key), None)
    return SaidBefore(by_key, None if by_key else next(iter(found), None))


def standing_reviews(trace: Trace) -> QuerySet[Review]:
    """Every reviewer's standing review of a trace, oldest first."""
    standing = Review.objects.filter(trace=trace, superseded_by=None).exclude(decision=Decision.WITHDRAW)
    return standing.order_by("id")


def standing_review(*, trace: Trace, reviewer: User) -> Review | None:
    """One reviewer's standing review of a trace; None where they have none."""
    return standing_reviews(trace).filter(reviewer=reviewer).first()


@dataclass(frozen=True, slots=True)
class Dispute:
    """Who decided differently on one trace, by name, oldest decision first; both are there or both are empty."""

    accepted: tuple[str, ...]
    rejected: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.accepted and self.rejected)


def get_dispute(trace: Trace) -> Dispute:
    """Who accepts and who rejects a trace; false where nobody contradicts anybody. Ask only who may see it."""
    said = list(standing_reviews(trace).values_list("decision", "reviewer__username"))
    accepted, rejected = (
        tuple(name for given, name in said if given == decision) for decision in (Decision.ACCEPT, Decision.REJECT)
    )
    return Dispute(accepted, rejected) if accepted and rejected else Dispute((), ())


def last_decision(*, reviewer: User, trace: Trace | None = None) -> Review | None:
    """The newest decision of a reviewer that still stands: what undo takes back.

    What a lead voided and restored is not the newest thing they did, though its row is.
    """
    mine = Review.objects.filter(reviewer=reviewer, superseded_by=None, void=None).exclude(decision=Decision.WITHDRAW)
    if trace is not None:
        mine = mine.filter(trace=trace)
    return mine.select_related("trace").order_by("-id").first()


def review_history(trace: Trace) -> QuerySet[Review]:
    """Everything anybody said of a trace, newest first, with the reviewers."""
    return Review.objects.filter(trace=trace).select_related("reviewer", "superseded_by").order_by("-id")
