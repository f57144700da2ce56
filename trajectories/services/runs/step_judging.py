"""Asking a model judge how good the steps of texts are so far, for strategies that go on from the best.

It is asked between the sessions of a run, by one worker at a time and outside of any transaction; rounds are planned
once every text has its score. Of equal texts one is asked about. A killed worker loses nothing: what was paid for is
kept by services/endpoints/replies.py, and charged once the score that it gives is stored.
"""

import time
import uuid
from collections import defaultdict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import cast

from django.db import transaction
from django.db.models import QuerySet

from trajectories.adapters.chat_api import Answered, ChatCall
from trajectories.core.identity import derive_seed
from trajectories.core.records import FinishReason, SampleFailure, TraceRecord, Usage
from trajectories.core.text.storable import storable_text
from trajectories.core.verifiers.judge_verdicts import JudgeAnswer, wants_another
from trajectories.core.verifiers.model_judge import Form, JudgeError, grade_messages, prefix_messages, read_grade
from trajectories.models import Attempt, Run, Trace
from trajectories.selectors.problems import to_public
from trajectories.selectors.rubrics import rubric_record
from trajectories.selectors.step_judging import awaits_judge, unjudged
from trajectories.services.endpoints.calls import CallBudget, CallStop, ask_all
from trajectories.services.jobs.leases import GIVEN_UP, MOST_CLAIMS, claim_job, lease_of, renew_job
from trajectories.services.jobs.outages import patiently
from trajectories.services.locks import lock_run
from trajectories.services.runs.attempts import pause_if_spent
from trajectories.services.runs.budgets import charge_run, reservation_of
from trajectories.services.runs.lifecycle import RunStateError, pause_run
from trajectories.services.runs.plans import PlanError, step_judge_of
from trajectories.services.runs.step_scores import StepJudge

RENEW_SECONDS = 20.0

WAITS = ("held", "unwanted")
"""Stops that need no person: the endpoint opens again by itself, or a person has said what comes next."""

LIMIT = "limit"
"""A daily limit, which lets the run go on by itself; it knows the run by the reason as it stands."""


UNREADABLE = "unreadable"


def judge_steps(*, run_id: int, seconds: float) -> bool | None:
    """Ask the judge of the run's steps about those without a score, for up to `seconds`; returns whether there is more
    to ask at once, None where another worker is at it, who rings for what comes next.

    Safe to call at any time and twice at once: a lease lets one worker through. What stops it pauses the run.
    """
    if patiently(partial(_is_spent, run_id)):
        return False
    token = uuid.uuid4()
    active = Run.objects.filter(pk=run_id, state__in=Run.ACTIVE_STATES)
    if not patiently(partial(claim_job, active, token)):
        return None
    run = Run.objects.select_related("sampler").get(pk=run_id)
    with lease_of(Run.objects.filter(pk=run_id), token):
        stop = _ask(run, token, time.monotonic() + seconds)
    if stop is None:
        return patiently(partial(awaits_judge, run_id=run_id))
    if stop.kind not in WAITS:
        is_whole = stop.kind in (LIMIT, UNREADABLE)
        _pause(run, stop.message if is_whole else f"The judge of its steps could not be asked: {stop.message}")
    return False


@transaction.atomic
def _is_spent(run_id: int) -> bool:
    run = lock_run(run_id)
    return run.state not in Run.ACTIVE_STATES or pause_if_spent(run)


def _pause(run: Run, reason: str) -> None:
    try:
        pause_run(actor=None, run=run, reason=storable_text(reason))
    except RunStateError:
        return  # somebody has paused or ended it in the meantime


def _ask(run: Run, token: uuid.UUID, until: float) -> CallStop | None:
    if run.claims > MOST_CLAIMS:
        return CallStop("given_up", GIVEN_UP)
    try:
        judge = step_judge_of(run.kept_plan)
        if judge is None:
            raise PlanError("the run names none")
        return _Judging(run, judge, token, until).go_on()
    except (PlanError, ValueError, TypeError) as fault:
        return CallStop("parameters", str(fault))


@dataclass(slots=True)
class _Text:
    """A text to be judged, with the attempts that brought it, and what came of asking."""

    attempt_ids: list[int]
    asks: list[JudgeAnswer] = field(default_factory=list)
    taken: list[tuple[Usage, Decimal | None]] = field(default_factory=list)


