"""What programs read of runs: tables of figures, audits, attempts under way, replays; and what else is made of them."""

import pytest

from tests import factories
from tests.api.programs import Program
from tests.insights import make_population
from tests.local_models import make_environment, make_folder
from tests.queues import make_traces, queue_of
from tests.views.test_replays import PROGRAM, replayed
from tests.views.test_runs_memory import run, sampler, view  # noqa: F401 - fixtures
from tests.views.test_watches import attempt, tell  # noqa: F401 - a fixture
from trajectories.charts import CHARTS
from trajectories.core.curation.schemas import Blinding
from trajectories.models import Queue, Replay, Sampler

pytestmark = pytest.mark.django_db


def test_every_figure_has_its_table(curator):
    problem_set, runs = make_population(problems=4, samples=4, runs=2)
    program = Program(curator)
    listed = program.get("/insights").json()
    assert [each["name"] for each in listed["items"]] == list(CHARTS)
    for name in CHARTS:
        told = program.get(f"/insights/{name}", problem_set=problem_set.pk)
        assert told.status_code == 200, (name, told.content)
        shown = told.json()
        assert shown["about"] == "Evaluation set"
        assert all(len(row) == len(shown["columns"]) for row in shown["rows"]), name
        assert bool(shown["rows"]) != bool(shown["missing"]), name
    for each in listed["budgets"]:
        shown = program.get(f"/insights/budgets/{each['name']}", run=[each.pk for each in runs]).json()
        assert shown["rows"], each
    by_way = program.get("/insights/budgets/curves", way=["majority"], unit="tokens").json()
    assert {row[0] for row in by_way["rows"]} == {by_way["rows"][0][0]}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/insights/nothing", 404),
        ("/insights/pass-at-k?run=999999", 422),
        ("/insights/pass-at-k?colour=red", 422),
        ("/insights/budgets/nothing", 422),
        ("/insights/budgets/curves?way=magic", 422),
        ("/insights/budgets/curves?unit=yen", 422),
    ],
)
def test_what_is_no_figure_is_refused(curator, path, status):
    assert Program(curator).get(path).status_code == status


def test_audits_find_traces_and_make_a_queue_of_them(lead):
    problem = factories.make_problem()
    found = [factories.make_trace(problem=problem, correctness="fail", train_passed=2, train_total=2) for _ in range(2)]
    program = Program(lead)
    audits = {audit["name"]: audit for audit in program.get("/audits").json()["items"]}
    assert audits["train_not_test"]["traces"] == 2
    page = program.get("/audits/train_not_test", limit=1).json()
    assert ([row["id"] for row in page["items"]], page["next"]) == ([found[1].pk], found[1].pk)
    wish, at = {"selection": {"problem": problem.pk}}, "/audits/train_not_test/queue"
    made = program.post(at, wish, key="k")
    assert (made.status_code, made.json()["items"]) == (201, 2), made.content
    assert program.post(at, wish, key="k").json() == made.json()
    nothing = program.post("/audits/people/queue", {})
    assert (nothing.status_code, "finds no trace now" in nothing.json()["detail"]) == (409, True)
    assert Queue.objects.count() == 1


def test_an_attempt_is_watched_as_it_comes(curator, attempt):  # noqa: F811
    program, at = Program(curator), f"/runs/{attempt.run_id}"
    (row,) = program.get(f"{at}/under_way").json()["items"]
    assert (row["id"], row["problem"]) == (attempt.pk, attempt.problem_id)
    here = f"{at}/attempts/{attempt.pk}"
    assert program.get(here).json()["steps"] == []
    tell(attempt)
    told = program.get(here).json()
    assert (told["begins_anew"], len(told["steps"]), told["text"]) == (True, 1, "It tu")
    tell(attempt, text="It turns")
    have = {"take": 1, "steps": 1, "revision": 3, "thoughts": 4, "text": 5}
    told = program.get(here, **have).json()
    assert (told["begins_anew"], told["replaces"], told["steps"], told["text"]) == (False, False, [], "rns")
    assert program.get(f"{at}/attempts/999999").status_code == 404


