"""The loop by the API: campaigns by template and as clones, trainings, minds, and what a generation may take."""

import pytest

from tests import factories
from tests.api.programs import Program
from tests.campaigns import learnt_campaign, two_sets
from tests.generation import plan_job
from tests.trainings import make_release, make_training
from tests.worlds import make_world_set, plan_episodes, play_all, world_plan
from trajectories.core.campaigns.templates import TEMPLATES
from trajectories.models import AuditEvent, Campaign, GenerationJob, Mind, Training, TrainingPoint, Transition
from trajectories.services.prompts.instructions import ensure_symbolic_views

pytestmark = pytest.mark.django_db


def small(sets, **values):
    """A campaign on two small sets; all else is as its template begins."""
    return {"training_set": sets[0].pk, "held_out_set": sets[1].pk, "samples_each": 2, "held_out_samples": 2, **values}


def test_every_template_is_offered_with_what_it_lacks_and_what_it_begins_with(lead):
    told = Program(lead).get("/campaign_templates").json()["items"]
    assert [row["name"] for row in told] == list(TEMPLATES)
    by_name = {row["name"]: row for row in told}
    assert by_name["embedded-arc"]["lacks"].startswith("Needs the ARC tasks")
    assert by_name["soar-arc"]["values"]["generations"] == TEMPLATES["soar-arc"].values.get("generations", 3)
    assert by_name["star"]["settings"]
    assert not any(name.startswith("trl_") for row in told for name in row["values"])


def test_a_campaign_is_estimated_and_launched_as_its_page_would(lead):
    program, sets = Program(lead), two_sets()
    asked = small(sets, title="By a program", parameters={"method": "choose"}, settings={}, temperatures=[0.5, 1])
    told = program.post("/campaigns/estimate", asked)
    assert told.status_code == 200, told.content
    assert (told.json()["training_problems"], told.json()["held_out_problems"]) == (4, 6)
    assert (told.json()["trainings"], told.json()["runs"], Campaign.objects.count()) == (4, 7, 0)
    made = program.post("/campaigns", asked, key="once")
    assert made.status_code == 201, made.content
    assert program.post("/campaigns", asked, key="once").json() == made.json()
    campaign = Campaign.objects.get()
    plan = campaign.kept_plan
    assert (campaign.title, campaign.template, campaign.created_by) == ("By a program", "embedded-arc", lead)
    assert (plan.samples_each, tuple(plan.temperatures), plan.parameters["method"]) == (2, (0.5, 1.0), "choose")
    assert plan.instructions == [view.pk for view in ensure_symbolic_views()]
    assert made.json()["plan"]["trainer"] == "embedded"


def test_a_clone_has_the_plan_of_the_first_and_leaves_out_what_is_asked_for(lead):
    program, sets = Program(lead), two_sets()
    first = program.post("/campaigns", small(sets, generations=1, near=0.7)).json()
    clone = program.post("/campaigns", {"like": first["id"], "title": "Again"}).json()
    assert (clone["cloned_from"], clone["title"]) == (first["id"], "Again")
    assert clone["seed"] != first["seed"]
    assert clone["plan"] == first["plan"]
    bare = program.post("/campaigns", {"like": first["id"], "without": "memory"}).json()
    assert (bare["seed"], bare["plan"]) == (first["seed"], first["plan"]), "what it has not is left out without more"
    both = program.post("/campaigns", {"like": first["id"], "template": "star"})
    assert both.json()["errors"][0]["field"] == "template"


@pytest.mark.parametrize(
    ("more", "field", "said"),
    [
        ({"generation": 3}, "generation", "Found something, expected no field or parameter of this name."),
        ({"generations": 0}, "generations", "Found a number out of range, expected at least 1."),
        ({"parameters": {"methods": "choose"}}, "parameters", "Found 'methods', expected one of "),
        ({"parameters": {"method": "guess"}}, "parameters.method", "parameters.method: Found 'guess', expected"),
        ({"settings": {"rounds": 2}}, "settings", "Found 'rounds', expected one of none."),
        ({"trainer": "nobody"}, "trainer", "Found 'nobody', expected one of "),
        ({"like": 99}, "like", "Found 99, expected the id of a campaign that is there."),
        ({"without": "memory"}, "without", "Found no campaign that is cloned, expected one in `like`."),
        ({"template": "embedded"}, "template", "Found something else, expected 'embedded-arc'"),
        ({"sampler": 10**9}, "sampler", "sampler: Found '1000000000', expected one of those offered."),
        ({"title": None}, "title", "Found something else, expected a text."),
    ],
)
def test_what_is_wrong_with_a_campaign_is_said_by_its_field(lead, more, field, said):
    answer = Program(lead).post("/campaigns", small(two_sets(), **more))
    assert answer.status_code == 422, answer.content
    (error,) = answer.json()["errors"]
    assert (error["field"], error["detail"][: len(said)]) == (field, said)
    assert not Campaign.objects.exists()