class _Judging:
    """One session: which texts are to be judged, and what becomes of the answers."""

    def __init__(self, run: Run, judge: StepJudge, token: uuid.UUID, until: float) -> None:
        self._run, self._judge, self._token, self._until = run, judge, token, until
        self._rubric = rubric_record(judge.rubric)
        self._recalls = run.kept_plan.recalls
        self._next_renewal = 0.0
        self._fault: CallStop | None = None
        self._read, self._unread = 0, ""
        self._texts: dict[int, _Text] = {}

    def go_on(self) -> CallStop | None:
        """Ask about every text, and once more where an answer cannot be read."""
        self._texts = self._waiting()
        while self._texts and time.monotonic() < self._until:
            stop = ask_all(
                holder=self._run,
                sampler=self._judge.sampler,
                calls=self._calls(),
                budget=self._budget(),
                wanted=self._is_wanted,
                on_answer=self._take,
                recalls=self._recalls,
            )
            if stop is not None or self._fault is not None:
                return stop or self._fault
        if self._unread and not self._read:
            text = f"The judge of its steps gave no score: {self._unread} Resumed, it goes on without one."
            return CallStop(UNREADABLE, text)
        return None

    def _waiting(self) -> dict[int, _Text]:
        """The texts without a score by the first of the attempts that brought each, which pays."""
        texts: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
        columns = ("problem", "trace__reasoning", "trace__program", "trace__answer_hash", "trace__finish_reason")
        for pk, *text in unjudged(run=self._run.pk).order_by("pk").values_list("pk", *columns):
            texts[tuple(text)].append(pk)
        return {keys[0]: _Text(keys) for keys in texts.values()}

    def _calls(self) -> Iterator[tuple[int, ChatCall]]:
        for key, text in list(self._texts.items()):
            if time.monotonic() >= self._until or self._fault is not None:
                return
            yield key, self._call(key, len(text.asks))

    def _call(self, key: int, ask: int) -> ChatCall:
        trace = Trace.objects.select_related("problem", "program", "reasoning").get(attempt=key)
        public, body = to_public(trace.problem), trace.reasoning.body
        if trace.finish_reason == FinishReason.STEP:
            messages = prefix_messages(self._rubric, public, body)
        else:
            program = trace.program.body if trace.program else ""
            messages = grade_messages(self._rubric, public, TraceRecord(trace.answer, program, body))
        return ChatCall(
            messages=messages,
            temperature=0.0,
            seed=derive_seed("step judge", self._run.seed, key, ask) % 2**31,
            sample={"judge": self._run.seed, "ask": ask},
            payer=f"step judgement {key}.{ask}",
        )

    def _budget(self) -> CallBudget:
        """What is left beside samples in flight and answers that are not charged yet."""
        self._run.refresh_from_db(fields=["budget_tokens", "budget_cost", "input_tokens", "output_tokens", "cost"])
        run, budget = self._run, CallBudget()
        if run.budget_tokens is None and run.budget_cost is None:
            return budget
        each = reservation_of(run)
        flying = Attempt.objects.filter(run=run, state=Attempt.State.LEASED).count()
        taken = [each for text in self._texts.values() for each in text.taken]
        tokens = flying * each.tokens + sum(usage.input_tokens + usage.output_tokens for usage, _ in taken)
        cost = flying * (each.cost or Decimal(0)) + sum((cost or Decimal(0) for _, cost in taken), Decimal(0))
        spent = run.input_tokens + run.output_tokens
        return CallBudget(
            cost=None if run.budget_cost is None else run.budget_cost - run.cost - cost,
            tokens=None if run.budget_tokens is None else run.budget_tokens - spent - tokens,
        )

    def _is_wanted(self) -> bool:
        """Renew the lease now and then; False where it is lost, or the run was paused or ended."""
        held = self._held()
        if time.monotonic() >= self._next_renewal:
            self._next_renewal = time.monotonic() + RENEW_SECONDS
            return renew_job(held)
        return held.exists()

    def _held(self) -> QuerySet[Run]:
        return Run.objects.filter(pk=self._run.pk, lease_token=self._token, state__in=Run.ACTIVE_STATES)

    def _take(self, key: Hashable, outcome: Answered | SampleFailure) -> None:
        """Keep an answer; with the last that is needed, store the score and what it took."""
        number = cast(int, key)
        text = self._texts[number]
        if isinstance(outcome, SampleFailure) and outcome.retryable:
            # The endpoint's fault and not the text's, which is asked about again once the run goes on.
            self._fault = CallStop(outcome.kind, outcome.message)
            return
        text.asks.append(_answer_of(outcome))
        text.taken.append((outcome.usage, outcome.cost))
        if wants_another(Form.GRADE, self._rubric, text.asks):
            return
        del self._texts[number]
        score, fault = self._score(text.asks[-1])
        if score is None:
            self._unread = fault
        else:
            self._read += 1
        patiently(partial(self._store, text, score, fault))

    def _score(self, answer: JudgeAnswer) -> tuple[float | None, str]:
        """(score in [0, 1], None where the answer gives none; why it gives none)."""
        if answer.fault:
            return None, answer.fault
        try:
            return round(read_grade(answer.text, self._rubric).share(self._rubric), 6), ""
        except JudgeError as fault:
            return None, str(fault)

    @transaction.atomic
    def _store(self, text: _Text, score: float | None, fault: str) -> None:
        """Store a score, and charge what it took once; nothing where that was done."""
        run = lock_run(self._run.pk)
        waiting = unjudged(pk__in=text.attempt_ids).values("pk")
        if not Attempt.objects.filter(pk__in=waiting).update(step_score=score, step_fault=storable_text(fault)[:200]):
            return
        for usage, cost in text.taken:
            charge_run(run, usage, cost, sampler_id=self._judge.sampler.pk)


def _answer_of(outcome: Answered | SampleFailure) -> JudgeAnswer:
    if isinstance(outcome, SampleFailure):
        return JudgeAnswer("", outcome.kind, outcome.message)
    body = storable_text(outcome.reply.text)
    if outcome.reply.finish_reason is FinishReason.LENGTH:
        return JudgeAnswer(body, "truncated", "The judge's answer was cut off at the sampler's limit on output.")
    if not body.strip():
        return JudgeAnswer(body, "empty", "The judge said nothing.")
    return JudgeAnswer(body)
