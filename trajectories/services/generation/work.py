"""Doing a generation job, a slice at a time under a lease: place orders until enough candidates have passed, and try
the candidates in between.
"""

import time
import uuid
from collections.abc import Hashable, Iterator
from dataclasses import replace
from datetime import timedelta

from django.db.models import Max
from django.db.models.functions import Now

from trajectories.adapters.chat_api import Answered, ChatCall
from trajectories.core.generation import MAKERS, WRITERS
from trajectories.core.generation.base import Order, Proposal, Recipe, Writer, draw_order
from trajectories.core.identity import derive_seed
from trajectories.core.prompts import PromptError
from trajectories.core.records import JSON, FinishReason, ProblemRecord, SampleFailure
from trajectories.models import GenerationJob, Problem, ProblemCandidate, Sampler
from trajectories.selectors.problems import to_record
from trajectories.services.endpoints.calls import CallBudget, CallStop, OnAnswer, ask_all
from trajectories.services.generation.jobs import GenerationStateError, end_generation, pause_generation
from trajectories.services.generation.neighbours import Neighbourhood
from trajectories.services.generation.proposals import Spent, keep_call, spent_on
from trajectories.services.generation.solving import (
    keep_answer,
    read_answer,
    settle_candidate,
    solve_by_search,
    solver_calls,
)
from trajectories.services.jobs.leases import GIVEN_UP, MOST_CLAIMS, claim_job, lease_of, renew_job
from trajectories.services.problems.procedural import Families

ORDERS_PER_SLICE = 32
CANDIDATES_PER_SLICE = 16
RENEW_SECONDS = 5.0
SLICE_SECONDS = 5.0
"""After so long an embedded generator or solver lets other work pass."""

State = GenerationJob.State


def generate_next(*, job_id: int) -> bool:
    """Do one slice of a job; returns whether there is more to do.

    Safe to call at any time and twice at once: a lease lets one worker through, and every outcome is stored with what
    follows from it in one transaction. A worker that dies leaves the lease to run out; nothing is made twice.
    """
    token = uuid.uuid4()
    if not _claim(job_id, token):
        return False
    with lease_of(GenerationJob.objects.filter(pk=job_id), token):
        _Slice(job_id, token).go_on()
    left = GenerationJob.objects.filter(pk=job_id, state__in=GenerationJob.ACTIVE_STATES, held_until=None)
    return left.exists()


def _claim(job_id: int, token: uuid.UUID) -> bool:
    active = GenerationJob.objects.filter(pk=job_id, state__in=GenerationJob.ACTIVE_STATES)
    return claim_job(active.exclude(held_until__gt=Now()), token, state=State.RUNNING, held_until=None)


def _cut_off(proposal: Proposal) -> Proposal:
    """The proposal of an answer that ended for want of tokens: what is no problem says so."""
    if proposal.record is not None:
        return proposal
    return replace(proposal, fault=f"The answer was cut off at the model's output limit. {proposal.fault}")


