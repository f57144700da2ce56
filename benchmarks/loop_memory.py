"""External memory: what right answers of training problems, shown as examples, bring a language model of this machine
on held-out problems, beside the same model without them for the same tokens.

Everything is the product's: a run of training sums without a memory, whose right answers (by the verifier) are what
memory holds; a run of held-out sums that is shown the nearest of them; and its control, planned by "The same without
memory", which draws as many more samples as its shorter prompts save. Samples are drawn by a local model (`--model`, a
folder of `--models`), in this process, in a database of its own that is dropped in the end.
"""

import argparse
import json
import os
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from trajectories.core.identity import derive_seed
from trajectories.core.problems.arithmetic import HELD_OUT, LEARNT, draw, problem_of

if TYPE_CHECKING:
    from trajectories.models import ProblemSet, Run, Sampler

DATABASE = "benchmark_loop"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_model_arguments(parser)
    parser.add_argument("--shown", type=int, default=3, help="traces from memory in each prompt")


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """Which model is asked which sums, and how."""
    parser.add_argument("--models", type=Path, required=True, help="the folder that holds the model's folder")
    parser.add_argument("--model", required=True, help="the name of the model's folder")
    parser.add_argument("--digits", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--training", type=int, default=40, help="problems that are learnt from")
    parser.add_argument("--held-out", type=int, default=24)
    parser.add_argument("--tokens", type=int, default=12, help="most tokens of an answer")
    parser.add_argument("--temperature", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)


def measure(options: argparse.Namespace) -> None:
    os.environ.update(MODELS_DIR=str(options.models.resolve()), TRAINING_THREADS=str(options.threads))
    with database():
        report = {"machine": f"{os.cpu_count()} cores, Python {platform.python_version()}", **compare(options)}
    print(json.dumps(report, indent=2))


@contextmanager
def database() -> Iterator[None]:
    """Django on a database of this benchmark's own."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
    os.environ.setdefault("LOG_LEVEL", "ERROR")
    import django

    from webapp.database import broker_settings, ensure_database

    ensure_database()
    django.setup()
    from django.db import connection
    from pgmq.install import get_embedded_install_sql

    from webapp.celery import app

    connection.settings_dict["TEST"]["NAME"] = DATABASE
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    try:
        # Bells are rung, though nobody hears them: the work is done here.
        with connection.cursor() as cursor:
            cursor.execute(get_embedded_install_sql())
        app.conf.broker_transport_options = broker_settings(connection.settings_dict)
        yield
    finally:
        app.pool.force_close_all()  # type: ignore[attr-defined] # the stubs name another pool
        app.close()
        connection.creation.destroy_test_db("minicolumn", verbosity=0)


def compare(options: argparse.Namespace) -> dict[str, Any]:
    """The figures of the three runs."""
    from trajectories.adapters.local_models.serving import shared_server
    from trajectories.adapters.local_models.settings import LocalSettings
    from trajectories.core.strategies.memories import NO_MEMORY, Memory, MemorySource
    from trajectories.services.endpoints.local_models import add_local_sampler
    from trajectories.services.prompts.instructions import ensure_shipped_instructions
    from trajectories.services.runs.controls import plan_without_memory

    ensure_shipped_instructions()
    local = LocalSettings(folder=options.model, batch=8, max_output_tokens=options.tokens)
    sampler = add_local_sampler(actor=None, name="model", title=options.model, local=local)
    try:
        filling = draw_samples(plan_of(options, sampler, sums(options, LEARNT), NO_MEMORY))
        memory = Memory(count=options.shown, source=MemorySource.VERIFIERS)
        shown = plan_of(options, sampler, sums(options, HELD_OUT), memory)
        with_memory = draw_samples(shown)
        return {
            "training, no memory": filling,
            "held out, memory": with_memory,
            "held out, no memory, same tokens": draw_samples(plan_without_memory(actor=None, run=shown)),
        }
    finally:
        shared_server().close()


def sums(options: argparse.Namespace, part: str) -> "ProblemSet":
    """The sums of a part as a problem set."""
    from trajectories.models import Problem, ProblemSet

    split, size = ("train", options.training) if part == LEARNT else ("eval", options.held_out)
    found: ProblemSet = ProblemSet.objects.create(name=f"sums-{part}", title=f"Sums, {part}")
    for numbers in draw(options.digits, size, seed=derive_seed(options.seed, part), part=part):
        record = problem_of(numbers, split=split)
        fields = {**asdict(record), "kind": record.kind.value, "content_hash": f"{part}-{record.name}"}
        Problem.objects.create(problem_set=found, **fields)
    return found


def plan_of(options: argparse.Namespace, sampler: "Sampler", problems: "ProblemSet", memory: Any) -> "Run":
    """A run of one sample of each problem, which is all of the prompt."""
    from trajectories.models import Instruction
    from trajectories.services.runs.lifecycle import plan_run
    from trajectories.services.runs.plans import Plan

    return plan_run(
        actor=None,
        title=problems.title,
        sampler=sampler,
        seed=options.seed,
        plan=Plan(
            list(problems.problems.order_by("pk")),
            [Instruction.objects.get(name="problem-alone")],
            [options.temperature],
            1,
            memory=memory,
        ),
    )


def draw_samples(run: "Run") -> dict[str, Any]:
    """Draw and verify all samples of a run; its figures. `majority` is the share of problems whose most frequent
    answer is right; `cpu seconds` are those of the child that has the model, this process's besides."""
    from trajectories.adapters.local_models.serving import shared_server
    from trajectories.core.verifiers import VERIFIERS
    from trajectories.models import Trace
    from trajectories.services.runs.chat_sampling import sample_session
    from trajectories.services.verification.queue import verify_traces

    def verify(keys: Sequence[int]) -> None:
        verify_traces(trace_ids=keys, verifiers=VERIFIERS)

    begun, before = time.process_time(), _child_seconds(shared_server().pid)
    more = True
    while more:
        report = sample_session(run_id=run.pk, on_traces=verify)
        verify(report.trace_ids)
        more = report.more
    run.refresh_from_db()
    traces = list(Trace.objects.filter(run=run).values("problem_id", "answer", "correctness"))
    seconds = time.process_time() - begun + _child_seconds(shared_server().pid) - before
    return {
        "samples": run.done_count,
        "right": run.correct_count,
        "right of samples, %": round(100 * run.correct_count / max(1, run.done_count), 1),
        "majority, %": round(100 * majority_right(traces), 1),
        "tokens": [run.input_tokens, run.output_tokens],
        "failed": run.failed_count,
        "state": [run.state, run.state_reason],
        "cpu seconds": round(seconds, 1),
    }


def majority_right(traces: Sequence[Mapping[str, Any]]) -> float:
    """The share of problems whose most frequent answer, the first of several, is right."""
    by_problem: dict[int, list[Mapping[str, Any]]] = {}
    for trace in traces:
        by_problem.setdefault(trace["problem_id"], []).append(trace)
    right = 0
    for mine in by_problem.values():
        answers = [str(trace["answer"]) for trace in mine]
        chosen = max(answers, key=answers.count)
        right += mine[answers.index(chosen)]["correctness"] == "pass"
    return right / max(1, len(by_problem))


def _child_seconds(pid: int) -> float:
    """CPU seconds of the child that serves the model, with what it started; 0 where none runs yet."""
    if not pid:
        return 0.0
    own = psutil.Process(pid)
    times = [each.cpu_times() for each in (own, *own.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))
