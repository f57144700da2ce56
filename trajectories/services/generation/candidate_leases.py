"""Who looks at which candidate: a reviewer has one at a time, leased as everything is that people review."""

from django.contrib.auth.models import User
from django.db import transaction

from trajectories.models import ProblemCandidate, ReviewLease
from trajectories.selectors.candidates import CandidateScope, waiting_after
from trajectories.services.curation.review_leases import lease_first


@transaction.atomic
def claim_next_candidate(*, reviewer: User, scope: CandidateScope, after: int = 0) -> ReviewLease | None:
    """Lease the next waiting candidate of a scope to the reviewer; None where none is free.

    Those after the place `after` come first, so that what was skipped comes again at the end, and among these the one
    that the reviewer holds already: asked twice, the answer is the same. Whatever else they held is let go.
    """
    return _only(lease_first(reviewer=reviewer, waiting=waiting_after(scope, reviewer, after)))


@transaction.atomic
def claim_candidate(*, reviewer: User, candidate_id: int) -> ReviewLease | None:
    """Lease one waiting candidate to the reviewer; None where somebody else holds it or it does not wait."""
    waiting = ProblemCandidate.objects.filter(pk=candidate_id, state=ProblemCandidate.State.WAITING)
    return _only(lease_first(reviewer=reviewer, waiting=waiting))


def _only(lease: ReviewLease | None) -> ReviewLease | None:
    """The lease, with every other candidate of its holder let go."""
    if lease is not None:
        others = ReviewLease.objects.filter(holder=lease.holder_id, candidate__isnull=False)
        others.exclude(pk=lease.pk).delete()
    return lease