class _Slice:
    """One slice of one job: either open candidates are tried, or orders are placed."""

    def __init__(self, job_id: int, token: uuid.UUID) -> None:
        related = GenerationJob.objects.select_related("sampler", "solver", "instruction")
        self._job = related.get(pk=job_id)
        self._token = token
        self._recipe: Recipe = self._job.kept_plan.recipe
        self._lost = False
        self._next_renewal = 0.0
        self._until = time.monotonic() + SLICE_SECONDS

    def go_on(self) -> None:
        """Do what comes next, or end the job where nothing does."""
        if self._job.claims > MOST_CLAIMS:
            self._pause(GIVEN_UP)
            return
        open_ones = ProblemCandidate.objects.filter(job=self._job, state=ProblemCandidate.State.PROPOSED)
        candidates = list(open_ones.select_related("job").order_by("pk")[:CANDIDATES_PER_SLICE])
        if candidates:
            self._solve(candidates)
            return
        passed = ProblemCandidate.objects.filter(job=self._job, state__in=ProblemCandidate.PASSED_STATES).count()
        if passed >= self._job.wanted:
            end_generation(job_id=self._job.pk, state=State.FINISHED, reason="")
            return
        placed = self._job.calls.count()
        left = self._job.kept_plan.most_calls - placed
        if left <= 0:
            reason = f"{passed:,} of {self._job.wanted:,} wanted candidates came of {placed:,} calls, the most allowed."
            end_generation(job_id=self._job.pk, state=State.FINISHED, reason=reason)
            return
        needed = -(-(self._job.wanted - passed) // self._recipe.per_call)
        self._generate(self._orders(min(needed, left, ORDERS_PER_SLICE)))

    def _orders(self, count: int) -> list[Order]:
        """The next orders: those of a slice that was cut short first."""
        placed = set(self._job.calls.values_list("index", flat=True))
        last = self._job.calls.aggregate(last=Max("index"))["last"]
        indices = [index for index in range((-1 if last is None else last) + 1 + count) if index not in placed]
        takes_source = bool(self._job.kept_plan.source_ids)
        return [draw_order(self._recipe, index, takes_source=takes_source) for index in indices[:count]]

    def _source(self, order: Order) -> ProblemRecord | None:
        if order.source is None:
            return None
        return to_record(Problem.objects.get(pk=self._job.kept_plan.source_ids[order.source]))

    def _generate(self, orders: list[Order]) -> None:
        neighbourhood = Neighbourhood(job=self._job, threshold=self._job.kept_plan.threshold)
        if self._job.generator in MAKERS:
            self._make(orders, neighbourhood)
        else:
            self._write(orders, neighbourhood, WRITERS[self._job.generator])

    def _make(self, orders: list[Order], neighbourhood: Neighbourhood) -> None:
        """Let an embedded generator follow each order."""
        maker = MAKERS[self._job.generator]
        for order in orders:
            if not self._wanted() or time.monotonic() > self._until:
                return
            started = time.monotonic()
            proposals = maker.make(self._recipe, order, self._source(order), Families())
            spent = Spent(seconds=time.monotonic() - started)
            self._lost |= not keep_call(
                job=self._job,
                token=self._token,
                order=order,
                proposals=proposals,
                spent=spent,
                neighbourhood=neighbourhood,
            )

    def _write(self, orders: list[Order], neighbourhood: Neighbourhood, writer: Writer) -> None:
        """Ask the model for each order."""
        by_index = {order.index: order for order in orders}

        def calls() -> Iterator[tuple[Hashable, ChatCall]]:
            for order in orders:
                yield (
                    order.index,
                    ChatCall(
                        writer.messages(self._recipe, order, self._source(order)),
                        self._job.kept_plan.temperature,
                        derive_seed(order.seed, "call"),
                        sample={"write": [self._job.seed, order.index]},
                        payer=f"generation {self._job.pk} call {order.index}",
                    ),
                )

        def keep(key: Hashable, outcome: Answered | SampleFailure) -> None:
            order = by_index[int(str(key))]
            proposals = []
            if isinstance(outcome, Answered):
                proposals = writer.read(self._recipe, order, self._source(order), outcome.reply.text)
                if outcome.reply.finish_reason is FinishReason.LENGTH:
                    proposals = [_cut_off(proposal) for proposal in proposals]
            self._lost |= not keep_call(
                job=self._job,
                token=self._token,
                order=order,
                proposals=proposals,
                spent=spent_on(outcome),
                neighbourhood=neighbourhood,
            )

        self._ask(self._job.sampler, calls(), keep)

    def _solve(self, candidates: list[ProblemCandidate]) -> None:
        """Let the solver try each candidate as often as the plan says, and decide by the votes."""
        for candidate in candidates:
            # A worker may have died between the last vote and the decision.
            settle_candidate(job=self._job, candidate_id=candidate.pk)
        if self._job.solver is not None and not self._job.solver.has_endpoint:
            self._search(candidates)
            return
        by_id = {candidate.pk: candidate for candidate in candidates}

        def keep(key: Hashable, outcome: Answered | SampleFailure) -> None:
            assert isinstance(key, tuple)
            candidate_id, ordinal = key
            answer, spent = read_answer(self._job, by_id[candidate_id], outcome)
            self._keep_answer(candidate_id, ordinal, answer, spent)

        self._ask(self._job.solver, solver_calls(self._job, candidates), keep)

    def _search(self, candidates: list[ProblemCandidate]) -> None:
        for candidate in candidates:
            for ordinal, answer, spent in solve_by_search(self._job, candidate):
                self._keep_answer(candidate.pk, ordinal, answer, spent)
                if not self._wanted():
                    return
            if time.monotonic() > self._until:
                return

    def _keep_answer(self, candidate_id: int, ordinal: int, answer: JSON, spent: Spent) -> None:
        kept = keep_answer(
            job=self._job, token=self._token, candidate_id=candidate_id, ordinal=ordinal, answer=answer, spent=spent
        )
        self._lost |= not kept
        if kept:
            settle_candidate(job=self._job, candidate_id=candidate_id)

    def _ask(self, sampler: Sampler | None, calls: Iterator[tuple[Hashable, ChatCall]], keep: OnAnswer) -> None:
        if sampler is None:
            end_generation(job_id=self._job.pk, state=State.FAILED, reason="The job has no model to ask.")
            return
        self._job.refresh_from_db(fields=["cost", "input_tokens", "output_tokens", "budget_cost", "budget_tokens"])
        try:
            stop = ask_all(
                holder=self._job,
                sampler=sampler,
                calls=calls,
                budget=self._budget(),
                wanted=self._wanted,
                on_answer=keep,
            )
        except (PromptError, ValueError) as fault:
            end_generation(job_id=self._job.pk, state=State.FAILED, reason=str(fault))
            return
        if stop is not None:
            self._stop(stop)

    def _budget(self) -> CallBudget:
        job = self._job
        tokens = None if job.budget_tokens is None else job.budget_tokens - job.input_tokens - job.output_tokens
        return CallBudget(None if job.budget_cost is None else job.budget_cost - job.cost, tokens)

    def _stop(self, stop: CallStop) -> None:
        """Wait where the endpoint asks for it, else pause the job with the reason."""
        if stop.kind == "unwanted":
            return
        if stop.kind == "held" and stop.until is not None:
            until = Now() + timedelta(seconds=stop.until)
            GenerationJob.objects.filter(pk=self._job.pk, lease_token=self._token).update(held_until=until)
            return
        self._pause(stop.message)

    def _pause(self, reason: str) -> None:
        try:
            pause_generation(actor=None, job_id=self._job.pk, reason=reason)
        except GenerationStateError:
            return  # somebody has paused or ended it

    def _wanted(self) -> bool:
        """Whether the job is still this worker's and active; renews the lease now and then."""
        if self._lost:
            return False
        held = GenerationJob.objects.filter(pk=self._job.pk, lease_token=self._token, state=State.RUNNING)
        if time.monotonic() < self._next_renewal:
            return held.exists()
        self._next_renewal = time.monotonic() + RENEW_SECONDS
        return renew_job(held)
