"""Moving jobs from state to state for people: the one function that makes the moves of every kind (models.job_kinds).

What workers do with a job (claim, store, finish, fail) is with the kind. A move locks the job's row, takes the lease
from whoever holds it, so that work goes on at once after a resume, writes its audit event in the same transaction, and
rings for a job that is queued.
"""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from trajectories.core.faults import Fault
from trajectories.core.records import JSON
from trajectories.models import JOB_KINDS, AuditEvent
from trajectories.models.job_kinds import CANCELLED, PAUSED, QUEUED
from trajectories.models.leased_jobs import LeasedJob
from trajectories.selectors.clock import database_now
from trajectories.services.jobs.endings import tell_parent
from trajectories.services.jobs.ringers import ring


class JobError(Fault):
    """What was asked for cannot be done to a job, or a job that was asked for cannot be made."""


Change = Callable[[Any], dict[str, JSON]]
"""What else happens to a job in the transaction of its move: it sets fields and returns what the audit log tells."""


def may_move(kind: str, verb: str, job: Any) -> bool:
    """Whether a job of this kind, as it is, can be asked to do this."""
    return not why_not(kind, verb, job)


def why_not(kind: str, verb: str, job: Any) -> str:
    """One sentence for people where a job of this kind, as it is, cannot be asked to do this, else nothing."""
    found = JOB_KINDS[kind]
    move = found.moves.get(verb)
    if move is None:
        return f"This is no job to {verb}: {_expected(tuple(found.moves))} is what can be done to this kind."
    if job.state in move.sources:
        return move.refuses(job)
    if job.state == move.done:
        return f"The {found.noun} is {job.state} already."
    return f"The {found.noun} is {job.state}; only a {_expected(move.sources)} one can be {move.done}."


def steer(  # noqa: PLR0913 (who moves what, how and why)
    kind: str,
    verb: str,
    *,
    actor: User | None,
    job_id: int,
    reason: str = "",
    change: Change | None = None,
    refusal: type[JobError] = JobError,
) -> Any:
    """Move a job to another state (pause, resume, cancel or retry it) and write that into the audit log.

    Gives the job without the large fields that its kind lists as `unread`. A job that is queued by the move has its
    bell rung once the transaction commits. Raises `refusal` where the job's state does not allow the move.
    """
    found = JOB_KINDS[kind]
    unread = [name for name in found.unread if "__" not in name]
    with transaction.atomic():
        rows = found.model._default_manager.select_for_update(no_key=True, of=("self",)).defer(*unread)
        held: Any = rows.get(pk=job_id)
        if fault := why_not(kind, verb, held):
            raise refusal(fault)
        move = found.moves[verb]
        held.state = move.target
        held.finished_at = database_now() if move.target == CANCELLED else None
        if found.reason_field:
            setattr(held, found.reason_field, reason)
        _free(held, is_queued=move.target == QUEUED)
        told = {name.removesuffix("_count"): getattr(held, name) for name in found.counts}
        told |= change(held) if change is not None else {}
        held.save()  # of what was read
        data = {**({"reason": reason} if reason else {}), **told}
        AuditEvent.objects.create(
            actor=actor,
            verb=found.verb(move.done),
            object_type=found.object_type,
            object_id=held.pk,
            data=data,
        )
        if move.target == QUEUED:
            ring(kind, held.pk)
        elif move.target in (PAUSED, CANCELLED):
            tell_parent(held)
    return held


def _free(held: Any, *, is_queued: bool) -> None:
    """Take the lease from its holder, which may be a dead worker; a live one notices, and stops. The next bell need not
    wait for the lease to run out, and earlier claims no longer count."""
    if isinstance(held, LeasedJob):
        held.lease_token = held.lease_expires_at = None
        held.claims = 0
    if is_queued:
        held.rung_at = database_now()


def _expected(words: tuple[str, ...]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last
