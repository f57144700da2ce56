"""Final decisions of leads: append-only events that outweigh all reviews of a trace until they are reopened."""

import uuid
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Max

from trajectories.core.curation.adjudications import FinalDecision, FinalDraft
from trajectories.core.curation.reviews import ReviewError
from trajectories.models import Adjudication, AuditEvent, Review, Trace
from trajectories.selectors.adjudications import latest_adjudication
from trajectories.services.curation.settling import lock_traces, settle_traces


@dataclass(frozen=True, slots=True)
class Known:
    """What a page knew of its trace when it was made: the ids of its newest review and final decision, 0 for none."""

    review: int
    adjudication: int


class MeanwhileError(ReviewError):
    """Something happened to the trace since the page was made; `known` is what there is now."""

    def __init__(self, message: str, known: Known) -> None:
        super().__init__(message)
        self.known = known


def known_of(trace: Trace) -> Known:
    """What there is to know of a trace now."""
    newest = latest_adjudication(trace)
    return Known(_newest_review(trace), newest.pk if newest else 0)


@transaction.atomic
def adjudicate(*, actor: User, trace: Trace, draft: FinalDraft, key: uuid.UUID, known: Known) -> Adjudication:
    """Store a final decision, or that a trace is reopened; it supersedes the earlier one.

    The same `key` again gives what was stored the first time. Raises ReviewError where the draft is not valid, where
    there is nothing to decide on or to reopen, and MeanwhileError where the page `known` is out of date.
    """
    given = set(Review.objects.filter(trace=trace).exclude(reason="").values_list("reason", flat=True))
    draft.check(given)
    lock_traces([trace.pk])
    stored = Adjudication.objects.filter(key=key).first()
    if stored is not None:
        if (stored.adjudicator_id, stored.trace_id) != (actor.pk, trace.pk):
            raise ReviewError("This form was already used; reload the page.", field="key")
        return stored
    newest = latest_adjudication(trace)
    _check_known(trace, newest, known)
    if draft.decision is FinalDecision.REOPEN and (newest is None or newest.decision == FinalDecision.REOPEN):
        raise ReviewError(f"Trace {trace.pk} has no final decision that could be reopened.")
    if not known.review and draft.decision is not FinalDecision.REOPEN:
        raise ReviewError(f"Nobody has reviewed trace {trace.pk} yet; review it instead.")
    event = Adjudication.objects.create(
        trace=trace,
        adjudicator=actor,
        decision=draft.decision,
        reason=draft.reason,
        comment=draft.comment.strip(),
        last_review=known.review,
        supersedes=newest,
        key=key,
    )
    settled = settle_traces([trace.pk])[trace.pk]
    trace.decision, trace.disputed = settled.after, settled.disputed
    AuditEvent.objects.create(
        actor=actor,
        verb=f"adjudication.{draft.decision}",
        object_type="trace",
        object_id=trace.pk,
        data={"adjudication": event.pk, "decision": settled.as_json()},
    )
    return event


def _check_known(trace: Trace, newest: Adjudication | None, known: Known) -> None:
    now = Known(_newest_review(trace), newest.pk if newest else 0)
    if now.adjudication != known.adjudication and newest is not None:
        did = "reopened it" if newest.decision == FinalDecision.REOPEN else f"decided finally to {newest.decision} it"
        name = newest.adjudicator.username
        raise MeanwhileError(f"Since you opened this trace {name} {did}. Nothing of yours is stored.", now)
    if now.review != known.review:
        text = "Somebody has reviewed this trace since you opened it: look at the reviews again, then decide."
        raise MeanwhileError(text, now)


def _newest_review(trace: Trace) -> int:
    return Review.objects.filter(trace=trace).aggregate(newest=Max("pk"))["newest"] or 0
