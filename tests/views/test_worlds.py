"""Worlds: the list, the form that makes episodes, and the table of what changes do."""

from django.urls import reverse

from tests.worlds import agent, make_world_set, plan_episodes, play_all, world_plan
from trajectories.models import Import, Problem, Sampler
from trajectories.services.imports.jobs import import_next

FORM = {
    "setting-size": "5",
    "setting-wall": "none",
    "changes": '[{"episode": 1, "set": {"wall": "upright"}}]',
    "episodes": "3",
    "steps": "20",
    "seed": "4",
    "set_title": "Little mazes",
    "split": "train",
}


def test_the_list_names_every_world_the_sets_and_what_agents_know(client, lead):
    run = play_all(
        plan_episodes(make_world_set(world_plan("maze", {"size": 4}, [], steps=6), 2), sampler=agent("random"))
    )
    client.force_login(lead)
    shown = client.get(reverse("world_list")).content.decode()
    for title in ("Maze with a wall that turns", "Flaky tools", "Key and door", "Environment of Gymnasium"):
        assert title in shown
    assert "A small maze" in shown
    assert reverse("mind_detail", args=[run.minds.get().pk]) in shown
    play = f"{reverse('run_new')}?set={run.problem_set.name}"
    assert play in shown
    form = client.get(play).context["form"]
    assert form["sampler"].value() in Sampler.objects.filter(kind="agent").values_list("pk", flat=True)
    assert form["samples_each"].value() == 1


def test_a_form_makes_episodes_by_a_job(client, lead):
    client.force_login(lead)
    answer = client.post(reverse("world_new", args=["maze"]), FORM)
    job = Import.objects.get()
    assert answer.url == reverse("import_detail", args=[job.pk])
    while import_next(job_id=job.pk):
        pass
    made = Problem.objects.filter(problem_set__title="Little mazes").order_by("pk")
    assert [problem.spec["episode"] for problem in made] == [0, 1, 2]
    assert made[0].spec["settings"] == {"size": 5, "wall": "none"}


def test_a_wrong_form_says_what_is_wrong_and_makes_nothing(client, lead, curator):
    client.force_login(lead)
    for field, value, message in (
        ("changes", "{", "Changes: found no JSON"),
        ("changes", '[{"episode": 1, "set": {"wall": "round"}}]', "Wall: found &#x27;round&#x27;"),
        ("episodes", "0", "Found 0, expected"),
        ("setting-size", "2", "Found 2, expected"),
    ):
        answer = client.post(reverse("world_new", args=["maze"]), {**FORM, field: value})
        assert answer.status_code == 422
        assert message in answer.content.decode(), (field, value)
    named = {name: value for name, value in FORM.items() if not name.startswith("setting")}
    answer = client.post(
        reverse("world_new", args=["gymnasium"]), {**named, "env_name": "os:Maze-v0", "settings": "{}"}
    )
    assert "found no environment &#x27;os:Maze-v0&#x27; registered" in answer.content.decode()
    client.force_login(curator)
    assert client.post(reverse("world_new", args=["maze"]), FORM).status_code == 403
    assert not Import.objects.exists()


def test_agents_stand_in_one_table_with_what_a_change_did(client, lead):
    plan = world_plan("maze", {"size": 4}, [{"episode": 4, "step": 0, "set": {"wall": "upright"}}], steps=6)
    problems = make_world_set(plan, 8)
    runs = [play_all(plan_episodes(problems, sampler=agent(name))) for name in ("random", "slow-only")]
    client.force_login(lead)
    shown = client.get(reverse("insight_worlds")).content.decode()
    for run in runs:
        assert f"{run.sampler}, run {run.pk}" in shown
    only = client.get(reverse("insight_worlds"), {"sampler": runs[0].sampler_id}).content.decode()
    assert f"{runs[1].sampler}, run {runs[1].pk}" not in only
    figure = client.get(reverse("figure", args=["world-success"]), {"format": "csv"})
    told = b"".join(figure.streaming_content).decode()
    assert told.count("maze") == 2
