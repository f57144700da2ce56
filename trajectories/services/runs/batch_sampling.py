"""Runs whose calls go out in batches: what is kept already is stored at once, the rest is collected and sent."""

import time
import uuid
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial

from django.db.models import Count

from trajectories.adapters.chat_api import ChatCall, ChatSession, ChatSettings
from trajectories.adapters.chat_api.calls.batching import COLLECTED
from trajectories.adapters.chat_api.wire.batch_lines import request_line
from trajectories.adapters.chat_api.wire.opening import batched_body
from trajectories.adapters.chat_api.wire.settings import LIVE
from trajectories.adapters.spools import Spool, nameless_spool
from trajectories.core.records import SampleFailure, SampleResult
from trajectories.models import BatchItem, Run
from trajectories.services.jobs.outages import patiently
from trajectories.services.runs.attempts import return_batch
from trajectories.services.runs.batch_sending import Collected, batch_folder, seal_batch, send_batch
from trajectories.services.runs.chat_attempts import Claim, claim_for_batch
from trajectories.services.runs.chat_sampling import (
    ModelSampler,
    OnTraces,
    Work,
    end_session,
    hold_session,
    open_sampler,
    sample_session,
)
from trajectories.services.runs.embedded_sampling import BatchReport
from trajectories.services.runs.requests import attempt_payer

AT_ONCE = 256
"""Attempts of one claim, whose prompts are rendered together."""

COLLECT_SECONDS = 300.0
"""After so long what is collected goes out, though there is more: a task has half an hour, of which sending takes the
rest."""

MAX_REQUESTS = 50_000
MAX_BYTES = 190 * 1000 * 1000
"""OpenAI takes as many requests, and files of 200 MB."""


def sample_chat(*, run_id: int, on_traces: OnTraces, seconds: float) -> BatchReport:
    """Go on with a run of a language model for a while, by the transport of its sampler; see sample_session."""
    run = Run.objects.select_related("sampler").get(pk=run_id)
    if not run.sampler.sends_batches:
        return sample_session(run_id=run_id, on_traces=on_traces, seconds=seconds)
    return _batch_session(run, on_traces)


class Basket:
    """Calls on their way into a batch, set aside on the disk (adapters.chat_api.Basket)."""

    def __init__(self, spool: Spool, settings: ChatSettings) -> None:
        self._spool, self._settings = spool, settings
        self._live: set[str] = set()

    @property
    def is_full(self) -> bool:
        """Whether a file takes no more, counting all whose prompts are being rendered."""
        return self._spool.count + 2 * AT_ONCE > MAX_REQUESTS or self._spool.size > MAX_BYTES

    def let_live(self, attempt_ids: Collection[int]) -> None:
        """These attempts were in as many batches as they may be."""
        self._live |= {attempt_payer(each) for each in attempt_ids}

    def asks_live(self, payer: str) -> bool:
        """See adapters.chat_api.Basket."""
        return payer in self._live

    def put(self, key: str, call: ChatCall, input_tokens: int) -> None:
        """See adapters.chat_api.Basket."""
        body = batched_body(self._settings, call.messages, call.temperature, call.seed, call.stop)
        attempt_id = int(call.payer.rpartition(" ")[2])
        self._spool.append([attempt_id, key, input_tokens, request_line(self._settings, name_of(attempt_id), body)])

    def rows(self, attempt_ids: Collection[int]) -> "Sequence[Collected]":
        """What was collected for these attempts, without what is sent."""
        found = (Collected(*row[:3]) for row in self._spool.rows())
        return [row for row in found if row.attempt_id in attempt_ids]


NAME = "attempt-"


def name_of(attempt_id: int) -> str:
    """How an attempt is named in a batch."""
    return f"{NAME}{attempt_id}"


def _batch_session(run: Run, on_traces: OnTraces) -> BatchReport:
    settings = ChatSettings.from_parameters(run.sampler.parameters)
    token = uuid.uuid4()
    with nameless_spool(batch_folder()) as spool:
        basket = Basket(spool, settings)
        try:
            sampler = open_sampler(run, basket)
            open_work = partial(CollectingWork, run.pk, token, sampler, on_traces=on_traces, basket=basket)
            work = hold_session(run, token, sampler, open_work, COLLECT_SECONDS)
            batch = None
            if isinstance(work, CollectingWork) and work.stopped is None and work.collected:
                batch = patiently(
                    lambda: seal_batch(run_id=run.pk, lease_token=token, collected=basket.rows(work.collected))
                )
        finally:
            patiently(lambda: return_batch(lease_token=token))
        if batch is not None:
            send_batch(batch=batch, settings=settings, spool=spool)
    report = end_session(run.pk, work)
    # What the budget does not pay for beside what is at the provider waits until that has come.
    return replace(report, more=report.more and isinstance(work, CollectingWork) and work.left_some)


class CollectingWork(Work):
    """A session that sets aside what has to be asked for; `collected` are the attempts of that, still leased, and
    `left_some` says that it ended before it had looked at everything."""

    def __init__(
        self,
        run_id: int,
        token: uuid.UUID,
        sampler: ModelSampler,
        session: ChatSession,
        *,
        on_traces: OnTraces,
        basket: Basket,
    ) -> None:
        super().__init__(run_id, token, sampler, session, on_traces)
        self.collected: set[int] = set()
        self.left_some = False
        self._basket = basket
        self._most = self._allowed = AT_ONCE

    def _may_claim(self, until: float) -> bool:
        self.left_some = time.monotonic() >= until or self._basket.is_full
        return not self.left_some

    def _lease(self) -> Claim:
        claim = claim_for_batch(run_id=self._run_id, lease_token=self._token, most=AT_ONCE)
        settings = self._sampler.settings
        if settings.batch_then == LIVE:
            self._basket.let_live(missed_often([each.pk for each in claim.attempts], settings.batch_tries))
        return claim

    def _store(self, taken: Sequence[tuple[int, SampleResult | SampleFailure]]) -> bool:
        collected = {key for key, outcome in taken if isinstance(outcome, SampleFailure) and outcome.kind == COLLECTED}
        for key in collected:
            self._flying.pop(key)
        self.collected |= collected
        rest = [each for each in taken if each[0] not in collected]
        return super()._store(rest) if rest else True


def missed_often(attempt_ids: Sequence[int], tries: int) -> list[int]:
    """Those of the attempts that were without an answer in so many batches."""
    missed = BatchItem.objects.filter(attempt__in=attempt_ids, state=BatchItem.State.MISSED)
    counted = missed.order_by().values("attempt").annotate(count=Count("pk")).filter(count__gte=tries)
    return list(counted.values_list("attempt", flat=True))
