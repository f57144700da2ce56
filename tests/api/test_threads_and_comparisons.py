"""What programs do around reviews: adjudications, comparisons, tags, threads and edits of traces."""

import uuid

import pytest
from django.core.cache import cache

from tests import factories
from tests.api.programs import Program
from tests.queues import make_traces
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.prompts.segmentation import SEGMENTATIONS
from trajectories.models import Adjudication, Comparison, Mention, TraceTag
from trajectories.services.curation.reviews import submit_review

pytestmark = pytest.mark.django_db


def review(person, trace, decision, **values):
    return submit_review(reviewer=person, trace=trace, draft=ReviewDraft(decision, **values), key=uuid.uuid4())


def test_traces_of_a_selection_are_tagged_untagged_and_that_is_undone(curator, engineer):
    traces, program = make_traces(3), Program(curator)
    wish = {"tag": " Needs  A look ", "selection": {"traces": [traces[0].pk, traces[1].pk]}}
    told = program.post("/tags/add", wish, key="k")
    assert told.status_code == 201, told.content
    assert (told.json()["tag"], told.json()["traces"]) == ("needs a look", 2)
    assert program.post("/tags/add", wish, key="k").json() == told.json()
    assert program.get(f"/traces/{traces[0].pk}").json()["tags"] == ["needs a look"]
    again = program.post("/tags/add", wish).json()
    assert (again["traces"], again["event"]) == (0, None)
    assert Program(engineer).post(f"/tags/events/{told.json()['event']}/undo").status_code == 404
    assert program.post(f"/tags/events/{told.json()['event']}/undo").json()["traces"] == 2
    assert program.post(f"/tags/events/{told.json()['event']}/undo").status_code == 422
    program.post("/tags/add", wish)
    one = {**wish, "selection": {"traces": [traces[0].pk]}}
    assert program.post("/tags/remove", one).json()["traces"] == 1
    assert list(TraceTag.objects.values_list("trace", flat=True)) == [traces[1].pk]
    # Who is blind knows their own tags only.
    Program(engineer).post("/tags/add", {"tag": "quolls", "selection": {"traces": [traces[2].pk]}})
    assert [row["name"] for row in program.get("/tags").json()["items"]] == ["needs a look"]
    assert [row["name"] for row in Program(engineer).get("/tags", limit=1).json()["items"]] == ["quolls"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"tag": "?!"}, "tag"),
        ({"tag": ""}, "tag"),
        ({"tag": "odd", "selection": {"colour": "red"}}, "colour"),
        ({"tag": "odd", "selection": {"traces": "1,2"}}, "traces"),
        ({"tag": "odd", "colour": 1}, "colour"),
    ],
)
def test_a_tag_that_is_none_changes_nothing(curator, body, field):
    make_traces(1)
    refused = Program(curator).post("/tags/add", body)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field), refused.content
    assert not TraceTag.objects.exists()


def test_a_thread_is_begun_answered_and_resolved_and_calls_somebody(lead, curator):
    trace = factories.make_trace(reasoning="First this. Then that.")
    mine, theirs = Program(curator), Program(lead)
    at = f"/traces/{trace.pk}/threads"
    begun = mine.post(at, {"body": f"@{lead.username} Why?", "quote": "Then that", "fault": "unsupported"}, key="k")
    assert begun.status_code == 201, begun.content
    assert mine.post(at, {"body": f"@{lead.username} Why?", "quote": "Then that", "fault": "unsupported"}, key="k")
    thread = begun.json()
    assert (thread["quote"], thread["fault"], thread["is_open"]) == ("Then that", "unsupported", True)
    missed = mine.post(at, {"body": "Hm", "quote": "Not there"})
    assert (missed.status_code, missed.json()["errors"][0]["field"]) == (422, "quote")
    called = theirs.get("/mentions").json()["items"]
    assert [(row["thread"], row["author"]) for row in called] == [(thread["id"], curator.username)]
    assert theirs.post(f"/mentions/{called[0]['id']}/read").json() == {"read": True}
    assert theirs.post(f"/mentions/{called[0]['id']}/read").json() == {"read": False}
    assert not Mention.objects.filter(read_at=None).exists()
    add = f"/threads/{thread['id']}/events"
    assert theirs.post(add, {"body": "It does."}).json()["author"] == lead.username
    assert theirs.post(add, {"kind": "resolve"}).status_code == 201
    late = mine.post(add, {"kind": "resolve"})
    assert (late.status_code, late.json()["errors"][0]["field"]) == (422, "kind")
    # The curator has not decided: they see what they said themselves, and nothing of others.
    told = mine.get(at).json()
    assert (told["told"], [event["author"] for event in told["items"][0]["events"]]) == (False, [curator.username])
    review(curator, trace, Decision.ACCEPT)
    told = mine.get(at).json()
    assert (told["told"], [event["kind"] for event in told["items"][0]["events"]]) == (
        True,
        ["comment", "comment", "resolve"],
    )


