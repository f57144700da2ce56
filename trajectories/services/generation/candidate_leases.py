"""Who looks at which candidate: leased as everything is that people review, the next one while one is read."""

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import transaction

from trajectories.models import ProblemCandidate, ReviewLease
from trajectories.selectors.candidates import CandidateScope, waiting_after
from trajectories.services.curation.review_leases import lease_first


@transaction.atomic
def claim_next_candidate(
    *, reviewer: User, scope: CandidateScope, after: int = 0, but: Iterable[int] = ()
) -> ReviewLease | None:
    """Lease the next waiting candidate of a scope to the reviewer; None where none is free.

    Those after the place `after` come first, so that what was skipped comes again at the end, and among these the one
    that the reviewer holds already: asked twice, the answer is the same. `but` names candidates that are on their
    screen, or whose decisions are on their way.
    """
    return lease_first(reviewer=reviewer, waiting=waiting_after(scope, reviewer, after).exclude(pk__in=list(but)))


@transaction.atomic
def claim_candidate(*, reviewer: User, candidate_id: int) -> ReviewLease | None:
    """Lease one waiting candidate to the reviewer; None where somebody else holds it or it does not wait."""
    waiting = ProblemCandidate.objects.filter(pk=candidate_id, state=ProblemCandidate.State.WAITING)
    return lease_first(reviewer=reviewer, waiting=waiting)


def release_candidate(*, reviewer: User, candidate_id: int) -> None:
    """Let go of a candidate, whatever the lease's token."""
    ReviewLease.objects.filter(holder=reviewer, candidate=candidate_id).delete()
