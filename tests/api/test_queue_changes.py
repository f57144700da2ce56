"""What programs of leads do: queues once they are made, by problem too, and the quality of reviews."""

import pytest

from tests import factories
from tests.api.programs import Program
from tests.queues import decide, item_of, make_traces, queue_of
from trajectories.core.curation.schemas import Blinding
from trajectories.core.identity import content_hash
from trajectories.models import Queue, QueueFlag, QueueItem, Review, ReviewVoid, Trace

pytestmark = pytest.mark.django_db


@pytest.fixture
def traces(db):
    return make_traces(3, correctness="pass")


@pytest.fixture
def queue(lead, traces) -> Queue:
    return queue_of(lead, traces)


def test_a_queue_is_changed_and_its_guidelines_have_versions(lead, curator, queue):
    program, at = Program(lead), f"/queues/{queue.pk}"
    people = {row["username"]: row["id"] for row in program.get("/reviewers").json()["items"]}
    assert curator.username in people
    changed = program.post(f"{at}/change", {"title": "Odd ones", "members": [people[curator.username]]})
    assert (changed.status_code, changed.json()["title"]) == (200, "Odd ones")
    assert program.post(f"{at}/change", {"due_on": "2026-12-24"}).json()["due_on"] == "2026-12-24"
    told = program.get(f"{at}/people").json()
    assert [row["username"] for row in told["members"]] == [curator.username]
    strange = program.post(f"{at}/change", {"members": [999_999]})
    assert (strange.status_code, strange.json()["errors"][0]["field"]) == (422, "members")
    assert program.post(f"{at}/change", {"members": [], "due_on": ""}).json()["due_on"] is None
    assert list(queue.members.all()) == []
    first = Program(curator).get(f"{at}/guidelines").json()
    written = program.post(f"{at}/guidelines", {"text": "Look twice.", "seen": first["version"]}, key="k")
    assert (written.status_code, written.json()["version"]) == (201, first["version"] + 1)
    stale = program.post(f"{at}/guidelines", {"text": "Once.", "seen": first["version"]})
    assert (stale.status_code, "in the meantime" in stale.json()["detail"]) == (422, True)
    assert Program(curator).get(f"{at}/guidelines").json()["text"] == "Look twice."


def test_a_trace_becomes_gold_and_answers_to_it_are_counted(lead, curator, queue, traces):
    program, at = Program(lead), f"/queues/{queue.pk}/gold"
    wish = {"trace": traces[0].pk, "decision": "reject", "reason": "lucky", "why": "By luck.", "is_training": True}
    made = program.post(at, wish, key="k")
    assert made.status_code == 201, made.content
    assert program.post(at, wish, key="k").json() == made.json()
    (row,) = made.json()["items"]
    assert (row["trace"], row["decision"], row["answered"]) == (traces[0].pk, "reject", 0)
    assert QueueItem.objects.get(queue=queue, trace=traces[0]).is_gold
    for wrong, field in (({"trace": 999_999}, "trace"), ({"reason": "nonsense"}, "reason"), ({}, "trace")):
        refused = program.post(at, {**wish, **wrong})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    decide(curator, item_of(queue, traces[0]))
    assert [(row["answered"], row["right"]) for row in program.get(at).json()["items"]] == [(1, 0)]


def test_a_question_to_the_lead_is_read_and_settled_once(lead, curator, queue, traces):
    item = item_of(queue, traces[0])
    flag = QueueFlag.objects.create(item=item, reviewer=curator, note="Does it count?")
    program, at = Program(lead), f"/queues/{queue.pk}/flags"
    (row,) = program.get(at).json()["items"]
    assert (row["note"], row["trace"], row["by"]) == ("Does it count?", traces[0].pk, curator.username)
    assert program.post(f"{at}/{flag.pk}/settle").json() == {"items": []}
    assert program.post(f"{at}/{flag.pk}/settle").status_code == 409


def test_the_last_decision_in_a_queue_is_taken_back(curator, queue):
    program, at = Program(curator), f"/queues/{queue.pk}"
    item = program.post(f"{at}/next").json()["item"]
    program.post(f"{at}/items/{item['id']}/decision", {"decision": "accept", "lease": item["lease"]})
    undone = program.post(f"{at}/undo", key="k")
    assert (undone.status_code, undone.json()["item"]) == (200, item["id"])
    assert program.post(f"{at}/undo", key="k").json() == undone.json()
    assert program.post(f"{at}/undo").status_code == 409
    assert Trace.objects.get(pk=item["trace"]["id"]).decision == ""


@pytest.fixture
def samples(db) -> list[Trace]:
    problem = factories.make_problem(kind="numeric", spec={}, statement="How many?", reference="12")
    run = factories.make_run()
    return [
        factories.make_trace(
            run=run, problem=problem, answer=answer, answer_hash=content_hash(answer), correctness=outcome, steps=[]
        )
        for answer, outcome in (("12", "pass"), ("12", "pass"), ("13", "fail"))
    ]  # fmt: skip


