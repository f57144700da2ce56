"""What runs and queues are made with, and making queues and releases."""

import uuid

import pytest

from tests import factories
from tests.api.programs import Program
from tests.queues import make_traces, queue_of
from trajectories.core.curation.reviews import Decision, ReviewDraft
from trajectories.core.curation.schemas import Blinding
from trajectories.models import Freezing, Import, Queue, Release
from trajectories.services.curation.reviews import submit_review
from trajectories.services.releases.freezing import freeze_next

pytestmark = pytest.mark.django_db


def test_what_a_run_is_made_with_is_listed_with_its_ids(lead, problem):
    program = Program(lead)
    (row,) = program.get("/problem_sets").json()["items"]
    assert (row["id"], row["name"]) == (problem.problem_set_id, problem.problem_set.name)
    assert program.get(f"/problems/{problem.pk}").json()["problem_set_id"] == row["id"]
    instructions = program.get("/instructions", limit=200).json()["items"]
    assert {"symbolic", "chat"} <= {each["suits"] for each in instructions}
    assert len({each["name"] for each in instructions}) == len(instructions)
    rubrics = program.get("/rubrics").json()["items"]
    assert all(each["least"] < each["pass_from"] <= each["most"] for each in rubrics)
    assert rubrics
    assert program.get("/scorers").json() == {"items": [], "next": None}


def test_an_import_is_listed_and_read_with_its_faults(lead):
    job = Import.objects.create(
        kind="traces",
        source="a.jsonl",
        state="refused",
        fault_count=3,
        faults=[["a.jsonl", "line 2", "Found nothing."]],
    )
    told = Program(lead).get(f"/imports/{job.pk}").json()
    assert told["faults"] == [{"file": "a.jsonl", "row": "line 2", "detail": "Found nothing."}]
    assert (told["state"], told["fault_count"], told["problem_set"]) == ("refused", 3, None)
    assert [each["id"] for each in Program(lead).get("/imports").json()["items"]] == [job.pk]


def test_a_queue_is_made_once_for_a_key_and_read(lead, curator):
    traces = make_traces(3)
    wish = {
        "title": "Every third",
        "selection": {"run": traces[0].run_id, "traces": [trace.pk for trace in traces[:2]]},
        "guidelines": "Be strict.",
        "reasons": ["Too long"],
        "tags": ["odd"],
        "hide_verdicts": True,
        "members": [curator.pk],
        "due_on": "2027-01-31",
        "doubled_percent": 0,
    }
    program = Program(lead)
    first = program.post("/queues", wish, key="k")
    assert first.status_code == 201, first.content
    told = first.json()
    assert (program.post("/queues", wish, key="k").json(), Queue.objects.count()) == (told, 1)
    assert (told["items"], told["needed"], told["due_on"], told["guidelines"]) == (2, 2, "2027-01-31", "Be strict.")
    assert (list(told["asks"]["reasons"].values()), told["hides"]) == (["Too long"], ["reviews", "verdicts"])
    assert Program(curator).get(f"/queues/{told['id']}").json()["title"] == "Every third"
    assert Program(curator).post(f"/queues/{told['id']}/next").json()["item"]["trace"]["hidden"] == ["verdicts"]
    plain = program.post("/queues", {"title": "Plain"}).json()
    assert (plain["items"], "lucky" in plain["asks"]["reasons"]) == (3, True)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"selection": {"misspelt": 1}}, "misspelt"),
        ({"selection": {"correctness": "right"}}, "correctness"),
        ({"selection": {"run": "one"}}, "run"),
        ({"selection": {"sampler": 999}}, "sampler"),
        ({"scorer_name": "none"}, "scorer_name"),
        ({"members": [999]}, "members"),
        ({"due_on": "2027-02-31"}, "due_on"),
        ({"title": ""}, "title"),
    ],
)
def test_what_no_queue_can_be_is_refused_by_its_field(lead, changed, field):
    make_traces(1)
    answer = Program(lead).post("/queues", {"title": "A queue", **changed})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), answer.content
    assert not Queue.objects.exists()


def test_a_queue_that_one_may_not_see_is_not_there(lead, curator):
    queue = queue_of(lead, make_traces(1), blinding=Blinding(), members=[lead])
    assert Program(curator).get(f"/queues/{queue.pk}").status_code == 404
    assert Program(lead).get(f"/queues/{queue.pk}").status_code == 200


def accepted(lead):
    trace = factories.make_trace(correctness="pass")
    submit_review(reviewer=lead, trace=trace, draft=ReviewDraft(Decision.ACCEPT), key=uuid.uuid4())
    return trace


def test_a_release_is_frozen_by_a_worker_and_followed(lead, engineer):
    trace, program, wish = accepted(lead), Program(engineer), {"title": "First", "notes": "By a program."}
    made = program.post("/releases", wish, key="k")
    assert (made.status_code, made.json()["state"], made.json()["release"]) == (201, "queued", None)
    assert program.post("/releases", wish, key="k").json() == made.json()
    freeze_next(job_id=made.json()["id"])
    told = program.get(f"/freezings/{made.json()['id']}").json()
    release = Release.objects.get()
    assert (told["state"], told["release"], release.title, release.notes) == ("finished", release.pk, *wish.values())
    assert release.items.get().trace == trace
    trial = program.post("/releases", {"title": "Trial", "trial": True, "rule": {"source": {"kinds": ["arc"]}}}).json()
    freeze_next(job_id=trial["id"])
    told = program.get(f"/freezings/{trial['id']}").json()
    assert (told["state"], told["release"], told["funnel"][-1]["left"]) == ("finished", None, 1)


@pytest.mark.parametrize(
    ("changed", "status"), [({"rule": {"sources": {}}}, 422), ({"rule": {"version": 9}}, 422), ({"title": " "}, 422)]
)
def test_what_no_release_can_be_is_refused(lead, changed, status):
    accepted(lead)
    answer = Program(lead).post("/releases", {"title": "First", **changed})
    assert (answer.status_code, Freezing.objects.count()) == (status, 0), answer.content


def test_where_nothing_is_accepted_nothing_is_frozen(lead):
    answer = Program(lead).post("/releases", {"title": "First"})
    assert (answer.status_code, answer.json()["detail"][:35]) == (409, "No accepted trace matches this rule")
