"""Trying candidates: fresh answers of a solver, their agreement, and what follows from it."""

import uuid
from collections.abc import Iterator

from django.db import transaction

from trajectories.adapters.chat_api import Answered, ChatCall
from trajectories.core.generation.agreement import SolverAgreement, count_votes, refusal
from trajectories.core.generation.plans import SolverCheck
from trajectories.core.identity import derive_seed, text_hash
from trajectories.core.problems import problem_hash
from trajectories.core.prompts import read_response, render_messages
from trajectories.core.records import (
    JSON,
    InstructionRecord,
    PublicProblem,
    SampleFailure,
    SampleRequest,
    SampleResult,
)
from trajectories.core.samplers import SAMPLERS
from trajectories.core.samplers.symbolic.population import VIEWS
from trajectories.core.text.storable import storable_json
from trajectories.models import CandidateAnswer, GenerationJob, Problem, ProblemCandidate
from trajectories.selectors.candidates import candidate_public, candidate_record
from trajectories.selectors.instructions import to_record
from trajectories.services.generation.proposals import Spent, charge, held_job, spent_on
from trajectories.services.problems.references import answer_fault, reference_fault
from trajectories.services.texts import store_texts

Key = tuple[int, int]
"""(candidate, ordinal of the sample)."""

State = ProblemCandidate.State


def missing_answers(candidate: ProblemCandidate, samples: int) -> list[int]:
    """The ordinals of the samples that have no outcome yet."""
    made = set(CandidateAnswer.objects.filter(candidate=candidate).values_list("ordinal", flat=True))
    return [ordinal for ordinal in range(samples) if ordinal not in made]


def _check_of(job: GenerationJob) -> SolverCheck:
    """How the candidates of a job with a solver are shown to be solvable."""
    check = job.kept_plan.check
    assert check is not None, "a job without a solver solves nothing"
    return check


def solver_calls(job: GenerationJob, candidates: list[ProblemCandidate]) -> Iterator[tuple[Key, ChatCall]]:
    """The calls that are still to be made for some candidates. The solver sees what any sampler sees: no answer.

    Equal questions of one job have answers of their own; the same job planned again with the same seed has the same.
    Raises PromptError where the instruction cannot be rendered.
    """
    check, instruction = job.kept_plan.check, job.instruction
    if check is None or instruction is None:
        return
    for candidate in candidates:
        public = candidate_public(candidate)
        messages = render_messages(to_record(instruction), public)
        for ordinal in missing_answers(candidate, check.samples):
            sample: dict[str, JSON] = {"solve": public.content_hash, "seed": job.seed, "ordinal": ordinal}
            yield (
                (candidate.pk, ordinal),
                ChatCall(
                    messages,
                    check.temperature,
                    derive_seed(job.seed, public.content_hash, ordinal),
                    sample=sample,
                    payer=f"generation {job.pk} candidate {candidate.pk} sample {ordinal}",
                ),
            )


def read_answer(
    job: GenerationJob, candidate: ProblemCandidate, outcome: Answered | SampleFailure
) -> tuple[JSON, Spent]:
    """(the answer a call brought, None where it brought none; what it took)."""
    spent = spent_on(outcome)
    if isinstance(outcome, SampleFailure) or job.instruction is None:
        return None, spent
    record, public = to_record(job.instruction), candidate_public(candidate)
    read = read_response(record, public, outcome.reply.text, outcome.reply.reasoning)
    return storable_json(read.answer), spent


def solve_by_search(job: GenerationJob, candidate: ProblemCandidate) -> Iterator[tuple[int, JSON, Spent]]:
    """(ordinal, answer, what it took) of each missing sample of the symbolic search, its views taken in turn.

    Only a program that reproduces every training pair votes.
    """
    public = candidate_public(candidate)
    ordinals = missing_answers(candidate, _check_of(job).samples)
    requests = [_request(job, public, ordinal) for ordinal in ordinals]
    for position, outcome in SAMPLERS["symbolic"]().sample(requests):
        yield ordinals[position], *_found(outcome)


