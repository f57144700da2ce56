"""Answers to procedural problems: where they are found, and what their family's score makes of them."""

import pytest

from tests.core.verifiers.doubles import ScriptedTools, ending, trace
from trajectories.core.answers.finding import WHOLE_TEXT
from trajectories.core.problems.procedural import ProceduralError
from trajectories.core.programs import CallStatus
from trajectories.core.records import Outcome, ProblemKind, ProblemRecord
from trajectories.core.verifiers.procedural import ProceduralVerifier

SPEC = {"family": "sums", "config": {}, "seed": 1, "index": 0, "entry": {"metadata": {}}}
PROBLEM = ProblemRecord(ProblemKind.PROCEDURAL, "sums-1-0", "1 + 2 =", SPEC, "3", "train", "sums")
VERIFIER = ProceduralVerifier()


def scoring(score: float) -> ScriptedTools:
    tools = ending(CallStatus.RETURNED)
    tools.score = score
    return tools


@pytest.mark.parametrize(
    ("score", "outcome", "kept", "message"),
    [
        (1.0, Outcome.PASS, 1.0, "the answer is right"),
        (0.995, Outcome.PASS, 1.0, "the answer is right"),
        (0.5, Outcome.FAIL, 0.5, "the answer is wrong (partial credit 0.50)"),
        (0.0, Outcome.FAIL, 0.0, "the answer is wrong"),
        (-1.0, Outcome.FAIL, 0.0, "the answer is wrong"),
        (float("nan"), Outcome.ERROR, None, "the answer could not be scored: the score is no number"),
    ],
)
def test_the_score_decides(score, outcome, kept, message):
    verdict = VERIFIER.judge(PROBLEM, trace(text="<answer>3</answer>"), scoring(score))
    assert (verdict.outcome, verdict.score, verdict.message) == (outcome, kept, message)
    assert verdict.evidence["found"] == {"answer": "3", "rule": "tag", "rules": 2, "start": 8, "end": 9}
    assert verdict.evidence["expected"] == "3"


@pytest.mark.parametrize(
    ("answer", "text", "rule", "given"),
    [
        ("3", "", "stated", "3"),
        (3, "", "stated", "3"),
        (None, "so \\boxed{3}.", "boxed", "3"),
        (None, " 3\n", "whole text", "3"),
    ],
)
def test_answers_are_found(answer, text, rule, given):
    asked = []

    class Tools(ScriptedTools):
        def score_answer(self, problem, answer):
            asked.append(answer)
            return 1.0

    verdict = VERIFIER.judge(PROBLEM, trace(answer=answer, text=text), Tools(lambda _: None))
    assert (verdict.evidence["found"]["rule"], asked) == (rule, [given])


def test_a_long_text_without_an_answer_has_none():
    verdict = VERIFIER.judge(PROBLEM, trace(text="word " * WHOLE_TEXT), scoring(1.0))
    assert (verdict.outcome, verdict.message) == (Outcome.FAIL, "no answer found")


def test_what_cannot_be_scored_is_an_error_and_no_zero():
    class Tools(ScriptedTools):
        def score_answer(self, problem, answer):
            raise ProceduralError("took longer than 10 s")

    verdict = VERIFIER.judge(PROBLEM, trace(text="3"), Tools(lambda _: None))
    assert (verdict.outcome, verdict.score) == (Outcome.ERROR, None)
    assert verdict.message == "the answer could not be scored: took longer than 10 s"


def test_other_kinds_are_left_to_others():
    other = ProblemRecord(ProblemKind.NUMERIC, "n", "1 + 2 =", {}, "3", "train")
    assert not VERIFIER.applies_to(other, trace(text="3"))
    assert VERIFIER.applies_to(PROBLEM, trace(text="3"))
    assert not VERIFIER.applies_to(PROBLEM, trace(text=" "))
