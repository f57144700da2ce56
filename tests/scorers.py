"""Traces of which the text tells whether they are right, and scorers of them."""

from typing import Any

from django.contrib.auth.models import User

from tests import factories
from trajectories.core.selections import Selection
from trajectories.models import ProblemSet, Scorer, Trace
from trajectories.services.scorers.planning import start_scorer
from trajectories.services.scorers.training import train_scorer_next

STEP = {"kind": "text", "title": "Step", "body": "", "depth": 0, "data": {}}


def make_works(problems: int = 12, each: int = 6, **values: Any) -> ProblemSet:
    """Numeric problems with as many right as wrong traces, by turns; right ones say so and have more steps."""
    problem_set, run = factories.make_problem_set(), factories.make_run()
    for _ in range(problems):
        problem = factories.make_problem(kind="numeric", spec={}, reference="4", problem_set=problem_set)
        for number in range(each):
            add_work(problem, run, right=number % 2 == 0, number=number, **values)
    return problem_set


def add_work(problem: Any, run: Any, *, right: bool, number: int = 0, **values: Any) -> Trace:
    """One such trace."""
    bodies = [f"therefore {number}", "checked", "four"] if right else [f"perhaps {number}"]
    return factories.make_trace(
        problem=problem, run=run, program="", answer="4" if right else "5",
        reasoning=f"{'therefore four, as checked' if right else 'perhaps five'} in attempt {number}",
        steps=[STEP | {"body": body} for body in bodies], output_tokens=100 + 10 * number,
        correctness="pass" if right else "fail", **values,
    )  # fmt: skip


def label_steps(problem_set: ProblemSet) -> None:
    """Reviews that call every step of a right trace good, and the only one of a wrong trace bad."""
    person = User.objects.get_or_create(username="labels")[0]
    for trace in Trace.objects.filter(problem__problem_set=problem_set):
        labels = {str(index): "good" if trace.correctness == "pass" else "bad" for index in range(len(trace.steps))}
        factories.make_review(trace=trace, reviewer=person, step_labels=labels)


def ask_for(problem_set: ProblemSet, **values: Any) -> Scorer:
    """A queued scorer of the traces of a set."""
    given = {"by": None, "name": "told", "scope": Selection(problem_set=problem_set.pk)}
    return start_scorer(**(given | values))


def train(problem_set: ProblemSet, **values: Any) -> Scorer:
    """A trained scorer."""
    scorer = ask_for(problem_set, **values)
    train_scorer_next(job_id=scorer.pk)
    scorer.refresh_from_db()
    return scorer