def test_a_thread_of_others_is_closed_until_ones_own_decision_is_in(lead, curator):
    trace = factories.make_trace()
    thread = Program(lead).post(f"/traces/{trace.pk}/threads", {"body": f"@{curator.username} quokkas"}).json()
    program = Program(curator)
    assert program.get(f"/traces/{trace.pk}/threads").json()["items"] == []
    (mention,) = program.get("/mentions").json()["items"]
    assert (mention["body"], mention["author"]) == (None, None)
    refused = program.post(f"/threads/{thread['id']}/events", {"body": "Yes"})
    assert (refused.status_code, "own decision" in refused.json()["detail"]) == (403, True)
    review(curator, trace, Decision.ACCEPT)
    assert program.post(f"/threads/{thread['id']}/events", {"body": "Yes"}).status_code == 201
    assert "quokkas" in program.get("/mentions").json()["items"][0]["body"]


def test_what_people_decided_differently_is_decided_finally_and_reopened(lead, curator, engineer):
    trace, program = factories.make_trace(), Program(lead)
    review(curator, trace, Decision.ACCEPT)
    review(engineer, trace, Decision.REJECT, reason="lucky")
    (row,) = program.get("/adjudications").json()["items"]
    assert [(each["reviewer"], each["decision"]) for each in row["reviews"]] == [
        (curator.username, "accept"),
        (engineer.username, "reject"),
    ]
    case = program.get(f"/adjudications/{trace.pk}").json()
    known = {name: case[name] for name in ("review", "adjudication")}
    wrong = program.post(f"/adjudications/{trace.pk}", {"decision": "reject", **known})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "decision")
    assert not Adjudication.objects.exists()
    final = {"decision": "reject", "reason": "lucky", "comment": "By luck.", **known}
    decided = program.post(f"/adjudications/{trace.pk}", final, key="k")
    assert (decided.status_code, decided.json()["decision"], decided.json()["disputed"]) == (201, "rejected", False)
    assert program.post(f"/adjudications/{trace.pk}", final, key="k").json() == decided.json()
    stale = program.post(f"/adjudications/{trace.pk}", {"decision": "accept", **known})
    assert (stale.status_code, "decided finally to reject" in stale.json()["detail"]) == (409, True)
    assert program.get("/adjudications").json()["items"] == []
    assert program.get("/adjudications", state="decided").json()["items"][0]["final"]["comment"] == "By luck."
    now = {name: decided.json()[name] for name in known}
    reopened = program.post(f"/adjudications/{trace.pk}", {"decision": "reopen", **now}).json()
    assert (reopened["disputed"], [event["decision"] for event in reopened["history"]]) == (True, ["reopen", "reject"])


