"""Sampling from language models: one session keeps as many calls in flight as the sampler may have."""

import time
import uuid
from collections.abc import Callable, Sequence

from django.conf import settings as django_settings

from trajectories.adapters.chat_api import Basket, CallError, ChatSampler, ChatSession, ChatSettings
from trajectories.adapters.local_models.sampler import LocalSampler
from trajectories.adapters.sandbox import shared_engine
from trajectories.core.programs.snippets import SnippetResult, run_snippet
from trajectories.core.records import SampleFailure, SampleRequest, SampleResult
from trajectories.models import Attempt, Run
from trajectories.models.samplers import LANGUAGE_MODELS
from trajectories.selectors.step_judging import awaits_judge
from trajectories.services.endpoints.access import endpoint_access
from trajectories.services.endpoints.faults import keep_fault
from trajectories.services.endpoints.local_models import open_local
from trajectories.services.endpoints.replies import DatabasePorts
from trajectories.services.jobs.outages import patiently
from trajectories.services.runs.attempts import has_pending, is_wanted, renew_lease, return_batch
from trajectories.services.runs.chat_attempts import Claim, ahead_of, claim_attempts, others_wait
from trajectories.services.runs.circuits import break_circuit
from trajectories.services.runs.embedded_sampling import BatchReport, Heartbeat
from trajectories.services.runs.lifecycle import fail_run
from trajectories.services.runs.outcomes import keep_outcomes
from trajectories.services.runs.requests import sample_requests
from trajectories.services.runs.rounds import move_on
from trajectories.services.runs.step_judging import judge_steps
from trajectories.services.runs.watches import Teller

SESSION_SECONDS = 60.0
"""After so long nothing new is started where other work waits for a worker."""

MORE_SECONDS = 180.0
"""So much longer where nothing does. A task has half an hour, and the last call may take most of that."""

LOOK_SECONDS = 0.25
TRACES_PER_BELL = 16
STORED_AT_ONCE = 128
COMPANY_SECONDS = 0.1
"""Samples in one transaction, and how long the first of them waits for company at most, while others are in flight.
What each took is kept before, so that nothing is lost by waiting."""
PACE_SECONDS = 0.25
"""So long samples are counted until it is known how quickly they come."""
NO_REPORT = BatchReport([], more=False)
HELD = "held"
"""The kind of failure after which the run goes on by itself, once the gate opens."""

OnTraces = Callable[[Sequence[int]], None]
ModelSampler = ChatSampler | LocalSampler


def is_chat_run(*, run_id: int) -> bool:
    """Whether the run samples a language model."""
    return Run.objects.filter(pk=run_id, sampler__kind__in=LANGUAGE_MODELS).exists()


def sample_session(*, run_id: int, on_traces: OnTraces, seconds: float = SESSION_SECONDS) -> BatchReport:
    """Claim, ask and store until nothing is left to claim or the time is over; results are stored as they come.

    `on_traces` gets the ids of stored traces, a few at a time; those it was not given are in the report.
    """
    run = Run.objects.select_related("sampler").get(pk=run_id)
    token = uuid.uuid4()
    try:
        sampler = open_sampler(run)
    except (ValueError, TypeError) as fault:
        fail_run(run_id=run_id, reason=str(fault))
        return NO_REPORT
    except CallError as fault:
        break_circuit(run_id=run_id, failure=SampleFailure(fault.kind, fault.message, stops=True))
        return NO_REPORT
    try:
        work = hold_session(
            run, token, sampler, lambda session: Work(run_id, token, sampler, session, on_traces), seconds
        )
    finally:
        patiently(lambda: return_batch(lease_token=token))
    return end_session(run_id, work, seconds)


def hold_session(
    run: Run, token: uuid.UUID, sampler: ModelSampler, open_work: "Callable[[ChatSession], Work]", seconds: float
) -> "Work | None":
    """Work through one session; None where it could not be opened, and the run is paused for that."""
    try:
        with Heartbeat(run.pk, token) as heartbeat, sampler.open_session() as session:
            work = open_work(session)
            work.go_on(time.monotonic() + seconds, heartbeat)
            return work
    except CallError as fault:
        keep_fault(sampler=run.sampler, kind=fault.kind, detail=fault.detail)
        break_circuit(run_id=run.pk, failure=SampleFailure(fault.kind, fault.message, stops=True))
        return None


def end_session(run_id: int, work: "Work | None", seconds: float = SESSION_SECONDS) -> BatchReport:
    """Stop the run where its session was stopped, have its steps judged for up to some seconds where a model does
    that, plan what comes next, and say what the session brought."""
    if work is None:
        return NO_REPORT
    if work.stopped is not None and work.stopped.kind != HELD:
        break_circuit(run_id=run_id, failure=work.stopped)
    judging: bool | None = False
    if patiently(lambda: awaits_judge(run_id=run_id)):
        work.hand_over()
        judging = judge_steps(run_id=run_id, seconds=seconds)
    patiently(lambda: move_on(run_id=run_id))
    more = judging is not None and (judging or patiently(lambda: has_pending(run_id=run_id)))
    return BatchReport(work.trace_ids, more=work.stopped is None and more)


