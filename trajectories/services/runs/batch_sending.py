"""Sending a batch of calls to its provider, such that no crash in between has it paid for twice.

First the batch is written down with its attempts, then its file goes up, then the provider is asked for a batch that
carries our token. A file alone costs nothing. Where nobody heard whether the last call came through, the provider is
asked for the batch by that token (provider_batches) before any of its calls is made another time.
"""

import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import IO

from django.conf import settings as django_settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from trajectories.adapters.acting import folder_of
from trajectories.adapters.chat_api import CallError, ChatSettings
from trajectories.adapters.chat_api.wire.opening import open_batches
from trajectories.adapters.spools import Spool
from trajectories.core.identity import canonical_json
from trajectories.core.records import SampleFailure
from trajectories.models import Attempt, BatchItem, ProviderBatch, Run
from trajectories.services.endpoints.access import endpoint_access
from trajectories.services.endpoints.faults import keep_fault
from trajectories.services.endpoints.rate_limits import hold
from trajectories.services.jobs.heartbeats import KeptLease
from trajectories.services.jobs.outages import patiently
from trajectories.services.locks import lock_run
from trajectories.services.runs.attempts import lease_time
from trajectories.services.runs.circuits import break_circuit

ITEMS_PER_INSERT = 2_000
FIRST_POLL = timedelta(seconds=5)
HOLD_SECONDS = 60.0
"""After a fault that may pass nothing more is sent for so long."""


@dataclass(frozen=True, slots=True)
class Collected:
    """A call of a batch: whose it is, its hash, and about how many tokens it sends."""

    attempt_id: int
    request_hash: str
    input_tokens: int


def batch_folder() -> Path:
    """Where files of calls wait to be sent, and files of answers to be read."""
    return folder_of(Path(django_settings.VAR_DIR) / "batches")


@transaction.atomic
def seal_batch(*, run_id: int, lease_token: uuid.UUID, collected: Sequence[Collected]) -> ProviderBatch | None:
    """Write down a batch of the calls whose attempts are still leased, and lease these to it, without an end; None
    where nothing is left of it, or the run is not wanted any more."""
    run = lock_run(run_id)
    if run.state not in Run.ACTIVE_STATES:
        return None
    mine = Attempt.objects.filter(run=run, state=Attempt.State.LEASED, lease_token=lease_token)
    held = set(mine.select_for_update(no_key=True).values_list("pk", flat=True))
    kept = [each for each in collected if each.attempt_id in held]
    if not kept:
        return None
    batch = ProviderBatch.objects.create(
        run=run, token=uuid.uuid4(), request_count=len(kept), lease_token=lease_token,
        lease_expires_at=Now() + lease_time(),
    )  # fmt: skip
    BatchItem.objects.bulk_create(
        (
            BatchItem(
                batch=batch,
                attempt_id=each.attempt_id,
                request_hash=each.request_hash,
                input_tokens=each.input_tokens,
            )
            for each in kept
        ),
        batch_size=ITEMS_PER_INSERT,
    )
    Attempt.objects.filter(pk__in=[each.attempt_id for each in kept]).update(
        lease_token=batch.token, lease_expires_at=None
    )
    return batch


def send_batch(*, batch: ProviderBatch, settings: ChatSettings, spool: Spool) -> None:
    """Send a sealed batch, of which the spool has the lines. What goes wrong before the provider was asked for it has
    its attempts put back, and the run waits or is paused."""
    wanted = set(BatchItem.objects.filter(batch=batch).values_list("attempt_id", flat=True))
    with kept_lease(batch), tempfile.NamedTemporaryFile(dir=batch_folder(), prefix="calls-") as file:
        for row in spool.rows():
            attempt_id, _, _, line = row
            if attempt_id in wanted:
                file.write(canonical_json(line).encode() + b"\n")
        file.seek(0)
        _send(batch, settings, file)


def _send(batch: ProviderBatch, settings: ChatSettings, file: IO[bytes]) -> None:
    try:
        client = open_batches(settings, endpoint_access())
        file_id = client.upload(file, f"minicolumn-{batch.token}.jsonl")
    except CallError as fault:
        _give_up(batch, fault)
        return
    patiently(lambda: ProviderBatch.objects.filter(pk=batch.pk).update(file_id=file_id))
    try:
        state = client.create(file_id, str(batch.token))
    except CallError as fault:
        if fault.stops or fault.shrinks:
            _give_up(batch, fault)
            return
        # Nobody knows whether there is a batch now: it is looked for before anything else is done.
        keep_fault(sampler=batch.run.sampler, kind=fault.kind, detail=fault.detail)
        patiently(partial(free_lease, batch, reason=fault.message, poll_at=Now() + lease_time()))
        return
    patiently(lambda: note_sent(batch, state.provider_id, state.status))


def note_sent(batch: ProviderBatch, provider_id: str, status: str) -> None:
    """The provider has the batch under this id."""
    changes = {"provider_id": provider_id, "status": status[:40], "state": ProviderBatch.State.WAITING}
    free_lease(batch, reason="", sent_at=Now(), poll_at=Now() + FIRST_POLL, **changes)


def free_lease(batch: ProviderBatch, **changes: object) -> None:
    """Let go of a batch that is not over, with what else changes."""
    open_ones = ProviderBatch.objects.filter(pk=batch.pk, finished_at=None)
    open_ones.update(lease_token=None, lease_expires_at=None, **changes)


def kept_lease(batch: ProviderBatch) -> KeptLease:
    """Keep hold of a batch whose lease is `batch.lease_token`, while something long is done with it."""
    mine = ProviderBatch.objects.filter(pk=batch.pk, lease_token=batch.lease_token)
    return KeptLease(lambda: bool(mine.update(lease_expires_at=Now() + lease_time())), lease_time().total_seconds() / 3)


def _give_up(batch: ProviderBatch, fault: CallError) -> None:
    """No batch has come about: its attempts wait again. A fault that may pass is waited out, any other pauses the
    run."""
    sampler = batch.run.sampler
    keep_fault(sampler=sampler, kind=fault.kind, detail=fault.detail)
    if fault.retryable:
        seconds = max(HOLD_SECONDS, fault.retry_after or 0.0)
        patiently(lambda: hold(sampler=sampler, seconds=seconds, reason=fault.message))
    else:
        failure = SampleFailure(fault.kind, fault.message, stops=True)
        patiently(lambda: break_circuit(run_id=batch.run_id, failure=failure))
    patiently(partial(drop_batch, batch=batch, reason=fault.message))


@transaction.atomic
def drop_batch(*, batch: ProviderBatch, reason: str) -> None:
    """End a batch of which no call was made; its attempts are as if they had never been claimed."""
    run = lock_run(batch.run_id)
    dropped = {"state": ProviderBatch.State.DROPPED, "reason": reason, "finished_at": Now()}
    changes = {**dropped, "lease_token": None, "lease_expires_at": None}
    if not ProviderBatch.objects.filter(pk=batch.pk, finished_at=None).update(**changes):
        return
    BatchItem.objects.filter(batch=batch).delete()
    Attempt.objects.filter(run=run, state=Attempt.State.LEASED, lease_token=batch.token).update(
        state=Attempt.State.PENDING, lease_token=None, claims=F("claims") - 1
    )
