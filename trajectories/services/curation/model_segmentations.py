"""Working on a job in which a language model cuts traces into steps: asking, and storing each outcome as it comes.

A killed worker loses nothing: what an answer cost is counted in the transaction that stores it, and an answer that was
paid for and not yet stored is kept by services/endpoints/replies.py. A trace whose answers cut nothing keeps the steps
that it had, and the job tells why.
"""

import time
import uuid
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from trajectories.adapters.chat_api import Answered, ChatCall
from trajectories.core.completions.thoughts import Part
from trajectories.core.curation.spans import Span
from trajectories.core.identity import derive_seed, text_hash
from trajectories.core.prompts.model_cuts import VERSION, CutError, cut_by_model, cut_messages, read_cut
from trajectories.core.prompts.segmentation import StepJSON, stretches_of
from trajectories.core.records import FinishReason, SampleFailure
from trajectories.core.selections import Selection
from trajectories.core.text.storable import storable_text
from trajectories.models import ModelCut, SegmentationItem, SegmentationJob, Trace
from trajectories.models.job_kinds import PAUSE
from trajectories.selectors.blinding import EVERYTHING
from trajectories.selectors.completions import parts_of
from trajectories.selectors.traces import traces_in
from trajectories.services.endpoints.calls import CallBudget, CallStop, ask_all, payer_of
from trajectories.services.jobs.leases import GIVEN_UP, MOST_CLAIMS, claim_job, lease_of, renew_job
from trajectories.services.jobs.steering import JobError, steer
from trajectories.services.spending.ledger import book
from trajectories.services.texts import store_texts

RENEW_SECONDS = 20.0
SESSION_SECONDS = 60.0
"""After so long nothing new is started: other jobs want the worker too."""

TRACES_AT_ONCE = 16
MAX_ASKS = 2
"""A trace whose answer cuts nothing is asked about once more."""

MALFORMED = "malformed"
WAITS = ("held", "unwanted")
"""Stops that need no person: the endpoint opens again by itself, or a person has said what comes next."""

State = SegmentationJob.State


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a trace is asked about: its text and the stretches that may be cut, and what is known of it so far."""

    trace: Trace
    item: SegmentationItem
    parts: Sequence[Part]
    steps: Sequence[StepJSON]
    stretches: Sequence[Span]

    @property
    def text(self) -> str:
        return self.trace.reasoning.body


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What an answer comes to: the name and the places of a cut, or why there is none; in the end whether that is
    all."""

    name: str = ""
    places: Sequence[int] = ()
    kind: str = ""
    message: str = ""


def ask_next(*, job_id: int, seconds: float = SESSION_SECONDS) -> bool:
    """Ask and store for a while; returns whether there is more to do at once.

    Safe to call at any time and twice at once: a lease lets one worker through.
    """
    token = uuid.uuid4()
    active = SegmentationJob.objects.filter(pk=job_id, state__in=SegmentationJob.ACTIVE_STATES)
    if not claim_job(active, token, state=State.RUNNING):
        return False
    job = SegmentationJob.objects.select_related("sampler").get(pk=job_id)
    with lease_of(SegmentationJob.objects.filter(pk=job_id), token):
        work = _Work(job, token, time.monotonic() + seconds)
        stop = CallStop("given_up", GIVEN_UP) if job.claims > MOST_CLAIMS else _go_on(work)
        if stop is None and work.is_over:
            work.held().update(state=State.FINISHED, state_reason="", finished_at=Now())
    if stop is not None and stop.kind not in WAITS:
        _pause(job, stop.message)
    return stop is None and active.exists()


def _go_on(work: "_Work") -> CallStop | None:
    try:
        return work.go_on()
    except ValueError as fault:
        return CallStop("parameters", str(fault))


def _pause(job: SegmentationJob, reason: str) -> None:
    try:
        steer("segmentation", PAUSE, actor=None, job_id=job.pk, reason=storable_text(reason))
    except JobError:
        return  # somebody has paused or ended it in the meantime


