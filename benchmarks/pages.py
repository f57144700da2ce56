"""Time of pages in Chromium on made-up traces: the list, a run, a problem, a trace, the figures.

    PYTHONPATH=. python benchmarks/pages.py [--traces 100000] [--rounds 20]

Makes a database of its own on an embedded server in a temporary folder, serves it with gunicorn as the product does,
and removes both at the end. A page's time is from the click on its address to its load event; "whole answer" is the
server's alone; a figure's is till it is drawn, one after another.
"""

import argparse
import os
import platform
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks.web import gunicorn_words

PROBLEMS = 400
RUNS = 4
BATCH = 5_000
WAIT_SECONDS = 60


def fill(traces: int) -> dict[str, int]:
    """So many traces of PROBLEMS problems and RUNS runs, with their attempts and verdicts; ids to visit, by name."""
    from trajectories.core.identity import content_hash
    from trajectories.models import Attempt, Instruction, Problem, ProblemSet, Run, Sampler

    generator = random.Random(0)
    kept = ProblemSet.objects.create(name="benchmark", title="Benchmark", problem_count=PROBLEMS)
    problems = Problem.objects.bulk_create(
        Problem(
            problem_set=kept,
            name=f"task-{number}",
            kind="numeric",
            statement=f"What is {number} + {number}?",
            reference=str(2 * number),
            content_hash=content_hash(["benchmark", number]),
        )
        for number in range(PROBLEMS)
    )
    instruction = Instruction.objects.create(name="benchmark", title="Plain", view="", style="answer")
    runs = [
        Run.objects.create(
            title=f"Run {number}",
            sampler=Sampler.objects.create(name=f"model-{number}", title=f"Model {number}", kind=Sampler.Kind.CHAT),
            problem_set=kept,
            seed=number,
            code_version="benchmark",
            state=Run.State.FINISHED,
            plan={"samples_each": traces // RUNS // PROBLEMS, "problem_ids": [], "settings": {}},
        )
        for number in range(RUNS)
    ]
    ease = [generator.betavariate(0.7, 0.9) for _ in problems]
    for start in range(0, traces, BATCH):
        _batch(generator, range(start, min(traces, start + BATCH)), problems, runs, instruction, ease)
    _count()
    first = Attempt.objects.filter(run=runs[0]).order_by("pk").first()
    assert first is not None
    return {"run": runs[0].pk, "problem": problems[0].pk, "trace": first.trace.pk, "problem_set": kept.pk}


def _batch(
    generator: random.Random, numbers: range, problems: list[Any], runs: list[Any], instruction: Any, ease: list[float]
) -> None:
    from datetime import timedelta

    from django.utils import timezone

    from trajectories.core.identity import content_hash, text_hash
    from trajectories.models import Attempt, Text, Trace, Verdict

    now = timezone.now()
    attempts = Attempt.objects.bulk_create(
        Attempt(
            run=runs[number % RUNS],
            problem=problems[number // RUNS % PROBLEMS],
            instruction=instruction,
            index=number // RUNS // PROBLEMS,
            ordinal=number,
            seed=number,
            state=Attempt.State.DONE,
            finished_at=now + timedelta(seconds=number / 50),
        )
        for number in numbers
    )
    bodies = [f"Sample {number}. " + "Therefore the sum is what it is. " * 60 for number in numbers]
    texts = Text.objects.bulk_create([Text(content_hash=text_hash(body), body=body) for body in bodies])
    prompt, _ = Text.objects.get_or_create(content_hash=text_hash("prompt"), defaults={"body": "[]"})
    traces = []
    for number, attempt, text in zip(numbers, attempts, texts, strict=True):
        chance, drawn = ease[number // RUNS % PROBLEMS] ** (1 / (1 + number % RUNS)), generator.random()
        right, cut = drawn < 0.97 * chance, drawn > 0.97
        answer = None if cut else "right" if right else f"wrong {generator.randint(0, 8)}"
        traces.append(
            Trace(
                problem=attempt.problem,
                attempt=attempt,
                run=attempt.run,
                sampler_id=attempt.run.sampler_id,
                instruction=instruction,
                prompt=prompt,
                reasoning=text,
                steps=[
                    {"kind": "text", "title": f"Step {step}", "body": text.body[:200], "depth": 0} for step in range(6)
                ],
                parts=[],
                answer=answer,
                answer_hash=content_hash(answer),
                content_hash=content_hash(number),
                finish_reason="length" if cut else "stop",
                correctness="unscored" if cut else "pass" if right else "fail",
                input_tokens=300,
                output_tokens=round(generator.lognormvariate(6.5, 0.8)),
                cost=round(generator.lognormvariate(-5, 0.7), 6),
                latency_seconds=generator.lognormvariate(1, 0.5),
            )
        )
    traces = Trace.objects.bulk_create(traces)
    Verdict.objects.bulk_create(
        Verdict(trace=trace, verifier="numeric_answer", version=1, outcome=trace.correctness) for trace in traces
    )


def _count() -> None:
    """Bring the kept counters and the planner's statistics up to date."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE trajectories_problem p SET trace_count = c.n, correct_count = c.r"
            " FROM (SELECT problem_id, count(*) n, count(*) FILTER (WHERE correctness = 'pass') r"
            " FROM trajectories_trace GROUP BY 1) c WHERE c.problem_id = p.id"
        )
        cursor.execute(
            "UPDATE trajectories_run r SET planned_count = c.n, done_count = c.n, verified_count = c.n,"
            " correct_count = c.r FROM (SELECT run_id, count(*) n,"
            " count(*) FILTER (WHERE correctness = 'pass') r FROM trajectories_trace"
            " GROUP BY 1) c WHERE c.run_id = r.id"
        )
        cursor.execute("VACUUM ANALYZE")


@contextmanager
def served(environment: dict[str, str]) -> Iterator[str]:
    """The product behind gunicorn, as in `manage.py up`, till the end of the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, *gunicorn_words(f"127.0.0.1:{port}")], env=environment)
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < deadline:
            with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(f"{address}/login/", timeout=5):
                break
            time.sleep(0.1)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def shares(times: list[float]) -> str:
    """p50 and p95 in milliseconds, as cells of a table."""
    ordered = sorted(times)
    return f"{statistics.median(ordered):,.0f} | {ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]:,.0f}"


def timed(act: Callable[[], Any]) -> float:
    """Milliseconds that something takes."""
    start = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - start)


