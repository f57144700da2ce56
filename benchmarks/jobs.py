"""Attempts planned, traces stored and traces verified per second by one process, in a database of its own.

    python -m benchmarks.jobs [--tasks 20]

First with a sampler that answers at once, which leaves the price of claiming, storing and verifying; then with the
symbolic sampler on the first training tasks of ARC-AGI-1. Attempts, leases, transactions and the sandbox are the real
ones; only the broker is left out (a bell takes up to half a second and carries seconds of work).
"""

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from trajectories.core.records import SampleResult

SAMPLES_EACH = 8
INSTANT_TASKS = 10


class InstantSampler:
    """Draws one symbolic sample for a problem and hands it out again and again, each with a reasoning of its own."""

    name = "instant"
    version = 1

    def __init__(self) -> None:
        from trajectories.core.samplers.symbolic import SymbolicSampler

        self._symbolic = SymbolicSampler()
        self.seconds = 0.0

    def sample(self, requests: Sequence[Any]) -> Iterator[tuple[int, Any]]:
        started = time.perf_counter()
        _, first = next(iter(self._symbolic.sample(requests[:1])))
        assert isinstance(first, SampleResult)
        self.seconds += time.perf_counter() - started
        for position in range(len(requests)):
            yield position, replace(first, reasoning=f"{first.reasoning}\n{requests[position].seed}")


def work(run_id: int, samplers: Any) -> tuple[float, float, list[int]]:
    """Draw and verify a whole run; returns (seconds of sampling, seconds of verification, ids of the traces)."""
    from trajectories.services.runs.embedded_sampling import sample_next_batch
    from trajectories.services.verification.queue import verify_traces

    sampling = verifying = 0.0
    traces: list[int] = []
    more = True
    while more:
        started = time.perf_counter()
        report = sample_next_batch(run_id=run_id, samplers=samplers)
        sampled = time.perf_counter()
        verify_traces(trace_ids=report.trace_ids)
        sampling, verifying = sampling + sampled - started, verifying + time.perf_counter() - sampled
        traces += report.trace_ids
        more = report.more
    return sampling, verifying, traces


def measure(title: str, tasks: int, sampler: Any) -> None:
    """Plan a run of the first tasks, work through it and print the figures."""
    from trajectories.models import Problem
    from trajectories.services.endpoints.samplers import ensure_symbolic
    from trajectories.services.prompts.instructions import ensure_symbolic_views
    from trajectories.services.runs.lifecycle import plan_run
    from trajectories.services.runs.plans import Plan

    started = time.perf_counter()
    run = plan_run(
        actor=None,
        title=title,
        sampler=ensure_symbolic(),
        plan=Plan(
            list(Problem.objects.filter(problem_set__name="arc-agi-1-training").order_by("pk")[:tasks]),
            ensure_symbolic_views(),
            [1.0],
            SAMPLES_EACH,
        ),
        seed=1,
    )
    planning = time.perf_counter() - started
    sampling, verifying, traces = work(run.pk, {"symbolic": lambda: sampler})
    searching = getattr(sampler, "seconds", 0.0)
    run.refresh_from_db()
    print(f"{title}: {tasks} tasks, {run.planned_count} attempts, {len(traces)} traces, {run.correct_count} right")
    print(f"  planned     {run.planned_count / planning:8.0f} attempts/s")
    if searching:
        print(
            f"  stored      {len(traces) / (sampling - searching):8.0f} traces/s, without {searching:.1f} s of search"
        )
    else:
        print(f"  sampled     {len(traces) / sampling:8.1f} traces/s, {sampling / tasks:.2f} s a task")
    print(f"  verified    {len(traces) / verifying:8.1f} traces/s")
    print(f"  all of it   {len(traces) / (sampling + verifying):8.1f} traces/s, run {run.state}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=20, help="training tasks for the symbolic sampler")
    tasks = parser.parse_args().tasks
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    os.environ.setdefault("LOG_LEVEL", "ERROR")
    import django

    from webapp.database import ensure_database

    ensure_database()
    django.setup()
    from django.db import connection

    from trajectories.core.samplers.symbolic import SymbolicSampler
    from trajectories.services.jobs.ringers import connect_bell
    from trajectories.services.problems.imports import import_arc_agi_1

    connect_bell("run", lambda *_: None)  # the queue is that of the installation, whose workers know no such run
    connection.settings_dict["TEST"]["NAME"] = "benchmark_minicolumn"  # tests may be running
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        import_arc_agi_1()
        measure("Instant sampler", INSTANT_TASKS, InstantSampler())
        measure("Symbolic sampler", tasks, SymbolicSampler())
    finally:
        connection.creation.destroy_test_db("minicolumn", verbosity=0)


if __name__ == "__main__":
    main()
