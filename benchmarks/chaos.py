"""What is lost, doubled and overspent when everything fails: workers, database and endpoint.

    python -m benchmarks.chaos [--samples 2000] [--in-flight 64] [--kill-every 5] [--restarts 2] [--failing 0.2]
                               [--only all]

A new embedded database, the real workers with their supervisor, beat and the keeper of the database, and a fake
endpoint that fails in a fifth of all calls: errors, cut connections, 429 with Retry-After, truncated answers. Every few
seconds something is killed with signal 9, in turn: all workers at once with their supervisor, a busy one, an idle one,
the supervisor alone, beat, the keeper, a web worker; the database is killed while it runs, and started again. Then a
second run with a budget that is too small. With `--only all` everything is killed each time.

Needs to hold: as many outcomes as were planned, each once; calls answered beyond those at most what was in flight at
the kills; the run's cost is what the endpoint charged for, but for these; the budget is exceeded by no more than these;
the web answers after every kill.
"""

import argparse
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import cycle
from pathlib import Path
from typing import Any

import psutil

from benchmarks.web import gunicorn_words

ROOT = Path(__file__).resolve().parent.parent
PROBLEMS = 20
FLIP = {"train": [{"input": [[1, 2]], "output": [[2, 1]]}], "test": [{"input": [[3, 4]]}]}
PROGRAM = "def transform(grid):\n    return [row[::-1] for row in grid]\n"
INPUT_PRICE, OUTPUT_PRICE = Decimal(1), Decimal(10)
OUTPUT_TOKENS, PROMPT_TOKENS = 100, 400
LONGEST_SECONDS = 1_800
WEB_SECONDS = 60.0
"""So long the web may be away after a kill, start included."""

VICTIMS = ("all", "busy", "idle", "supervisor", "beat", "keeper", "web")


@dataclass(slots=True)
class Damage:
    """What was done, and how many calls were in flight at each kill."""

    kills: Counter[str] = field(default_factory=Counter)
    restarts: int = 0
    in_flight: list[int] = field(default_factory=list)
    web_away: list[float] = field(default_factory=list)
    """Seconds until the web answered, from each kill on."""