def test_two_traces_are_compared_blind_and_ranked(lead, curator):
    cache.clear()
    problem = factories.make_problem(kind="numeric", statement="What is 6 times 7?", spec={}, reference=987654321)
    sampler = factories.make_sampler(title="Numbat-7B")
    for number in range(2):
        factories.make_trace(problem=problem, sampler=sampler, answer=40 + number, program="", correctness="pass")
    program = Program(curator)
    told = program.post("/comparisons/next", {"problem": problem.pk})
    pair = told.json()["pair"]
    for hidden in ("Numbat", "pass", "987654321", '"id": 1,'):
        assert hidden not in told.content.decode().replace(f'"id": {problem.pk}', "")
    assert sorted([pair["left"]["answer"], pair["right"]["answer"]]) == [40, 41]
    assert program.post("/comparisons/next", {"problem": problem.pk}).json()["pair"]["lease"] == pair["lease"]
    said = {"lease": pair["lease"], "verdict": "left", "seconds": 3}
    stored = program.post("/comparisons", said, key="k")
    assert (stored.status_code, stored.json()["verdict"]) == (201, "left")
    assert program.post("/comparisons", said, key="k").json() == stored.json()
    better = Comparison.objects.get()
    won = better.first if better.verdict == "first" else better.second
    assert won.answer == pair["left"]["answer"]
    gone = program.post("/comparisons", said)
    assert (gone.status_code, "not yours any more" in gone.json()["detail"]) == (409, True)
    assert program.post("/comparisons/next", {"problem": problem.pk}).json()["pair"] is None
    ranked = Program(lead).get("/comparisons/ranking", problem=problem.pk).json()
    assert (ranked["comparisons"], ranked["traces"][0][0]["id"]) == (1, won.pk)
    again = program.post("/comparisons/undo").json()["pair"]
    assert again["left"]["answer"] == pair["left"]["answer"]
    assert program.post("/comparisons/release", {"leases": [again["lease"]]}).json() == {"asked": 1}
    assert program.post("/comparisons/undo").status_code == 409


def test_a_trace_is_edited_beside_its_original_and_that_is_taken_back(curator, lead):
    problem = factories.make_problem(kind="numeric", statement="What is 2 + 2?", spec={}, reference="4")
    trace = factories.make_trace(problem=problem, reasoning="It is five.", answer="5", program="", steps=[])
    program, at = Program(curator), f"/traces/{trace.pk}/repair"
    told = program.get(at).json()
    name = next(box["name"] for box in told["boxes"] if box["text"] == "It is five.")
    wish = {"texts": {name: "It is four."}, "note": "A slip.", "known": told["known"]}
    made = program.post(at, wish, key="k")
    assert (made.status_code, made.json()["original"]) == (201, trace.pk), made.content
    assert program.post(at, wish, key="k").json() == made.json()
    for wrong, field in (({"texts": {"nowhere": "x"}}, "texts"), ({"texts": {name: "It is five."}}, None)):
        refused = program.post(at, {**wish, **wrong})
        faults = [each["field"] for each in refused.json()["errors"]]
        assert (refused.status_code, faults) == (422, [field] if field else [])
    stale = Program(lead).post(at, {"texts": {name: "It is 4."}})
    assert (stale.status_code, "Somebody else" in stale.json()["detail"]) == (409, True)
    assert program.post(f"/traces/{made.json()['trace']}/repair/withdraw").json() == made.json()
    assert program.post(f"{at}/withdraw").status_code == 409


def test_traces_are_cut_into_other_steps_by_a_job(lead):
    traces, program = make_traces(2), Program(lead)
    wish = {"selection": {"run": traces[0].run_id}, "segmentation": next(filter(None, SEGMENTATIONS))}
    ways = program.post("/segmentations", {**wish, "segmentation": "nothing"})
    assert (ways.status_code, ways.json()["errors"][0]["field"]) == (422, "segmentation")
    made = program.post("/segmentations", wish, key="k")
    assert (made.status_code, made.json()["total"]) == (201, 2), made.content
    assert program.post("/segmentations", wish, key="k").json() == made.json()
    nobody = program.post("/segmentations", {**wish, "segmentation": "model"})
    assert (nobody.status_code, nobody.json()["errors"][0]["field"]) == (422, "cutter")
    assert program.get(f"/jobs/segmentation/{made.json()['id']}").json()["total"] == 2
