"""HTML size and server time of a problem page with many samples, and of a trace of 200 kB in 500 steps.

    PYTHONPATH=. python benchmarks/problem_page.py [--samples 200] [--rounds 30] [--steps 500]

Makes a database of its own on an embedded server in a temporary folder that is removed at the end. The grids are made
up: 20 by 20 cells, half of them random.
"""

import argparse
import gzip
import os
import random
import re
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

OUTPUTS = 40
SIDE = 20


def noisy_grid(generator: random.Random) -> list[list[int]]:
    return [[generator.choice((0, 0, 0, 0, 0, 1, 2, 3, 4, 5)) for _ in range(SIDE)] for _ in range(SIDE)]


def make_problem(samples: int) -> int:
    """A problem with four training pairs and so many verified samples of 40 outputs, half of them given by a program
    alone; returns its id."""
    from trajectories.core.identity import content_hash, text_hash
    from trajectories.models import Instruction, Problem, ProblemSet, Run, Sampler, Text, Trace, Verdict

    generator = random.Random(0)
    problem_set = ProblemSet.objects.create(name="benchmark-problem-page", title="Benchmark")
    pairs = [{"input": noisy_grid(generator), "output": noisy_grid(generator)} for _ in range(4)]
    answers = [[noisy_grid(generator)] for _ in range(OUTPUTS)]
    problem = Problem.objects.create(
        problem_set=problem_set,
        name="benchmark",
        kind="arc",
        spec={"train": pairs, "test": [{"input": noisy_grid(generator)}]},
        reference=answers[0],
        content_hash=content_hash(pairs),
        trace_count=samples,
    )
    sampler = Sampler.objects.create(name="benchmark", title="Benchmark", kind=Sampler.Kind.SYMBOLIC)
    run = Run.objects.create(title="Benchmark", sampler=sampler, seed=0, code_version="benchmark")
    instruction = Instruction.objects.create(name="benchmark", title="Grid view", view="grid", style="program")
    body = "A reasoning text. " * 500
    text = Text.objects.create(content_hash=text_hash(body), body=body)
    traces = Trace.objects.bulk_create(
        Trace(
            problem=problem,
            run=run,
            sampler=sampler,
            instruction=instruction,
            prompt=text,
            reasoning=text,
            program=text,
            steps=[{"kind": "text", "title": "Step", "body": body, "depth": 0, "data": {}}] * 5,
            answer=None if number % 2 else answer,
            outputs=answer,
            answer_hash=content_hash(answer),
            finish_reason="stop",
            content_hash=content_hash(number),
            correctness="pass" if place == 0 else "fail",
            train_passed=4 if place == 0 else 2,
            train_total=4,
        )
        for number in range(samples)
        for place in [min(number % OUTPUTS, number % 7)]
        for answer in [answers[place if number % 2 else number % OUTPUTS]]
    )
    evidence = {"pairs": [{"predicted": answers[0][0], "near_miss": {"text": "right but for 3 of 400 cells"}}] * 4}
    Verdict.objects.bulk_create(
        Verdict(trace=trace, verifier=verifier, version=1, outcome=trace.correctness, evidence=evidence)
        for trace in traces
        for verifier in ("arc_train", "arc_test", "arc_answer")
    )
    return problem.pk


def make_long_trace(problem_id: int, steps: int) -> int:
    """A trace of so many steps of 400 characters each, 500 of which are 200 kB; returns its id."""
    from trajectories.core.identity import content_hash, text_hash
    from trajectories.models import Text, Trace

    sentence = "The rows are mirrored, and so are the columns of the second pair. Wait, that does not fit. "
    bodies = [f"Step {number}: {sentence * 5}"[:400] for number in range(steps)]
    whole = "\n\n".join(bodies)
    text = Text.objects.create(content_hash=text_hash(whole), body=whole)
    asked = Text.objects.create(content_hash=text_hash("[]"), body="[]")
    return Trace.objects.create(
        problem_id=problem_id,
        prompt=asked,
        reasoning=text,
        steps=[
            {"kind": "text", "title": f"Step {number}", "body": body, "depth": number % 3, "data": {}}
            for number, body in enumerate(bodies)
        ],
        answer_hash=content_hash("long"),
        content_hash=content_hash("long"),
        finish_reason="stop",
    ).pk


def measure(address: str, rounds: int) -> None:
    """Print size, elements, queries and time of one address, fetched as a superuser."""
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client

    client = Client(headers={"host": "localhost"})
    user = User.objects.create_superuser(f"benchmark-{time.monotonic_ns()}")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    queries: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        queries.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(note):
        body = client.get(address).content
    wall, cpu = [], []
    for _ in range(rounds):
        start, cpu_start = time.perf_counter(), time.process_time()
        client.get(address)
        wall.append(1000 * (time.perf_counter() - start))
        cpu.append(1000 * (time.process_time() - cpu_start))
    print(f"{address}: {len(body) / 1000:.0f} kB HTML, {len(gzip.compress(body)) / 1000:.0f} kB compressed")
    print(f"  {len(re.findall(rb'<[a-z]', body)):,} elements")
    print(
        f"  {len(queries)} queries, median {statistics.median(wall):.0f} ms, of which {statistics.median(cpu):.0f} ms"
    )
    print(f"  of the web process's own time; fastest {min(wall):.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--steps", type=int, default=500)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="minicolumn-problem-") as folder:
        os.environ |= {"MINICOLUMN_VAR": folder, "DJANGO_SETTINGS_MODULE": "webapp.settings"}
        os.environ |= {"LOG_LEVEL": "ERROR", "DEBUG": "0"}
        os.environ.pop("DATABASE_URL", None)
        import django

        from trajectories.adapters import embedded_postgres
        from webapp.database import ensure_database

        ensure_database()
        django.setup()
        from django.core.management import call_command
        from django.db import connection

        try:
            call_command("migrate", verbosity=0)
            measure_all(arguments)
        finally:
            connection.close()
            embedded_postgres.stop(Path(folder))


def measure_all(arguments: argparse.Namespace) -> None:
    """Make the rows and ask for each page."""
    from django.conf import settings
    from django.db import connection

    # As in the tests: static files need not have been collected.
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    problem_id = make_problem(arguments.samples)
    trace_id = make_long_trace(problem_id, arguments.steps)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as the database does by itself
    for address in (f"/problems/{problem_id}/", f"/traces/{trace_id}/", "/problems/", "/"):
        measure(address, arguments.rounds)


if __name__ == "__main__":
    main()