class Processes:
    """What `manage.py up` runs, each in a process group of its own, with one log."""

    def __init__(self, log: Path, workers: int) -> None:
        self._log = log
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        beat = ["-m", "celery", "-A", "webapp", "beat", "--pidfile=", "--schedule", str(log.with_name("beat"))]
        self._commands = {
            "supervisor": ["manage.py", "work", f"--processes={workers}", "--grace=1"],
            "beat": [*beat, "--loglevel=WARNING"],
            "keeper": ["manage.py", "watch_database"],
            "web": gunicorn_words(f"127.0.0.1:{self._port}"),
        }
        self._found: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start what does not run."""
        for name, words in self._commands.items():
            if name not in self._found or self._found[name].poll() is not None:
                with self._log.open("ab") as output:
                    self._found[name] = subprocess.Popen(
                        [sys.executable, *words], cwd=ROOT, stdout=output, stderr=output, start_new_session=True
                    )

    def kill(self, victim: str) -> bool:
        """As a power cut would; whether calls may have been lost. An idle worker is killed only where there is one."""
        if victim in {"busy", "idle"}:
            return self._kill_worker(busy=victim == "busy")
        if victim == "web":
            for child in psutil.Process(self._found["web"].pid).children()[:1]:
                child.kill()
            return False
        process = self._found["supervisor" if victim == "all" else victim]
        workers = psutil.Process(process.pid).children() if victim == "supervisor" else []
        if victim == "all":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
        psutil.wait_procs(workers, timeout=30)  # they end by themselves
        return victim in {"all", "supervisor"}

    def web_away(self) -> float:
        """Seconds from now until the web says that it reaches the database. Raises TimeoutError."""
        started = time.monotonic()
        while time.monotonic() < started + WEB_SECONDS:
            try:
                asking = http.client.HTTPConnection("127.0.0.1", self._port, timeout=WEB_SECONDS)
                asking.request("GET", "/health/")
                if asking.getresponse().status == 200:
                    return time.monotonic() - started
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.1)
        raise TimeoutError(f"the web did not answer within {WEB_SECONDS:.0f} s")

    def _kill_worker(self, *, busy: bool) -> bool:
        from trajectories.models import Worker
        from trajectories.services.jobs.outages import patiently

        rows = patiently(lambda: list(Worker.objects.values_list("pid", "task")))
        alive = {child.pid for child in psutil.Process(self._found["supervisor"].pid).children()}
        pids = [pid for pid, task in rows if pid in alive and bool(task) == busy]
        if pids:
            os.kill(pids[0], signal.SIGKILL)
        return bool(pids)

    def kill_all(self) -> None:
        """The end."""
        for process in self._found.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=2_000)
    parser.add_argument("--in-flight", type=int, default=64, metavar="N")
    parser.add_argument("--latency", type=float, default=0.5, metavar="S")
    parser.add_argument("--kill-every", type=float, default=5.0, metavar="S", help="seconds that a worker works")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--restarts", type=int, default=2)
    parser.add_argument("--only", choices=VICTIMS, action="append", help="what is killed; everything in turn")
    parser.add_argument("--failing", type=float, default=0.2, metavar="SHARE")
    parser.add_argument("--keep-log", type=Path, help="where the workers' log is copied")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # the workers must not outlive it
    with ExitStack() as stack:
        var = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="minicolumn-chaos-"))).resolve()
        prepare(var)
        try:
            good = wreak(options, var)
        finally:
            finish(var, options.keep_log)
    sys.exit(0 if good else 1)


def prepare(var: Path) -> None:
    """Django on a new database, with leases and bells that are found lost within seconds."""
    os.environ.update({"MINICOLUMN_VAR": str(var), "LEASE_SECONDS": "6", "BELL_SECONDS": "3", "LOG_LEVEL": "WARNING"})
    os.environ.pop("DATABASE_URL", None)
    os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
    import django

    from webapp.database import ensure_database

    ensure_database()
    django.setup()
    from trajectories.management.preparation import ensure_queue, migrate

    migrate(print)
    ensure_queue()


def finish(var: Path, keep_log: Path | None) -> None:
    """Stop the database and save the log."""
    from django.db import connections

    from trajectories.adapters import embedded_postgres

    connections.close_all()
    if keep_log is not None:
        keep_log.write_bytes((var / "workers.log").read_bytes())
    embedded_postgres.stop(var)


@contextmanager
def endpoint(options: Any) -> Iterator[Any]:
    """An endpoint that fails as asked."""
    from trajectories.stand_ins.fake_endpoint import Behaviour, FakeEndpoint, canned

    share = options.failing / 4
    failures = dict.fromkeys(("500", "reset", "429", "truncated"), share)
    behaviour = Behaviour(latency=options.latency, failures=failures, retry_after="1")
    with FakeEndpoint(behaviour, canned(program=PROGRAM)) as served:
        yield served


def plan(url: str, options: Any, name: str, **budget: Any) -> Any:
    """A run over problems of its own."""
    from trajectories.adapters.chat_api import ChatSettings
    from trajectories.core.identity import content_hash
    from trajectories.models import Instruction, Problem, ProblemSet
    from trajectories.services.endpoints.samplers import add_chat_sampler
    from trajectories.services.runs.lifecycle import plan_run
    from trajectories.services.runs.plans import Budget, Plan

    settings = ChatSettings(
        base_url=url,
        model="fake",
        concurrency=options.in_flight,
        max_output_tokens=OUTPUT_TOKENS,
        tries=8,
        input_price=INPUT_PRICE,
        output_price=OUTPUT_PRICE,
    )
    problem_set = ProblemSet.objects.create(name=name, title=name)
    problems = [
        Problem.objects.create(
            problem_set=problem_set, name=f"{name}-{number}", kind="arc", spec=FLIP, reference=[[[4, 3]]],
            content_hash=content_hash([name, number]),
        )
        for number in range(PROBLEMS)
    ]  # fmt: skip
    view, _ = Instruction.objects.get_or_create(
        name="chaos", defaults={"title": "Program", "view": "grid", "style": "program"}
    )
    return plan_run(
        actor=None,
        title=name,
        sampler=add_chat_sampler(actor=None, name=name, title=name, settings=settings),
        plan=Plan(problems, [view], [1.0], options.samples // PROBLEMS),
        seed=len(name),
        budget=Budget(**budget),
        options={"prompt_tokens": PROMPT_TOKENS},
    )


def work_on(run: Any, served: Any, processes: Processes, options: Any, restart_at: list[float]) -> Damage:
    """Kill and restart until the run has ended or stopped; `restart_at` are shares of the samples."""
    from trajectories.services.jobs.ringers import ring

    damage, until = Damage(), time.monotonic() + LONGEST_SECONDS
    victims = cycle(options.only or VICTIMS)
    ring("run", run.pk)
    try:
        processes.start()
        processes.web_away()
        while not is_over(run):
            if time.monotonic() > until:
                raise TimeoutError(f"not done after {LONGEST_SECONDS} s: {run.state}, {run.done_count} samples")
            asked = len(served.calls)
            wait(lambda asked=asked: len(served.calls) > asked or is_over(run), 30)
            if len(served.calls) == asked:
                continue  # nothing is asked any more, only verified
            wait(lambda: is_over(run), options.kill_every)
            if restart_at and run.done_count >= restart_at[0] * run.planned_count:
                restart_at.pop(0)
                restart_database()
                damage.restarts += 1
                damage.web_away.append(processes.web_away())
                continue
            if not is_over(run):
                victim = next(victims)
                damage.kills[victim] += 1
                if processes.kill(victim):
                    damage.in_flight.append(min(options.in_flight, unkept(run)))
                damage.web_away.append(processes.web_away())
            processes.start()
    finally:
        processes.kill_all()
    return damage


def unkept(run: Any) -> int:
    """Attempts that were handed out and whose answers are not kept: what the dead may have asked for. What the endpoint
    holds is less: answers on their way, which a busy client has not read yet, are lost too."""
    from trajectories.models import Attempt, Reply
    from trajectories.services.jobs.outages import patiently

    leased = patiently(lambda: list(Attempt.objects.filter(run=run, state="leased").values_list("pk", flat=True)))
    payers = [f"attempt {key}" for key in leased]
    return len(leased) - patiently(lambda: Reply.objects.filter(payer__in=payers).count())


def is_over(run: Any) -> bool:
    """Whether nothing more will come of the run; asks again where the database is away."""
    from trajectories.services.jobs.outages import patiently

    patiently(run.refresh_from_db)
    return run.state not in ("queued", "running")


def wait(condition: Any, seconds: float) -> None:
    """Until the condition is true, or for so long."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and not condition():
        time.sleep(0.1)


