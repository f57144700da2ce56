"""What holds for every operation: faults, parameters, pages, and requests that are sent twice."""

import json

import pytest
from pydantic import BaseModel

from tests import factories
from tests.api.programs import Program
from tests.queues import make_traces, queue_of
from tests.worker import ROOT
from trajectories.api.doors import FiniteRenderer
from trajectories.models import Problem, Review
from trajectories.selectors.reviews import latest_review


@pytest.mark.parametrize(
    ("path", "status", "detail"),
    [
        ("/traces?correctnes=pass", 422, "Found the parameter 'correctnes', expected one of"),
        ("/traces?correctness=right", 422, "correctness: Found something else, expected"),
        ("/traces?limit=201", 422, "limit: Found a number out of range, expected at most 200."),
        ("/traces?limit=many", 422, "limit: Found something else, expected a whole number."),
        ("/traces?cost_from=nan", 422, "cost_from: Found"),
        ("/traces?cost_from=2&cost_to=1", 422, "cost_from: Found 2.0 to 1.0, expected the lower one first."),
        ("/traces?sampler=99", 422, "sampler: Found '99', expected at least one of those offered."),
        ("/traces?text=a%00b", 422, "text: Found a NUL character, expected none."),
        ("/traces/7", 404, "There is no trace 7."),
        ("/traces/0", 422, "trace_id: Found a number out of range, expected at least 1."),
        ("/traces/one", 422, "trace_id: Found something else, expected a whole number."),
        ("/nothing", 404, "There is no /api/v1/nothing; the reference of the API is at /api/docs."),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(lead, path, status, detail):
    answer = Program(lead).get(path)
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert told["detail"].startswith(detail)


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        ("{", 400, "Found no JSON"),
        ('{"traces": [NaN]}', 400, "Found no JSON (found NaN)"),
        ('{"traces": [1e999]}', 400, "Found no JSON (found 1e999, which is too large)"),
        ("[" * 100_000, 400, "Found no JSON"),
        ({"traces": [1], "verifier": ["a"]}, 422, "verifier: Found something, expected no field"),
        ({"traces": ["1"]}, 422, "traces.0: Found something else, expected a whole number."),
        ({"traces": []}, 422, "traces: Found too little, expected at least 1."),
        ({}, 422, "traces: Found nothing, expected something there."),
        ({"traces": [9]}, 409, "No trace is in this selection"),
    ],
)
def test_a_body_is_read_to_the_letter(lead, body, status, detail):
    answer = Program(lead).post("/verifications", body)
    assert (answer.status_code, answer.json()["detail"][: len(detail)]) == (status, detail)


def test_the_fault_that_the_page_of_the_api_shows_is_what_is_answered(lead):
    body = {"problem_set": "Sums", "split": "test", "rows": [{"question": "2 + 2?", "answer": "4"}]}
    told = Program(lead).post("/problems", body).json()
    shown = (ROOT / "docs" / "api.md").read_text()
    for part in (told["detail"], told["errors"][0]["detail"], told["title"]):
        assert json.dumps(part) in shown


def test_a_body_is_json_and_says_so(lead, client):
    program = Program(lead)
    headers = {"Authorization": f"Bearer {program.secret}"}
    answer = client.post("/api/v1/verifications", "traces=1", content_type="text/plain", headers=headers)
    assert answer.status_code == 415
    answer = client.delete("/api/v1/traces", headers=headers)
    assert (answer.status_code, answer["Allow"]) == (405, "GET, POST")
    assert answer.json()["detail"] == "Found the method DELETE, expected GET, POST."
    assert client.head("/api/v1/traces", headers=headers).status_code == 200


def test_pages_follow_one_another_without_a_gap(lead):
    made = [factories.make_trace().pk for _ in range(5)]
    program, found, cursor, sizes = Program(lead), [], {}, []
    while cursor is not None:
        page = program.get("/traces", limit=2, **cursor).json()
        found += [row["id"] for row in page["items"]]
        sizes.append(len(page["items"]))
        cursor = {"cursor": page["next"]} if page["next"] else None
        factories.make_trace()  # what comes in meanwhile shifts nothing
    assert found == made[::-1]
    assert sizes == [2, 2, 1]


