"""Asking after batches at their providers, and keeping what they have answered, each answer once."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from trajectories.adapters.chat_api import CallError, ChatSettings, PaidReply
from trajectories.adapters.chat_api.wire.batch_lines import UNANSWERED, AnswerLine, read_line
from trajectories.adapters.chat_api.wire.opening import batched_body, open_batches
from trajectories.adapters.chat_api.wire.settings import FAIL
from trajectories.core.completions.replies import Reply
from trajectories.core.records import SampleFailure, Usage
from trajectories.core.text.storable import storable_text
from trajectories.core.text.tokens import estimate_tokens
from trajectories.models import Attempt, BatchItem, ProviderBatch, Run
from trajectories.services.endpoints.access import endpoint_access
from trajectories.services.endpoints.faults import keep_fault
from trajectories.services.endpoints.replies import remember
from trajectories.services.jobs.leases import nobody_is_at
from trajectories.services.jobs.outages import patiently
from trajectories.services.jobs.ringers import ring
from trajectories.services.locks import lock_run
from trajectories.services.runs.attempts import lease_time
from trajectories.services.runs.batch_sampling import NAME, missed_often
from trajectories.services.runs.batch_sending import (
    FIRST_POLL,
    batch_folder,
    drop_batch,
    free_lease,
    kept_lease,
    note_sent,
)
from trajectories.services.runs.budgets import charge_run
from trajectories.services.runs.circuits import break_circuit
from trajectories.services.runs.requests import attempt_payer
from trajectories.services.runs.rounds import move_on

if TYPE_CHECKING:
    from trajectories.adapters.chat_api.wire.batches import BatchClient, BatchState

LINES_AT_ONCE = 200
MAX_LINE_BYTES = 8 * 1024 * 1024
"""A longer answer is no answer, as in a call of its own."""

GROWTH = 1.5
LONGEST_PAUSE = timedelta(minutes=10)
RING_AGAIN = timedelta(seconds=30)
Read = Sequence[tuple[int, Reply | CallError]]


@transaction.atomic
def due_batches() -> list[int]:
    """The batches to ask after now: those whose time has come, and those of runs that were ended in the meantime.

    Each is not named again for half a minute, so that a busy queue is not filled with the same bells.
    """
    ended = Q(run__state__in=Run.ENDED_STATES, cancel_asked_at=None, state=ProviderBatch.State.WAITING)
    open_ones = ProviderBatch.objects.filter(nobody_is_at(), finished_at=None)
    due = open_ones.filter(Q(poll_at__lt=Now()) | ended).select_for_update(of=("self",), skip_locked=True, no_key=True)
    batch_ids = sorted(due.values_list("pk", flat=True))
    ProviderBatch.objects.filter(pk__in=batch_ids).update(poll_at=Now() + RING_AGAIN)
    return batch_ids


def look_after(*, batch_id: int) -> None:
    """Ask how a batch stands, cancel it where its run was ended, and fetch what came of it once it is over.

    Nothing happens where somebody else is at it, or it is over already.
    """
    token = uuid.uuid4()
    free = ProviderBatch.objects.filter(nobody_is_at(), pk=batch_id, finished_at=None)
    if not free.update(lease_token=token, lease_expires_at=Now() + lease_time()):
        return
    batch = ProviderBatch.objects.select_related("run__sampler").defer("run__plan").get(pk=batch_id)
    settings = ChatSettings.from_parameters(batch.run.sampler.parameters)
    with kept_lease(batch):
        try:
            client = open_batches(settings, endpoint_access())
            if batch.state == ProviderBatch.State.SENDING:
                _find(batch, client)
            else:
                _ask_after(batch, client, settings)
        except CallError as fault:
            keep_fault(sampler=batch.run.sampler, kind=fault.kind, detail=fault.detail)
            patiently(partial(_look_later, batch, reason=fault.message))


def _find(batch: ProviderBatch, client: "BatchClient") -> None:
    """A batch whose sender was lost, or never heard: take it up where the provider has it, else drop it. Raises
    CallError."""
    state = client.find(str(batch.token), batch.file_id)
    if state is not None:
        patiently(lambda: note_sent(batch, state.provider_id, state.status))
        return
    patiently(partial(drop_batch, batch=batch, reason="It never reached the provider."))
    _go_on(batch)


def _ask_after(batch: ProviderBatch, client: "BatchClient", settings: ChatSettings) -> None:
    """Raises CallError, but for a batch that the provider knows no more: what it left unanswered is asked again."""
    try:
        state = client.look(batch.provider_id)
        if not state.has_ended and batch.run.state in Run.ENDED_STATES and batch.cancel_asked_at is None:
            state = client.cancel(batch.provider_id)
            ProviderBatch.objects.filter(pk=batch.pk).update(cancel_asked_at=Now())
    except CallError as fault:
        if fault.kind != "not_found":
            raise
        _settle(batch, settings, "gone", fault.message)
        return
    counts = {"status": state.status[:40], "completed_count": state.completed, "failed_count": state.failed}
    patiently(lambda: ProviderBatch.objects.filter(pk=batch.pk).update(**counts))
    if not state.has_ended:
        patiently(partial(_look_later, batch))
        return
    if state.was_refused and not state.files:
        _refused(batch, state)
        return
    stopped = _fetch(batch, client, settings, state.files)
    _settle(batch, settings, state.status, "", stopped)


def _look_later(batch: ProviderBatch, reason: str = "") -> None:
    """Ask again after a pause that grows with every time."""
    pause = min(LONGEST_PAUSE, FIRST_POLL * GROWTH ** min(batch.polls, 20))
    free_lease(batch, poll_at=Now() + pause, polls=F("polls") + 1, reason=reason)


def _refused(batch: ProviderBatch, state: "BatchState") -> None:
    """The provider made none of the calls: the run pauses, and what it says is for admins."""
    sampler, message = batch.run.sampler, "The provider did not take the batch, so that none of its calls was made."
    keep_fault(sampler=sampler, kind="batch", detail=state.reason)
    failure = SampleFailure("batch", f"{message} An admin sees why on the sampler's page.", stops=True)
    patiently(lambda: break_circuit(run_id=batch.run_id, failure=failure))
    patiently(partial(drop_batch, batch=batch, reason=message))


def _fetch(
    batch: ProviderBatch, client: "BatchClient", settings: ChatSettings, files: Sequence[str]
) -> CallError | None:
    """Keep every answer of the batch's files; the first fault that no call of the sampler would survive. Raises
    CallError."""
    stopped: CallError | None = None
    sent = batched_body(settings, (), 0.0, 0)
    batch_folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryDirectory(dir=batch_folder(), prefix="answers-") as folder:
        for number, file_id in enumerate(files):
            path = Path(folder) / str(number)
            client.download(file_id, path)
            lines = (read_line(line, settings, client.key, sent) for line in _lines(path))
            named = (line for line in lines if line is not None)
            while chunk := list(islice(named, LINES_AT_ONCE)):
                patiently(partial(_keep, batch, settings, _by_attempt(chunk)))
                faults = (line.outcome for line in chunk if isinstance(line.outcome, CallError))
                stopped = stopped or next((fault for fault in faults if fault.stops), None)
    return stopped


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a file, but for those that are too long to be answers."""
    with path.open("rb") as file:
        while line := file.readline(MAX_LINE_BYTES):
            if len(line) < MAX_LINE_BYTES or line.endswith(b"\n"):
                yield line
                continue
            while (rest := file.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                pass


def _by_attempt(lines: Sequence[AnswerLine]) -> Read:
    named = ((line.custom_id.removeprefix(NAME), line.outcome) for line in lines if line.custom_id.startswith(NAME))
    return [(int(number), outcome) for number, outcome in named if number.isascii() and number.isdecimal()]


@transaction.atomic
def _keep(batch: ProviderBatch, settings: ChatSettings, read: Read) -> None:
    """Keep answers under their hashes, and faults with their items; of an item that has one already nothing is kept.

    An answer is charged when its attempt collects it. That of an attempt that was cancelled meanwhile is charged now.
    """
    run = lock_run(batch.run_id)
    outcomes = dict(reversed(read))  # the first line of a request holds
    asked = BatchItem.objects.filter(batch=batch, attempt__in=outcomes, state=BatchItem.State.ASKED)
    items = list(asked.select_related("attempt").select_for_update(of=("self",)).order_by("pk"))
    paid: dict[str, PaidReply] = {}
    for item in items:
        outcome = outcomes[item.attempt_id]
        if isinstance(outcome, Reply):
            reply = _paid(item, outcome, settings)
            paid[item.request_hash] = reply
            item.state = BatchItem.State.ANSWERED
            if item.attempt.state == Attempt.State.CANCELLED:
                charge_run(run, reply.usage, reply.cost)
        else:
            # What stops the run is mended before the request is made another time, and counts for nothing (_end).
            lasting = BatchItem.State.ASKED if outcome.stops else BatchItem.State.FAILED
            item.state = BatchItem.State.MISSED if outcome.retryable else lasting
            item.error_kind, item.message = outcome.kind[:40], storable_text(outcome.message)[:4000]
    remember(replies=paid)
    BatchItem.objects.bulk_update(items, ["state", "error_kind", "message"])


def _paid(item: BatchItem, reply: Reply, settings: ChatSettings) -> PaidReply:
    """What is kept of an answer: a batch's price, and no time of its own."""
    thoughts = estimate_tokens(reply.reasoning)
    counted = Usage(item.input_tokens, 0, thoughts, thoughts + estimate_tokens(reply.text))
    usage = counted if reply.usage is None else reply.usage
    stated: Decimal | None = reply.stated_cost
    cost = settings.batched(settings.cost_of(usage)) if stated is None else stated
    return PaidReply(reply.raw, usage, 0.0, settings.max_output_tokens, attempt_payer(item.attempt_id), cost)


def _settle(
    batch: ProviderBatch, settings: ChatSettings, status: str, reason: str, stopped: CallError | None = None
) -> None:
    """End a batch, whose answers are kept: what was answered is collected, what was not is asked again or fails."""
    if stopped is not None:
        keep_fault(sampler=batch.run.sampler, kind=stopped.kind, detail=stopped.detail)
        failure = SampleFailure(stopped.kind, stopped.message, stops=True)
        patiently(lambda: break_circuit(run_id=batch.run_id, failure=failure))
    patiently(partial(_end, batch, settings, status, reason))
    _go_on(batch)


def _go_on(batch: ProviderBatch) -> None:
    patiently(lambda: move_on(run_id=batch.run_id))


@transaction.atomic
def _end(batch: ProviderBatch, settings: ChatSettings, status: str, reason: str) -> None:
    run = lock_run(batch.run_id)
    changes = {"state": ProviderBatch.State.FETCHED, "status": status[:40], "reason": reason, "finished_at": Now()}
    mine = ProviderBatch.objects.filter(pk=batch.pk, finished_at=None, lease_token=batch.lease_token)
    if not mine.update(lease_token=None, lease_expires_at=None, **changes):
        return
    items = BatchItem.objects.filter(batch=batch)
    items.filter(state=BatchItem.State.ASKED).exclude(error_kind="").delete()
    items.filter(state=BatchItem.State.ASKED).update(
        state=BatchItem.State.MISSED,
        error_kind=UNANSWERED,
        message="The provider's batch ended without an answer to this request.",
    )
    held = Attempt.objects.filter(run=run, state=Attempt.State.LEASED, lease_token=batch.token)
    failed = _failing(items, settings)
    broken = list(held.filter(pk__in=list(failed)))
    for attempt in broken:
        attempt.error_kind, attempt.error_message = failed[attempt.pk]
        attempt.state, attempt.lease_token = Attempt.State.FAILED, None
    Attempt.objects.bulk_update(broken, ["error_kind", "error_message", "state", "lease_token"], batch_size=500)
    Attempt.objects.filter(pk__in=[attempt.pk for attempt in broken]).update(finished_at=Now())
    held.update(state=Attempt.State.PENDING, lease_token=None, claims=F("claims") - 1)
    run.failed_count += len(broken)
    run.save(update_fields=["failed_count"])
    ring("run", run.pk)


def _failing(items: QuerySet[BatchItem], settings: ChatSettings) -> Mapping[int, tuple[str, str]]:
    """(kind, message) by attempt of those for which no further batch is made."""
    failed = {item.attempt_id: item for item in items.filter(state=BatchItem.State.FAILED)}
    if settings.batch_then == FAIL:
        missed = {item.attempt_id: item for item in items.filter(state=BatchItem.State.MISSED)}
        failed |= {key: missed[key] for key in missed_often(list(missed), settings.batch_tries)}
    return {key: (item.error_kind, item.message) for key, item in failed.items()}