class _Work:
    """One session: which traces are left, and what becomes of their answers."""

    def __init__(self, job: SegmentationJob, token: uuid.UUID, until: float) -> None:
        assert job.sampler is not None
        self._job, self._sampler, self._token, self._until = job, job.sampler, token, until
        self._selection = Selection.from_json(job.selection)
        self._next_renewal = 0.0
        self._is_ours = True
        # Traces that were read and are not done, and up to which id all were read.
        self._open: dict[int, _Asked] = {}
        self._read_to = job.cursor
        self.is_over = False

    def go_on(self) -> CallStop | None:
        """Ask about what is left, and again where an answer cut nothing."""
        while self._is_ours and not self.is_over and time.monotonic() < self._until:
            self._open, self._read_to = {}, self._job.cursor
            stop = ask_all(
                holder=self._job,
                sampler=self._sampler,
                calls=self._calls(),
                budget=self._left(),
                wanted=self._is_wanted,
                on_answer=self._store,
            )
            if stop is not None:
                return stop
            self._job.refresh_from_db(fields=["cursor", "cost", "input_tokens", "output_tokens"])
        return None

    def held(self) -> QuerySet[SegmentationJob]:
        """The job as long as this worker does it."""
        return SegmentationJob.objects.filter(pk=self._job.pk, lease_token=self._token, state=State.RUNNING)

    def _left(self) -> CallBudget:
        job = self._job
        spent = job.input_tokens + job.output_tokens
        return CallBudget(
            cost=None if job.budget_cost is None else job.budget_cost - job.cost,
            tokens=None if job.budget_tokens is None else job.budget_tokens - spent,
        )

    def _is_wanted(self) -> bool:
        """Renew the lease now and then; False where it is lost, or the job was paused or ended."""
        if time.monotonic() >= self._next_renewal:
            self._next_renewal = time.monotonic() + RENEW_SECONDS
            self._is_ours = renew_job(self.held())
        return self._is_ours and self.held().exists()

    def _calls(self) -> Iterator[tuple[int, ChatCall]]:
        """The calls for the traces that are left, in order, until the time is over."""
        while self._is_ours and time.monotonic() < self._until:
            left = traces_in(self._selection, EVERYTHING).filter(pk__gt=self._read_to, pk__lte=self._job.last_id)
            ids = list(left.order_by("pk").values_list("pk", flat=True)[:TRACES_AT_ONCE])
            if not ids:
                # What is asked about once more keeps the job from its end.
                self.is_over = not self._open
                return
            waiting = self._read(ids)
            self._open |= {asked.trace.pk: asked for asked in waiting}
            self._read_to = ids[-1]
            if not waiting:
                self.held().update(cursor=self._done_to())
            for asked in waiting:
                if not self._settle_known(asked):
                    yield asked.trace.pk, self._call(asked)

    def _read(self, ids: Sequence[int]) -> list[_Asked]:
        """Those of the traces that this job is not done with."""
        items = {item.trace_id: item for item in SegmentationItem.objects.filter(job=self._job, trace__in=ids)}
        wanted = [key for key in ids if key not in items or not items[key].is_done]
        traces = Trace.objects.select_related("reasoning", "raw").in_bulk(wanted)
        found = []
        for key in wanted:
            trace = traces[key]
            parts = parts_of(trace)
            stretches = stretches_of(trace.reasoning.body, parts, trace.steps)
            item = items.get(key) or SegmentationItem(job=self._job, trace=trace)
            found.append(_Asked(trace, item, parts, trace.steps, stretches))
        return found

    def _settle_known(self, asked: _Asked) -> bool:
        """Take the cut that this model has made of the trace before; whether there is nothing to ask."""
        if not asked.stretches:
            self._finish(asked, _Outcome())
            return True
        known = (
            ModelCut.objects.filter(trace=asked.trace, sampler=self._sampler, version=VERSION).order_by("-pk").first()
        )
        if known is None:
            return False
        self._finish(asked, _Outcome(known.name, known.places))
        return True

    def _call(self, asked: _Asked) -> ChatCall:
        ask = asked.item.asks
        return ChatCall(
            messages=cut_messages(asked.text, asked.stretches),
            temperature=0.0,
            seed=derive_seed("cut", VERSION, asked.trace.content_hash, ask) % 2**31,
            sample={"cut": VERSION, "ask": ask},
            payer=f"cut {self._job.pk}.{asked.trace.pk}.{ask}",
        )

    def _store(self, key: Hashable, outcome: Answered | SampleFailure) -> None:
        """Keep an answer with what it cost, and cut the trace where it says how."""
        asked = self._open[cast(int, key)]
        item, body = asked.item, ""
        if isinstance(outcome, Answered):
            body = storable_text(outcome.reply.text)
        read = _read_outcome(asked, outcome)
        item.asks += 1
        with transaction.atomic():
            counted = self.held().update(
                call_count=F("call_count") + 1,
                cost=F("cost") + (outcome.cost or 0),
                input_tokens=F("input_tokens") + outcome.usage.input_tokens,
                output_tokens=F("output_tokens") + outcome.usage.output_tokens,
                claims=1,
            )
            self._is_ours = bool(counted)
            if not counted:
                return
            store_texts({text_hash(body): body} if body else {})
            item.answer_id = text_hash(body) if body else None
            is_last = read.kind != MALFORMED or item.asks >= MAX_ASKS
            if is_last:
                self._finish(asked, read)
            else:
                item.error_kind, item.message = read.kind, read.message
                item.save()
            book(payer=payer_of(self._job, self._sampler), usage=outcome.usage, cost=outcome.cost)

    def _finish(self, asked: _Asked, outcome: _Outcome) -> None:
        """Cut a trace, or leave it as it is and say why; all of it, or nothing where the lease is lost."""
        trace, item = asked.trace, asked.item
        del self._open[trace.pk]
        with transaction.atomic():
            changed = 0
            if outcome.name:
                item.cut, _ = ModelCut.objects.get_or_create(
                    trace=trace,
                    name=outcome.name,
                    sampler=self._sampler,
                    defaults={"places": list(outcome.places), "version": VERSION},
                )
                others = Trace.objects.filter(pk=trace.pk).exclude(segmentation=outcome.name)
                changed = others.update(segmentation=outcome.name)
            item.error_kind, item.message, item.is_done = outcome.kind[:40], storable_text(outcome.message), True
            item.save()
            counted = self.held().update(
                cursor=self._done_to(),
                done_count=F("done_count") + 1,
                changed_count=F("changed_count") + changed,
                error_count=F("error_count") + int(bool(outcome.kind)),
            )
            if not counted:
                self._is_ours = False
                transaction.set_rollback(True)

    def _done_to(self) -> int:
        """The id up to which every trace is done."""
        return min(self._open) - 1 if self._open else self._read_to


def _read_outcome(asked: _Asked, outcome: Answered | SampleFailure) -> _Outcome:
    """What an answer comes to."""
    if isinstance(outcome, SampleFailure):
        return _Outcome(kind=outcome.kind, message=outcome.message)
    if outcome.reply.finish_reason is FinishReason.LENGTH:
        return _Outcome(kind="truncated", message="The answer was cut off at the sampler's limit on output.")
    try:
        begins = read_cut(outcome.reply.text, asked.text, asked.stretches)
        name, places = cut_by_model(asked.text, asked.parts, asked.steps, begins)
    except CutError as fault:
        return _Outcome(kind=MALFORMED, message=str(fault))
    return _Outcome(name, places)
