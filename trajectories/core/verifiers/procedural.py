"""Is the answer to a procedural problem right? The family that made the problem scores it, with partial credit."""

import json
import math
from collections.abc import Mapping

from trajectories.core.problems.plain_answers import is_plain_answer
from trajectories.core.problems.procedural import ProceduralError, UnscoredError
from trajectories.core.problems.procedural_families import ScorerTrust, scoring_of
from trajectories.core.records import JSON, Outcome, ProblemKind, ProblemRecord, TraceRecord, VerdictRecord
from trajectories.core.verifiers.answer_common import (
    answer_evidence,
    bad_problem,
    engine_fault,
    has_answer_text,
    no_answer,
)
from trajectories.core.verifiers.answers import find_answer
from trajectories.core.verifiers.base import Tools

RIGHT = 1.0 - 1e-9
"""Scores from here on are right: a family may give 0.99 for an answer with a wrong cell."""


class ProceduralVerifier:
    """Asks the family's own scorer (reasoning-gym: Stojanovski et al. 2025, arXiv 2505.24760) where it is trusted."""

    name = "procedural"
    version = 2  # 1 looked into thoughts too, and passed 0.99
    title = "Answer by its family"
    decides = True
    takes_reference = True

    def applies_to(self, problem: ProblemRecord, trace: TraceRecord) -> bool:
        """Procedural problems, traces with any text."""
        return problem.kind is ProblemKind.PROCEDURAL and has_answer_text(trace)

    def verify(self, problem: ProblemRecord, trace: TraceRecord, tools: Tools) -> VerdictRecord:
        """Find the answer, and let it be scored."""
        family = problem.spec.get("family")
        if not isinstance(family, str) or not isinstance(problem.spec.get("entry"), dict):
            return bad_problem(self, "its spec holds no family and entry")
        scoring = scoring_of(family)
        if scoring.unverified:
            return self._unscored(scoring.unverified, {})
        found = find_answer(problem, trace)
        if found is None:
            return no_answer(self)
        answer = found.value if isinstance(found.value, str) else json.dumps(found.value)
        evidence = answer_evidence(found, problem.reference).to_json()
        try:
            score = tools.score_answer(problem, answer)
        except UnscoredError as fault:
            return self._unscored(str(fault), evidence)
        except ProceduralError as fault:
            return engine_fault(self, f"the answer could not be scored: {fault}", evidence)
        if not math.isfinite(score):
            return engine_fault(self, "the answer could not be scored: the score is no number", evidence)
        if score >= RIGHT:
            return self._passed(doubt(scoring, problem.reference, answer), evidence)
        if scoring.code is not None and not _is_credible(scoring, problem.reference, answer):
            # It may have written its own score: no credit is due, and none is needed to call it wrong.
            score = 0.0
        score = max(0.0, score)
        message = f"the answer is wrong (partial credit {score:.2f})" if score else "the answer is wrong"
        return VerdictRecord(self.name, self.version, Outcome.FAIL, message, score, evidence)

    def _passed(self, doubts: str, evidence: Mapping[str, JSON]) -> VerdictRecord:
        if doubts:
            return self._unscored(doubts, evidence)
        return VerdictRecord(self.name, self.version, Outcome.PASS, "the answer is right", 1.0, evidence)

    def _unscored(self, message: str, evidence: Mapping[str, JSON]) -> VerdictRecord:
        return VerdictRecord(self.name, self.version, Outcome.UNSCORED, message, None, evidence)


def doubt(scoring: ScorerTrust, reference: JSON, answer: str) -> str:
    """Why an answer that its family's scorer calls right does not count as right; "" where it does."""
    if scoring.loose and not _is_reference(reference, answer):
        return "its scorer also takes more than the answer for right, and this is not the reference word for word"
    if scoring.code is not None and not _is_credible(scoring, reference, answer):
        return "its scorer evaluates the answer, and this is more than a plain answer: it may have passed itself"
    return ""


def _is_credible(scoring: ScorerTrust, reference: JSON, answer: str) -> bool:
    """Whether evaluating the answer can do nothing but give its value, or nothing needs to be evaluated."""
    return scoring.code is None or is_plain_answer(scoring.code, answer) or _is_reference(reference, answer)


def _is_reference(reference: JSON, answer: str) -> bool:
    """Whether an answer is the reference, whatever their case and spaces and whatever stands around it."""
    return isinstance(reference, str) and _plain_words(reference) == _plain_words(answer)


def _plain_words(text: str) -> str:
    return " ".join(text.split()).strip(" .$`").casefold()
