"""Comparing two traces of a problem: pairs are leased, order is drawn per person, what is said is appended."""

import uuid
from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from trajectories.core.curation.pairing import Pair, PairVerdict, next_pair
from trajectories.core.faults import Fault
from trajectories.core.identity import derive_seed
from trajectories.models import AuditEvent, Comparison, ComparisonLease
from trajectories.selectors.comparisons import (
    ComparisonScope,
    contenders,
    in_scope,
    last_comparison,
    leased_to,
    open_problems,
    pairs_of,
    taken_pairs,
)
from trajectories.services.curation.review_leases import LEASE, renew_held
from trajectories.services.locks import take_turn


class ComparisonError(Fault):
    """A comparison that cannot be taken; the message says why and what to do."""


@transaction.atomic
def lease_pair(*, reviewer: User, scope: ComparisonScope) -> ComparisonLease | None:
    """Give a person two traces to compare, in an order drawn by chance; None where they have nothing left.

    Whoever asks again is given the same pair in the same order until they have said something of it. No two people are
    given a pair at the same time, unless the scope's overlap asks for it.
    """
    take_turn("comparisons by", reviewer.pk)
    held = leased_to(reviewer)
    if held is not None:
        if in_scope(scope, held) and _keep(held, scope.overlap):
            return held
        held.delete()
    after = 0
    while problems := open_problems(scope, after=after):
        for problem_id in problems:
            if (lease := _lease_in(problem_id, reviewer, scope.overlap)) is not None:
                return lease
        after = problems[-1]
    return None


def _keep(held: ComparisonLease, overlap: int) -> bool:
    """Renew what a person holds; False where it was taken by others while its time was over."""
    take_turn("comparisons of", held.problem_id)
    if taken_pairs(held.problem_id, held.holder)[held.first_id, held.second_id] >= overlap:
        return False
    ComparisonLease.objects.filter(pk=held.pk).update(expires_at=Now() + LEASE)
    return True


def _lease_in(problem_id: int, reviewer: User, overlap: int) -> ComparisonLease | None:
    # Whoever chooses in the same problem waits, so that what is chosen is still free when it is written.
    take_turn("comparisons of", problem_id)
    taken, mine = taken_pairs(problem_id, reviewer), pairs_of(problem_id, reviewer)
    pair = next_pair(contenders(problem_id), taken, mine, overlap=overlap)
    return None if pair is None else _lease(problem_id, pair, reviewer, swapped=_is_swapped(reviewer, pair))


def _is_swapped(reviewer: User, pair: Pair) -> bool:
    """Whether the second trace stands at the left: chance that is the same again for the same person and pair."""
    return derive_seed("order of", str(reviewer.pk), *map(str, pair)) % 2 == 1


def _lease(problem_id: int, pair: Pair, reviewer: User, *, swapped: bool) -> ComparisonLease:
    first, second = pair
    return ComparisonLease.objects.create(
        holder=reviewer,
        problem_id=problem_id,
        first_id=first,
        second_id=second,
        swapped=swapped,
        token=uuid.uuid4(),
        expires_at=Now() + LEASE,
    )


@transaction.atomic
def compare(
    *, reviewer: User, token: uuid.UUID, verdict: PairVerdict, key: uuid.UUID, seconds: float | None = None
) -> Comparison:
    """Store what a person says of the pair they hold, and end their lease.

    The same `key` again gives what was stored the first time. Raises ComparisonError where the lease is not theirs any
    more, as after another window of theirs went on.
    """
    take_turn("comparisons by", reviewer.pk)
    if (stored := _stored(reviewer, key)) is not None:
        return stored
    lease = ComparisonLease.objects.filter(holder=reviewer, token=token).first()
    if lease is None:
        raise ComparisonError("This pair is not yours any more; nothing is stored. Here is the one you have now.")
    mine = Comparison.objects.filter(reviewer=reviewer, first=lease.first_id, second=lease.second_id)
    comparison = Comparison.objects.create(
        problem_id=lease.problem_id,
        first_id=lease.first_id,
        second_id=lease.second_id,
        swapped=lease.swapped,
        reviewer=reviewer,
        verdict=verdict,
        seconds=seconds,
        supersedes=mine.filter(superseded_by=None).first(),
        key=key,
    )
    lease.delete()
    _record(comparison)
    return comparison


@transaction.atomic
def undo_comparison(*, reviewer: User, key: uuid.UUID) -> ComparisonLease | None:
    """Withdraw a person's last comparison and give them the pair again, in the same order; None where there is none.

    The same `key` again withdraws nothing more.
    """
    take_turn("comparisons by", reviewer.pk)
    if _stored(reviewer, key) is not None:
        return leased_to(reviewer)
    last = last_comparison(reviewer)
    if last is None:
        return None
    withdrawal = Comparison.objects.create(
        problem_id=last.problem_id,
        first_id=last.first_id,
        second_id=last.second_id,
        swapped=last.swapped,
        reviewer=reviewer,
        verdict=PairVerdict.WITHDRAW,
        supersedes=last,
        key=key,
    )
    _record(withdrawal)
    ComparisonLease.objects.filter(holder=reviewer).delete()
    return _lease(last.problem_id, (last.first_id, last.second_id), reviewer, swapped=last.swapped)


def renew_comparisons(*, reviewer: User, tokens: Iterable[uuid.UUID]) -> set[uuid.UUID]:
    """Keep the person's lease; the tokens of those that are not theirs any more."""
    return renew_held(ComparisonLease.objects.filter(holder=reviewer), tokens)


def release_comparisons(*, reviewer: User, tokens: Iterable[uuid.UUID]) -> None:
    """Let others have the pair at once; its holder still finds it, as long as nobody took it."""
    ComparisonLease.objects.filter(holder=reviewer, token__in=set(tokens)).update(expires_at=Now())


def _stored(reviewer: User, key: uuid.UUID) -> Comparison | None:
    stored = Comparison.objects.filter(key=key).first()
    if stored is not None and stored.reviewer_id != reviewer.pk:
        raise ComparisonError("This form was already used; reload the page.")
    return stored


def _record(comparison: Comparison) -> None:
    AuditEvent.objects.create(
        actor=comparison.reviewer,
        verb=f"comparison.{comparison.verdict}",
        object_type="problem",
        object_id=comparison.problem_id,
        data={"comparison": comparison.pk, "traces": [comparison.first_id, comparison.second_id]},
    )
