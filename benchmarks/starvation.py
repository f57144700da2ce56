"""How long a person waits for a short export and a small run while floods of other work wait.

    python -m benchmarks.starvation [--traces 100000] [--processes 1] [--rounds 5]

A new embedded database and real workers. Imported traces by the hundred thousand await their verdicts, three large runs
are under way, and a long export is asked for; then, again and again, an export of 30 rows and a run of 4 samples. Says
how many bells were out, how long each took from its bell to its end, and how much of the flood was verified by then.

Needs to hold: every short export within 10 s, every small run begun within 30 s, and the flood grows smaller.
"""

import argparse
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.chaos import FLIP, PROGRAM, ROOT, finish, prepare, wait

EXPORT_SECONDS, RUN_SECONDS = 10.0, 30.0
ROWS, LARGE_RUNS, LONG_EXPORT = 30, 3, 20_000
LONGEST_SECONDS = 600.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, default=100_000)
    parser.add_argument("--processes", type=int, default=1, help="workers, beside the quick one and the one for files")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # the workers must not outlive it
    with ExitStack() as stack:
        var = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="minicolumn-flood-"))).resolve()
        prepare(var)
        log = stack.enter_context((var / "workers.log").open("wb"))
        try:
            problem, symbolic = make_problem(), make_sampler()
            short, long = make_releases(problem)
            flood(problem, options.traces)
            workers = subprocess.Popen(
                [sys.executable, "manage.py", "work", f"--processes={options.processes}", "--grace=1"],
                cwd=ROOT, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
            try:
                good = measure(options, symbolic, short, long)
            finally:
                workers.terminate()
                workers.wait()
        finally:
            finish(var, None)
    sys.exit(0 if good else 1)


def make_problem(name: str = "flip") -> Any:
    """A problem that is solved at once."""
    from trajectories.core.identity import content_hash
    from trajectories.models import Problem, ProblemSet

    problems, _ = ProblemSet.objects.get_or_create(name="flood", defaults={"title": "Flood"})
    return Problem.objects.create(
        problem_set=problems, name=name, kind="arc", spec=FLIP, reference=[[[4, 3]]], content_hash=content_hash(name)
    )


def make_sampler() -> Any:
    """The embedded sampler, which needs no endpoint."""
    from trajectories.services.endpoints.samplers import ensure_symbolic

    return ensure_symbolic()


def make_traces(problem: Any, count: int, **values: Any) -> list[Any]:
    """So many different traces of a problem that no run has drawn. Each has a program of its own, since programs of one
    text run once for all traces of a claim."""
    from trajectories.core.identity import text_hash
    from trajectories.models import Trace
    from trajectories.services.texts import store_texts

    prompt, reasoning = "[]", "Each row is mirrored."
    store_texts({text_hash(body): body for body in (prompt, reasoning)})
    made: list[Any] = []
    for start in range(0, count, 2_000):
        programs = {number: f"{PROGRAM}\n# {number}\n" for number in range(start, min(start + 2_000, count))}
        store_texts({text_hash(body): body for body in programs.values()})
        made += Trace.objects.bulk_create(
            Trace(
                problem=problem, prompt_id=text_hash(prompt), reasoning_id=text_hash(reasoning),
                program_id=text_hash(program), steps=[], answer=[[[4, 3]]], finish_reason="stop",
                content_hash=text_hash(f"{values} {number}"), **values,
            )
            for number, program in programs.items()
        )  # fmt: skip
    return made


def make_releases(problem: Any) -> tuple[Any, Any]:
    """A short one and a long one."""
    from django.contrib.auth.models import User

    from trajectories.models import Trace
    from trajectories.services.releases.freezing import freeze_accepted

    lead = User.objects.create_user("flood")
    found = []
    for title, count in (("short", ROWS), ("long", LONG_EXPORT)):
        Trace.objects.update(decision="")
        make_traces(problem, count, decision="accepted", correctness="pass")
        found.append(freeze_accepted(actor=lead, title=title, key=uuid.uuid4()))
    return found[0], found[1]


def flood(problem: Any, traces: int) -> None:
    """Traces that await their verdicts, as an import leaves them, and the bells it rings."""
    from trajectories.models import Bell, PendingVerification
    from trajectories.tasks.verdicts import ring_verification

    made = make_traces(problem, traces)
    for start in range(0, traces, 2_000):
        PendingVerification.objects.bulk_create(
            PendingVerification(trace=trace) for trace in made[start : start + 2_000]
        )
    started = time.monotonic()
    ring_verification([trace.pk for trace in made])
    print(f"{traces} traces await verdicts, {Bell.objects.count()} bells rung in {time.monotonic() - started:.1f} s")


def plan(problem: Any, sampler: Any, samples: int, title: str) -> Any:
    """A run of one problem."""
    from trajectories.services.prompts.instructions import ensure_symbolic_views
    from trajectories.services.runs.lifecycle import plan_run
    from trajectories.services.runs.plans import Plan

    return plan_run(
        actor=None, title=title, sampler=sampler, plan=Plan([problem], ensure_symbolic_views()[:1], [1.0], samples)
    )


def measure(options: argparse.Namespace, sampler: Any, short: Any, long: Any) -> bool:
    """Ask for both again and again, each time when the ones before are done."""
    from trajectories.models import Export, PendingVerification
    from trajectories.services.jobs.ringers import ring
    from trajectories.services.releases.exports import request_export

    for number in range(LARGE_RUNS):
        plan(make_problem(f"large {number}"), sampler, 5_000, f"large {number}")
    request_export(actor=short.created_by, release=long, export_format="full")
    waiting, began = PendingVerification.objects.count(), time.monotonic()
    exports, begins, ends = [], [], []
    for number in range(options.rounds):
        run = plan(make_problem(f"small {number}"), sampler, 4, f"small {number}")
        Export.objects.filter(release=short).delete()
        export = request_export(actor=short.created_by, release=short, export_format="full")
        started = time.monotonic()
        ring("run", run.pk)
        seen: dict[str, float] = {}
        wait(lambda: look(seen, started, export, run) and len(seen) == 3, LONGEST_SECONDS)  # noqa: B023
        exports.append(seen.get("export", LONGEST_SECONDS))
        begins.append(seen.get("begun", LONGEST_SECONDS))
        ends.append(seen.get("ended", LONGEST_SECONDS))
    left = PendingVerification.objects.filter(trace__run=None).count()
    print(f"{options.processes} worker(s), the quick one and the one for files; {options.rounds} rounds in "
          f"{time.monotonic() - began:.0f} s")  # fmt: skip
    for title, seconds in (("export of 30 rows", exports), ("run of 4 begun", begins), ("run of 4 ended", ends)):
        print(f"  {title:20} median {statistics.median(seconds):6.1f} s, worst {max(seconds):6.1f} s")
    print(f"  flood               {waiting} traces, {waiting - left} verified meanwhile")
    return max(exports) <= EXPORT_SECONDS and max(begins) <= RUN_SECONDS and left < waiting


def look(seen: dict[str, float], started: float, export: Any, run: Any) -> bool:
    """Note when each came to be; true, so that it can stand in a condition."""
    from trajectories.models import Run

    export.refresh_from_db(fields=["state"])
    run.refresh_from_db()
    happened = {
        "export": export.state == "ready",
        "begun": run.started_at is not None,
        "ended": run.state in Run.ENDED_STATES,
    }
    for name, has_happened in happened.items():
        if has_happened:
            seen.setdefault(name, time.monotonic() - started)
    return True


if __name__ == "__main__":
    main()
