"""Sampling one batch: claim, draw, store results as they come, and give back what was not drawn."""

import logging
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from trajectories.adapters.log_context import about, ids_of
from trajectories.adapters.tracing import span
from trajectories.core.records import SampleFailure, SampleRequest, SampleResult
from trajectories.core.samplers import SAMPLERS
from trajectories.core.samplers.base import Sampler, Teachable, Together
from trajectories.core.samplers.symbolic.guide import GuideError
from trajectories.models import Run
from trajectories.models import Sampler as SamplerRow
from trajectories.services.endpoints.artefacts import ArtefactError, artefact_file
from trajectories.services.jobs.heartbeats import KeptLease
from trajectories.services.runs.attempts import (
    BATCH_LIMIT,
    Batch,
    claim_batch,
    has_pending,
    is_wanted,
    lease_time,
    renew_lease,
    return_batch,
)
from trajectories.services.runs.episodes import play_batch
from trajectories.services.runs.lifecycle import RunStateError, fail_run, pause_run
from trajectories.services.runs.outcomes import keep_outcomes
from trajectories.services.runs.requests import sample_request
from trajectories.services.runs.rounds import move_on

logger = logging.getLogger(__name__)

BEATS_PER_LEASE = 3

SAMPLER_FAULT = "sampler"

SamplerMakers = Mapping[str, Callable[[], Sampler]]


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What one batch brought: the new traces, and whether there is more to claim."""

    trace_ids: Sequence[int]
    more: bool


class Heartbeat(KeptLease):
    """The lease of attempts, kept while a long search runs.

    It is lost too when the run is paused, cancelled or over budget.
    """

    def __init__(self, run_id: int, lease_token: uuid.UUID) -> None:
        seconds = lease_time().total_seconds() / BEATS_PER_LEASE
        super().__init__(lambda: renew_lease(run_id=run_id, lease_token=lease_token), seconds)

    @property
    def wanted(self) -> bool:
        """Whether the work is still wanted, as far as the last beat told."""
        return not self.lost


def sample_next_batch(*, run_id: int, samplers: SamplerMakers = SAMPLERS, limit: int = BATCH_LIMIT) -> BatchReport:
    """Claim one batch of the run and draw its samples, outside any transaction; results are stored as they come."""
    batch = claim_batch(run_id=run_id, limit=limit)
    if batch is None:
        return BatchReport([], more=move_on(run_id=run_id))
    sampler_row = batch.attempts[0].run.sampler
    maker = samplers.get(sampler_row.kind)
    if maker is None and not sampler_row.is_agent:
        fail_run(run_id=run_id, reason=f"No sampler of kind {sampler_row.kind!r} is installed.")
        return BatchReport([], more=False)
    try:
        sampler = None if maker is None else _taught(maker(), sampler_row)
    except (ArtefactError, GuideError) as fault:
        return_batch(lease_token=batch.token)
        _pause(batch.attempts[0].run, str(fault))
        return BatchReport([], more=False)
    try:
        with Heartbeat(run_id, batch.token) as heartbeat:
            trace_ids = _play(batch, heartbeat) if sampler is None else _draw(sampler, batch, heartbeat)
    finally:
        return_batch(lease_token=batch.token)
    move_on(run_id=run_id)
    return BatchReport(trace_ids, more=has_pending(run_id=run_id))


def _play(batch: Batch, heartbeat: Heartbeat) -> list[int]:
    """Let the agent of a batch play its episodes; returns the ids of the traces."""
    run_id = batch.attempts[0].run_id
    return play_batch(batch.attempts, batch.token, lambda: heartbeat.wanted and is_wanted(run_id=run_id))


def _taught(sampler: Sampler, row: SamplerRow) -> Sampler:
    """The sampler with what it has learnt, if it has. Raises ArtefactError, and GuideError for a file that is none."""
    if row.artefact is None:
        return sampler
    if not isinstance(sampler, Teachable):
        raise ArtefactError(f"{row.title} has learnt something, but samplers of the kind {row.kind} cannot use it.")
    return sampler.taught(artefact_file(row.artefact).read_bytes())


def _pause(run: Run, reason: str) -> None:
    with suppress(RunStateError):  # somebody has stopped it in the meantime
        pause_run(actor=None, run=run, reason=reason)


def _draw(sampler: Sampler, batch: Batch, heartbeat: Heartbeat) -> list[int]:
    """Store what the sampler yields, as it comes, until it ends or is not wanted any more; returns the ids of the
    traces. Only the sampler knows how long the next one takes: what it does not yield together is stored alone."""
    requests = [(attempt, sample_request(attempt)) for attempt in batch.attempts]
    asked = [(attempt, request) for attempt, request in requests if isinstance(request, SampleRequest)]
    keep_outcomes([(attempt, fault) for attempt, fault in requests if isinstance(fault, SampleFailure)], batch.token)
    trace_ids: list[int] = []
    for drawn in _outcomes(sampler, [request for _, request in asked]):
        outcomes = [(asked[position][0], outcome) for position, outcome in drawn]
        ids = ids_of(f"attempt {attempt.pk}" for attempt, _ in outcomes)
        with span("store samples"), about(**ids):
            found, kept = keep_outcomes(outcomes, batch.token)
        trace_ids += found
        if not kept or not heartbeat.wanted or not is_wanted(run_id=batch.attempts[0].run_id):
            break
    return trace_ids


def _outcomes(
    sampler: Sampler, requests: Sequence[SampleRequest]
) -> Iterator[Sequence[tuple[int, SampleResult | SampleFailure]]]:
    """What the sampler yields together, each position once; a sampler that breaks or ends early fails what it left
    out."""
    left = dict.fromkeys(range(len(requests)))
    message = "The sampler ended without an outcome for this attempt."
    together = sampler.sample_together(requests) if isinstance(sampler, Together) else _alone(sampler, requests)
    while left:
        try:
            drawn = next(together)
        except StopIteration:
            break
        except Exception as fault:
            logger.exception("The sampler %s broke", sampler.name)
            message = f"The sampler broke: {type(fault).__name__}: {fault}"
            break
        new: dict[int, SampleResult | SampleFailure] = {}
        for position, outcome in drawn:
            if position in left:
                new.setdefault(position, outcome)
        left = {position: None for position in left if position not in new}
        if new:
            yield list(new.items())
    if left:
        yield [(position, SampleFailure(SAMPLER_FAULT, message)) for position in left]


def _alone(
    sampler: Sampler, requests: Sequence[SampleRequest]
) -> Iterator[Sequence[tuple[int, SampleResult | SampleFailure]]]:
    for drawn in sampler.sample(requests):
        yield [drawn]
