import re

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import ForeignKey
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests import factories
from tests.factories import make_review, make_trace, make_verdict, plan
from tests.jobs import MAKERS, make_job
from trajectories.admin.base import COUNTED, EstimatingPaginator
from trajectories.models import (
    Artefact,
    Episode,
    Generation,
    Mind,
    Problem,
    Run,
    TrainingPoint,
    Transition,
)

MODELS = list(apps.get_app_config("trajectories").get_models())


@pytest.fixture
def chief(db):
    return User.objects.create_superuser("chief", password="a long enough password")


def rows_of_learning(trace):
    """A row of each of those tables that agents, campaigns and trainings fill."""
    campaign, training = make_job("campaign"), make_job("training")
    Generation.objects.create(
        campaign=campaign, number=9, arm="champion", run=trace.run, training=training, sampler=trace.run.sampler,
        evaluation=trace.run,
    )  # fmt: skip
    TrainingPoint.objects.create(training=training, step=1, values={"loss": 0.5})
    Artefact.objects.create(sha256=f"{trace.pk:064d}", name="learnt.json", byte_size=3)
    mind = Mind.objects.create(
        run=trace.run, instruction=factories.make_instruction(), temperature=0.0, ordinal=trace.pk, agent="tabular",
        agent_version=1, world={"kind": "maze"}, surroundings={}, seed=7, weights=b"weights",
    )  # fmt: skip
    Transition.objects.create(
        mind=mind, state="1,2", action=0, after="1,3", first_episode=0, seen_episode=0, seen_step=1
    )
    Episode.objects.create(trace=trace, mind=mind, number=0, thoughts=[{}], values=[])


def test_the_plurals_of_models_are_words():
    plurals = [str(model._meta.verbose_name_plural) for model in MODELS]
    assert [word for word in plurals if re.search(r"([^aeiou]ys|chs|shs|xs|sss)$", word)] == []


def changelist(model):
    return reverse(f"admin:trajectories_{model._meta.model_name}_changelist")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_row_that_a_table_names_is_read_with_the_table(model):
    """Else each row of the page is a query more."""
    table = admin.site._registry[model]
    fields = {field.name: field for field in model._meta.get_fields()}
    named = {name for name in table.list_display if isinstance(fields.get(name), ForeignKey)}
    assert named == named & set(table.list_select_related or ()), named


def rows_of_everything(chief):
    trace = make_trace()
    make_review(trace=trace, reviewer=chief)
    make_verdict(trace=trace)
    factories.make_worker()
    plan(actor=chief)
    for kind in MAKERS:
        make_job(kind)
    rows_of_learning(trace)


def queries_of(client, model, query=""):
    with CaptureQueriesContext(connection) as captured:
        assert client.get(f"{changelist(model)}{query}").status_code == 200
    return len(captured)


def test_queries_do_not_grow_with_the_rows_of_a_table(client, chief):
    client.force_login(chief)
    rows_of_everything(chief)
    there = [model for model in MODELS if model.objects.exists()]
    assert len(there) >= 30
    before = {model.__name__: queries_of(client, model) for model in there}
    for _ in range(3):
        rows_of_everything(chief)
    assert {model.__name__: queries_of(client, model) for model in there} == before
    assert max(before.values()) <= 12, before


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_table_can_be_searched_for_anything(client, chief, model):
    client.force_login(chief)
    for term in ("7", "a word", "9" * 30, "\u0660", "%"):
        assert client.get(changelist(model), {"q": term}).status_code == 200, term


def test_a_number_finds_the_row_of_that_id_and_a_word_the_title(client, chief):
    found, other = factories.make_run(title="Needle"), factories.make_run(title="Hay")
    client.force_login(chief)

    def listed(term):
        return list(client.get(changelist(Run), {"q": term}).context["cl"].queryset)

    assert listed(str(found.pk)) == [found]
    assert listed("needle") == [found]
    assert listed(f" {other.pk} ") == [other]
    assert listed("nothing of the kind") == []
    rows_of_learning(make_trace())
    state = Transition.objects.get()
    address = changelist(Transition)
    assert list(client.get(address, {"q": "1,2"}).context["cl"].queryset) == [state]
    assert list(client.get(address, {"q": "1,"}).context["cl"].queryset) == []
    problem = factories.make_problem(name="abc12345")
    address = changelist(Problem)
    assert list(client.get(address, {"q": "abc1"}).context["cl"].queryset) == [problem]


@pytest.mark.django_db
def test_a_large_table_is_not_counted(monkeypatch):
    factories.make_problem()
    few = EstimatingPaginator(Problem.objects.order_by("-pk"), 50)
    assert (few.count, few.is_estimate) == (1, False)
    monkeypatch.setattr("trajectories.admin.base.COUNTED", 2)
    for _ in range(5):
        factories.make_problem()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE trajectories_problem")
    many = EstimatingPaginator(Problem.objects.order_by("-pk"), 50)
    with CaptureQueriesContext(connection) as captured:
        assert many.count == 6
    assert many.is_estimate
    assert "LIMIT 3" in captured[0]["sql"]
    assert captured[1]["sql"].startswith("EXPLAIN")
    assert COUNTED == 10_000


def test_an_estimate_says_that_it_is_one(client, chief, monkeypatch):
    monkeypatch.setattr("trajectories.admin.base.COUNTED", 2)
    for _ in range(4):
        factories.make_run()
    client.force_login(chief)
    page = " ".join(client.get(changelist(Run)).content.decode().split())
    assert re.search(r"about \d+ runs", page)


def test_the_first_page_shows_the_state_of_all_jobs(client, chief, nobody):
    make_job("judge_job")
    factories.make_run(state="failed", title="<Broken>", state_reason="It did not work.")
    factories.make_worker(silent=True)
    client.force_login(chief)
    page = client.get(reverse("admin:index")).content.decode()
    assert 'href="/jobs/?kind=judge_job"' in page
    assert "No worker is alive." in page
    assert "&lt;Broken&gt;" in page
    assert "It did not work." in page
    nobody.is_staff = True
    nobody.save()
    client.force_login(nobody)
    assert "jobs-panel" not in client.get(reverse("admin:index")).content.decode()
