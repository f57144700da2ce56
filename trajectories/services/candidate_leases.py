"""Who is looking at which candidate: no two reviewers get the same one at the same time."""

import uuid
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from trajectories.models import ProblemCandidate
from trajectories.selectors.candidates import CandidateScope, free_for, waiting_after
from trajectories.services.turns import take_turn

LEASE = timedelta(seconds=120)
"""The page renews it as long as it is looked at."""


@transaction.atomic
def claim_next_candidate(
    *, reviewer: User, scope: CandidateScope, after: int = 0, but: int | None = None
) -> ProblemCandidate | None:
    """Lease the next waiting candidate of a scope to the reviewer; None where none is free.

    Those after the place `after` come first, so that what was skipped comes again at the end, and among these the one
    that the reviewer holds already: asked twice, the answer is the same. Whatever else they held is let go.
    """
    take_turn("candidates of", reviewer.pk)
    waiting = waiting_after(scope, reviewer, after)
    if but is not None:
        waiting = waiting.exclude(pk=but)
    candidate = waiting.select_for_update(skip_locked=True, no_key=True, of=("self",)).first()
    return None if candidate is None else _lease(candidate, reviewer)


@transaction.atomic
def claim_candidate(*, reviewer: User, candidate_id: int) -> ProblemCandidate | None:
    """Lease one waiting candidate to the reviewer; None where somebody else holds it or it does not wait."""
    take_turn("candidates of", reviewer.pk)
    waiting = ProblemCandidate.objects.filter(free_for(reviewer), pk=candidate_id, state=ProblemCandidate.State.WAITING)
    candidate = waiting.select_for_update(skip_locked=True, no_key=True).first()
    return None if candidate is None else _lease(candidate, reviewer)


def _lease(candidate: ProblemCandidate, reviewer: User) -> ProblemCandidate:
    """Give the locked candidate to the reviewer; the token stays where it was theirs already (a reload)."""
    _let_go(Q(lease_holder=reviewer) & ~Q(pk=candidate.pk))
    if candidate.lease_holder_id != reviewer.pk or candidate.lease_token is None:
        candidate.lease_token = uuid.uuid4()
    candidate.lease_holder = reviewer
    ProblemCandidate.objects.filter(pk=candidate.pk).update(
        lease_token=candidate.lease_token, lease_holder=reviewer, lease_expires_at=Now() + LEASE
    )
    return candidate


def renew_candidate_lease(*, reviewer: User, candidate_id: int, token: uuid.UUID) -> bool:
    """Keep a candidate; False where it is not the reviewer's any more."""
    mine = ProblemCandidate.objects.filter(pk=candidate_id, lease_holder=reviewer, lease_token=token)
    return bool(mine.filter(state=ProblemCandidate.State.WAITING).update(lease_expires_at=Now() + LEASE))


def release_candidate(*, reviewer: User, candidate_id: int, token: uuid.UUID) -> None:
    """Let go of a candidate, so that others may have it at once; nothing happens where it is somebody else's."""
    _let_go(Q(pk=candidate_id, lease_holder=reviewer, lease_token=token))


def _let_go(which: Q) -> None:
    ProblemCandidate.objects.filter(which).update(lease_token=None, lease_holder=None, lease_expires_at=None)
