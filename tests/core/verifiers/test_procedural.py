"""Answers to procedural problems: where they are found, and what their family's score makes of them."""

import pytest

from tests.core.verifiers.doubles import ScriptedTools, ending, trace
from trajectories.core.answers import RULE_SET
from trajectories.core.answers.text_answers import WHOLE_TEXT
from trajectories.core.problems.procedural import ProceduralError, UnscoredError
from trajectories.core.programs.engines import CallStatus
from trajectories.core.records import Outcome, ProblemKind, ProblemRecord
from trajectories.core.verifiers.procedural import ProceduralVerifier

SPEC = {"family": "chain_sum", "config": {}, "seed": 1, "index": 0, "entry": {"metadata": {}}}
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
        (1.0 - 1e-12, Outcome.PASS, 1.0, "the answer is right"),
        (0.99, Outcome.FAIL, 0.99, "the answer is wrong (partial credit 0.99)"),
        (0.5, Outcome.FAIL, 0.5, "the answer is wrong (partial credit 0.50)"),
        (0.0, Outcome.FAIL, 0.0, "the answer is wrong"),
        (-1.0, Outcome.FAIL, 0.0, "the answer is wrong"),
        (float("nan"), Outcome.ERROR, None, "the answer could not be scored: the score is no number"),
    ],
)
def test_the_score_decides(score, outcome, kept, message):
    verdict = VERIFIER.verify(PROBLEM, trace(text="<answer>3</answer>"), scoring(score))
    assert (verdict.outcome, verdict.score, verdict.message) == (outcome, kept, message)
    assert verdict.evidence["found"] == {"answer": "3", "rule": "tag", "rules": RULE_SET, "start": 8, "end": 9}
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

    verdict = VERIFIER.verify(PROBLEM, trace(answer=answer, text=text), Tools(lambda _: None))
    assert (verdict.evidence["found"]["rule"], asked) == (rule, [given])


def test_a_long_text_without_an_answer_has_none():
    verdict = VERIFIER.verify(PROBLEM, trace(text="word " * WHOLE_TEXT), scoring(1.0))
    assert (verdict.outcome, verdict.message) == (Outcome.FAIL, "no answer found")


def test_what_cannot_be_scored_is_an_error_and_no_zero():
    class Tools(ScriptedTools):
        def score_answer(self, problem, answer):
            raise ProceduralError("took longer than 10 s")

    verdict = VERIFIER.verify(PROBLEM, trace(text="3"), Tools(lambda _: None))
    assert (verdict.outcome, verdict.score) == (Outcome.ERROR, None)
    assert verdict.message == "the answer could not be scored: took longer than 10 s"


def problem_of(family: str, reference: str | None) -> ProblemRecord:
    return ProblemRecord(ProblemKind.PROCEDURAL, "p", "", {**SPEC, "family": family}, reference, "train", family)


def test_what_needs_the_sandbox_is_unscored_and_no_fail():
    class Tools(ScriptedTools):
        def score_answer(self, problem, answer):
            raise UnscoredError("needs the sandbox: because")

    verdict = VERIFIER.verify(problem_of("countdown", "1 + 2"), trace(text="<answer>3</answer>"), Tools(lambda _: None))
    assert (verdict.outcome, verdict.score, verdict.message) == (Outcome.UNSCORED, None, "needs the sandbox: because")
    assert verdict.evidence["found"]["answer"] == "3"


@pytest.mark.parametrize(
    ("family", "message"),
    [
        ("coin_flip", "its scorer takes the answer 0 for right, whatever the probability"),
        ("boxnet", "the family gives no right answer that its scorer could be tried on"),
        ("no_such_family", "this family was not tried with reasoning-gym 0.1.25"),
    ],
)
def test_a_scorer_that_does_not_tell_right_from_wrong_is_never_asked(family, message):
    class Tools(ScriptedTools):
        def score_answer(self, problem, answer):
            raise AssertionError

    verdict = VERIFIER.verify(problem_of(family, "0.5"), trace(text="<answer>0</answer>"), Tools(lambda _: None))
    assert (verdict.outcome, verdict.score, verdict.message) == (Outcome.UNSCORED, None, message)


@pytest.mark.parametrize(
    ("family", "reference", "answer", "outcome"),
    [
        ("countdown", "1 + 2", "2 + 1", Outcome.PASS),
        ("countdown", "1 + 2", "mark().value", Outcome.UNSCORED),
        ("n_queens", "Q _\n_ Q", "[['_', 'Q'], ['Q', '_']]", Outcome.PASS),
        ("string_insertion", "ABCD", "ABCD", Outcome.PASS),
        ("string_insertion", "ABCD", "oracle_answer", Outcome.UNSCORED),
        ("gsm_symbolic", "405", " 405.", Outcome.PASS),
        ("gsm_symbolic", "405", "405 417", Outcome.UNSCORED),
        ("time_intervals", "99 days", "99 bananas", Outcome.UNSCORED),
    ],
)
def test_a_full_score_counts_only_where_the_answer_cannot_have_bought_it(family, reference, answer, outcome):
    verdict = VERIFIER.verify(problem_of(family, reference), trace(answer=answer), scoring(1.0))
    assert verdict.outcome is outcome
    assert verdict.score == (1.0 if outcome is Outcome.PASS else None)


def test_an_answer_that_may_have_written_its_score_gets_no_partial_credit():
    verified = [
        VERIFIER.verify(problem_of("countdown", "1 + 2"), trace(answer=answer), scoring(0.9))
        for answer in ("1 + 1", "mark().value")
    ]
    assert [(verdict.outcome, verdict.score) for verdict in verified] == [(Outcome.FAIL, 0.9), (Outcome.FAIL, 0.0)]


def test_other_kinds_are_left_to_others():
    other = ProblemRecord(ProblemKind.NUMERIC, "n", "1 + 2 =", {}, "3", "train")
    assert not VERIFIER.applies_to(other, trace(text="3"))
    assert VERIFIER.applies_to(PROBLEM, trace(text="3"))
    assert not VERIFIER.applies_to(PROBLEM, trace(text=" "))