def test_what_is_sent_twice_with_a_key_is_made_once(lead):
    program, rows = Program(lead), [{"question": "2 + 2?", "answer": "4"}]
    body = {"problem_set": "Sums", "rows": rows, "split": "train"}
    first = program.post("/problems", body, key="abc")
    assert (first.status_code, first.json()["inserted"]) == (201, 1)
    again = program.post("/problems", body, key="abc")
    assert (again.status_code, again.json()) == (200, first.json())
    other = program.post("/problems", {**body, "problem_set": "Other"}, key="abc")
    assert other.status_code == 422
    assert other.json()["errors"] == [
        {
            "field": "Idempotency-Key",
            "detail": "Found a key that came with another request before, expected a new one for each request.",
        }
    ]
    without = program.post("/problems", body)
    assert (without.status_code, without.json()["duplicates"]) == (201, 1)
    assert Problem.objects.count() == 1


def test_a_decision_with_the_key_of_another_is_refused_and_changes_nothing(curator):
    program, trace = Program(curator), factories.make_trace()
    at, reject = f"/traces/{trace.pk}/reviews", {"decision": "reject", "reason": "lucky"}
    first = program.post(at, reject, key="k")
    assert (first.status_code, first.json()["decision"]) == (201, "reject")
    again = program.post(at, reject, key="k")
    assert (again.status_code, again.json()) == (200, first.json())
    other = program.post(at, {"decision": "accept"}, key="k")
    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert [review.decision for review in Review.objects.all()] == ["reject"]
    assert program.post(at, {"decision": "accept"}, key="l").status_code == 201
    assert latest_review(trace=trace, reviewer=curator).decision == "accept"


def test_a_decision_on_an_item_with_the_key_of_another_is_refused(curator, lead):
    program, queue = Program(curator), queue_of(lead, make_traces(1))
    item = program.post(f"/queues/{queue.pk}/next").json()["item"]
    at, accept = f"/queues/{queue.pk}/items/{item['id']}/decision", {"decision": "accept", "lease": item["lease"]}
    missed = program.post(at, {**accept, "step_labels": {"999": "good"}}, key="k")
    assert missed.status_code == 422
    first = program.post(at, accept, key="k")
    assert first.status_code == 200, first.content
    assert program.post(at, accept, key="k").json() == first.json()
    other = program.post(at, {**accept, "decision": "reject", "reason": "lucky"}, key="k")
    assert (other.status_code, other.json()["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert [review.decision for review in Review.objects.all()] == ["accept"]


def test_a_request_that_failed_is_not_remembered(lead):
    program = Program(lead)
    bad = {"problem_set": "Sums", "rows": [{"answer": "4"}]}
    assert program.post("/problems", bad, key="k").status_code == 422
    good = {"problem_set": "Sums", "rows": [{"question": "2 + 2?", "answer": "4"}], "split": "train"}
    assert program.post("/problems", good, key="k").status_code == 201


def test_what_is_no_number_is_null():
    text = FiniteRenderer().render(None, {"a": [float("nan"), 1.5], "b": float("inf")}, response_status=200)
    assert json.loads(text) == {"a": [None, 1.5], "b": None}


def test_a_shape_has_a_name_of_its_own():
    """Two shapes of one name are one in the description: it would say of the one what holds of the other."""
    shapes: dict[str, set[str]] = {}
    waiting = list(BaseModel.__subclasses__())
    while waiting:
        shape = waiting.pop()
        waiting += shape.__subclasses__()
        if shape.__module__.startswith("trajectories.api."):
            shapes.setdefault(shape.__name__, set()).add(shape.__module__)
    assert len(shapes) > 100
    assert {name: found for name, found in shapes.items() if len(found) > 1} == {}
