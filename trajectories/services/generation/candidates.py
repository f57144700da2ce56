"""Reviewing candidates: letting them into a set, rejecting, changing, and taking the last decision back."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, ProtectedError, RestrictedError

from trajectories.core.faults import Fault
from trajectories.core.generation.briefs import TARGETS
from trajectories.core.problems import ProblemError
from trajectories.core.problems.kinds import KINDS
from trajectories.core.problems.questions import Told, read_question
from trajectories.core.records import ProblemRecord
from trajectories.models import AuditEvent, CandidateReview, Problem, ProblemCandidate, ProblemSet, ReviewLease
from trajectories.selectors.candidates import candidate_record, last_decision
from trajectories.selectors.review_leases import running_leases
from trajectories.services.generation.neighbours import Neighbourhood, Sketch, sketch_record
from trajectories.services.generation.proposals import set_neighbour
from trajectories.services.locks import take_turn
from trajectories.services.problems.imports import import_records
from trajectories.services.problems.references import reference_fault

COMMENT_CHARACTERS = 10_000
REJECTION_REASONS: Mapping[str, str] = {
    "wrong_answer": "Wrong answer",
    "ambiguous": "More than one answer",
    "unsolvable": "Cannot be solved",
    "too_easy": "Too easy",
    "too_alike": "Too much like another",
    "off_target": "Not what was asked for",
    "badly_written": "Badly written",
    "other": "Other (comment)",
}
"""Reasons for a rejection, by the code stored with the review."""

State, Decision = ProblemCandidate.State, CandidateReview.Decision
REQUEUED_FROM = (State.UNSOLVABLE, State.UNCHECKED, State.DUPLICATE)


class CandidateError(Fault):
    """What was asked cannot be done to a candidate."""


@dataclass(frozen=True, slots=True)
class Change:
    """A candidate's text as a reviewer wants it; `choices` is empty but for choice questions, `answer` "" for none."""

    statement: str
    choices: tuple[str, ...] = ()
    answer: str = ""


@transaction.atomic
def accept_candidate(*, reviewer: User, candidate_id: int, token: uuid.UUID, key: uuid.UUID) -> CandidateReview:
    """Let a candidate into the set of its job, which is made if it is new.

    The same `key` again gives the review stored the first time. Raises CandidateError where the candidate is not the
    reviewer's, or a problem with the same content has come in meanwhile.
    """
    if (stored := _stored(reviewer, candidate_id, key)) is not None:
        return stored
    candidate = _held(reviewer, candidate_id, token)
    plan = candidate.job.kept_plan
    try:
        report = import_records(
            actor=reviewer,
            set_name=plan.set_name,
            set_title=plan.set_title,
            source=f"generation job {candidate.job_id}",
            records=[candidate_record(candidate)],
            on_fault="all_or_nothing",
            variants=True,
        )
    except ValidationError as fault:
        raise CandidateError(f"The set cannot be made: {' '.join(fault.messages)}") from fault
    problem = Problem.objects.get(content_hash=candidate.content_hash)
    if not report.inserted:
        found = f"{problem.name} of {problem.problem_set} has the same content"
        raise CandidateError(f"{found}; reject this one as too much like another.")
    Problem.objects.filter(pk=problem.pk).update(reference_source=candidate.reference_source)
    _decide(candidate, state=State.ACCEPTED, problem=problem)
    return _record(candidate, reviewer, Decision.ACCEPT, key, data={"problem": problem.pk, "set": plan.set_name})


@transaction.atomic
def reject_candidate(
    *, reviewer: User, candidate_id: int, token: uuid.UUID, key: uuid.UUID, reason: str, comment: str = ""
) -> CandidateReview:
    """Keep a candidate out, saying why; it stays on record. Raises CandidateError."""
    if reason not in REJECTION_REASONS:
        raise CandidateError("Reason: a rejection needs one; choose it from the list.", field="reason")
    if reason == "other" and not comment.strip():
        raise CandidateError("Comment: the reason “other” needs a comment that says what.", field="comment")
    if len(comment) > COMMENT_CHARACTERS:
        found = f"found {len(comment):,} characters"
        raise CandidateError(f"Comment: {found}, expected at most {COMMENT_CHARACTERS:,}.", field="comment")
    if (stored := _stored(reviewer, candidate_id, key)) is not None:
        return stored
    candidate = _held(reviewer, candidate_id, token)
    _decide(candidate, state=State.REJECTED)
    return _record(candidate, reviewer, Decision.REJECT, key, reason=reason, comment=comment.strip())


