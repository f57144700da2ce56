"""Problems that programs have made: by families, as episodes of worlds, by generation; and references that miss."""

import pytest

from tests import factories
from tests.api.programs import Program
from tests.endpoint import sampler_for
from tests.generation import chain_of_thought, run_through, waiting_candidate
from trajectories.models import Brief, GenerationJob, Import, Problem, ProblemCandidate
from trajectories.services.imports.jobs import import_next
from trajectories.services.prompts.briefs import ensure_shipped_briefs
from trajectories.stand_ins.fake_endpoint import FakeEndpoint, problem_writer

pytestmark = pytest.mark.django_db


def finish() -> Import:
    """The newest import, once a worker has done it."""
    job = Import.objects.latest("pk")
    while import_next(job_id=job.pk):
        pass
    return job


def test_references_that_no_sample_matched_are_listed_with_what_samples_say(curator):
    problem = factories.make_problem(kind="numeric", reference="18", statement="What?", spec={}, name="misread")
    for answer in ("17", "17", None):
        factories.make_trace(problem=problem, run=None, answer=answer, program="", steps=[], correctness="fail")
    program = Program(curator)
    (row,) = program.get("/references").json()["items"]
    assert (row["problem_name"], row["reference"], row["answer"], row["votes"], row["wrong"]) == (
        *("misread", "18", "17", 2, 3),
    )
    assert program.get("/references", least=8).json()["items"] == []
    assert program.get("/references", least=0).status_code == 422
    name = problem.problem_set.name
    assert program.get("/references/sets", problem_set=name).json()["items"][0]["unmatched"] == 1


def test_a_family_is_read_tried_and_makes_problems(lead):
    program = Program(lead)
    listed = program.get("/families", name="addition", limit=1).json()
    assert [row["name"] for row in listed["items"]] == ["addition"]
    family = program.get("/families/addition").json()
    assert [knob["name"] for knob in family["knobs"]] == ["min_digits", "max_digits", "part"]
    drawn = {"level": 0, "knobs": {"max_digits": 2}, "seed": 3}
    examples = program.post("/families/addition/preview", drawn).json()["items"]
    assert len(examples) == 3
    assert not Problem.objects.exists()
    wish = {**drawn, "size": 4, "set_title": "Sums"}
    made = program.post("/families/addition/problems", wish, key="k")
    assert made.status_code == 201, made.content
    assert program.post("/families/addition/problems", wish, key="k").json() == made.json()
    job = Import.objects.get()
    assert job.options["draw"]["knobs"]["max_digits"] == 2
    finish()
    assert Problem.objects.filter(problem_set__title="Sums", statement=examples[0]["question"]).count() == 1
    assert program.get(f"/imports/{job.pk}").json()["inserted"] == 4


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"knobs": {"colour": 1}}, "knobs"),
        ({"knobs": {"max_digits": "many"}}, "knob-max_digits"),
        ({"level": 99}, "level"),
        ({"size": 0}, "size"),
        ({"split": "test"}, "split"),
    ],
)
def test_a_draw_that_cannot_be_made_is_refused(lead, body, field):
    refused = Program(lead).post("/families/addition/problems", body)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field), refused.content
    assert not Import.objects.exists()


def test_episodes_of_a_world_are_made(lead):
    program = Program(lead)
    worlds = {world["name"]: world for world in program.get("/worlds").json()["items"]}
    assert [setting["name"] for setting in worlds["maze"]["settings"]] == ["size", "wall"]
    changes = [{"episode": 1, "set": {"wall": "upright"}}]
    wish = {"settings": {"size": 5, "wall": "none"}, "changes": changes, "episodes": 3, "steps": 20, "seed": 4}
    made = program.post("/worlds/maze/problems", {**wish, "set_title": "Little mazes"}, key="k")
    assert made.status_code == 201, made.content
    finish()
    problems = Problem.objects.filter(problem_set__title="Little mazes").order_by("pk")
    assert [problem.spec["episode"] for problem in problems] == [0, 1, 2]
    assert problems[0].spec["settings"] == {"size": 5, "wall": "none"}
    for wrong in ({"settings": {"colour": 1}}, {"settings": {"size": 500}}, {"changes": [{"set": 1}]}):
        refused = program.post("/worlds/maze/problems", {**wish, **wrong})
        assert refused.status_code == 422, (wrong, refused.content)
    assert program.post("/worlds/nowhere/problems", wish).status_code == 404
    assert Import.objects.count() == 1


