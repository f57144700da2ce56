"""Rows for tests, small and valid; every argument may be overridden."""

import itertools
import uuid
from collections import Counter
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from trajectories.core.identity import canonical_json, content_hash, text_hash
from trajectories.core.problems import statement_hash
from trajectories.models import (
    Attempt,
    Instruction,
    PendingVerification,
    Problem,
    ProblemSet,
    Review,
    Run,
    Sampler,
    Scheduler,
    SpendWait,
    Text,
    Trace,
    Verdict,
    Worker,
)
from trajectories.models.traces import given_answer
from trajectories.services.runs.lifecycle import plan_run
from trajectories.services.runs.plans import Plan
from trajectories.services.traces.storing import answer_hash

_numbers = itertools.count(1)

FLIP_SPEC = {
    "train": [{"input": [[1, 2], [3, 4]], "output": [[2, 1], [4, 3]]}, {"input": [[5, 0]], "output": [[0, 5]]}],
    "test": [{"input": [[7, 8, 9]]}],
}
FLIP_PROGRAM = "def transform(grid):\n    return [row[::-1] for row in grid]\n"


def make_problem_set(**values: Any) -> ProblemSet:
    number = next(_numbers)
    return ProblemSet.objects.create(**{"name": f"set-{number}", "title": f"Set {number}", **values})


def make_problem(**values: Any) -> Problem:
    number = next(_numbers)
    fields = {"name": f"task-{number}", "kind": "arc", "spec": FLIP_SPEC, "reference": [[[9, 8, 7]]], **values}
    fields.setdefault("content_hash", content_hash(["test", number]))
    fields.setdefault("statement_hash", statement_hash(fields.get("statement", "")))
    if "problem_set" not in fields:
        fields["problem_set"] = make_problem_set()
    created = Problem.objects.create(**fields)
    created.problem_set.problem_count += 1
    created.problem_set.save(update_fields=["problem_count"])
    return created


def make_sampler(**values: Any) -> Sampler:
    number = next(_numbers)
    return Sampler.objects.create(
        **{"name": f"sampler-{number}", "title": f"Sampler {number}", "kind": Sampler.Kind.SYMBOLIC, **values}
    )


def make_instruction(**values: Any) -> Instruction:
    number = next(_numbers)
    return Instruction.objects.create(
        **{"name": f"view-{number}", "title": "Grid view", "view": "grid", "style": "program", **values}
    )


def make_run(**values: Any) -> Run:
    number = next(_numbers)
    fields = {"title": f"Run {number}", "seed": number, "code_version": "test", **values}
    if "sampler" not in fields:
        fields["sampler"] = make_sampler()
    return Run.objects.create(**fields)


def make_spend_wait(run: Run) -> SpendWait:
    """A daily limit has paused the run, for the reason that it has."""
    fields = {"sampler": run.sampler, "cost": 1, "reason": run.state_reason}
    return SpendWait.objects.create(kind="run", job_id=run.pk, **fields)


def make_attempt(**values: Any) -> Attempt:
    number = next(_numbers)
    fields = {"index": number, "ordinal": 0, "seed": number, **values}
    fields.setdefault("run", None)
    fields["run"] = fields["run"] or make_run()
    fields.setdefault("problem", None)
    fields["problem"] = fields["problem"] or make_problem()
    fields.setdefault("instruction", None)
    fields["instruction"] = fields["instruction"] or make_instruction()
    return Attempt.objects.create(**fields)


def make_text(body: str) -> Text:
    return Text.objects.get_or_create(content_hash=text_hash(body), defaults={"body": body})[0]


