"""Rules, packages, pushes, pinned files, the control of a memory and replays, by the API."""

import pytest

from tests import factories
from tests.api.programs import Program
from tests.api.test_releases import accepted
from tests.campaigns import mirror_task
from tests.hub import KEY, running_hub
from tests.trainings import make_release
from tests.views.test_replays import PROGRAM, replayed
from trajectories.adapters.endpoints import KeyBindings
from trajectories.core.strategies.memories import Memory
from trajectories.models import Delivery, Export, Freezing, ReleaseRule, Replay, Run
from trajectories.services.releases.deliveries import deliver_next
from trajectories.services.releases.exports import write_export
from trajectories.services.releases.freezing import freeze_next

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _files(settings, tmp_path):
    settings.EXPORT_DIR = tmp_path / "exports"


def test_a_rule_is_previewed_stored_in_versions_and_frozen_by(lead):
    accepted(lead, 3)
    program = Program(lead)
    factories.make_trace(correctness="fail")
    rule = {"reviews": {"accepted_by": 1}, "source": {"kinds": ["arc"]}}
    told = program.post("/rules/preview", {"rule": rule}).json()
    assert (told["total"], told["left"], told["seconds"]) == (4, 3, None)
    assert {row["clause"]: row["removed"] for row in told["funnel"]}["reviews"] == 1
    assert told["words"]
    removed = program.post("/rules/removed", {"rule": rule, "clause": "reviews"}).json()["items"]
    assert [row["correctness"] for row in removed] == ["fail"]
    first = program.post("/rules", {"title": "Mine", "rule": rule}, key="k")
    assert first.status_code == 201, first.content
    assert program.post("/rules", {"title": "Mine", "rule": rule}, key="k").json() == first.json()
    next_one = {"title": "Mine", "rule": {**rule, "per_problem": 1}, "version_of": first.json()["id"]}
    second = program.post("/rules", next_one).json()
    assert (second["name"], second["version"], ReleaseRule.objects.count()) == (first.json()["name"], 2, 2)
    job = program.post("/releases", {"title": "By it", "stored_rule": second["id"]}).json()
    freeze_next(job_id=job["id"])
    freezing = Freezing.objects.get()
    assert (freezing.named_rule_id, freezing.release.item_count) == (second["id"], 3), "each is of another problem"
    both = program.post("/releases", {"title": "By it", "stored_rule": second["id"], "rule": rule})
    assert both.json()["errors"][0]["field"] == "rule"


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/rules", {"title": "Mine", "rule": {"review": {}}}, "rule"),
        ("/rules", {"title": " ", "rule": {}}, "title"),
        ("/rules/preview", {"rule": {"source": {"problem_sets": [99]}}}, "source.problem_sets"),
        ("/rules/preview", {"stored_rule": 99}, "stored_rule"),
        ("/rules/removed", {"clause": "cap"}, "clause"),
        ("/rules/removed", {"clauses": "source"}, "clauses"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said_by_its_field(lead, path, body, field):
    answer = Program(lead).post(path, body)
    assert answer.status_code == 422, answer.content
    assert answer.json()["errors"][0]["field"] == field, answer.content
    assert not ReleaseRule.objects.exists()


def test_a_trial_says_which_traces_its_comparing_clauses_removed(lead):
    problem, program = factories.make_problem(), Program(lead)
    traces = [factories.make_trace(problem=problem, correctness="pass", decision="accepted") for _ in range(3)]
    for trace in traces:
        factories.make_review(trace=trace, reviewer=lead)
    job = program.post("/releases", {"title": "A trial", "rule": {"per_problem": 1}, "trial": True}).json()
    freeze_next(job_id=job["id"])
    assert program.get(f"/freezings/{job['id']}").json()["state"] == "finished"
    first = program.get(f"/freezings/{job['id']}/removed", clause="cap", limit=1).json()
    rest = program.get(f"/freezings/{job['id']}/removed", clause="cap", limit=1, cursor=first["next"]).json()
    found = [row["trace"] for row in (*first["items"], *rest["items"])]
    assert len(set(found)) == 2
    assert set(found) < {trace.pk for trace in traces}
    assert program.get(f"/freezings/{job['id']}/removed", clause="same").json()["items"] == []


def test_a_package_is_made_once_pinned_and_downloaded(engineer, client):
    release, program = make_release(2), Program(engineer)
    made = program.post(f"/releases/{release.pk}/package", key="k")
    assert (made.status_code, made.json()["what"], made.json()["state"]) == (201, "environment", "queued")
    assert program.post(f"/releases/{release.pk}/package", key="k").json() == made.json()
    at = f"/deliveries/{made.json()['id']}"
    assert program.get(f"{at}/link").status_code == 409
    deliver_next(job_id=made.json()["id"])
    told = program.get(at).json()
    assert (told["state"], told["pinned"], told["reason"]) == ("ready", False, "")
    link = program.get(f"{at}/link").json()
    answer = client.get(link["url"])
    assert (answer.status_code, len(b"".join(answer.streaming_content))) == (200, link["byte_size"])
    assert program.post(f"{at}/pin", {"pinned": True}).json()["pinned"]
    assert not program.post(f"{at}/pin", {"pinned": False}).json()["pinned"]


def test_a_file_is_pinned_and_pushed_to_a_hub_once_under_a_key_that_nobody_is_told(
    lead, engineer, settings, monkeypatch
):
    release, program = make_release(2), Program(engineer)
    file = program.post(f"/releases/{release.pk}/exports", {"format": "sft-messages"}).json()
    assert program.post(f"/exports/{file['id']}/pin", {"pinned": True}).json()["pinned"]
    assert Export.objects.get().pinned
    with running_hub() as hub:
        settings.HUB_KEYS = KeyBindings.read(f"A_HUB_TOKEN={hub.url}", "HUB_KEYS")
        monkeypatch.setenv("A_HUB_TOKEN", KEY)
        assert program.get("/hubs").json()["items"] == [{"hub": "A_HUB_TOKEN", "endpoint": hub.url, "is_set": True}]
        wanted = {"export": file["id"], "hub": "A_HUB_TOKEN", "repository": "us/data"}
        early = program.post(f"/releases/{release.pk}/pushes", wanted)
        assert early.json()["errors"][0]["field"] == "export"
        write_export(job_id=file["id"])
        wrong = program.post(f"/releases/{release.pk}/pushes", {**wanted, "repository": "data"})
        assert wrong.json()["errors"][0]["field"] == "repository"
        pushed = program.post(f"/releases/{release.pk}/pushes", wanted, key="k")
        assert pushed.status_code == 201, pushed.content
        deliver_next(job_id=pushed.json()["id"])
        told = program.get(f"/deliveries/{pushed.json()['id']}")
        assert (told.json()["state"], told.json()["outcome"]["address"]) == ("ready", f"{hub.url}/datasets/us/data")
        assert KEY not in told.content.decode()
        assert "us/data" in hub.repositories
    again = program.post(f"/releases/{release.pk}/pushes", wanted, key="k")
    assert (again.status_code, again.json()) == (200, pushed.json())
    assert program.post(f"/deliveries/{pushed.json()['id']}/pin", {"pinned": True}).status_code == 409
    assert Delivery.objects.count() == 1


def test_the_control_of_a_run_with_a_memory_is_launched_once(lead, curator):
    run = factories.plan(
        sampler=factories.make_sampler(kind="chat", parameters={"base_url": "http://127.0.0.1:9/v1", "model": "none"}),
        problems=[mirror_task(1)],
        samples_each=3,
        memory=Memory(count=2),
    )
    program, at = Program(lead), f"/runs/{run.pk}/without_memory"
    made = program.post(at, key="k")
    assert made.status_code == 201, made.content
    assert program.post(at, key="k").json() == made.json()
    control = Run.objects.get(control_of=run)
    assert (control.pk, control.seed, bool(control.kept_plan.memory)) == (made.json()["id"], run.seed, False)
    refused = program.post(f"/runs/{control.pk}/without_memory")
    assert (refused.status_code, refused.json()["detail"]) == (
        422, "This run has no memory; expected one that has.",
    )  # fmt: skip
    assert Program(curator).post(at).status_code == 403


def test_a_program_is_recorded_and_read_statement_by_statement(lead, problem):
    trace, program = factories.make_trace(problem=problem, program=PROGRAM), Program(lead)
    at = f"/traces/{trace.pk}/replay"
    assert program.get(at).json() == {"state": "none", "engine": "", "pairs": 0, "messages": []}
    assert program.post(at, {}).json()["state"] == "waiting"
    Replay.objects.all().delete()
    replayed(trace)
    told = program.get(at).json()
    assert (told["state"], told["pairs"]) == ("ready", len(problem.spec["train"]) + len(problem.spec["test"]))
    pair = program.get(f"{at}/0").json()
    assert ["flip", 1] in pair["calls"]
    assert pair["result"] in pair["grids"]
    assert program.get(f"{at}/99").status_code == 404
    text = factories.make_trace(problem=factories.make_problem(kind="text", spec={}))
    assert program.post(f"/traces/{text.pk}/replay", {}).status_code == 422