@pytest.mark.django_db(transaction=True)  # replies are kept by a thread with a connection of its own
def test_problems_are_generated_and_let_into_their_set(lead, curator):
    ensure_shipped_briefs()
    program, brief = Program(lead), Brief.objects.get(name="word-problems")
    assert brief.pk in [row["id"] for row in program.get("/briefs").json()["items"]]
    with FakeEndpoint(answerer=problem_writer()) as endpoint:
        sampler = sampler_for(endpoint)
        plan = {
            "generator": "constrained", "set_title": "Written", "wanted": 4, "sampler": sampler.pk, "brief": brief.pk,
            "kind": "numeric", "per_call": 2, "solver": sampler.pk, "instruction": chain_of_thought().pk, "seed": 7,
        }  # fmt: skip
        told = program.post("/generation/preview", plan).json()
        assert (told["needed"], told["to_solve"]) == (2, 20)
        assert told["messages"]
        assert not GenerationJob.objects.exists()
        made = program.post("/generation", plan, key="k")
        assert made.status_code == 201, made.content
        assert program.post("/generation", plan, key="k").json() == made.json()
        run_through(GenerationJob.objects.get())
    told = program.get(f"/generation/{made.json()['id']}").json()
    assert (told["state"], told["seed"], told["states"]["waiting"] > 0) == ("finished", 7, True)
    reviewer = Program(curator)
    held = reviewer.post("/candidates/next", {"generation": told["id"]}).json()["candidate"]
    decided = reviewer.post(
        f"/candidates/{held['id']}/decision", {"lease": held["lease"], "decision": "accept"}, key="a"
    )
    assert (decided.status_code, decided.json()["state"]) == (201, "accepted"), decided.content
    assert Problem.objects.get(pk=decided.json()["problem"]).problem_set.title == "Written"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"generator": "procedural", "set_title": "A", "sampler": 1}, "sampler"),
        ({"generator": "procedural", "set_title": "A"}, "procedural_family"),
        ({"generator": "constrained", "set_title": "A"}, "sampler"),
        ({"generator": "constrained", "set_title": "A", "wanted": 0}, "wanted"),
        ({"generator": "magic", "set_title": "A"}, "generator"),
    ],
)
def test_a_generation_that_cannot_be_made_is_refused(lead, body, field):
    refused = Program(lead).post("/generation", body)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field), refused.content
    assert not GenerationJob.objects.exists()


def test_a_candidate_is_changed_rejected_undone_let_go_of_and_asked_for_again(curator, lead):
    first, second = waiting_candidate(), waiting_candidate(state="unsolvable")
    program = Program(curator)
    held = program.post("/candidates/next").json()["candidate"]
    assert (held["id"], held["agreement"]["votes"]) == (first.pk, 4)
    busy = Program(lead).post(f"/candidates/{first.pk}/open")
    assert (busy.status_code, "somebody else" in busy.json()["detail"]) == (409, True)
    change = {"lease": held["lease"], "statement": "A kite costs 12 coins and a lamp 5. Both?", "answer": "17"}
    changed = program.post(f"/candidates/{first.pk}/change", change, key="c")
    assert (changed.status_code, changed.json()["reference"]) == (201, "17"), changed.content
    at = f"/candidates/{first.pk}/decision"
    lacking = program.post(at, {"lease": held["lease"], "decision": "reject"})
    assert lacking.status_code == 422, lacking.content
    rejected = program.post(at, {"lease": held["lease"], "decision": "reject", "reason": "too_easy"})
    assert (rejected.status_code, rejected.json()["state"]) == (201, "rejected")
    gone = program.post(at, {"lease": held["lease"], "decision": "accept"})
    assert gone.status_code == 409, gone.content
    assert program.post("/candidates/undo", key="u").json()["state"] == "waiting"
    assert program.post("/candidates/undo").status_code == 409
    assert program.post(f"/candidates/{first.pk}/release").json() == {"candidate": first.pk}
    assert Program(lead).post(f"/candidates/{first.pk}/open").json()["id"] == first.pk
    assert program.post(f"/candidates/{second.pk}/requeue").json()["state"] == "waiting"
    assert program.post(f"/candidates/{second.pk}/requeue").status_code == 409
    assert ProblemCandidate.objects.filter(state="waiting").count() == 2
    assert len(program.get("/candidates", state="waiting", name="kite").json()["items"]) == 2


def test_a_brief_is_written_and_revised(lead):
    ensure_shipped_briefs()
    program, shipped = Program(lead), Brief.objects.get(name="word-problems")
    told = program.get(f"/briefs/{shipped.pk}").json()
    wish = {"title": "Mine", "generator": told["generator"], "kind": "numeric", "template": told["template"],
            "words": ["kite", "lamp"], "features": told["features"]}  # fmt: skip
    made = program.post("/briefs", wish, key="k")
    assert (made.status_code, made.json()["words"]) == (201, ["kite", "lamp"]), made.content
    assert program.post("/briefs", wish, key="k").json() == made.json()
    newest = program.post(f"/briefs/{made.json()['id']}/versions", {"words": ["kite"]}).json()
    assert (newest["version"], newest["words"], newest["template"]) == (2, ["kite"], told["template"])
    refused = program.post("/briefs", {**wish, "title": "Other", "template": "Write something."})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "template"), refused.content
