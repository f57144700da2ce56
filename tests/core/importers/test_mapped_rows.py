"""Rows of which a person says what is where."""

import pytest

from trajectories.core.faults import Fault
from trajectories.core.importers.mapped_rows import FIELDS, MOST_PATHS, check_places, map_row, paths_of, value_at
from trajectories.core.importers.trace_files import read_traces
from trajectories.core.problems import ProblemError

TASK, OUT = {"text": "What is 2 + 2?", "gold": 4}, [{"said": "It is 4."}]
ROW = {"task": TASK, "out": OUT, "m.name": "m-1", "t": 0.5, "on": True}
NAMING = {"question": "task.text", "answer": "task.gold", "model": "m.name"}
PLACES = {**NAMING, "response": "out.0.said", "temperature": "t"}
STANDS = {"task.text": "What is 2 + 2?", "out.0.said": "It is 4.", "m.name": "m-1"}
NOWHERE = ("out.1.said", "out.said", "task.text.0", "nothing", "out.-1.said", "")


def test_a_row_becomes_a_question_and_its_answer():
    (trace,) = read_traces(map_row(ROW, PLACES))
    assert (trace.problem.question, trace.response, trace.model) == ("What is 2 + 2?", "It is 4.", "m-1")
    assert trace.temperature == 0.5
    assert trace.question_row["answer"] == 4


def test_what_a_row_lacks_is_left_out_but_for_the_response():
    (trace,) = read_traces(map_row({"task": {"text": "Q"}, "out": [{"said": "A"}]}, PLACES))
    assert (trace.model, trace.question_row.get("answer")) == ("", None)
    with pytest.raises(ProblemError) as fault:
        map_row({"task": {"text": "Q"}, "out": []}, PLACES)
    assert fault.value.path == "out.0.said"
    assert fault.value.detail == "found nothing there, expected the model's response"


def test_a_path_leads_to_one_value_or_to_none():
    assert {path: value_at(ROW, path) for path in STANDS} == STANDS
    assert [path for path in NOWHERE if value_at(ROW, path) is not None] == []


def test_every_place_of_the_rows_is_listed_with_what_stands_there():
    others = {"task.gold": "4", "t": "0.5", "late": "x"}
    assert paths_of([ROW, {"late": "x"}]) == {**STANDS, **others}
    assert len(paths_of([{f"k{n}": "x" for n in range(1_000)}])) == MOST_PATHS


@pytest.mark.parametrize(
    ("places", "field"),
    [
        ({"question": "a"}, "response"),
        ({"response": "a"}, "question"),
        ({"response": "", "question": "a"}, "response"),
        ({"verdict": "a"}, ""),
    ],
)
def test_places_of_which_some_are_missing_are_refused(places, field):
    with pytest.raises(Fault) as fault:
        check_places(places)
    assert fault.value.field == field


def test_nothing_said_is_fine_and_so_is_everything():
    check_places({})
    check_places(dict.fromkeys(FIELDS, "a"))