@transaction.atomic
def edit_candidate(
    *, reviewer: User, candidate_id: int, token: uuid.UUID, key: uuid.UUID, change: Change
) -> CandidateReview:
    """Change statement, choices or answer of a waiting candidate. From then on its answer is the reviewer's.

    Raises CandidateError where the change is no problem, is too much like another, or changes nothing.
    """
    if (stored := _stored(reviewer, candidate_id, key)) is not None:
        return stored
    candidate = _held(reviewer, candidate_id, token)
    before = candidate_record(candidate)
    record = _changed(before, change)
    sketch = _compare(candidate, record)
    texts = [_texts(before), _texts(record)]
    if texts[0] == texts[1]:
        raise CandidateError("Nothing has changed.", field="statement")
    candidate.original = candidate.original or texts[0]
    candidate.statement, candidate.spec, candidate.reference = record.statement, dict(record.spec), record.reference
    candidate.content_hash, candidate.minhash = sketch.content_hash, sketch.minhash
    candidate.reference_source = "" if record.reference is None else Problem.ReferenceSource.PERSON
    candidate.save()
    return _record(candidate, reviewer, Decision.EDIT, key, data={"before": texts[0], "after": texts[1]})


def _changed(before: ProblemRecord, change: Change) -> ProblemRecord:
    """The record with the change in it, read by the rules of an import."""
    if before.kind not in TARGETS:
        raise CandidateError(f"The text of {before.kind} problems is made by their generator and stays as it is.")
    choices = list(change.choices) if KINDS[before.kind].has_choices else None
    row = {"question": change.statement, "choices": choices, "answer": change.answer, "kind": before.kind.value}
    columns = {"question": "statement", "choices": "choices", "answer": "answer", "kind": "kind"}
    try:
        read = read_question(
            {columns[name]: value for name, value in row.items()}, columns, before.name, Told(before.split)
        )
    except ProblemError as fault:
        shown = f"{fault.path[:1].upper()}{fault.path[1:]}: {fault.detail}."
        raise CandidateError(shown, field=fault.path.partition("[")[0]) from fault
    spec = {**before.spec, **read.spec}
    record = replace(before, statement=read.statement, spec=spec, reference=read.reference)
    if refused := reference_fault(record):
        raise CandidateError(f"Answer: {refused}.", field="answer")
    return record


def _compare(candidate: ProblemCandidate, record: ProblemRecord) -> Sketch:
    """What the changed record is compared by; its neighbour is noted. Raises CandidateError for a duplicate."""
    sketch = sketch_record(record)
    neighbourhood = Neighbourhood(job=candidate.job, threshold=candidate.job.kept_plan.threshold)
    neighbour = neighbourhood.find(record, sketch, without=candidate.pk)
    # Whoever changes a near duplicate has seen what it is like; only the same content is refused outright.
    if neighbour is not None and neighbour.why and neighbour.similarity >= 1:
        raise CandidateError(neighbour.why, field="statement")
    set_neighbour(candidate, neighbour)
    return sketch


def _texts(record: ProblemRecord) -> dict[str, Any]:
    return {"statement": record.statement, "choices": record.spec.get("choices"), "answer": record.reference}


