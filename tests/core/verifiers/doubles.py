"""An in-process stand-in for the sandbox, for programs written in the tests themselves."""

from collections.abc import Callable
from dataclasses import dataclass, field

from trajectories.core.programs.engines import CallResult, CallStatus, ProgramJob, ProgramRun, limit_facts
from trajectories.core.records import JSON, ProblemKind, ProblemRecord, TraceRecord
from trajectories.core.verifiers.expressions import ExpressionError, MathComparison


@dataclass
class ScriptedTools:
    """Answers every call with `respond(arguments)` and remembers the jobs."""

    respond: Callable[[JSON], CallResult]
    jobs: list[ProgramJob] = field(default_factory=list)
    score: float = 0.0
    comparison: MathComparison | None = None
    compared: list[tuple[str, str]] = field(default_factory=list)
    faithful: bool = True

    def run_program(self, job: ProgramJob) -> ProgramRun:
        self.jobs.append(job)
        calls = tuple(self.respond(arguments[0]) for arguments in job.calls)
        return ProgramRun(calls, engine="scripted 1", facts=limit_facts(job.limits), faithful=self.faithful)

    def score_answer(self, problem: ProblemRecord, answer: str) -> float:
        return self.score

    def compare_expressions(self, expected: str, found: str) -> MathComparison:
        self.compared.append((expected, found))
        if self.comparison is None:
            raise ExpressionError("comparing took longer than 5 s")
        return self.comparison


def returning(value: JSON) -> ScriptedTools:
    """Every call returns the same value."""
    return ScriptedTools(lambda _: CallResult(CallStatus.RETURNED, value=value))


def ending(status: CallStatus, message: str = "because") -> ScriptedTools:
    """Every call ends the same way, without a value."""
    return ScriptedTools(lambda _: CallResult(status, message=message))


FLIP = ScriptedTools(lambda grid: CallResult(CallStatus.RETURNED, value=[row[::-1] for row in grid]))
"""Runs a program that mirrors left to right."""


def flip_problem(reference: JSON = None) -> ProblemRecord:
    """An ARC task whose rule is mirroring left to right."""
    return ProblemRecord(
        kind=ProblemKind.ARC,
        name="flip",
        statement="",
        spec={
            "train": [
                {"input": [[1, 2], [3, 4]], "output": [[2, 1], [4, 3]]},
                {"input": [[5, 0, 0]], "output": [[0, 0, 5]]},
            ],
            "test": [{"input": [[7, 8]]}],
        },
        reference=[[[8, 7]]] if reference is None else reference,
        split="train",
    )


def trace(program: str = "def transform(grid): ...", answer: JSON = None, text: str = "") -> TraceRecord:
    return TraceRecord(answer=answer, program=program, text=text)
