"""The verdict on steps beside the one on the answer."""

import pytest

from tests.core.verifiers.doubles import returning
from trajectories.core.problems.arithmetic import Sum, problem_of, scratchpad
from trajectories.core.records import ProblemRecord, TraceRecord
from trajectories.core.verifiers import VERIFIERS, applicable_verifiers
from trajectories.core.verifiers.deciding import decisive_verdict

PROBLEM = problem_of(Sum(624, 259), split="train")
RIGHT = scratchpad(Sum(624, 259))
WRONG = RIGHT.replace("6 + 2 , 8 3 C: 0", "6 + 2 , 9 3 C: 0")


def verdicts(text, problem=PROBLEM):
    """Those on the answer and on the steps, whatever else is said of such a trace."""
    trace = TraceRecord(None, "", text)
    told = {each.name: each.verify(problem, trace, returning(None)) for each in applicable_verifiers(problem, trace)}
    return [told[name] for name in ("numeric", "scratchpad")]


@pytest.mark.parametrize(
    ("text", "answer", "steps", "message"),
    [
        (RIGHT, "pass", "pass", "all 5 steps are right"),
        (WRONG, "pass", "fail", "step 3 of 5 is wrong: found “6 + 2 , 9 3 C: 0”, expected “6 + 2 , 8 3 C: 0”"),
        (RIGHT.replace("\n883", "\n884"), "fail", "pass", "all 5 steps are right"),
        ("It is 883.", "pass", "unscored", "the trace has no scratchpad"),
        (RIGHT.replace("\n0 8 8 3", ""), "pass", "fail", "step 5 of 5 is wrong: it is missing, expected “0 8 8 3”"),
        (
            RIGHT.replace("0 8 8 3", "0 8 8 3\n1"),
            "pass",
            "fail",
            "step 6 of 6 is wrong: found “1”, expected no more steps",
        ),
    ],
)
def test_answer_and_steps_have_a_verdict_each_and_the_answer_decides(text, answer, steps, message):
    given = verdicts(text)
    assert {verdict.verifier: verdict.outcome for verdict in given} == {"numeric": answer, "scratchpad": steps}
    assert decisive_verdict(given).verifier == "numeric"
    assert given[-1].message == message


def test_the_evidence_says_where_the_first_wrong_step_stands():
    found = verdicts(f"Well.\n\n{WRONG}")[-1]
    start, end = found.evidence["start"], found.evidence["end"]
    assert f"Well.\n\n{WRONG}"[start:end] == found.evidence["found_step"] == "6 + 2 , 9 3 C: 0"
    assert (found.evidence["first_wrong"], found.evidence["steps"], found.score) == (2, 5, 0.4)


def test_other_problems_have_no_steps_to_verify_and_a_broken_one_is_an_error():
    verifier = VERIFIERS["scratchpad"]
    trace = TraceRecord(None, "", RIGHT)
    plain = ProblemRecord(PROBLEM.kind, "p", "What is 1 + 1?", {}, "2", "train")
    assert not verifier.applies_to(plain, trace)
    broken = ProblemRecord(PROBLEM.kind, "p", "What is 1 + 1?", {"scratchpad": "addition"}, "2", "train")
    assert verifier.verify(broken, trace, returning(None)).outcome == "error"
