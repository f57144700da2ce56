"""One session of a model judge: asking what is missing, storing each answer as it comes, and giving verdicts.

A killed worker loses nothing: answers are stored one by one with what they cost, and an answer that was paid for and
not yet stored is kept by services/endpoints/replies.py and charged when it is asked for again.
"""

import time
import uuid
from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence
from typing import cast

from django.db import transaction
from django.db.models import F, QuerySet

from trajectories.adapters.chat_api import Answered, ChatCall, ChatSettings
from trajectories.core.identity import derive_seed, text_hash
from trajectories.core.prompts import Message
from trajectories.core.records import FinishReason, Outcome, PublicProblem, SampleFailure, TraceRecord, VerdictRecord
from trajectories.core.text.storable import storable_json, storable_text
from trajectories.core.verifiers.judge_evidence import JudgeEvidence
from trajectories.core.verifiers.judge_verdicts import (
    JudgeAnswer,
    JudgedPair,
    JudgedSteps,
    grade_verdict,
    preference_verdict,
    steps_verdict,
    wants_another,
)
from trajectories.core.verifiers.model_judge import Form, Rubric, compare_messages, grade_messages, steps_messages
from trajectories.models import JudgeJob, JudgeJobAnswer, JudgeJobItem, Trace
from trajectories.selectors.problems import to_public
from trajectories.selectors.rubrics import rubric_record
from trajectories.selectors.segmentations import as_cut, spans_of, step_text
from trajectories.services.endpoints.calls import CallBudget, CallStop, ask_all, payer_of
from trajectories.services.jobs.leases import renew_job
from trajectories.services.spending.ledger import book
from trajectories.services.texts import store_texts
from trajectories.services.verification.verdicts import append_verdicts, lock_traces, trace_record

RENEW_SECONDS = 20.0
ITEMS_AT_ONCE = 16
NO_RUBRIC = Rubric(name="", version=0, text="")
"""Of a job that has none."""

HEAVY = ("trace__steps", "trace__parts", "trace__facts", "trace__answer")

Key = tuple[int, int, int]
"""Item, place and ask of a call; see models.JudgeJobAnswer."""


