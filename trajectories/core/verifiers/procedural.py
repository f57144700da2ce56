"""Is the answer to a procedural problem right? The family that made the problem scores it, with partial credit."""

import json
import math

from trajectories.core.problems.procedural import ProceduralError
from trajectories.core.records import Outcome, ProblemKind, ProblemRecord, TraceRecord, VerdictRecord
from trajectories.core.verifiers.answer_common import bad_problem, engine_fault, has_answer_text, no_answer
from trajectories.core.verifiers.answers import find_answer
from trajectories.core.verifiers.base import Tools

RIGHT = 0.99
"""Scores from here on are right; some families take off a little for the form of an answer."""


class ProceduralVerifier:
    """Asks the family's own scorer (reasoning-gym: Stojanovski et al. 2025, arXiv 2505.24760)."""

    name = "procedural"
    version = 2  # 1 looked into thoughts too
    title = "Answer right by its family"

    def applies_to(self, problem: ProblemRecord, trace: TraceRecord) -> bool:
        """Procedural problems, traces with any text."""
        return problem.kind is ProblemKind.PROCEDURAL and has_answer_text(trace)

    def judge(self, problem: ProblemRecord, trace: TraceRecord, tools: Tools) -> VerdictRecord:
        """Find the answer, and let it be scored."""
        if not isinstance(problem.spec.get("family"), str) or not isinstance(problem.spec.get("entry"), dict):
            return bad_problem(self, "its spec holds no family and entry")
        found = find_answer(problem, trace)
        if found is None:
            return no_answer(self)
        answer = found.value if isinstance(found.value, str) else json.dumps(found.value)
        evidence = {"found": found.as_evidence(), "expected": problem.reference}
        try:
            score = tools.score_answer(problem, answer)
        except ProceduralError as fault:
            return engine_fault(self, f"the answer could not be scored: {fault}", evidence)
        if not math.isfinite(score):
            return engine_fault(self, "the answer could not be scored: the score is no number", evidence)
        if score >= RIGHT:
            return VerdictRecord(self.name, self.version, Outcome.PASS, "the answer is right", 1.0, evidence)
        score = max(0.0, score)
        message = f"the answer is wrong (partial credit {score:.2f})" if score else "the answer is wrong"
        return VerdictRecord(self.name, self.version, Outcome.FAIL, message, score, evidence)
