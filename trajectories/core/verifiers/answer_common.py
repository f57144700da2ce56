"""What the verifiers of final answers share: how a verdict on one answer is put together."""

from collections.abc import Mapping
from dataclasses import replace

from trajectories.core.answers import RULE_SET
from trajectories.core.records import JSON, Outcome, ProblemKind, ProblemRecord, TraceRecord, VerdictRecord
from trajectories.core.verifiers.answer_evidence import AnswerEvidence
from trajectories.core.verifiers.answers import FoundAnswer
from trajectories.core.verifiers.base import Verifier


def text_match(problem: ProblemRecord) -> str:
    """How a text problem's answer is matched: spec "match", else normalised text; "" for other kinds."""
    if problem.kind is not ProblemKind.TEXT or "tests" in problem.spec:
        return ""
    return str(problem.spec.get("match", "normalised"))


def has_answer_text(trace: TraceRecord) -> bool:
    """Whether there is anything an answer could be found in."""
    return trace.answer is not None or bool(trace.text.strip())


def no_reference(verifier: Verifier) -> VerdictRecord:
    """There is nothing to verify against."""
    return _record(verifier, Outcome.UNSCORED, "the problem has no reference answer", None, {})


def bad_problem(verifier: Verifier, message: str) -> VerdictRecord:
    """Nothing can be verified against the problem itself."""
    return _record(verifier, Outcome.ERROR, f"nothing can be verified against the problem: {message}", None, {})


def engine_fault(verifier: Verifier, message: str, evidence: Mapping[str, JSON]) -> VerdictRecord:
    """What verifying needed did not run."""
    return _record(verifier, Outcome.ERROR, message, None, evidence)


def no_answer(verifier: Verifier) -> VerdictRecord:
    """The trace states no answer: wrong, with evidence of its own."""
    evidence = AnswerEvidence(is_missing=True, rules=RULE_SET)
    return _record(verifier, Outcome.FAIL, "no answer found", 0.0, evidence.to_json())


def answer_evidence(found: FoundAnswer, expected: JSON) -> AnswerEvidence:
    """What a verdict keeps of an answer that was found, and of what it was compared with."""
    return AnswerEvidence(found.as_evidence(), expected=expected)


def read_answer_evidence(found: FoundAnswer, expected: JSON, read_as: str | None) -> AnswerEvidence:
    """The same, with what the answer was understood as; None where it could not be."""
    return replace(answer_evidence(found, expected), read_as=read_as, tells_reading=True)


def answer_verdict(verifier: Verifier, evidence: AnswerEvidence, *, right: bool, message: str) -> VerdictRecord:
    """Pass or fail for an answer that was found."""
    outcome = Outcome.PASS if right else Outcome.FAIL
    return _record(verifier, outcome, message, float(right), evidence.to_json())


def _record(
    verifier: Verifier, outcome: Outcome, message: str, score: float | None, evidence: Mapping[str, JSON]
) -> VerdictRecord:
    return VerdictRecord(verifier.name, verifier.version, outcome, message, score=score, evidence=evidence)