def restart_database() -> None:
    """Kill the server with signal 9, whoever is connected, and start it again: it recovers from its log."""
    from django.conf import settings

    from trajectories.adapters import embedded_postgres

    pid = embedded_postgres.server_pid(settings.VAR_DIR)
    if pid is None:
        raise SystemExit("The database does not run; expected it to, beside the workers.")
    server = psutil.Process(pid)
    children = server.children()
    server.kill()
    psutil.wait_procs([server, *children], timeout=30)
    embedded_postgres.ensure_running(settings.VAR_DIR, str(settings.DATABASES["default"]["NAME"]))


def charged(served: Any) -> Decimal:
    """What the endpoint has charged for, in money."""
    spent: Decimal = INPUT_PRICE * served.spent["input"] + OUTPUT_PRICE * served.spent["output"]
    return spent / 1_000_000


def wreak(options: argparse.Namespace, var: Path) -> bool:
    """Both runs, their figures, and whether all holds that has to."""
    log = var / "workers.log"
    with endpoint(options) as served:
        run = plan(served.url, options, "everything-fails")
        started = time.monotonic()
        restart_at = [(number + 1) / (options.restarts + 1) for number in range(options.restarts)]
        damage = work_on(run, served, Processes(log, options.workers), options, restart_at)
        print(f"{run.planned_count} planned, {time.monotonic() - started:.0f} s, {damage.kills.total()} kills, "
              f"{damage.restarts} restarts of the database")  # fmt: skip
        print(f"  killed              {', '.join(f'{victim} {count}' for victim, count in damage.kills.items())}")
        print(f"  web answered        within {max(damage.web_away):.1f} s of each")
        good = report_outcomes(run, served, damage)
    with endpoint(options) as served:
        budget = (run.cost / 2).quantize(Decimal("0.000001"))
        small = plan(served.url, options, "small-budget", cost=budget)
        damage = work_on(small, served, Processes(log, options.workers), options, [])
        return report_budget(small, served, damage, budget) and good


def report_outcomes(run: Any, served: Any, damage: Damage) -> bool:
    """Figures of the run in which everything fails."""
    from trajectories.models import Trace

    traces = Trace.objects.filter(run=run)
    outcomes = run.done_count + run.failed_count
    distinct = traces.values("attempt").distinct().count()
    in_flight = sum(damage.in_flight)
    twice = served.answered - traces.count()
    lost = charged(served) - run.cost
    each = run.cost / max(1, traces.count())
    print(f"  state               {run.state} {run.state_reason}")
    print(f"  outcomes            {outcomes} ({distinct} samples, {run.failed_count} failed)")
    print(
        f"  calls answered      {served.answered}, {twice} beyond the samples; {in_flight} were in flight at the kills"
    )
    print(f"  cost counted        {run.cost:.6f} of {charged(served):.6f} charged: {lost / each:.1f} samples apart")
    checks = (
        outcomes == run.planned_count,
        distinct == run.done_count,
        twice <= in_flight,
        lost <= each * in_flight * 2,
    )
    return all(checks)


def report_budget(run: Any, served: Any, damage: Damage, budget: Decimal) -> bool:
    """Figures of the run with a small budget."""
    from trajectories.services.runs.budgets import reservation_of

    over = max(Decimal(0), charged(served) - budget)
    in_flight = sum(damage.in_flight)
    most = (reservation_of(run).cost or Decimal(0)) * in_flight
    print(f"Budget {budget:.6f}: {run.state} after {run.done_count} samples, {damage.kills.total()} kills")
    print(f"  reason              {run.state_reason}")
    print(f"  counted             {run.cost:.6f}")
    print(f"  charged beyond it   {over:.6f}; {in_flight} calls in flight at the kills may cost {most:.6f}")
    return run.state == "paused" and run.cost <= budget and over <= most


if __name__ == "__main__":
    main()
