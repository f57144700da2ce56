import pytest

from tests import factories
from tests.api.programs import Program
from trajectories.models import AuditEvent, Problem, Run
from trajectories.services.endpoints.samplers import ensure_symbolic
from trajectories.services.prompts.instructions import ensure_symbolic_views


@pytest.fixture
def launch(problem):
    return {"sampler": ensure_symbolic().pk, "problem_set": problem.problem_set.name, "samples_each": 2, "seed": 7}


def test_a_run_is_launched_once_for_a_key_and_steered(lead, launch):
    program = Program(lead)
    launch["segmentation"] = "sentences:1"
    first = program.post("/runs", launch, key="k")
    assert first.status_code == 201, first.content
    run = Run.objects.get()
    assert (run.created_by, run.seed, run.state, run.planned_count) == (lead, 7, "queued", first.json()["planned"])
    assert run.segmentation == "sentences:1"
    assert program.post("/runs", launch, key="k").json() == first.json()
    assert program.post(f"/runs/{run.pk}/pause").json()["state"] == "paused"
    assert program.post(f"/runs/{run.pk}/pause").status_code == 409
    assert program.post(f"/runs/{run.pk}/resume").json()["state"] == "queued"
    assert program.post(f"/runs/{run.pk}/cancel").json()["state"] == "cancelled"
    assert program.get(f"/runs/{run.pk}").json()["state"] == "cancelled"
    assert [row["id"] for row in program.get("/runs", state="stopped").json()["items"]] == [run.pk]
    assert AuditEvent.objects.filter(object_type="run", actor=lead).count() == 4
    assert Run.objects.count() == 1


def test_what_failed_is_drawn_again_for_a_program(lead):
    program, run = Program(lead), factories.plan()
    assert program.post(f"/runs/{run.pk}/retry").status_code == 409, "it is under way"
    failed = run.attempts.update(state="failed", error_kind="timeout")
    Run.objects.filter(pk=run.pk).update(state="failed", failed_count=failed)
    answer = program.post(f"/runs/{run.pk}/retry").json()
    assert (answer["state"], answer["failed"]) == ("queued", 0)


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"sampler": 99}, "sampler", "one of those offered"),
        ({"problem_set": "none"}, "problem_set", "Found no problem set 'none'"),
        ({"names": ["missing"]}, "names", "Found no problem named 'missing'"),
        ({"temperatures": [9.5]}, "temperatures", "9.5"),
        ({"strategy": "luck"}, "strategy", "Found 'luck'"),
        ({"settings": {"depth": 3}}, "settings", "Found 'depth'"),
        ({"samples_each": 0}, "samples_each", "at least 1"),
        (
            {"strategy": "beam", "instructions": "all"},
            "instructions",
            "instructions that suit the sampler and the strategy",
        ),
        ({"instructions": [99]}, "instructions", "at least one of those offered"),
        ({"segmentation": "words:9"}, "segmentation", "expected paragraphs:1"),
    ],
)
def test_what_no_run_can_be_is_refused_by_its_field(lead, launch, changed, field, said):
    if changed.get("instructions") == "all":
        changed = {**changed, "instructions": [view.pk for view in ensure_symbolic_views()]}
    answer = Program(lead).post("/runs", {**launch, **changed})
    assert answer.status_code == 422
    told = answer.json()
    assert told["errors"][0]["field"] == field
    assert said in told["detail"]
    assert not Run.objects.exists()


def test_problems_are_listed_read_and_added(lead, problem):
    program = Program(lead)
    rows = [{"question": "Which is even?", "choices": ["3", "4"], "answer": "B", "split": "eval"}]
    added = program.post("/problems", {"problem_set": "My set", "rows": rows}).json()
    assert (added["inserted"], added["problem_set"]) == (1, "my-set")
    (row,) = program.get("/problems", problem_set="my-set").json()["items"]
    told = program.get(f"/problems/{row['id']}").json()
    assert (told["kind"], told["split"], told["reference"]) == ("choice", "eval", "B")
    no_side = program.post("/problems", {"problem_set": "My set", "rows": [{"question": "Why?", "answer": "So."}]})
    assert no_side.status_code == 422
    assert "train or eval" in no_side.json()["detail"]
    assert Problem.objects.count() == 2


def test_samplers_tell_nothing_of_their_keys(lead):
    factories.make_sampler(title="A model", kind="chat", parameters={"base_url": "http://m", "key_variable": "SECRET"})
    answer = Program(lead).get("/samplers")
    assert "A model" in [row["title"] for row in answer.json()["items"]]
    assert b"SECRET" not in answer.content
