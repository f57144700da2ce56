"""Drawing the samples of a run in this very process, whether or not workers are running."""

import time
from collections.abc import Callable, Sequence

from trajectories.models import Run, Trace
from trajectories.services.runs.batch_sampling import sample_chat
from trajectories.services.runs.chat_sampling import SESSION_SECONDS, is_chat_run
from trajectories.services.runs.embedded_sampling import BatchReport, sample_next_batch
from trajectories.services.runs.provider_batches import due_batches, look_after
from trajectories.services.verification.queue import verify_traces

SMALL_BATCH = 16
"""Few enough that progress is seen to move."""

WAIT_SECONDS = 0.5
"""Where other workers are at what is left."""

BATCH_SECONDS = 5.0
"""Where a provider is."""


def draw_here(run: Run, *, on_progress: Callable[[Run], object]) -> None:
    """Draw and verify until the run has ended or is paused, together with whatever workers there are.

    `on_progress` is called with the run after every batch, and while others work at the rest.
    """
    is_chat = is_chat_run(run_id=run.pk)
    while run.state not in (*Run.ENDED_STATES, Run.State.PAUSED):
        asked_for_more: list[int] = []
        report = _batch(run.pk, is_chat=is_chat)
        waiting = Trace.objects.filter(run=run, correctness="").values_list("pk", flat=True)
        verified = verify_traces(trace_ids=[*report.trace_ids, *waiting], on_more=asked_for_more.append)
        run.refresh_from_db()
        on_progress(run)
        if not report.trace_ids and not verified and not report.more and not asked_for_more:
            time.sleep(BATCH_SECONDS if run.sampler.sends_batches else WAIT_SECONDS)


def _batch(run_id: int, *, is_chat: bool) -> BatchReport:
    if is_chat:
        for batch_id in due_batches():
            look_after(batch_id=batch_id)
        return sample_chat(run_id=run_id, on_traces=_verify, seconds=SESSION_SECONDS)
    return sample_next_batch(run_id=run_id, limit=SMALL_BATCH)


def _verify(trace_ids: Sequence[int]) -> None:
    verify_traces(trace_ids=list(trace_ids))
