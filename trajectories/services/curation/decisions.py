"""Decisions on the items of queues: submitting, taking back, asking the lead."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from trajectories.core.curation.reviews import ReviewDraft, ReviewError
from trajectories.models import Assignment, AuditEvent, Queue, QueueFlag, QueueItem, QueueWork, Review
from trajectories.selectors.queues import current_guidelines, recent_assignments
from trajectories.services.curation.assignments import lease_again, lease_item
from trajectories.services.curation.reviews import QueueRules, submit_review, undo_last_review
from trajectories.services.curation.suggestions import suggestion_of
from trajectories.services.locks import take_turn

UNDONE_AT_MOST = 20
"""How many decisions back a person can go, one by one."""
LONGEST_NOTE = 2_000
State = Assignment.State

MINE = """
SELECT mine.*,
    EXISTS (
        SELECT 1 FROM trajectories_review AS review
        WHERE review.key = %(key)s AND review.reviewer_id = %(reviewer)s AND review.trace_id = %(trace)s
    ) AS is_known,
    (SELECT id FROM trajectories_queueguidelines WHERE queue_id = %(queue)s ORDER BY version DESC LIMIT 1)
        AS newest_guidelines
FROM trajectories_assignment AS mine WHERE mine.item_id = %(item)s AND mine.reviewer_id = %(reviewer)s
FOR NO KEY UPDATE OF mine
"""
SETTLE = """
WITH counted AS (
    UPDATE trajectories_queueitem SET done_count = done_count + %(fresh)s WHERE id = %(item)s
),
work AS (
    UPDATE trajectories_queuework
    SET done_count = done_count + %(fresh)s, seconds = seconds + %(more)s, seen_at = STATEMENT_TIMESTAMP()
    WHERE queue_id = %(queue)s AND reviewer_id = %(reviewer)s
),
skip AS (DELETE FROM trajectories_queueskip WHERE item_id = %(item)s AND reviewer_id = %(reviewer)s),
lease AS (DELETE FROM trajectories_reviewlease WHERE trace_id = %(trace)s AND holder_id = %(reviewer)s)
UPDATE trajectories_assignment
SET state = 'done', token = %(token)s, expires_at = NULL, decided_at = STATEMENT_TIMESTAMP(), seconds = %(seconds)s,
    review_id = %(review)s
WHERE id = %(assignment)s
RETURNING decided_at
"""
"""An assignment is done, and all that is counted of it follows."""


class GoneItemError(ReviewError):
    """The item is not the reviewer's any more, and has none for them; nothing is stored."""

    def __init__(self) -> None:
        said = "This item went back to the others while you were away, and needs no review of yours now."
        super().__init__(f"{said} Nothing is stored.")


class DecidedElsewhereError(ReviewError):
    """The reviewer has decided on the item in another window since the page was made; `token` is that decision's."""

    def __init__(self, token: uuid.UUID | None) -> None:
        said = "You have decided on this item in another window. Submit again to put this in its place."
        super().__init__(said)
        self.token = token


@dataclass(frozen=True, slots=True)
class Submitted:
    """A decision as a page sends it."""

    draft: ReviewDraft
    key: uuid.UUID
    """Sending the same key again is the same decision."""
    token: uuid.UUID | None
    """Which decision of the reviewer the page knew of, see DecidedElsewhereError."""


@transaction.atomic
def decide_item(*, reviewer: User, item: QueueItem, submitted: Submitted) -> Assignment:
    """Store a reviewer's decision on an item; it replaces their earlier one, if any, and counts as one review of it.

    What was on their screen is taken even where the queue was paused or the lease ran out meanwhile, as long as the
    item still needs it. Raises ReviewError for a draft that does not answer what the queue asks, GoneItemError,
    DecidedElsewhereError.
    """
    take_turn("assignments of", reviewer.pk)
    assignment, guidelines, is_known = _mine(reviewer, item, submitted.key)
    if assignment is not None and is_known:
        return assignment
    if assignment is None:
        assignment = lease_item(reviewer=reviewer, item=item)
    if assignment is None:
        raise GoneItemError
    was_done = assignment.state == State.DONE
    if was_done and assignment.token != submitted.token:
        raise DecidedElsewhereError(assignment.token)
    assignment.item = item
    if item.is_gold:
        return _answer_gold(assignment, item, submitted, was_done=was_done)
    rules = QueueRules(item.queue, guidelines, suggestion_of(assignment), assignment.is_control)
    return _review(reviewer, assignment, submitted, rules)


def _mine(reviewer: User, item: QueueItem, key: uuid.UUID) -> tuple[Assignment | None, int | None, bool]:
    """The reviewer's assignment to an item, locked, the id of the queue's newest guidelines, and whether this very form
    has decided it already."""
    values = {"item": item.pk, "queue": item.queue_id, "trace": item.trace_id, "reviewer": reviewer.pk, "key": key}
    found: list[Any] = list(Assignment.objects.raw(MINE, values))
    if not found:
        newest = current_guidelines(item.queue)
        return None, newest.pk if newest else None, False
    mine = found[0]
    return mine, mine.newest_guidelines, mine.is_known or mine.answer_key == key


