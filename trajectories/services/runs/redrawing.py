"""Drawing the failed samples of a run that has ended once more, within what is left of its budget."""

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from trajectories.core.records import JSON
from trajectories.models import Attempt, Run, RunProblem
from trajectories.models.job_kinds import RETRY
from trajectories.selectors.runs import NOTHING_NEW
from trajectories.services.jobs.steering import steer
from trajectories.services.locks import lock_run
from trajectories.services.runs.budgets import affordable
from trajectories.services.runs.lifecycle import RunStateError, is_budget_spent

CLEAN = {"state": Attempt.State.PENDING, "error_kind": "", "error_message": "", "claims": 0, "finished_at": None}
"""What an attempt is like that nobody has tried yet."""


@transaction.atomic
def retry_run(*, actor: User | None, run: Run) -> Run:
    """Put the attempts of a run that failed back, with those that were dropped as the run itself failed, and ring.

    Attempts for which nothing was left to draw stay as they are. A strategy that adapts looks again at the problems of
    those that were put back. What the run has spent stays spent, and the time since it ended counts for nothing.
    Raises RunStateError where the run is under way or cancelled, no attempt of it failed, or its budget is spent.
    """
    ended_at = lock_run(run.pk).finished_at

    def put_back(held: Run) -> dict[str, JSON]:
        if held.started_at is not None and ended_at is not None:
            held.started_at += timezone.now() - ended_at
        _check_budget(held)
        again = Attempt.objects.filter(Q(state=Attempt.State.CANCELLED) | _broken(), run=held)
        problems = RunProblem.objects.filter(run=held, problem__in=again.values("problem"), closed=True)
        problems.update(closed=False)
        failed = again.filter(state=Attempt.State.FAILED).update(**CLEAN)
        dropped = again.update(**CLEAN)
        if not failed + dropped:
            raise RunStateError("Found no sample that failed, expected one: nothing was left to draw for the others.")
        held.lease_token = held.lease_expires_at = None
        held.claims = 0
        held.failed_count -= failed
        held.cancelled_count -= dropped
        return {"attempts": failed + dropped}

    moved: Run = steer("run", RETRY, actor=actor, job_id=run.pk, change=put_back, refusal=RunStateError)
    return moved


def _broken() -> Q:
    return Q(state=Attempt.State.FAILED) & ~Q(error_kind=NOTHING_NEW)


def _check_budget(held: Run) -> None:
    room, shortage = affordable(held, 0) if held.sampler.is_chat else (None, "")
    if room == 0:
        raise RunStateError(f"{shortage} Raise the budget first.")
    if is_budget_spent(held):
        raise RunStateError(f"The time budget of {held.budget_seconds:,} s is spent. Raise it first.")
