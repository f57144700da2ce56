"""Verifiers with real programs in real engines."""

import pytest

from tests.core.verifiers.doubles import flip_problem, trace
from trajectories.core.programs import ProgramEngine, ProgramJob, ProgramRun
from trajectories.core.records import Outcome, ProblemKind, ProblemRecord
from trajectories.core.verifiers import VERIFIERS


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
    verdict = VERIFIERS["arc_train"].judge(flip_problem(), trace(program), EngineTools(engine))
    assert verdict.outcome is outcome, verdict.message
    assert verdict.engine == engine.name
    right_on_test = VERIFIERS["arc_test"].judge(flip_problem(), trace(program), EngineTools(engine))
    assert (right_on_test.outcome is Outcome.PASS) >= (outcome is Outcome.PASS)


def test_a_program_that_reads_and_prints_is_tested(bubblewrap: ProgramEngine) -> None:
    program = "import sys\nif __name__ == '__main__':\n    print('sum:', sum(map(int, sys.stdin)), '\U0001f600')\n"
    program += "    sys.exit()"
    tests = [{"stdin": "1\n2\n", "stdout": "sum: 3 \U0001f600"}, {"stdin": "", "stdout": "sum: 1 \U0001f600"}]
    problem = ProblemRecord(ProblemKind.TEXT, "sum", "", {"tests": tests}, None, "train")
    verdict = VERIFIERS["unit_tests"].judge(problem, trace(program), EngineTools(bubblewrap))
    assert (verdict.outcome, verdict.score) == (Outcome.FAIL, 0.5), verdict.evidence


@pytest.mark.parametrize(("text", "outcome"), [("Answer: aaa", Outcome.PASS), ("Answer: aab", Outcome.FAIL)])
def test_patterns_are_matched(engine: ProgramEngine, text: str, outcome: Outcome) -> None:
    problem = ProblemRecord(ProblemKind.TEXT, "as", "", {"match": "regex"}, "(a+)+", "train")
    assert VERIFIERS["regex"].judge(problem, trace("", text=text), EngineTools(engine)).outcome is outcome
