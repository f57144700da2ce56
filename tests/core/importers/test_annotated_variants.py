"""What people said in exports of annotation tools, in every version of them."""

import pytest

from tests.core.importers.test_shape_variants import QUESTION, told

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
             "ok.suggestion": "bad", "ok.suggestion.score": 0.5, "ok.suggestion.agent": "j"},
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