def open_sampler(run: Run, basket: Basket | None = None) -> ModelSampler:
    """What draws the run's samples, or collects the calls for them. Raises ValueError or TypeError for parameters that
    are none, and CallError where this machine lacks what a local model needs."""
    if run.sampler.is_local:
        return open_local(run.sampler)
    settings = ChatSettings.from_parameters(run.sampler.parameters)
    ports = DatabasePorts(run.sampler, recalls=run.kept_plan.recalls)
    return ChatSampler(settings, endpoint_access(), ports, run=run_python, basket=basket)


def run_python(code: str) -> SnippetResult:
    """The tool of agents: this process's sandbox, opened when it is first used."""
    return run_snippet(shared_engine(django_settings.PROGRAM_ENGINE, django_settings.PROGRAM_ENVIRONMENT), code)


class Work:
    """The state of one session: what is in flight, what was stored, and what stopped it."""

    def __init__(
        self, run_id: int, token: uuid.UUID, sampler: ModelSampler, session: ChatSession, on_traces: OnTraces
    ) -> None:
        self.trace_ids: list[int] = []
        self.stopped: SampleFailure | None = None
        self._run_id, self._token, self._sampler = run_id, token, sampler
        self._session, self._on_traces = session, on_traces
        self._flying: dict[int, Attempt] = {}
        self._each = sampler.settings.samples_per_call if sampler.settings.takes_n else 1
        self._most = self._allowed = sampler.settings.concurrency * self._each
        self._next_claim = self._next_look = self._next_question = 0.0
        self._pace, self._counted, self._counted_since = 0.0, 0, time.monotonic()
        self._teller = Teller(token, session.glimpse)

    def go_on(self, until: float, heartbeat: Heartbeat) -> None:
        """Work until nothing is in flight and nothing can be claimed, the time is over, or the run is not wanted."""
        while self.stopped is None and heartbeat.wanted:
            if self._may_claim(until):
                self._claim()
            if not self._flying:
                break
            patiently(lambda: self._teller.tell(self._flying))
            taken = self._session.take_all(LOOK_SECONDS, min(STORED_AT_ONCE, len(self._flying)), COMPANY_SECONDS)
            self._count(len(taken))
            if taken and not self._store(taken):
                break
            if not self._is_wanted():
                break

    def _may_claim(self, until: float) -> bool:
        """Whether the session's time lasts; it is longer where nobody else wants the worker, because what is in flight
        at its end leaves places free."""
        now = time.monotonic()
        if now < until:
            return True
        if now > until + MORE_SECONDS or now < self._next_question:
            return False
        self._next_question = now + LOOK_SECONDS
        return not patiently(lambda: others_wait(run_id=self._run_id))

    def _claim(self) -> None:
        """Fill free places, some at a time: a claim costs as much as storing a few samples."""
        now, ahead = time.monotonic(), ahead_of(self._allowed, self._pace)
        free = self._allowed + ahead - len(self._flying)
        if self._flying and (now < self._next_claim or free < max(1, self._allowed // 4, ahead // 2)):
            return
        claim = patiently(self._lease)
        if claim.allowed and claim.allowed != self._allowed:
            self._allowed = claim.allowed
            self._session.set_concurrency(max(1, claim.allowed // self._each))
        self._flying |= {attempt.pk: attempt for attempt in claim.attempts}
        requests = patiently(lambda: sample_requests(claim.attempts))
        asked = [(attempt.pk, request) for attempt, request in zip(claim.attempts, requests, strict=True)]
        self._session.submit_all(
            self._sampler.groups_of([(key, each) for key, each in asked if isinstance(each, SampleRequest)])
        )
        if refused := [(key, each) for key, each in asked if isinstance(each, SampleFailure)]:
            self._store(refused)
        self._next_claim = 0.0 if claim.attempts else now + LOOK_SECONDS

    def _lease(self) -> Claim:
        return claim_attempts(run_id=self._run_id, lease_token=self._token, concurrency=self._most, pace=self._pace)

    def _count(self, came: int) -> None:
        """Find out how many samples a second come."""
        self._counted += came
        seconds = time.monotonic() - self._counted_since
        if seconds >= PACE_SECONDS:
            self._pace = self._counted / seconds
            self._counted, self._counted_since = 0, time.monotonic()

    def _store(self, taken: Sequence[tuple[int, SampleResult | SampleFailure]]) -> bool:
        """Store outcomes; False where the lease is lost. After a fault that stops all, the rest is given back."""
        outcomes = []
        for attempt_id, outcome in taken:
            attempt = self._flying.pop(attempt_id)
            if isinstance(outcome, SampleFailure) and outcome.stops:
                self.stopped = outcome
            else:
                outcomes.append((attempt, outcome))
        trace_ids, kept = patiently(lambda: keep_outcomes(outcomes, self._token))
        self.trace_ids += trace_ids
        if len(self.trace_ids) >= TRACES_PER_BELL:
            self.hand_over()
        # One lost lease may be one whose commit was not heard of; without any that is held there is nothing to do here.
        return kept or patiently(lambda: renew_lease(run_id=self._run_id, lease_token=self._token))

    def hand_over(self) -> None:
        """Let others verify the traces that were stored since this was done."""
        if self.trace_ids:
            self._on_traces(self.trace_ids)
            self.trace_ids = []

    def _is_wanted(self) -> bool:
        now = time.monotonic()
        if now < self._next_look:
            return True
        self._next_look = now + LOOK_SECONDS
        return patiently(lambda: is_wanted(run_id=self._run_id))
