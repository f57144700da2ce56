"""Labels of steps that were cut in several ways: no word about a step of one way counts for a step of another."""

from trajectories.core.exporters import EXPORTERS
from trajectories.core.exporters.base import ExportItem, Ways
from trajectories.core.exporters.step_labels import labelled_steps
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