def _review(reviewer: User, assignment: Assignment, submitted: Submitted, rules: QueueRules) -> Assignment:
    """Store the review and count it: in the item, and in the reviewer's work."""
    draft, trace = submitted.draft, assignment.item.trace
    review = submit_review(reviewer=reviewer, trace=trace, draft=draft, key=submitted.key, rules=rules)
    was_done = assignment.state == State.DONE
    values: dict[str, Any] = {
        "assignment": assignment.pk,
        "item": assignment.item_id,
        "queue": assignment.queue_id,
        "trace": trace.pk,
        "reviewer": reviewer.pk,
        "token": uuid.uuid4(),
        "review": review.pk,
        "fresh": int(not was_done),
        "seconds": draft.seconds,
        "more": (draft.seconds or 0.0) - ((assignment.seconds or 0.0) if was_done else 0.0),
    }
    with connection.cursor() as cursor:
        cursor.execute(SETTLE, values)
        (assignment.decided_at,) = cursor.fetchone()
    assignment.state, assignment.token, assignment.expires_at = State.DONE, values["token"], None
    assignment.review, assignment.seconds = review, draft.seconds
    return assignment


def _answer_gold(assignment: Assignment, item: QueueItem, submitted: Submitted, *, was_done: bool) -> Assignment:
    """Compare the answer with the known decision. It never becomes a review: it must not outweigh what is known."""
    draft = submitted.draft
    item.queue.asks.check(draft, len(item.trace.steps) if draft.step_labels else 0)
    if was_done and item.is_training:
        raise ReviewError("The right decision was told already; this answer cannot be changed any more.")
    is_right = str(draft.decision) == item.known_decision
    suggestion = suggestion_of(assignment)
    use = {"suggestion_use": str(suggestion.use(draft, is_control=assignment.is_control))} if suggestion else {}
    answer = {
        **use,
        "decision": str(draft.decision),
        "reason": draft.reason,
        "score": draft.score,
        "comment": draft.comment.strip(),
    }
    Assignment.objects.filter(pk=assignment.pk).update(
        state=State.DONE,
        token=uuid.uuid4(),
        expires_at=None,
        decided_at=Now(),
        seconds=draft.seconds,
        answer=answer,
        answer_key=submitted.key,
        is_right=is_right,
    )
    counted = int(not was_done or assignment.is_right is None)
    QueueWork.objects.filter(queue=item.queue_id, reviewer=assignment.reviewer_id).update(
        gold_count=F("gold_count") + counted,
        gold_right=F("gold_right") + int(is_right) - int(bool(assignment.is_right)),
        seen_at=Now(),
    )
    _audit(assignment.reviewer, f"gold.{draft.decision}", item, {"answer": answer, "is_right": is_right})
    return Assignment.objects.select_related("item", "review").get(pk=assignment.pk)


@transaction.atomic
def undo_in_queue(*, reviewer: User, queue: Queue, key: uuid.UUID) -> Assignment | None:
    """Take back the reviewer's last standing decision in a queue, among their UNDONE_AT_MOST newest; None for none.

    The item is theirs again. The same `key` again takes nothing more back. Training items stay as they are.
    """
    take_turn("assignments of", reviewer.pk)
    mine = Assignment.objects.select_related("item__trace").filter(queue=queue, reviewer=reviewer)
    if (stored := Review.objects.filter(key=key, reviewer=reviewer).first()) is not None:
        return mine.filter(item__trace=stored.trace_id).first()
    if (again := mine.filter(answer_key=key, state=State.LEASED).first()) is not None:
        return again
    newest = recent_assignments(queue, reviewer, UNDONE_AT_MOST).select_related("item__trace")
    last = next((each for each in newest if can_be_undone(each)), None)
    if last is None:
        return None
    if last.is_gold:
        _take_gold_back(reviewer, last, key)
    else:
        undo_last_review(reviewer=reviewer, key=key, trace=last.item.trace)
    return mine.get(pk=last.pk)


def can_be_undone(assignment: Assignment) -> bool:
    """Whether it holds a decision that may be taken back: no training item, and no gold item that was skipped."""
    is_answered = assignment.is_right is not None or not assignment.is_gold
    return assignment.state == State.DONE and is_answered and not assignment.item.is_training


def _take_gold_back(reviewer: User, assignment: Assignment, key: uuid.UUID) -> None:
    counted, right = int(assignment.is_right is not None), int(bool(assignment.is_right))
    QueueWork.objects.filter(queue=assignment.queue_id, reviewer=reviewer).update(
        gold_count=F("gold_count") - counted, gold_right=F("gold_right") - right
    )
    lease_again(assignment)
    Assignment.objects.filter(pk=assignment.pk).update(answer_key=key)
    _audit(reviewer, "gold.withdraw", assignment.item, {})


@transaction.atomic
def flag_item(*, reviewer: User, item: QueueItem, note: str) -> QueueFlag:
    """Put a question about an item to the lead; a second one of the same person replaces the first while it is open.

    Raises ReviewError for an empty or too long note.
    """
    note = note.strip()
    if not note or len(note) > LONGEST_NOTE:
        found = f"found {len(note):,} characters" if note else "found nothing"
        raise ReviewError(f"Question: {found}, expected 1 to {LONGEST_NOTE:,} characters.", field="note")
    flag, _ = QueueFlag.objects.update_or_create(item=item, reviewer=reviewer, settled_at=None, defaults={"note": note})
    _audit(reviewer, "flag.raised", item, {"flag": flag.pk, "note": note})
    return flag


@transaction.atomic
def settle_flag(*, actor: User, flag: QueueFlag) -> bool:
    """Say that a question is settled; False where it was already."""
    if not QueueFlag.objects.filter(pk=flag.pk, settled_at=None).update(settled_at=Now(), settled_by=actor):
        return False
    _audit(actor, "flag.settled", flag.item, {"flag": flag.pk})
    return True


def _audit(actor: User | None, verb: str, item: QueueItem, data: dict[str, object]) -> None:
    told = {"queue": item.queue_id, "item": item.pk, **data}
    AuditEvent.objects.create(actor=actor, verb=verb, object_type="trace", object_id=item.trace_id, data=told)
