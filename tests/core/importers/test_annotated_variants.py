"""What people said in exports of annotation tools, in every version of them."""

import pytest

from tests.core.importers.test_shape_variants import QUESTION, told
from trajectories.core.importers.left_out import left_out_of, unread_columns
from trajectories.core.importers.trace_files import read_traces, shape_of
from trajectories.core.problems import ProblemError

DATA = {"prompt": QUESTION, "response": "It is 4."}
GOOD = {"from_name": "ok", "type": "choices", "value": {"choices": ["Good", "Clear"]}}
ACCEPTED = ("annotator-7", "accept", 4, "Clear.")


@pytest.mark.parametrize(
    ("row", "reviews"),
    [
        (
            {**DATA, "id": 1, "ok": "Accept", "stars": [{"rating": 4}], "why": "Clear.", "annotator": 7,
             "annotation_id": 3, "created_at": "t", "updated_at": "t", "lead_time": 3.5},
            [ACCEPTED],
        ),
        ({"data": DATA, "annotations": [{"completed_by": 7, "result": [GOOD]}], "predictions": [3]},
         [("annotator-7", "accept", None, "")]),
        ({"data": DATA, "completions": [{"completed_by": 7, "result": [GOOD]}]}, [("annotator-7", "accept", None, "")]),
        (
            {"fields": DATA, "responses": [
                {"user_id": "7", "status": "submitted",
                 "values": {"ok": {"value": "good"}, "stars": {"value": 4}, "why": {"value": "Clear."}}},
                {"user_id": "8", "status": "discarded", "values": {"ok": {"value": "bad"}}}], "suggestions": []},
            [ACCEPTED],
        ),
        (
            {"id": "r", "status": "completed", "_server_id": "s", **DATA, "ok.responses": ["good", "bad"],
             "ok.responses.users": ["7", "8"], "ok.responses.status": ["submitted", "draft"],
             "stars.responses": [4], "stars.responses.users": ["7"], "stars.responses.status": ["submitted"],
             "why.responses": ["Clear."], "why.responses.users": ["7"], "why.responses.status": [None],
             "ok.suggestion": "no", "ok.suggestion.score": 0.5, "ok.suggestion.agent": "j"},
            [ACCEPTED],
        ),
        (
            {**DATA, "ok": [{"user_id": "7", "value": "good", "status": "submitted"}], "ok-suggestion": None,
             "ok-suggestion-metadata": {"agent": None}, "external_id": None, "metadata": "{}"},
            [("annotator-7", "accept", None, "")],
        ),
    ],
)  # fmt: skip
def test_what_people_said_in_every_version_of_an_export(row, reviews):
    assert told(row, "said", "question", "reviews") == [("It is 4.", QUESTION, reviews)]


def test_what_a_review_has_no_room_for_is_kept_and_what_is_left_out_is_counted():
    row = {"data": DATA, "annotations": [{"completed_by": 7, "result": [GOOD]}], "predictions": [3]}
    assert told(row, "scores", "facts") == [([("annotator-7 ok", "unscored")], {"predictions_left_out": 1})]


REST = {"reasoning": "Two twos.", "model_name": "m", "expected_answer": "4", "score": 0.5, "num_generated_tokens": 9}
MIN = {"ok": "accept", "stars": [{"rating": 4}], "annotator": 7, "annotation_id": 3}
GIVEN = {"user_id": "7", "value": "good"}


@pytest.mark.parametrize(
    "row",
    [
        {"data": {**DATA, **REST}, "annotations": [{"completed_by": 7, "result": [GOOD]}]},
        {**DATA, **REST, "id": 1, "ok": "accept", "annotator": 7, "annotation_id": 3},
        {"fields": {**DATA, **REST}, "responses": {"ok": [GIVEN]}},
        {**DATA, **REST, "ok.responses": ["good"], "ok.responses.users": ["7"], "ok.responses.status": ["submitted"]},
        {"data": {"messages": [{"role": "user", "content": QUESTION},
                               {"role": "assistant", "content": "It is 4."}], **REST, "reasoning": None},
         "annotations": [{"completed_by": 7, "result": [GOOD]}]},
    ],
)  # fmt: skip
def test_all_that_the_data_say_of_what_was_annotated_comes_in(row):
    (found,) = told(row, "thoughts", "model", "tokens", "reference", "scores")
    assert found[:4] == ("" if "messages" in str(row) else "Two twos.", "m", (0, 9), "4")
    assert ("score", "fail") in found[4]


@pytest.mark.parametrize(
    "row",
    [
        {"id": 3, **DATA, **MIN},
        {**DATA, **MIN},
        {"annotation_id": 3, "annotator": 7, "id": 1, "ok": "accept", **DATA, "stars": [{"rating": 4}]},
    ],
)
def test_an_annotation_side_by_side_with_its_data_in_any_order_is_a_review(row):
    assert told(row, "said", "question", "reviews") == [("It is 4.", QUESTION, [("annotator-7", "accept", 4, "")])]


def test_an_answer_that_is_yes_is_no_decision():
    row = {**DATA, "response": "yes", "expected_answer": "no", "annotator": 7, "annotation_id": 3, "ok": "bad"}
    assert told(row, "said", "reference", "reviews") == [("yes", "no", [("annotator-7", "reject", None, "Rejected.")])]


def test_people_known_by_an_address_alone_are_told_apart_and_stay_nameless():
    people = [{"completed_by": by, "result": [GOOD]} for by in ("a@b.org", {"email": "c@b.org"}, "A@b.org ")]
    (reviews,) = told({"data": DATA, "annotations": people}, "reviews")
    assert len(reviews) == 2
    assert "@" not in str(reviews)


@pytest.mark.parametrize(
    "suggested", [{}, {"ok.suggestion": "no", "ok.suggestion.score": 1, "ok.suggestion.agent": "j"}]
)
def test_records_that_nobody_answered_yet_are_records(suggested):
    empty = {"ok.responses": None, "ok.responses.users": None, "ok.responses.status": None}
    row = {"id": "r", "status": "pending", **DATA, **(suggested or empty)}
    assert shape_of(row).name == "argilla"
    assert told(row, "said", "reviews", "scores") == [("It is 4.", [], [("j ok", "fail")] if suggested else [])]


def test_drafts_are_counted_relations_kept_and_data_that_nobody_reads_named():
    relation = {"type": "relation", "from_id": "a", "to_id": "b", "direction": "right"}
    row = {"data": {**DATA, "picture": "a.png"}, "drafts": [{"id": 1}],
           "annotations": [{"completed_by": 7, "result": [GOOD, relation]}]}  # fmt: skip
    assert left_out_of(read_traces(row)) == {"drafts of annotations": 1}
    assert ("annotator-7 relation", "unscored") in told(row, "scores")[0]
    assert unread_columns("label-studio", row) == ["data.picture"]
    assert unread_columns("argilla", {"fields": {**DATA, "picture": "a"}, "responses": {}}) == ["fields.picture"]
    assert unread_columns("label-studio", {**DATA, "id": 1, **MIN, "picture": "a"}) == ["picture"]


@pytest.mark.parametrize(
    "names", [("response1", "response2"), ("completion_a", "completion_b"), ("chosen", "rejected")]
)
def test_a_record_of_two_answers_is_refused_as_a_pair(names):
    row = {"fields": {"prompt": QUESTION, **dict.fromkeys(names, "4")}, "responses": {"better": [GIVEN]}}
    with pytest.raises(ProblemError, match="fields: found a pair of preferences, expected traces; two answers to one"):
        read_traces(row)
