"""Keeping what a generator proposes: each call and its candidates in one transaction, duplicates marked as such."""

import uuid
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from trajectories.adapters.chat_api import Answered
from trajectories.core.generation import MAKERS
from trajectories.core.generation.base import Order, Proposal
from trajectories.core.identity import text_hash
from trajectories.core.problems import ProblemError
from trajectories.core.records import ProblemRecord, SampleFailure, Usage
from trajectories.core.text.storable import storable_json, storable_text
from trajectories.models import GenerationCall, GenerationJob, Problem, ProblemCandidate, Sampler
from trajectories.services.endpoints.calls import payer_of
from trajectories.services.generation.neighbours import Neighbour, Neighbourhood, Sketch, sketch_record
from trajectories.services.jobs.leases import LEASE
from trajectories.services.problems.references import reference_fault
from trajectories.services.spending.ledger import book
from trajectories.services.texts import store_texts

State = ProblemCandidate.State


@dataclass(frozen=True, slots=True)
class Spent:
    """What one call took, and what it said or the error it ended with."""

    usage: Usage = field(default_factory=Usage)
    cost: Decimal | None = None
    seconds: float = 0.0
    reply: str = ""
    error_kind: str = ""
    error: str = ""

    def fields(self) -> dict[str, Any]:
        """The columns that calls and answers share; the reply's text has to be stored before they are."""
        return {
            "reply_id": text_hash(self.reply) if self.reply else None,
            "error_kind": self.error_kind,
            "error": self.error,
            "input_tokens": self.usage.input_tokens,
            "output_tokens": self.usage.output_tokens,
            "cost": self.cost,
            "seconds": self.seconds,
        }


def spent_on(outcome: Answered | SampleFailure) -> Spent:
    """What an outcome took."""
    if isinstance(outcome, SampleFailure):
        return Spent(outcome.usage, outcome.cost, 0.0, "", outcome.kind, storable_text(outcome.message))
    return Spent(outcome.usage, outcome.cost, outcome.seconds, storable_text(outcome.reply.text))


def charge(held: GenerationJob, sampler: Sampler | None, spent: Spent) -> None:
    """Count what a call took and renew the lease; call in the transaction that stores the outcome."""
    GenerationJob.objects.filter(pk=held.pk).update(
        cost=F("cost") + (spent.cost or 0),
        input_tokens=F("input_tokens") + spent.usage.input_tokens,
        output_tokens=F("output_tokens") + spent.usage.output_tokens,
        lease_expires_at=Now() + LEASE,
        claims=1,
    )
    if sampler is not None:
        book(payer=payer_of(held, sampler), usage=spent.usage, cost=spent.cost)


def held_job(job_id: int, token: uuid.UUID) -> GenerationJob | None:
    """The job with its row locked, where this worker still holds it and it is still wanted."""
    held = GenerationJob.objects.filter(pk=job_id, lease_token=token, state=GenerationJob.State.RUNNING)
    return held.select_for_update(no_key=True).first()


def keep_call(
    *,
    job: GenerationJob,
    token: uuid.UUID,
    order: Order,
    proposals: list[Proposal],
    spent: Spent,
    neighbourhood: Neighbourhood,
) -> bool:
    """Store one call with its candidates; False where the job is not this worker's any more.

    A call that is stored already is left as it is. What a verifier says of each proposal is found out before anything
    is locked.
    """
    checked = [_checked(proposal) for proposal in proposals]
    with transaction.atomic():
        held = held_job(job.pk, token)
        if held is None:
            return False
        if GenerationCall.objects.filter(job=held, index=order.index).exists():
            return True
        if spent.reply:
            store_texts({text_hash(spent.reply): spent.reply})
        call = GenerationCall.objects.create(
            job=held,
            index=order.index,
            constraints=order.constraints(),
            source_id=None if order.source is None else job.kept_plan.source_ids[order.source],
            **spent.fields(),
        )
        for number, (proposal, sketch, fault) in enumerate(checked, 1):
            candidate = _candidate(held, call, number, proposal)
            _place(candidate, proposal.record, sketch, fault, neighbourhood)
        charge(held, held.sampler, spent)
    return True


def _checked(proposal: Proposal) -> tuple[Proposal, Sketch | None, str]:
    """(the proposal in a form that can be stored, what it is compared by, why it is no problem)."""
    record = proposal.record
    if record is None:
        return proposal, None, proposal.fault
    try:
        record = replace(
            record,
            statement=storable_text(record.statement),
            spec=storable_json(record.spec),
            reference=storable_json(record.reference),
        )
        sketch = sketch_record(record)
    except (ProblemError, ValueError, TypeError) as fault:
        return Proposal(None, said=proposal.said), None, f"It cannot be stored: {storable_text(str(fault))}."
    refused = reference_fault(record)
    return replace(proposal, record=record), sketch, f"Answer: {storable_text(refused)}." if refused else ""


def _candidate(job: GenerationJob, call: GenerationCall, number: int, proposal: Proposal) -> ProblemCandidate:
    """The unsaved row of a proposal."""
    record = proposal.record
    candidate = ProblemCandidate(job=job, call=call, number=number, said=storable_text(proposal.said))
    candidate.facts = storable_json(proposal.facts)
    if record is not None:
        is_made = job.generator in MAKERS
        candidate.name = record.name[:150] if is_made else f"{job.generator}-{job.pk}-{call.index}-{number}"
        candidate.kind, candidate.statement, candidate.spec = record.kind, record.statement, dict(record.spec)
        candidate.reference = candidate.stated = record.reference
        candidate.family, candidate.difficulty = record.family[:100], dict(record.difficulty)
        candidate.reference_source = _reference_source(record, is_made)
    return candidate


def _reference_source(record: ProblemRecord, is_made: bool) -> str:
    """An answer made with the problem is right by construction; one that a model states is only that."""
    if record.reference is None:
        return ""
    return Problem.ReferenceSource.GENERATOR if is_made else Problem.ReferenceSource.AUTHOR


def _place(
    candidate: ProblemCandidate,
    record: ProblemRecord | None,
    sketch: Sketch | None,
    fault: str,
    neighbourhood: Neighbourhood,
) -> None:
    """Save a candidate in the state that its faults and neighbours put it in."""
    if record is None or sketch is None or fault:
        candidate.state, candidate.reason = State.INVALID, fault or "It is no problem."
        candidate.save()
        return
    candidate.content_hash, candidate.minhash = sketch.content_hash, sketch.minhash
    neighbour = neighbourhood.find(record, sketch)
    set_neighbour(candidate, neighbour)
    if neighbour is not None and neighbour.why:
        candidate.state, candidate.reason = State.DUPLICATE, neighbour.why
        candidate.save()
        return
    candidate.state = State.WAITING if candidate.job.solver_id is None else State.PROPOSED
    candidate.save()
    neighbourhood.add(candidate.pk, sketch)


def set_neighbour(candidate: ProblemCandidate, neighbour: Neighbour | None) -> None:
    """Note the nearest neighbour on the unsaved candidate."""
    candidate.neighbour_problem_id = None if neighbour is None else neighbour.problem_id
    candidate.neighbour_candidate_id = None if neighbour is None else neighbour.candidate_id
    candidate.similarity = None if neighbour is None else neighbour.similarity