def test_the_control_of_a_run_with_memory_is_launched_once(lead, run):  # noqa: F811
    program, at = Program(lead), f"/runs/{run.pk}/without_memory"
    made = program.post(at, key="k")
    assert (made.status_code, made.json()["seed"]) == (201, run.seed), made.content
    assert program.post(at, key="k").json() == made.json()
    none = program.post(f"/runs/{made.json()['id']}/without_memory")
    assert (none.status_code, "no memory" in none.json()["detail"]) == (422, True)


def test_a_program_is_replayed_by_a_worker_and_read(lead, curator, problem):
    trace = factories.make_trace(problem=problem, program=PROGRAM)
    program, at = Program(curator), f"/traces/{trace.pk}/replay"
    assert program.get(at).json()["state"] == "none"
    assert program.post(at).json()["state"] == "waiting"
    Replay.objects.all().delete()
    replayed(trace)
    told = program.get(at).json()
    assert (told["state"], told["engine"], len(told["pairs"])) == (
        *("ready", "bubblewrap 1"),
        len(problem.spec["train"]) + len(problem.spec["test"]),
    )
    assert program.post(at, {"again": True}).json()["state"] == "waiting"
    bare = factories.make_trace(problem=factories.make_problem(kind="numeric", spec={}), program="")
    assert program.post(f"/traces/{bare.pk}/replay").status_code == 409


def test_what_a_queue_hides_is_not_told_by_a_replay(lead, curator):
    traces = make_traces(1)
    queue_of(lead, traces, blinding=Blinding(reviews=True, verdicts=True, sampler=False))
    at = f"/traces/{traces[0].pk}/replay"
    refused = Program(curator).get(at)
    assert (refused.status_code, "hides" in refused.json()["detail"]) == (403, True)
    assert Program(curator).post(at).status_code == 403
    assert Program(lead).get(at).status_code == 200


def test_a_model_of_the_machine_becomes_a_sampler_and_is_served_otherwise(lead, settings, tmp_path):
    settings.TRAINING_PYTHON = make_environment(tmp_path / "python")
    settings.MODELS_DIR = tmp_path / "models"
    make_folder(settings.MODELS_DIR, "small")
    program = Program(lead)
    assert program.get("/local_models").json()["items"] == ["small"]
    wish = {"folder": "small", "name": "small-model", "title": "Small model", "batch": 4, "logprobs": True}
    made = program.post("/local_models", wish, key="k")
    assert made.status_code == 201, made.content
    assert program.post("/local_models", wish, key="k").json() == made.json()
    assert {"folder": "small", "batch": 4, "logprobs": True}.items() <= made.json()["settings"].items()
    newest = program.post(f"/local_models/{made.json()['id']}/versions", {"batch": 16, "logprobs": False}).json()
    assert (newest["version"], newest["settings"]["batch"], newest["settings"]["logprobs"]) == (2, 16, False)
    late = program.post(f"/local_models/{made.json()['id']}/versions", {"batch": 2})
    assert (late.status_code, "another version" in late.json()["detail"]) == (422, True)
    strange = program.post("/local_models", {**wish, "folder": "large", "name": "other"})
    assert (strange.status_code, strange.json()["errors"][0]["field"]) == (422, "folder")
    assert Sampler.objects.count() == 2


def test_two_runs_are_compared_problem_by_problem(curator):
    _, runs = make_population(problems=6, samples=4, runs=2)
    program, asked = Program(curator), {"a": runs[0].pk, "b": runs[1].pk}
    told = program.get("/insights/versus", **asked, limit=4).json()
    assert [each["run"] for each in told["runs"]] == [runs[0].pk, runs[1].pk]
    assert told["shared"] == told["apart"]["problems"] + told["undefined"]
    assert (len(told["problems"]), told["next"]) == (4, 4)
    rest = program.get("/insights/versus", **asked, limit=4, cursor=4).json()
    assert rest["next"] is None
    gaps = [abs(row["first"] - row["second"]) for row in (*told["problems"], *rest["problems"])]
    assert gaps == sorted(gaps, reverse=True)
    counted = [told["counted"][name] for name in ("won", "lost", "both", "neither", "open")]
    assert sum(counted) == told["apart"]["problems"]
    same = program.get("/insights/versus", a=runs[0].pk, b=runs[0].pk)
    assert (same.status_code, "same run twice" in same.json()["detail"]) == (422, True)
    other = factories.make_run()
    assert "share no problem" in program.get("/insights/versus", a=runs[0].pk, b=other.pk).json()["detail"]