def browse(address: str, ids: dict[str, int], key: str, rounds: int) -> None:
    """Print p50 and p95 of every page, and of every figure of the page of insights."""
    from playwright.sync_api import sync_playwright

    pages = {
        "trace list": "/traces/",
        "trace list, one run, wrong ones": f"/traces/?run={ids['run']}&correctness=fail",
        "problem list": "/problems/",
        "run": f"/runs/{ids['run']}/",
        "problem": f"/problems/{ids['problem']}/",
        "trace": f"/traces/{ids['trace']}/",
        "insights": f"/insights/?problem_set={ids['problem_set']}",
    }
    chromium = Path("/usr/bin/chromium")
    with sync_playwright() as playwright:
        options: dict[str, Any] = {"args": ["--no-sandbox", "--disable-gpu"]}
        options |= {"executable_path": str(chromium)} if chromium.exists() else {}
        browser = playwright.chromium.launch(**options)
        context = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=address)
        context.add_cookies([{"name": "sessionid", "value": key, "url": address}])
        page = context.new_page()
        print("| page | answer p50 | p95 | loaded p50 | p95 |\n|---|---|---|---|---|")
        for name, where in pages.items():
            page.goto(where)
            answers = [timed(lambda: context.request.get(where)) for _ in range(rounds)]  # noqa: B023
            loads = [timed(lambda: page.goto(where)) for _ in range(rounds)]  # noqa: B023
            print(f"| {name} | {shares(answers)} | {shares(loads)} |", flush=True)
        three = [timed(lambda: _three(page, pages["insights"])) for _ in range(rounds)]
        print(f"| insights till three figures are drawn | | | {shares(three)} |", flush=True)
        from trajectories.charts import CHARTS

        print("\n| figure | answer p50 | p95 |\n|---|---|---|")
        for chart in CHARTS:
            query = f"run={ids['run']}" if chart == "throughput" else f"problem_set={ids['problem_set']}"
            where = f"/insights/{chart}/?{query}"
            context.request.get(where)
            answers = [timed(lambda: context.request.get(where)) for _ in range(rounds)]  # noqa: B023
            print(f"| {chart} | {shares(answers)} |", flush=True)
        browser.close()


def _three(page: Any, where: str) -> None:
    page.goto(where)
    # Not by a function in the page: the content policy lets none be made of text.
    page.locator("[data-drawn=done]").nth(2).wait_for()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--traces", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=20)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="minicolumn-pages-") as folder:
        os.environ |= {"MINICOLUMN_VAR": folder, "DJANGO_SETTINGS_MODULE": "webapp.settings", "LOG_LEVEL": "ERROR"}
        os.environ.pop("DATABASE_URL", None)
        # Playwright's loop runs in this thread, where Django would refuse the database.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
        import django

        from trajectories.adapters import embedded_postgres
        from webapp.database import ensure_database

        ensure_database()
        django.setup()
        from django.conf import settings
        from django.contrib.auth.models import User
        from django.core.management import call_command
        from django.db import connection
        from django.test import Client

        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        print(
            f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}; {arguments.traces:,} traces"
        )
        started = time.perf_counter()
        ids = fill(arguments.traces)
        took = 1000 * (time.perf_counter() - started)
        print(f"made in {took / 1000:.0f} s\n", flush=True)
        client = Client()
        client.force_login(
            User.objects.create_superuser("benchmark"), backend="django.contrib.auth.backends.ModelBackend"
        )
        try:
            with served(dict(os.environ)) as address:
                browse(address, ids, client.cookies[settings.SESSION_COOKIE_NAME].value, arguments.rounds)
        finally:
            connection.close()
            embedded_postgres.stop(Path(folder))


if __name__ == "__main__":
    main()
