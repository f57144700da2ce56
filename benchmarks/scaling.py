"""What more worker processes bring, on one database: sampling, verifying, and both.

    PYTHONPATH=. python benchmarks/scaling.py [--processes 1 2 4] [--traces 400] [--problems 40]

A new embedded database and `manage.py work` with so many workers. Traces of a program await their verdicts, then a run
of the embedded sampler over easy problems is planned. Measured is what is done a second from the first to the last of
them, the CPU time of the workers and of the database for each, and how many cores each keeps busy. All of it shares the
machine with this program: its cores bound what is seen.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
LONGEST_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Measured:
    """`count` traces in `seconds`; CPU seconds of all workers together, and of the database."""

    count: int
    seconds: float
    workers_cpu: float
    database_cpu: float

    def row(self, what: str, processes: int) -> str:
        """A line of the table."""
        return (
            f"| {what} | {processes} | {self.count / self.seconds:.1f} | {1000 * self.workers_cpu / self.count:.1f} ms "
            f"| {1000 * self.database_cpu / self.count:.1f} ms | {self._busy(self.workers_cpu)} "
            f"| {self._busy(self.database_cpu)} |"
        )

    def _busy(self, cpu: float) -> str:
        return f"{cpu / self.seconds:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--traces", type=int, default=400, help="traces that await their verdicts")
    parser.add_argument("--problems", type=int, default=40, help="problems of the run, eight samples each")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # the workers must not outlive it
    from benchmarks.chaos import finish, prepare

    with ExitStack() as stack:
        var = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="minicolumn-scaling-"))).resolve()
        prepare(var)
        try:
            measure(options, var)
        finally:
            finish(var, None)


def measure(options: argparse.Namespace, var: Path) -> None:
    """The table: each kind of work with each number of workers."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before")
    print("| what | workers | a second | workers' CPU each | database's CPU each | workers' cores | database's cores |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for what, begin in (("verified", begin_verifying), ("sampled, stored, verified", begin_run)):
        for processes in options.processes:
            print(worked_off(processes, var, *begin(options, processes)).row(what, processes), flush=True)
    print(sizes())
    print(f"load {os.getloadavg()[0]:.1f} after")


def begin_verifying(options: argparse.Namespace, processes: int) -> tuple[int, Any]:
    """Traces that await their verdicts; how many, and what says how many are left."""
    from benchmarks.starvation import make_problem, make_traces
    from trajectories.models import PendingVerification
    from trajectories.tasks.verdicts import ring_verification

    traces = make_traces(make_problem(f"verified by {processes}"), options.traces)
    PendingVerification.objects.bulk_create([PendingVerification(trace=trace) for trace in traces])
    ring_verification([trace.pk for trace in traces])
    return len(traces), PendingVerification.objects.count


def begin_run(options: argparse.Namespace, processes: int) -> tuple[int, Any]:
    """A run of the embedded sampler; its size, and what says how many traces are not verified yet."""
    from benchmarks.starvation import make_problem, make_sampler
    from trajectories.models import Run
    from trajectories.services.jobs.ringers import ring
    from trajectories.services.prompts.instructions import ensure_symbolic_views
    from trajectories.services.runs.lifecycle import plan_run
    from trajectories.services.runs.plans import Plan

    problems = [make_problem(f"flip {number} for {processes}") for number in range(options.problems)]
    plan = Plan(problems, ensure_symbolic_views()[:1], [1.0], 8)
    run = plan_run(actor=None, title="Scaling", sampler=make_sampler(), plan=plan)
    ring("run", run.pk)

    def left() -> int:
        found = Run.objects.values_list("planned_count", "verified_count", "failed_count").get(pk=run.pk)
        return found[0] - found[1] - found[2]

    return run.planned_count, left


def worked_off(processes: int, var: Path, count: int, left: Any) -> Measured:
    """Start the workers, and measure from the first that is done until none is left."""
    with (var / "workers.log").open("ab") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "manage.py", "work", f"--processes={processes}", "--grace=1", "--serves=" + SERVED],
            cwd=ROOT, stdout=log, stderr=log, start_new_session=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
    try:
        until(lambda: left() < count)
        first, started, before = left(), time.monotonic(), cpu_times(supervisor.pid)
        until(lambda: left() == 0)
        seconds, after = time.monotonic() - started, cpu_times(supervisor.pid)
    finally:
        supervisor.terminate()
        supervisor.wait()
    return Measured(first, seconds, after[0] - before[0], after[1] - before[1])


def sizes() -> str:
    """Bytes of a trace by table, indexes included; texts are short: what the embedded sampler writes."""
    from django.db import connection

    from trajectories.models import Trace

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute(
            "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r' AND relname LIKE %s"
            " ORDER BY 2 DESC LIMIT 6",
            ["trajectories_%"],
        )
        found = cursor.fetchall()
    traces = Trace.objects.count()
    told = ", ".join(f"{name.removeprefix('trajectories_')} {size / traces:,.0f}" for name, size in found)
    return f"bytes a trace, of {traces:,}: {told}"


SERVED = "sweeps,starts,verification,sampling"


def cpu_times(supervisor: int) -> tuple[float, float]:
    """CPU seconds of the workers with all they started, and of the database's server."""
    from django.conf import settings

    from trajectories.adapters import embedded_postgres

    server = embedded_postgres.server_pid(settings.VAR_DIR)
    return cpu_of(supervisor), cpu_of(server) if server is not None else 0.0


def cpu_of(pid: int) -> float:
    """CPU seconds of a process and of all its children, those that have ended included."""
    total = 0.0
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                total += sum(each.cpu_times()[:4])
    return total


def until(condition: Any) -> None:
    """Wait for a condition. Raises TimeoutError."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not done after {LONGEST_SECONDS:.0f} s")
        time.sleep(0.1)


if __name__ == "__main__":
    main()
