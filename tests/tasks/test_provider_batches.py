"""A run whose calls go out in a batch, worked on by a real worker that is killed at the worst moments."""

from collections import Counter
from decimal import Decimal

from django.db.models.functions import Now

from tests.endpoint import flip_endpoint, sampler_for
from tests.factories import assert_counters_add_up, make_instruction, make_problem, plan
from tests.tasks.test_runs import let_time_pass
from tests.worker import wait_for
from trajectories.models import ProviderBatch, Run, Trace
from trajectories.services.jobs.ringers import ring
from trajectories.stand_ins.fake_endpoint import Behaviour
from trajectories.tasks.provider_batches import sweep_batches
from trajectories.tasks.sweeps import sweep

PLANNED = 30


def look_now() -> None:
    """Let the time pass until the next look, and whatever a dead worker holds run out."""
    ProviderBatch.objects.update(lease_expires_at=None, poll_at=Now())
    sweep.delay()  # nothing of what waits at the provider is put back
    sweep_batches.delay()


def has_ended(run: Run) -> bool:
    run.refresh_from_db()
    return run.state in Run.ENDED_STATES


def test_a_worker_killed_while_a_batch_comes_about_and_again_while_it_is_out_pays_once(celery_worker_process):
    with flip_endpoint(Behaviour(batch_way="silent")) as endpoint:
        run = plan(
            sampler=sampler_for(
                endpoint, transport="batch", timeout_seconds=600.0, input_price=Decimal(1), output_price=Decimal(10)
            ),
            problems=[make_problem(), make_problem()],
            instructions=[make_instruction(style="program", suits="chat")],
            samples_each=PLANNED // 2,
        )
        ring("run", run.pk)
        wait_for(lambda: endpoint.shelf.batches, "the provider to begin a batch")
        celery_worker_process.kill()
        assert ProviderBatch.objects.get().state == "sending"
        let_time_pass(run)
        endpoint.behaviour = Behaviour(batch_seconds=None)
        celery_worker_process.start()
        look_now()
        wait_for(lambda: ProviderBatch.objects.filter(state="waiting").exists(), "the batch to be found")
        celery_worker_process.kill()
        endpoint.behaviour = Behaviour()
        let_time_pass(run)
        celery_worker_process.start()
        look_now()
        wait_for(lambda: ProviderBatch.objects.filter(state="fetched").exists(), "the batch to be fetched")
        sweep.delay()
        wait_for(lambda: has_ended(run), "the run to end")
    assert_counters_add_up(run)
    assert (run.state, run.done_count) == ("finished", PLANNED)
    assert Trace.objects.filter(run=run).values("attempt").distinct().count() == PLANNED
    lines = [line["custom_id"] for batch in endpoint.shelf.batches.values() for line in batch.requests]
    assert set(Counter(lines).values()) == {1}
    assert run.cost == (endpoint.spent["input"] + 10 * endpoint.spent["output"]) / Decimal(2_000_000)
