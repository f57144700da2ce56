"""Parts of texts that were stored before parts were."""

from trajectories.core.completions.messages import Piece, read_message
from trajectories.core.completions.recovering import mark_thinking, recover_parts
from trajectories.core.completions.thoughts import PartKind
from trajectories.core.prompts import parse_steps
from trajectories.core.records import Step, StepKind

ANSWER = {"content": "It is 4.", "reasoning_content": "Two twos.\n\nSo 4."}
STORED = "Two twos.\n\nSo 4.\n\nIt is 4."


def texts(parts, kind):
    return [part.text for part in parts if part.kind is kind]


def test_by_what_came_over_the_wire():
    parts = recover_parts(STORED, read_message(ANSWER))
    assert texts(parts, PartKind.THINKING) == ["Two twos.\n\nSo 4."]
    assert texts(parts, PartKind.CONTENT) == ["It is 4."]


def test_thoughts_that_were_dropped_come_back():
    pieces = read_message({"content": "It is 4.", "reasoning_details": [{"text": "Hm.", "signature": "s"}]})
    lost, said = recover_parts("It is 4.", pieces)
    assert (lost.text, lost.start, lost.data) == ("Hm.", -1, {"signature": "s"})
    assert (said.text, said.start, said.end) == ("It is 4.", 0, 8)


def test_by_the_steps_where_nothing_was_kept():
    thinking = [Step(StepKind.TEXT, "Thinking", ""), *parse_steps("Two twos.\n\nSo 4.", depth=1)]
    steps = mark_thinking([*thinking, *parse_steps("It is 4.")])
    assert [step.is_thinking for step in steps] == [True, True, True, False]
    parts = recover_parts(STORED, None, steps)
    assert (texts(parts, PartKind.THINKING), texts(parts, PartKind.CONTENT)) == (["Two twos.\n\nSo 4."], ["It is 4."])


def test_by_the_marks_and_whole_where_there_is_nothing_to_go_by():
    (thoughts, said) = recover_parts("<think>a</think>b", None)
    assert (thoughts.text, said.text) == ("a", "b")
    (whole,) = recover_parts(STORED, None)
    assert (whole.kind, whole.text) == (PartKind.CONTENT, STORED)
    assert recover_parts(STORED, [Piece(PartKind.CONTENT, "Something else.")]) == (whole,)
