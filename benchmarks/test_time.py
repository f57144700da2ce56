"""What a move of the budget's slider takes, and how much memory: on stored samples in the database.

    PYTHONPATH=. python benchmarks/test_time.py [--part budget] [--problems 400] [--samples 1024] [--rounds 60]

Works on the configured database in one transaction that is rolled back. The samples are made up: of each problem one of
30 answers, about half of them right, each with training accuracy, score, log-probability, tokens, a price and a time.
"""

import argparse
import os
import random
import resource
import statistics
import time
from collections.abc import Sequence

FILL = """INSERT INTO trajectories_trace (problem_id, run_id, sampler_id, prompt_id, reasoning_id, temperature, hinted,
    steps, answer, answer_hash, facts, finish_reason, input_tokens, cached_tokens, reasoning_tokens, output_tokens,
    latency_seconds, cost, content_hash, created_at, correctness, train_passed, train_total, train_error, near_miss,
    model_judged, decision, disputed, withdrawn)
SELECT made.problem, %(run)s, %(sampler)s, %(text)s, %(text)s, 1, FALSE, '[]', to_jsonb(made.answer),
    md5(made.answer::text) || md5(made.answer::text), jsonb_build_object('mean_logprob', -random()), 'stop', 300, 0, 0,
    (200 + 2000 * random())::int, 5 * random(), 0.001 + 0.01 * random(), md5(random()::text), now(),
    CASE WHEN made.answer = 0 THEN 'pass' ELSE 'fail' END,
    (CASE WHEN made.answer = 0 THEN 3 ELSE 2 * random() END)::int, 3, random(), '', '', '', FALSE, FALSE
FROM (SELECT problem.id AS problem, CASE WHEN random() < (problem.id %% 100) / 100.0 THEN 0
        ELSE 1 + (29 * random() * random())::int END AS answer
    FROM trajectories_problem problem CROSS JOIN generate_series(1, %(samples)s)
    WHERE problem.problem_set_id = %(kept)s) made"""
SCORE = """INSERT INTO trajectories_verdict (trace_id, verifier, version, revision, outcome, score, message, evidence,
    seconds, engine, previous_outcome, created_at)
SELECT id, 'arc_train', 1, 0, 'unscored', train_passed / 3.0, '', '{}', 0, '', '', now()
FROM trajectories_trace WHERE run_id = %s"""


def fill(problems: int, samples: int) -> int:
    """So many samples of so many problems in a run; returns the id of the run."""
    from django.db import connection

    from trajectories.core.identity import content_hash, text_hash
    from trajectories.models import Problem, ProblemSet, Run, Sampler, Text

    kept = ProblemSet.objects.create(name="benchmark-test-time", title="Benchmark", problem_count=problems)
    Problem.objects.bulk_create(
        Problem(
            problem_set=kept,
            name=f"task-{number}",
            kind="arc",
            reference=[[[1]]],
            content_hash=content_hash(["test time", number]),
        )
        for number in range(problems)
    )
    sampler = Sampler.objects.create(name="benchmark-test-time", title="Benchmark", kind=Sampler.Kind.CHAT)
    run = Run.objects.create(
        title="Benchmark", sampler=sampler, problem_set=kept, seed=0, code_version="benchmark", state="finished"
    )
    text, _ = Text.objects.get_or_create(content_hash=text_hash("[]"), defaults={"body": "[]"})
    given: dict[str, int | str] = {
        "run": run.pk,
        "sampler": sampler.pk,
        "text": text.pk,
        "samples": samples,
        "kept": kept.pk,
    }
    with connection.cursor() as cursor:
        cursor.execute(FILL, given)
        cursor.execute(SCORE, [run.pk])
        cursor.execute("ANALYZE trajectories_trace")
    return run.pk


def memory() -> float:
    """The most memory that this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def told(times: Sequence[float]) -> str:
    """Median and 95th percentile of times in seconds."""
    ranked = sorted(times)
    return f"p50 {1000 * statistics.median(ranked):.0f} ms, p95 {1000 * ranked[int(0.95 * (len(ranked) - 1))]:.0f} ms"


def measure(run: int, rounds: int, scorer: str) -> None:
    """Print what the page, moves of the slider and the figures take, and the memory."""
    from django.contrib.auth.models import User
    from django.test import Client

    from trajectories.selectors.insights.budgets import forget_budgets

    client = Client(headers={"host": "localhost"})
    user = User.objects.create_superuser(f"benchmark-{time.monotonic_ns()}")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    query = {"run": str(run)} | ({"scorer": scorer} if scorer else {})
    forget_budgets()
    before = memory()
    start, cpu = time.perf_counter(), time.process_time()
    page = client.get("/insights/budget/", query)
    assert page.status_code == 200, page.status_code
    spent = time.perf_counter() - start, time.process_time() - cpu
    print(f"scorer {scorer or 'none'}: first page, samples read: {spent[0]:.1f} s, of which {spent[1]:.1f} s here")
    generator = random.Random(0)
    steps = [generator.randrange(41) for _ in range(rounds)]
    wall, own = [], []
    for step in steps:
        start, cpu = time.perf_counter(), time.process_time()
        part = client.get("/insights/budget/", query | {"step": str(step)}, headers={"HX-Request": "true"})
        wall.append(time.perf_counter() - start)
        own.append(time.process_time() - cpu)
        assert part.status_code == 200
    fresh = [place for place, step in enumerate(steps) if step not in steps[:place]]
    print(f"  a move of the slider to another place ({len(fresh)} of them): {told([wall[each] for each in fresh])};")
    print(f"    of which CPU {told([own[each] for each in fresh])}")
    print(f"  a move to a place that was seen before: {told([wall[p] for p in range(rounds) if p not in fresh])}")
    for name in ("curves", "frontier"):
        start, cpu = time.perf_counter(), time.process_time()
        client.get(f"/insights/budget/{name}/", query)
        print(f"  {name}: {time.perf_counter() - start:.1f} s, CPU {time.process_time() - cpu:.1f} s")
    print(f"  memory: {memory():.0f} MiB at most, {memory() - before:.0f} more than before")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=["budget"], default="budget")
    parser.add_argument("--problems", type=int, default=400)
    parser.add_argument("--samples", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    os.environ.setdefault("LOG_LEVEL", "ERROR")
    os.environ.setdefault("DEBUG", "0")
    import django

    from webapp.database import ensure_database

    ensure_database()
    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import transaction

    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    call_command("migrate", verbosity=0)
    with transaction.atomic():
        start = time.perf_counter()
        run = fill(options.problems, options.samples)
        print(
            f"{options.problems} problems, {options.samples} samples each, made in {time.perf_counter() - start:.0f} s"
        )
        for scorer in ("", "arc_train"):
            measure(run, options.rounds, scorer)
        transaction.set_rollback(True)


if __name__ == "__main__":
    main()
