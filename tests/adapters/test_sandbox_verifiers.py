"""Verifiers with real programs in real engines."""

import json

import pytest

from tests.core.verifiers.doubles import ScriptedTools, flip_problem, trace
from trajectories.core.programs.engines import CallResult, CallStatus, ProgramEngine, ProgramJob, ProgramRun
from trajectories.core.records import Outcome, ProblemKind, ProblemRecord
from trajectories.core.verifiers import VERIFIERS, applicable_verifiers
from trajectories.core.verifiers.reference_checks import find_reference_fault


class EngineTools:
    """Lends a verifier an engine and nothing else."""

    def __init__(self, engine: ProgramEngine) -> None:
        self._engine = engine

    def run_program(self, job: ProgramJob) -> ProgramRun:
        return self._engine.run(job)


@pytest.mark.parametrize(
    ("program", "outcome"),
    [
        ("def transform(grid):\n    return [row[::-1] for row in grid]", Outcome.PASS),
        ("def transform(grid):\n    for row in grid: row.reverse()\n    return grid", Outcome.PASS),
        ("def transform(grid):\n    return grid", Outcome.FAIL),
        ("def transform(grid):\n    return [row[::-1] for row in grid][:1]", Outcome.FAIL),
        ("def transform(grid):\n    return 'right'", Outcome.FAIL),
        ("def transform(grid):\n    raise ValueError", Outcome.FAIL),
        ("def transform(grid):\n    return [[float(cell) for cell in row[::-1]] for row in grid]", Outcome.FAIL),
        ("def transform(grid):\n    grid.clear()\n    return grid", Outcome.FAIL),
        ("not python at all", Outcome.FAIL),
        ("import torch\ndef transform(grid):\n    return grid", Outcome.ERROR),
    ],
)
def test_verdicts_on_training_pairs(engine: ProgramEngine, program: str, outcome: Outcome) -> None:
    verdict = VERIFIERS["arc_train"].verify(flip_problem(), trace(program), EngineTools(engine))
    if outcome is Outcome.FAIL and engine.name.startswith("monty"):
        outcome = Outcome.UNSCORED
        assert f"{engine.name} is not Python in every respect, so this is no fail" in verdict.message
    assert verdict.outcome is outcome, verdict.message
    assert (verdict.score is None) == (outcome not in (Outcome.PASS, Outcome.FAIL))
    assert verdict.engine == engine.name
    right_on_test = VERIFIERS["arc_test"].verify(flip_problem(), trace(program), EngineTools(engine))
    assert (right_on_test.outcome is Outcome.PASS) >= (outcome is Outcome.PASS)


def test_a_program_that_reads_and_prints_is_tested(bubblewrap: ProgramEngine) -> None:
    program = "import sys\nif __name__ == '__main__':\n    print('sum:', sum(map(int, sys.stdin)), '\U0001f600')\n"
    program += "    sys.exit()"
    tests = [{"stdin": "1\n2\n", "stdout": "sum: 3 \U0001f600"}, {"stdin": "", "stdout": "sum: 1 \U0001f600"}]
    problem = ProblemRecord(ProblemKind.TEXT, "sum", "", {"tests": tests}, None, "train")
    verdict = VERIFIERS["unit_tests"].verify(problem, trace(program), EngineTools(bubblewrap))
    assert (verdict.outcome, verdict.score) == (Outcome.FAIL, 0.5), verdict.evidence


@pytest.mark.parametrize(("text", "outcome"), [("Answer: aaa", Outcome.PASS), ("Answer: aab", Outcome.FAIL)])
def test_patterns_are_matched(engine: ProgramEngine, text: str, outcome: Outcome) -> None:
    problem = ProblemRecord(ProblemKind.TEXT, "as", "", {"match": "regex"}, "(a+)+", "train")
    if outcome is Outcome.FAIL and engine.name.startswith("monty"):
        outcome = Outcome.UNSCORED
    assert VERIFIERS["regex"].verify(problem, trace("", text=text), EngineTools(engine)).outcome is outcome


