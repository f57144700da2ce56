"""Moving jobs from state to state for people: one table of moves for every kind, and the one function that makes them.

What workers do with a job (claim, store, finish, fail) is with the kind. A move locks the job's row, takes the lease
from whoever holds it, so that work goes on at once after a resume, and writes its audit event in the same transaction.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Model
from django.utils import timezone

from trajectories.core.records import JSON
from trajectories.models import (
    AuditEvent,
    Export,
    Freezing,
    GenerationJob,
    Import,
    JudgeJob,
    Reverification,
    Run,
)
from trajectories.models.leased_jobs import LeasedJob

QUEUED, RUNNING, PAUSED, CANCELLED = "queued", "running", "paused", "cancelled"
ACTIVE = (QUEUED, RUNNING)
"""States in which a job goes on by itself."""

PAUSE, RESUME, CANCEL, RETRY = "pause", "resume", "cancel", "retry"
"""What a person may ask of a job, where its kind has it."""


class JobError(ValueError):
    """What was asked for cannot be done to a job; the message is for people."""


@dataclass(frozen=True, slots=True)
class Move:
    """From any of the states `sources` to `target`. `done` is its participle: in messages and in the audit log."""

    done: str
    sources: tuple[str, ...]
    target: str


PAUSING = Move("paused", ACTIVE, PAUSED)
RESUMING = Move("resumed", (PAUSED,), QUEUED)
CANCELLING = Move("cancelled", (*ACTIVE, PAUSED), CANCELLED)
CANCELLING_AT_ONCE = Move("cancelled", ACTIVE, CANCELLED)
"""Of a kind that is never paused."""

STOPPABLE = {PAUSE: PAUSING, RESUME: RESUMING, CANCEL: CANCELLING}


@dataclass(frozen=True, slots=True)
class Steered:
    """How jobs of one kind are moved.

    `noun` names one in messages; `object_type` is its word in the audit log, where verbs begin with `prefix`.
    `reason_field` says why it is in its state, empty where the kind keeps no reason; `unread` are fields too large to
    be read for a move.
    """

    model: type[Model]
    noun: str
    object_type: str
    prefix: str
    moves: Mapping[str, Move] = field(default_factory=lambda: STOPPABLE)
    reason_field: str = "state_reason"
    unread: tuple[str, ...] = ()


STEERED: dict[str, Steered] = {
    "run": Steered(
        Run,
        "run",
        "run",
        "",
        {**STOPPABLE, CANCEL: Move("cancelled", (Run.State.DRAFT, *ACTIVE, PAUSED), CANCELLED)},
        unread=("plan",),
    ),
    "judge_job": Steered(JudgeJob, "job", "judgejob", "judging."),
    "generation": Steered(GenerationJob, "job", "generationjob", "generation.", unread=("plan",)),
    "reverification": Steered(Reverification, "job", "reverification", "reverification.", reason_field=""),
    "export": Steered(
        Export,
        "export",
        "export",
        "export.",
        {
            CANCEL: CANCELLING_AT_ONCE,
            RETRY: Move("rebuilt", (Export.State.READY, Export.State.FAILED, Export.State.CANCELLED), QUEUED),
        },
        reason_field="error",
    ),
    "import": Steered(
        Import, "import", "import", "import.", {CANCEL: CANCELLING_AT_ONCE}, reason_field="reason", unread=("faults",)
    ),
    "freezing": Steered(
        Freezing,
        "release on its way",
        "freezing",
        "freezing.",
        {
            CANCEL: CANCELLING_AT_ONCE,
            RETRY: Move("retried", (Freezing.State.FAILED, Freezing.State.CANCELLED), QUEUED),
        },
        reason_field="reason",
    ),
}
"""By the kind of job: every move that a person may make."""

J = TypeVar("J", bound=Model)
Change = Callable[[Any], dict[str, JSON]]
"""What else happens to a job in the transaction of its move: it sets fields and returns what the audit log tells."""


def may_move(kind: str, verb: str, state: str) -> bool:
    """Whether a job of this kind and state can be asked to do this."""
    move = STEERED[kind].moves.get(verb)
    return move is not None and state in move.sources


def why_not(kind: str, verb: str, state: str) -> str:
    """One sentence for people where a job of this kind and state cannot be asked to do this, else nothing."""
    steered = STEERED[kind]
    move = steered.moves.get(verb)
    if move is None:
        return f"This is no job to {verb}: {_expected(tuple(steered.moves))} is what can be done to this kind."
    if state in move.sources:
        return ""
    if state == move.done:
        return f"The {steered.noun} is {state} already."
    return f"The {steered.noun} is {state}; only a {_expected(move.sources)} one can be {move.done}."


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
    """Make a move with a job and write it into the audit log; the job, with the fields of `unread` not read.

    Raises `refusal` where it is in no state for that.
    """
    steered = STEERED[kind]
    with transaction.atomic():
        rows = steered.model._default_manager.select_for_update(no_key=True, of=("self",)).defer(*steered.unread)
        held: Any = rows.get(pk=job_id)
        if fault := why_not(kind, verb, held.state):
            raise refusal(fault)
        move = steered.moves[verb]
        held.state = move.target
        held.finished_at = timezone.now() if move.target == CANCELLED else None
        if steered.reason_field:
            setattr(held, steered.reason_field, reason)
        _free(held, is_queued=move.target == QUEUED)
        told = change(held) if change is not None else {}
        held.save()  # of what was read
        data = {**({"reason": reason} if reason else {}), **told}
        AuditEvent.objects.create(
            actor=actor,
            verb=f"{steered.prefix}{move.done}",
            object_type=steered.object_type,
            object_id=held.pk,
            data=data,
        )
    return held


def _free(held: Any, *, is_queued: bool) -> None:
    """Take the lease from whoever holds it, a dead worker perhaps: a live one finds it gone, and stops. The next bell
    then need not wait until it runs out, and old claims count for nothing."""
    if isinstance(held, LeasedJob):
        held.lease_token = None
    if isinstance(held, LeasedJob | Export):
        held.lease_expires_at = None
        held.claims = 0
    if is_queued and not isinstance(held, Export):
        held.rung_at = timezone.now()


def _expected(words: tuple[str, ...]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last
