"""Traces, rubrics and jobs for tests of model judges."""

from typing import Any

from tests import factories
from trajectories.core.selections import Selection
from trajectories.models import JudgeJob, Rubric, Trace
from trajectories.services.endpoints.calls import CallBudget
from trajectories.services.judging.jobs import JudgePlan, plan_judge_job
from trajectories.services.prompts.rubrics import ensure_shipped_rubrics
from trajectories.stand_ins.fake_endpoint import Answer, FakeEndpoint, Judge, canned


def fair_merit(text: str) -> float:
    """Work that says it is right is good."""
    return 1.0 if "right" in text else 0.0


def judging_endpoint(*arguments: Any, **options: Any) -> FakeEndpoint:
    """An endpoint that judges by what a work says of itself; `bias` as in stand_ins.fake_endpoint.judges."""
    bias = options.pop("bias", 0.0)
    return FakeEndpoint(*arguments, answerer=Judge(canned(), merit=fair_merit, bias=bias), **options)


def saying(*texts: str) -> FakeEndpoint:
    """An endpoint that says these texts in turn, the last one for ever."""
    left = list(texts)

    def answer(_prompt: str, _asked: int) -> Answer:
        return Answer(left.pop(0) if len(left) > 1 else left[0])

    return FakeEndpoint(answerer=answer)


def rubric(name: str = "correctness") -> Rubric:
    """A shipped rubric."""
    ensure_shipped_rubrics()
    return Rubric.objects.get(name=name)


def works(*texts: str, **values: Any) -> list[Trace]:
    """A trace of one problem for each text; its answer is its own."""
    problem = values.pop("problem", None) or factories.make_problem(
        kind="numeric", statement="What is 2 + 2?", spec={}, reference="4"
    )
    return [
        factories.make_trace(problem=problem, run=None, reasoning=text, answer=str(number), program="", **values)
        for number, text in enumerate(texts)
    ]


def job_over(traces: list[Trace], sampler: Any, budget: CallBudget | None = None, **values: Any) -> JudgeJob:
    """A planned job over the traces of their problem."""
    fields = {
        "scope": Selection(problem=traces[0].problem_id),
        "sampler": sampler,
        "rubric": values.pop("rubric", None) or rubric(),
        "form": "grade",
        **values,
    }
    return plan_judge_job(actor=None, plan=JudgePlan(**fields), budget=budget or CallBudget())