def test_the_figures_of_a_campaign_are_tables_and_its_budgets_can_be_changed(lead, curator):
    campaign, program = learnt_campaign(lead, curator), Program(lead)
    told = program.get(f"/campaigns/{campaign.pk}/figures/pass").json()
    assert [column["title"] for column in told["columns"]][:4] == ["Generation", "Arm", "Sampler", "pass@1"]
    assert [row[3] for row in told["rows"]] == [0.25, 0.75, 0.0], "1, 3 and 0 of 4 samples are right"
    assert program.get(f"/campaigns/{campaign.pk}/figures/odd").status_code == 422
    ended = program.post(f"/campaigns/{campaign.pk}/budget", {"generation_tokens": 5_000})
    assert ended.status_code == 409
    Campaign.objects.update(state="paused")
    chat = factories.make_sampler(kind="chat", parameters={"base_url": "http://127.0.0.1:9/v1", "model": "none"})
    Campaign.objects.update(first_sampler=chat)
    changed = program.post(f"/campaigns/{campaign.pk}/budget", {"budget_tokens": 9_000, "generation_tokens": 5_000})
    assert changed.status_code == 200, changed.content
    assert (changed.json()["budget_tokens"], changed.json()["generation_tokens"]) == (9_000, 5_000)
    assert AuditEvent.objects.filter(verb="campaign.budgeted", actor=lead).exists()


def test_a_training_is_launched_with_what_was_asked_and_what_its_trainer_begins_with(lead):
    release, program = make_release(), Program(lead)
    (embedded,) = [row for row in program.get("/trainers").json()["items"] if row["key"] == "embedded"]
    method = next(each for each in embedded["parameters"] if each["name"] == "method")
    wanted = {"release": release.pk, "parameters": {"method": method["choices"][-1]}, "per_problem": 3, "bins": False}
    made = program.post("/trainings", wanted, key="k")
    assert made.status_code == 201, made.content
    training = Training.objects.get()
    assert training.parameters["method"] == method["choices"][-1]
    assert (training.rule["per_problem"], training.rule["bins"], training.created_by) == (3, False, lead)
    assert program.post("/trainings", wanted, key="k").json()["id"] == training.pk
    missing = program.post("/trainings", {"parameters": {"method": "choose"}}).json()["errors"]
    assert missing == [{"field": "release", "detail": "release: Found nothing, expected one of those offered."}]
    wrong = program.post("/trainings", {"release": release.pk, "parameters": {"method": "guess"}}).json()["errors"]
    assert wrong[0]["field"] == "parameters.method"
    assert Training.objects.count() == 1


def test_the_curves_of_a_training_are_every_step_page_by_page(lead):
    training, program = make_training(), Program(lead)
    TrainingPoint.objects.bulk_create(
        TrainingPoint(training=training, step=10 * number, values={"loss": 1 / number}) for number in range(1, 6)
    )
    first = program.get(f"/trainings/{training.pk}/curves", limit=3).json()
    rest = program.get(f"/trainings/{training.pk}/curves", limit=3, cursor=first["next"]).json()
    assert [each["step"] for each in (*first["items"], *rest["items"])] == [10, 20, 30, 40, 50]
    assert (first["items"][1]["values"], rest["next"]) == ({"loss": 0.5}, None)


def test_a_training_that_waits_for_its_sampler_is_told_which_it_was(lead):
    training, sampler, program = make_training(), factories.make_sampler(title="Trained elsewhere"), Program(lead)
    at = f"/trainings/{training.pk}/sampler"
    assert program.post(at, {"sampler": sampler.pk}).status_code == 409
    Training.objects.update(state="waiting")
    assert program.post(at, {"sampler": 10**9}).json()["errors"][0]["field"] == "sampler"
    told = program.post(at, {"sampler": sampler.pk}).json()
    assert (told["sampler"], told["state"]) == (sampler.pk, "finished")


def test_a_memory_goes_out_page_by_page_and_comes_back_the_same(lead, curator):
    play_all(plan_episodes(make_world_set(world_plan("maze", {"size": 4}, [], steps=20), 2)))
    mind, program = Mind.objects.get(), Program(lead)
    (row,) = program.get("/minds", run=mind.run_id).json()["items"]
    told = program.get(f"/minds/{mind.pk}").json()
    assert (row["id"], row["remembered"], told["last_change"]) == (mind.pk, mind.transitions.count(), None)
    found, cursor = [], {}
    while cursor is not None:
        page = program.get(f"/minds/{mind.pk}/memory", limit=5, **cursor).json()
        found += page["items"]
        cursor = {"cursor": page["next"]} if page["next"] else None
    assert len(found) == row["remembered"] > 5
    Transition.objects.filter(mind=mind).update(visits=1, after="0,0")
    put = program.post(f"/minds/{mind.pk}/memory", {"transitions": found})
    assert put.status_code == 200, put.content
    again = program.get(f"/minds/{mind.pk}/memory", limit=200).json()["items"]
    assert again == found[:200]
    outside = [{**found[0], "state": [999, 999]}]
    refused = program.post(f"/minds/{mind.pk}/memory", {"transitions": outside})
    assert refused.status_code == 422
    assert refused.json()["detail"].startswith("Line 1, state: found '[999, 999]', expected a state of the world.")
    assert mind.transitions.count() == len(found)
    assert Program(curator).post(f"/minds/{mind.pk}/memory", {"transitions": []}).status_code == 403


def test_a_paused_generation_of_problems_goes_on_within_another_budget(lead):
    job, program = plan_job(), Program(lead)
    at = f"/generation/{job.pk}/resume"
    assert program.post(at, {"budget_tokens": 5_000}).status_code == 409
    GenerationJob.objects.update(state="paused")
    told = program.post(at, {"budget_tokens": 5_000})
    assert told.status_code == 200, told.content
    assert (told.json()["state"], told.json()["budget_tokens"]) == ("queued", 5_000)
    assert program.post("/generation/99/resume", {}).status_code == 404
