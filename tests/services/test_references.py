"""A problem whose reference answer its own verifier refuses is not imported."""

import pytest

from trajectories.adapters.procedural import is_installed, shared_source
from trajectories.core.problems.procedural import Draw, to_problem
from trajectories.core.records import ProblemKind, ProblemRecord
from trajectories.services.references import reference_fault


def question(kind: ProblemKind, reference, **spec) -> ProblemRecord:
    return ProblemRecord(kind, "q", "What?", spec, reference, "train")


@pytest.mark.parametrize(
    "problem",
    [
        question(ProblemKind.NUMERIC, "1,234.5"),
        question(ProblemKind.NUMERIC, "3/4"),
        question(ProblemKind.NUMERIC, "$12$"),
        question(ProblemKind.NUMERIC, None),
        question(ProblemKind.NUMERIC, r"\frac{\sqrt{3}}{2}"),
        question(ProblemKind.CHOICE, "B", choices=["A", "C"]),
        question(ProblemKind.TEXT, "Paris"),
        question(ProblemKind.TEXT, "[a-z]+", match="regex"),
        question(ProblemKind.TEXT, {"a": [1]}, match="json"),
        question(ProblemKind.ARC, [[[1]]], train=[], test=[]),
    ],
)
def test_good_references_pass(problem):
    assert reference_fault(problem) == ""


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (
            question(ProblemKind.NUMERIC, "about twelve or so"),
            "found the text 'about twelve or so', which its own verifier refuses: "
            "the problem cannot be judged by: the reference answer is no number and no expression",
        ),
        (
            question(ProblemKind.CHOICE, "Z", choices=["one", "two"]),
            "found the text 'Z', which its own verifier refuses: "
            "the problem cannot be judged by: the reference answer is none of the choices",
        ),
    ],
)
def test_bad_references_say_why(problem, reason):
    assert reference_fault(problem) == reason


@pytest.mark.skipif(not is_installed(), reason="reasoning-gym is not installed (make procedural)")
def test_a_procedural_reference_is_scored_by_its_family():
    draw = Draw("chain_sum", {}, seed=1, size=1)
    made = next(shared_source().examples(draw))
    assert reference_fault(to_problem(made, draw, 0, split="train")) == ""
