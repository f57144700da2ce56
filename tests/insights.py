"""A population of samples with something to see in every figure."""

import random
from datetime import timedelta

from django.utils import timezone

from tests import factories
from trajectories.models import ProblemSet, Run, Trace

ANSWERS = [[[[9, 8, 7]]], [[[1]]], [[[2]]], [[[3]]], [[[4]]]]


def make_population(
    *, problems: int = 12, samples: int = 8, runs: int = 3, title: str = "Run", set_title: str = "Evaluation set"
) -> tuple[ProblemSet, list[Run]]:
    """Runs of different strength on the same problems, some samples cut off, some attempts failed."""
    generator = random.Random(7)
    tasks_in = factories.make_problem_set(title=set_title)
    tasks = [factories.make_problem(problem_set=tasks_in) for _ in range(problems)]
    ease = {task.pk: generator.betavariate(0.8, 0.9) for task in tasks}
    made = []
    for number in range(runs):
        state = Run.State.FINISHED if number else Run.State.RUNNING
        sampler = factories.make_sampler(title=f"Model {number + 1}")
        start = timezone.now() - timedelta(minutes=30)
        run = factories.make_run(
            title=f"{title} {number + 1}",
            sampler=sampler,
            problem_set=tasks_in,
            state=state,
            started_at=start,
            plan={"samples_each": samples},
        )
        made.append(run)
        for task in tasks:
            for place in range(samples):
                _sample(
                    generator, run, task, ease[task.pk] ** (1 / (number + 1)), start + timedelta(seconds=90 * place)
                )
        for kind, count in (("timeout", 3), ("rate_limit", 1)):
            for _ in range(count):
                factories.make_attempt(run=run, problem=tasks[0], state="failed", error_kind=kind, error_message="No.")
    return tasks_in, made


def _sample(generator, run, task, chance, ended) -> Trace:
    drawn = generator.random()
    cut = drawn > 0.96
    right = not cut and generator.random() < chance
    answer = ANSWERS[0] if right else generator.choice(ANSWERS[1:])
    outcome = "unscored" if cut else "pass" if right else "fail"
    attempt = factories.make_attempt(run=run, problem=task, state="done", finished_at=ended)
    trace = factories.make_trace(
        run=run,
        problem=task,
        attempt=attempt,
        answer=None if cut else answer,
        correctness=outcome,
        finish_reason="length" if cut else "stop",
        output_tokens=round(generator.lognormvariate(6.5 + 0.3 * run.pk % 2, 0.8)),
        input_tokens=700,
        cost=f"{generator.lognormvariate(-5, 0.7):.6f}",
        latency_seconds=generator.lognormvariate(1, 0.5),
    )
    factories.make_verdict(trace=trace, outcome=outcome)
    factories.make_verdict(trace=trace, verifier="arc_train", outcome="pass" if right or drawn < 0.1 else "fail")
    return trace