def make_trace(**values: Any) -> Trace:
    """A trace of the flip problem whose program is right; counters of problem and run are kept as the services do."""
    number = next(_numbers)
    answer = values.pop("answer", [[[9, 8, 7]]])
    program = values.pop("program", FLIP_PROGRAM)
    reasoning = values.pop("reasoning", f"Trace {number}: each row is mirrored.")
    fields = {
        "prompt": make_text(canonical_json([{"role": "user", "content": "Find the rule."}])),
        "reasoning": make_text(reasoning),
        "program": make_text(program) if program else None,
        "steps": [
            {"kind": "observation", "title": "Sizes", "body": "Sizes stay.", "depth": 0, "data": {}},
            {"kind": "subtask", "title": "Mirror", "body": "Mirror **each row**.", "depth": 0, "data": {}},
        ],
        "answer": answer,
        "finish_reason": "stop",
        "content_hash": content_hash(["trace", number]),
        **values,
    }
    if "problem" not in fields:
        fields["problem"] = make_problem()
    if "run" not in fields:
        fields["run"] = make_run()
    fields.setdefault("sampler", fields["run"].sampler if fields["run"] else None)
    fields.setdefault("answer_hash", answer_hash(fields["problem"], given_answer(answer, fields.get("outputs"))))
    trace = Trace.objects.create(**fields)
    Problem.objects.filter(pk=trace.problem_id).update(
        trace_count=Trace.objects.filter(problem=trace.problem_id).count()
    )
    return trace


def make_verdict(**values: Any) -> Verdict:
    fields = {"verifier": "arc_test", "version": 1, "outcome": "pass", "score": 1.0, **values}
    return Verdict.objects.create(**fields)


def make_review(**values: Any) -> Review:
    return Review.objects.create(**{"decision": "accept", "key": uuid.uuid4(), **values})


PLAN_PARTS = (
    *("problems", "instructions", "temperatures", "samples_each", "spread", "step_scorer", "step_judge"),
    *("strategy", "settings", "diversity", "memory"),
)


def plan(**values: Any) -> Run:
    """A queued run of one problem, one view and two samples, planned by the service."""
    fields = {"actor": None, "title": "A run", "temperatures": [0.0], "samples_each": 2, "seed": 7, **values}
    fields.setdefault("sampler", None)
    fields["sampler"] = fields["sampler"] or make_sampler()
    fields.setdefault("problems", None)
    fields["problems"] = fields["problems"] or [make_problem()]
    fields.setdefault("instructions", None)
    fields["instructions"] = fields["instructions"] or [make_instruction()]
    parts = {name: fields.pop(name) for name in PLAN_PARTS if name in fields}
    return plan_run(plan=Plan(**parts), **fields)


def assert_counters_add_up(run: Run) -> None:
    """What lists show is what the rows say, for the run and the problems of its plan."""
    run.refresh_from_db()
    states = Counter(run.attempts.values_list("state", flat=True))
    assert run.planned_count == sum(states.values())
    assert (run.done_count, run.failed_count, run.cancelled_count) == (
        states["done"],
        states["failed"],
        states["cancelled"],
    )
    assert Trace.objects.filter(run=run).count() == run.done_count
    assert Trace.objects.filter(run=run).exclude(correctness="").count() == run.verified_count
    assert PendingVerification.objects.filter(trace__run=run).count() == run.done_count - run.verified_count
    told = Q(correctness__in=("pass", "fail"))
    assert Trace.objects.filter(told, run=run).count() == run.scored_count
    assert Trace.objects.filter(run=run, correctness="pass").count() == run.correct_count
    for problem in Problem.objects.filter(pk__in=run.plan["problem_ids"]):
        assert problem.traces.count() == problem.trace_count
        assert problem.traces.filter(told, hinted=False).count() == problem.scored_count
        assert problem.traces.filter(correctness="pass", hinted=False).count() == problem.correct_count


def make_worker(*, silent: bool = False, **values: Any) -> Worker:
    """A worker that was heard of just now, or too long ago."""
    ago = timedelta(seconds=settings.WORKER_SILENT_SECONDS + 1 if silent else 0)
    fields = {"host": "here", "pid": next(_numbers), "name": "worker 1", "queues": "sweeps interactive", **values}
    return Worker.objects.create(seen_at=timezone.now() - ago, **fields)


def make_ring(*, seconds: float = 0) -> Scheduler:
    """The scheduler, as heard of so many seconds ago."""
    rang_at = timezone.now() - timedelta(seconds=seconds)
    return Scheduler.objects.update_or_create(pk=Scheduler.THE_ONE, defaults={"rang_at": rang_at})[0]
