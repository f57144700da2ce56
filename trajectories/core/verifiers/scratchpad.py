"""Is every step of a scratchpad right? A second verdict beside that on the answer: an answer can be right by wrong
steps, which filtering by answers alone lets through (STaR: Zelikman et al. 2022, arXiv 2203.14465, section 5)."""

from dataclasses import replace

from trajectories.core.problems.arithmetic import Examined, examine, sum_of
from trajectories.core.records import JSON, Outcome, ProblemRecord, TraceRecord, VerdictRecord
from trajectories.core.verifiers.answer_common import bad_problem
from trajectories.core.verifiers.answer_evidence import ScratchpadEvidence
from trajectories.core.verifiers.base import Tools

NAME = "scratchpad"
STEP_VERIFIERS = (NAME,)
"""Verifiers of steps: a fail of theirs on a trace with a right answer is a right answer by wrong steps."""

MOST_SHOWN = 100


class ScratchpadVerifier:
    """Compares each line of the last scratchpad of a trace with the one that follows from the line before it."""

    name = NAME
    version = 1
    title = "Steps of the scratchpad"
    decides = False
    takes_reference = False

    def applies_to(self, problem: ProblemRecord, trace: TraceRecord) -> bool:
        """Problems that are worked on a scratchpad, traces with a text."""
        return "scratchpad" in problem.spec and bool(trace.text.strip())

    def verify(self, problem: ProblemRecord, trace: TraceRecord, tools: Tools) -> VerdictRecord:  # noqa: ARG002
        """Examine every line. A trace without a scratchpad has no steps that could be right or wrong."""
        numbers = sum_of(problem.spec)
        if numbers is None:
            return bad_problem(self, "its spec holds no two numbers of as many digits")
        found = examine(numbers, trace.text)
        if found is None:
            return self._record(Outcome.UNSCORED, "the trace has no scratchpad", None, {})
        evidence = ScratchpadEvidence(found.right, len(found.lines), found.first_wrong)
        if found.first_wrong is None:
            return self._record(Outcome.PASS, f"all {len(found.lines)} steps are right", 1.0, evidence.to_json())
        line = found.lines[found.first_wrong]
        evidence = replace(
            evidence,
            found_step=line.said[:MOST_SHOWN],
            expected_step=line.expected,
            start=line.start,
            end=line.end,
        )
        return self._record(Outcome.FAIL, _fault(found), found.right / len(found.lines), evidence.to_json())

    def _record(self, outcome: Outcome, message: str, score: float | None, evidence: dict[str, JSON]) -> VerdictRecord:
        return VerdictRecord(self.name, self.version, outcome, message, score, evidence)


def _fault(found: Examined) -> str:
    assert found.first_wrong is not None
    line = found.lines[found.first_wrong]
    said = f"found “{line.said[:MOST_SHOWN]}”" if line.said else "it is missing"
    expected = f", expected “{line.expected}”" if line.expected else ", expected no more steps"
    return f"step {found.first_wrong + 1} of {len(found.lines)} is wrong: {said}{expected}"
