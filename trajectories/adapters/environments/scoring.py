"""Scoring what a model says to a problem of a release with the verifiers of the release: no database, no
Django. This module is part of every package made of a release."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from trajectories.adapters.environments.programs import LimitedEngine
from trajectories.adapters.expressions import shared_comparer
from trajectories.adapters.procedural.scorer import shared_scorer
from trajectories.core.completions.parts import NOWHERE, completion_of
from trajectories.core.completions.thoughts import PartKind
from trajectories.core.identity import canonical_json
from trajectories.core.problems.kinds import is_grids, public_problem
from trajectories.core.programs.engines import ProgramJob, ProgramRun
from trajectories.core.prompts import read_answer, render_messages
from trajectories.core.prompts.shipped import CHAIN_TEMPLATE
from trajectories.core.records import (
    FinishReason,
    InstructionRecord,
    Outcome,
    ProblemKind,
    ProblemRecord,
    PublicProblem,
    TraceRecord,
    VerdictRecord,
)
from trajectories.core.text.storable import storable_text
from trajectories.core.verifiers import applicable_verifiers
from trajectories.core.verifiers.base import Tools
from trajectories.core.verifiers.deciding import decisive_verdict
from trajectories.core.verifiers.expressions import MathComparison
from trajectories.core.verifiers.unfinished import leave_open

ARC_STYLES = {"program": ("digits-sizes", "program"), "grids": ("digits", "chain-of-thought")}
"""How an ARC task may be answered, and the view and style of the prompt that asks for it."""


class ScoringError(Exception):
    """What a model said could not be scored, for no fault of its own; the message says why."""


@dataclass(frozen=True, slots=True)
class Scored:
    """What an answer is worth: 1.0 or 0.0, why, and all that the verifiers found."""

    reward: float
    message: str
    verdicts: tuple[VerdictRecord, ...]


def read_problem(row: Mapping[str, Any]) -> ProblemRecord:
    """A problem as it stands in the package's file."""
    return ProblemRecord(
        kind=ProblemKind(row["kind"]),
        name=row["name"],
        statement=row["statement"],
        spec=row["spec"],
        reference=row["reference"],
        split=row["split"],
        family=row["family"],
        difficulty=row["difficulty"],
    )


def prompt_of(problem: ProblemRecord, problem_hash: str, *, arc_style: str = "program") -> list[dict[str, str]]:
    """The messages that ask a problem: made of the problem alone, so that nothing in them gives the answer away."""
    view, style = ARC_STYLES[arc_style] if is_grids(problem.kind) else ("digits", "chain-of-thought")
    instruction = InstructionRecord("environment", 1, view, style, CHAIN_TEMPLATE)
    messages = render_messages(instruction, _public(problem, problem_hash))
    return [{"role": str(message["role"]), "content": str(message["content"])} for message in messages]


def score_reply(
    problem: ProblemRecord,
    problem_hash: str,
    said: str,
    *,
    thoughts: str = "",
    finish_reason: str = FinishReason.STOP,
    tools: Tools | None = None,
) -> Scored:
    """Score a model's last message: 1.0 for a right answer, 0.0 for a wrong one or none. `tools` run programs, by
    themselves in children with limits.

    Raises ScoringError where that cannot be said: an engine that failed, a text that was cut off before its answer, or
    a problem without a reference answer. An error is never a zero.
    """
    completion = completion_of(storable_text(said), storable_text(thoughts))
    read = read_answer(_public(problem, problem_hash), completion.content)
    given = [part for part in completion.parts if part.kind is PartKind.CONTENT and part.start != NOWHERE]
    trace = TraceRecord(
        answer=read.answer,
        program=read.program,
        text=completion.text,
        span=read.span,
        searched=True,
        finish_reason=finish_reason,
        content=tuple((part.start, part.end) for part in given),
    )
    with_tools = _Tools() if tools is None else tools
    verdicts = tuple(
        leave_open(verifier.verify(problem, trace, with_tools), trace)
        for verifier in applicable_verifiers(problem, trace)
    )
    decisive = decisive_verdict(verdicts)
    if decisive is None or decisive.outcome not in (Outcome.PASS, Outcome.FAIL):
        raise ScoringError("no verifier fits this problem" if decisive is None else decisive.message)
    return Scored(float(decisive.outcome is Outcome.PASS), decisive.message, verdicts)


def _public(problem: ProblemRecord, problem_hash: str) -> PublicProblem:
    """The problem without what gives its answer away."""
    return public_problem(problem.kind, problem.name, problem.statement, problem.spec, problem_hash)


class _Tools:
    """What the verifiers of one reply share: equal programs run once."""

    def __init__(self) -> None:
        self._runs: dict[Hashable, ProgramRun] = {}
        self._engine = LimitedEngine()

    def run_program(self, job: ProgramJob) -> ProgramRun:
        """Run in a child process with limits, or hand out the run of an equal job."""
        key = job.source, job.function, job.limits, canonical_json(job.calls)
        if key not in self._runs:
            self._runs[key] = self._engine.run(job)
        return self._runs[key]

    def score_answer(self, problem: ProblemRecord, answer: str) -> float:
        """Ask the family of a procedural problem: inside bubblewrap where that isolates. Raises ProceduralError."""
        return shared_scorer("auto").score(problem, answer)

    def compare_expressions(self, expected: str, found: str) -> MathComparison:
        """Compare two LaTeX expressions in a child process with limits. Raises ExpressionError."""
        return shared_comparer("monty").compare(expected, found)
