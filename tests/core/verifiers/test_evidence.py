"""Evidence is read as it was written, and from whatever an older version, or nobody, wrote."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trajectories.core.records import Outcome
from trajectories.core.verifiers.answer_evidence import (
    AnswerEvidence,
    FoundEvidence,
    ScratchpadEvidence,
    UnitTestEvidence,
    UnitTestsEvidence,
)
from trajectories.core.verifiers.evidence import (
    PairEvidence,
    PairsEvidence,
    ScorerEvidence,
    StepLabelsEvidence,
    StepValuesEvidence,
)
from trajectories.core.verifiers.judge_evidence import ComparisonEvidence, JudgeEvidence, OrderEvidence
from trajectories.core.verifiers.step_values import values_verdict

KINDS = (
    *(PairsEvidence, StepValuesEvidence, ScorerEvidence, StepLabelsEvidence),
    *(AnswerEvidence, UnitTestsEvidence, ScratchpadEvidence, JudgeEvidence),
)
KEYS = (
    *("pairs", "right", "of", "faithful", "steps", "wrong", "others", "segmentation", "spans", "sampler", "scorer"),
    *("held_out", "labels", "reason", "found", "rules", "read_as", "tests", "steps_right", "first_wrong"),
    *("found_step", "expected_step", "start", "end", "expected", "form", "rubric", "scale", "opponent", "answers"),
    *("score", "comparisons", "error_kind", "judgement"),
)
PAIR_KEYS = (
    *("index", "status", "match", "message", "predicted", "preview", "expected", "cells_wrong", "near_miss"),
    *("seconds", "printed", "value", "right", "rule", "rules", "answer", "start", "end", "opponent"),
    *("result", "note", "shown_first", "shown_second", "better", "reason", "answers", "name", "version"),
)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(PAIR_KEYS), inner, max_size=4),
    max_leaves=12,
)
PAIR = PairEvidence(
    index=1,
    status="returned",
    match="wrong_cells",
    message="1 of 2 cells wrong",
    predicted=[[1, 2]],
    expected=[[1, 3]],
    cells_wrong=1,
    near_miss={"kind": "cells", "text": "right but for 1 of 2 cells"},
    seconds=0.25,
    printed="hello",
)
COMPARISON = ComparisonEvidence(
    opponent=8,
    result="tie",
    note="preferred one in one order only",
    shown_first=OrderEvidence("A", "It is shorter.", ("not readable", '{"better": "A"}')),
    shown_second=OrderEvidence("tie", "Both are right.", ('{"better": "tie"}',)),
)


@pytest.mark.parametrize(
    "evidence",
    [
        PairsEvidence((PAIR,), right=0, of=1),
        PairsEvidence(),
        StepValuesEvidence([0.5, None], [1, 0], [1, 0], [0, 2], "sentences", {"0": [0, 4]}, "fake"),
        ScorerEvidence(3, is_held_out=True, steps=[0.25, 1.0]),
        ScorerEvidence(3, is_held_out=False),
        StepLabelsEvidence({"0": "good", "1": "bad"}, "sentences", {"1": [4, 9]}, "It adds wrongly."),
        AnswerEvidence(FoundEvidence("1/2", "boxed", 3, 6, rules=2), expected="0.5", read_as="1/2", tells_reading=True),
        AnswerEvidence(FoundEvidence("x", "boxed", 3, 4, rules=2), expected="0.5", tells_reading=True),
        AnswerEvidence(FoundEvidence("B", "stated"), expected=["A"]),
        AnswerEvidence(FoundEvidence(None, "last grid", 3, 16, rules=2)),
        AnswerEvidence(is_missing=True, rules=2),
        AnswerEvidence(),
        UnitTestsEvidence((UnitTestEvidence(1, "raised", message="ValueError", expected="3", seconds=0.5),)),
        UnitTestsEvidence(),
        ScratchpadEvidence(2, 4, 2, "5, C: 1", "5, C: 0", 40, 47),
        ScratchpadEvidence(4, 4),
        JudgeEvidence("grade", "strict", 3, (1, 10, 7), answers=("9 of 10", '{"score": 9}'), score=9, reason="Sound."),
        JudgeEvidence(
            "grade", "strict", 3, (1, 10, 7), answers=({"fault": "it is late"},), error_kind="timeout", job=4
        ),
        JudgeEvidence("compare", "strict", 3, (1, 10, 7), comparisons=(COMPARISON,), job=4),
        JudgeEvidence("compare", "strict", 3, (1, 10, 7), opponent=8, answers=("A?",), error_kind="malformed"),
        JudgeEvidence("steps", "strict", 3, answers=("{}",), steps=2, segmentation="", error_kind="malformed"),
    ],
)
def test_what_is_written_is_read_again(evidence):
    stored = json.loads(json.dumps(evidence.to_json()))
    assert type(evidence).from_json(stored) == evidence


def test_what_an_older_version_left_out_stands_for_nothing():
    read = PairsEvidence.from_json({"pairs": [{"status": "returned", "match": "right", "predicted": [[1]]}]})
    assert read.pairs == (PairEvidence(0, "returned", "right", predicted=[[1]]),)
    assert (read.right, read.of, read.is_faithful) == (None, None, True)
    assert PairsEvidence.from_json({"faithful": False}).is_faithful is False
    assert StepValuesEvidence.from_json({"steps": [1, "x"]}) == StepValuesEvidence([1.0, None], [0, 0], [0, 0], [0, 0])


def test_answers_and_tests_of_older_versions_are_read():
    old = AnswerEvidence.from_json({"found": {"answer": "7", "rule": "boxed", "start": 1, "end": 2}, "expected": "7"})
    assert old == AnswerEvidence(FoundEvidence("7", "boxed", 1, 2, rules=1), expected="7")
    assert AnswerEvidence.from_json({"found": None}) == AnswerEvidence(is_missing=True, rules=1)
    assert FoundEvidence.from_json({"rule": "boxed", "end": 3}) == FoundEvidence(None, "boxed", rules=1)
    tests = UnitTestsEvidence.from_json({"tests": [{"status": "returned", "right": True}, {"status": "raised"}]})
    assert tests == UnitTestsEvidence((UnitTestEvidence(0, "returned", is_right=True), UnitTestEvidence(1, "raised")))
    assert tests.right == 1


def test_comparisons_are_counted_by_how_they_end():
    results = ("won", "won", "lost", "tie")
    read = JudgeEvidence.from_json({"comparisons": [{"opponent": 3, "result": result} for result in results]})
    assert (read.won, read.lost, read.share) == (2, 1, 0.5)
    assert read.comparisons[3].shown_first == OrderEvidence("", "")
    assert JudgeEvidence.from_json({}) == JudgeEvidence("", "", 0)


def test_the_grids_of_a_program_are_in_the_order_of_the_task():
    second, first = PAIR, PairEvidence(0, "returned", predicted=[[7]])
    assert PairsEvidence((second, first)).predicted == [[[7]], [[1, 2]]]
    assert (PAIR.wrong_share, first.wrong_share) == (0.5, 1.0)


def test_values_end_at_the_first_step_that_has_none():
    verdict = values_verdict(
        sampler="fake",
        completed=[["pass", "fail"], ["error"]],
        correctness=Outcome.PASS,
        segmentation="",
        spans=[(0, 3), None, (5, 9)],
        engine="",
    )
    read = StepValuesEvidence.from_json(verdict.evidence)
    assert (read.steps, read.beginning) == ([0.5, None, 1.0], [0.5])
    assert (read.right, read.wrong, read.others) == ([1, 0, 1], [1, 0, 0], [0, 1, 0])
    assert read.spans == {"0": [0, 3], "2": [5, 9]}


@given(st.dictionaries(st.sampled_from(KEYS), ANY, max_size=6))
def test_nothing_that_is_stored_breaks_a_reader(stored):
    for kind in KINDS:
        read = kind.from_json(stored)
        assert kind.from_json(json.loads(json.dumps(read.to_json()))).to_json() == read.to_json()


@given(st.lists(st.dictionaries(st.sampled_from(PAIR_KEYS), ANY), max_size=3))
def test_no_pair_breaks_a_reader(pairs):
    assert len(PairsEvidence.from_json({"pairs": pairs}).pairs) == len(pairs)