def _request(job: GenerationJob, public: PublicProblem, ordinal: int) -> SampleRequest:
    turn, place = divmod(ordinal, len(VIEWS))
    view = tuple(VIEWS)[place]
    return SampleRequest(
        problem=public,
        instruction=InstructionRecord(view, 1, view, "program"),
        temperature=_check_of(job).temperature,
        seed=derive_seed(job.seed, public.content_hash, ordinal),
        group_seed=derive_seed(job.seed, public.content_hash),
        ordinal=turn,
        parameters=job.solver.parameters if job.solver else {},
    )


def _found(outcome: SampleResult | SampleFailure) -> tuple[JSON, Spent]:
    if isinstance(outcome, SampleFailure):
        # A view that has no program left to try has no answer; that is no fault of the search.
        no_answer = outcome.kind == "exhausted"
        return None, Spent(reply=outcome.message) if no_answer else Spent(
            error_kind=outcome.kind, error=outcome.message
        )
    fits = outcome.facts.get("train_pairs_right") == outcome.facts.get("train_pairs")
    return outcome.answer if fits else None, Spent(seconds=outcome.latency_seconds, reply=outcome.program)


def keep_answer(
    *, job: GenerationJob, token: uuid.UUID, candidate_id: int, ordinal: int, answer: JSON, spent: Spent
) -> bool:
    """Store one sample's outcome; False where the job is not this worker's any more."""
    with transaction.atomic():
        held = held_job(job.pk, token)
        if held is None:
            return False
        if CandidateAnswer.objects.filter(candidate=candidate_id, ordinal=ordinal).exists():
            return True
        if spent.reply:
            store_texts({text_hash(spent.reply): spent.reply})
        CandidateAnswer.objects.create(candidate_id=candidate_id, ordinal=ordinal, answer=answer, **spent.fields())
        charge(held, held.solver, spent)
    return True


def settle_candidate(*, job: GenerationJob, candidate_id: int) -> None:
    """Decide by the votes, once every sample has an outcome; nothing happens before, and nothing twice."""
    candidate = ProblemCandidate.objects.get(pk=candidate_id)
    check = _check_of(job)
    answers = list(CandidateAnswer.objects.filter(candidate=candidate).order_by("ordinal"))
    if candidate.state != State.PROPOSED or len(answers) < check.samples:
        return
    given = [answer.answer for answer in answers if not answer.error_kind]
    agreement = count_votes(candidate.kind, candidate.spec, given, len(answers) - len(given))
    state, reason, changes = _decide(candidate, agreement, check.share)
    ProblemCandidate.objects.filter(pk=candidate_id, state=State.PROPOSED).update(
        state=state, reason=reason, agreement=agreement.to_json(), **changes
    )


def _decide(candidate: ProblemCandidate, agreement: SolverAgreement, share: float) -> tuple[str, str, dict[str, JSON]]:
    """(state, reason, what else changes). A majority that nobody contradicts becomes the answer, marked as consensus.

    Where most calls failed there is nothing to go by, and nothing is held against the candidate.
    """
    if agreement.failed > agreement.voters:
        return State.UNCHECKED, f"{agreement.failed} of its samples failed, expected answers to compare.", {}
    record = candidate_record(candidate)
    stated = candidate.stated
    agrees = stated is not None and agreement.majority is not None and not answer_fault(record, agreement.majority)
    refused = refusal(agreement, least_share=share, stated=stated, agrees=agrees)
    if refused:
        return State.UNSOLVABLE, refused, {}
    if candidate.reference_source == Problem.ReferenceSource.GENERATOR:
        return State.WAITING, "", {}
    changes: dict[str, JSON] = {"reference_source": Problem.ReferenceSource.CONSENSUS}
    if stated is None:
        fault = reference_fault(candidate_record(candidate, reference=agreement.majority))
        if fault:
            return State.UNSOLVABLE, f"The majority's answer is none: {fault}.", {}
        changes["reference"] = agreement.majority
        changes["content_hash"] = problem_hash(candidate_record(candidate, reference=agreement.majority))
    return State.WAITING, "", changes
