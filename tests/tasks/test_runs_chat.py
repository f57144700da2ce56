"""A run of a language model worked on by a real worker that is killed again and again, while its database goes away.

benchmarks/chaos.py does the same at length.
"""

from decimal import Decimal

from tests.endpoint import flip_endpoint, sampler_for
from tests.factories import assert_counters_add_up, make_instruction, make_problem, plan
from tests.services.jobs.test_outages import end_all_sessions
from tests.tasks.test_runs import let_time_pass
from tests.worker import wait_for, wait_with_sweeps
from trajectories.models import Run, Trace
from trajectories.services.jobs.ringers import ring
from trajectories.stand_ins.fake_endpoint import Behaviour

IN_FLIGHT = 8
PLANNED = 120
KILLS = 2
PRICES = {"input_price": Decimal(1), "output_price": Decimal(10)}


def has_ended(run: Run) -> bool:
    run.refresh_from_db()
    return run.state in Run.ENDED_STATES


def test_kills_and_failures_leave_exactly_what_was_planned_and_pay_little_twice(celery_worker_process):
    behaviour = Behaviour(
        latency=0.2, failures={"500": 0.1, "reset": 0.05, "429": 0.05, "truncated": 0.02}, retry_after="0"
    )
    with flip_endpoint(behaviour) as endpoint:
        run = plan(
            sampler=sampler_for(endpoint, concurrency=IN_FLIGHT, tries=8, **PRICES),
            problems=[make_problem() for _ in range(4)],
            instructions=[make_instruction(style="program", suits="chat")],
            samples_each=PLANNED // 4,
        )
        ring("run", run.pk)
        for kill in range(1, KILLS + 1):
            enough = kill * PLANNED // (KILLS + 2)
            wait_with_sweeps(lambda enough=enough: Trace.objects.filter(run=run).count() >= enough, f"{enough} traces")
            end_all_sessions()
            wait_with_sweeps(
                lambda enough=enough: Trace.objects.filter(run=run).count() > enough + IN_FLIGHT, "it to go on"
            )
            celery_worker_process.kill()
            wait_for(lambda: endpoint.in_flight == 0, "the calls in flight to be dropped")
            let_time_pass(run)
            celery_worker_process.start()
        wait_with_sweeps(lambda: has_ended(run), "the run to end")
    assert_counters_add_up(run)
    assert (run.state, run.done_count) == ("finished", PLANNED)
    assert Trace.objects.filter(run=run).values("attempt").distinct().count() == PLANNED
    # A kill loses what is in flight, and as many answers at most as come while those before them are stored.
    assert PLANNED <= endpoint.answered <= PLANNED + 2 * KILLS * IN_FLIGHT
    assert endpoint.most_in_flight <= IN_FLIGHT
    charged = (endpoint.spent["input"] + 10 * endpoint.spent["output"]) / Decimal(1_000_000)
    lost = endpoint.answered - PLANNED
    assert run.cost <= charged <= run.cost + lost * 2 * run.cost / PLANNED
