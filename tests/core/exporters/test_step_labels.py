"""Labels of steps that were cut in several ways: no word about a step of one way counts for a step of another."""

from dataclasses import replace

from trajectories.core.exporters import EXPORTERS
from trajectories.core.exporters.base import ExportItem, Ways
from trajectories.core.exporters.step_labels import labelled_steps
from trajectories.core.problems.arithmetic import Sum, problem_of, scratchpad
from trajectories.core.records import ProblemKind

TEXT = "Take two. Add two.\n\nThat is five. Done."
STEPS = tuple({"kind": "text", "title": "Step", "body": body, "depth": 0, "data": {}} for body in TEXT.split("\n\n"))


def item(*reviews) -> ExportItem:
    return ExportItem(
        prompt=({"role": "user", "content": "How much?"},),
        reasoning=TEXT,
        program="",
        answer="4",
        steps=STEPS,
        problem_name="sum",
        problem_kind=ProblemKind.TEXT,
        spec={},
        reference="4",
        assessments={"reviews": reviews},
    )


def said(labels, spans=None, cut=""):
    return {"step_labels": labels, "step_spans": spans or {}} | ({"segmentation": cut} if cut else {})


PARAGRAPHS = said({"0": "good", "1": "bad"})
SENTENCES = said({"0": "good", "1": "good", "2": "bad"}, {"2": [20, 33]}, "sentences:1")


def told(*reviews):
    return [(step.text, str(step.label)) for step in labelled_steps(item(*reviews))]


def test_the_way_of_cutting_counts_that_most_reviews_have_of_as_many_the_newest():
    sentences = [("Step\nTake two.", "good"), ("Step\nAdd two.", "good"), ("That is five.", "bad")]
    assert [text.replace("Take two\n", "Step\n").replace("Add two\n", "Step\n") for text, _ in told(SENTENCES)] == [
        text for text, _ in sentences
    ]
    assert [label for _, label in told(PARAGRAPHS, SENTENCES)] == ["good", "good", "bad"]
    assert [label for _, label in told(SENTENCES, PARAGRAPHS)] == ["good", "bad"]
    assert [label for _, label in told(PARAGRAPHS, PARAGRAPHS, SENTENCES)] == ["good", "bad"]
    assert told(said({})) == []


def test_a_trace_whose_sentences_are_all_right_is_a_solution():
    labels = {str(index): "good" for index in range(4)}
    (row,) = EXPORTERS["prm800k"].rows([item(said(labels, cut="sentences:1"))], Ways())
    assert row.values["label"]["finish_reason"] == "solution"
    (row,) = EXPORTERS["prm800k"].rows([item(said({"0": "good"}, cut="sentences:1"))], Ways())
    assert row.values["label"]["finish_reason"] == "give_up"


def test_the_lines_of_a_scratchpad_are_labelled_as_they_were_verified_where_nobody_labelled_any():
    numbers = Sum(624, 259)
    text = scratchpad(numbers).replace("6 + 2 , 8 3 C: 0", "6 + 2 , 9 3 C: 0")
    spec = problem_of(numbers, split="train").spec
    sample = replace(item(), reasoning=text, spec=spec, problem_kind=ProblemKind.NUMERIC, reference="883")
    stepwise = EXPORTERS["stepwise"]
    (row,) = stepwise.rows([sample], Ways())
    assert row.values["completions"] == ["6 2 4 + 2 5 9 , C: 0", "6 2 + 2 5 , 3 C: 1", "6 + 2 , 9 3 C: 0"]
    assert row.values["labels"] == [True, True, False]
    (row,) = stepwise.rows([replace(sample, reasoning=scratchpad(numbers))], Ways())
    assert row.values["labels"] == [True] * 5
    cut = "\n".join(scratchpad(numbers).split("\n")[:3])
    (row,) = stepwise.rows([replace(sample, reasoning=cut)], Ways())
    assert row.values["labels"] == [True, True], "a missing line says nothing"
    reviewed = replace(sample, assessments={"reviews": (said({"0": "bad"}),)}, steps=STEPS)
    (row,) = stepwise.rows([reviewed], Ways())
    assert row.values["labels"] == [False], "people come first"
    assert not stepwise.takes(item())
