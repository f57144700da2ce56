"""Samples that were not finished are outcomes of their own, never wrong answers (FrontierCS#161, ailang#619).

A text that was cut off, refused, filtered or never came states no answer because something stopped it. Counting it as
wrong would measure the limit of tokens, not the model.
"""

from collections.abc import Mapping
from dataclasses import replace

from trajectories.core.records import FinishReason, Outcome, TraceRecord, VerdictRecord
from trajectories.core.verifiers.answer_evidence import AnswerEvidence

UNFINISHED: Mapping[str, str] = {
    FinishReason.LENGTH: "cut off before it gave an answer",
    FinishReason.REFUSAL: "refused to answer",
    FinishReason.FILTER: "stopped by a content filter before it gave an answer",
    FinishReason.EMPTY: "ended without a text",
    FinishReason.STEP: "a step of a text, which is not at its end",
}
"""What is said of a sample without an answer, by the reason it ended."""


def leave_open(verdict: VerdictRecord, trace: TraceRecord) -> VerdictRecord:
    """The verdict; one that is a fail only because a sample that was not finished states no answer is unscored.

    An answer that was found, or a program that ran, is verified however the sample ended.
    """
    why = UNFINISHED.get(trace.finish_reason)
    if why is None or verdict.outcome is not Outcome.FAIL or trace.program.strip():
        return verdict
    if not AnswerEvidence.from_json(verdict.evidence).is_missing:
        return verdict
    return replace(verdict, outcome=Outcome.UNSCORED, score=None, message=f"{why}: not counted as wrong")
