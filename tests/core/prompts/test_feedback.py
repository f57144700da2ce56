"""What a model is told of an earlier answer."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.factories import FLIP_SPEC
from trajectories.core.problems.arc import render_grid
from trajectories.core.prompts import draw_variation
from trajectories.core.prompts.feedback import MAX_CELLS, REVIEW, composed_problem, feedback_turns
from trajectories.core.prompts.variation import vary_grid
from trajectories.core.records import InstructionRecord, ProblemKind, PublicProblem
from trajectories.core.verifiers.evidence import PairEvidence

FLIP = PublicProblem(ProblemKind.ARC, "flip", "", FLIP_SPEC, "flip")
PROGRAM = InstructionRecord("program", 1, "digits", "program")
RIGHT = PairEvidence(1, "returned", "right", predicted=[[0, 5]], expected=[[0, 5]])


def wrong(**values):
    pair = PairEvidence(
        index=0,
        status="returned",
        match="wrong_cells",
        message="2 of 4 cells are wrong",
        predicted=[[1, 2], [4, 3]],
        expected=[[2, 1], [4, 3]],
    )
    return replace(pair, **values)


def said(pairs, variation=None, problem=FLIP):
    answer, reply = feedback_turns(PROGRAM, problem, "My program.", pairs, variation)
    assert answer == {"role": "assistant", "content": "My program."}
    assert reply["role"] == "user"
    return reply["content"]


def test_wrong_pairs_are_shown_with_expected_actual_and_difference():
    text = said([wrong(), RIGHT])
    assert text.startswith("Your program is right on 1 of 2 examples (example 2).")
    assert "Example 1\nExpected output (2 by 2):\n" in text
    assert (
        "Difference, 2 of 4 cells as (row,column) from 0: (0,0) is 1 in place of 2, (0,1) is 2 in place of 1." in text
    )
    assert "Example 2\n" not in text
    assert "```python block" in text, "the form of the answer is asked for again"


def test_another_size_and_no_grid_are_said_for_what_they_are():
    assert "the size is (1 by 2) in place of (2 by 2)" in said([wrong(predicted=[[1, 2]], match="wrong_shape")])
    raised = said(
        [wrong(predicted=None, match=None, status="raised", message="the program raised: KeyError: 3", printed="x=1")]
    )
    assert "gave no grid: the program raised: KeyError: 3" in raised
    assert "It printed:\nx=1" in raised
    assert "gave no grid: ragged" in said([wrong(predicted=[[1], [2, 3]], match="ragged", message="ragged")])


def test_many_wrong_cells_are_counted_not_dropped():
    expected, predicted = [[1] * 30] * 30, [[2] * 30] * 30
    text = said([wrong(expected=expected, predicted=predicted)])
    assert f"; and {900 - MAX_CELLS:,} more." in text


def test_grids_are_shown_as_the_model_saw_them():
    variation = draw_variation(5, 2)
    text = said([wrong(), RIGHT], variation)
    assert variation.changes_grids
    assert f"Example {variation.order.index(0) + 1}\n" in text
    for grid in (((2, 1), (4, 3)), ((1, 2), (4, 3))):
        assert f"(2 by 2):\n{render_grid(vary_grid(variation, grid))}\n" in text


def test_without_any_run_the_answer_is_to_be_looked_at_again():
    assert said([]).startswith(REVIEW)
    question = PublicProblem(ProblemKind.NUMERIC, "sum", "1 + 1?", {}, "sum")
    assert "\\boxed{}" in said([], problem=question)


def test_test_outputs_are_nowhere():
    """The evidence handed in is that of the training pairs; the task itself holds no output of a test."""
    assert render_grid(((9, 8, 7),)) not in said([wrong(), RIGHT])


@given(
    st.text(max_size=200),
    st.one_of(st.none(), st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4), max_size=4)),
)
def test_any_answer_and_any_outcome_can_be_told(answer, predicted):
    turns = feedback_turns(PROGRAM, FLIP, answer, [wrong(predicted=predicted, message=answer)])
    assert len(turns) == 2


def test_what_is_left_after_a_program_is_another_task():
    left = composed_problem(FLIP, [[[9, 9], [9, 9]], [[1, 1]]], [[[3, 3, 3]]])
    assert left.spec["train"][0] == {"input": [[9, 9], [9, 9]], "output": [[2, 1], [4, 3]]}
    assert left.spec["test"] == [{"input": [[3, 3, 3]]}]
    assert left.content_hash != FLIP.content_hash
    assert FLIP.spec == FLIP_SPEC
