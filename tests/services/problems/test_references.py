"""A problem whose reference answer its own verifier refuses is not imported."""

import pytest

from trajectories.adapters.procedural import is_installed, shared_source
from trajectories.core.problems.procedural import Draw, to_problem
from trajectories.core.records import ProblemKind, ProblemRecord
from trajectories.services.problems.references import reference_fault


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
    ],
)
def test_good_references_pass(problem):
    assert reference_fault(problem) == ""


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (
            question(ProblemKind.NUMERIC, "a number of them"),
            "found the text 'a number of them', which its own verifier refuses: "
            "nothing can be verified against the problem: the reference answer is no number and no expression",
        ),
        (
            question(ProblemKind.CHOICE, "Z", choices=["one", "two"]),
            "found the text 'Z', which its own verifier refuses: "
            "nothing can be verified against the problem: the reference answer is none of the choices",
        ),
    ],
)
def test_bad_references_say_why(problem, reason):
    assert reference_fault(problem) == reason


PROGRAM = "def double(n):\n    return 2 * n\n"
TESTS = [{"arguments": [2], "expected": 4}, {"arguments": [-1], "expected": -2}]


@pytest.mark.parametrize(
    "problem",
    [
        question(ProblemKind.ARC, [[[1]]], train=[{"input": [[1]], "output": [[1]]}], test=[{"input": [[2]]}]),
        question(ProblemKind.ARC, None, train=[{"input": [[1]], "output": [[1]]}], test=[{"input": [[2]]}]),
        question(ProblemKind.TEXT, "[a-z]+", match="regex", examples=["ab", "c"]),
        question(ProblemKind.TEXT, None, tests=TESTS, function="double"),
        question(ProblemKind.TEXT, PROGRAM, tests=TESTS, function="double"),
        question(ProblemKind.TEXT, "print(input()[::-1])", tests=[{"stdin": "ab", "stdout": "ba\n"}]),
    ],
)
def test_problems_that_something_can_be_verified_against_pass(problem):
    assert reference_fault(problem) == ""


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (
            question(
                ProblemKind.ARC, [[[1]], [[2]]], train=[{"input": [[1]], "output": [[1]]}], test=[{"input": [[2]]}]
            ),
            "found a list of 2 as test outputs, expected 1, one for each test input",
        ),
        (
            question(ProblemKind.ARC, [[[1], [2, 3]]], train=[{"input": [[1]], "output": [[1]]}], test=[]),
            "reference[0][1]: found 2 cells, expected 1 as in row 0",
        ),
        (question(ProblemKind.ARC, [[[1]]], train=[], test=[]), "train: found no pairs, expected at least one"),
        (question(ProblemKind.TEXT, "(", match="regex"), "the pattern '(' cannot be used: raised"),
        (question(ProblemKind.TEXT, "", match="regex"), "found the text '', expected a pattern that matches some text"),
        (
            question(ProblemKind.TEXT, "[a-z]+", match="regex", examples=["ab", "A1"]),
            "the pattern does not match the example 'A1', expected it to match the whole text",
        ),
        (
            question(ProblemKind.TEXT, "(a+)+$", match="regex", examples=["a" * 40 + "b"]),
            # An engine whose patterns take linear time gets to the end of it.
            "the pattern ",
        ),
        (
            question(ProblemKind.TEXT, "a", match="regex", examples=[1]),
            "examples: found a list of 1, expected a list of at most 100 texts",
        ),
        (question(ProblemKind.TEXT, None, tests=[]), "tests: expected a list of at least one test"),
        (question(ProblemKind.TEXT, None, tests=TESTS), "function: expected the name of the function to call"),
        (
            question(ProblemKind.TEXT, PROGRAM.replace("2", "3"), tests=TESTS, function="double"),
            "the reference program does not pass its tests: 0 of 2 tests passed; test 1: the value is wrong",
        ),
        (
            question(ProblemKind.TEXT, 7, tests=TESTS, function="double"),
            "found 7, expected the source of a program that passes the tests",
        ),
    ],
)
def test_problems_that_nothing_can_be_verified_against_say_why(problem, reason):
    assert reference_fault(problem).startswith(reason)


@pytest.mark.skipif(not is_installed(), reason="reasoning-gym is not installed (make procedural)")
def test_a_procedural_reference_is_scored_by_its_family():
    draw = Draw("chain_sum", {}, seed=1, size=1)
    made = next(shared_source().examples(draw))
    assert reference_fault(to_problem(made, draw, 0, split="train")) == ""
