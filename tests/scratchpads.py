"""A trace whose answer is right by wrong steps."""

from typing import Any

from tests import factories
from trajectories.core.problems.arithmetic import Sum, scratchpad
from trajectories.core.prompts.steps import parse_steps
from trajectories.models import Trace


def scratchpad_trace(**values: Any) -> Trace:
    """624 + 259 with the right answer and a wrong third line, and the verdicts on it."""
    text = scratchpad(Sum(624, 259)).replace("6 + 2 , 8 3 C: 0", "6 + 2 , 9 3 C: 0")
    problem = factories.make_problem(
        kind="numeric", statement="What is 624 + 259?", spec={"scratchpad": "addition", "numbers": [624, 259]},
        reference="883",
    )  # fmt: skip
    steps = [
        {"kind": step.kind.value, "title": step.title, "body": step.body, "depth": 0, "data": {}}
        for step in parse_steps(text)
    ]
    trace = factories.make_trace(
        problem=problem, reasoning=text, program="", answer=None, steps=steps, correctness="pass", **values
    )
    start = text.index("6 + 2 , 9 3")
    factories.make_verdict(
        trace=trace, verifier="scratchpad", outcome="fail", score=0.4, message="step 3 of 5 is wrong",
        evidence={"first_wrong": 2, "steps": 5, "start": start, "end": start + 16},
    )  # fmt: skip
    return trace
