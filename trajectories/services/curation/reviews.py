"""Writing reviews: append-only events, with what follows from them kept in the same transaction."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from trajectories.core.curation.reviews import Decision, ReviewDraft, ReviewError
from trajectories.core.curation.spans import step_spans
from trajectories.core.curation.suggestions import Suggestion
from trajectories.core.prompts.segmentation import AS_STORED, is_by_model
from trajectories.models import AuditEvent, Queue, Review, ReviewLease, Trace
from trajectories.selectors.review_leases import known_review
from trajectories.selectors.reviews import last_decision, latest_review, said_before, standing_reviews
from trajectories.services.curation.assignments import reopen_assignments
from trajectories.services.curation.settling import settle_traces
from trajectories.services.locks import take_turn


@dataclass(frozen=True, slots=True)
class Opened:
    """What a page knew of the reviews of its trace when it was made.

    `token` is that of the reviewer's lease, None where they held none. `despite` is the newest review of which the
    page has since said that it is there, 0 for none.
    """

    token: uuid.UUID | None
    despite: int = 0


class DecidedMeanwhileError(ReviewError):
    """Somebody else has decided on the trace since the page was made; `newest` is the id of their review.

    The message says that they did, and neither who nor how: the reviewer may be blind.
    """

    def __init__(self, newest: int) -> None:
        said = "Somebody else has decided on this trace since you opened it. Nothing of yours is stored yet: "
        super().__init__(said + "submit again to give your decision beside theirs.")
        self.newest = newest


@dataclass(frozen=True, slots=True)
class QueueRules:
    """The queue that a review is given in, the id of the version of its guidelines that the reviewer had, and what was
    suggested to them; the control was not told."""

    queue: Queue
    guidelines: int | None
    suggestion: Suggestion | None = None
    is_control: bool = False

    def about_suggestion(self, draft: ReviewDraft) -> dict[str, Any]:
        """The fields of the review that say what became of the suggestion."""
        if self.suggestion is None:
            return {}
        use = self.suggestion.use(draft, is_control=self.is_control)
        return {"suggestion": self.suggestion.to_json(), "suggestion_use": use}


@transaction.atomic
def submit_review(
    *,
    reviewer: User,
    trace: Trace,
    draft: ReviewDraft,
    key: uuid.UUID,
    opened: Opened | None = None,
    rules: QueueRules | None = None,
) -> Review:
    """Store a review of a trace. It supersedes the reviewer's earlier one, if any, and ends their lease.

    The same `key` again gives the review stored the first time. Raises ReviewError when the draft is not valid
    for this trace or when the key belongs to another review, DecidedMeanwhileError where somebody decided whom the page
    `opened` does not know of; None (no page) asks for no such check. With `rules` the draft answers their queue. Step
    labels count the steps of the `trace` as it is cut.
    """
    # Steps can be long, and matter where some are labelled.
    step_count = len(trace.steps) if draft.step_labels else 0
    if rules is None:
        draft.check(step_count)
    else:
        rules.queue.asks.check(draft, step_count)
    if _lock(trace).withdrawn:
        raise ReviewError("This repair was withdrawn; a decision on it would change nothing.")
    said = said_before(trace=trace, reviewer=reviewer, key=key)
    if said.by_key is not None:
        if said.by_key.reviewer_id != reviewer.pk:
            raise ReviewError("This form was already used; reload the page.", field="key")
        if said.by_key.trace_id != trace.pk:
            raise ReviewError("This form was already used for another trace; reload the page.", field="key")
        return said.by_key
    if opened is not None:
        _check_known(reviewer, trace, opened)
    if rules is None:
        ReviewLease.objects.filter(trace=trace, holder=reviewer).delete()
    review = Review.objects.create(
        trace=trace,
        reviewer=reviewer,
        decision=draft.decision,
        score=draft.score,
        reason=draft.reason,
        comment=draft.comment.strip(),
        step_labels=dict(draft.step_labels),
        step_spans=_spans(trace, draft.step_labels),
        segmentation=trace.cut_by if draft.step_labels else AS_STORED,
        supersedes=said.latest,
        key=key,
        seconds=draft.seconds,
        scores=dict(draft.scores),
        tags=list(draft.tags),
        queue=rules.queue if rules else None,
        guidelines_id=rules.guidelines if rules else None,
        **(rules.about_suggestion(draft) if rules else {}),
    )
    _record(review)
    return review


@transaction.atomic
def undo_last_review(*, reviewer: User, key: uuid.UUID, trace: Trace | None = None) -> Review | None:
    """Withdraw the reviewer's last standing decision (on `trace` only, where given); None where there is none.

    Nothing is deleted: the withdrawal is a review that supersedes. The same `key` again withdraws nothing more.
    """
    take_turn("assignments of", reviewer.pk)
    while True:
        if (stored := _stored(reviewer, key)) is not None:
            return stored
        last = last_decision(reviewer=reviewer, trace=trace)
        if last is None:
            return None
        _lock(last.trace)
        if latest_review(trace=last.trace, reviewer=reviewer) == last:
            break
        # The reviewer reviewed or withdrew in another window while this one waited for the lock: look again.
    review = Review.objects.create(
        trace=last.trace, reviewer=reviewer, decision=Decision.WITHDRAW, supersedes=last, key=key
    )
    _record(review)
    # What a queue counted as given is wanted again.
    reopen_assignments(reviewer=reviewer, trace_id=last.trace_id)
    return review


def _spans(trace: Trace, labels: Mapping[str, str]) -> dict[str, list[int]]:
    """Where the labelled steps stand in the trace's text; of a cut by a language model, where all of them do: whoever
    reads the labels elsewhere cuts the text by these."""
    if not labels:
        return {}
    spans = step_spans(trace.reasoning.body, trace.steps)
    if is_by_model(trace.cut_by):
        placed = {str(index): span for index, span in enumerate(spans)}
    else:
        placed = {index: spans[int(index)] for index in labels}
    return {index: list(span) for index, span in placed.items() if span is not None}


def _check_known(reviewer: User, trace: Trace, opened: Opened) -> None:
    """Raise DecidedMeanwhileError where another person's standing review is newer than what the page knew."""
    others = standing_reviews(trace).exclude(reviewer=reviewer).order_by("-pk")
    newest = others.values_list("pk", flat=True).first() or 0
    known = 0
    if opened.token is not None:
        known = known_review(reviewer=reviewer, trace_id=trace.pk, token=opened.token)
    if newest > max(known, opened.despite):
        raise DecidedMeanwhileError(newest)


def _lock(trace: Trace) -> Trace:
    """Take the row lock under which everything derived from a trace's reviews is changed; the row as it is now."""
    return Trace.objects.select_for_update().only("pk", "withdrawn").get(pk=trace.pk)


def _stored(reviewer: User, key: uuid.UUID) -> Review | None:
    stored = Review.objects.filter(key=key).first()
    if stored is not None and stored.reviewer_id != reviewer.pk:
        raise ReviewError("This form was already used; reload the page.", field="key")
    return stored


def _record(review: Review) -> None:
    """Settle the trace anew, keep the problem's counter and write the audit event; the trace is locked."""
    trace = review.trace
    settled = settle_traces([trace.pk])[trace.pk]
    trace.decision, trace.disputed = settled.after, settled.disputed
    AuditEvent.objects.create(
        actor=review.reviewer,
        verb=f"review.{review.decision}",
        object_type="trace",
        object_id=trace.pk,
        data={"review": review.pk, "decision": settled.as_json()},
    )