DIFFERENT = {
    "any stops early": (
        "def look(cell, seen):\n    seen.append(cell)\n    return cell\n\ndef transform(grid):\n    seen = []\n"
        "    any(look(cell, seen) for row in grid for cell in row)\n"
        "    return [row[::-1] for row in grid] if len(seen) == 1 else grid"
    ),
    "next of a map stops early": (
        "def transform(grid):\n    first = next(map(lambda n: 1 // n, [1, 0]))\n    return [row[::-1] for row in grid]"
    ),
    "str.maketrans": "def transform(grid):\n    str.maketrans('ab', 'xy')\n    return [row[::-1] for row in grid]",
    "order of sets": (
        "def transform(grid):\n    return [row[::-1] for row in grid] if list({3, 1, 2}) == [1, 2, 3] else grid"
    ),
    "iterators used again": (
        "def transform(grid):\n    rows = map(lambda row: row[::-1], grid)\n    return list(rows) + list(rows)"
    ),
}
"""Right programs, by Python, that monty gives other values for, or exceptions."""


@pytest.mark.parametrize("program", DIFFERENT.values(), ids=DIFFERENT)
def test_what_an_engine_does_in_its_own_way_fails_no_program(engine: ProgramEngine, program: str) -> None:
    verdict = VERIFIERS["arc_train"].verify(flip_problem(), trace(program), EngineTools(engine))
    expected = Outcome.PASS if engine.name.startswith("bubblewrap") else Outcome.UNSCORED
    assert verdict.outcome is expected, verdict.message
    assert verdict.evidence.get("faithful", True) is (expected is Outcome.PASS)


def test_a_reference_program_is_refused_only_where_the_engine_cannot_be_to_blame(engine: ProgramEngine) -> None:
    tests = [{"arguments": [[2, 1]], "expected": [1, 2]}]
    program = "def order(numbers):\n    return numbers"
    problem = ProblemRecord(ProblemKind.TEXT, "order", "", {"tests": tests, "function": "order"}, program, "train")
    fault = find_reference_fault(problem, EngineTools(engine))
    assert ("does not pass its tests" in fault) is engine.name.startswith("bubblewrap")


def test_an_example_of_a_pattern_is_refused_only_where_the_engine_cannot_be_to_blame(engine: ProgramEngine) -> None:
    spec = {"match": "regex", "examples": ["aab"]}
    fault = find_reference_fault(ProblemRecord(ProblemKind.TEXT, "as", "", spec, "a+", "train"), EngineTools(engine))
    assert ("does not match the example" in fault) is engine.name.startswith("bubblewrap")


@pytest.mark.parametrize("program", ["def transform(grid):\n    return grid", "def f(x): return x"])
def test_nothing_that_is_expected_is_sent_to_the_sandbox(program: str) -> None:
    """Jobs hold the program and its inputs. What is expected is compared in the application."""
    arc = ProblemRecord(
        ProblemKind.ARC,
        "secret",
        "",
        {"train": [{"input": [[1]], "output": [[7, 7, 7]]}], "test": [{"input": [[2]], "output": [[7, 7, 7]]}]},
        [[[7, 7, 7]]],
        "train",
    )
    calls = {"tests": [{"arguments": [1], "expected": [7, 7, 7]}], "function": "f"}
    prints = {"tests": [{"stdin": "1", "stdout": "[7, 7, 7]"}]}
    tools = ScriptedTools(lambda _: CallResult(CallStatus.RETURNED, value=0))
    for problem in (arc, *(ProblemRecord(ProblemKind.TEXT, "t", "", spec, "", "train") for spec in (calls, prints))):
        for verifier in applicable_verifiers(problem, trace(program)):
            assert verifier.verify(problem, trace(program), tools).outcome is not Outcome.ERROR
    assert len(tools.jobs) == 4
    assert not any("7, 7, 7" in job.source or "7, 7, 7" in json.dumps(job.calls) for job in tools.jobs)
