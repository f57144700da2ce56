import pytest

from tests.api.programs import Program
from tests.queues import make_traces, queue_of
from trajectories.core.curation.schemas import Blinding, DecisionSchema
from trajectories.models import Assignment, Queue, Review


@pytest.fixture
def traces(db):
    return make_traces(3, correctness="pass")


@pytest.fixture
def queue(lead, traces):
    schema = DecisionSchema(scores=("Clarity",), tags=("odd",))
    return queue_of(lead, traces, blinding=Blinding(reviews=True, verdicts=True, sampler=False), schema=schema)


def test_items_are_handed_out_decided_on_skipped_and_let_go(curator, queue, traces):
    program, at = Program(curator), f"/queues/{queue.pk}"
    first = program.post(f"{at}/next").json()["item"]
    assert first["trace"]["id"] == traces[2].pk
    assert first["trace"]["hidden"] == ["verdicts"]
    assert (first["trace"]["verdicts"], first["trace"]["correctness"]) == ([], "")
    assert first["asks"]["scores"] == ["Clarity"]
    decision = {"decision": "accept", "scores": {"Clarity": 4}, "tags": ["odd"], "lease": first["lease"]}
    done = program.post(f"{at}/items/{first['id']}/decision", decision, key="one")
    assert (done.status_code, done.json()["trace"]) == (200, traces[2].pk)
    again = program.post(f"{at}/items/{first['id']}/decision", decision, key="one")
    assert again.json() == done.json()
    review = Review.objects.get()
    assert (review.reviewer, review.queue, review.scores, review.tags) == (curator, queue, {"Clarity": 4}, ["odd"])
    second = program.post(f"{at}/next").json()["item"]
    assert program.post(f"{at}/items/{second['id']}/skip", {"reason": "unsure"}).json() == {"skipped": True}
    third = program.post(f"{at}/next").json()["item"]
    assert third["trace"]["id"] == traces[0].pk
    assert program.post(f"{at}/release", {"leases": [third["lease"]]}).json() == {"asked": 1}
    assert Assignment.objects.get(item=third["id"]).state == Assignment.State.OPEN
    row = program.get("/queues").json()["items"][0]
    assert [row[name] for name in ("id", "reviewed", "needed", "mine")] == [queue.pk, 1, 3, 1]


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"scores": {"Beauty": 3}}, 422, "scores"),
        ({"scores": {}}, 422, ""),
        ({"tags": ["even"]}, 422, "tags"),
        ({"decision": "maybe"}, 422, "decision"),
        ({"step_labels": {"99": "good"}}, 422, "step_labels"),
        ({"decision": "reject", "reason": "ugly"}, 422, "reason"),
    ],
)
def test_what_answers_no_question_of_the_queue_is_refused(curator, queue, changed, status, field):
    program, at = Program(curator), f"/queues/{queue.pk}"
    item = program.post(f"{at}/next").json()["item"]
    given = {"decision": "accept", "scores": {"Clarity": 4}, "lease": item["lease"], **changed}
    answer = program.post(f"{at}/items/{item['id']}/decision", given)
    assert answer.status_code == status
    assert field in [each["field"] for each in answer.json()["errors"]] or not field
    assert not Review.objects.exists()


def test_a_queue_is_worked_on_by_its_members(curator, engineer, lead, queue, traces):
    queue.members.add(lead)
    assert Program(curator).post(f"/queues/{queue.pk}/next").status_code == 404
    assert Program(curator).get("/queues").json()["items"] == []
    assert Program(engineer).get("/queues").json()["items"][0]["id"] == queue.pk
    queue.members.set([curator])
    refused = Program(lead).post(f"/queues/{queue.pk}/next")
    assert (refused.status_code, refused.json()["detail"][:22]) == (403, "You are not among thos")
    whole = queue_of(lead, traces, by_problem=True)
    assert Program(curator).post(f"/queues/{whole.pk}/next").status_code == 409
    Queue.objects.filter(pk=queue.pk).update(state="paused")
    assert Program(curator).post(f"/queues/{queue.pk}/next").json() == {"item": None, "why": "paused"}


def test_a_decision_made_elsewhere_is_not_overwritten_unasked(curator, queue):
    program, at = Program(curator), f"/queues/{queue.pk}"
    item = program.post(f"{at}/next").json()["item"]
    given = {"decision": "accept", "scores": {"Clarity": 4}, "lease": item["lease"]}
    assert program.post(f"{at}/items/{item['id']}/decision", given).status_code == 200
    other = program.post(f"{at}/items/{item['id']}/decision", {**given, "decision": "reject", "reason": "lucky"})
    assert (other.status_code, Review.objects.count()) == (409, 1)