def test_all_samples_of_a_problem_are_decided_together_skipped_and_undone(lead, curator, samples):
    queue = queue_of(lead, samples, by_problem=True, blinding=Blinding(reviews=True, verdicts=True, sampler=True))
    program, at = Program(curator), f"/queues/{queue.pk}/problems"
    alone = program.post(f"/queues/{queue.pk}/next")
    assert (alone.status_code, "by problem" in alone.json()["detail"]) == (409, True)
    told = program.post(f"{at}/next").json()["group"]
    assert "reference" not in told["problem"]
    assert [(each["answer"], len(each["samples"])) for each in told["answers"]] == [("12", 2), ("13", 1)]
    shown = [each for group in told["answers"] for each in group["samples"]]
    assert {(each["correctness"], each["origin"]) for each in shown} == {("", "")}
    here = f"{at}/{samples[0].problem_id}"
    assert program.post(f"{here}/skip", {"reason": "unsure"}).json() == {"skipped": True}
    assert program.post(f"{at}/next").json() == {"group": None, "why": "skipped"}
    told = program.post(f"{at}/next?skipped=true").json()["group"]
    item = told["answers"][0]["samples"][0]["item"]
    sample = program.get(f"/queues/{queue.pk}/samples/{item}").json()
    assert (sample["hidden"], sample["correctness"], sample["run"]) == (["verdicts", "sampler"], "", None)
    items = [each["item"] for group in told["answers"] for each in group["samples"]]
    said = {"lease": told["lease"], "items": items, "answers": {told["answers"][0]["hash"]: {"best": item}}}
    nothing = program.post(f"{here}/decision", {"lease": told["lease"], "items": items})
    assert (nothing.status_code, "Nothing is marked" in nothing.json()["detail"]) == (422, True)
    assert not Review.objects.exists()
    decided = program.post(f"{here}/decision", said, key="k")
    assert (decided.status_code, decided.json()["decided"]) == (200, 3)
    assert program.post(f"{here}/decision", said, key="k").json() == decided.json()
    assert sorted(Review.objects.values_list("decision", flat=True)) == ["accept", "reject", "reject"]
    again = program.post(f"{here}/decision", said)
    assert (again.status_code, "another window" in again.json()["detail"]) == (409, True)
    assert program.get(f"/queues/{queue.pk}/samples/{item}").json()["correctness"] == "pass"
    assert program.post(f"/queues/{queue.pk}/undo").json()["problem"] == samples[0].problem_id
    assert program.post(f"{here}/open").json()["group"]["problem"]["id"] == samples[0].problem_id
    one = queue_of(lead, make_traces(1))
    assert program.post(f"/queues/{one.pk}/problems/next").status_code == 409


def test_reviews_are_measured_voided_and_restored(lead, curator, engineer, queue, traces):
    for trace in traces:
        decide(curator, item_of(queue, trace))
    factories.make_review(trace=traces[0], reviewer=engineer, decision="reject", reason="lucky")
    program, at = Program(lead), f"/reviewers/{curator.pk}"
    told = program.get("/quality").json()
    assert (told["totals"]["reviews"], told["totals"]["shared"]) == (4, 1)
    assert program.get("/quality", queue=queue.pk).json()["totals"]["reviews"] == 3
    backwards = program.get("/quality", since="2026-02-01", until="2026-01-01")
    assert (backwards.status_code, backwards.json()["errors"][0]["field"]) == (422, "until")
    wish = {"since": "2020-01-01", "reason": "Too fast.", "queue": queue.pk, "again": "anybody"}
    voided = program.post(f"{at}/voids", wish, key="k")
    assert voided.status_code == 201, voided.content
    assert (voided.json()["reviews"], voided.json()["moved"]) == (3, 3)
    assert program.post(f"{at}/voids", wish, key="k").json() == voided.json()
    assert program.post(f"{at}/voids", wish).status_code == 422
    assert Trace.objects.filter(decision="accepted").count() == 0
    assert [row["id"] for row in program.get(f"{at}/voids").json()["items"]] == [voided.json()["id"]]
    restored = program.post(f"/voids/{voided.json()['id']}/undo")
    assert (restored.status_code, restored.json()["undoes"]) == (200, voided.json()["id"])
    assert program.post(f"/voids/{restored.json()['id']}/undo").status_code == 409
    assert ReviewVoid.objects.count() == 2


def test_what_somebody_holds_goes_to_others(lead, curator, engineer, queue):
    Program(curator).post(f"/queues/{queue.pk}/next")
    program, at = Program(lead), f"/reviewers/{curator.pk}"
    assert program.get(f"{at}/open").json()["items"] == [
        {"queue": queue.pk, "title": queue.title, "leased": 1, "meant": 0}
    ]
    themselves = program.post(f"{at}/reassign", {"queue": queue.pk, "to": [curator.pk]})
    assert (themselves.status_code, themselves.json()["errors"][0]["field"]) == (422, "to")
    assert program.post(f"{at}/reassign", {"queue": queue.pk, "to": [lead.pk]}).json() == {"moved": 1, "to_anybody": 0}
    assert program.get(f"{at}/open").json()["items"] == []