@transaction.atomic
def requeue_candidate(*, reviewer: User, candidate_id: int, key: uuid.UUID) -> CandidateReview:
    """Put a candidate that the checks have sorted out into the review queue, because a person asks for it.

    Raises CandidateError for one that is in no such state, or whose content a problem has already.
    """
    if (stored := _stored(reviewer, candidate_id, key)) is not None:
        return stored
    candidate = _locked(candidate_id)
    if candidate.state not in REQUEUED_FROM:
        raise CandidateError(f"The candidate is {candidate.get_state_display()}; there is nothing to overrule.")
    if Problem.objects.filter(content_hash=candidate.content_hash).exists():
        raise CandidateError("A problem with the same content is there already.")
    data = {"state": candidate.state, "reason": candidate.reason}
    candidate.state = State.WAITING
    candidate.save(update_fields=["state"])
    return _record(candidate, reviewer, Decision.REQUEUE, key, data=data)


@transaction.atomic
def undo_last_decision(*, reviewer: User, key: uuid.UUID) -> CandidateReview | None:
    """Take back the reviewer's last decision that still stands; None where there is none.

    A problem that was let in is taken out again. Raises CandidateError where it has been used since. The same `key`
    again takes back nothing more.
    """
    take_turn("form", key)
    if (stored := CandidateReview.objects.filter(key=key, reviewer=reviewer).first()) is not None:
        return stored
    last = last_decision(reviewer)
    if last is None:
        return None
    candidate = _locked(last.candidate_id)
    problem = candidate.problem
    candidate.state, candidate.problem = State.WAITING, None
    candidate.save(update_fields=["state", "problem"])
    if problem is not None:
        _take_out(problem)
    return _record(candidate, reviewer, Decision.WITHDRAW, key, supersedes=last)


def _take_out(problem: Problem) -> None:
    try:
        problem.delete()
    except (ProtectedError, RestrictedError) as fault:
        raise CandidateError(f"{problem.name} has been used since; it cannot be taken out any more.") from fault
    ProblemSet.objects.filter(pk=problem.problem_set_id).update(problem_count=F("problem_count") - 1)


def _locked(candidate_id: int) -> ProblemCandidate:
    locked = ProblemCandidate.objects.select_related("job").select_for_update(no_key=True, of=("self",))
    return locked.get(pk=candidate_id)


def _held(reviewer: User, candidate_id: int, token: uuid.UUID) -> ProblemCandidate:
    """The locked candidate, which waits and is the reviewer's, or nobody's since they opened another. Raises
    CandidateError.
    """
    candidate = _locked(candidate_id)
    if candidate.state != State.WAITING:
        raise CandidateError(f"This candidate is {candidate.get_state_display()} already.")
    lease = running_leases().filter(candidate=candidate).first()
    if lease is not None and (lease.holder_id, lease.token) != (reviewer.pk, token):
        raise CandidateError("Somebody else has taken this candidate meanwhile; nothing was stored.")
    return candidate


def _stored(reviewer: User, candidate_id: int, key: uuid.UUID) -> CandidateReview | None:
    """What this form has stored before; nobody else can store anything with its key until the transaction ends.

    Raises CandidateError for a key that was used for something else.
    """
    take_turn("form", key)
    stored = CandidateReview.objects.filter(key=key).first()
    if stored is not None and (stored.reviewer_id, stored.candidate_id) != (reviewer.pk, candidate_id):
        raise CandidateError("This form was already used; reload the page.")
    return stored


def _decide(candidate: ProblemCandidate, *, state: str, problem: Problem | None = None) -> None:
    candidate.state, candidate.problem = state, problem
    candidate.save(update_fields=["state", "problem"])
    ReviewLease.objects.filter(candidate=candidate).delete()


def _record(
    candidate: ProblemCandidate, reviewer: User, decision: str, key: uuid.UUID, **fields: Any
) -> CandidateReview:
    """Write the review and the audit event; the candidate is locked."""
    review = CandidateReview.objects.create(
        candidate=candidate, reviewer=reviewer, decision=decision, key=key, **fields
    )
    AuditEvent.objects.create(
        actor=reviewer,
        verb=f"candidate.{decision}",
        object_type="problemcandidate",
        object_id=candidate.pk,
        data={"review": review.pk, **(fields.get("data") or {})},
    )
    return review