class Work:
    """One session of a job: which calls are missing, and what becomes of their outcomes."""

    def __init__(self, job: JudgeJob, token: uuid.UUID, until: float) -> None:
        self._job, self._token, self._until = job, token, until
        self._rubric = NO_RUBRIC if job.rubric is None else rubric_record(job.rubric)
        self._engine = _engine_of(job)
        self._next_renewal = 0.0
        self._is_ours = True
        # Items with calls in flight, each with the answers that are stored.
        self._open: dict[int, tuple[JudgeJobItem, Asked]] = {}
        # What the judge is asked about, by item, where these are steps.
        self._steps: dict[int, JudgedSteps] = {}
        self._traces: _Traces = {}

    def go_on(self) -> CallStop | None:
        """Ask for what is missing, again and again: an answer that cannot be read makes a call more."""
        while self._is_ours and time.monotonic() < self._until:
            spent = self._job.input_tokens + self._job.output_tokens
            cost, tokens = self._job.budget_cost, self._job.budget_tokens
            budget = CallBudget(
                cost=None if cost is None else cost - self._job.cost, tokens=None if tokens is None else tokens - spent
            )
            stop = ask_all(
                holder=self._job,
                sampler=self._job.sampler,
                calls=self._calls(),
                budget=budget,
                wanted=self._is_wanted,
                on_answer=self._store,
            )
            if stop is not None:
                return stop
            if not JudgeJobItem.objects.filter(judge_job=self._job, outcome="").exists():
                return None
            self._job.refresh_from_db()
        return None

    def _is_wanted(self) -> bool:
        """Renew the lease now and then; False where it is lost, or the job was paused or ended."""
        if time.monotonic() >= self._next_renewal:
            self._next_renewal = time.monotonic() + RENEW_SECONDS
            self._is_ours = renew_job(self._held())
        return self._is_ours and self._held().exists()

    def _held(self) -> QuerySet[JudgeJob]:
        return JudgeJob.objects.filter(pk=self._job.pk, lease_token=self._token, state=JudgeJob.State.RUNNING)

    def _calls(self) -> Iterator[tuple[Key, ChatCall]]:
        """The missing calls of all waiting items, in order, until the time is over."""
        last = 0
        while time.monotonic() < self._until:
            waiting = JudgeJobItem.objects.filter(judge_job=self._job, outcome="", pk__gt=last).order_by("pk")
            items = list(waiting.select_related("trace").defer(*HEAVY)[:ITEMS_AT_ONCE])
            if not items:
                return
            last = items[-1].pk
            self._prepare(items)
            asked = _read_answers(items)
            for item in items:
                missing = list(self._missing(item, asked[item.pk]))
                self._open[item.pk] = item, asked[item.pk]
                if not missing:
                    self._finish(item.pk)
                for place, ask in missing:
                    yield (item.pk, place, ask), self._call(item, place, ask)

    def _prepare(self, items: Sequence[JudgeJobItem]) -> None:
        """Read what is asked about these items."""
        self._traces = _read_traces({key for item in items for key in (item.trace_id, *item.opponents)})
        if self._job.form == Form.STEPS:
            self._steps |= _read_steps(items)

    def _missing(self, item: JudgeJobItem, asked: "Asked") -> Iterator[tuple[int, int]]:
        """(place, ask) of each question that has to be put (again)."""
        questions = {Form.COMPARE: 2 * len(item.opponents), Form.STEPS: int(bool(self._texts(item)))}
        for place in range(questions.get(Form(self._job.form), 1)):
            if wants_another(self._job.form, self._rubric, asked[place], step_count=len(self._texts(item))):
                yield place, len(asked[place])

    def _texts(self, item: JudgeJobItem) -> Sequence[str]:
        """The steps that the judge is asked about; none in the other forms."""
        return self._steps[item.pk].texts if self._job.form == Form.STEPS else ()

    def _call(self, item: JudgeJobItem, place: int, ask: int) -> ChatCall:
        public, work = self._traces[item.trace_id]
        if self._job.form == Form.STEPS:
            messages: Sequence[Message] = steps_messages(self._rubric, public, self._texts(item))
        elif self._job.form == Form.GRADE:
            messages = grade_messages(self._rubric, public, work)
        else:
            opponent = self._traces[item.opponents[place // 2]][1]
            first, second = (opponent, work) if place % 2 else (work, opponent)
            messages = compare_messages(self._rubric, public, first, second)
        return ChatCall(
            messages=messages,
            temperature=0.0,
            seed=derive_seed("judge", self._job.seed, item.trace_id, place, ask) % 2**31,
            # Two traces that are compared both ways share these answers, and so do jobs of one seed.
            sample={"judge": self._job.seed, "ask": ask},
            payer=f"judgement item {item.pk}.{place}.{ask}",
        )

    def _store(self, key: Hashable, outcome: Answered | SampleFailure) -> None:
        """Keep an answer with what it cost, and give the verdict where it was the last one missing."""
        item_id, place, ask = cast(Key, key)
        answer, body = _answer_row(item_id, place, ask, outcome)
        answer.outcome = self._word_on(item_id, place, ask, outcome)
        with transaction.atomic():
            self._is_ours = bool(
                self._held().update(
                    call_count=F("call_count") + 1,
                    reask_count=F("reask_count") + int(self._is_reask(ask)),
                    recalled_count=F("recalled_count") + int(answer.recalled),
                    cost=F("cost") + (outcome.cost or 0),
                    input_tokens=F("input_tokens") + outcome.usage.input_tokens,
                    output_tokens=F("output_tokens") + outcome.usage.output_tokens,
                    claims=1,
                )
            )
            if not self._is_ours:
                return
            store_texts({text_hash(body): body} if body else {})
            answer.save(force_insert=True)
            book(payer=payer_of(self._job, self._job.sampler), usage=outcome.usage, cost=outcome.cost)
        self._open[item_id][1][place].append(JudgeAnswer(body, answer.kind, answer.fault))
        self._finish(item_id)

    def _is_reask(self, ask: int) -> bool:
        """Whether a call asks again what was answered in a form that cannot be read."""
        return ask > 0

    def _word_on(self, item_id: int, place: int, ask: int, outcome: Answered | SampleFailure) -> str:  # noqa: ARG002
        """What is said of an answer by itself; nothing, where all answers of an item make its verdict."""
        return ""

    def _finish(self, item_id: int) -> None:
        """Give an item's verdict, if nothing is missing any more; all of it, or nothing where the lease is lost."""
        item, asked = self._open[item_id]
        if any(self._missing(item, asked)):
            return
        del self._open[item_id]
        self._give(item, self._verdict(item, asked))

    def _give(self, item: JudgeJobItem, verdict: VerdictRecord, answers: Sequence[JudgeJobAnswer] = ()) -> None:
        """Store an item's verdict, with answers that are not stored yet; nothing where the lease is lost."""
        with transaction.atomic():
            lock_traces([item.trace])
            waiting = JudgeJobItem.objects.filter(pk=item.pk, outcome="")
            changed = waiting.update(
                outcome=verdict.outcome.value,
                score=verdict.score,
                message=verdict.message,
                error_kind=JudgeEvidence.from_json(verdict.evidence).error_kind[:40],
            )
            if not changed:
                return
            JudgeJobAnswer.objects.bulk_create(answers)
            added = append_verdicts([(item.trace, [verdict])], self._job)
            counted = self._held().update(
                done_count=F("done_count") + 1,
                error_count=F("error_count") + int(verdict.outcome is Outcome.ERROR),
                written_count=F("written_count") + len(added),
            )
            if not counted:
                self._is_ours = False
                transaction.set_rollback(True)

    def _verdict(self, item: JudgeJobItem, asked: "Asked") -> VerdictRecord:
        if self._job.form == Form.STEPS:
            verdict = steps_verdict(self._rubric, self._steps.pop(item.pk), asked[0], self._engine)
        elif self._job.form == Form.GRADE:
            verdict = grade_verdict(self._rubric, asked[0], self._engine)
        else:
            pairs = [
                JudgedPair(opponent, asked[2 * place], asked[2 * place + 1])
                for place, opponent in enumerate(item.opponents)
            ]
            verdict = preference_verdict(self._rubric, pairs, self._engine)
        return VerdictRecord(
            verdict.verifier,
            verdict.version,
            verdict.outcome,
            storable_text(verdict.message),
            score=verdict.score,
            evidence=storable_json({**verdict.evidence, "judgement": self._job.pk}),
            engine=verdict.engine,
        )


def _engine_of(job: JudgeJob) -> str:
    """Who judges, in words, with the model of one behind an endpoint. Raises ValueError for wrong parameters."""
    name = f"{job.sampler.name} {job.sampler.version}"
    if not job.sampler.has_endpoint:
        return name[:120]
    return f"{name}, {ChatSettings.from_parameters(job.sampler.parameters).model}"[:120]


Asked = defaultdict[int, list[JudgeAnswer]]
_Traces = dict[int, tuple[PublicProblem, TraceRecord]]


def _read_traces(trace_ids: set[int]) -> _Traces:
    """What the judge is shown of each trace and its problem."""
    rows = Trace.objects.filter(pk__in=trace_ids).select_related("problem", "program", "reasoning").defer("steps")
    return {trace.pk: (to_public(trace.problem), trace_record(trace)) for trace in rows}


def _read_steps(items: Sequence[JudgeJobItem]) -> dict[int, JudgedSteps]:
    """The steps of each item's trace, by the item, as the job was planned."""
    rows = Trace.objects.select_related("reasoning", "raw").in_bulk([item.trace_id for item in items])
    found = {}
    for item in items:
        trace = as_cut(rows[item.trace_id], item.segmentation)
        spans = {str(index): list(span) for index, span in enumerate(spans_of(trace)) if span is not None}
        found[item.pk] = JudgedSteps([step_text(step) for step in trace.steps], spans, item.segmentation)
    return found


def _read_answers(items: Sequence[JudgeJobItem]) -> defaultdict[int, Asked]:
    """The stored answers of each item by place, in the order they were asked for."""
    found: defaultdict[int, Asked] = defaultdict(lambda: defaultdict(list))
    rows = JudgeJobAnswer.objects.filter(item__in=[item.pk for item in items]).select_related("text")
    for row in rows.order_by("item", "place", "ask"):
        text = row.text.body if row.text else ""
        found[row.item_id][row.place].append(JudgeAnswer(text, row.kind, row.fault))
    return found


def _answer_row(item_id: int, place: int, ask: int, outcome: Answered | SampleFailure) -> tuple[JudgeJobAnswer, str]:
    """The unsaved row of an outcome, and the text it refers to ("" for none)."""
    row = JudgeJobAnswer(
        item_id=item_id,
        place=place,
        ask=ask,
        input_tokens=outcome.usage.input_tokens,
        output_tokens=outcome.usage.output_tokens,
        cost=outcome.cost,
    )
    if isinstance(outcome, SampleFailure):
        row.kind, row.fault = outcome.kind[:40], storable_text(outcome.message)
        return row, ""
    row.seconds, row.recalled = outcome.seconds, outcome.recalled
    body = storable_text(outcome.reply.text)
    if outcome.reply.finish_reason is FinishReason.LENGTH:
        row.kind, row.fault = "truncated", "The answer was cut off at the sampler's limit on output."
    elif not body.strip():
        row.kind, row.fault = "empty", "The judge said nothing."
    row.text_id = text_hash(body) if body else None
    return row, body
